"""The NATS-Bench reader against the official API, number by number, and against damage."""

import bz2
import itertools
import os
import pickle
import shutil
import tarfile

import nats_bench as official
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.spaces import get_space
from nasbench_ga.tables.readers import nats_bench, read
from tests.support.payload import Runs

CELLS = (0, 11, 284)
DATASETS = ("cifar10-valid", "cifar10", "cifar100", "ImageNet16-120")
SEEDS = {"12": {"cifar10-valid": (111, 777)}, "200": dict.fromkeys(DATASETS, (777, 888, 999))}


@pytest.fixture(scope="module")
def folder(published):
    return published("nats-tss/000011.pickle.pbz2").parent


@pytest.fixture(scope="module")
def contents(folder):
    return read(folder)


@pytest.fixture(scope="module")
def api(folder):
    return official.create(str(folder), "tss", fast_mode=True, verbose=False)


def test_has_the_printed_values_of_seed_999(contents):
    def value(metric, row):
        return contents.columns[f"cifar10-valid/{metric}/200@999"].values[row]

    printed = {0: (82.24, 81.14, 1444), 11: (87.94, 87.39, 2492), 284: (86.07, 85.51, 975)}
    for row, (valid, test, seconds) in printed.items():
        assert round(value("x-valid", row), 2) == valid
        assert round(value("ori-test", row), 2) == test
        assert round(value("train-seconds", row)) == seconds


def splits(dataset):
    """The official API's word for each of our splits."""
    if dataset == "cifar10-valid":
        return {"train": "train", "valid": "x-valid", "test": "ori-test"}
    if dataset == "cifar10":
        return {"train": "train", "test": "ori-test"}
    return {"train": "train", "valid": "x-valid", "test": "x-test", "valtest": "ori-test"}


@pytest.mark.parametrize(("hp", "dataset", "row"), list(itertools.product(("12", "200"), DATASETS, CELLS)))
def test_agrees_with_get_more_info_to_the_last_bit(contents, api, hp, dataset, row):
    seeds = SEEDS[hp].get(dataset, (111,))
    for seed in seeds:
        info = api.get_more_info(row, dataset, hp=hp, is_random=seed)
        for word, split in splits(dataset).items():
            seconds = info["train-all-time"] if word == "train" else info[f"{word}-per-time"]
            assert contents.columns[f"{dataset}/{split}/{hp}@{seed}"].values[row] == info[f"{word}-accuracy"]
            assert contents.columns[f"{dataset}/{split}-seconds/{hp}@{seed}"].values[row] == seconds


@pytest.mark.parametrize(("hp", "dataset", "row"), list(itertools.product(("12", "200"), DATASETS, CELLS)))
def test_agrees_with_get_cost_info(contents, api, hp, dataset, row):
    costs = api.get_cost_info(row, dataset, hp=hp)
    assert contents.columns[f"{dataset}/parameters"].values[row] == pytest.approx(costs["params"] * 1e6, abs=1e-3)
    assert contents.columns[f"{dataset}/parameters"].values[row] % 1 == 0
    assert contents.columns[f"{dataset}/mega-flops"].values[row] == pytest.approx(costs["flops"], rel=1e-12)
    assert contents.columns[f"{dataset}/latency-seconds"].values[row] == pytest.approx(costs["latency"], rel=1e-12)


@pytest.mark.parametrize(("hp", "dataset"), list(itertools.product(("12", "200"), DATASETS[1:])))
def test_agrees_with_simulate_train_eval(contents, api, hp, dataset):
    trained = "cifar10-valid" if dataset == "cifar10" else dataset
    for row in CELLS:
        accuracy, latency, seconds, _ = api.simulate_train_eval(row, dataset, hp=hp)
        metrics = {
            contents.columns[f"{trained}/x-valid/{hp}@{seed}"].values[row]: (
                contents.columns[f"{trained}/train-seconds/{hp}@{seed}"].values[row]
                + contents.columns[f"{trained}/x-valid-seconds/{hp}@{seed}"].values[row]
            )
            for seed in SEEDS[hp].get(trained, (111,))
        }
        assert metrics[accuracy] == seconds
        assert contents.columns[f"{dataset}/latency-seconds"].values[row] == pytest.approx(latency, rel=1e-12)


