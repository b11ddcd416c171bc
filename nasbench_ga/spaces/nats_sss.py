"""NATS-Bench size space: the channels of five stages, one topology (Dong et al. 2021)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.spaces.base import CategoricalSpace, Genotypes, register_space
from nasbench_ga.spaces.nats_tss import reduction_parameters

CHANNELS = np.arange(8, 65, 8)
STAGES = 5
_FIRST_EDGES = (9, 9)  # kernel areas of the two convolutions of the cell that read its input, beside one skip
_LATER_EDGES = (9, 9, 9)  # kernel areas of those that read its inner nodes


@register_space("nats-sss")
class NATSSize(CategoricalSpace):
    """The 32,768 channel configurations of NATS-Bench's size space.

    A genotype has 5 genes, indices into `CHANNELS` (8, 16, .. 64), one a stage; a cell's number is its index in the
    benchmark, which counts the genes as digits.
    """

    name = benchmark = "nats-sss"
    cardinalities = np.full(STAGES, len(CHANNELS), np.int8)

    def parameters(self, genotypes: Genotypes, classes: int = 10) -> NDArray[np.int64]:
        """Trainable parameters of the published network (Dong et al. 2021, section 3).

        Stem, cell, reduction, cell, reduction, cell, batch norm, classifier; the stem is as wide as the first stage.
        """
        widths = CHANNELS[self.check(genotypes)].T
        total = 9 * 3 * widths[0] + 2 * widths[0] + _cell(widths[0], widths[0])
        total += reduction_parameters(widths[0], widths[1]) + _cell(widths[1], widths[2])
        total += reduction_parameters(widths[2], widths[3]) + _cell(widths[3], widths[4])
        return total + 2 * widths[4] + widths[4] * classes + classes

    def encode(self, cell: str) -> Genotypes:
        """The genotype of channels written as ``8:16:64:8:32``, shape (5,).

        Raises:
            NasbenchError: not five channel counts out of 8, 16, .. 64.
        """
        counts = str(cell).split(":")
        if len(counts) != STAGES or any(count not in map(str, CHANNELS) for count in counts):
            raise NasbenchError(
                f"Expected {STAGES} channel counts out of {', '.join(map(str, CHANNELS))}, joined by colons, "
                f"got {cell!r}."
            )
        return np.searchsorted(CHANNELS, np.array(counts, int)).astype(np.int8)

    def decode(self, genotype: Genotypes) -> str:
        """The channels of one genotype, joined by colons."""
        return ":".join(map(str, CHANNELS[self.check(np.asarray(genotype)[None])[0]]))


def _cell(channels_in: NDArray[np.int64], channels_out: NDArray[np.int64]) -> NDArray[np.int64]:
    """The one topology: five 3x3 convolutions and a skip, which is a 1x1 convolution where the width changes."""
    first = sum(area * channels_in * channels_out + 2 * channels_out for area in _FIRST_EDGES)
    later = sum(area * channels_out * channels_out + 2 * channels_out for area in _LATER_EDGES)
    skip = np.where(channels_in == channels_out, 0, channels_in * channels_out + 2 * channels_out)
    return first + later + skip
