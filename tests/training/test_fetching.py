"""Data sets from a host on this machine: fetched, checked, unpacked."""

import dataclasses
import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from nasbench_ga.errors import CorruptFileError, NasbenchError, UnknownNameError
from nasbench_ga.training import DATASETS, load_images
from nasbench_ga.training.__main__ import main
from nasbench_ga.training.fetching import fetch, unpack
from tests.support.host import Host
from tests.training.conftest import Recognise, arrays, mat, put, records
from tests.training.test_formats import idx

SIZES = {"train": 4, "test": 3}
FOLDER = "cifar-100-binary"
ARCHIVE = "cifar-100-binary.tar.gz"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder without $NASBENCH_GA_DATA."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NASBENCH_GA_DATA", raising=False)
    return tmp_path


@pytest.fixture
def said() -> list[str]:
    return []


def files() -> dict[str, bytes]:
    """A small CIFAR-100, binary version."""
    return {
        f"{FOLDER}/{split}.bin": records(*arrays(seed, count), arrays(seed, count)[1])
        for seed, (split, count) in enumerate(SIZES.items())
    }


def packed(members: dict[str, bytes], *others: tarfile.TarInfo) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for other in others:
            tar.addfile(other)
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


@pytest.fixture
def published_archive(home: Path, host: Host, recognise: Recognise, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A host has this archive, and it passes for the one that is published."""
    for name, content in files().items():
        put(home / "original" / name, content)
    dataset = recognise("cifar100", home / "original", SIZES)
    content = packed({f"{FOLDER}/": b"", f"{FOLDER}/fine_label_names.txt": b"apple\n", **files()})
    host.others["/archive"] = content
    download = dataclasses.replace(
        dataset.layouts[0].downloads[0],
        url=host.url.rpartition("/")[0] + "/archive",
        checksum=f"md5:{hashlib.md5(content).hexdigest()}",
    )
    layout = dataclasses.replace(dataset.layouts[0], downloads=(download,))
    changed = dataclasses.replace(dataset, layouts=(layout, *dataset.layouts[1:]))
    monkeypatch.setitem(DATASETS._entries, "cifar100", changed)
    return content


def listing(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


EVERYTHING = {ARCHIVE, f"{FOLDER}/train.bin", f"{FOLDER}/test.bin"}


def test_an_archive_is_fetched_and_unpacked(home: Path, host: Host, published_archive: bytes, said: list[str]) -> None:
    fetch("cifar100", home / "data", say=said.append)
    assert listing(home / "data") == EVERYTHING
    assert "the checksum is the published one" in said[1]
    assert load_images("cifar100").labels.tolist() == arrays(0, 4)[1].tolist()
    assert load_images("cifar100", "test").pixels.tolist() == arrays(1, 3)[0].tolist()


def test_what_is_there_is_not_fetched_again(home: Path, host: Host, published_archive: bytes, said: list[str]) -> None:
    for name, content in files().items():
        put(home / "data" / name, content)
    fetch("cifar100", home / "data", say=said.append)
    assert host.requests == []
    assert said == ["CIFAR-100 is in " + str(home / "data") + " already and its checksums are right; nothing to fetch."]


@pytest.mark.parametrize("place", ["data", "elsewhere"])
def test_an_archive_that_is_here_is_unpacked(
    home: Path, host: Host, published_archive: bytes, monkeypatch: pytest.MonkeyPatch, said: list[str], place: str
) -> None:
    monkeypatch.setenv("NASBENCH_GA_DATA", "elsewhere")
    put(home / place / ARCHIVE, published_archive)
    put(home / "data" / FOLDER / "train.bin", b"damaged")
    fetch("cifar100", Path("data"), say=said.append)
    assert host.requests == []
    assert len(load_images("cifar100")) == 4


def test_an_archive_that_is_here_and_wrong_is_not_used(
    home: Path, host: Host, published_archive: bytes, said: list[str]
) -> None:
    put(home / "data" / ARCHIVE, published_archive[:-1])
    fetch("cifar100", Path("data"), say=said.append)
    assert len(host.requests) == 1
    assert "it is replaced once the right one has come" in said[0]
    assert len(load_images("cifar100")) == 4


def test_another_archive_from_the_host_is_refused(
    home: Path, host: Host, published_archive: bytes, said: list[str]
) -> None:
    host.others["/archive"] = packed(files() | {"more": b""})
    with pytest.raises(CorruptFileError, match=r"is not the published cifar-100-binary\.tar\.gz"):
        fetch("cifar100", home / "data", say=said.append)
    assert listing(home / "data") == set()


def test_a_host_that_does_not_have_it(home: Path, host: Host, published_archive: bytes, said: list[str]) -> None:
    host.status = 404
    with pytest.raises(NasbenchError, match=r"download cifar-100-binary.tar.gz by hand from .*kriz/cifar.html"):
        fetch("cifar100", home / "data", say=said.append)


# --- Archives that hold other things


def test_nothing_but_the_files_comes_out_of_an_archive(home: Path, published_archive: bytes) -> None:
    link = tarfile.TarInfo(f"{FOLDER}/train.bin")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    outside = {"../outside": b"x", str(home / "absolute"): b"x", f"{FOLDER}/extra": b"x"}
    archive = put(
        home / "an.tar.gz", packed({**outside, **{f"./{name}": data for name, data in files().items()}}, link)
    )
    unpack(archive, DATASETS["cifar100"].layouts[0], home / "below" / "data")
    assert listing(home / "below") == {f"data/{name}" for name in files()}
    assert not (home / "below/data" / FOLDER / "train.bin").is_symlink()
    assert not (home / "outside").exists()
    assert not (home / "absolute").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (packed({f"{FOLDER}/train.bin": files()[f"{FOLDER}/train.bin"]}), r"lacks cifar-100-binary/test.bin"),
        (
            packed(files() | {f"{FOLDER}/test.bin": b"other"}),
            r"test.bin in .* has the MD5 795f3202b17cb6bc3d4b771d8c6c9eaf",
        ),
        (packed(files())[:-4000], "cannot be unpacked"),
        (b"no archive", "cannot be unpacked"),
    ],
)
def test_archives_that_are_damaged(home: Path, published_archive: bytes, content: bytes, reason: str) -> None:
    archive = put(home / "an.tar.gz", content)
    with pytest.raises(CorruptFileError, match=reason):
        unpack(archive, DATASETS["cifar100"].layouts[0], home / "data")
    assert f"{FOLDER}/test.bin" not in listing(home / "data")


# --- Others


def idx_files(folder: str) -> dict[str, bytes]:
    """A small MNIST, labelled 0, 1, ..."""
    content = {}
    for stem, count in {"train": 4, "t10k": 3}.items():
        content[f"{folder}/{stem}-images-idx3-ubyte.gz"] = gzip.compress(idx(np.zeros((count, 28, 28), np.uint8)))
        content[f"{folder}/{stem}-labels-idx1-ubyte.gz"] = gzip.compress(idx(np.arange(count, dtype=np.uint8)))
    return content


def mat_files() -> dict[str, bytes]:
    """A small SVHN, labelled 0, 1, ..."""
    return {f"svhn/{split}_32x32.mat": mat(arrays(0, count)[0], np.arange(count)) for split, count in SIZES.items()}


@pytest.mark.parametrize(
    ("name", "content"),
    [("mnist", idx_files("mnist")), ("fashion-mnist", idx_files("fashion-mnist")), ("svhn", mat_files())],
)
def test_files_are_fetched_one_by_one(
    home: Path, host: Host, monkeypatch: pytest.MonkeyPatch, recognise: Recognise, name: str, content: dict[str, bytes]
) -> None:
    for file, data in content.items():
        put(home / "original" / file, data)
        host.others[f"/{file}"] = data
    dataset = recognise(name, home / "original", SIZES)
    downloads = tuple(
        dataclasses.replace(
            download,
            url=host.url.rpartition("/")[0] + f"/{download.file_name}",
            checksum=f"md5:{hashlib.md5(content[download.file_name]).hexdigest()}",
        )
        for download in dataset.layouts[0].downloads
    )
    layouts = (dataclasses.replace(dataset.layouts[0], downloads=downloads), *dataset.layouts[1:])
    monkeypatch.setitem(DATASETS._entries, name, dataclasses.replace(dataset, layouts=layouts))
    assert main(["fetch", name]) == 0
    assert listing(home / "data") == set(content)
    assert load_images(name).labels.tolist() == [0, 1, 2, 3]
    assert load_images(name, "test").labels.tolist() == [0, 1, 2]
    assert main(["fetch", name]) == 0
    assert len(host.requests) == len(content)


def test_another_file_from_the_host_is_refused(home: Path, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sound file of other digits."""
    layout = DATASETS["svhn"].layouts[0]
    downloads = tuple(dataclasses.replace(file, url=host.url, size_bytes=None) for file in layout.downloads)
    changed = dataclasses.replace(DATASETS["svhn"], layouts=(dataclasses.replace(layout, downloads=downloads),))
    monkeypatch.setitem(DATASETS._entries, "svhn", changed)
    host.content = mat(arrays(0, 4)[0], np.arange(4))
    with pytest.raises(CorruptFileError, match=r"is not the published svhn/train_32x32\.mat"):
        fetch("svhn", home / "data", say=lambda _: None)
    assert listing(home / "data") == set()


def test_what_cannot_be_fetched(home: Path, said: list[str]) -> None:
    with pytest.raises(
        NasbenchError, match=r"ImageNet16-120 cannot be fetched\. .*Google Drive only.*NASBENCH_GA_DATA"
    ):
        fetch("ImageNet16-120", home, say=said.append)
    with pytest.raises(UnknownNameError, match="did you mean 'mnist'"):
        fetch("minst", home, say=said.append)
    fetch("photographs", home, say=said.append)
    assert said == ["Sample photographs of scikit-learn: no files are needed; nothing to fetch."]


# --- The command


def test_list_says_where_each_is_or_how_to_get_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(home / "data" / FOLDER / "train.bin", b"")
    for name in (
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ):
        put(home / "data/FashionMNIST/raw" / name, b"")
    assert main(["list"]) == 0
    shown = capsys.readouterr()
    rows = {line.split()[0]: line for line in shown.out.splitlines() if line.strip()}
    assert all(name in rows for name in DATASETS)
    assert "not here: fetch mnist" in rows["mnist"]
    assert "data/FashionMNIST/raw" in rows["fashion-mnist"]
    assert "train: data/cifar-100-binary" in rows["cifar100"]
    assert "test: not here: fetch cifar100" in shown.out
    assert "no files needed" in rows["photographs"]
    assert "not here: see" in rows["ImageNet16-120"]
    assert "not here: fetch svhn" in rows["svhn"]
    assert "https://github.com/D-X-Y/NAS-Bench-201" in shown.out
    assert shown.err == ""


def test_errors_are_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "cifar-10"]) == 1
    shown = capsys.readouterr()
    assert shown.err.startswith("error: There is no data set 'cifar-10'; did you mean 'cifar10'?")
    assert shown.err.count("\n") == 1


def test_fetch_says_how_to_cite(home: Path, published_archive: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "cifar100"]) == 0
    assert "cite: Krizhevsky" in capsys.readouterr().out
    assert listing(home / "data") == EVERYTHING
