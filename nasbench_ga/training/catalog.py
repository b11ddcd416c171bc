"""The published data sets: numbers, files and checksums as their authors, or those who use them, state them."""

from __future__ import annotations

from functools import partial

from nasbench_ga.published import PublishedFile
from nasbench_ga.training.datasets import DataSet, Layout, register_dataset
from nasbench_ga.training.formats import read_batches, read_first_classes, read_idx_pair, read_matlab, read_records

_CIFAR_SHAPE = (3, 32, 32)
_CIFAR_HOMEPAGE = "https://www.cs.toronto.edu/~kriz/cifar.html"
_CIFAR_CITATION = "Krizhevsky: Learning Multiple Layers of Features from Tiny Images. University of Toronto, 2009."
_CIFAR_NOTE = (
    "MD5s of the archives: published on the homepage; of the files in them: of the python version as torchvision has "
    "them, of the binary version as users of it have recorded them."
)


def _of_255(*numbers: float) -> tuple[float, ...]:
    return tuple(number / 255 for number in numbers)


def _below(folder: str, checksums: dict[str, str]) -> dict[str, str | None]:
    return {f"{folder}/{name}": md5 for name, md5 in checksums.items()}


def _cifar_archive(title: str, file_name: str, md5: str, size_bytes: int) -> PublishedFile:
    return PublishedFile(
        title=title,
        file_name=file_name,
        url=f"https://www.cs.toronto.edu/~kriz/{file_name}",
        checksum=f"md5:{md5}",
        checksum_note="MD5 published on the homepage.",
        homepage=_CIFAR_HOMEPAGE,
        size_bytes=size_bytes,
    )


register_dataset(
    DataSet(
        name="cifar10",
        title="CIFAR-10",
        description="Small colour photographs of animals and vehicles.",
        classes=10,
        channels=3,
        height=32,
        width=32,
        mean=_of_255(125.3, 123.0, 113.9),
        std=_of_255(63.0, 62.1, 66.7),
        sizes={"train": 50_000, "test": 10_000},
        homepage=_CIFAR_HOMEPAGE,
        licence="not stated; its author asks to be cited",
        citation=_CIFAR_CITATION,
        checksum_note=_CIFAR_NOTE,
        layouts=(
            Layout(
                files={
                    "train": _below(
                        "cifar-10-batches-bin",
                        {
                            "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
                            "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
                            "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
                            "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
                            "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
                        },
                    ),
                    "test": _below("cifar-10-batches-bin", {"test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d"}),
                },
                read=partial(read_records, shape=_CIFAR_SHAPE),
                downloads=(
                    _cifar_archive(
                        "CIFAR-10, binary version",
                        "cifar-10-binary.tar.gz",
                        "c32a1d4ab5d03f1284b67883e8d87530",
                        170_052_171,
                    ),
                ),
            ),
            Layout(
                files={
                    "train": _below(
                        "cifar-10-batches-py",
                        {
                            "data_batch_1": "c99cafc152244af753f735de768cd75f",
                            "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
                            "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
                            "data_batch_4": "634d18415352ddfa80567beed471001a",
                            "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
                        },
                    ),
                    "test": _below("cifar-10-batches-py", {"test_batch": "40351d587109b95175f43aff81a1287e"}),
                },
                read=partial(read_batches, shape=_CIFAR_SHAPE, labels="labels"),
                downloads=(
                    _cifar_archive(
                        "CIFAR-10, python version",
                        "cifar-10-python.tar.gz",
                        "c58f30108f718f92721af3b95e74349a",
                        170_498_071,
                    ),
                ),
            ),
        ),
    )
)

