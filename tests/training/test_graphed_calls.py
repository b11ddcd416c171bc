"""Which calls are captured, launched or made: with torch.cuda played by others, so that it runs without a GPU."""

import contextlib
import warnings
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from nasbench_ga.errors import NasbenchError
from nasbench_ga.training.graphs import WARM_CALLS, Graphed


class Graph:
    """Counts launches."""

    launches = 0

    def replay(self) -> None:
        Graph.launches += 1


@contextlib.contextmanager
def capturing(_graph: Graph, stream: object) -> Iterator[None]:
    yield


def debug_mode(mode: object) -> None:
    if mode == "warn":
        warnings.warn("Synchronization debug mode is a prototype feature", UserWarning, stacklevel=1)


@pytest.fixture(autouse=True)
def played(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {
        "CUDAGraph": Graph,
        "graph": capturing,
        "current_stream": lambda: None,
        "get_sync_debug_mode": lambda: 0,
        "set_sync_debug_mode": debug_mode,
    }
    for name, part in parts.items():
        monkeypatch.setattr(torch.cuda, name, part)
    monkeypatch.setattr(Graph, "launches", 0)


def call(graphed: Graphed, sizes: list[int]) -> None:
    for size in sizes:
        graphed(torch.arange(size))


def test_whole_batches_are_launched_and_others_called() -> None:
    calls: list[int] = []
    graphed = Graphed(lambda rows: calls.append(len(rows)), 4, torch.device("cpu"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nobody is told of torch's debug mode
        call(graphed, [2, 4, 4, 4, 4, 4, 2, 4])
    assert calls == [2, *[4] * WARM_CALLS, 4, 2]  # the last of 4 is captured
    assert Graph.launches == 3


def test_what_waits_is_always_called() -> None:
    calls: list[int] = []

    def waiting(rows: Tensor) -> None:
        calls.append(len(rows))
        warnings.warn("called a synchronizing CUDA operation", UserWarning, stacklevel=1)

    graphed = Graphed(waiting, 4, torch.device("cpu"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        call(graphed, [4] * 8)
    assert calls == [4] * 8
    assert Graph.launches == 0


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), torch.OutOfMemoryError),
        (RuntimeError("operation not permitted when stream is capturing"), NasbenchError),
    ],
)
def test_a_capture_that_fails(error: Exception, expected: type[Exception]) -> None:
    calls: list[int] = []

    def failing(rows: Tensor) -> None:
        calls.append(len(rows))
        if len(calls) > WARM_CALLS:
            raise error

    with pytest.raises(expected):
        call(Graphed(failing, 4, torch.device("cpu")), [4] * 5)
