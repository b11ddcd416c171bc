"""Captured steps do what the same steps do one by one: on a GPU, as nothing is captured elsewhere."""

import dataclasses
import gc

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nasbench_ga.training import DATASETS, Images, frozen_maps, graphs
from nasbench_ga.training.device_images import DeviceImages
from nasbench_ga.training.loop import Training, train
from nasbench_ga.training.recipe import Recipe

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
CUDA = torch.device("cuda", 0)
RECIPE = Recipe("sgd", 0.05, batch=16, epochs=4, precision="float32")
OPTIMIZERS = {"sgd": 0.05, "adam": 0.001, "adamw": 0.001, "adagrad": 0.01, "rmsprop": 0.001}


def noise(count: int) -> DeviceImages:
    rng, dataset = np.random.default_rng(count), DATASETS["mnist"]
    pixels = rng.integers(0, 256, (count, 1, 28, 28), np.uint8)
    labels = pixels[:, 0, :14].mean((1, 2)).argsort().argsort() * 10 // count
    return DeviceImages(Images(dataset, "train", pixels, labels, None), CUDA)


def network(*more: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(4), *more),
        *(nn.Flatten(), nn.Linear(7 * 7 * 8, 10)),
    ).to(CUDA)


def trained(recipe: Recipe, *more: nn.Module) -> tuple[Training, dict[str, Tensor]]:
    own = network(*more)
    outcome = train(own, noise(100), noise(50), recipe, 0)
    return outcome, own.state_dict()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_captured_steps_are_the_same_steps(optimizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = dataclasses.replace(RECIPE, optimizer=optimizer, learning_rate=OPTIMIZERS[optimizer], schedule="cosine")
    replayed, weights = trained(recipe)
    monkeypatch.setattr(graphs, "WARM_CALLS", 10**6)
    called, expected = trained(recipe)
    assert replayed.steps == called.steps == 28  # with four images in the last of an epoch
    assert replayed.loss == pytest.approx(called.loss, rel=1e-3)
    for name, weight in expected.items():
        torch.testing.assert_close(weights[name], weight, rtol=1e-2, atol=1e-4)


def test_most_steps_are_launched_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    launches = []
    replay = torch.cuda.CUDAGraph.replay
    monkeypatch.setattr(torch.cuda.CUDAGraph, "replay", lambda self: (launches.append(self), replay(self))[1])
    trained(RECIPE)
    assert len(launches) == 4 * 6 - graphs.WARM_CALLS
    assert len(set(launches)) == 1


def test_each_launch_draws_new_random_numbers() -> None:
    seen = torch.zeros(20, 64, device=CUDA)
    place = torch.zeros(1, dtype=torch.int64, device=CUDA)

    def draw(rows: Tensor) -> None:
        seen.index_copy_(0, place, nn.functional.dropout(torch.ones(1, 64, device=CUDA), 0.5) + 0 * rows.sum())
        place.add_(1)

    with graphs.own_stream(CUDA):
        graphed = graphs.Graphed(draw, 4, CUDA)
        for _ in range(20):
            graphed(torch.arange(4, device=CUDA))
    assert len(torch.unique(seen, dim=0)) == 20


def test_same_seed_same_dropout() -> None:
    outcomes = [trained(RECIPE, nn.Dropout(0.5))[0] for _ in range(2)]
    assert outcomes[0].loss == pytest.approx(outcomes[1].loss, rel=1e-3)


class Waiting(nn.Module):
    """Waits for the device, which cannot be captured."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps * (1.0 if maps.sum().item() < float("inf") else 2.0)


def test_what_cannot_be_captured_is_trained_step_by_step() -> None:
    recipe = dataclasses.replace(RECIPE, pad=2)
    assert trained(recipe, Waiting(), nn.Dropout(0.5))[0].failure == ""
    torch.cuda.empty_cache()
    outcome, weights = trained(RECIPE, Waiting())
    plain, expected = trained(RECIPE)
    assert outcome.failure == ""
    assert outcome.loss == pytest.approx(plain.loss, rel=1e-3)
    for (_, weight), (_, same) in zip(weights.items(), expected.items(), strict=True):
        torch.testing.assert_close(weight, same, rtol=1e-2, atol=1e-4)


def test_half_precision_augmentation_and_frozen_layers_are_captured() -> None:
    own = network(nn.Dropout(0.5))
    before = {name: weight.clone() for name, weight in own.state_dict().items()}
    recipe = dataclasses.replace(RECIPE, precision="auto", pad=2, flip=True, cutout=4)
    outcome = train(own, noise(100), noise(50), recipe, 0, frozen=["0", "1"])
    assert outcome.failure == ""
    changed = {name for name, weight in own.state_dict().items() if not torch.equal(weight, before[name])}
    assert changed == {"6.weight", "6.bias"}


def test_what_frozen_layers_made_is_captured_too(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = ["0", "1"]
    quick, slow, seen, launches = network(), network(), [], []
    replay = torch.cuda.CUDAGraph.replay
    monkeypatch.setattr(torch.cuda.CUDAGraph, "replay", lambda self: (launches.append(self), replay(self))[1])
    quick[0].register_forward_hook(lambda _module, inputs, _output: seen.append(len(inputs[0])))
    outcome = train(quick, noise(100), noise(50), RECIPE, 0, frozen=frozen)
    assert (sum(seen), len(launches)) == (100 + 50 + 1, 4 * 6 - graphs.WARM_CALLS)
    monkeypatch.setattr(frozen_maps, "MOST_BYTES", 0)
    expected = train(slow, noise(100), noise(50), RECIPE, 0, frozen=frozen)
    assert outcome.loss == pytest.approx(expected.loss, rel=1e-3)
    for name, weight in slow.state_dict().items():
        torch.testing.assert_close(quick.state_dict()[name], weight, rtol=1e-2, atol=1e-4)


def test_memory_is_given_back() -> None:
    trained(RECIPE)
    before = torch.cuda.memory_allocated()
    for _ in range(5):
        trained(RECIPE)
    gc.collect()
    assert torch.cuda.memory_allocated() <= before + 2**20
