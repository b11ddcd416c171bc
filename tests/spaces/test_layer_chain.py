"""Chains of layers: limits, operators, identity, sizes."""

from collections import Counter
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_ga.errors import NasbenchError
from nasbench_ga.spaces import Chain, Genotypes, Layer, LayerChain, LayerChainSettings, get_space
from nasbench_ga.spaces.layer_operators import OPERATORS, cross
from nasbench_ga.spaces.layers import in_order

SPACE = LayerChain()
REFERENCE = "conv 5x5 32 plain - maxpool 2x2/2x2 - conv 5x5 64 plain - maxpool 2x2/2x2 - dense 1024"
PREFIX = "conv 3x3 8 - maxpool 2x2/2x2"
LIMITS = (
    LayerChainSettings(),
    LayerChainSettings(max_parameters=3_000),
    LayerChainSettings(max_multiply_adds=50_000),
    LayerChainSettings(max_layers=3, max_kernel=3, max_width=12),
    LayerChainSettings(max_layers=6, dense=3),
    LayerChainSettings(prefix=PREFIX, max_layers=5, dense=1, max_parameters=20_000, batch_norm=False),
    LayerChainSettings(prefix="dense 20", max_layers=4),
    LayerChainSettings(prefix="conv 3x3 8 - dense 9", max_layers=2, dense=1),
    LayerChainSettings(max_kernel=1, max_width=1, max_layers=1),
)
LIMITED = [LayerChain(limits, image) for limits in LIMITS for image in ((1, 28, 28), (3, 7, 1))]
NAMED = pytest.mark.parametrize("space", LIMITED, ids=lambda space: f"{space.settings.prefix}|{space.genes}")
seeds = st.integers(0, 2**32 - 1)
steps = st.sampled_from([0, 0.1, 0.5, 1, 3])


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def chains(space: LayerChain, genotypes: Genotypes) -> list[Chain]:
    return [space.decode(genotype) for genotype in genotypes]


def assert_within_limits(space: LayerChain, genotypes: Genotypes) -> None:
    """Written anew from the decoded layers, not with `is_valid`."""
    limits = space.settings
    for chain in chains(space, genotypes):
        layers = list(chain)
        assert str(chain).startswith(limits.prefix)
        assert 1 <= len(layers) <= limits.max_layers
        assert sum(layer.kind == "dense" for layer in layers) >= limits.dense
        assert max(max(layer.height, layer.width, layer.stride_height) for layer in layers) <= limits.max_kernel
        assert max(layer.units for layer in layers) <= limits.max_width
        assert in_order(layers)
    if limits.max_parameters is not None and len(genotypes):
        assert space.parameters(genotypes).max() <= limits.max_parameters
    if limits.max_multiply_adds is not None and len(genotypes):
        assert space.multiply_adds(genotypes).max() <= limits.max_multiply_adds


# --- Variation


@NAMED
@settings(max_examples=15)
@given(seed=seeds, step=steps, points=st.none() | st.integers(1, 12))
def test_whatever_comes_out_is_valid_and_within_the_limits(
    space: LayerChain, seed: int, step: float, points: int | None
) -> None:
    generator = rng(seed)
    parents = space.sample(12, generator)
    points = None if points is None else min(points, space.most_cuts)
    for genotypes in (
        parents,
        space.mutate(parents, generator, step),
        space.crossover(parents, parents[::-1], generator, points),
    ):
        assert space.is_valid(genotypes).all()
        assert_within_limits(space, genotypes)


@pytest.mark.parametrize("step", [0.0, 0.3, 1.0])
def test_a_child_differs_from_its_parent(step: float) -> None:
    for space in LIMITED[:6]:
        parents = space.sample(60, rng())
        assert (space.mutate(parents, rng(1), step) != parents).any(1).all()


def test_a_child_is_a_copy_where_nothing_can_change() -> None:
    space = LayerChain(LayerChainSettings(prefix=PREFIX, max_layers=2))
    parents = space.sample(3, rng())
    assert {str(chain) for chain in chains(space, parents)} == {PREFIX}
    np.testing.assert_array_equal(space.mutate(parents, rng()), parents)
    np.testing.assert_array_equal(space.crossover(parents, parents, rng(), 1), parents)


