"""The published tables: what each holds, who made it, where its file is and how that is known."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from nasbench_ga.published import PublishedFile
from nasbench_ga.registry import Registry


@dataclass(frozen=True)
class Publication:
    """One published table.

    Args:
        name: what the table is called on the command line.
        space: registered name of the space whose cells it tells about.
        title: the name that its authors gave it.
        description: what it holds, in one line.
        licence: SPDX name of the licence of the data, as far as its authors state one.
        citation: authors, title, venue and year.
        homepage: where its authors describe it and offer it for download.
        file_name: the official name of the file.
        known_as: names of files or folders under which a user may have it already, the best one first.
        url: where the file is fetched from; None where a Python package brings it.
        sha256: the checksum that the publisher states, in hexadecimal; None where none is stated.
        checksum_note: what is known of the checksum, one sentence.
        size_bytes: size of the file; None where it is known only roughly. Tells what to expect and is never
            taken as a proof of anything.
        module: the importable module that has the file beside it, where a Python package brings it.
        requirement: what to install in order to have that module.
    """

    name: str
    space: str
    title: str
    description: str
    licence: str
    citation: str
    homepage: str
    file_name: str
    known_as: tuple[str, ...]
    url: str | None
    sha256: str | None
    checksum_note: str
    size_bytes: int | None = None
    module: str | None = None
    requirement: str | None = None

    @property
    def how_to_get(self) -> str:
        """The command that brings the file."""
        if self.requirement:
            return f"pip install {self.requirement}"
        return f"python -m nasbench_ga.tables fetch {self.name}"

    @property
    def download(self) -> PublishedFile | None:
        """The official file, for fetching it; None where a Python package brings it."""
        if self.url is None:
            return None
        return PublishedFile(
            title=self.title,
            file_name=self.file_name,
            url=self.url,
            checksum=self.sha256 and f"sha256:{self.sha256}",
            checksum_note=self.checksum_note,
            homepage=self.homepage,
            size_bytes=self.size_bytes,
        )

    def installed_file(self) -> Path | None:
        """The file inside the package that brings it; None when no package does, or it is not installed.

        The package is only located, never imported: none of its code runs.
        """
        spec = importlib.util.find_spec(self.module) if self.module else None
        folders = spec.submodule_search_locations if spec else None
        files = [Path(folder) / self.file_name for folder in folders or ()]
        return next((file for file in files if file.is_file()), None)


def _google_drive(file_id: str) -> str:
    """The address that gives a large public file of Google Drive without asking about its virus scan."""
    return f"https://drive.usercontent.google.com/download?id={file_id}&export=download&confirm=t"


_NB101_PAPER = (
    "Ying, Klein, Christiansen, Real, Murphy, Hutter: NAS-Bench-101: Towards Reproducible Neural "
    "Architecture Search. ICML 2019 (PMLR 97:7105-7114)."
)
_NATS_PAPER = (
    "Dong, Liu, Musial, Gabrys: NATS-Bench: Benchmarking NAS Algorithms for Architecture Topology and Size. "
    "IEEE TPAMI 2021 (arXiv:2009.00437)."
)
_NATS_CHECKSUM = (
    "No checksum of this archive is published: the five digits in its name end the MD5 of another file, "
    "the single-file edition NATS-{edition}.pickle.pbz2."  # AutoDL-Projects, tss-collect.py and get_md5_file
)

_PUBLICATIONS = (
    Publication(
        name="nb101",
        space="nb101",
        title="NAS-Bench-101, 108 epochs",
        description="423,624 cells on CIFAR-10: training, validation and test accuracy and training time "
        "after 108 epochs (and halfway), three repeats each; parameters.",
        licence="Apache-2.0",
        citation=_NB101_PAPER,
        homepage="https://github.com/google-research/nasbench",
        file_name="nasbench_only108.tfrecord",
        known_as=("nasbench_only108.tfrecord", "nb101_108.parquet"),
        url="https://storage.googleapis.com/nasbench/nasbench_only108.tfrecord",
        sha256="4c39c3936e36a85269881d659e44e61a245babcb72cb374eacacf75d0e5f4fd1",
        checksum_note="SHA-256 published on the homepage.",
        size_bytes=522_767_376,
    ),
    Publication(
        name="nb101-full",
        space="nb101",
        title="NAS-Bench-101, all budgets",
        description="423,624 cells on CIFAR-10: the same figures as nb101 after 4, 12, 36 and 108 epochs, "
        "three repeats each.",
        licence="Apache-2.0",
        citation=_NB101_PAPER,
        homepage="https://github.com/google-research/nasbench",
        file_name="nasbench_full.tfrecord",
        known_as=("nasbench_full.tfrecord",),
        url="https://storage.googleapis.com/nasbench/nasbench_full.tfrecord",
        sha256="3d64db8180fb1b0207212f9032205064312b6907a3bbc81eabea10db2f5c7e9c",
        checksum_note="SHA-256 published on the homepage.",
        size_bytes=2_085_986_016,
    ),
    Publication(
        name="nats-tss",
        space="nats-tss",
        title="NATS-Bench, topology search space",
        description="15,625 cells on CIFAR-10, CIFAR-100 and ImageNet16-120: accuracies and times of "
        "12- and 200-epoch training, one to three seeds each; parameters, FLOPs, latency.",
        licence="MIT",
        citation=_NATS_PAPER,
        homepage="https://github.com/D-X-Y/NATS-Bench",
        file_name="NATS-tss-v1_0-3ffb9-simple.tar",
        known_as=("NATS-tss-v1_0-3ffb9-simple", "NATS-tss-v1_0-3ffb9-simple.tar", "nats_tss.parquet"),
        url=_google_drive("17_saCsj_krKjlCBLOJEpNtzPXArMCqxU"),
        sha256=None,
        checksum_note=_NATS_CHECKSUM.format(edition="tss-v1_0-3ffb9"),
        size_bytes=1_145_989_120,
    ),
    Publication(
        name="nats-sss",
        space="nats-sss",
        title="NATS-Bench, size search space",
        description="32,768 sets of channel counts on CIFAR-10, CIFAR-100 and ImageNet16-120: accuracies and "
        "times of 1-, 12- and 90-epoch training; parameters, FLOPs, latency.",
        licence="MIT",
        citation=_NATS_PAPER,
        homepage="https://github.com/D-X-Y/NATS-Bench",
        file_name="NATS-sss-v1_0-50262-simple.tar",
        known_as=("NATS-sss-v1_0-50262-simple", "NATS-sss-v1_0-50262-simple.tar", "nats_sss.parquet"),
        url=_google_drive("1scOMTUwcQhAMa_IMedp9lTzwmgqHLGgA"),
        sha256=None,
        checksum_note=_NATS_CHECKSUM.format(edition="sss-v1_0-50262"),
    ),
    Publication(
        name="nb201",
        space="nats-tss",
        title="NAS-Bench-201, version 1.1",
        description="15,625 cells on CIFAR-10, CIFAR-100 and ImageNet16-120: accuracies and times of "
        "12- and 200-epoch training, one to three seeds each; parameters, FLOPs, latency. "
        "Reading it needs torch.",
        licence="MIT",
        citation="Dong, Yang: NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search. "
        "ICLR 2020 (arXiv:2001.00326).",
        homepage="https://github.com/D-X-Y/NAS-Bench-201",
        file_name="NAS-Bench-201-v1_1-096897.pth",
        known_as=("NAS-Bench-201-v1_1-096897.pth",),
        url=_google_drive("16Y0UwGisiouVRxW-W5hEtbxmcHw_0hF_"),
        sha256=None,
        checksum_note="No checksum is published: its authors call 096897 'the last six digits for this file' "
        "and do not say of which hash.",
    ),
    Publication(
        name="analog-nas",
        space="nats-tss",
        title="AnalogNAS-Bench",
        description="15,625 NAS-Bench-201 cells on CIFAR-10: accuracy in floating point, quantised, and on "
        "simulated analog in-memory hardware, also after a minute, an hour, a day and a month of drift.",
        licence="not stated in the package",
        citation="AnalogNAS-Bench: A NAS Benchmark for Analog In-Memory Computing. arXiv:2506.18495, 2025.",
        homepage="https://github.com/IBM/analog-nas/tree/main/analognasbench",
        file_name="data.anb",
        known_as=("data.anb",),
        url=None,
        sha256="85f3435b877aa2d36268d55ce07f6ff6d73643d17a840f1941745da5eb80db32",
        checksum_note="SHA-256 published in the file list of the package analog-nasbench 0.1.3.",
        size_bytes=5_610_467,
        module="analognasbench",
        requirement="analog-nasbench==0.1.3",
    ),
)

CATALOG: Registry[Publication] = Registry("published table")
for _publication in _PUBLICATIONS:
    CATALOG.register(_publication.name)(_publication)
