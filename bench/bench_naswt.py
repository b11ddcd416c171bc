"""How fast networks are scored by NASWT, and how fast a kept score is found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from bench import plain_naswt
from nasbench_ga import get_space
from nasbench_ga.errors import DatasetNotFoundError
from nasbench_ga.fitness import NASWT, NASWTSettings
from nasbench_ga.fitness.naswt_score import naswt_scores
from nasbench_ga.fitness.score_store import ScoreStore
from nasbench_ga.networks import build_network
from nasbench_ga.spaces import Genotypes, Space
from nasbench_ga.training import draw_batch, load_images

BATCH, NETWORKS = 128, 6
GOALS = {"nb101": ["goals 0.18 s, 5 ×"], "nats-tss": ["goal 5 ×"]}
SIZES: dict[str, dict[str, Any]] = {"nb101": {"stem": 16}, "nats-tss": {}}

over_spaces = pytest.mark.parametrize("name", GOALS)


@pytest.fixture(scope="module")
def images() -> Tensor:
    """A batch of CIFAR-10 or, where it is not there, of photographs."""
    try:
        source = load_images("cifar10")
    except DatasetNotFoundError:
        source = load_images("photographs")
    return torch.from_numpy(draw_batch(source, BATCH, 0).pixels)


def cell(name: str) -> tuple[Space, Genotypes]:
    """A cell that uses all there is: five operations of nb101, every edge of nats-tss."""
    space = get_space(name)
    if name == "nats-tss":
        return space, space.encode(
            "|nor_conv_3x3~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|"
        )
    cells = space.sample(100, np.random.default_rng(0))
    return space, next(genotype for genotype in cells if len(space.decode(genotype).operations) == 7)


@over_spaces
def test_score(benchmark, name: str, images: Tensor):
    """From genotypes to scores: the same network several times over, which each core computes by itself."""
    benchmark.group = f"NASWT scores of {name} networks, {BATCH} images"
    benchmark.extra_info.update(items=NETWORKS, notes=[f"{torch.get_num_threads()} threads", *GOALS[name]])
    space, genotype = cell(name)
    genotypes = np.repeat(genotype[None], NETWORKS, axis=0)
    results = benchmark.pedantic(
        lambda: [scores for _, scores in naswt_scores(space, genotypes, images, **SIZES[name])],
        rounds=5,
        warmup_rounds=1,
    )
    assert len(np.unique(results)) == 1


@over_spaces
def test_score_authors_way(benchmark, name: str, images: Tensor):
    """The same network, two passes forwards and one backwards."""
    benchmark.group = f"NASWT scores of {name} networks, {BATCH} images"
    benchmark.extra_info.update(items=1, baseline=True, notes=[f"{torch.get_num_threads()} threads"])
    space, genotype = cell(name)
    score = benchmark.pedantic(
        lambda: plain_naswt.score(build_network(space, genotype, **SIZES[name]), images), rounds=3, warmup_rounds=1
    )
    ((_, ours),) = naswt_scores(space, genotype[None], images, **SIZES[name])
    assert score == pytest.approx(ours[0], rel=1e-5)


def test_scored_cells(benchmark, tmp_path: Path):
    """Every network of nats-tss, whose scores are kept."""
    space, settings = get_space("nats-tss"), NASWTSettings(store=tmp_path, dataset="photographs")
    first = np.unique(space.identify(space.canonical(space.enumerate(), per_network=True)))
    (key,) = NASWT(space, settings).provenance["scores"]
    ScoreStore(tmp_path, key).add(first, np.random.default_rng(0).random(len(first)), np.ones(len(first)))
    fitness = NASWT(space, settings)
    benchmark.group = "evaluate scored cells of nats-tss"
    benchmark.extra_info.update(items=len(first))
    evaluation = benchmark.pedantic(fitness, (space.enumerate()[first],), rounds=5, warmup_rounds=1)
    assert fitness.scored == 0
    assert np.isfinite(evaluation.value).all()