def operator_of(parent: Chain, child: Chain) -> str:
    """Which operator must have made a child."""
    if len(child) != len(parent):
        return "insert" if len(child) > len(parent) else "delete"
    return "switch" if Counter(child.layers) == Counter(parent.layers) else "modify"


def used(space: LayerChain, parent: str, n: int = 2_000) -> dict[str, float]:
    """The share of each operator among children of a chain."""
    parents = np.repeat(space.encode(parent)[None], n, axis=0)
    found = Counter(operator_of(Chain.parse(parent), child) for child in chains(space, space.mutate(parents, rng())))
    return {name: found[name] / n for name in OPERATORS}


def test_operators_that_can_be_applied_are_equally_likely() -> None:
    shares = used(SPACE, "conv 3x3 8 - maxpool 2x2/2x2 - dense 20")
    assert all(share == pytest.approx(1 / 4, abs=0.04) for share in shares.values())
    assert used(SPACE, "conv 3x3 8") == pytest.approx(
        {"insert": 0.5, "delete": 0, "modify": 0.5, "switch": 0}, abs=0.04
    )
    full = LayerChain(LayerChainSettings(max_layers=2, dense=1))
    assert used(full, "conv 3x3 8 - dense 9") == pytest.approx(
        {"insert": 0, "delete": 0.5, "modify": 0.5, "switch": 0}, abs=0.04
    )


def test_operators_are_as_likely_as_the_settings_say() -> None:
    space = LayerChain(LayerChainSettings(insert=0, delete=1, modify=2, switch=1))
    shares = used(space, "conv 3x3 8 - maxpool 2x2/2x2 - dense 20")
    assert shares == pytest.approx({"insert": 0, "delete": 0.25, "modify": 0.5, "switch": 0.25}, abs=0.04)


@given(seed=seeds, step=steps)
def test_each_operator_does_what_its_name_says(seed: int, step: float) -> None:
    generator = rng(seed)
    layers = SPACE.decode(SPACE.sample(1, generator)[0]).layers
    for name, operator in OPERATORS.items():
        child = operator(layers, generator, SPACE.settings, step)
        if child is None:
            continue
        changed = sum(own != other for own, other in zip(layers, child, strict=False))
        match name:
            case "insert":
                assert any(child[:place] + child[place + 1 :] == layers for place in range(len(child)))
            case "delete":
                assert any(layers[:place] + layers[place + 1 :] == child for place in range(len(layers)))
            case "modify":
                assert [layer.kind for layer in child] == [layer.kind for layer in layers]
                assert [layer.norm for layer in child] == [layer.norm for layer in layers]
                assert len(child) == len(layers)
                assert changed == 1
            case "switch":
                assert Counter(child) == Counter(layers)
                assert changed == 2


def reached(parent: Layer, step: float, number: str) -> set[int]:
    """The values of a number among the modified children of a layer."""
    generator = rng()
    children = [OPERATORS["modify"]((parent,), generator, SPACE.settings, step) for _ in range(1_500)]
    return {getattr(child[0], number) for child in children if child}


def test_steps_decay() -> None:
    convolution, dropout = Layer("conv", 4, 4, 2, 2, 64, norm=True), Layer("dropout", rate=40)
    assert reached(convolution, 0, "height") == {3, 4, 5}
    assert reached(convolution, 1, "height") == set(range(1, 8))
    assert reached(convolution, 1, "stride_width") == {1, 2, 3}
    assert reached(convolution, 0, "units") == {63, 64, 65}
    assert reached(dropout, 0, "rate") == {39, 41}
    assert reached(dropout, 0.1, "rate") == set(range(35, 46)) - {40}
    widths = {step: reached(convolution, step, "units") for step in (0.1, 0.5, 1.0)}
    for step, found in widths.items():  # 4 octaves are usual
        assert 64 / 2 ** (4 * step) - 1 <= min(found) < 64 / 2 ** (3.6 * step)
        assert 64 * 2 ** (3.6 * step) < max(found) <= 64 * 2 ** (4 * step) + 1