register_dataset(
    DataSet(
        name="cifar100",
        title="CIFAR-100",
        description="Small colour photographs of a hundred kinds of things; the labels are the fine ones.",
        classes=100,
        channels=3,
        height=32,
        width=32,
        mean=_of_255(129.3, 124.1, 112.4),
        std=_of_255(68.2, 65.4, 70.4),
        sizes={"train": 50_000, "test": 10_000},
        homepage=_CIFAR_HOMEPAGE,
        licence="not stated; its author asks to be cited",
        citation=_CIFAR_CITATION,
        checksum_note=_CIFAR_NOTE,
        layouts=(
            Layout(
                files={
                    "train": _below("cifar-100-binary", {"train.bin": "6172c7755cfe09b2fe270c85cebc1b15"}),
                    "test": _below("cifar-100-binary", {"test.bin": "4499cfba6c016c1be1438163640a0898"}),
                },
                read=partial(read_records, shape=_CIFAR_SHAPE, label_bytes=2),
                downloads=(
                    _cifar_archive(
                        "CIFAR-100, binary version",
                        "cifar-100-binary.tar.gz",
                        "03b5dce01913d631647c71ecec9e9cb8",
                        168_513_733,
                    ),
                ),
            ),
            Layout(
                files={
                    "train": _below("cifar-100-python", {"train": "16019d7e3df5f24257cddd939b257f8d"}),
                    "test": _below("cifar-100-python", {"test": "f0ef6b0ae62326f3e7ffdfab6717acfc"}),
                },
                read=partial(read_batches, shape=_CIFAR_SHAPE, labels="fine_labels"),
                downloads=(
                    _cifar_archive(
                        "CIFAR-100, python version",
                        "cifar-100-python.tar.gz",
                        "eb9058c3a382ffc7106e4002c42a8d85",
                        169_001_437,
                    ),
                ),
            ),
        ),
    )
)

register_dataset(
    DataSet(
        name="ImageNet16-120",
        title="ImageNet16-120",
        description="The first 120 classes of ImageNet at 16 by 16 pixels, as NAS-Bench-201 and NATS-Bench use them; "
        "'test' are ImageNet's validation images.",
        classes=120,
        channels=3,
        height=16,
        width=16,
        mean=_of_255(122.68, 116.66, 104.01),
        std=_of_255(63.22, 61.26, 65.09),
        sizes={"train": 151_700, "test": 6_000},
        homepage="https://github.com/D-X-Y/NAS-Bench-201",
        licence="not stated; the images are ImageNet's, for non-commercial research and teaching",
        citation="Chrabaszcz, Loshchilov, Hutter: A Downsampled Variant of ImageNet as an Alternative to the CIFAR "
        "Datasets. 2017 (arXiv:1707.08819); the 120 classes: Dong, Yang: NAS-Bench-201. ICLR 2020.",
        checksum_note="MD5s of the files as AutoDL-Projects, by the authors of NAS-Bench-201, checks them.",
        layouts=(
            Layout(
                files={
                    "train": _below(
                        "ImageNet16",
                        {
                            "train_data_batch_1": "27846dcaa50de8e21a7d1a35f30f0e91",
                            "train_data_batch_2": "c7254a054e0e795c69120a5727050e3f",
                            "train_data_batch_3": "4333d3df2e5ffb114b05d2ffc19b1e87",
                            "train_data_batch_4": "1620cdf193304f4a92677b695d70d10f",
                            "train_data_batch_5": "348b3c2fdbb3940c4e9e834affd3b18d",
                            "train_data_batch_6": "6e765307c242a1b3d7d5ef9139b48945",
                            "train_data_batch_7": "564926d8cbf8fc4818ba23d2faac7564",
                            "train_data_batch_8": "f4755871f718ccb653440b9dd0ebac66",
                            "train_data_batch_9": "bb6dd660c38c58552125b1a92f86b5d4",
                            "train_data_batch_10": "8f03f34ac4b42271a294f91bf480f29b",
                        },
                    ),
                    "test": _below("ImageNet16", {"val_data": "3410e3017fdaefba8d5073aaa65e4bd6"}),
                },
                read=partial(read_first_classes, shape=(3, 16, 16), labels="labels", classes=120),
            ),
        ),
        by_hand="Its authors give it away on Google Drive only, which lets no program fetch it: follow the link "
        "'training and evaluation data' on https://github.com/D-X-Y/NAS-Bench-201 and put the folder ImageNet16 "
        "into data/ or a folder of NASBENCH_GA_DATA.",
    )
)

_IDX_SPLITS = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


def _idx_layouts(
    title: str, homepage: str, url: str, folders: tuple[str, ...], packed: dict[str, str], plain: dict[str, str]
) -> tuple[Layout, ...]:
    """The same four files in either folder, packed with gzip or not; the packed ones in the first can be fetched."""
    downloads = tuple(
        PublishedFile(
            title=f"{title}: {name}",
            file_name=f"{folders[0]}/{name}.gz",
            url=f"{url}{name}.gz",
            checksum=f"md5:{md5}",
            checksum_note="MD5 as torchvision has it.",
            homepage=homepage,
        )
        for name, md5 in packed.items()
    )
    return tuple(
        Layout(
            files={
                split: {f"{folder}/{name}{suffix}": checksums[name] for name in names}
                for split, names in _IDX_SPLITS.items()
            },
            read=read_idx_pair,
            downloads=downloads if (folder, suffix) == (folders[0], ".gz") else (),
        )
        for folder in folders
        for suffix, checksums in ((".gz", packed), ("", plain))
    )


