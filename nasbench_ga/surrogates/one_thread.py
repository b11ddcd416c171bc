"""Linear algebra on one thread, so that its last digits do not depend on how many cores a machine has."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import Any


@functools.cache
def _libraries() -> Any:
    """The linear algebra of numpy and scipy; looking for it takes longer than a prediction."""
    import scipy.linalg  # noqa: F401
    import threadpoolctl

    return threadpoolctl.ThreadpoolController()


def blas_on_one_thread() -> AbstractContextManager[Any]:
    """While this is entered, numpy and scipy multiply matrices on one thread."""
    context: AbstractContextManager[Any] = _libraries().limit(limits=1, user_api="blas")
    return context
