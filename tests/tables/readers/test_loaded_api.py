"""Loaded API objects give what the readers of the files give."""

import copy
import json

import nats_bench as official
import numpy as np
import pytest

from nasbench_ga.errors import NasbenchError
from nasbench_ga.tables.readers import read
from nasbench_ga.tables.readers.loaded_api import read_api
from nasbench_ga.tables.readers.nats_bench import META


def same(first, second):
    assert first.space == second.space
    assert first.columns.keys() == second.columns.keys()
    for name, column in first.columns.items():
        np.testing.assert_array_equal(column.values, second.columns[name].values)
        assert column.scale == second.columns[name].scale


class NASBench:
    """What nasbench.api.NASBench offers, filled from what it reads."""

    def __init__(self, cells):
        self.fixed_statistics = {
            module_hash: {
                "module_adjacency": np.array(cell["module_adjacency"], np.int8),
                "module_operations": cell["module_operations"],
                "trainable_parameters": cell["trainable_parameters"],
            }
            for module_hash, cell in cells.items()
        }
        self.computed_statistics = {module_hash: {108: repeats(cell)} for module_hash, cell in cells.items()}


def repeats(cell):
    """The three trainings of a cell; what was not printed halfway is made up."""
    return [
        {
            "halfway_train_accuracy": 0.5,
            "halfway_validation_accuracy": 0.5,
            "halfway_test_accuracy": cell["halfway_test_accuracy"][repeat],
            "halfway_training_time": cell["final_training_time"][repeat] / 2,
            "final_train_accuracy": cell["final_train_accuracy"][repeat],
            "final_validation_accuracy": cell["final_validation_accuracy"][repeat],
            "final_test_accuracy": cell["final_test_accuracy"][repeat],
            "final_training_time": cell["final_training_time"][repeat],
        }
        for repeat in range(3)
    ]


class Fork:
    """A fork that offers the methods only."""

    def __init__(self, original):
        self._original = original

    def hash_iterator(self):
        return self._original.fixed_statistics.keys()

    def get_metrics_from_hash(self, module_hash):
        original = self._original
        return copy.deepcopy((original.fixed_statistics[module_hash], original.computed_statistics[module_hash]))


@pytest.fixture(scope="module")
def nasbench(published):
    return NASBench(json.loads(published("nb101/expected.json").read_text()))


def test_a_nasbench_object_gives_what_its_file_gives(nasbench, published):
    contents = read_api(nasbench)
    file = read(published("nb101/nasbench_only108_300.tfrecord"))
    assert contents.columns.keys() == file.columns.keys()
    for name, column in file.columns.items():
        if "108@" in name and ("54of108" not in name or "/test/" in name):
            np.testing.assert_array_equal(contents.columns[name].values, column.values)
    assert contents.provenance == {"source": "NASBench", "reader": "loaded_api", "cells": "300"}


def test_a_fork_with_methods_only_gives_the_same(nasbench):
    same(read_api(Fork(nasbench)), read_api(nasbench))


def test_missing_repeats_stay_missing(nasbench):
    fewer = copy.deepcopy(nasbench)
    module_hash = next(iter(fewer.computed_statistics))
    del fewer.computed_statistics[module_hash][108][2]
    missing = {
        name: np.isnan(column.values).sum() - np.isnan(read_api(nasbench).columns[name].values).sum()
        for name, column in read_api(fewer).columns.items()
        if name.startswith("cifar10/test/108@")
    }
    assert missing == {"cifar10/test/108@0": 0, "cifar10/test/108@1": 0, "cifar10/test/108@2": 1}


def test_an_object_with_another_content_is_refused(nasbench):
    broken = copy.deepcopy(nasbench)
    module_hash = next(iter(broken.computed_statistics))
    broken.computed_statistics[module_hash][108][0]["final_test_accuracy"] = 90.0
    with pytest.raises(NasbenchError, match=f"(?s){module_hash}.*from 0 to 1"):
        read_api(broken)


def test_an_object_without_trainings_is_refused():
    with pytest.raises(NasbenchError, match="got none"):
        read_api(NASBench({}))


@pytest.fixture(scope="module")
def folder(published):
    return published("nats-tss/" + META).parent


@pytest.fixture
def plain(folder):
    """The samples as one dict, as the API takes it."""
    return {
        "meta_archs": official.pickle_load(f"{folder}/{META}")["meta_archs"],
        "arch2infos": {index: official.pickle_load(f"{folder}/{index:06d}.pickle.pbz2") for index in (0, 11, 284)},
        "evaluated_indexes": [0, 11, 284],
    }


def test_a_nats_object_in_fast_mode_gives_its_folder(folder):
    same(read_api(official.create(str(folder), "tss", fast_mode=True, verbose=False)), read(folder))


def test_a_nats_object_in_memory_gives_the_same(folder, plain, capsys):
    same(read_api(official.create(plain, "tss", verbose=False), progress=True), read(folder))
    assert capsys.readouterr().out == ""


def test_a_nas_bench_201_object_gives_the_same(folder, plain):
    from nas_201_api import NASBench201API

    for index, results in plain["arch2infos"].items():
        plain["arch2infos"][index] = {"less": results["12"], "full": results["200"]}
    same(read_api(NASBench201API(plain, verbose=False)), read(folder))


def test_results_under_anothers_index_are_found(plain):
    plain["arch2infos"][12] = plain["arch2infos"].pop(11)
    with pytest.raises(NasbenchError, match="as number 12"):
        read_api(official.create(plain, "tss", verbose=False))


@pytest.mark.parametrize("thing", [None, {}, "path", object()])
def test_anything_else_is_told_what_is_understood(thing):
    with pytest.raises(NasbenchError, match=r"(?s)nasbench\.api\.NASBench.*NASBench201API.*NATStopology"):
        read_api(thing)
