"""Real images that come with a package: pieces of the two sample photographs of scikit-learn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import LibraryNotFoundError
from nasbench_ga.training.datasets import DataSet, register_dataset
from nasbench_ga.training.formats import Chunk

SIDE = 32


def make(_: str) -> Chunk:
    """520 pieces of two photographs, one beside the other in reading order, uint8[520, 3, 32, 32], and their labels.

    A label says which photograph a piece is of (0: a temple, 1: a flower), and means nothing else.

    Raises:
        LibraryNotFoundError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_sample_images
    except ImportError as error:
        raise LibraryNotFoundError(
            "The photographs come with scikit-learn, which is not installed; install it: "
            "python -m pip install 'nasbench-ga[networks]'"
        ) from error
    pieces = [_pieces(photograph) for photograph in load_sample_images().images]
    return np.concatenate(pieces), np.repeat(np.arange(len(pieces)), [len(some) for some in pieces])


def _pieces(photograph: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The whole squares of an image [height, width, 3], in reading order: [n, 3, SIDE, SIDE]."""
    rows, columns = photograph.shape[0] // SIDE, photograph.shape[1] // SIDE
    squares = photograph[: rows * SIDE, : columns * SIDE].reshape(rows, SIDE, columns, SIDE, 3)
    return squares.transpose(0, 2, 4, 1, 3).reshape(-1, 3, SIDE, SIDE)


register_dataset(
    DataSet(
        name="photographs",
        title="Sample photographs of scikit-learn",
        description="520 pieces of two photographs, for trying things out; the labels mean nothing.",
        classes=2,
        channels=3,
        height=SIDE,
        width=SIDE,
        mean=(0.3954, 0.4335, 0.3937),
        std=(0.3741, 0.3005, 0.3273),
        sizes={"train": 520},
        homepage="https://scikit-learn.org/stable/modules/generated/sklearn.datasets.load_sample_images.html",
        licence="CC-BY-2.0",
        citation="china.jpg (flickr.com/photos/danielbuechele) and flower.jpg (flickr.com/photos/vultilion), "
        "retrieved 2011 for scikit-learn.",
        make=make,
    )
)
