"""Trainable parameters of the NAS-Bench-101 network, from adjacency and operations alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

STEM = 128
STACKS = 3
CELLS_PER_STACK = 3
IMAGE_CHANNELS = 3
_KERNEL_AREA = np.array([9, 1, 0])  # conv3x3, conv1x1, maxpool3x3


def count(adjacency: NDArray[np.int64], operations: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Convolutions, the scales and shifts of their batch norms, and the classifier.

    Args:
        adjacency: pruned cells on seven vertices, shape (n, 7, 7), unused vertices isolated.
        operations: of the inner vertices, shape (n, 5).
        classes: width of the classifier.

    Returns:
        Shape (n,). Source: Ying et al. 2019, section 2.3, and the published counts.
    """
    total = np.full(len(adjacency), _convolution(9, IMAGE_CHANNELS, STEM), np.int64)
    wide_in, wide_out = STEM, STEM
    for _ in range(STACKS):
        channels = vertex_channels(adjacency, wide_out)
        total += _cell(adjacency, operations, channels, wide_in)
        total += (CELLS_PER_STACK - 1) * _cell(adjacency, operations, channels, wide_out)
        wide_in, wide_out = wide_out, 2 * wide_out
    return total + wide_in * classes + classes


def _cell(
    adjacency: NDArray[np.int64], operations: NDArray[np.int64], channels: NDArray[np.int64], wide_in: int
) -> NDArray[np.int64]:
    """Parameters of one cell whose input has `wide_in` channels."""
    inner, from_input = channels[:, 1:-1], adjacency[:, 0, 1:-1]
    inside = _convolution(_KERNEL_AREA[operations], inner, inner)
    projections = from_input * _convolution(1, wide_in, inner)
    to_output = adjacency[:, 0, -1] * _convolution(1, wide_in, channels[:, -1])
    return (inside + projections).sum(1) + to_output


def vertex_channels(adjacency: NDArray[np.int64], channels_out: int) -> NDArray[np.int64]:
    """Output channels of every vertex, shape (n, 7); 0 for the input and for unused vertices.

    The cell's output channels are split over the vertices that feed the output, the remainder going one each to the
    first of them; any other vertex has as many as the widest of its successors.
    """
    n, vertices, _ = adjacency.shape
    feeds_output = adjacency[:, 1:-1, -1] > 0
    feeders = np.maximum(feeds_output.sum(1, keepdims=True), 1)
    extra = feeds_output.cumsum(1) <= channels_out % feeders
    channels = np.zeros((n, vertices), np.int64)
    channels[:, -1] = channels_out
    channels[:, 1:-1] = feeds_output * (channels_out // feeders + extra)
    for v in range(vertices - 3, 0, -1):
        widest = (adjacency[:, v, 1:-1] * channels[:, 1:-1]).max(1)
        channels[:, v] = np.where(feeds_output[:, v - 1], channels[:, v], widest)
    return channels


def _convolution(kernel_area: Any, channels_in: Any, channels_out: Any) -> Any:
    return kernel_area * channels_in * channels_out + 2 * channels_out * (kernel_area > 0)
