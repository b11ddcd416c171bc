"""Training: against a plain loop of torch's, the same again from its seed, and everything that can go wrong."""

import dataclasses
import json
import math
import platform
import re

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from nasbench_ga.errors import NasbenchError, UnknownNameError
from nasbench_ga.training.device_images import DeviceImages
from nasbench_ga.training.freed_memory import keep_freed_memory
from nasbench_ga.training.loop import Training, accuracy, train
from nasbench_ga.training.measuring import number_type
from nasbench_ga.training.randomness import order_of_epoch
from nasbench_ga.training.recipe import Recipe
from tests.support.toy_training import (
    CPU,
    TRAIN,
    VALIDATION,
    Breaking,
    Interrupted,
    quarters,
    same,
    toy_images,
    toy_network,
    weights,
)

SHORT = Recipe(batch=16, epochs=2, learning_rate=0.01)
OPTIMIZERS = ("sgd", "adam", "adamw", "adagrad", "rmsprop")


@pytest.fixture(autouse=True)
def global_randomness_is_left_alone():
    torch.manual_seed(11)
    state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    yield
    assert torch.equal(torch.get_rng_state(), state)
    assert np.random.get_state()[1].tolist() == numpy_state  # noqa: NPY002


def without_dropout(seed: int = 0) -> nn.Sequential:
    network = toy_network(seed)
    network[8].p = 0.0
    return network


def linear(*more: nn.Module) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        return nn.Sequential(nn.Flatten(), nn.Linear(128, 4), *more)


# --- What is learned