@pytest.mark.parametrize("step", [-0.1, float("nan"), float("inf")])
def test_a_step_is_a_number_from_zero(step: float) -> None:
    with pytest.raises(NasbenchError, match="step of a mutation is a number, 0 or more"):
        SPACE.mutate(SPACE.sample(1, rng()), rng(), step)


def test_a_huge_step_costs_no_time() -> None:
    parents = SPACE.sample(50, rng())
    assert SPACE.is_valid(SPACE.mutate(parents, rng(), 1e12)).all()


@given(seed=seeds, sizes=st.tuples(st.integers(1, 9), st.integers(1, 9)), points=st.integers(1, 12))
def test_a_child_alternates_pieces_of_its_parents(seed: int, sizes: tuple[int, int], points: int) -> None:
    a, b = (
        tuple(Layer("conv", height, place + 1, 1, 1, 5) for place in range(size))
        for height, size in zip((1, 2), sizes, strict=True)
    )
    child = cross(a, b, rng(seed), points)
    assert child
    for parent in (1, 2):  # in their order, none twice
        places = [layer.width for layer in child if layer.height == parent]
        assert places == sorted(set(places))
    pieces = [parent for parent, _ in groupby(child, key=lambda layer: layer.height)]
    assert len(pieces) <= 1 + min(points, *sizes)
    assert child[0].width == 1


def test_one_cut_joins_a_beginning_and_an_end() -> None:
    a, b = (tuple(Layer("conv", height, place + 1, 1, 1, 5) for place in range(3)) for height in (1, 2))
    children = {cross(a, b, rng(seed), 1) for seed in range(400)}
    expected = {x[:i] + y[j:] for x, y in ((a, b), (b, a)) for i in range(1, 4) for j in range(1, 4)}
    assert children == expected


def test_uniform_crossover_takes_each_place_from_either_parent() -> None:
    a, b = (tuple(Layer("conv", height, 1, 1, 1, 5) for _ in range(size)) for height, size in ((1, 2), (2, 3)))
    children = [cross(a, b, rng(seed), None) for seed in range(400)]
    assert {len(child) for child in children} == {2, 3}
    assert len(set(children)) == 2 * 2 * 2
    assert all(count > 20 for count in Counter(children).values())


def test_children_may_be_longer_than_their_parents_but_not_too_long() -> None:
    space = LayerChain(LayerChainSettings(max_layers=4))
    a = np.repeat(space.encode("conv 1x1 1 - conv 2x2 2 - conv 3x3 3")[None], 300, axis=0)
    b = np.repeat(space.encode("conv 4x4 4 - conv 5x5 5 - conv 6x6 6")[None], 300, axis=0)
    lengths = {len(chain) for chain in chains(space, space.crossover(a, b, rng(), 1))}
    assert lengths == {1, 2, 3, 4}


# --- Samples


def test_samples_are_mostly_small_networks_of_about_five_layers() -> None:
    genotypes = SPACE.sample(1_000, rng())
    assert np.median([len(chain) for chain in chains(SPACE, genotypes)]) == 5
    assert 10_000 < np.median(SPACE.parameters(genotypes)) < 100_000
    assert len(np.unique(SPACE.identify(genotypes))) > 950


@pytest.mark.parametrize("most", [61_787, 3_000, 200])
def test_samples_of_few_parameters_are_still_different(most: int) -> None:
    space = LayerChain(LayerChainSettings(max_parameters=most))
    genotypes = space.sample(300, rng())
    assert len(np.unique(space.identify(genotypes))) > 200


def test_the_smallest_chain_can_always_be_drawn() -> None:
    """Whatever is drawn at random is not below it, and with its size as the limit there still are samples."""
    for space in LIMITED:
        fewest = int(space.parameters(space.sample(300, rng())).min())
        smallest = LayerChain(
            LayerChainSettings(**{**vars_of(space.settings), "max_parameters": None}), space.image, space.classes
        )
        size = int(smallest.parameters(smallest.encode(Chain((*smallest.settings.fixed, *smallest.smallest)))[None])[0])
        assert size <= fewest
        tight = LayerChain(LayerChainSettings(**{**vars_of(space.settings), "max_parameters": size}), space.image)
        assert (tight.parameters(tight.sample(20, rng())) <= size).all()
        with pytest.raises(NasbenchError, match=f"No chain has as few as {size - 1:,} parameters"):
            LayerChain(LayerChainSettings(**{**vars_of(space.settings), "max_parameters": size - 1}), space.image)