_IDX_NOTE = "MD5s of the packed files as torchvision has them; of the unpacked ones, of what these unpack to."

register_dataset(
    DataSet(
        name="mnist",
        title="MNIST",
        description="Handwritten digits.",
        classes=10,
        channels=1,
        height=28,
        width=28,
        mean=(0.1307,),
        std=(0.3081,),
        sizes={"train": 60_000, "test": 10_000},
        homepage="http://yann.lecun.com/exdb/mnist/",
        licence="not stated on the homepage",
        citation="LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition. "
        "Proceedings of the IEEE, 1998.",
        checksum_note=_IDX_NOTE,
        layouts=_idx_layouts(
            "MNIST",
            "http://yann.lecun.com/exdb/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            ("mnist", "MNIST/raw"),
            {
                "train-images-idx3-ubyte": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                "train-labels-idx1-ubyte": "d53e105ee54ea40749a09fcbcd1e9432",
                "t10k-images-idx3-ubyte": "9fb629c4189551a2d022fa330f9573f3",
                "t10k-labels-idx1-ubyte": "ec29112dd5afa0611ce80d1b7f02629c",
            },
            {
                "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
                "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
                "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
                "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
            },
        ),
    )
)

register_dataset(
    DataSet(
        name="fashion-mnist",
        title="Fashion-MNIST",
        description="Articles of clothing, in grey.",
        classes=10,
        channels=1,
        height=28,
        width=28,
        mean=(0.2860,),
        std=(0.3530,),
        sizes={"train": 60_000, "test": 10_000},
        homepage="https://github.com/zalandoresearch/fashion-mnist",
        licence="MIT",
        citation="Xiao, Rasul, Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning "
        "Algorithms. 2017 (arXiv:1708.07747).",
        checksum_note=_IDX_NOTE,
        layouts=_idx_layouts(
            "Fashion-MNIST",
            "https://github.com/zalandoresearch/fashion-mnist",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            ("fashion-mnist", "FashionMNIST/raw"),
            {
                "train-images-idx3-ubyte": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "train-labels-idx1-ubyte": "25c81989df183df01b3e8a0aad5dffbe",
                "t10k-images-idx3-ubyte": "bef4ecab320f06d8554ea6380940ec79",
                "t10k-labels-idx1-ubyte": "bb300cfdad3c16e7a12a480ee83cd310",
            },
            {
                "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
                "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
                "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
                "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
            },
        ),
    )
)

_SVHN_HOMEPAGE = "http://ufldl.stanford.edu/housenumbers/"
_SVHN_FILES = {
    "train": ("train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373", 182_040_794),
    "test": ("test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3", 64_275_384),
}


def _svhn_layout(folder: str, *, downloads: tuple[PublishedFile, ...] = ()) -> Layout:
    return Layout(
        files={split: {f"{folder}{name}": md5} for split, (name, md5, _) in _SVHN_FILES.items()},
        read=partial(read_matlab, shape=(3, 32, 32), classes=10),
        downloads=downloads,
    )


register_dataset(
    DataSet(
        name="svhn",
        title="SVHN",
        description="Digits of house numbers in street views, cropped (format 2), without the extra training images.",
        classes=10,
        channels=3,
        height=32,
        width=32,
        mean=(0.4377, 0.4438, 0.4728),
        std=(0.1980, 0.2010, 0.1970),
        sizes={"train": 73_257, "test": 26_032},
        homepage=_SVHN_HOMEPAGE,
        licence="not stated; for non-commercial use only",
        citation="Netzer, Wang, Coates, Bissacco, Wu, Ng: Reading Digits in Natural Images with Unsupervised Feature "
        "Learning. NIPS Workshop on Deep Learning and Unsupervised Feature Learning, 2011.",
        checksum_note="MD5s as torchvision has them.",
        layouts=(
            _svhn_layout(
                "svhn/",
                downloads=tuple(
                    PublishedFile(
                        title=f"SVHN: {name}",
                        file_name=f"svhn/{name}",
                        url=f"{_SVHN_HOMEPAGE}{name}",
                        checksum=f"md5:{md5}",
                        checksum_note="MD5 as torchvision has it.",
                        homepage=_SVHN_HOMEPAGE,
                        size_bytes=size_bytes,
                    )
                    for name, md5, size_bytes in _SVHN_FILES.values()
                ),
            ),
            _svhn_layout("SVHN/"),
            _svhn_layout(""),
        ),
    )
)
