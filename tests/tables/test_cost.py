"""Simulated seconds are what the official NATS-Bench API charges."""

from collections.abc import Callable
from pathlib import Path

import pytest
from nats_bench import create

from nasbench_ga.tables import Table, choose_objective, from_api, open_table

SPLITS = {
    "cifar10": "cifar10-valid/x-valid",
    "cifar100": "cifar100/x-valid",
    "ImageNet16-120": "ImageNet16-120/x-valid",
}


@pytest.fixture(scope="module")
def folder(published: Callable[[str], Path]) -> Path:
    return published("nats-tss/meta.pickle.pbz2").parent


@pytest.fixture
def table(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Table:
    monkeypatch.chdir(tmp_path)
    return open_table("nats-tss", folder)


@pytest.mark.parametrize("architecture", [0, 11, 284])
@pytest.mark.parametrize("epochs", ["12", "200"])
@pytest.mark.parametrize("dataset", list(SPLITS))
def test_cost_is_what_simulate_train_eval_charges(
    dataset: str, epochs: str, architecture: int, folder: Path, table: Table
) -> None:
    api = create(str(folder), "tss", fast_mode=True, verbose=False)
    metric = f"{SPLITS[dataset]}/{epochs}"
    charged = {api.simulate_train_eval(architecture, dataset, hp=epochs)[::2] for _ in range(40)}
    ours = {
        (table.lookup([architecture], f"{metric}@{seed}")[0], table.cost(f"{metric}@{seed}").seconds[architecture])
        for seed in table.seeds[metric]
    }
    held = sorted(pair for pair in ours if pair[0] == pair[0])
    assert sorted(charged) == [pytest.approx(pair) for pair in held]


def test_a_table_and_its_api_hold_the_same_numbers(folder: Path, table: Table) -> None:
    loaded = from_api(create(str(folder), "tss", fast_mode=True, verbose=False))
    assert loaded.fingerprint == table.fingerprint
    assert choose_objective(loaded).search == "cifar10-valid/x-valid/200"
    assert loaded.lookup([0, 11, 284], "cifar10-valid/x-valid/200@999") == pytest.approx(
        [82.24, 87.94, 86.07], abs=0.005
    )