def test_weights_are_those_of_a_plain_loop() -> None:
    images, validation = toy_images()
    recipe = Recipe(optimizer="sgd", batch=16, epochs=2, learning_rate=0.05, weight_decay=1e-3, schedule="cosine")
    network, expected = without_dropout(), without_dropout()
    outcome = train(network, images, validation, recipe, 5)

    optimizer = torch.optim.SGD(expected.parameters(), 0.05, 0.9, weight_decay=1e-3, nesterov=True)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=12)
    source = quarters(TRAIN, 0)
    pixels = (torch.from_numpy(source.pixels).float() / 255 - 0.4) / 0.25
    losses = []
    for epoch in range(2):
        for rows in order_of_epoch(5, epoch, TRAIN, CPU).split(16):
            loss = nn.functional.cross_entropy(expected(pixels[rows]), torch.from_numpy(source.labels)[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
    for name, found in weights(network).items():
        np.testing.assert_allclose(found, weights(expected)[name], rtol=1e-3, atol=1e-5, err_msg=name)
    assert outcome.loss == pytest.approx(np.mean(losses[6:]), rel=1e-4)
    assert outcome.accuracy == accuracy(expected, validation)
    assert (outcome.steps, outcome.images, outcome.epochs, outcome.batch) == (12, 2 * TRAIN, 2.0, 16)
    assert [epochs for epochs, _ in outcome.curve] == [0.0, 1.0, 2.0]
    assert outcome.curve[0][1] == accuracy(without_dropout(), validation)
    assert (outcome.stopped, outcome.failure, outcome.notes) == ("epochs", "", ())


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns(optimizer: str) -> None:
    rate = {"sgd": 0.05, "adagrad": 0.03, "rmsprop": 0.05}.get(optimizer, 0.01)
    outcome = train(toy_network(), *toy_images(), Recipe(optimizer, rate, batch=16, epochs=6, momentum=0.5), 0)
    assert outcome.accuracy > 80
    assert outcome.loss is not None
    assert outcome.loss < 0.6


def test_half_precision_learns_too() -> None:
    recipe = dataclasses.replace(SHORT, precision="bfloat16", epochs=4)
    network = toy_network()
    outcome = train(network, *toy_images(), recipe, 0)
    assert outcome.accuracy > 60
    assert {tensor.dtype for tensor in network.parameters()} == {torch.float32}
    assert number_type("auto", CPU) == number_type("float32", CPU) == torch.float32


def test_augmentation_is_that_of_the_recipe() -> None:
    asked = []

    class Watched(DeviceImages):
        def batch(self, rows, augmentation, *options):
            asked.append(augmentation)
            return super().batch(rows, augmentation, *options)

    images, _ = toy_images()
    validation = Watched(quarters(VALIDATION, 1), CPU)
    recipe = dataclasses.replace(SHORT, epochs=1, pad=1, flip=True, cutout=2)
    train(toy_network(), Watched(quarters(TRAIN, 0), CPU), validation, recipe, 0)
    given = [(some.pad, some.flip, some.cutout) for some in asked if some]
    assert given == [(1, True, 2)] * 6
    assert asked[-1] is None
    assert len(images) == TRAIN


# --- The same from the same seed


def test_the_same_seed_gives_the_same_weights() -> None:
    recipe = dataclasses.replace(SHORT, pad=1, flip=True, cutout=2)
    found = []
    for seed in (3, 3, 4):
        network = toy_network()
        torch.rand(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(len(found))
            outcome = train(network, *toy_images(), recipe, seed)
        found.append((weights(network), outcome))
        torch.manual_seed(11)
    assert same(found[0][0], found[1][0])
    assert dataclasses.replace(found[0][1], seconds=0) == dataclasses.replace(found[1][1], seconds=0)
    assert not same(found[0][0], found[2][0])


def test_orders_are_permutations_that_differ() -> None:
    orders = [order_of_epoch(seed, epoch, 50, CPU) for seed in (0, 1) for epoch in (0, 1)]
    assert all(sorted(order.tolist()) == [*range(50)] for order in orders)
    assert len({tuple(order.tolist()) for order in orders}) == 4


def test_an_outcome_is_plain_values() -> None:
    outcome = train(toy_network(), *toy_images(), SHORT, 0)
    values = json.loads(json.dumps(dataclasses.asdict(outcome)))
    values["curve"] = tuple(tuple(point) for point in values["curve"])
    assert Training(**values | {"notes": tuple(values["notes"])}) == outcome
    assert outcome.seconds > 0


# --- How it ends


def test_with_patience_the_best_weights_are_kept() -> None:
    """With a rate so high that the network gets worse after a while."""
    recipe = Recipe(batch=16, epochs=60, learning_rate=0.02, stop="patience", patience=4)
    network, (images, validation) = toy_network(), toy_images()
    outcome = train(network, images, validation, recipe, 1)
    values = [value for _, value in outcome.curve]
    assert outcome.stopped == "patience"
    assert outcome.accuracy == max(values) == accuracy(network, validation)
    assert len(values) == values.index(max(values)) + 1 + 4
    again = toy_network()
    train(again, images, validation, dataclasses.replace(recipe, stop="never", epochs=values.index(max(values))), 1)
    assert same(weights(network), weights(again))


def test_the_curve_ends_training() -> None:
    recipe = Recipe(batch=16, epochs=60, learning_rate=0.01, stop="curve", validations=2, window=0.4, least_gain=1)
    network, (images, validation) = toy_network(), toy_images()
    outcome = train(network, images, validation, recipe, 1)
    assert outcome.stopped == "curve"
    assert 1 <= outcome.epochs < 60
    assert outcome.steps == outcome.epochs * 6 == outcome.curve[-1][0] * 6
    assert outcome.accuracy == max(value for _, value in outcome.curve) == accuracy(network, validation)


def test_the_schedule_plateau_sees_the_curve() -> None:
    """Of a network of which nothing moves, no validation is better than that before training."""
    recipe = Recipe("sgd", 1e-30, batch=16, epochs=5, schedule="plateau", plateau=1, momentum=0)
    network = linear()
    assert _rates(network, *toy_images(), recipe) == pytest.approx([1e-30, 1e-31, 1e-32, 1e-33, 1e-34], rel=1e-9, abs=0)
    recipe = dataclasses.replace(recipe, schedule="constant")
    assert _rates(network, *toy_images(), recipe) == [1e-30] * 5


def _rates(network: nn.Module, images: DeviceImages, validation: DeviceImages, recipe: Recipe) -> list[float]:
    """The rate of the first step of each epoch."""
    rates: list[float] = []
    hook = register_optimizer_step_pre_hook(lambda moved, *_: rates.append(moved.param_groups[0]["lr"]))
    try:
        train(network, images, validation, recipe, 0)
    finally:
        hook.remove()
    return rates[::6]


def test_the_network_is_left_as_networks_are() -> None:
    network = toy_network()
    train(network, *toy_images(), SHORT, 0)
    assert not any(module.training for module in network.modules())
    assert all(parameter.is_contiguous() and parameter.requires_grad for parameter in network.parameters())
    assert not any(module._forward_pre_hooks for module in network.modules())


# --- Frozen modules


def test_frozen_modules_stay_as_they_are() -> None:
    network = toy_network()
    before = weights(network)
    outcome = train(network, *toy_images(), dataclasses.replace(SHORT, epochs=5), 0, frozen=["0", "1", "5"])
    changed = {name for name, array in weights(network).items() if not np.array_equal(array, before[name])}
    assert {name.split(".")[0] for name in changed} == {"4", "9"}
    assert outcome.accuracy > 50
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_nothing_is_computed_backwards_into_leading_frozen_layers() -> None:
    network, seen = toy_network(), []

    def watch(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        if network.training:
            seen.append(output.requires_grad)

    network[3].register_forward_hook(watch)
    network[4].register_forward_hook(watch)
    recipe = dataclasses.replace(SHORT, epochs=0.1, pad=1)  # of augmented images nothing is computed beforehand
    train(network, *toy_images(), recipe, 0, frozen=["0", "1"])
    assert seen[:2] == [False, True]


def test_a_frozen_dropout_drops_nothing() -> None:
    networks = [toy_network(), without_dropout()]
    train(networks[0], *toy_images(), SHORT, 0, frozen=["8"])
    train(networks[1], *toy_images(), SHORT, 0)
    assert same(*map(weights, networks))


def test_all_may_be_frozen() -> None:
    network, (images, validation) = toy_network(), toy_images()
    before = weights(network)
    outcome = train(network, images, validation, SHORT, 0, frozen=[""])
    assert same(weights(network), before)
    assert (outcome.steps, outcome.epochs, outcome.loss, outcome.stopped) == (0, 0.0, None, "epochs")
    assert outcome.accuracy == accuracy(network, validation)
    assert outcome.notes == ("Nothing was trained: no parameter of the network is to be.",)


def test_an_unknown_module_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"There is no module '99' in the network"):
        train(toy_network(), *toy_images(), SHORT, 0, frozen=["99"])


# --- What goes wrong


def test_what_diverges_has_failed() -> None:
    network = toy_network()
    before = weights(network)
    outcome = train(network, *toy_images(), Recipe("sgd", 1e30, batch=16, epochs=3), 0)
    assert (outcome.accuracy, outcome.loss, outcome.stopped) == (0.0, None, "failed")
    assert re.fullmatch(
        r"Training diverged: the training loss was (nan|inf) in a step from 1 to 6.", outcome.failure
    ), outcome.failure
    assert (outcome.steps, outcome.epochs, [epochs for epochs, _ in outcome.curve]) == (6, 1.0, [0.0])
    assert same(weights(network), before)


def test_weights_that_are_no_numbers_at_the_last_step_are_found() -> None:
    recipe = Recipe("sgd", 1e300, momentum=0.0, batch=TRAIN, epochs=1)
    outcome = train(linear(), *toy_images(), recipe, 0)
    assert outcome.failure == "Training diverged: the network gave no finite numbers after step 1."
    assert outcome.accuracy == 0.0


OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("[enforce fail at alloc_cpu.cpp:121] data. DefaultCPUAllocator: can't allocate memory: you tried .."),
    RuntimeError("CUDA error: out of memory"),
    RuntimeError("GET was unable to find an engine to execute this computation"),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY)
def test_a_batch_that_does_not_fit_is_halved(error: Exception) -> None:
    network, expected, (images, validation) = toy_network(), toy_network(), toy_images()
    outcome = train(network, Breaking(quarters(TRAIN, 0), size=20, error=error), validation, SHORT, 0)
    assert outcome.notes == ()
    recipe = dataclasses.replace(SHORT, batch=64)
    again = toy_network()
    outcome = train(again, Breaking(quarters(TRAIN, 0), size=20, error=error), validation, recipe, 0)
    assert outcome.notes == (
        "Out of memory with 64 images in a step: begun anew with 32.",
        "Out of memory with 32 images in a step: begun anew with 16.",
    )
    assert (outcome.batch, outcome.steps, outcome.stopped) == (16, 12, "epochs")
    train(expected, images, validation, SHORT, 0)
    assert same(weights(again), weights(expected))
    assert same(weights(network), weights(expected))


def test_memory_that_ends_later_begins_from_the_first_weights() -> None:
    error = torch.OutOfMemoryError("CUDA out of memory.")
    network, expected, (plain, validation) = toy_network(), toy_network(), toy_images()

    class Once(Breaking):
        def batch(self, rows, *arguments, **options):
            self.batches -= 1
            if self.batches == 0:
                raise self.error
            return DeviceImages.batch(self, rows, *arguments, **options)

    outcome = train(network, Once(quarters(TRAIN, 0), batches=8, error=error), validation, SHORT, 0)
    train(expected, plain, validation, dataclasses.replace(SHORT, batch=8), 0)
    assert outcome.batch == 8
    assert same(weights(network), weights(expected))


def test_too_little_memory_for_one_image_is_a_failure() -> None:
    network, (_, validation) = toy_network(), toy_images()
    before = weights(network)
    images = Breaking(quarters(TRAIN, 0), size=0, error=OUT_OF_MEMORY[1])
    outcome = train(network, images, validation, dataclasses.replace(SHORT, batch=3), 0)
    assert (outcome.accuracy, outcome.stopped, outcome.batch) == (0.0, "failed", 1)
    assert outcome.failure == "Out of memory with 1 images in a step."
    assert outcome.notes == ("Out of memory with 3 images in a step: begun anew with 1.",)
    assert same(weights(network), before)


def test_a_batch_norm_of_single_values_is_a_failure() -> None:
    network = linear(nn.BatchNorm1d(4))
    outcome = train(network, *toy_images(), dataclasses.replace(SHORT, batch=1), 0)
    assert outcome.failure.startswith("A batch norm sees a single value of each channel, with one image in a step")


@pytest.mark.parametrize(
    "error", [RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ValueError("no"), Interrupted()]
)
def test_other_errors_are_raised(error: Exception) -> None:
    _, validation = toy_images()
    with pytest.raises(type(error)):
        train(toy_network(), Breaking(quarters(TRAIN, 0), batches=2, error=error), validation, SHORT, 0)


def test_a_last_batch_of_one_image_is_left_out() -> None:
    network = linear(nn.BatchNorm1d(4))
    images, validation = toy_images(train=33)
    outcome = train(network, images, validation, SHORT, 0)
    assert (outcome.steps, outcome.images, outcome.failure) == (4, 64, "")


def test_more_images_in_a_step_than_there_are() -> None:
    outcome = train(toy_network(), *toy_images(), dataclasses.replace(SHORT, batch=1000), 0)
    assert (outcome.batch, outcome.steps) == (TRAIN, 2)


def test_without_images_nothing_is_trained() -> None:
    images, validation = toy_images()
    none = DeviceImages(quarters(0, 0), CPU)
    with pytest.raises(NasbenchError, match="Training takes at least one image, and there is none"):
        train(toy_network(), none, validation, SHORT, 0)
    with pytest.raises(NasbenchError, match="Validation takes at least one image, and there is none"):
        train(toy_network(), images, none, SHORT, 0)


# --- Accuracy


@pytest.mark.parametrize("batch", [None, 1, 7, 40, 64])
def test_accuracy_is_that_of_sklearn(batch: int | None) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    network, (_, validation) = toy_network().train(), toy_images()
    network[1].eval()
    kept = weights(network)
    found = accuracy(network, validation, batch) if batch else accuracy(network, validation)
    assert same(weights(network), kept)
    assert [module.training for module in network] == [number != 1 for number in range(len(network))]
    with torch.no_grad():
        predicted = network.eval()(validation.batch(torch.arange(VALIDATION), None)[0]).argmax(1)
    assert found == pytest.approx(100 * metrics.accuracy_score(validation.labels, predicted))


def test_what_is_no_number_is_not_right() -> None:
    class Broken(nn.Module):
        def forward(self, images):
            return torch.full((len(images), 4), math.nan)

    assert accuracy(Broken(), toy_images()[1]) == 0.0


def test_freed_memory_is_kept_where_the_c_library_can(monkeypatch: pytest.MonkeyPatch) -> None:
    with_glibc = platform.libc_ver()[0] == "glibc"
    assert keep_freed_memory() is with_glibc
    monkeypatch.setattr("sys.platform", "darwin")
    assert keep_freed_memory.__wrapped__() is False
