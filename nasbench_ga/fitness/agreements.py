"""How often images agree in a network: the matrix K_H of NASWT (Mellor et al., ICML 2021, equation 1).

Each ReLU unit gives an image one bit: whether its input is above zero. K_H[i, j] is the number of units on which
images i and j agree. With the bits X of a layer, shape (images, units), these are units - r_i - r_j + 2 (X Xᵀ)_ij,
where r is the diagonal of X Xᵀ: one product of whole numbers a layer, which is exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nasbench_ga.networks.transfer import sent

_MOST_EXACT = 1 << 24  # units of a layer whose bits add up exactly in 32-bit floats


class Agreements:
    """The matrices K_H of one or more networks, added up layer by layer.

    Args:
        networks: how many.
        batch: images of each matrix.
        device: where the layers are.
    """

    def __init__(self, networks: int, batch: int, device: torch.device) -> None:
        self._common = torch.zeros(networks, batch, batch, dtype=torch.float64, device=device)
        self._units = np.zeros(networks)
        self._arrived: torch.cuda.Event | None = None

    def add(self, outputs: Tensor, members: Sequence[int] = (0,)) -> None:
        """Counts one layer of ReLUs.

        Args:
            outputs: of the layer, shape (batch, channels, ...), the channels being those of `members` one by one;
                a unit is on where its output is not zero.
            members: numbers of the networks that have it.
        """
        bits = outputs.bool()
        if len(members) > 1:
            bits = bits.reshape(len(bits), len(members), -1).transpose(0, 1)
        elif bits.dim() == 4 and bits.is_contiguous(memory_format=torch.channels_last):
            bits = bits.permute(0, 2, 3, 1).flatten(1)[None]
        else:
            bits = bits.flatten(1)[None]
        for part in torch.split(bits, _MOST_EXACT, dim=2):
            products = _products(part).to(self._common.dtype)
            self._common.index_add_(0, sent(torch.tensor(members), products.device), products)
        self._units[list(members)] += bits.shape[2]

    def fetch(self) -> None:
        """Has a GPU hand the sums over when it has them; `matrices` then waits for nothing that it gets to do later."""
        if self._common.is_cuda:
            stream = torch.cuda.current_stream(self._common.device)
            self._common = self._common.to("cpu", non_blocking=True)
            self._arrived = stream.record_event()

    def matrices(self) -> NDArray[np.float64]:
        """K_H of each network, shape (networks, batch, batch)."""
        if self._arrived:
            self._arrived.synchronize()
        common = self._common.cpu().numpy()
        own = np.diagonal(common, axis1=1, axis2=2)
        return self._units[:, None, None] - own[:, :, None] - own[:, None, :] + 2 * common


def _products(bits: Tensor) -> Tensor:
    """X Xᵀ of bits X, shape (networks, batch, units); exact."""
    if bits.is_cuda:
        halves = bits.half()
        return torch.bmm(halves, halves.mT, out_dtype=torch.float32)
    # of one unit, torch 2.13 returns whatever is in memory (pytorch issue 195066)
    if torch.backends.cpu.get_cpu_capability().startswith("AVX512") and bits.shape[2] > 1:
        return torch.stack([torch._int_mm(own, own.T) for own in bits.view(torch.int8)])
    floats = bits.float()
    return floats @ floats.mT


def log_determinants(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log |det| of K_H, shape (networks, batch, batch), which has no negative eigenvalue; minus infinity if singular.

    An eigenvalue below the rounding error of the largest counts as zero.
    """
    eigenvalues = np.linalg.eigvalsh(matrices)
    noise = eigenvalues[:, -1:] * matrices.shape[1] * np.finfo(np.float64).eps
    singular = (eigenvalues <= noise).any(1)
    return np.where(singular, -np.inf, np.log(np.maximum(eigenvalues, np.finfo(np.float64).tiny)).sum(1))