def vars_of(limits: LayerChainSettings) -> dict[str, object]:
    return {name: getattr(limits, name) for name in limits.__dataclass_fields__}


@pytest.mark.parametrize("norm", [True, False])
def test_batch_norm_is_drawn_as_the_settings_say(norm: bool) -> None:
    space = LayerChain(LayerChainSettings(batch_norm=norm))
    genotypes = space.sample(100, rng())
    genotypes = np.vstack([genotypes, space.mutate(genotypes, rng())])
    convolutions = [
        layer for chain in chains(space, genotypes) for layer in chain if layer.kind in ("conv", "residual")
    ]
    assert {layer.norm for layer in convolutions} == {norm}


# --- Identity


def test_a_chain_has_one_number_whatever_the_settings() -> None:
    wide = LayerChain(LayerChainSettings(max_layers=20, max_kernel=15, prefix="conv 5x5 32 plain"), (3, 32, 32), 100)
    genotype, other = SPACE.encode(REFERENCE), wide.encode(REFERENCE)
    assert SPACE.identify(genotype[None]) == wide.identify(other[None])
    assert len(genotype) != len(other)


def test_numbers_stay_the_same_between_versions() -> None:
    """Results are kept by these numbers."""
    assert SPACE.identify(SPACE.encode(REFERENCE)[None]).tolist() == [4343146860050234834]


@given(seed=seeds)
def test_different_chains_have_different_numbers(seed: int) -> None:
    genotypes = SPACE.sample(40, rng(seed))
    genotypes = np.vstack([genotypes, SPACE.mutate(genotypes, rng(seed), 0)])
    texts = {str(chain) for chain in chains(SPACE, genotypes)}
    assert (
        len(set(SPACE.identify(genotypes).tolist())) == len(texts) == len(np.unique(SPACE.features(genotypes), axis=0))
    )


@given(seed=seeds)
def test_text_and_genotype_are_one(seed: int) -> None:
    for genotype in SPACE.sample(10, rng(seed)):
        chain = SPACE.decode(genotype)
        np.testing.assert_array_equal(SPACE.encode(chain), genotype)
        np.testing.assert_array_equal(SPACE.encode(str(chain)), genotype)
        assert repr(chain) == f"<Chain: {chain}>"  # as notebooks show it


def test_every_feature_can_be_set_and_unset() -> None:
    """With the least and the largest of every number in every slot."""
    layers = [f"{kind} 1x1{width}" for kind in ("conv", "residual") for width in (" 1 plain", " 2048")]
    layers += ["conv 7x7/7x7 2048", "avgpool 7x7/7x7", "maxpool 7x7/7x7", "dense 2048", "dropout 0.96", "dropout 0.31"]
    texts = [" - ".join([layer] * 12) for layer in layers]
    features = SPACE.features(np.stack([SPACE.encode(text) for text in texts]))
    assert features.max(0).all()
    assert not features.min(0).any()


# --- Numbers of parameters and multiplications


def test_the_reference_network_has_its_parameters() -> None:
    """TensorFlow's tutorial network for MNIST, by hand: weights and biases of each layer."""
    by_hand = (25 * 32 + 32) + (25 * 32 * 64 + 64) + (7 * 7 * 64 * 1024 + 1024) + (1024 * 10 + 10)
    genotype = SPACE.encode(REFERENCE)[None]
    assert by_hand == 3_274_634
    assert SPACE.parameters(genotype).tolist() == [by_hand]
    multiplied = 784 * 25 * 32 + 196 * 25 * 32 * 64 + 7 * 7 * 64 * 1024 + 1024 * 10
    assert SPACE.multiply_adds(genotype).tolist() == [multiplied]


