"""House numbers: their layout, their labels, and real ones."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from nasbench_ga.errors import CorruptFileError
from nasbench_ga.training import DATASETS, load_images
from nasbench_ga.training.formats import read_matlab
from tests.training.conftest import Arrays, Recognise, arrays, mat, put
from tests.training.test_formats import holding

SHAPE = (3, 32, 32)


def test_the_official_sliver(svhn_sliver: Arrays, tmp_path: Path, recognise: Recognise) -> None:
    """Real digits come out of the official format as they were."""
    pixels, labels = svhn_sliver
    put(tmp_path / "svhn/train_32x32.mat", mat(pixels, labels))
    recognise("svhn", tmp_path, {"train": 1083, "test": 0})
    images = load_images("svhn", folders=[tmp_path])
    assert images.labels[:10].tolist() == [1, 9, 2, 3, 2, 5, 9, 3, 3, 1]
    assert images.labels.tolist() == labels.tolist()
    assert set(images.labels.tolist()) == set(range(10))
    assert np.array_equal(images.pixels, pixels)
    assert images.pixels.flags.c_contiguous
    stored = scipy.io.loadmat(tmp_path / "svhn/train_32x32.mat")  # as torchvision's svhn.py makes images of it
    assert np.array_equal(images.pixels, stored["X"].transpose(3, 2, 0, 1))
    assert np.array_equal(images.labels, stored["y"][:, 0] % 10)
    assert stored["y"].max() == 10
    scaled = images.pixels.transpose(1, 0, 2, 3).reshape(3, -1) / 255
    np.testing.assert_allclose(scaled.mean(1), images.dataset.mean, atol=0.03)
    np.testing.assert_allclose(scaled.std(1), images.dataset.std, atol=0.03)


@pytest.mark.parametrize("folder", ["svhn", "SVHN", "."])
def test_the_files_may_lie_where_torchvision_puts_them(tmp_path: Path, recognise: Recognise, folder: str) -> None:
    for split, count in {"train": 4, "test": 3}.items():
        put(tmp_path / folder / f"{split}_32x32.mat", mat(*arrays(count, count)))
    recognise("svhn", tmp_path, {"train": 4, "test": 3})
    for split, count in {"train": 4, "test": 3}.items():
        images = load_images("svhn", split, folders=[tmp_path])
        assert images.path == tmp_path / folder
        assert images.labels.tolist() == arrays(count, count)[1].tolist()


def test_the_published_numbers() -> None:
    svhn = DATASETS["svhn"]
    assert (svhn.sizes, svhn.shape, svhn.classes) == ({"train": 73_257, "test": 26_032}, SHAPE, 10)


@pytest.mark.parametrize("kind", [np.uint8, np.float64, np.int32])
@pytest.mark.parametrize("packed", [False, True])
def test_labels_of_any_type(kind: type, packed: bool) -> None:
    pixels, labels = arrays(0, 12)
    [(some, theirs)] = read_matlab(holding(mat(pixels, labels, packed=packed, kind=kind)), shape=SHAPE, classes=10)
    assert np.array_equal(some, pixels)
    assert theirs.tolist() == labels.tolist()
    assert theirs.dtype == np.int64


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            (arrays(0, 3, side=16)[0], np.arange(3)),
            r"uint8 \(16, 16, 3, 3\) as 'X', and bytes .* \(32, 32, 3, images\)",
        ),
        ((np.zeros((3, 3, 32, 32)), np.arange(3)), r"float64 \(32, 32, 3, 3\) as 'X'"),
        ((arrays(0, 3)[0], np.arange(2)), r"uint8 \(2, 1\) as 'y', and a whole number from 1 to 10 for each of 3 im"),
        ((arrays(0, 3)[0], np.array([1, 2, 11])), r"uint8 \(3, 1\) as 'y'"),
    ],
)
def test_other_arrays_are_something_else(content: Arrays, reason: str) -> None:
    with pytest.raises(CorruptFileError, match=rf"^file 0 holds {reason}.*something else\.$"):
        list(read_matlab(holding(mat(*content)), shape=SHAPE, classes=10))


def test_labels_that_are_no_whole_numbers() -> None:
    content = mat(arrays(0, 2)[0], np.array([1, 2.5]), kind=np.float64)
    with pytest.raises(CorruptFileError, match=r"float64 \(2, 1\) as 'y'"):
        list(read_matlab(holding(content), shape=SHAPE, classes=10))


def test_other_names_are_something_else(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "a.mat", {"X": [[1]], "labels": [[1]]})
    with pytest.raises(CorruptFileError, match=r"^file 0 holds the arrays of numbers X, labels, and X and y were exp"):
        list(read_matlab(holding((tmp_path / "a.mat").read_bytes()), shape=SHAPE, classes=10))


def test_cut_short() -> None:
    with pytest.raises(CorruptFileError, match=r"^file 0 is cut short or damaged"):
        list(read_matlab(holding(mat(*arrays(0, 3))[:-100]), shape=SHAPE, classes=10))
