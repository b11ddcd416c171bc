"""Data sets of images: what is known of each, where its files lie, and its images as arrays."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.data_folders import search_folders
from nasbench_ga.errors import CorruptFileError, DatasetNotFoundError, NasbenchError, UnknownNameError
from nasbench_ga.published import PublishedFile
from nasbench_ga.registry import Registry
from nasbench_ga.training.formats import Chunk, Content, Reader, Shape


@dataclass(frozen=True, eq=False)
class Layout:
    """One of the ways in which the files of a data set are published.

    Args:
        files: of each split the files that hold it, in the order of its images: their paths below a data folder, and
            the MD5 that each has; None where none is known.
        read: makes images of what the files of a split hold.
        downloads: what to fetch in order to have these files: they themselves, or archives of them.
    """

    files: Mapping[str, Mapping[str, str | None]]
    read: Reader
    downloads: tuple[PublishedFile, ...] = ()


@dataclass(frozen=True, eq=False)
class DataSet:
    """What is known of a data set, whether its files are here or not.

    Args:
        name: what it is called on the command line.
        title: the name that its authors gave it.
        description: what it shows, in one line.
        classes: how many classes its labels tell apart; they are 0 to `classes` - 1.
        channels: 3 for red, green and blue, 1 for grey.
        height: pixels from top to bottom.
        width: pixels from left to right.
        mean: of each channel, as it is published for normalising, of pixels scaled to 0..1.
        std: standard deviation, likewise.
        sizes: how many images each split has.
        homepage: where its authors describe it.
        licence: under which its authors give it away, as far as they say.
        citation: authors, title and year.
        checksum_note: where the checksums of its files come from, one sentence.
        layouts: the ways in which its files are published, the best one first.
        make: makes pixels and labels of a split, where no files hold them.
        by_hand: how to get the files, one sentence, where they cannot be fetched.
    """

    name: str
    title: str
    description: str
    classes: int
    channels: int
    height: int
    width: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    sizes: Mapping[str, int]
    homepage: str = ""
    licence: str = "not stated"
    citation: str = ""
    checksum_note: str = ""
    layouts: tuple[Layout, ...] = ()
    make: Callable[[str], Chunk] | None = None
    by_hand: str = ""

    def __post_init__(self) -> None:
        if not len(self.mean) == len(self.std) == self.channels:
            raise NasbenchError(
                f"The data set {self.name!r} has {self.channels} channels, so its mean and std have to be that many "
                f"numbers, not {len(self.mean)} and {len(self.std)}."
            )
        if bool(self.layouts) == (self.make is not None):
            raise NasbenchError(f"The data set {self.name!r} has to have either layouts of files or a way to make it.")
        if any(set(layout.files) != set(self.sizes) for layout in self.layouts):
            raise NasbenchError(
                f"Each layout of the data set {self.name!r} has to have files of the splits {', '.join(self.sizes)}."
            )

    @property
    def shape(self) -> Shape:
        """Channels, height and width of an image."""
        return self.channels, self.height, self.width

    @property
    def how_to_get(self) -> str:
        """What to do in order to have it, one sentence."""
        if any(layout.downloads for layout in self.layouts):
            return f"Get it with: python -m nasbench_ga.training fetch {self.name}"
        return self.by_hand or f"See {self.homepage or 'its authors'} for how to get it."


@dataclass(frozen=True, eq=False)
class Images:
    """The images of one split of a data set, in their official order.

    Args:
        dataset: what is known of the data set: its classes, its mean and standard deviation, ...
        split: "train", "test", ...
        pixels: uint8[n, channels, height, width], contiguous.
        labels: int64[n], 0 to classes - 1.
        path: the folder in which the files lie; None where no files of a data folder hold them.
    """

    dataset: DataSet
    split: str
    pixels: NDArray[np.uint8] = field(repr=False)
    labels: NDArray[np.int64] = field(repr=False)
    path: Path | None

    @property
    def name(self) -> str:
        """What the data set is called."""
        return self.dataset.name

    def __len__(self) -> int:
        return len(self.labels)


DATASETS: Registry[DataSet] = Registry("data set")


def register_dataset(dataset: DataSet) -> DataSet:
    """Files a data set under its name, so that `load_images` knows it.

    Raises:
        NasbenchError: the name is taken.
    """
    return DATASETS.register(dataset.name)(dataset)


def load_images(name: str, split: str = "train", *, folders: Sequence[str | os.PathLike[str]] | None = None) -> Images:
    """The images of a registered data set, from the first folder that has them; every file is checked as it is read.

    Args:
        name: of the data set ("cifar10", ..).
        split: "train", or "test" where the data set has one.
        folders: where to look; the folders of `$NASBENCH_GA_DATA` and `data/` unless given.

    Raises:
        UnknownNameError: no data set or split is called so.
        DatasetNotFoundError: its files are nowhere, or not all of them are there.
        CorruptFileError: a file is there, but is not the published one.
    """
    dataset = _with_split(name, split)
    if dataset.make is not None:
        pixels, labels = _gathered(dataset, split, [dataset.make(split)], f"What makes {name!r}")
        return Images(dataset, split, pixels, labels, None)
    layout, folder = find_layout(dataset, split, folders=folders)
    path = (folder / next(iter(layout.files[split]))).parent
    chunks = layout.read(contents(dataset, layout, folder, split))
    return Images(dataset, split, *_gathered(dataset, split, chunks, str(path)), path)


def _with_split(name: str, split: str) -> DataSet:
    dataset = DATASETS[name]
    if split not in dataset.sizes:
        raise UnknownNameError("split", split, dataset.sizes, f" of the data set {name!r}")
    return dataset


def find_layout(
    dataset: DataSet, split: str, *, folders: Sequence[str | os.PathLike[str]] | None = None
) -> tuple[Layout, Path]:
    """The first layout of which every file of a split is there, and the folder below which they are.

    Raises:
        DatasetNotFoundError: there is none; the message says what was looked for where, and how to get it.
    """
    places = search_folders() if folders is None else [Path(folder) for folder in folders]
    partial = ""
    for folder in places:
        for layout in dataset.layouts:
            missing = [name for name in layout.files[split] if not (folder / name).is_file()]
            if not missing:
                return layout, folder
            if len(missing) < len(layout.files[split]) and not partial:
                partial = f"are in {folder} in part only, without {_abbreviated(missing)}"
    looked_for = "; ".join(_abbreviated(layout.files[split]) for layout in dataset.layouts)
    nowhere = f"are in none of: {', '.join(map(str, places))} (looked for {looked_for})"
    raise DatasetNotFoundError(f"The {split} images of {dataset.name!r} {partial or nowhere}. {dataset.how_to_get}")


def _abbreviated(names: Iterable[str]) -> str:
    """File names with the folders that they share written once, as shells write them."""
    paths = [PurePosixPath(name) for name in names]
    if len(paths) == 1 or len({path.parent for path in paths}) > 1:
        return ", ".join(map(str, paths))
    return f"{paths[0].parent}/{{{','.join(path.name for path in paths)}}}"


def contents(dataset: DataSet, layout: Layout, folder: Path, split: str) -> Iterator[Content]:
    """What the files of a split hold, one after another, each checked against its MD5.

    Raises:
        CorruptFileError: a file is not the published one, or cannot be read.
    """
    for name, md5 in layout.files[split].items():
        path = folder / name
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CorruptFileError(f"{path} cannot be read: {error.strerror or error}.") from error
        found = hashlib.md5(data, usedforsecurity=False).hexdigest()
        if found != (md5 or found):
            raise CorruptFileError(
                f"{path} is not the published file: {len(data):,} bytes with the MD5 {found}, and {md5} was expected. "
                f"Remove it or put the right one there. {dataset.how_to_get}"
            )
        yield Content(str(path), data)


def _gathered(
    dataset: DataSet, split: str, chunks: Iterable[Chunk], source: str
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All chunks in one, each number of which is as the description says."""
    size = dataset.sizes[split]
    pixels, labels = np.empty((size, *dataset.shape), np.uint8), np.empty(size, np.int64)
    count = 0
    for some, their_labels in chunks:
        if some.dtype != np.uint8 or some.shape[1:] != dataset.shape or some.shape[:1] != their_labels.shape:
            raise CorruptFileError(
                f"{source} holds {some.dtype} images {some.shape} with labels {their_labels.shape}, and bytes of the "
                f"shape (images, {', '.join(map(str, dataset.shape))}) with a label each were expected."
            )
        if count + len(some) <= size:
            pixels[count : count + len(some)], labels[count : count + len(some)] = some, their_labels
        count += len(some)
    if count != size:
        raise CorruptFileError(f"{source} holds {count:,} {split} images of {dataset.name!r}, not {size:,}.")
    if size and not 0 <= labels.min() <= labels.max() < dataset.classes:
        raise CorruptFileError(
            f"{source} has labels from {labels.min()} to {labels.max()}, and those of {dataset.name!r} are 0 to "
            f"{dataset.classes - 1}."
        )
    return pixels, labels
