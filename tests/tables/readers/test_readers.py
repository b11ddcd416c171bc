"""Which reader a file is given to, and what is said of a file that none understands."""

import shutil
import subprocess
import sys

import pytest

from nasbench_ga.errors import NasbenchError
from nasbench_ga.tables.catalog import CATALOG
from nasbench_ga.tables.readers import FORMATS, read


@pytest.mark.parametrize(
    ("name", "reader"),
    [
        ("nb101/nasbench_only108_300.tfrecord", "nasbench101"),
        ("nats_sss.parquet", "published_parquet"),
        ("nats_tss.parquet", "published_parquet"),
    ],
)
def test_the_content_tells_the_reader_whatever_the_name(published, tmp_path, name, reader):
    shutil.copy(published(name), tmp_path / "renamed")
    contents = read(str(tmp_path / "renamed"))
    assert contents.provenance["reader"] == reader
    assert contents.provenance["source"] == "renamed"


def test_the_analog_table_is_known_by_its_content(tmp_path):
    shutil.copy(CATALOG["analog-nas"].installed_file(), tmp_path / "renamed")
    assert read(tmp_path / "renamed").provenance["reader"] == "analog"


def test_no_provenance_has_a_path(published):
    contents = read(published("nb101/nasbench_only108_300.tfrecord"))
    assert not any("/" in value for value in contents.provenance.values())


@pytest.mark.parametrize("content", [b"", b"a", b"hello world, this is no benchmark", bytes(1000)])
def test_an_unknown_file_is_told_the_known_formats(tmp_path, content):
    (tmp_path / "unknown.bin").write_bytes(content)
    with pytest.raises(NasbenchError) as caught:
        read(tmp_path / "unknown.bin")
    assert all(line in str(caught.value) for line in FORMATS)


def test_an_unknown_folder_is_told_the_known_formats(tmp_path):
    with pytest.raises(NasbenchError, match="NATS-Bench: a folder"):
        read(tmp_path)


def test_a_missing_file_is_an_error_of_ours(tmp_path):
    with pytest.raises(NasbenchError, match=r"Cannot read .*: No such file"):
        read(tmp_path / "nowhere.tfrecord")


def test_importing_the_readers_imports_no_torch():
    code = (
        "import sys, nasbench_ga.tables.readers\n"
        "from nasbench_ga.tables.readers import analog, loaded_api, nas_bench_201, nasbench101, nats_bench\n"
        "from nasbench_ga.tables.readers import published_parquet\n"
        "print({'torch', 'nas_201_api', 'nats_bench', 'analognasbench'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
