"""The five searches of Dervisi's study find today what they found before: results/golden/five-searches.json.

`python -m tests.test_five_searches` writes the file anew and prints what moved.
"""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nasbench_ga as ng
from nasbench_ga.files import write_json

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "results" / "golden" / "five-searches.json"
FEW = ng.GeneticSettings(population=20)
BENCHMARKS = [("nb101", "cifar10"), *(("nats-tss", dataset) for dataset in ("cifar10", "cifar100", "ImageNet16-120"))]
SEARCHES: dict[str, dict[str, Any]] = {
    "genetic x accuracy": {"algorithm": "genetic", "evaluations": 2000},
    "genetic x naswt": {"algorithm": "genetic", "fitness": "naswt", "evaluations": 60, "genetic": FEW},
    "nas-ea-fa (xgboost) x accuracy": {"algorithm": "nas-ea-fa", "evaluations": 250},
    "nas-ea-fa (gcn) x accuracy": {
        "algorithm": "nas-ea-fa",
        "evaluations": 150,
        "repeats": 1,
        "nas_ea_fa": ng.NASEAFASettings(surrogate="gcn"),
    },
    "nas-ea-fa (xgboost) x naswt": {
        "algorithm": "nas-ea-fa",
        "fitness": "naswt",
        "evaluations": 60,
        "nas_ea_fa": ng.NASEAFASettings(population=20, top=12, farthest=8),
    },
}


def configuration(space: str, dataset: str, search: str, folder: Path) -> ng.RunConfig:
    """The search, short. Cells of nb101 are scored on photographs, those of nats-tss were on CIFAR-10."""
    images = {"dataset": "photographs", "batch": 16} if space == "nb101" else {"dataset": "cifar10"}
    naswt = ng.NASWTSettings(**images, store=folder / "store")
    own = {"repeats": 2} | SEARCHES[search]
    return ng.RunConfig(space=space, dataset=dataset, table=space, naswt=naswt, results=folder / "run", **own)


def outcome(result: ng.Result) -> dict[str, Any]:
    """What a search evaluated, as a fingerprint, the best of it, and the test accuracy of each repeat's best."""
    evaluations = result.evaluations
    best = evaluations.loc[evaluations["value"].idxmax()]
    ids = np.ascontiguousarray(evaluations[["repeat", "step", "id"]].to_numpy(np.int64))
    return {
        "evaluated": hashlib.sha256(ids.tobytes()).hexdigest(),
        "best_id": int(best["id"]),
        "best_step": int(best["step"]),
        "best_value": float(best["value"]),
        "test": result.summary[result.objective.test].tolist(),
    }


def key(space: str, dataset: str, search: str) -> str:
    return f"{search}, {space}, {dataset}"


def test_every_search_has_its_golden_value_and_every_value_its_search() -> None:
    expected = {key(*benchmark, search) for benchmark in BENCHMARKS for search in SEARCHES}
    assert set(json.loads(GOLDEN.read_text())) == expected


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize(("space", "dataset"), BENCHMARKS)
def test_it_finds_what_it_found(
    space: str, dataset: str, search: str, published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published("nb101_108.parquet")
    monkeypatch.setenv("NASBENCH_GA_DATA", f"{ROOT / 'data'}{os.pathsep}{os.environ['NASBENCH_GA_DATA']}")
    golden = json.loads(GOLDEN.read_text())[key(space, dataset, search)]
    found = outcome(ng.run(configuration(space, dataset, search, tmp_path)))
    assert found == golden | {"best_value": pytest.approx(golden["best_value"], rel=1e-6)}


def update() -> None:
    before = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    after = {}
    for benchmark in BENCHMARKS:
        for search in SEARCHES:
            with tempfile.TemporaryDirectory() as folder:
                result = ng.run(configuration(*benchmark, search, Path(folder)), progress=True)
                own = after[key(*benchmark, search)] = outcome(result)
            if (known := before.get(key(*benchmark, search))) != own:
                print(f"{key(*benchmark, search)}: {known} -> {own}")
    write_json(GOLDEN, after)


if __name__ == "__main__":
    update()
