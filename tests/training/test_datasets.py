"""The published data sets as arrays: their known numbers, each layout, and everything that can be wrong with files."""

import dataclasses
import gzip
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from nasbench_ga.errors import CorruptFileError, DatasetNotFoundError, NasbenchError, UnknownNameError
from nasbench_ga.training import DATASETS, DataSet, Layout, load_images, register_dataset
from nasbench_ga.training.formats import read_records
from tests.support.payload import Runs
from tests.training.conftest import Arrays, Recognise, arrays, batch, md5_of, put, records

SIZES = {"train": 10, "test": 3}
BATCHES = range(1, 6)
FIRST_LABELS = {  # as whoever has looked at these data sets knows them
    "cifar10": [6, 9, 9, 4, 1, 1, 2, 7, 8, 3],
    "mnist": [5, 0, 4, 1, 9, 2, 1, 3, 1, 4],
    "fashion-mnist": [9, 0, 0, 3, 0, 2, 7, 2, 5, 5],
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder without $NASBENCH_GA_DATA."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NASBENCH_GA_DATA", raising=False)
    return tmp_path


def put_binary(folder: Path) -> Arrays:
    """CIFAR-10's binary version, with two training images a file; gives the training images in order."""
    parts = [arrays(number, 2) for number in BATCHES]
    for number, part in zip(BATCHES, parts, strict=True):
        put(folder / f"cifar-10-batches-bin/data_batch_{number}.bin", records(*part))
    put(folder / "cifar-10-batches-bin/test_batch.bin", records(*arrays(6, 3)))
    return tuple(np.concatenate(some) for some in zip(*parts, strict=True))


def put_python(folder: Path) -> None:
    """The same images as CIFAR-10's python version."""
    for number in BATCHES:
        pixels, labels = arrays(number, 2)
        put(folder / f"cifar-10-batches-py/data_batch_{number}", batch(pixels, labels=labels))
    pixels, labels = arrays(6, 3)
    put(folder / "cifar-10-batches-py/test_batch", batch(pixels, labels=labels))


# --- The official files


