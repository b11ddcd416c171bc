"""Batches of images: against torchvision's and its authors' way of augmenting, one image at a time, in numpy."""

import dataclasses
import itertools
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nasbench_ga.errors import NasbenchError
from nasbench_ga.training import DATASETS, DataSet, Images, draw_batch
from nasbench_ga.training.device_images import Augmentation, DeviceImages

CPU = torch.device("cpu")
FORMATS = [torch.contiguous_format, torch.channels_last]


def described(channels: int, height: int, width: int, count: int) -> DataSet:
    return dataclasses.replace(
        DATASETS["mnist"],
        name="drawn",
        channels=channels,
        height=height,
        width=width,
        mean=(0.4377, 0.4438, 0.4728)[:channels],
        std=(0.1980, 0.2010, 0.1970)[:channels],
        sizes={"train": count},
        layouts=(),
        make=lambda _: (np.empty(0, np.uint8), np.empty(0, int)),
    )


def drawn(channels: int = 3, height: int = 6, width: int = 5, count: int = 4) -> Images:
    """Images without a black pixel."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(1, 256, (count, channels, height, width), np.uint8)
    return Images(described(channels, height, width, count), "train", pixels, rng.integers(0, 10, count), None)


def normalised(images: Images, pixels: np.ndarray) -> np.ndarray:
    """torchvision's ToTensor and Normalize, in double precision."""
    mean, std = (np.array(numbers)[:, None, None] for numbers in (images.dataset.mean, images.dataset.std))
    return (pixels / 255 - mean) / std


