"""Frozen leading layers: that images go through them once changes nothing but the time that training takes."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from nasbench_ga.networks import build_network
from nasbench_ga.spaces import LayerChain, get_space
from nasbench_ga.training import frozen_maps
from nasbench_ga.training.loop import Training, accuracy, train
from nasbench_ga.training.recipe import Recipe
from tests.support.toy_training import CLASSES, SIDE, TRAIN, VALIDATION, toy_images, toy_network, weights

RECIPE = Recipe(batch=16, epochs=3, learning_rate=0.01, stop="patience", patience=3, validations=2)
LEADING = ("0", "1", "2", "3", "4", "5")  # of the toy network, which has six of them before it flattens


@pytest.fixture
def computed_anew(monkeypatch: pytest.MonkeyPatch):
    """A call after which no maps are kept, as if they took too much memory."""
    return lambda: monkeypatch.setattr(frozen_maps, "MOST_BYTES", 0)


def units() -> nn.Sequential:
    """Of which what is frozen gives numbers, not maps."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        first = nn.Sequential(nn.Flatten(), nn.Linear(2 * SIDE**2, 12), nn.ReLU())
        return nn.Sequential(first, nn.Dropout(0.2), nn.Linear(12, CLASSES))


def chain(text: str = "conv 3x3 5 - residual 3x3/2x2 6 - maxpool 2x3 - dropout 0.2 - conv 2x2 4 - dense 7"):
    space = LayerChain(image=(2, SIDE, SIDE), classes=CLASSES)
    return build_network(space, space.encode(text), CLASSES)


def names(network: nn.Module, *first: str) -> list[str]:
    """Of some modules and of all that is in them."""
    return [name for name, _ in network.named_modules() if any(f"{name}.".startswith(f"{own}.") for own in first)]


def passes(network: nn.Module, module: nn.Module, frozen: list[str], recipe: Recipe = RECIPE) -> tuple[int, Training]:
    """How many images went through a module in a training."""
    seen = []
    handle = module.register_forward_hook(lambda _module, inputs, _output: seen.append(len(inputs[0])))
    outcome = train(network, *toy_images(), recipe, 3, frozen=frozen)
    handle.remove()
    return sum(seen), outcome


CASES = {
    "maps": (toy_network, LEADING),
    "one batch norm": (toy_network, ("0", "1")),
    "units": (units, ("0",)),
    "layers of a chain": (chain, ("layers.0", "layers.1", "layers.2")),
}


@pytest.mark.parametrize("name", CASES)
def test_the_outcome_is_the_same(name: str, computed_anew) -> None:
    make, first = CASES[name]
    quick, slow = make(), make()
    seen, outcome = passes(quick, quick.get_submodule(first[0]), names(quick, *first))
    assert seen == TRAIN + VALIDATION + 1  # one of which was to tell how much memory maps take
    computed_anew()
    seen, expected = passes(slow, slow.get_submodule(first[0]), names(slow, *first))
    assert seen > 3 * TRAIN
    assert [epochs for epochs, _ in outcome.curve] == [epochs for epochs, _ in expected.curve]
    np.testing.assert_allclose(*([one for _, one in own.curve] for own in (outcome, expected)), atol=100 / VALIDATION)
    assert outcome.loss == pytest.approx(expected.loss, rel=1e-2)
    for key, array in weights(slow).items():
        np.testing.assert_allclose(weights(quick)[key], array, rtol=1e-2, atol=1e-3)
    assert accuracy(quick, toy_images()[1]) == pytest.approx(outcome.accuracy)


def test_without_memory_for_maps_they_are_computed_in_each_step() -> None:
    network, expected, refused = toy_network(), toy_network(), []

    def refuse(_module: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        if len(inputs[0]) == TRAIN and not refused:  # all at once, as is done for maps only
            refused.append(TRAIN)
            raise torch.OutOfMemoryError("CUDA out of memory.")

    network[0].register_forward_pre_hook(refuse)
    outcome = train(network, *toy_images(), RECIPE, 3, frozen=LEADING)
    assert refused
    assert (outcome.failure, outcome.batch, outcome.notes) == ("", RECIPE.batch, ())
    assert outcome.loss == pytest.approx(train(expected, *toy_images(), RECIPE, 3, frozen=LEADING).loss, rel=1e-2)


def test_images_that_are_augmented_go_through_each_time() -> None:
    for change in ({"pad": 1}, {"flip": True}, {"cutout": 2}):
        network = toy_network()
        seen, outcome = passes(network, network[0], [*LEADING], dataclasses.replace(RECIPE, **change))
        assert seen == outcome.images + VALIDATION * len(outcome.curve)


@pytest.mark.parametrize(("frozen", "stays"), [((*LEADING, "6", "7", "9"), 8), (("4", "5"), 0)])
def test_only_what_comes_first_and_never_changes_is_left_out(frozen: tuple[str, ...], stays: int) -> None:
    """Not a dropout that drops, nor what is behind it; nor what is behind something that is trained."""
    network = toy_network()
    if stays == 8:
        network.append(nn.Linear(CLASSES, CLASSES))
    seen, outcome = passes(network, network[stays], [*frozen])
    assert seen == outcome.images + VALIDATION * len(outcome.curve)


def test_a_frozen_dropout_is_left_out_as_it_drops_nothing() -> None:
    network = toy_network()
    seen, _ = passes(network, network[8], [str(place) for place in range(9)])
    assert seen == TRAIN + VALIDATION + 1


def test_networks_that_are_no_sequence_are_trained_as_ever() -> None:
    space = get_space("nats-tss")
    network = build_network(space, space.sample(1, np.random.default_rng(0))[0], CLASSES, channels=(2, 3, 4))
    network.stem[0] = nn.Conv2d(2, 2, 3, padding=1)
    seen, outcome = passes(network, network.stem, names(network, "stem"))
    assert seen == outcome.images + VALIDATION * len(outcome.curve)


def test_a_chain_is_what_its_modules_are_one_after_the_other() -> None:
    network, (images, _) = chain().eval(), toy_images()
    shown, _ = images.batch(torch.arange(5))
    assert torch.equal(nn.Sequential(*network.in_sequence())(shown), network(shown))
