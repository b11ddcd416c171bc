"""Frozen leading layers: that images go through them once changes nothing but the time that training takes."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nasbench_ga.networks import build_network
from nasbench_ga.spaces import LayerChain, get_space
from nasbench_ga.training import frozen_maps
from nasbench_ga.training.loop import Training, accuracy, train
from nasbench_ga.training.recipe import Recipe
from tests.support.toy_training import (
    CLASSES,
    SIDE,
    TRAIN,
    VALIDATION,
    Interrupted,
    same,
    toy_images,
    toy_network,
    weights,
)

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


def vectors() -> nn.Sequential:
    """Of which what is frozen gives neither maps nor units, but a vector for each channel."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        first = nn.Sequential(nn.Flatten(2), nn.Linear(SIDE**2, 8))
        return nn.Sequential(first, nn.ReLU(), nn.Linear(8, 6), nn.Flatten(), nn.Linear(12, CLASSES))


CASES = {
    "vectors": (vectors, ("0",)),
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


@pytest.mark.parametrize("when", ["maps are made", "a step follows"])
def test_where_maps_take_the_memory_training_does_without_them(when: str, tmp_path: Path) -> None:
    """With as many images in a step, and also after an interruption."""
    path, seen, refused = tmp_path / "checkpoint", [], []

    def refusing(stop: int | None = None) -> nn.Sequential:
        network = toy_network()
        place = 0 if when == "maps are made" else 9

        def refuse(_module: nn.Module, _inputs: object) -> None:
            if not refused and (place == 0 or network.training):
                refused.append(place)
                raise torch.OutOfMemoryError("CUDA out of memory.")

        def interrupt(_module: nn.Module, inputs: tuple[torch.Tensor]) -> None:
            seen.append(len(inputs[0]))
            if len(seen) == stop:
                raise Interrupted

        network[place].register_forward_pre_hook(refuse)
        network[0].register_forward_pre_hook(interrupt)
        return network

    with pytest.raises(Interrupted):
        train(refusing(9), *toy_images(), RECIPE, 3, frozen=LEADING, checkpoint=path, checkpoint_seconds=0)
    assert refused
    network, expected = refusing(), toy_network()
    outcome = train(network, *toy_images(), RECIPE, 3, frozen=LEADING, checkpoint=path)
    assert (outcome.failure, outcome.batch, outcome.notes) == ("", RECIPE.batch, ())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frozen_maps, "MOST_BYTES", 0)
        train(expected, *toy_images(), RECIPE, 3, frozen=LEADING)
    assert same(weights(network), weights(expected))


def test_what_would_not_save_anything_is_not_done() -> None:
    for change in ({"pad": 1}, {"flip": True}, {"cutout": 2}, {"epochs": 0.5}):  # the last sees half of them
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


class Doubling(nn.Sequential):
    """A sequence that does more than go through its modules."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(2 * images)


class Pair(nn.Module):
    """Of which what goes out is not one tensor."""

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return images, images


class First(nn.Module):
    def forward(self, pair: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return pair[0]


@pytest.mark.parametrize(
    "network",
    [
        Doubling(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.LazyLinear(CLASSES)),
        nn.Sequential(Pair(), First(), nn.Flatten(), nn.LazyLinear(CLASSES)),
        nn.Sequential(nn.BatchNorm2d(2, track_running_stats=False), nn.Flatten(), nn.LazyLinear(CLASSES)),
    ],
    ids=["more than a sequence", "several tensors", "a norm without statistics"],
)
def test_networks_of_which_it_would_be_wrong_are_trained_as_ever(network: nn.Module) -> None:
    torch.manual_seed(0)
    network(torch.zeros(2, 2, SIDE, SIDE))  # which makes the lazy layer
    seen, outcome = passes(network, network[0], ["0"])
    assert seen in (steps := outcome.images + VALIDATION * len(outcome.curve), steps + 1)
    assert outcome.failure == ""


def test_half_precision(computed_anew) -> None:
    network, expected = toy_network(), toy_network()
    recipe = dataclasses.replace(RECIPE, precision="bfloat16", stop="never")
    seen, outcome = passes(network, network[0], [*LEADING], recipe)
    assert seen == TRAIN + VALIDATION + 1
    computed_anew()
    assert outcome.loss == pytest.approx(passes(expected, expected[0], [*LEADING], recipe)[1].loss, rel=0.02)
    assert all(tensor.dtype != torch.bfloat16 for tensor in network.state_dict().values())


def test_a_chain_is_what_its_modules_are_one_after_the_other() -> None:
    network, (images, _) = chain().eval(), toy_images()
    shown, _ = images.batch(torch.arange(5))
    assert torch.equal(nn.Sequential(*network.in_sequence())(shown), network(shown))