def test_the_means_over_seeds_are_the_published_ones(contents, published):
    means = read(published("nats_tss.parquet"))
    for name, column in means.columns.items():
        if not name.endswith("/200@mean") or "seconds" in name:
            continue
        seeds = [contents.columns[name.replace("@mean", f"@{seed}")].values for seed in (777, 888, 999)]
        np.testing.assert_allclose(np.mean(seeds, axis=0)[list(CELLS)], column.values[list(CELLS)], atol=1e-7)


def test_the_training_times_are_the_published_ones(contents, published):
    means = read(published("nats_tss.parquet"))
    for dataset in ("cifar10-valid", "cifar10", "ImageNet16-120"):
        for epochs, seed in ((200, 777), (12, 111)):
            np.testing.assert_allclose(
                contents.columns[f"{dataset}/train-seconds/{epochs}@{seed}"].values[list(CELLS)],
                means.columns[f"{dataset}/train-seconds/{epochs}@mean"].values[list(CELLS)],
                rtol=1e-7,
            )


def test_parameters_are_those_of_the_space(contents):
    space = get_space("nats-tss")
    cells = space.enumerate()[list(CELLS)]
    for dataset, classes in {"cifar10": 10, "cifar100": 100, "ImageNet16-120": 120}.items():
        np.testing.assert_array_equal(
            contents.columns[f"{dataset}/parameters"].values[list(CELLS)], space.parameters(cells, classes)
        )


def test_what_is_missing_is_nan_and_said_to_be(contents):
    assert all(np.isnan(column.values).sum() == 15_625 - len(CELLS) for column in contents.columns.values())
    assert any("3 of the 15,625" in note for note in contents.notes)
    assert contents.provenance == {"source": "nats-tss", "reader": "nats_bench", "cells": "3"}


def same(first, second):
    assert first.columns.keys() == second.columns.keys()
    for name, column in first.columns.items():
        np.testing.assert_array_equal(column.values, second.columns[name].values)


def test_an_archive_reads_like_its_folder(folder, contents, tmp_path):
    path = tmp_path / "NATS-tss-v1_0-3ffb9-simple.tar"
    with tarfile.open(path, "w") as archive:
        archive.add(folder, "NATS-tss-v1_0-3ffb9-simple")
    same(read(path), contents)


@pytest.mark.parametrize("cut", [700, 100_000, 200_000])
def test_a_cut_archive_is_corrupt(folder, tmp_path, cut):
    path = tmp_path / "cut.tar"
    with tarfile.open(path, "w") as archive:
        archive.add(folder, "simple")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(NasbenchError, match=r"cut|has no meta"):
        read(path)