def batches(images: Images, row: int, count: int, augmentation: Augmentation, seed: int = 0) -> np.ndarray:
    """One image, varied so many times."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        rows = torch.full((count,), row)
        batch, labels = DeviceImages(images, CPU).batch(rows, augmentation)
    assert labels.tolist() == [images.labels[row]] * count
    return batch.numpy()


def raw(images: Images, batch: np.ndarray) -> np.ndarray:
    """The bytes that were normalised."""
    mean, std = (np.array(numbers)[:, None, None] for numbers in (images.dataset.mean, images.dataset.std))
    pixels = (batch * std + mean) * 255
    assert np.abs(pixels - np.rint(pixels)).max() < 1e-3
    return np.rint(pixels).astype(np.uint8)


def fits(counts: np.ndarray) -> bool:
    """Whether counts may come of a uniform distribution (wrongly no once in 100,000)."""
    return stats.chisquare(counts).pvalue > 1e-5


# --- Without augmentation


@given(
    channels=st.sampled_from([1, 3]),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    rows=st.lists(st.integers(0, 6), max_size=9),
    memory_format=st.sampled_from(FORMATS),
)
def test_batches_are_normalised_as_published(
    channels: int, height: int, width: int, rows: list[int], memory_format: torch.memory_format
) -> None:
    images = drawn(channels, height, width, 7)
    there = DeviceImages(images, CPU)
    batch, labels = there.batch(torch.tensor(rows, dtype=torch.int64), memory_format=memory_format)
    np.testing.assert_allclose(batch.numpy(), normalised(images, images.pixels[rows]), rtol=1e-5, atol=2e-6)
    assert labels.tolist() == images.labels[rows].tolist()
    assert batch.is_contiguous(memory_format=memory_format)
    assert (len(there), there.shape, there.classes) == (7, (channels, height, width), 10)


def test_they_are_those_of_draw_batch() -> None:
    """Grey images in three channels too."""
    images = drawn(1, 6, 5, 20)
    chosen = np.random.default_rng(3).choice(20, 8, replace=False)
    batch, _ = DeviceImages(images, CPU, channels=3).batch(torch.from_numpy(chosen))
    np.testing.assert_allclose(batch.numpy(), draw_batch(images, 8, 3).pixels, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
@pytest.mark.parametrize("memory_format", FORMATS)
def test_other_numbers_are_rounded_once(dtype: torch.dtype, memory_format: torch.memory_format) -> None:
    there = DeviceImages(drawn(), CPU)
    batch, _ = there.batch(torch.arange(4), None, dtype, memory_format)
    assert batch.dtype == dtype
    assert torch.equal(batch, there.batch(torch.arange(4))[0].to(dtype))
    assert batch.is_contiguous(memory_format=memory_format)


def test_what_is_kept() -> None:
    """A byte a pixel, in the memory of the images where that can be done; images are never changed."""
    images = drawn()
    before = images.pixels.copy()
    there = DeviceImages(images, CPU)
    assert there.pixels.data_ptr() == images.pixels.ctypes.data
    there.batch(torch.arange(4), Augmentation(2, True, 3))
    assert np.array_equal(images.pixels, before)
    assert (there.pixels.dtype, there.labels.dtype) == (torch.uint8, torch.int64)
    np.testing.assert_allclose(there.mean.flatten(), images.dataset.mean)
    np.testing.assert_allclose(there.std.flatten(), images.dataset.std)


def test_read_only_images_are_copied_without_a_word() -> None:
    images = drawn()
    images.pixels.flags.writeable = images.labels.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        there = DeviceImages(images, CPU)
    assert there.pixels.data_ptr() != images.pixels.ctypes.data
    assert there.batch(torch.arange(4))[1].tolist() == images.labels.tolist()


# --- Crops and flips


@given(
    channels=st.sampled_from([1, 3]),
    height=st.integers(1, 6),
    width=st.integers(1, 6),
    pad=st.integers(0, 3),
    flip=st.booleans(),
    seed=st.integers(0, 99),
)
def test_each_is_one_of_the_crops_and_flips(
    channels: int, height: int, width: int, pad: int, flip: bool, seed: int
) -> None:
    """torchvision: RandomCrop(size, padding=pad), then RandomHorizontalFlip(), then ToTensor() and Normalize()."""
    images = drawn(channels, height, width, 2)
    padded = np.pad(images.pixels[1], ((0, 0), (pad, pad), (pad, pad)))
    possible = set()
    for top, left in itertools.product(range(2 * pad + 1), repeat=2):
        piece = padded[:, top : top + height, left : left + width]
        possible |= {piece.tobytes()} | ({piece[:, :, ::-1].tobytes()} if flip else set())
    batch = batches(images, 1, 20, Augmentation(pad, flip), seed)
    assert {image.tobytes() for image in raw(images, batch)} <= possible


def test_places_and_flips_are_uniform_and_independent() -> None:
    images = drawn(1, 5, 4, 1)
    found = raw(images, batches(images, 0, 18_000, Augmentation(1, True)))
    padded = np.pad(images.pixels[0], ((0, 0), (1, 1), (1, 1)))
    counts = []
    for top, left, step in itertools.product(range(3), range(3), (1, -1)):
        piece = padded[:, top : top + 5, left : left + 4][:, :, ::step]
        counts.append((found == piece).all((1, 2, 3)).sum())
    assert sum(counts) == 18_000
    assert fits(np.array(counts))


def test_each_image_of_a_batch_is_varied_on_its_own() -> None:
    """Neighbours in a batch have the same place no more often than chance has it: once in nine times."""
    images = drawn(1, 6, 6, 1)
    found = raw(images, batches(images, 0, 9_000, Augmentation(1))).reshape(9_000, -1)
    same = (found[1:] == found[:-1]).all(1).sum()
    assert stats.binomtest(int(same), 8_999, 1 / 9).pvalue > 1e-5


def test_the_border_is_black_before_normalising() -> None:
    images = drawn(3, 4, 4, 1)
    batch = batches(images, 0, 50, Augmentation(4))
    black = normalised(images, np.zeros((3, 1, 1)))[:, 0, 0]
    np.testing.assert_allclose(batch.min((0, 2, 3)), black, rtol=1e-5)


# --- Cutout


def published_mask(height: int, width: int, length: int, y: int, x: int) -> np.ndarray:
    """What is kept, as the program of DeVries and Taylor computes it for a middle (util/cutout.py)."""
    mask = np.ones((height, width), bool)
    y1, y2 = np.clip(y - length // 2, 0, height), np.clip(y + length // 2, 0, height)
    x1, x2 = np.clip(x - length // 2, 0, width), np.clip(x + length // 2, 0, width)
    mask[y1:y2, x1:x2] = False
    return mask


@given(height=st.integers(1, 7), width=st.integers(1, 7), side=st.sampled_from([2, 4, 6, 16]), seed=st.integers(0, 99))
def test_cutout_is_one_of_the_published_squares(height: int, width: int, side: int, seed: int) -> None:
    images = drawn(3, height, width, 1)
    masks = {published_mask(height, width, side, y, x).tobytes() for y in range(height) for x in range(width)}
    batch = batches(images, 0, 20, Augmentation(cutout=side), seed)
    for image in batch:
        kept = (image != 0).any(0)
        assert kept.tobytes() in masks
        np.testing.assert_allclose(image, normalised(images, images.pixels[0]) * kept, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("side", [1, 3, 4, 9])
def test_areas_are_those_of_the_definition(side: int) -> None:
    """A square of that side with its middle anywhere, uniformly, clipped at the border: every area as often."""
    images = drawn(1, 6, 5, 1)
    batch = batches(images, 0, 12_000, Augmentation(cutout=side))
    starts = [np.arange(length) - side // 2 for length in (6, 5)]
    heights, widths = (
        np.minimum(some + side, length) - np.maximum(some, 0) for some, length in zip(starts, (6, 5), strict=True)
    )
    areas = np.outer(heights, widths).ravel()
    found = (batch == 0).sum((1, 2, 3))
    expected = np.bincount(areas, minlength=31) / 30 * 12_000
    counts = np.bincount(found, minlength=31)
    assert (counts[expected == 0] == 0).all()
    assert len(set(areas)) == 1 or stats.chisquare(counts[expected > 0], expected[expected > 0]).pvalue > 1e-5


def test_cutout_comes_after_the_rest() -> None:
    """Its zeros are not moved, and black borders stay black."""
    images = drawn(3, 6, 6, 1)
    batch = batches(images, 0, 200, Augmentation(2, True, 2))
    assert {tuple(np.unique((image == 0).all(0).sum())) for image in batch} <= {(1,), (2,), (4,)}


# --- Randomness


@pytest.mark.parametrize("augmentation", [Augmentation(2), Augmentation(flip=True), Augmentation(cutout=3)])
def test_the_seed_of_torch_decides(augmentation: Augmentation) -> None:
    images = drawn(3, 8, 8, 1)
    first, again, other = (batches(images, 0, 30, augmentation, seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_nothing_is_drawn_where_nothing_is_varied() -> None:
    there = DeviceImages(drawn(), CPU)
    before = torch.get_rng_state()
    for augmentation in (None, Augmentation()):
        there.batch(torch.arange(4), augmentation)
    assert torch.equal(torch.get_rng_state(), before)


# --- Errors


@pytest.mark.parametrize("name", ["pad", "cutout"])
def test_negative_sizes(name: str) -> None:
    with pytest.raises(NasbenchError, match=rf"^{name} is a number of pixels, 0 or more, and -1 came"):
        Augmentation(**{name: -1})


def test_colours_cannot_be_made_grey() -> None:
    with pytest.raises(NasbenchError, match=r"'drawn' have 3 channels and cannot be given with 1; only grey ones"):
        DeviceImages(drawn(), CPU, channels=1)
