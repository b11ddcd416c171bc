"""Layers compute in their own way only during a training, and only if they are torch's own."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nasbench_ga.training import batch_norms, dense_layers
from nasbench_ga.training.fast_layers import fast_layers
from nasbench_ga.training.loop import train
from nasbench_ga.training.recipe import Recipe
from tests.support.toy_training import TRAIN, Breaking, Interrupted, quarters, same, toy_images, toy_network, weights

pytestmark = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="needs a torch with oneDNN")


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


def test_training_computes_with_them_and_goes_on_bit_by_bit(own_calls: list[str], tmp_path: Path) -> None:
    recipe, path = Recipe(batch=16, epochs=3, learning_rate=0.01), tmp_path / "checkpoint"
    expected, network = toy_network(), toy_network()
    whole = train(expected, *toy_images(), recipe, 7)
    assert own_calls.count("_Normalised") == 2 * whole.steps
    assert own_calls.count("_Multiplied") > whole.steps  # validations too
    images = Breaking(quarters(TRAIN, 0), batches=8, error=Interrupted())
    with pytest.raises(Interrupted):
        train(toy_network(), images, toy_images()[1], recipe, 7, checkpoint=path, checkpoint_seconds=0)
    outcome = train(network, *toy_images(), recipe, 7, checkpoint=path)
    assert dataclasses.replace(outcome, seconds=0) == dataclasses.replace(whole, seconds=0)
    assert same(weights(network), weights(expected))


def test_a_training_of_few_steps_is_that_of_torchs_own(own_calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe("sgd", 0.02, batch=30, epochs=2)
    ours, theirs = toy_network(), toy_network()
    outcome = train(ours, *toy_images(), recipe, 7)
    assert {*own_calls} == {"_Normalised", "_Multiplied"}
    own_calls.clear()
    monkeypatch.setattr(batch_norms, "FEWEST_PIXELS", 10**9)
    monkeypatch.setattr(dense_layers, "FEWEST_PRODUCTS", 10**12)
    expected = train(theirs, *toy_images(), recipe, 7)
    assert not own_calls
    assert outcome.loss == pytest.approx(expected.loss, rel=1e-4)
    for name, array in weights(theirs).items():
        np.testing.assert_allclose(weights(ours)[name], array, rtol=1e-3, atol=1e-4)
