"""Untrained weights: distributed as published, of a seed, and alike where networks are alike."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from nasbench_ga.errors import NasbenchError
from nasbench_ga.networks import Network, build_network, build_networks, builders
from nasbench_ga.spaces import Genotypes, get_space

NB101, TOPOLOGY = get_space("nb101"), get_space("nats-tss")
SMALL: dict[str, Any] = {"channels": (4, 8, 16), "cells_per_stage": 1}
LEAST_P = 1e-5  # of some dozens of layers


def of_one(name: str, seed: int = 0) -> Network:
    return build_network(get_space(name), get_space(name).sample(1, np.random.default_rng(1))[0], seed=seed)


def numbers(parameter: torch.Tensor) -> np.ndarray:
    return parameter.detach().numpy().ravel().astype(np.float64)


def layers(network: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    return [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]


def test_nb101_weights_are_normal_by_the_outputs_of_a_layer() -> None:
    """Variance 2 / (kernel area x output channels); 0.01 is the classifier's deviation, and its bias is zero."""
    for layer in layers(of_one("nb101")):
        weights = numbers(layer.weight)
        if isinstance(layer, nn.Linear):
            deviation = 0.01
            assert not layer.bias.any()
        else:
            deviation = (2 / (layer.kernel_size[0] * layer.kernel_size[1] * layer.out_channels)) ** 0.5
            assert layer.bias is None
        assert stats.kstest(weights[:20_000] / deviation, "norm").pvalue > LEAST_P
        assert weights.std() == pytest.approx(deviation, rel=5 / (2 * len(weights)) ** 0.5)
        assert abs(weights.mean()) < 5 * deviation / len(weights) ** 0.5


@pytest.mark.parametrize("name", ["nats-tss", "nats-sss"])
def test_nats_weights_are_uniform_by_the_inputs_of_an_output(name: str) -> None:
    for layer in layers(of_one(name)):
        inputs = layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels * layer.kernel_size[0] ** 2
        for parameter in layer.parameters():
            assert (parameter.abs() <= 1.00001 * inputs**-0.5).all()
            scaled = numbers(parameter)[:20_000] * inputs**0.5
            assert stats.kstest(scaled, stats.uniform(-1, 2).cdf).pvalue > LEAST_P


@pytest.mark.parametrize("name", ["nb101", "nats-tss", "nats-sss"])
def test_batch_norms_start_as_the_identity(name: str) -> None:
    norms = [module for module in of_one(name).modules() if isinstance(module, nn.BatchNorm2d)]
    assert norms
    for norm in norms:
        assert torch.equal(norm.weight, torch.ones_like(norm.weight))
        assert torch.equal(norm.running_var, torch.ones_like(norm.weight))
        assert not norm.bias.any()
        assert not norm.running_mean.any()
        assert norm.num_batches_tracked == 0
        assert norm.training


@pytest.mark.parametrize("name", ["nb101", "nats-tss", "nats-sss"])
def test_weights_follow_from_the_seed_and_no_two_layers_are_alike(name: str) -> None:
    first, again, other = of_one(name), of_one(name), of_one(name, seed=1)
    assert all(torch.equal(p, q) for p, q in zip(first.parameters(), again.parameters(), strict=True))
    beginnings = {tuple(numbers(layer.weight)[:4]) for network in (first, other) for layer in layers(network)}
    assert len(beginnings) == 2 * len(layers(first))


EVERY = [*builders]


def inputs_and_outputs(layer: nn.Conv2d | nn.Linear) -> tuple[int, int]:
    """Numbers that an output weight sum has, and sums that an input is in."""
    area = layer.weight[0, 0].numel()
    return layer.weight.shape[1] * area, layer.weight.shape[0] * area


def built(name: str, initial: str) -> Network:
    """Small networks, but the chain's are wide enough to tell a distribution."""
    space = get_space(name)
    if name == "layer-chain":
        genotype = space.encode("conv 3x5 30 plain - maxpool 2x2/2x2 - residual 3x3/2x2 40 - dense 30 - dense 20")
    else:
        genotype = space.sample(1, np.random.default_rng(4))[0]
    return build_network(space, genotype, seed=5, initial=initial)