def test_the_published_totals_are_counted() -> None:
    """A network of our own with the totals of Litzinger et al. (2019), Table 2, whose layers we do not know.

    61,469 weights and biases and 159 convolution maps make 61,787 free parameters with batch norm.
    """
    text = (
        "conv 5x5 24{0} - maxpool 2x2/2x2 - conv 5x5 30{0} - maxpool 2x2/2x2 - conv 3x3 35{0} - maxpool 2x2/2x2 - "
        "conv 3x3 70{0}"
    )
    genotypes = np.stack([SPACE.encode(text.format(plain)) for plain in (" plain", "")])
    assert sum(layer.units for layer in SPACE.decode(genotypes[0])) == 159
    assert SPACE.parameters(genotypes).tolist() == [61_469, 61_787]


def test_a_network_of_the_size_of_the_largest_published_one() -> None:
    """One of our own again: about 2.5 million parameters, as in Table 3."""
    text = "conv 5x5 32 - maxpool 2x2/2x2 - conv 5x5 64 - maxpool 2x2/2x2 - dense 775 - dropout 0.5"
    by_hand = (25 * 32 + 3 * 32) + (25 * 32 * 64 + 3 * 64) + (3136 * 775 + 775) + 7_760
    assert SPACE.parameters(SPACE.encode(text)[None]).tolist() == [by_hand]
    assert by_hand == pytest.approx(2.5e6, rel=0.01)


def test_a_residual_block_projects_where_the_shape_changes() -> None:
    def parameters(text: str) -> int:
        space = LayerChain(image=(4, 5, 6))
        return int(space.parameters(space.encode(text)[None])[0])

    two = 2 * (9 * 4 * 4 + 4)
    assert parameters("residual 3x3 4 plain") == two + 4 * 5 * 6 * 10 + 10
    assert parameters("residual 3x3 4") == two + 4 * 4 + 4 * 5 * 6 * 10 + 10
    assert parameters("residual 3x3/2x1 4 plain") == two + (4 * 4 + 4) + 4 * 3 * 6 * 10 + 10
    wider = (9 * 4 * 7 + 7) + (9 * 7 * 7 + 7) + (4 * 7 + 7)
    assert parameters("residual 3x3 7 plain") == wider + 7 * 5 * 6 * 10 + 10
    assert parameters("maxpool 7x7/7x7 - residual 3x3/2x2 4 plain") == two + 4 * 10 + 10  # one pixel stays one pixel


def test_dropout_and_pooling_cost_nothing() -> None:
    space = LayerChain(image=(2, 9, 9), classes=3)
    genotype = space.encode("dropout 0.5 - avgpool 3x3/3x3 - maxpool 2x2 - dropout 0.1")[None]
    assert space.parameters(genotype).tolist() == [2 * 3 * 3 * 3 + 3]
    assert space.multiply_adds(genotype).tolist() == [2 * 3 * 3 * 3]


# --- What cannot be


