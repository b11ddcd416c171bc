"""The official file of a table, from its host or from the package that brings it."""

import dataclasses
import hashlib
from pathlib import Path

import pytest

from nasbench_ga.errors import CorruptFileError, NasbenchError, UnknownNameError
from nasbench_ga.tables import fetching
from nasbench_ga.tables.catalog import CATALOG
from tests.support.host import CONTENT, NAME, Host


@pytest.fixture
def said() -> list[str]:
    return []


def test_a_table_is_fetched_from_its_host(tmp_path: Path, said: list[str], host: Host) -> None:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    publication = dataclasses.replace(CATALOG["nb101"], url=host.url, file_name=NAME, sha256=sha256)
    file = fetching.fetch_publication(publication, tmp_path, say=said.append)
    assert (file, file.read_bytes()) == (tmp_path / NAME, CONTENT)
    assert "NAS-Bench-101, 108 epochs" in said[0]
    with pytest.raises(CorruptFileError, match="0" * 64):
        fetching.fetch_publication(
            dataclasses.replace(publication, file_name="other", sha256="0" * 64), tmp_path, say=said.append
        )


def test_a_table_without_checksum_says_so(tmp_path: Path, said: list[str], host: Host) -> None:
    publication = dataclasses.replace(CATALOG["nats-sss"], url=host.url, file_name=NAME)
    fetching.fetch_publication(publication, tmp_path, say=said.append)
    assert "No checksum of this archive is published" in said[-1]


def test_packaged_table(tmp_path: Path, said: list[str]) -> None:
    file = fetching.fetch("analog-nas", tmp_path, say=said.append)
    assert file == CATALOG["analog-nas"].installed_file()
    assert "comes with a package that is installed" in said[0]
    assert list(tmp_path.iterdir()) == []


def test_packaged_table_that_is_not_installed(tmp_path: Path) -> None:
    missing = dataclasses.replace(CATALOG["analog-nas"], module="no_such_module")
    with pytest.raises(NasbenchError, match="pip install analog-nasbench"):
        fetching.fetch_publication(missing, tmp_path)


def test_packaged_table_that_is_another_version(tmp_path: Path) -> None:
    changed = dataclasses.replace(CATALOG["analog-nas"], sha256="0" * 64)
    with pytest.raises(CorruptFileError, match=r"0{64} was expected"):
        fetching.fetch_publication(changed, tmp_path)


def test_unknown_table(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="nb101"):
        fetching.fetch("nb102", tmp_path)
