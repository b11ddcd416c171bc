"""What may go wrong in a step for lack of memory, told apart from what is a mistake."""

from __future__ import annotations

import torch

_MEMORY = (
    *("out of memory", "t allocate memory", "cannot allocate memory", "not enough memory", "alloc_failed"),
    *("unable to find an engine", "unable to find a valid cudnn algorithm"),  # cuDNN, without memory to work in
)
_SINGLE_VALUE = "expected more than 1 value per channel"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error is that of torch, or of the libraries below it, when there is too little memory."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error).lower() for text in _MEMORY)


def is_single_value(error: BaseException) -> bool:
    """Whether an error is that of a batch norm that sees one value of a channel only, which has no variance."""
    return isinstance(error, ValueError) and _SINGLE_VALUE in str(error).lower()