@pytest.mark.parametrize("name", EVERY)
def test_he_weights_are_normal_by_the_inputs_of_an_output(name: str) -> None:
    for layer in layers(built(name, "he")):
        weights = numbers(layer.weight) / (2 / inputs_and_outputs(layer)[0]) ** 0.5
        assert stats.kstest(weights[:20_000], "norm").pvalue > LEAST_P
        assert layer.bias is None or not layer.bias.any()


@pytest.mark.parametrize("name", EVERY)
def test_xavier_weights_are_uniform_by_inputs_and_outputs(name: str) -> None:
    """As torch's own are: the same bounds, and as evenly spread."""
    for layer in layers(built(name, "xavier")):
        bound = (6 / sum(inputs_and_outputs(layer))) ** 0.5
        scaled = numbers(layer.weight) / bound
        assert abs(scaled).max() <= 1.00001
        assert stats.kstest(scaled[:20_000], stats.uniform(-1, 2).cdf).pvalue > LEAST_P
        assert layer.bias is None or not layer.bias.any()
        with torch.random.fork_rng():
            theirs = torch.nn.init.xavier_uniform_(torch.empty_like(layer.weight))
        assert theirs.abs().max() == pytest.approx(bound, rel=0.2)


def test_chains_start_with_he_weights_but_for_the_output_layer() -> None:
    ours, he, xavier = (built("layer-chain", initial) for initial in ("published", "he", "xavier"))
    for name, parameter in ours.named_parameters():
        same = xavier if name.startswith("classifier") else he
        assert torch.equal(parameter, same.get_parameter(name)), name


def test_unknown_initial_weights_are_named() -> None:
    with pytest.raises(NasbenchError, match="no distribution of initial weights 'hee'; did you mean 'he'"):
        built("nats-tss", "hee")


def test_building_leaves_torchs_own_randomness_alone() -> None:
    before = torch.get_rng_state()
    for initial in ("published", "he", "xavier"):
        built("layer-chain", initial)
    assert torch.equal(torch.get_rng_state(), before)


def shared_layers(one: nn.Module, other: nn.Module) -> int:
    """How many weights of the same place and shape two networks have; they have to be equal."""
    theirs = dict(other.named_parameters())
    own = {name: p for name, p in one.named_parameters() if name in theirs and theirs[name].shape == p.shape}
    assert all(torch.equal(p, theirs[name]) for name, p in own.items())
    return sum(p.dim() > 1 for p in own.values())


def test_a_layer_that_two_networks_share_starts_alike_in_both() -> None:
    conv, other = np.full(6, 3, np.int8), np.array([3, 2, 3, 1, 4, 3], np.int8)
    networks = [build_network(TOPOLOGY, genotype, **SMALL) for genotype in (conv, other)]
    assert shared_layers(*networks) == 3 * 3 + 2 * 3 + 2
    cells = NB101.sample(2, np.random.default_rng(2))
    assert shared_layers(*(build_network(NB101, cell, stem=4) for cell in cells)) >= 2


def mixed_cells() -> Genotypes:
    """Cells of which every edge lies on a path."""
    return np.array([[3, 3, 3, 3, 3, 3], [1, 2, 3, 4, 2, 3], [2, 3, 1, 3, 3, 1], [3, 1, 1, 2, 4, 4]], np.int8)


def test_weights_side_by_side_are_those_alone() -> None:
    ((_, together),) = build_networks(TOPOLOGY, mixed_cells(), 4, seed=3, **SMALL)
    for genotype in mixed_cells():
        for name, own in build_network(TOPOLOGY, genotype, seed=3, **SMALL).named_parameters():
            copies = together.get_parameter(name).view(-1, *own.shape)
            assert all(torch.equal(copy, own) for copy in copies), name
