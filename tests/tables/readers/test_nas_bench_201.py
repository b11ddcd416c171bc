"""NAS-Bench-201's torch files give what the same results give in NATS-Bench's files, and no code of theirs runs."""

import os
import sys

import nats_bench as official
import numpy as np
import pytest
import torch

from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.tables.readers import nas_bench_201, read
from tests.support.payload import Runs

CELLS = (0, 11, 284)


@pytest.fixture(scope="module")
def folder(published):
    return published("nats-tss/meta.pickle.pbz2").parent


def cell(folder, index):
    results = official.pickle_load(f"{folder}/{index:06d}.pickle.pbz2")
    return {"less": results["12"], "full": results["200"]}


@pytest.fixture(scope="module")
def content(folder):
    return {
        "meta_archs": official.pickle_load(f"{folder}/meta.pickle.pbz2")["meta_archs"],
        "arch2infos": {index: cell(folder, index) for index in CELLS},
        "evaluated_indexes": list(CELLS),
    }


def same(first, second):
    assert first.columns.keys() == second.columns.keys()
    for name, column in first.columns.items():
        np.testing.assert_array_equal(column.values, second.columns[name].values)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_of_either_torch_format_gives_the_published_results(folder, content, tmp_path, zipped):
    path = tmp_path / "NAS-Bench-201-v1_1-096897.pth"
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    contents = read(path, progress=True)
    assert contents.space == "nats-tss"
    assert contents.provenance["reader"] == "nas_bench_201"
    same(contents, read(folder))


def test_an_archive_folder_gives_the_same_without_its_weights(folder, tmp_path):
    for index in CELLS:
        results = cell(folder, index)
        for part in results.values():
            for trial in part["all_results"].values():
                trial["net_state_dict"] = {"stem.weight": torch.zeros(3)}
        torch.save(results, tmp_path / f"{index:06d}-FULL.pth")
    same(read(tmp_path), read(folder))


def test_a_file_with_fewer_seeds_leaves_them_nan(folder, tmp_path):
    results = cell(folder, 11)
    results["full"]["dataset_seed"]["cifar100"] = [777]
    torch.save(results, tmp_path / "000011-FULL.pth")
    columns = read(tmp_path).columns
    assert "cifar100/x-test/200@888" not in columns
    assert columns["cifar100/x-test/200@777"].values[11] == read(folder).columns["cifar100/x-test/200@777"].values[11]


@pytest.mark.parametrize("function", [os.system, eval])
def test_a_file_that_asks_for_code_is_refused_and_not_run(tmp_path, function):
    trace = tmp_path / "ran"
    argument = f"touch {trace}" if function is os.system else f"open({str(trace)!r}, 'w')"
    torch.save({"meta_archs": Runs(function, argument)}, tmp_path / "evil.pth")
    with pytest.raises(CorruptFileError, match="cannot be read as plain data"):
        read(tmp_path / "evil.pth")
    assert not trace.exists()


def test_only_numbers_are_admitted_and_only_while_reading():
    before = torch.serialization.get_safe_globals()
    with nas_bench_201._numpy_scalars(torch):
        admitted = [entry for entry in torch.serialization.get_safe_globals() if entry not in before]
    names = {name for _, name in filter(lambda entry: isinstance(entry, tuple), admitted)}
    assert names == {"numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"}
    kinds = [entry for entry in admitted if not isinstance(entry, tuple)]
    assert all(issubclass(kind, np.dtype) for kind in kinds)
    assert sorted(map(str, torch.serialization.get_safe_globals())) == sorted(map(str, before))


@pytest.mark.parametrize(
    "content",
    [
        {"a": 1},
        [1, 2],
        {"meta_archs": ["x"], "arch2infos": {}, "evaluated_indexes": []},
        {"meta_archs": [f"{8 * i}" for i in range(32_768)], "arch2infos": {}, "evaluated_indexes": []},
    ],
)
def test_another_content_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "other.pth")
    with pytest.raises(CorruptFileError, match=r"other\.pth"):
        read(tmp_path / "other.pth")


def test_results_that_the_api_does_not_understand_are_refused(content, tmp_path):
    torch.save(content | {"arch2infos": {0: {"less": {}, "full": 7}}}, tmp_path / "odd.pth")
    with pytest.raises(CorruptFileError, match="official API does not understand"):
        read(tmp_path / "odd.pth")


@pytest.mark.parametrize("cut", [0, 10, 1000, 50_000])
def test_a_cut_file_is_corrupt(content, tmp_path, cut):
    torch.save(content, tmp_path / "cut.pth")
    (tmp_path / "cut.pth").write_bytes((tmp_path / "cut.pth").read_bytes()[:cut])
    with pytest.raises(CorruptFileError):
        read(tmp_path / "cut.pth")


@pytest.mark.parametrize("package", ["torch", "nas_201_api"])
def test_a_missing_package_is_named_with_what_to_install(tmp_path, monkeypatch, package):
    (tmp_path / "a.pth").write_bytes(b"PK\x03\x04")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(NasbenchError, match=r"pip install 'nasbench-ga\[nb201\]'"):
        read(tmp_path / "a.pth")
