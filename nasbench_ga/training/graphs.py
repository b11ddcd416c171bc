"""Kernels of a step launched together: of small networks, the launch of each takes a GPU longer than its work."""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from nasbench_ga.errors import NasbenchError
from nasbench_ga.training.failures import is_out_of_memory

_WAITED, _PROTOTYPE = "synchronizing CUDA operation", "debug mode is a prototype"  # torch's warnings
WARM_CALLS = 3
"""Calls before kernels are captured: libraries choose theirs, and gradients get their place, in the first ones."""


class Graphed:
    """A function whose kernels are captured in a CUDA graph, which is launched in its place from then on.

    The function is called a few times first, and whenever other than `count` rows come. If it waits for the device it
    cannot be captured, and is always called. Dropout and augmentation draw new numbers in each launch; what Python does
    in the function, it does no more.

    Args:
        function: of rows, int64[n] on the GPU; reads and writes the same tensors in every call, and gives nothing.
        count: of the rows with which it is captured.
        device: the GPU; a stream of its own is the current one (`own_stream`).
    """

    def __init__(self, function: Callable[[Tensor], None], count: int, device: torch.device) -> None:
        self._function = function
        self._rows = torch.empty(count, dtype=torch.int64, device=device)
        self._graph: torch.cuda.CUDAGraph | None = None
        self._calls, self._waits = 0, False

    def __call__(self, rows: Tensor) -> None:
        """Does what the function does with these rows.

        Raises:
            NasbenchError: the function cannot be captured for another reason than that it waits.
        """
        if self._waits or len(rows) != len(self._rows):
            self._function(rows)
        elif self._calls < WARM_CALLS:
            self._calls += 1
            self._waits = _waited(self._function, rows)
        else:
            self._rows.copy_(rows)
            self._graph = self._graph or self._captured()
            self._graph.replay()

    def _captured(self) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, stream=torch.cuda.current_stream()):
                self._function(self._rows)
        except RuntimeError as error:
            for cause in (error, error.__context__):  # ending a capture that failed raises an error of its own
                if cause is not None and is_out_of_memory(cause):
                    raise cause from None
            raise NasbenchError(
                f"The steps of this network cannot be captured in a CUDA graph ({error}): expected are layers that do "
                "the same in every step. Train it on the CPU (--trained.device cpu)."
            ) from error
        return graph


def _waited(function: Callable[[Tensor], None], rows: Tensor) -> bool:
    """Calls a function, and tells whether it waited for the device: a capture of it would fail, and harm later ones."""
    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            function(rows)
        finally:
            torch.cuda.set_sync_debug_mode(before)
    for warning in said:
        if not any(text in str(warning.message) for text in (_WAITED, _PROTOTYPE)):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return any(_WAITED in str(warning.message) for warning in said)


@contextlib.contextmanager
def own_stream(device: torch.device) -> Iterator[None]:
    """While this is entered, a GPU works in a stream of its own, as captures want it; on a CPU nothing changes."""
    if device.type != "cuda":
        yield
        return
    before, stream = torch.cuda.current_stream(device), _stream(device)
    stream.wait_stream(before)
    try:
        with torch.cuda.stream(stream):
            yield
    finally:
        before.wait_stream(stream)


@functools.cache
def _stream(device: torch.device) -> torch.cuda.Stream:
    """One for all trainings: libraries keep memory for each stream that they have seen."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call] # torch's types lack it