@pytest.mark.parametrize(("name", "count"), [("cifar10", 50_000), ("mnist", 60_000), ("fashion-mnist", 60_000)])
def test_official_training_images(images_folder: Path, name: str, count: int) -> None:
    images = load_images(name, folders=[images_folder])
    about = images.dataset
    assert (images.name, images.split, len(images), about.classes) == (name, "train", count, 10)
    assert (images.pixels.shape, images.pixels.dtype) == ((count, *about.shape), np.uint8)
    assert (images.labels.shape, images.labels.dtype) == ((count,), np.int64)
    assert images.pixels.flags.c_contiguous
    assert images.labels[:10].tolist() == FIRST_LABELS[name]
    scaled = images.pixels.transpose(1, 0, 2, 3).reshape(about.channels, -1) / np.float32(255)
    np.testing.assert_allclose(scaled.mean(1, dtype=float), about.mean, atol=3e-4)
    np.testing.assert_allclose(scaled.std(1, dtype=float), about.std, atol=3e-4)
    if name != "mnist":
        assert np.bincount(images.labels).tolist() == [count // 10] * 10


def test_official_counts_of_mnist(images_folder: Path) -> None:
    train, test = (np.bincount(load_images("mnist", split, folders=[images_folder]).labels) for split in SIZES)
    assert train.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert test.tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_unpacked_files_give_the_same(images_folder: Path, home: Path) -> None:
    """As torchvision leaves them, checked against the checksums of the unpacked files."""
    for name, folder in (("mnist", "MNIST/raw"), ("fashion-mnist", "FashionMNIST/raw")):
        for packed in (images_folder / name).glob("t10k*.gz"):
            put(home / folder / packed.stem, gzip.decompress(packed.read_bytes()))
        unpacked, packed_images = (load_images(name, "test", folders=[place]) for place in (home, images_folder))
        assert unpacked.path == home / folder
        assert np.array_equal(unpacked.pixels, packed_images.pixels)
        assert np.array_equal(unpacked.labels, packed_images.labels)


def test_a_part_of_the_official_file_is_not_the_official_file(cifar100_sliver: Path) -> None:
    with pytest.raises(CorruptFileError, match=r"test.bin is not the published file: 2,815,784 bytes .* 4499cfba"):
        load_images("cifar100", "test", folders=[cifar100_sliver])


# --- Layouts


def test_both_versions_of_cifar_10_are_equal(home: Path, recognise: Recognise) -> None:
    pixels, labels = put_binary(home / "binary")
    put_python(home / "python")
    for place in ("binary", "python"):
        recognise("cifar10", home / place, SIZES)
        images = load_images("cifar10", folders=[home / place])
        assert images.path is not None
        assert images.path.parent == home / place
        assert images.pixels.tobytes() == pixels.tobytes()
        assert images.labels.tolist() == labels.tolist()
        assert load_images("cifar10", "test", folders=[home / place]).labels.tolist() == arrays(6, 3)[1].tolist()


def test_both_versions_of_cifar_100_are_equal(home: Path, recognise: Recognise) -> None:
    pixels, fine = arrays(0, 10, classes=100)
    coarse = fine // 5
    put(home / "binary/cifar-100-binary/train.bin", records(pixels, coarse, fine))
    put(home / "python/cifar-100-python/train", batch(pixels, coarse_labels=coarse, fine_labels=fine))
    for place in ("binary", "python"):
        recognise("cifar100", home / place, SIZES)
        images = load_images("cifar100", folders=[home / place])
        assert images.pixels.tobytes() == pixels.tobytes()
        assert images.labels.tolist() == fine.tolist()


@pytest.mark.parametrize("python", [2, 3])
def test_imagenet16_120(home: Path, recognise: Recognise, python: int) -> None:
    """The batches are counted from 1 to 10, not sorted as text; other classes are left out."""
    parts = [(arrays(number, 2, side=16)[0], np.array([number, 121])) for number in range(1, 11)]
    for number, (pixels, labels) in enumerate(parts, start=1):
        put(home / f"ImageNet16/train_data_batch_{number}", batch(pixels, python, labels=labels))
    recognise("ImageNet16-120", home, SIZES)
    images = load_images("ImageNet16-120", folders=[home])
    assert images.labels.tolist() == list(range(10))
    assert images.pixels.tolist() == [pixels[0].tolist() for pixels, _ in parts]


def test_where_is_searched(home: Path, recognise: Recognise, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("data", "second", "first"):
        put_binary(home / place)
    recognise("cifar10", home / "data", SIZES)
    assert load_images("cifar10").path == Path("data/cifar-10-batches-bin")
    monkeypatch.setenv("NASBENCH_GA_DATA", os.pathsep.join(["missing", "first", "second"]))
    assert load_images("cifar10").path == Path("first/cifar-10-batches-bin")
    assert load_images("cifar10", folders=["second"]).path == Path("second/cifar-10-batches-bin")


# --- Files that are missing or wrong


@pytest.mark.parametrize("name", [name for name, dataset in DATASETS.items() if dataset.layouts])
def test_an_absent_set_says_what_was_looked_for_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("NASBENCH_GA_DATA", "somewhere")
    with pytest.raises(DatasetNotFoundError) as raised:
        load_images(name)
    message = str(raised.value)
    assert f"The train images of {name!r} are in none of: somewhere, data (looked for " in message
    for layout in DATASETS[name].layouts:
        for file in layout.files["train"]:
            assert Path(file).name in message
            assert str(Path(file).parent) in message
    assert (f"training fetch {name}" in message) == (name != "ImageNet16-120")
    assert ("Google Drive" in message) == (name == "ImageNet16-120")


def test_a_set_that_is_there_in_part_says_what_is_missing(home: Path) -> None:
    put_binary(home)
    (home / "cifar-10-batches-bin/data_batch_3.bin").unlink()
    with pytest.raises(
        DatasetNotFoundError, match=r"in part only, without cifar-10-batches-bin/data_batch_3\.bin\. Get"
    ):
        load_images("cifar10", folders=[home / "nowhere", home])


def test_a_whole_layout_goes_before_a_part_of_one(home: Path, recognise: Recognise) -> None:
    put_binary(home)
    put_python(home)
    (home / "cifar-10-batches-bin/data_batch_3.bin").unlink()
    recognise("cifar10", home, SIZES)
    assert load_images("cifar10", folders=[home]).path == home / "cifar-10-batches-py"


@pytest.mark.parametrize("damage", [lambda content: content[:-3073], lambda content: b"\1" + content[1:]])
def test_a_damaged_file_is_the_error_and_nothing_else_is_read(home: Path, recognise: Recognise, damage) -> None:
    put_binary(home)
    put_python(home)
    recognise("cifar10", home, SIZES)
    path = home / "cifar-10-batches-bin/data_batch_4.bin"
    right = md5_of(path)
    put(path, damage(path.read_bytes()))
    with pytest.raises(CorruptFileError) as raised:
        load_images("cifar10", folders=[home])
    for expected in (str(path), right, md5_of(path), f"{path.stat().st_size:,} bytes", "fetch cifar10"):
        assert expected in str(raised.value)
    assert len(load_images("cifar10", "test", folders=[home])) == 3


def test_a_file_that_cannot_be_read(home: Path, recognise: Recognise, monkeypatch: pytest.MonkeyPatch) -> None:
    put_binary(home)
    recognise("cifar10", home, SIZES)

    def fail(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(CorruptFileError, match=r"data_batch_1.bin cannot be read: Permission denied"):
        load_images("cifar10", folders=[home])


def test_a_hostile_file_with_the_right_checksum_is_refused(home: Path, recognise: Recognise) -> None:
    put_python(home)
    put(home / "cifar-10-batches-py/data_batch_5", pickle.dumps(Runs(os.system, "touch marker"), 2))
    recognise("cifar10", home, SIZES)
    with pytest.raises(CorruptFileError, match=r"data_batch_5 cannot be read as plain data: it asks for"):
        load_images("cifar10", folders=[home])
    assert not (home / "marker").exists()


@pytest.mark.parametrize("count", [9, 11])
def test_another_number_of_images(home: Path, recognise: Recognise, count: int) -> None:
    put_binary(home)
    recognise("cifar10", home, {"train": count, "test": 3})
    with pytest.raises(CorruptFileError, match=rf"holds 10 train images of 'cifar10', not {count}\."):
        load_images("cifar10", folders=[home])


@pytest.mark.parametrize("label", [10, 255])
def test_labels_out_of_range(home: Path, recognise: Recognise, label: int) -> None:
    pixels, labels = arrays(0, 3)
    labels[1] = label
    put_binary(home)
    put(home / "cifar-10-batches-bin/test_batch.bin", records(pixels, labels))
    recognise("cifar10", home, SIZES)
    with pytest.raises(CorruptFileError, match=rf"labels from \d to {label}, and those of 'cifar10' are 0 to 9"):
        load_images("cifar10", "test", folders=[home])


def test_unknown_names() -> None:
    with pytest.raises(UnknownNameError, match=r"no data set 'cifar-10'; did you mean 'cifar10'"):
        load_images("cifar-10")
    with pytest.raises(UnknownNameError, match=r"no split 'tset' of the data set 'mnist'; did you mean 'test'"):
        load_images("mnist", "tset")


# --- Descriptions


@pytest.fixture(params=list(DATASETS))
def dataset(request: pytest.FixtureRequest) -> DataSet:
    return DATASETS[request.param]


def test_every_description_is_filled(dataset: DataSet) -> None:
    for field in dataclasses.fields(dataset):
        if field.name not in ("layouts", "make", "by_hand", "checksum_note"):
            assert getattr(dataset, field.name), field.name
    assert re.search(r"\b(19|20)\d\d\b", dataset.citation)
    assert bool(dataset.checksum_note) == bool(dataset.layouts)
    assert all(0 < number < 1 for number in (*dataset.mean, *dataset.std))


def test_every_file_has_a_checksum_of_its_own() -> None:
    checksums = [
        (md5, name)
        for dataset in DATASETS.values()
        for layout in dataset.layouts
        for names in layout.files.values()
        for name, md5 in names.items()
    ]
    assert all(re.fullmatch(r"[0-9a-f]{32}", md5) for md5, _ in checksums)
    names_of: dict[str, set[str]] = {}
    for md5, name in checksums:
        names_of.setdefault(md5, set()).add(Path(name).name)
    assert all(len(names) == 1 for names in names_of.values())
    assert len(names_of) == 12 + 4 + 11 + 8 + 8 + 2


def test_checksums_of_torchvision() -> None:
    """Some of those that torchvision's cifar.py has, to notice a slip."""
    python = [DATASETS[name].layouts[1] for name in ("cifar10", "cifar100")]
    assert [layout.downloads[0].checksum for layout in python] == [
        "md5:c58f30108f718f92721af3b95e74349a",
        "md5:eb9058c3a382ffc7106e4002c42a8d85",
    ]
    assert python[0].files["test"] == {"cifar-10-batches-py/test_batch": "40351d587109b95175f43aff81a1287e"}
    assert python[1].files["train"] == {"cifar-100-python/train": "16019d7e3df5f24257cddd939b257f8d"}
    assert {file.url: file.checksum for file in DATASETS["svhn"].layouts[0].downloads} == {
        "http://ufldl.stanford.edu/housenumbers/train_32x32.mat": "md5:e26dedcc434d2e4c54c9b2d4a06d8373",
        "http://ufldl.stanford.edu/housenumbers/test_32x32.mat": "md5:eb5a983be6a315427106f1b164d9cef3",
    }


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar10", "cifar100", "svhn"])
def test_every_file_of_these_can_be_fetched(name: str) -> None:
    """From an official address, with a checksum; either itself or an archive of it."""
    for layout in DATASETS[name].layouts[:1]:
        files = {file for files in layout.files.values() for file in files}
        fetched = {download.file_name for download in layout.downloads}
        assert fetched == files or all(file.endswith(".tar.gz") for file in fetched)
        assert all(re.fullmatch("md5:[0-9a-f]{32}", download.checksum or "") for download in layout.downloads)
        assert all(download.url.startswith("http") for download in layout.downloads)


# --- Data sets of one's own


@pytest.fixture
def own() -> Iterator[DataSet]:
    """A data set that is made, and forgotten after the test."""
    yield DataSet(
        name="stripes",
        title="Stripes",
        description="Horizontal or vertical.",
        classes=2,
        channels=1,
        height=4,
        width=4,
        mean=(0.5,),
        std=(0.5,),
        sizes={"train": 6},
        make=lambda split: (np.zeros((6, 1, 4, 4), np.uint8), np.arange(6) % 2),
    )
    if "stripes" in DATASETS:
        DATASETS.unregister("stripes")


def test_a_set_of_ones_own(own: DataSet) -> None:
    register_dataset(own)
    images = load_images("stripes")
    assert (images.dataset, images.path, images.labels.tolist()) == (own, None, [0, 1] * 3)
    with pytest.raises(NasbenchError, match="'stripes' is registered already"):
        register_dataset(own)


def test_files_without_a_published_checksum(own: DataSet, home: Path) -> None:
    """They are read, and still have to be as described: 17 bytes an image, two classes."""
    layout = Layout({"train": {"stripes/all.bin": None}}, partial(read_records, shape=(1, 4, 4)))
    register_dataset(dataclasses.replace(own, make=None, layouts=(layout,), homepage="https://example.org"))
    with pytest.raises(DatasetNotFoundError, match=r"looked for stripes/all\.bin\)\. See https://example\.org for how"):
        load_images("stripes")
    for label, size, reason in ((1, 6 * 17, None), (2, 6 * 17, "labels from 2 to 2"), (1, 5 * 17, "5 train images")):
        put(home / "data/stripes/all.bin", bytes([label]) * size)
        if reason is None:
            assert load_images("stripes").labels.tolist() == [1] * 6
        else:
            with pytest.raises(CorruptFileError, match=reason):
                load_images("stripes")


def test_a_set_that_is_made_otherwise_than_described(own: DataSet) -> None:
    register_dataset(dataclasses.replace(own, make=lambda split: (np.zeros((6, 1, 4, 4)), np.zeros(6, int))))
    with pytest.raises(CorruptFileError, match=r"What makes 'stripes' holds float64 images \(6, 1, 4, 4\)"):
        load_images("stripes")


def test_descriptions_that_contradict_themselves(own: DataSet) -> None:
    with pytest.raises(NasbenchError, match="mean and std have to be that many"):
        dataclasses.replace(own, channels=3)
    with pytest.raises(NasbenchError, match="either layouts of files or a way to make it"):
        dataclasses.replace(own, make=None)
    with pytest.raises(NasbenchError, match="files of the splits train, valid"):
        dataclasses.replace(DATASETS["mnist"], sizes={"train": 1, "valid": 1})


# --- Photographs


def test_photographs() -> None:
    sklearn_datasets = pytest.importorskip("sklearn.datasets")
    china, flower = sklearn_datasets.load_sample_images().images
    images = load_images("photographs")
    assert (images.name, images.split, images.pixels.shape) == ("photographs", "train", (520, 3, 32, 32))
    assert images.pixels.flags.c_contiguous
    assert images.labels.tolist() == [0] * 260 + [1] * 260
    for index, photograph in ((0, china), (260, flower)):
        for row, column in ((0, 0), (0, 19), (1, 0), (12, 19)):
            expected = photograph[32 * row : 32 * row + 32, 32 * column : 32 * column + 32]
            assert np.array_equal(images.pixels[index + 20 * row + column].transpose(1, 2, 0), expected)
    scaled = images.pixels.transpose(1, 0, 2, 3).reshape(3, -1) / 255
    np.testing.assert_allclose(scaled.mean(1), images.dataset.mean, atol=1e-3)
    np.testing.assert_allclose(scaled.std(1), images.dataset.std, atol=1e-3)


def test_without_scikit_learn_it_says_what_to_install() -> None:
    code = """
import sys
sys.modules["sklearn.datasets"] = None
from nasbench_ga.training import load_images
from nasbench_ga.console import guarded
sys.exit(guarded(lambda: load_images("photographs")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: The photographs come with scikit-learn, which is not installed; install it")
