"""NASWT by its definition, in 64-bit floats: every ReLU of a network counts, however it is wired."""

import copy

import numpy as np
import torch
from torch import Tensor, nn


def score(network: nn.Module, images: Tensor) -> float:
    """log |det K_H| of a copy of the network in training mode; the network stays as it is."""
    network = copy.deepcopy(network).double().train()
    agreements = torch.zeros(len(images), len(images), dtype=torch.float64)

    def count(_module: nn.Module, inputs: tuple[Tensor]) -> None:
        x = (inputs[0] > 0).flatten(1).double()
        agreements.add_((x @ x.T + (1 - x) @ (1 - x).T).cpu())

    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_pre_hook(count)
    with torch.no_grad():
        network(images.double())
    return float(np.linalg.slogdet(agreements.numpy())[1])
