"""Which images of a data set a search trains on, which it validates on, and which it must never see."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import DatasetNotFoundError, NasbenchError
from nasbench_ga.training.datasets import DATASETS, DataSet, Images, find_layout, load_images

Rows = NDArray[np.int64]
"""Numbers of images, in ascending order."""

_TENTH = 10
_FIFTH = 5
_MOST_VALIDATION = 5_000  # what is usually held out of CIFAR-10's 50,000


@dataclass(frozen=True, eq=False)
class Splits:
    """The images of one data set, told apart; no image is in two of them.

    Args:
        train: what weights are learned from.
        validation: what fitness is measured on; held out of the official training images.
        test: what is reported in the end, and nothing is chosen by; None unless it was asked for.
        notes: sentences that a reader of results must know, beyond what was asked for.
    """

    train: Images
    validation: Images
    test: Images | None
    notes: tuple[str, ...] = ()


def split_images(
    name: str,
    *,
    validation: int | None = None,
    seed: int = 0,
    limit: int | None = None,
    test: bool = False,
    folders: Sequence[str | os.PathLike[str]] | None = None,
) -> Splits:
    """The images of a data set to train on, to validate on and to test on.

    The test images are the official ones. Where their files are not here and those of the training images are, the last
    training images stand in for them: as many as there should be, but no more than a fifth of the training images. They
    are put aside even where no test images are asked for, so that a search never sees what its outcome is tested on.

    Args:
        name: of a registered data set.
        validation: how many training images to hold out, of every class alike; a tenth of the official training images
            unless given, but no more than 5,000. With 0 all are trained on.
        seed: of the draw. A seed and a size give the same validation images whatever the limit is, and a smaller
            number of images is a part of a larger one.
        limit: how many of the other training images to train on, of every class alike; all unless given.
        test: whether to load the test images too.
        folders: where to look; as `load_images` does unless given.

    Raises:
        UnknownNameError: no data set is called so.
        DatasetNotFoundError: its training images are not here.
        CorruptFileError: a file is there, but is not the published one.
        NasbenchError: there are not so many images; or test images are asked for, and it has none.
    """
    dataset = DATASETS[name]
    if test and "test" not in dataset.sizes:
        raise NasbenchError(
            f"The data set {name!r} has no test images, and they were asked for; it is for trying things out: do it "
            f"without a test, or choose another data set."
        )
    official = load_images(name, folders=folders)
    aside = 0 if _test_is_here(dataset, folders) else _standing_in(dataset)
    pool = len(official) - aside
    held_out = min(len(official) // _TENTH, _MOST_VALIDATION) if validation is None else validation
    train_rows, validation_rows = split_rows(official.labels[:pool], held_out, seed, limit)
    note = (
        f"The official test images of {dataset.title} are not here: the last {aside:,} of its {len(official):,} "
        "training images stand in for them, and are neither trained nor validated on."
    )
    return Splits(
        train=_chosen(official, train_rows, "train"),
        validation=_chosen(official, validation_rows, "validation"),
        test=_test(official, pool, folders) if test else None,
        notes=(note,) if aside else (),
    )


def split_rows(labels: NDArray[np.int64], validation: int, seed: int, limit: int | None = None) -> tuple[Rows, Rows]:
    """The images to train on and those to validate on: drawn at random, of every class alike.

    Args:
        labels: [n], the class of each image, 0 or more.
        validation: how many to hold out.
        seed: of the draw.
        limit: how many of the others to train on; all unless given.

    Returns:
        Their rows, which have none in common, each in ascending order. Of a class with a share p of the images
        validation * p ± (1 + p * classes) / 2 are held out.

    Raises:
        NasbenchError: there are not so many images, or none is left to train on.
    """
    count = len(labels)
    if not 0 <= validation < count:
        raise NasbenchError(
            f"{validation:,} validation images were asked for; there are {count:,} images to hold them out of, "
            f"and one at least has to be left to train on: it can be 0 to {count - 1:,}, in a search 1 or more "
            "(--trained.validation)."
        )
    rest = count - validation
    if limit is not None and not 1 <= limit <= rest:
        raise NasbenchError(
            f"{limit:,} images to train on were asked for; with {validation:,} of {count:,} held out for validation it "
            f"can be 1 to {rest:,} (--trained.images)."
        )
    order = _stratified_order(labels, np.random.default_rng(seed))
    end = count if limit is None else validation + limit
    return np.sort(order[validation:end]), np.sort(order[:validation])


def _stratified_order(labels: NDArray[np.int64], rng: np.random.Generator) -> Rows:
    """All rows at random, so that in every beginning of them each class has about its share.

    The j-th image of a class of m has the place (j - 1/2) / m between 0 and 1; images with the same place come in
    any order. Each beginning then shares itself out among the classes as Webster's method shares out seats.
    """
    shuffled = rng.permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    sizes = np.bincount(labels)
    number_in_class = np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    places = (number_in_class + 0.5) / np.repeat(sizes, sizes)
    return by_class[np.lexsort((rng.permutation(len(labels)), places))]


def _test_is_here(dataset: DataSet, folders: Sequence[str | os.PathLike[str]] | None) -> bool:
    """Whether nothing has to stand in for the test images: they are here, or there are none."""
    if dataset.make is not None or "test" not in dataset.sizes:
        return True
    try:
        find_layout(dataset, "test", folders=folders)
    except DatasetNotFoundError:
        return False
    return True


def _standing_in(dataset: DataSet) -> int:
    return min(dataset.sizes["test"], dataset.sizes["train"] // _FIFTH)


def _test(official: Images, pool: int, folders: Sequence[str | os.PathLike[str]] | None) -> Images:
    """The official test images, or the training images after the first `pool`."""
    if pool == len(official):
        return load_images(official.name, "test", folders=folders)
    return _chosen(official, np.arange(pool, len(official)), "test")


def _chosen(images: Images, rows: Rows, split: str) -> Images:
    return dataclasses.replace(images, split=split, pixels=images.pixels[rows], labels=images.labels[rows])
