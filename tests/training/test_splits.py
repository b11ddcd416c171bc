"""Training, validation and test images: how many of each class, never the same ones, and what stands in for a test."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedShuffleSplit

from nasbench_ga.errors import CorruptFileError, DatasetNotFoundError, NasbenchError, UnknownNameError
from nasbench_ga.training import DATASETS, Images, load_images
from nasbench_ga.training.splits import Splits, split_images, split_rows
from tests.training.conftest import Recognise, arrays, put, records

FOLDER = "cifar-100-binary"

labels_of_images = st.lists(st.integers(0, 6), min_size=2, max_size=80).map(np.array)


# --- Rows


@given(labels=labels_of_images, seed=st.integers(0, 2**32 - 1), data=st.data())
def test_no_row_is_in_both_and_none_is_lost(labels: np.ndarray, seed: int, data: st.DataObject) -> None:
    validation = data.draw(st.integers(0, len(labels) - 1))
    train, held_out = split_rows(labels, validation, seed)
    assert sorted([*train, *held_out]) == list(range(len(labels)))
    assert (held_out.tolist(), train.tolist()) == (sorted(held_out), sorted(train))
    assert len(held_out) == validation


@given(labels=labels_of_images, seed=st.integers(0, 99), data=st.data())
def test_every_class_has_its_share(labels: np.ndarray, seed: int, data: st.DataObject) -> None:
    """As many as the docstring says, of those held out; and of those trained on, the difference of two such."""
    validation = data.draw(st.integers(0, len(labels) - 1))
    limit = data.draw(st.integers(1, len(labels) - validation))
    train, held_out = split_rows(labels, validation, seed, limit)
    shares = np.bincount(labels) / len(labels)
    slack = (1 + shares * np.count_nonzero(shares)) / 2 + 1e-9
    for rows, times in ((held_out, 1), (train, 2)):
        found = np.bincount(labels[rows], minlength=len(shares))
        assert (np.abs(found - shares * len(rows)) <= times * slack).all()


@given(labels=labels_of_images, seed=st.integers(0, 99), data=st.data())
def test_a_smaller_draw_is_a_part_of_a_larger_one(labels: np.ndarray, seed: int, data: st.DataObject) -> None:
    less, more = sorted(data.draw(st.integers(0, len(labels) - 2)) for _ in range(2))
    held_out = [set(split_rows(labels, size, seed)[1].tolist()) for size in (less, more)]
    assert held_out[0] <= held_out[1]
    small, large = sorted(data.draw(st.integers(1, len(labels) - less)) for _ in range(2))
    some, many = (split_rows(labels, less, seed, limit) for limit in (small, large))
    assert set(some[0].tolist()) <= set(many[0].tolist())
    assert set(some[1].tolist()) == set(many[1].tolist()) == held_out[0]


def test_balanced_classes_are_held_out_equally() -> None:
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 60))
    train, held_out = split_rows(labels, 100, 0, 200)
    assert np.bincount(labels[held_out]).tolist() == [10] * 10
    assert np.bincount(labels[train]).tolist() == [20] * 10


def test_the_shares_are_those_of_scikit_learn() -> None:
    """Of MNIST's classes, to within an image."""
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(10), counts))
    [(_, theirs)] = StratifiedShuffleSplit(1, test_size=5000, random_state=0).split(labels[:, None], labels)
    _, ours = split_rows(labels, 5000, 0)
    assert np.abs(np.bincount(labels[ours]) - np.bincount(labels[theirs])).max() <= 1


def test_each_image_is_held_out_as_often_as_any_other() -> None:
    """Over many seeds: a chi-square of 23 degrees of freedom, far below its 0.9999 quantile of 60."""
    labels = np.repeat([0, 1, 2], 8)
    times = np.zeros(24)
    for seed in range(800):
        times[split_rows(labels, 6, seed)[1]] += 1
    expected = 800 * 6 / 24
    assert ((times - expected) ** 2 / expected).sum() < 60


