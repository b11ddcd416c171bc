"""Networks are those that the benchmarks trained: sizes as published, and the same numbers as an outside port."""

import numpy as np
import pytest
import torch
from nasbench_pytorch.model import ModelSpec, Network
from torch import nn

from nasbench_ga.errors import UnknownNameError
from nasbench_ga.networks import Inheritance, build_network, builders
from nasbench_ga.spaces import CategoricalSpace, Space, get_space
from nasbench_ga.spaces.nats_tss import OPERATION_NAMES

IMAGES = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def images_for(space: Space) -> torch.Tensor:
    return IMAGES if space.image is None else torch.randn(4, *space.image, generator=torch.Generator().manual_seed(0))


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


@pytest.mark.parametrize("name", [*builders, "nb101-raw9", "nats-tss-graph"])
@pytest.mark.parametrize("classes", [10, 100, 120])
def test_built_networks_have_the_published_number_of_parameters(name: str, classes: int) -> None:
    space = get_space(name)
    genotypes = space.sample(12, np.random.default_rng(classes))
    built = [parameters(build_network(space, genotype, classes)) for genotype in genotypes]
    assert built == space.parameters(genotypes, classes).tolist()


@pytest.mark.parametrize("name", list(builders))
def test_networks_map_images_to_logits_and_learn(name: str) -> None:
    space = get_space(name)
    for genotype in space.sample(3, np.random.default_rng(1)):
        network = build_network(space, genotype, 7, **({"stem": 8} if name.startswith("nb101") else {}))
        logits = network(images_for(space))
        assert logits.shape == (4, 7)
        logits.square().sum().backward()
        assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


@pytest.mark.parametrize("name", list(builders))
def test_networks_share_nothing_with_those_of_another_kind(name: str) -> None:
    space = get_space(name)
    network = build_network(space, space.sample(1, np.random.default_rng(0))[0])
    other = get_space("nats-sss" if name != "nats-sss" else "nb101")
    before = {key: value.clone() for key, value in network.state_dict().items()}
    assert network.inherit(build_network(other, other.enumerate()[0])) == Inheritance()
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_nb101_gives_the_numbers_of_an_outside_port() -> None:
    """The port of nasbench_pytorch with the same weights: every weight has its counterpart in the same order."""
    space = get_space("nb101")
    for genotype in space.sample(15, np.random.default_rng(2)):
        ours = build_network(space, genotype, stem=16)
        cell = space.decode(space.enumerate()[space.identify(genotype[None])[0]])
        theirs = Network(ModelSpec(np.array(cell.matrix), list(cell.operations)), stem_out_channels=16)
        _copy_weights(ours, theirs)
        torch.testing.assert_close(ours(IMAGES), theirs(IMAGES), rtol=1e-4, atol=1e-5)


def _copy_weights(ours: nn.Module, theirs: nn.Module) -> None:
    """Stem and classifier, then cell by cell the projections and the operations."""
    from nasbench_ga.networks.nb101 import Cell

    theirs.classifier.load_state_dict(ours.classifier.state_dict())
    for mine, other in zip(ours.features, theirs.layers, strict=True):
        if isinstance(mine, Cell):
            for vertex, projection in mine.projections.items():
                _load(projection, other.input_op[int(vertex)])
            for vertex, operation in enumerate(mine.operations, start=1):
                _load(operation, other.vertex_op[vertex])
        else:
            _load(mine, other)


def _load(source: nn.Module, target: nn.Module) -> None:
    values = dict(zip(target.state_dict(), source.state_dict().values(), strict=True))
    target.load_state_dict(values)


def test_isomorphic_genotypes_build_one_network() -> None:
    space = get_space("nb101")
    for genotype in space.sample(5, np.random.default_rng(3)):
        outputs = [build_network(space, isomorph, stem=8)(IMAGES) for isomorph in space.isomorphs(genotype)[:4]]
        assert all(torch.equal(output, outputs[0]) for output in outputs)


def test_a_nats_cell_computes_its_sum_of_edges() -> None:
    """Against the definition written out: node 3 of none, skip and pooling edges alone."""
    from nasbench_ga.networks.nats import Cell

    x = IMAGES
    pooled = nn.functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
    names = ["skip_connect", "avg_pool_3x3", "none", "skip_connect", "avg_pool_3x3", "skip_connect"]
    cell = Cell(np.array([[OPERATION_NAMES.index(name) for name in names]], np.int8), 3, 3)
    torch.testing.assert_close(cell(x), x + pooled + pooled)
    nothing = Cell(np.zeros((1, 6), np.int8), 3, 5)
    assert torch.equal(nothing(x), torch.zeros(4, 5, 32, 32))


def test_sizes_are_arguments() -> None:
    space = get_space("nats-tss")
    small = build_network(space, space.enumerate()[0], channels=(4, 8, 16), cells_per_stage=1)
    assert parameters(small) < parameters(build_network(space, space.enumerate()[0])) / 10
    nb101 = get_space("nb101")
    assert len(build_network(nb101, nb101.enumerate()[0], stem=4, stacks=2, cells_per_stack=1).features) == 4


def test_a_space_without_networks_is_named() -> None:
    class Bare(CategoricalSpace):
        name = benchmark = "bare"
        cardinalities = np.full(2, 3, np.int8)

        def encode(self, cell: str) -> np.ndarray: ...

        def decode(self, genotype: np.ndarray) -> str: ...

    with pytest.raises(UnknownNameError, match="There is no benchmark with networks 'bare'"):
        build_network(Bare(), np.zeros(2, np.int8))
