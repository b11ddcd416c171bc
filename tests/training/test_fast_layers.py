"""Layers compute in their own way only during a training, and only if they are torch's own."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nasbench_ga.training import batch_norms, dense_layers
from nasbench_ga.training.fast_layers import fast_layers


def noted(name: str, apply: Callable[..., Any], calls: list[str]) -> Callable[..., Any]:
    def noting(*given: Any) -> Any:
        calls.append(name)
        return apply(*given)

    return noting


@pytest.fixture
def own_calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was computed here, however little there is of it."""
    calls: list[str] = []
    monkeypatch.setattr(dense_layers, "torch_is_slow", lambda: True)
    for module, function, limit in (
        (batch_norms, batch_norms._Normalised, "FEWEST_PIXELS"),
        (dense_layers, dense_layers._Multiplied, "FEWEST_PRODUCTS"),
    ):
        monkeypatch.setattr(module, limit, 2)
        monkeypatch.setattr(function, "apply", noted(function.__name__, function.apply, calls))
    return calls


class SpecialNorm(nn.BatchNorm2d):
    """Of somebody who may compute something else."""


class SpecialDense(nn.Linear):
    """Likewise."""


def maps() -> Tensor:
    given = torch.randn((4, 3, 5, 6), generator=torch.Generator().manual_seed(0))
    return given.contiguous(memory_format=torch.channels_last)


def test_only_while_it_is_entered(own_calls: list[str]) -> None:
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(90, 2))
    names = [*network.state_dict()]
    expected = network(maps())
    assert not own_calls
    with fast_layers(network):
        made = network(maps())
        assert own_calls == ["_Normalised", "_Multiplied"]
        assert [*network.state_dict()] == names
    torch.testing.assert_close(made, expected, rtol=1e-5, atol=1e-5)
    assert all("forward" not in vars(module) for module in network)


def test_other_kinds_are_left_alone(own_calls: list[str]) -> None:
    network = nn.Sequential(SpecialNorm(3), nn.Flatten(), SpecialDense(90, 2))
    with fast_layers(network):
        network(maps())
    assert not own_calls


def test_what_somebody_changed_is_left_alone(own_calls: list[str]) -> None:
    network = nn.Sequential(nn.BatchNorm2d(3))
    network[0].forward = lambda shown: 2 * shown
    with fast_layers(network), fast_layers(network):
        assert torch.equal(network(maps()), 2 * maps())
    assert torch.equal(network(maps()), 2 * maps())
    assert not own_calls


def test_nothing_stays_behind_after_an_error(own_calls: list[str]) -> None:
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(90, 2))
    with pytest.raises(KeyError), fast_layers(network):  # noqa: PT012 # what is left of the context is the point
        del network[0].forward
        raise KeyError
    network(maps())
    assert not own_calls
    assert all("forward" not in vars(module) for module in network)
