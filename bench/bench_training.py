"""How fast networks are trained: images a second, beside a plain loop of torch's over a DataLoader."""

from __future__ import annotations

import dataclasses
import os
import timeit
from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np
import pytest
import torch
from torch import nn

from bench import plain_training
from nasbench_ga.errors import DatasetNotFoundError
from nasbench_ga.networks.nats import topology_network
from nasbench_ga.training import DATASETS, Images, load_images
from nasbench_ga.training.device_images import DeviceImages
from nasbench_ga.training.loop import train
from nasbench_ga.training.recipe import Recipe

BATCH, VALIDATED, WORKERS = 128, 8, sorted({0, 2, os.cpu_count() or 2})
GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if GPU else "cpu")
GOAL = f"goal {3 if GPU else 1.5} ×"
CELL = "|nor_conv_3x3~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|"

ADAM = Recipe(batch=BATCH, epochs=1)
SGD = Recipe("sgd", 0.1, batch=BATCH, epochs=1, weight_decay=5e-4, pad=4, flip=True)


def tensorflow_cnn() -> nn.Module:
    """The network of TensorFlow's tutorial on MNIST."""
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(7 * 7 * 64, 1024), nn.ReLU(), nn.Linear(1024, 10)),
    )


def small_cnn() -> nn.Module:
    """About as many parameters as the smallest network that Litzinger, Klos & Schiffmann found."""
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(7 * 7 * 32, 32), nn.ReLU(), nn.Linear(32, 10)),
    )


def cell_network() -> nn.Module:
    """A network of NATS-Bench's topology space with half the channels and a cell in each stage."""
    network = topology_network(CELL, 10, (8, 16, 32), 1)
    network.initialise(0)
    return network


def mnist(count: int) -> Images:
    """MNIST, or noise in its shape where it is not there."""
    try:
        images = load_images("mnist")
    except DatasetNotFoundError:
        return noise("mnist", count)
    return dataclasses.replace(images, pixels=images.pixels[:count], labels=images.labels[:count])


def noise(name: str, count: int) -> Images:
    """Random images in the shape of a data set."""
    rng, dataset = np.random.default_rng(0), DATASETS[name]
    pixels = rng.integers(0, 256, (count, *dataset.shape), np.uint8)
    return Images(dataset, "train", pixels, rng.integers(0, dataset.classes, count), None)


CASES: dict[str, tuple[Callable[[], nn.Module], Callable[[int], Images], int, Recipe]] = {
    "TensorFlow's CNN (3.27 M) on MNIST": (tensorflow_cnn, mnist, 5_120, ADAM),
    "a small CNN (55 k) on MNIST": (small_cnn, mnist, 12_800, ADAM),
    "a small cell network on CIFAR-10": (cell_network, partial(noise, "cifar10"), 2_560, SGD),
}
over_cases = pytest.mark.parametrize("case", CASES)


def describe(benchmark, case: str, *notes: str) -> tuple[nn.Module, Images, Recipe]:
    make, load, count, recipe = CASES[case]
    count *= 4 if GPU else 1
    where = torch.cuda.get_device_name() if GPU else f"CPU, {torch.get_num_threads()} threads"
    benchmark.group = f"train {case}, {BATCH} images a step, {where}"
    benchmark.extra_info.update(items=count, notes=notes)
    return make().to(DEVICE), load(count), recipe


@over_cases
def test_train_plainly(benchmark, case: str):
    """The same epoch, image by image from a Dataset: with as many more processes as are fastest.

    It is measured first, as `train` tells the C library to keep freed memory, from which it would gain, too.
    """
    network, images, recipe = describe(benchmark, case)
    epoch = partial(
        plain_training.train,
        network,
        plain_training.PlainImages(images, recipe.pad, recipe.flip),
        partial(plain_optimizer, recipe),
        batch=BATCH,
    )
    workers = min(WORKERS, key=lambda count: min(timeit.repeat(partial(epoch, workers=count), number=1, repeat=2)))
    benchmark.extra_info.update(baseline=True, notes=[f"{workers} of {WORKERS} workers are fastest"])
    benchmark.pedantic(epoch, kwargs={"workers": workers}, rounds=5)


@pytest.mark.parametrize("precision", ["auto", *([] if GPU else ["bfloat16"])])
@over_cases
def test_train(benchmark, case: str, precision: Literal["auto", "bfloat16"]):
    """An epoch; very few images are validated, as the plain loop validates none."""
    network, images, recipe = describe(benchmark, case, GOAL if precision == "auto" else "not what auto takes on CPUs")
    recipe = dataclasses.replace(recipe, precision=precision)
    few = dataclasses.replace(images, pixels=images.pixels[:VALIDATED], labels=images.labels[:VALIDATED])
    there, validation = DeviceImages(images, DEVICE), DeviceImages(few, DEVICE)
    outcome = benchmark.pedantic(train, (network, there, validation, recipe), {"seed": 0}, rounds=5, warmup_rounds=1)
    assert outcome.images == len(images)


def plain_optimizer(recipe: Recipe, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """The recipe's, as tutorials have it."""
    if recipe.optimizer == "adam":
        return torch.optim.Adam(parameters, recipe.learning_rate)
    return torch.optim.SGD(
        parameters, recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay, nesterov=recipe.nesterov
    )
