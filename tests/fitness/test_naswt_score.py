"""NASWT scores of the benchmarks' networks: against the definition in 64 bits, and against the authors' way."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from bench import plain_naswt
from nasbench_ga.fitness.agreements import log_determinants
from nasbench_ga.fitness.naswt_score import _of_untrained, naswt_score, naswt_scores
from nasbench_ga.networks import build_network, build_networks
from nasbench_ga.spaces import Genotypes, get_space
from nasbench_ga.spaces.nats_tss import OPERATION_NAMES, on_a_path
from nasbench_ga.training import draw_batch, load_images
from tests.support import naswt_reference

with_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
on_devices = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=with_cuda)])

SMALL: dict[str, dict[str, Any]] = {
    "nb101": {"stem": 4, "cells_per_stack": 1},
    "nats-tss": {"channels": (4, 8, 16), "cells_per_stage": 1},
    "nats-sss": {},
}
IMAGES = torch.randn(16, 3, 32, 32, generator=torch.Generator().manual_seed(0))
TOPOLOGY = get_space("nats-tss")


def some(name: str, count: int, seed: int = 0) -> Genotypes:
    return get_space(name).sample(count, np.random.default_rng(seed))


def scores(name: str, genotypes: Genotypes, images: Tensor = IMAGES, **options: Any) -> np.ndarray:
    """All scores, each in its place."""
    out = np.full(len(genotypes), np.nan)
    for chosen, own in naswt_scores(get_space(name), genotypes, images, **{**SMALL[name], **options}):
        assert np.isnan(out[chosen]).all()
        out[chosen] = own
    return out


def pruned(genotypes: Genotypes) -> Genotypes:
    """nats-tss cells with none wherever an edge lies on no path from input to output."""
    genotypes = genotypes.copy()
    genotypes[~on_a_path(genotypes != 0)] = 0
    return genotypes


@pytest.fixture(scope="module")
def photographs(images_folder: Path) -> Tensor:
    return torch.from_numpy(draw_batch(load_images("cifar10", folders=[images_folder]), 16, 0).pixels)


@on_devices
@pytest.mark.parametrize(
    ("name", "sizes", "count"),
    [
        ("nb101", SMALL["nb101"], 8),
        ("nb101", {"stem": 16, "cells_per_stack": 1}, 4),
        ("nats-tss", SMALL["nats-tss"], 10),
        ("nats-sss", {}, 2),
    ],
)
def test_scores_are_those_of_the_definition_and_of_the_authors(
    photographs: Tensor, device: str, name: str, sizes: dict[str, Any], count: int
) -> None:
    space, genotypes, images = get_space(name), some(name, count), photographs.to(device)
    if name == "nats-tss":
        genotypes = pruned(genotypes)
        genotypes = genotypes[genotypes.any(1)]
    networks = [build_network(space, genotype, device=device, **sizes) for genotype in genotypes]
    ours = scores(name, genotypes, images, **sizes)
    assert np.isfinite(ours).all()
    np.testing.assert_allclose(ours, [naswt_reference.score(network, images) for network in networks], rtol=1e-5)
    np.testing.assert_allclose(ours, [naswt_score(network, images) for network in networks], rtol=1e-5)
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        authors = [plain_naswt.score(network, images) for network in networks]
    np.testing.assert_allclose(ours, authors, rtol=1e-5)


@with_cuda
@pytest.mark.parametrize("name", SMALL)
def test_a_gpu_gives_the_scores_of_a_cpu(name: str) -> None:
    genotypes = some(name, 4)
    np.testing.assert_allclose(scores(name, genotypes, IMAGES.cuda()), scores(name, genotypes), rtol=1e-5)


def test_edges_on_no_path_do_not_count() -> None:
    genotypes = some("nats-tss", 60, 1)
    genotypes = genotypes[(genotypes != pruned(genotypes)).any(1) & pruned(genotypes).any(1)][:8]
    assert len(genotypes) == 8
    ours = scores("nats-tss", genotypes)
    np.testing.assert_array_equal(ours, scores("nats-tss", pruned(genotypes)))
    alone = [naswt_score(build_network(TOPOLOGY, g, **SMALL["nats-tss"]), IMAGES) for g in genotypes]
    np.testing.assert_allclose(ours, alone, rtol=1e-5)


DISCONNECTED = np.array([[0, 0, 0, 0, 0, 0], [3, 0, 3, 0, 0, 0], [0, 0, 3, 0, 3, 3], [1, 2, 3, 0, 0, 0]], np.int8)


@pytest.mark.parametrize("at_once", [1, 4])
def test_a_cell_without_a_path_has_minus_infinity(at_once: int) -> None:
    assert np.array_equal(scores("nats-tss", DISCONNECTED, at_once=at_once), [-np.inf] * 4)
    networks = [build_network(TOPOLOGY, genotype, **SMALL["nats-tss"]) for genotype in DISCONNECTED]
    assert [naswt_score(network, IMAGES) for network in networks] == [-np.inf] * 4


def every_operation() -> Genotypes:
    """Cells of one operation throughout, cells without a path, and others; in an order that mixes them."""
    alike = np.repeat(np.arange(len(OPERATION_NAMES), dtype=np.int8)[:, None], 6, axis=1)
    return np.random.default_rng(4).permutation(np.concatenate([alike, DISCONNECTED[1:3], some("nats-tss", 6, 2)]))


def test_networks_side_by_side_score_and_compute_as_each_does_alone() -> None:
    """In 64 bits, where no rounding turns a unit over."""
    genotypes, images = every_operation(), IMAGES.double()
    sizes = SMALL["nats-tss"]
    alone = [network.double() for _, network in build_networks(TOPOLOGY, genotypes, **sizes)]
    expected = np.concatenate([log_determinants(_of_untrained(network, 1, images).matrices()) for network in alone])
    assert np.isneginf(expected).any()
    for chosen, network in build_networks(TOPOLOGY, genotypes, 5, **sizes):
        count = len(genotypes[chosen])
        assert count in (5, len(genotypes) % 5)
        together = log_determinants(_of_untrained(network.double(), count, images).matrices())
        np.testing.assert_allclose(together, expected[chosen], rtol=1e-12)
        with torch.no_grad():
            logits = network(images[:4])
            for place, own in enumerate(alone[chosen]):
                torch.testing.assert_close(logits[:, place], own(images[:4]), rtol=1e-9, atol=1e-9)


@on_devices
def test_networks_side_by_side_come_in_order(device: str) -> None:
    genotypes, images = every_operation(), IMAGES.to(device)
    one_by_one = scores("nats-tss", genotypes, images, at_once=1)
    for at_once in (5, 64):
        np.testing.assert_allclose(scores("nats-tss", genotypes, images, at_once=at_once), one_by_one, rtol=1e-5)


@on_devices
@pytest.mark.parametrize("name", SMALL)
def test_a_seed_gives_one_score_to_the_last_digit(name: str, device: str) -> None:
    genotypes, images = some(name, 3), IMAGES.to(device)
    first = scores(name, genotypes, images, seed=7)
    assert np.array_equal(scores(name, genotypes, images, seed=7), first)
    assert (scores(name, genotypes, images, seed=8) != first).all()


@pytest.mark.parametrize("name", SMALL)
def test_one_network_and_many_are_scored_alike(name: str) -> None:
    genotypes = some(name, 3, 3)
    networks = [build_network(get_space(name), genotype, seed=5, **SMALL[name]) for genotype in genotypes]
    alone = [naswt_score(network, IMAGES) for network in networks]
    np.testing.assert_allclose(alone, scores(name, genotypes, seed=5), rtol=1e-6)


def test_isomorphic_genotypes_have_one_score() -> None:
    space = get_space("nb101")
    for genotype in some("nb101", 3, 4):
        isomorphs = space.isomorphs(genotype)[:4]
        assert len(np.unique(scores("nb101", isomorphs))) == 1


def test_random_states_are_left_alone() -> None:
    torch.manual_seed(3)
    np.random.seed(3)  # noqa: NPY002
    states = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    network = build_network(TOPOLOGY, np.full(6, 3, np.int8), **SMALL["nats-tss"])
    naswt_score(network, IMAGES)
    scores("nats-tss", every_operation()[:3], at_once=3)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002


def test_threads_change_no_digit() -> None:
    genotypes = get_space("nb101").sample(5, np.random.default_rng(8))
    before = torch.get_num_threads()
    try:
        found = []
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(scores("nb101", genotypes, stem=4))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(*found)
