"""Small data sets that lie as the official ones do, and pass for them."""

import dataclasses
import hashlib
import io
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from nasbench_ga.training import DATASETS, DataSet
from nasbench_ga.training.datasets import Layout
from tests.support import python2_pickle

Recognise = Callable[[str, Path, Mapping[str, int]], DataSet]
Arrays = tuple[np.ndarray, np.ndarray]


@pytest.fixture
def recognise(monkeypatch: pytest.MonkeyPatch) -> Recognise:
    """Makes the files that lie in a folder pass for the published ones of a data set, with other sizes."""

    def change(name: str, folder: Path, sizes: Mapping[str, int]) -> DataSet:
        dataset = DATASETS[name]
        layouts = tuple(_recognised(layout, folder) for layout in dataset.layouts)
        changed = dataclasses.replace(dataset, layouts=layouts, sizes=sizes)
        monkeypatch.setitem(DATASETS._entries, name, changed)
        return changed

    return change


def _recognised(layout: Layout, folder: Path) -> Layout:
    files = {
        split: {name: md5_of(folder / name) if (folder / name).exists() else md5 for name, md5 in names.items()}
        for split, names in layout.files.items()
    }
    return dataclasses.replace(layout, files=files)


def md5_of(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def arrays(seed: int, count: int, *, classes: int = 10, side: int = 32) -> Arrays:
    """Pixels and labels of images that are made up."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, 3, side, side), np.uint8), rng.integers(0, classes, count)


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def records(pixels: np.ndarray, *labels: np.ndarray) -> bytes:
    """Binary records, as the homepage of CIFAR describes them."""
    return b"".join(
        bytes(int(column[index]) for column in labels) + image.tobytes() for index, image in enumerate(pixels)
    )


def batch(pixels: np.ndarray, python: int = 2, **labels: np.ndarray) -> bytes:
    """A pickled batch, as the homepage of CIFAR describes it."""
    content = {
        "data": pixels.reshape(len(pixels), -1),
        "batch_label": "a batch",
        **{key: numbers.tolist() for key, numbers in labels.items()},
    }
    return python2_pickle.dumps(content) if python == 2 else pickle.dumps(content, 4)


def mat(pixels: np.ndarray, labels: np.ndarray, *, packed: bool = True, kind: type = np.uint8) -> bytes:
    """A MATLAB file, as the homepage of SVHN describes it and scipy writes it; the digit 0 has the label 10."""
    file = io.BytesIO()
    content = {"X": pixels.transpose(2, 3, 1, 0), "y": np.where(labels == 0, 10, labels).astype(kind)[:, None]}
    scipy.io.savemat(file, content, do_compression=packed)
    return file.getvalue()


@pytest.fixture(scope="session")
def cifar100_sliver(published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the first 486 and 916 images of the official binary files of CIFAR-100."""
    folder = tmp_path_factory.mktemp("sliver")
    subprocess.run([sys.executable, published("unpack.py"), folder, "cifar100"], check=True)
    return folder


@pytest.fixture(scope="session")
def svhn_sliver(published, tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    """The first 1,083 official training images of SVHN, and their labels, 0 to 9."""
    folder = tmp_path_factory.mktemp("svhn")
    subprocess.run([sys.executable, published("unpack.py"), folder, "svhn"], check=True)
    with np.load(folder / "svhn/train_first1083.npz") as sliver:
        return sliver["x"], sliver["y"]