def test_seeds_differ_and_one_gives_the_same_again() -> None:
    labels = np.arange(100) % 10
    first, again, other = (split_rows(labels, 20, seed)[1].tolist() for seed in (0, 0, 1))
    assert first == again != other
    assert first == [5, 8, 9, 11, 16, 19, 20, 27, 36, 37, 44, 52, 75, 81, 82, 83, 90, 93, 94, 98]


@pytest.mark.parametrize(
    ("validation", "limit", "reason"),
    [
        (30, None, r"^30 validation images were asked for; there are 30 images .* it can be 0 to 29, in a search 1 "),
        (1_000, None, r"^1,000 validation images were asked for"),
        (-1, None, r"^-1 validation images were asked for"),
        (10, 21, r"^21 images to train on were asked for; with 10 of 30 held out for validation it can be 1 to 20 "),
        (10, 0, r"^0 images to train on were asked for"),
    ],
)
def test_more_than_there_are(validation: int, limit: int | None, reason: str) -> None:
    with pytest.raises(NasbenchError, match=reason):
        split_rows(np.arange(30) % 3, validation, 0, limit)


# --- Data sets


def put_cifar100(folder: Path, sizes: dict[str, int]) -> None:
    """Images that can be told apart, a hundred classes in turn."""
    for seed, (split, count) in enumerate(sizes.items()):
        labels = np.arange(count) % 100
        put(folder / FOLDER / f"{split}.bin", records(arrays(seed, count)[0], labels // 5, labels))


@pytest.fixture
def small(tmp_path: Path, recognise: Recognise) -> Path:
    """A CIFAR-100 of 400 and 60 images."""
    put_cifar100(tmp_path, {"train": 400, "test": 60})
    recognise("cifar100", tmp_path, {"train": 400, "test": 60})
    return tmp_path


def keys(images: Images | None) -> set[bytes]:
    assert images is not None
    assert len({image.tobytes() for image in images.pixels}) == len(images.pixels) == len(images.labels)
    return {image.tobytes() for image in images.pixels}


def test_with_the_official_test_images(small: Path) -> None:
    splits = split_images("cifar100", validation=100, test=True, folders=[small])
    assert [(some.split, len(some)) for some in (splits.train, splits.validation, splits.test)] == [
        ("train", 300),
        ("validation", 100),
        ("test", 60),
    ]
    assert splits.notes == ()
    assert keys(splits.train) | keys(splits.validation) == keys(load_images("cifar100", folders=[small]))
    assert not keys(splits.train) & keys(splits.validation)
    assert keys(splits.test) == keys(load_images("cifar100", "test", folders=[small]))
    assert splits.validation.labels.tolist() != sorted(splits.validation.labels.tolist())
    assert np.bincount(splits.validation.labels).tolist() == [1] * 100
    assert splits.train.dataset is splits.test.dataset
    assert split_images("cifar100", folders=[small]).test is None


@pytest.mark.parametrize(
    ("size", "expected"), [(60, 60), (200, 80)], ids=["as many as there should be", "a fifth at most"]
)
def test_the_last_training_images_stand_in(small: Path, recognise: Recognise, size: int, expected: int) -> None:
    (small / FOLDER / "test.bin").unlink()
    recognise("cifar100", small, {"train": 400, "test": size})
    official = load_images("cifar100", folders=[small])
    with_test, without = (split_images("cifar100", test=test, folders=[small]) for test in (True, False))
    for splits in (with_test, without):
        assert len(splits.validation) == 40
        assert len(splits.train) == 400 - expected - 40
        [note] = splits.notes
        assert note == (
            f"The official test images of CIFAR-100 are not here: the last {expected} of its 400 training images stand "
            "in for them, and are neither trained nor validated on."
        )
    assert keys(with_test.train) == keys(without.train)
    assert without.test is None
    assert with_test.test is not None
    assert np.array_equal(with_test.test.pixels, official.pixels[-expected:])
    assert np.array_equal(with_test.test.labels, official.labels[-expected:])
    assert not keys(with_test.test) & (keys(with_test.train) | keys(with_test.validation))


@given(
    validation=st.integers(0, 200), seed=st.integers(0, 99), limit=st.none() | st.integers(1, 100), here=st.booleans()
)
def test_no_image_is_ever_in_two(
    tmp_path_factory: pytest.TempPathFactory, validation: int, seed: int, limit: int | None, here: bool
) -> None:
    """Of any data set that is made; where there is a test split it is another one."""
    name = f"numbered-{here}"
    if name not in DATASETS:
        DATASETS.register(name)(numbered(name, 310, {"train": 310, "test": 5} if here else {"train": 310}))
    try:
        splits = split_images(name, validation=validation, seed=seed, limit=limit, test=here)
    finally:
        DATASETS.unregister(name)
    parts = [keys(some) for some in (splits.train, splits.validation, *([splits.test] if here else []))]
    assert len(set.union(*parts)) == sum(map(len, parts)) == (limit or 310 - validation) + validation + 5 * here
    assert splits.notes == ()


def numbered(name: str, count: int, sizes: dict[str, int]):
    def make(split: str) -> tuple[np.ndarray, np.ndarray]:
        numbers = np.arange(sizes[split]) + (500 if split == "test" else 0)
        return numbers.astype(">u2").view(np.uint8).reshape(-1, 1, 1, 2).copy(), numbers % 7

    return dataclasses.replace(
        DATASETS["mnist"], name=name, height=1, width=2, classes=7, sizes=sizes, layouts=(), make=make
    )


def test_a_limit_is_of_every_class_alike(small: Path) -> None:
    splits = split_images("cifar100", validation=100, limit=200, folders=[small])
    assert len(splits.train) == 200
    assert np.bincount(splits.train.labels).tolist() == [2] * 100


def test_mnist_by_default(images_folder: Path) -> None:
    splits = split_images("mnist", test=True, folders=[images_folder])
    assert (len(splits.train), len(splits.validation), len(splits.test or ())) == (55_000, 5_000, 10_000)
    official = np.bincount(load_images("mnist", folders=[images_folder]).labels)
    assert np.abs(np.bincount(splits.validation.labels) - official / 12).max() <= 1


@pytest.mark.slow
def test_cifar_10_without_its_test_images(images_folder: Path) -> None:
    """The last batch is the test; of the others 5,000 are held out, 500 of each class or nearly."""
    splits: Splits = split_images("cifar10", test=True, folders=[images_folder])
    assert (len(splits.train), len(splits.validation), len(splits.test or ())) == (35_000, 5_000, 10_000)
    batch = (images_folder / "cifar-10-batches-bin/data_batch_5.bin").read_bytes()
    assert splits.test is not None
    assert splits.test.labels.tolist() == list(batch[::3073])
    assert splits.test.pixels[-1].tobytes() == batch[-3072:]
    assert np.bincount(splits.validation.labels).min() > 490
    assert "the last 10,000 of its 50,000 training images stand in" in splits.notes[0]


def test_photographs_have_no_test() -> None:
    pytest.importorskip("sklearn")
    splits = split_images("photographs")
    assert (len(splits.train), len(splits.validation), splits.test, splits.notes) == (468, 52, None, ())
    with pytest.raises(NasbenchError, match=r"'photographs' has no test images, and they were asked for.*without a"):
        split_images("photographs", test=True)


def test_what_is_wrong_is_said(small: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'mnist'"):
        split_images("minst")
    with pytest.raises(DatasetNotFoundError, match=r"The train images of 'mnist' are in none of"):
        split_images("mnist", folders=[small])
    with pytest.raises(NasbenchError, match=r"400 validation images were asked for"):
        split_images("cifar100", validation=400, folders=[small])
    put(small / FOLDER / "test.bin", b"damaged")
    split_images("cifar100", folders=[small])
    with pytest.raises(CorruptFileError, match=r"test\.bin is not the published file"):
        split_images("cifar100", test=True, folders=[small])