@pytest.mark.parametrize(
    ("limits", "complaint"),
    [
        ({"max_layers": 0}, "layer_chain.max_layers is 1 to 64, not 0"),
        ({"max_layers": 65}, "layer_chain.max_layers is 1 to 64, not 65"),
        ({"max_layers": 2.5}, "layer_chain.max_layers is an integer, not 2.5"),
        ({"max_kernel": 16}, "layer_chain.max_kernel is 1 to 15, not 16"),
        ({"max_width": 4096}, "layer_chain.max_width is 1 to 2,048, not 4,096"),
        ({"max_parameters": 0}, "layer_chain.max_parameters is 1 or more, not 0"),
        ({"dense": -1}, "layer_chain.dense is 0 or more, not -1"),
        ({"switch": -1}, "layer_chain.switch is a number, 0 or more, not -1"),
        ({"insert": 0, "delete": 0, "modify": 0, "switch": 0}, "are all 0, so that nothing could be mutated"),
        ({"prefix": PREFIX, "max_layers": 1}, "The prefix has 2 layers, but a chain has at most 1"),
        ({"prefix": "conv 9x3 8"}, "The prefix has conv 9x3 8, but kernels, windows and strides are at most 7"),
        ({"prefix": "dense 50", "max_width": 40}, "The prefix has dense 50, but a layer is at most 40 wide"),
        ({"prefix": "con 9x3 8"}, "'con 9x3 8' is no layer"),
        (
            {"dense": 5, "prefix": PREFIX + " - dense 9", "max_layers": 6},
            "dense layers (layer_chain.dense), of which the prefix has 1, but of at most 6 layers it leaves only 3",
        ),
        ({"max_multiply_adds": 0}, "layer_chain.max_multiply_adds is 1 or more, not 0"),
        ({"max_multiply_adds": 9}, "No chain has as few as 9 multiply-adds (layer_chain.max_multiply_adds): the"),
        ({"max_parameters": 19}, "No chain has as few as 19 parameters (layer_chain.max_parameters): the smallest"),
        ({"max_parameters": 7_000, "prefix": "dense 20"}, "shape (1, 28, 28) and 10 classes has 15,741"),
    ],
)
def test_limits_that_nothing_meets_are_refused(limits: dict[str, object], complaint: str) -> None:
    with pytest.raises(NasbenchError) as caught:
        get_space("layer-chain", LayerChainSettings(**limits))  # type: ignore[arg-type]
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("limits", "text", "complaint"),
    [
        ({"max_layers": 2}, "conv 3x3 8 - conv 3x3 8 - dense 9", "has 1 to 2 layers (layer_chain.max_layers), not 3"),
        (
            {"max_parameters": 9_999},
            "dense 20",
            "dense 20 is no chain of this space: it has more than 9,999",
        ),
        ({"max_kernel": 3}, "conv 3x3/4x4 8", "a kernel, window or stride is above 3"),
        ({"max_width": 7}, "conv 3x3 8", "a layer is wider than 7"),
        ({"dense": 2}, "conv 3x3 8 - dense 9", "it has fewer than 2 dense layers"),
        ({"prefix": PREFIX}, "conv 3x3 8", "it does not begin with conv 3x3 8 - maxpool 2x2/2x2"),
        ({}, " ", "has 1 to 12 layers (layer_chain.max_layers), not 0"),
    ],
)
def test_chains_beyond_the_limits_are_not_encoded(limits: dict[str, object], text: str, complaint: str) -> None:
    with pytest.raises(NasbenchError) as caught:
        LayerChain(LayerChainSettings(**limits)).encode(text)  # type: ignore[arg-type]
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("gene", "value", "complaint"),
    [
        (0, 0, "it has no layer"),
        (9, 0, "its empty slots are not behind its layers"),
        (1, 0, "a layer lacks a number, or a gene is not 0"),
        (7, 3, "a layer lacks a number, or a gene is not 0"),
        (-1, 1, "a layer lacks a number, or a gene is not 0"),
        (0, 5, "a layer lacks a number, or a gene is not 0"),
        (1, 8, "a kernel, window or stride is above 7"),
    ],
)
def test_genes_that_are_no_chain_are_explained(gene: int, value: int, complaint: str) -> None:
    genotype = SPACE.encode("conv 3x3 8 - maxpool 2x2/2x2 - dense 9 - dropout 0.5")
    genotype[gene] = value
    assert not SPACE.is_valid(genotype[None])[0]
    with pytest.raises(NasbenchError, match="Genotype 1 is no layer-chain: ") as caught:
        SPACE.identify(np.stack([SPACE.encode("dense 5"), genotype]))
    assert complaint in str(caught.value)


def test_kernels_after_dense_layers_are_explained() -> None:
    genotype = SPACE.encode("conv 3x3 8 - dense 9")
    genotype[:18] = np.roll(genotype[:18], 9)
    with pytest.raises(NasbenchError, match="a kernel or window comes after a dense layer"):
        SPACE.features(genotype[None])


@pytest.mark.parametrize("image", [(28, 28), (1, 0, 3), (1, 2.5, 3), 3])
def test_images_have_three_sides(image: object) -> None:
    with pytest.raises(NasbenchError, match=r"Images have a shape"):
        LayerChain(image=image)  # type: ignore[arg-type]


def test_the_same_limits_hold_for_other_images() -> None:
    limits = LayerChainSettings(max_parameters=5_000, prefix="conv 3x3 8")
    other = LayerChain(limits).for_images((3, 32, 32), 100)
    assert other.settings is limits
    assert (other.image, other.classes) == ((3, 32, 32), 100)
    chosen = other.sample(5, rng())
    assert (other.parameters(chosen) <= 5_000).all()
    np.testing.assert_array_equal(other.parameters(chosen), other.parameters(chosen, classes=100))