def test_a_compressed_archive_asks_to_be_decompressed(folder, tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w:gz") as archive:
        archive.add(folder, "simple")
    with pytest.raises(CorruptFileError, match="Decompress it"):
        read(tmp_path / "a.tar")


# ---------------------------------------------------------------- folders made here


def trial(epochs, seed, accuracy=50.0, params=0.1, flop=10.0, **changes):
    return {
        "train_acc1es": {epochs - 1: accuracy},
        "train_times": dict.fromkeys(range(epochs), 2.0),
        "eval_names": ["ori-test"],
        "eval_acc1es": {f"ori-test@{epochs - 1}": accuracy - 1},
        "eval_times": {f"ori-test@{epoch}": 0.5 for epoch in range(epochs)},
        "params": params,
        "flop": flop,
        "latency": [0.01],
        "epochs": epochs,
        "seed": seed,
    } | changes


def results(architecture, trials):
    """A cell's results with the given trials by (epochs, data set, seed)."""
    hps = sorted({epochs for epochs, _, _ in trials})
    return {
        f"{hp:02d}": {
            "arch_str": architecture,
            "all_results": {(name, seed): one for (epochs, name, seed), one in trials.items() if epochs == hp},
            "dataset_seed": {
                dataset: [seed for epochs, name, seed in trials if (epochs, name) == (hp, dataset)]
                for dataset in {name for epochs, name, _ in trials if epochs == hp}
            },
        }
        for hp in hps
    }


def write(path, content):
    path.write_bytes(bz2.compress(pickle.dumps(content, protocol=4), compresslevel=1))


@pytest.fixture(scope="module")
def architectures():
    return {
        name: [get_space(name).decode(cell) for cell in get_space(name).enumerate()]
        for name in ("nats-tss", "nats-sss")
    }


@pytest.fixture
def make(tmp_path, architectures):
    def make(space, cells):
        write(tmp_path / nats_bench.META, {"meta_archs": architectures[space], "total_archs": 1})
        for row, trials in cells.items():
            content = results(architectures[space][row], trials)
            write(tmp_path / f"{row:06d}.pickle.pbz2", content)
        return tmp_path

    return make


def test_reads_the_size_space(make):
    trials = {
        (epochs, "cifar10", 777): trial(epochs, 777, accuracy)
        for epochs, accuracy in ((1, 30.0), (12, 60.0), (90, 90.0))
    }
    contents = read(make("nats-sss", {0: trials, 32_767: trials}))
    assert contents.space == "nats-sss"
    for epochs, accuracy in ((1, 30.0), (12, 60.0), (90, 90.0)):
        assert contents.columns[f"cifar10/train/{epochs}@777"].values[32_767] == accuracy
        assert contents.columns[f"cifar10/ori-test/{epochs}@777"].values[0] == accuracy - 1
        assert contents.columns[f"cifar10/train-seconds/{epochs}@777"].values[0] == 2.0 * epochs
        assert contents.columns[f"cifar10/ori-test-seconds/{epochs}@777"].values[0] == 0.5
    assert np.isnan(contents.columns["cifar10/train/90@777"].values[1])


def test_the_result_does_not_depend_on_the_number_of_processes(make):
    cells = {row: {(12, "cifar10", 111): trial(12, 111, accuracy=row % 97)} for row in range(5, 15_000, 400)}
    folder = make("nats-tss", cells)
    alone = nats_bench.read(folder, processes=1)
    same(alone, nats_bench.read(folder, processes=3))
    assert alone.columns["cifar10/train/12@111"].values[405] == 405 % 97


def test_disagreeing_sizes_are_settled_as_by_the_official_api(make):
    trials = {
        (200, "cifar10", 777): trial(200, 777, params=0.3, flop=30.0),
        (200, "cifar10", 888): trial(200, 888, params=0.1, flop=10.0),
        (200, "cifar10", 999): trial(200, 999, params=0.3, flop=30.0),
    }
    folder = make("nats-tss", {5: trials, 6: {key: trials[key] for key in list(trials)[::2]}})
    columns = read(folder).columns
    official_results = official.ArchResults.create_from_state_dict(results("", trials)["200"])
    costs = official_results.get_compute_costs("cifar10")
    assert columns["cifar10/parameters"].values[5] == costs["params"] * 1e6 == 100_000
    assert columns["cifar10/mega-flops"].values[5] == costs["flops"] == 10.0
    assert columns["cifar10/parameters"].values[6] == 300_000


def test_disagreeing_sizes_without_seed_888_are_nan(make):
    trials = {
        (200, "cifar10", seed): trial(200, seed, params=params, flop=100 * params)
        for seed, params in ((777, 0.3), (999, 0.1))
    }
    columns = read(make("nats-tss", {5: trials})).columns
    assert "cifar10/parameters" not in columns
    assert "cifar10/mega-flops" not in columns
    assert columns["cifar10/train/200@777"].values[5] == 50.0


def test_unpublished_times_and_latencies_stay_missing(make):
    unknown = trial(200, 777, train_times=None, eval_times={}, latency=None)
    columns = read(make("nats-tss", {5: {(200, "cifar10", 777): unknown}})).columns
    assert columns.keys() == {
        f"cifar10/{name}" for name in ("train/200@777", "ori-test/200@777", "parameters", "mega-flops")
    }


def test_rounding_above_a_hundred_per_cent_is_kept(make):
    folder = make("nats-tss", {5: {(200, "cifar10", 777): trial(200, 777, accuracy=100.00000123)}})
    assert read(folder).columns["cifar10/train/200@777"].values[5] == 100.00000123


@pytest.mark.parametrize(
    "changes",
    [
        {"train_acc1es": {199: 101.0}},
        {"train_acc1es": {199: float("nan")}},
        {"train_acc1es": {198: 50.0}},
        {"train_times": dict.fromkeys(range(200), -1.0)},
        {"train_times": {0: 1.0}},
        {"epochs": 12},
        {"params": 0.0},
        {"flop": None},
        {"eval_names": None},
    ],
)
def test_a_trial_that_is_none_is_named(make, changes):
    folder = make("nats-tss", {5: {(200, "cifar10", 777): trial(200, 777) | changes}})
    with pytest.raises(CorruptFileError, match=r"000005\.pickle\.pbz2"):
        read(folder)


def test_a_file_under_anothers_number_is_found(make):
    folder = make("nats-tss", {5: {(200, "cifar10", 777): trial(200, 777)}})
    shutil.move(folder / "000005.pickle.pbz2", folder / "000006.pickle.pbz2")
    with pytest.raises(CorruptFileError, match="number 6"):
        read(folder)


def test_a_list_of_architectures_in_another_order_is_found(make, architectures):
    folder = make("nats-tss", {5: {(200, "cifar10", 777): trial(200, 777)}})
    swapped = architectures["nats-tss"].copy()
    swapped[3], swapped[4] = swapped[4], swapped[3]
    write(folder / nats_bench.META, {"meta_archs": swapped})
    with pytest.raises(CorruptFileError, match="as architecture 3"):
        read(folder)


@pytest.mark.parametrize("meta", [{"meta_archs": ["a"]}, {"meta_archs": None}, [], {"meta_archs": ["x"] * 15_625}])
def test_another_list_of_architectures_is_refused(make, meta):
    folder = make("nats-tss", {5: {(200, "cifar10", 777): trial(200, 777)}})
    write(folder / nats_bench.META, meta)
    with pytest.raises(CorruptFileError):
        read(folder)


def test_a_folder_without_cells_says_so(make):
    with pytest.raises(NasbenchError, match="holds no result"):
        read(make("nats-tss", {}))


@pytest.mark.parametrize("name", ["015625.pickle.pbz2", "5.pickle.pbz2"])
def test_a_number_too_high_or_given_twice_is_refused(make, name):
    folder = make("nats-tss", {5: {(200, "cifar10", 777): trial(200, 777)}})
    shutil.copy(folder / "000005.pickle.pbz2", folder / name)
    with pytest.raises(NasbenchError, match=name):
        read(folder)


@pytest.mark.parametrize("function", [os.system, eval])
@pytest.mark.parametrize("name", ["000005.pickle.pbz2", nats_bench.META])
def test_a_pickle_that_asks_for_code_is_refused_and_not_run(make, tmp_path, function, name):
    folder = make("nats-tss", {5: {(200, "cifar10", 777): trial(200, 777)}})
    trace = tmp_path / "ran"
    argument = f"touch {trace}" if function is os.system else f"open({str(trace)!r}, 'w')"
    write(folder / name, Runs(function, argument))
    with pytest.raises(CorruptFileError, match="only numpy arrays and plain containers"):
        read(folder)
    assert not trace.exists()


def outcome(member, content, path):
    path.write_bytes(content)
    try:
        return nats_bench._read_cell(member)
    except CorruptFileError:
        return None


@settings(max_examples=60)
@given(st.data())
def test_any_flipped_bit_of_a_genuine_file_is_found_or_harmless(folder, tmp_path_factory, data):
    path = tmp_path_factory.mktemp("flip") / "000011.pickle.pbz2"
    content = bytearray((folder / "000011.pickle.pbz2").read_bytes())
    member = nats_bench._Member(path.name, path, 0, -1)
    intact = outcome(member, content, path)
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    assert outcome(member, content, path) in (None, intact)


@settings(max_examples=40)
@given(st.data())
def test_any_truncation_of_a_genuine_file_is_found(folder, tmp_path_factory, data):
    path = tmp_path_factory.mktemp("cut") / "000011.pickle.pbz2"
    content = (folder / "000011.pickle.pbz2").read_bytes()
    member = nats_bench._Member(path.name, path, 0, -1)
    assert outcome(member, content[: data.draw(st.integers(0, len(content) - 1))], path) is None


def test_a_file_that_swells_without_end_is_refused(tmp_path, published):
    shutil.copy(published("nats-tss/meta.pickle.pbz2"), tmp_path)
    (tmp_path / "000000.pickle.pbz2").write_bytes(bz2.compress(bytes(200_000_000)))
    with pytest.raises(CorruptFileError, match="holds more than 67,108,864 bytes"):
        read(tmp_path)


def test_a_tar_with_two_files_of_one_name_is_refused(tmp_path, published):
    with tarfile.open(tmp_path / "twice.tar", "w") as archive:
        archive.add(published("nats-tss/meta.pickle.pbz2"), "a/meta.pickle.pbz2")
        archive.add(published("nats-tss/000011.pickle.pbz2"), "a/000011.pickle.pbz2")
        archive.add(published("nats-tss/000011.pickle.pbz2"), "b/000011.pickle.pbz2")
    with pytest.raises(CorruptFileError, match=r"holds 000011\.pickle\.pbz2 twice"):
        read(tmp_path / "twice.tar")
