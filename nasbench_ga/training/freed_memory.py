"""Memory that a step frees is kept for the next one, where the C library would give it back to the system."""

from __future__ import annotations

import ctypes
import functools
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
KEPT = 2**30
"""Bytes that are kept at most."""


@functools.cache
def keep_freed_memory() -> bool:
    """Lets glibc keep up to 1 GiB of freed memory as long as this process runs; elsewhere it does nothing.

    A step on a CPU allocates all its maps and frees them. Given back and asked for again, each of their pages costs a
    fault: a fifth of the time of a step of a network of 3 million parameters.

    Returns:
        Whether it is so now.
    """
    if not sys.platform.startswith("linux"):
        return False
    tune = getattr(ctypes.CDLL(None), "mallopt", None)  # not every Linux has glibc
    if tune is None:
        return False
    # Older glibc takes no more than 32 MiB here, and setting either alone would switch off what it tunes by itself.
    mapped = tune(_MMAP_THRESHOLD, KEPT) or tune(_MMAP_THRESHOLD, 2**25)
    return bool(mapped and tune(_TRIM_THRESHOLD, KEPT))
