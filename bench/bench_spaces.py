"""How fast the spaces draw, vary, describe and identify genotypes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bench import plain_nats_tss, plain_nb101
from nasbench_ga import get_space
from nasbench_ga.spaces import Genotypes, Space

MILLION = 1_000_000
MANY, FEW = 100_000, 2_000
IDENTITY = "identify nb101 genotypes"
PLAIN = {"nb101": plain_nb101, "nats-tss": plain_nats_tss}

over_spaces = pytest.mark.parametrize("name", PLAIN)


def mark(benchmark: Any, group: str, items: int, *notes: str, baseline: bool = False) -> None:
    """Says of a benchmark what its summary shows."""
    benchmark.group = group
    benchmark.extra_info.update(items=items, notes=notes, baseline=baseline)


@pytest.fixture(scope="module")
def million(nb101: Space) -> Genotypes:
    return nb101.sample(MILLION, np.random.default_rng(1))


def test_identify(benchmark, nb101: Space, million: Genotypes):
    mark(benchmark, IDENTITY, MILLION, "goal 1,000,000 a second")
    ids = benchmark.pedantic(nb101.identify, (million,), rounds=15, warmup_rounds=2)
    some = slice(0, None, 1000)
    np.testing.assert_array_equal(
        nb101.features(nb101.enumerate()[ids[some]]).sum(1), nb101.features(million[some]).sum(1)
    )


def test_identify_plain_numpy(benchmark, nb101: Space, million: Genotypes):
    """Colour refinement, and where its result stands among the sorted ones of all cells."""
    of_cells = plain_nb101.wl_identity(nb101.enumerate())
    rows = np.argsort(of_cells)
    known = of_cells[rows]
    assert (np.diff(known) > 0).all()
    mark(
        benchmark,
        IDENTITY,
        MILLION // 10,
        "colour refinement vectorised over genotypes, then binary search",
        baseline=True,
    )
    ids = benchmark.pedantic(
        lambda few: rows[np.searchsorted(known, plain_nb101.wl_identity(few))],
        (million[: MILLION // 10],),
        rounds=5,
        warmup_rounds=1,
    )
    np.testing.assert_array_equal(ids, nb101.identify(million[: MILLION // 10]))


def test_identify_official_hash(benchmark, nb101: Space, million: Genotypes, means: Path):
    """One after another; making the arguments is not timed.

    What `ModelSpec.hash_spec` does, written out: numpy cannot sum the torch tensor that it hands to `hash_module`.
    """
    official = pytest.importorskip("nasbench_pytorch.model.model_spec")
    import pyarrow.parquet as pq

    sources, targets = np.triu_indices(plain_nb101.VERTICES, k=1)
    names = ["conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"]
    few = million[:500]
    matrices = np.zeros((len(few), plain_nb101.VERTICES, plain_nb101.VERTICES), int)
    matrices[:, sources, targets] = few[:, : len(sources)]
    operations = [["input", *(names[o] for o in genotype[len(sources) :]), "output"] for genotype in few]
    mark(benchmark, IDENTITY, len(few), "nasbench_pytorch's ModelSpec and hash_module, one by one")

    def official_hash(matrix: np.ndarray, labelled: list[str]) -> str:
        spec = official.ModelSpec(matrix, labelled)
        labels = [-1, *map(names.index, spec.ops[1:-1]), -2]
        return official.graph_util.hash_module(spec.matrix.numpy(), labels)

    def hash_all() -> list[str]:
        return list(map(official_hash, matrices, operations))

    hashes = benchmark.pedantic(hash_all, rounds=3, warmup_rounds=1)
    published = pq.read_table(means, columns=["hash"])["hash"].to_pylist()
    assert hashes == [published[row].hex() for row in nb101.identify(few)]


@over_spaces
def test_sample(benchmark, name: str, rng: np.random.Generator):
    space = get_space(name)
    mark(benchmark, f"sample {name} genotypes", MANY)
    genotypes = benchmark.pedantic(space.sample, (MANY, rng), rounds=15, warmup_rounds=2)
    assert genotypes.shape == (MANY, space.genes)
    assert space.is_valid(genotypes).all()


@over_spaces
def test_sample_plain_loop(benchmark, name: str, rng: np.random.Generator):
    plain = PLAIN[name]
    mark(benchmark, f"sample {name} genotypes", FEW, baseline=True)
    genotypes = benchmark.pedantic(lambda: [plain.sample(rng) for _ in range(FEW)], rounds=5, warmup_rounds=1)
    assert get_space(name).is_valid(np.array(genotypes, np.int8)).all()


@over_spaces
def test_mutate(benchmark, name: str, rng: np.random.Generator):
    space = get_space(name)
    parents = space.sample(MANY, rng)
    mark(benchmark, f"mutate {name} genotypes", MANY)
    children = benchmark.pedantic(space.mutate, (parents, rng), rounds=15, warmup_rounds=2)
    assert space.is_valid(children).all()
    assert_alike(name, space.mutate, parents, children)


@over_spaces
def test_mutate_plain_loop(benchmark, name: str, rng: np.random.Generator):
    mark(benchmark, f"mutate {name} genotypes", FEW, baseline=True)
    parents = list(map(tuple, get_space(name).sample(FEW, rng).tolist()))
    plain: ModuleType = PLAIN[name]
    children = benchmark.pedantic(lambda: [plain.mutate(parent, rng) for parent in parents], rounds=5, warmup_rounds=1)
    assert get_space(name).is_valid(np.array(children, np.int8)).all()


def assert_alike(name: str, mutate: Callable[..., Genotypes], parents: Genotypes, children: Genotypes) -> None:
    """Asserts that the plain loop changes about as many genes of the same parents."""
    rng = np.random.default_rng(2)
    few = np.repeat(parents[:FEW], 5, axis=0)
    plain = np.array([PLAIN[name].mutate(parent, rng) for parent in map(tuple, few.tolist())], np.int8)
    changed, changed_plainly = (mutate(few, rng) != few).sum(1), (plain != few).sum(1)
    error = np.hypot(changed.std(), changed_plainly.std()) / np.sqrt(len(few))
    assert abs(changed.mean() - changed_plainly.mean()) < 5 * error
    assert (children != parents).any()


@over_spaces
def test_features(benchmark, name: str, rng: np.random.Generator):
    space = get_space(name)
    genotypes = space.sample(MANY, rng)
    mark(benchmark, f"features of {name} genotypes", MANY)
    bits = benchmark.pedantic(space.features, (genotypes,), rounds=15, warmup_rounds=2)
    plain = [PLAIN[name].features(genotype) for genotype in map(tuple, genotypes[:FEW].tolist())]
    np.testing.assert_array_equal(bits[:FEW], plain)


@over_spaces
def test_features_plain_loop(benchmark, name: str, rng: np.random.Generator):
    space = get_space(name)
    genotypes = list(map(tuple, space.sample(FEW, rng).tolist()))
    mark(benchmark, f"features of {name} genotypes", FEW, baseline=True)
    bits = benchmark.pedantic(
        lambda: np.array([PLAIN[name].features(genotype) for genotype in genotypes], np.float32),
        rounds=5,
        warmup_rounds=1,
    )
    np.testing.assert_array_equal(bits, space.features(np.array(genotypes, np.int8)))
