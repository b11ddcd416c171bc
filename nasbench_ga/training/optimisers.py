"""What moves the weights: torch's optimisers where they are the published ones, TensorFlow's RMSProp where not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from nasbench_ga.training.recipe import Recipe

_TENSORFLOW_EPSILON = 1e-10


class TensorFlowRMSProp(torch.optim.Optimizer):
    """RMSProp as TensorFlow 1 has it (tf.train.RMSPropOptimizer), with which NAS-Bench-101 was trained.

    square = decay square + (1 - decay) gradient^2, and at first 1
    moved  = momentum moved + rate gradient / sqrt(square + epsilon), and at first 0
    weight = weight - moved

    torch's adds epsilon to the root, starts with a square of 0 and multiplies by the rate of the day what momentum
    keeps of earlier steps. With NAS-Bench-101's epsilon of 1 that makes other trainings.

    Args:
        parameters: what is moved.
        lr: rate.
        momentum: how much of the last move is made again.
        decay: how much of the mean square is kept.
        epsilon: added to the mean square.
        weight_decay: share of each weight that is added to its gradient, as an L2 loss does.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        momentum: float = 0.0,
        decay: float = 0.9,
        epsilon: float = _TENSORFLOW_EPSILON,
        weight_decay: float = 0.0,
    ) -> None:
        numbers = {"momentum": momentum, "decay": decay, "epsilon": epsilon, "weight_decay": weight_decay}
        super().__init__(parameters, {"lr": lr, **numbers})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Moves every parameter that has a gradient."""
        assert closure is None
        for group in self.param_groups:
            moving = [parameter for parameter in group["params"] if parameter.grad is not None]
            if moving:
                self._move(moving, group)

    def _move(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        gradients = tuple(parameter.grad for parameter in parameters if parameter.grad is not None)
        if group["weight_decay"]:
            gradients = torch._foreach_add(gradients, parameters, alpha=group["weight_decay"])
        for parameter in parameters:
            if not self.state[parameter]:
                self.state[parameter] = {"square": torch.ones_like(parameter), "moved": torch.zeros_like(parameter)}
        squares = [self.state[parameter]["square"] for parameter in parameters]
        moved = [self.state[parameter]["moved"] for parameter in parameters]
        torch._foreach_mul_(squares, group["decay"])
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - group["decay"])
        roots = torch._foreach_add(squares, group["epsilon"])
        torch._foreach_sqrt_(roots)
        torch._foreach_mul_(moved, group["momentum"])
        torch._foreach_addcdiv_(moved, gradients, roots, group["lr"])
        torch._foreach_sub_(parameters, moved)


def make_optimizer(parameters: Iterable[nn.Parameter], recipe: Recipe) -> torch.optim.Optimizer:
    """The optimiser of a recipe.

    Args:
        parameters: what it moves, at least one; all on one device.
        recipe: which, and its numbers; the rate is the first of its schedule.
    """
    moved = list(parameters)
    common: dict[str, Any] = {"lr": recipe.learning_rate, "weight_decay": recipe.weight_decay}
    divisor: dict[str, Any] = {} if recipe.epsilon is None else {"eps": recipe.epsilon}
    match recipe.optimizer:
        case "sgd":
            nesterov = recipe.nesterov and recipe.momentum > 0
            return torch.optim.SGD(moved, momentum=recipe.momentum, nesterov=nesterov, fused=True, **common)
        case "adam":
            return torch.optim.Adam(moved, fused=True, **common, **divisor)
        case "adamw":
            return torch.optim.AdamW(moved, fused=True, **common, **divisor)
        case "adagrad":
            fused = True if moved[0].device.type == "cpu" else None  # torch has it for CPUs only
            return torch.optim.Adagrad(moved, fused=fused, **common, **divisor)
        case "rmsprop":
            epsilon = _TENSORFLOW_EPSILON if recipe.epsilon is None else recipe.epsilon
            return TensorFlowRMSProp(moved, momentum=recipe.momentum, decay=recipe.decay, epsilon=epsilon, **common)
