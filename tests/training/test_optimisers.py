"""Optimisers: TensorFlow's RMSProp against its formula, the others against torch's plain ones."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from nasbench_ga.training.optimisers import TensorFlowRMSProp, make_optimizer
from nasbench_ga.training.recipe import RECIPES, Recipe

STEPS = 6
Parameters = list[torch.nn.Parameter]


def first() -> Parameters:
    rng = np.random.default_rng(0)
    return [torch.nn.Parameter(torch.from_numpy(rng.normal(size=shape))) for shape in ((3, 2), (4,), (2, 1, 3))]


def gradients() -> list[list[torch.Tensor]]:
    rng = np.random.default_rng(1)
    return [[torch.from_numpy(rng.normal(size=weight.shape)) for weight in first()] for _ in range(STEPS)]


def moved(make: Callable[[Parameters], torch.optim.Optimizer]) -> list[np.ndarray]:
    parameters = first()
    optimizer = make(parameters)
    for step, each in enumerate(gradients()):
        for group in optimizer.param_groups:
            group["lr"] = RATES[step]
        for parameter, gradient in zip(parameters, each, strict=True):
            parameter.grad = gradient.clone()
        optimizer.step()
    return [parameter.detach().numpy() for parameter in parameters]


RATES = [0.2, 0.19, 0.15, 0.1, 0.04, 0.01]


def test_rmsprop_is_that_of_tensorflow() -> None:
    """tf.train.RMSPropOptimizer by its documentation, number by number; its mean square starts with 1."""
    recipe = RECIPES["nb101"]
    found = moved(lambda parameters: make_optimizer(parameters, recipe))
    for place, (begin, end) in enumerate(zip(first(), found, strict=True)):
        for index in np.ndindex(*end.shape):
            weight, square, momentum = begin.detach().numpy()[index], 1.0, 0.0
            for step in range(STEPS):
                gradient = gradients()[step][place].numpy()[index] + 1e-4 * weight
                square = 0.9 * square + 0.1 * gradient**2
                momentum = 0.9 * momentum + RATES[step] * gradient / math.sqrt(square + 1.0)
                weight -= momentum
            assert end[index] == pytest.approx(weight, rel=1e-12)


PLAIN: dict[str, tuple[type[torch.optim.Optimizer], dict[str, Any]]] = {
    "sgd": (torch.optim.SGD, {"momentum": 0.8, "nesterov": True}),
    "adam": (torch.optim.Adam, {"eps": 1e-3}),
    "adamw": (torch.optim.AdamW, {"eps": 1e-3}),
    "adagrad": (torch.optim.Adagrad, {"eps": 1e-3}),
}


@pytest.mark.parametrize("name", PLAIN)
def test_others_are_those_of_torch(name: str) -> None:
    kind, settings = PLAIN[name]
    recipe = Recipe(optimizer=name, momentum=0.8, epsilon=1e-3, weight_decay=0.01)
    found = moved(lambda parameters: make_optimizer(parameters, recipe))
    expected = moved(lambda parameters: kind(parameters, lr=1.0, weight_decay=0.01, foreach=False, **settings))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)


@pytest.mark.parametrize("name", ["adam", "adamw", "adagrad"])
def test_epsilon_is_the_library_s_by_default(name: str) -> None:
    kind, _ = PLAIN[name]
    assert make_optimizer(first(), Recipe(optimizer=name)).defaults["eps"] == kind(first()).defaults["eps"]


def test_without_momentum_there_is_none_of_nesterov() -> None:
    assert make_optimizer(first(), Recipe(optimizer="sgd", momentum=0)).defaults["nesterov"] is False


def test_rmsprop_leaves_what_has_no_gradient() -> None:
    parameters = first()
    optimizer = TensorFlowRMSProp(parameters, lr=0.1, weight_decay=0.1)
    parameters[1].grad = torch.ones_like(parameters[1])
    optimizer.step()
    assert all(torch.equal(parameters[i], first()[i]) for i in (0, 2))
    assert not torch.equal(parameters[1], first()[1])


def test_rmsprop_goes_on_from_its_state() -> None:
    whole = moved(lambda parameters: TensorFlowRMSProp(parameters, lr=0.1, momentum=0.9))
    parameters = first()
    optimizer: torch.optim.Optimizer = TensorFlowRMSProp(parameters, lr=0.1, momentum=0.9)
    for step, each in enumerate(gradients()):
        state = optimizer.state_dict()
        optimizer = TensorFlowRMSProp(parameters, lr=7.0)
        optimizer.load_state_dict(state)
        optimizer.param_groups[0]["lr"] = RATES[step]
        for parameter, gradient in zip(parameters, each, strict=True):
            parameter.grad = gradient
        optimizer.step()
    for one, other in zip(parameters, whole, strict=True):
        np.testing.assert_array_equal(one.detach().numpy(), other)
