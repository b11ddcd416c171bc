"""NASWT as its authors computed it (Mellor et al., ICML 2021, and their code, by its description)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from nasbench_ga.networks.pooling import AveragePool3x3, MaxPool3x3


def score(network: nn.Module, images: Tensor) -> float:
    """The score of one network: log |det K_H| over the ReLUs that receive a gradient.

    Args:
        network: where the images are; it is left in training mode, with gradients.
        images: float32, shape (batch, channels, height, width).
    """
    _pool_as_torch_does(network)
    relus = [module for module in network.modules() if isinstance(module, nn.ReLU)]
    counted: set[nn.Module] = set()
    agreements = np.zeros((len(images), len(images)))

    def mark(module: nn.Module, _inputs: tuple[Tensor], output: Tensor) -> None:
        if output.requires_grad:
            output.register_hook(lambda _gradient: counted.add(module))

    def count(module: nn.Module, inputs: tuple[Tensor]) -> None:
        nonlocal agreements
        if module in counted:
            x = (inputs[0].flatten(1) > 0).float()
            agreements = agreements + (x @ x.T).cpu().numpy() + ((1 - x) @ (1 - x).T).cpu().numpy()

    network.train()
    hooks = [relu.register_forward_hook(mark) for relu in relus]
    logits = network(images.clone().requires_grad_())
    logits.backward(torch.ones_like(logits))
    for hook in hooks:
        hook.remove()
    hooks = [relu.register_forward_pre_hook(count) for relu in relus]
    network(images.clone())
    for hook in hooks:
        hook.remove()
    return float(np.linalg.slogdet(agreements)[1])


def _pool_as_torch_does(network: nn.Module) -> None:
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, MaxPool3x3):
                setattr(parent, name, nn.MaxPool2d(3, stride=1, padding=1))
            elif isinstance(child, AveragePool3x3):
                setattr(parent, name, nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False))
