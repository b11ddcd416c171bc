"""What the network of a chain takes over from its parent's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from nasbench_ga.networks import Network, build_network
from nasbench_ga.networks.inheritance import heaviest_common
from nasbench_ga.spaces import LayerChain

SPACE = LayerChain(image=(1, 8, 8))
IMAGES = torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))
PARENT = "conv 3x3 4 - residual 3x3 6 - maxpool 2x2/2x2 - dense 9 - dropout 0.5 - dense 7"


def built(text: str, seed: int) -> Network:
    """A network whose batch norms have seen images, so that it has statistics to hand down."""
    network = build_network(SPACE, SPACE.encode(text), seed=seed)
    network(IMAGES * (seed + 1))
    return network.eval()


def family(child: str, parent: str = PARENT) -> tuple[Network, Network, frozenset[str]]:
    """A child's network that inherited, the parent's, and the names of what is unchanged."""
    young, old = built(child, 1), built(parent, 0)
    before = {name: value.clone() for name, value in old.state_dict().items()}
    unchanged = young.inherit(old).matched
    assert all(torch.equal(value, before[name]) for name, value in old.state_dict().items())
    return young, old, unchanged


def layers(names: frozenset[str]) -> set[int]:
    """The numbers of the layers among names, each of which comes with all that is in it."""
    return {int(name.split(".")[1]) for name in names}


def after(network: Network, place: int) -> Tensor:
    """What comes out of a layer."""
    with torch.no_grad():
        return network.layers[: place + 1](IMAGES)


def same_weights(ours: nn.Module, theirs: nn.Module) -> bool:
    pairs = zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True)
    return all(torch.equal(own, other) for own, other in pairs)


def test_a_child_equal_to_its_parent_gives_the_same_outputs() -> None:
    child, parent, unchanged = family(PARENT)
    assert torch.equal(child(IMAGES), parent(IMAGES))
    assert layers(unchanged) == {0, 1, 2, 3, 5}


def test_names_are_of_modules_that_are_there_with_all_that_is_in_them() -> None:
    child, _, unchanged = family(PARENT)
    modules = dict(child.named_modules())
    assert unchanged <= modules.keys()
    for name in unchanged:
        assert {f"{name}.{inner}" for inner, _ in modules[name].named_modules() if inner} <= unchanged
    assert {"layers.1", "layers.1.first.1", "layers.3.1"} <= unchanged


@pytest.mark.parametrize(
    ("child", "unchanged", "output"),
    [
        (PARENT + " - dense 5", {0, 1, 2, 3, 5}, False),
        (PARENT.replace("dense 7", "dense 8"), {0, 1, 2, 3}, False),
        (PARENT.replace("dropout 0.5", "dropout 0.4"), {0, 1, 2, 3, 5}, True),
        (PARENT.replace("conv 3x3 4", "conv 3x3 4 - conv 1x1 4"), {0, 2, 3, 4, 6}, True),
        (PARENT.replace("conv 3x3 4", "conv 3x3 5"), {2, 3, 5}, True),
        (PARENT.replace("conv 3x3 4 - ", ""), {1, 2, 4}, True),
        ("maxpool 2x2/2x2 - " + PARENT, {1, 2, 3, 6}, True),  # the first dense layer sees other pixels
        (PARENT.replace("residual 3x3 6 - maxpool 2x2/2x2", "maxpool 2x2/2x2 - residual 3x3 6"), {0, 2, 3, 5}, True),
        ("dense 7", set(), True),  # of 64 pixels, not of 9 units
        ("dropout 0.5", set(), False),
        ("avgpool 3x3", set(), False),
    ],
)
def test_layers_that_are_alike_are_taken_over(child: str, unchanged: set[int], output: bool) -> None:
    young, old, names = family(child)
    assert layers(names) == unchanged
    assert not output or same_weights(young.classifier, old.classifier)
    for place in unchanged:
        assert any(
            same_weights(young.layers[place], layer)
            for layer in old.layers
            if len(layer.state_dict()) == len(young.layers[place].state_dict())
        )


def test_unchanged_leading_layers_compute_the_same() -> None:
    child, parent, _ = family(PARENT.replace("dense 9", "dense 10 - dense 3"))
    for place in range(3):
        assert torch.equal(after(child, place), after(parent, place))
    assert not torch.equal(after(child, 0), built(PARENT, 1).layers[0](IMAGES))


def test_pooling_that_was_inserted_leaves_all_but_what_sees_its_pixels() -> None:
    child, parent, unchanged = family("conv 3x3 4 - avgpool 2x2/2x2 - conv 3x3 5", "conv 3x3 4 - conv 3x3 5")
    assert layers(unchanged) == {0, 2}
    expected = parent.layers[1](nn.functional.avg_pool2d(parent.layers[0](IMAGES), 2))
    torch.testing.assert_close(after(child, 2), expected)


def test_a_wider_layer_keeps_the_maps_that_its_parent_had() -> None:
    child, parent, unchanged = family("conv 3x3 6 - dense 5", "conv 3x3 4 - dense 5")
    assert not unchanged
    torch.testing.assert_close(after(child, 0)[:, :4], after(parent, 0))
    own = build_network(SPACE, SPACE.encode("conv 3x3 6 - dense 5"), seed=1)
    assert torch.equal(child.layers[0][0].weight[4:], own.layers[0][0].weight[4:])
    assert torch.equal(child.layers[1][1].weight[:, : 4 * 64], parent.layers[1][1].weight)
    assert torch.equal(child.layers[1][1].weight[:, 4 * 64 :], own.layers[1][1].weight[:, 4 * 64 :])


def test_a_narrower_layer_keeps_the_first_maps_of_its_parent() -> None:
    child, parent, _ = family("conv 3x3 3 - residual 3x3 6", "conv 3x3 4 - residual 3x3 6")
    torch.testing.assert_close(after(child, 0), after(parent, 0)[:, :3])
    assert torch.equal(child.layers[1].second[0].weight, parent.layers[1].second[0].weight)
    assert torch.equal(child.layers[1].first[0].weight, parent.layers[1].first[0].weight[:, :3])


@pytest.mark.parametrize(("smaller", "larger"), [("3x3", "5x5"), ("2x3", "4x3"), ("3x1", "4x4"), ("1x1", "7x7")])
def test_a_kernel_lies_in_the_middle_of_a_larger_one(smaller: str, larger: str) -> None:
    """With zeros around it, it would compute the same, whichever side is padded more."""
    child, parent, _ = family(f"conv {larger} 4 plain", f"conv {smaller} 4 plain")
    weight, expected = child.layers[0][0].weight, parent.layers[0][0].weight
    with torch.no_grad():
        fresh = build_network(SPACE, SPACE.encode(f"conv {larger} 4 plain"), seed=1).layers[0][0].weight
        assert int((weight != fresh).sum()) == expected.numel()
        weight[weight == fresh] = 0
    torch.testing.assert_close(after(child, 0), after(parent, 0), rtol=1e-4, atol=1e-5)


def test_a_smaller_kernel_is_the_middle_of_a_larger_one() -> None:
    child, parent, _ = family("conv 3x1 4 plain", "conv 5x4 4 plain")
    assert torch.equal(child.layers[0][0].weight, parent.layers[0][0].weight[:, :, 1:4, 1:2])


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_any_child_inherits_from_any_parent(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parents = SPACE.sample(2, rng)
    children = [*SPACE.mutate(parents, rng), SPACE.crossover(parents[:1], parents[1:], rng, 1)[0]]
    for child, parent in zip(children, [*parents, parents[1]], strict=True):
        young, old = built(str(SPACE.decode(child)), 1), built(str(SPACE.decode(parent)), 0)
        unchanged = young.inherit(old).matched
        assert not any(name.startswith("classifier") for name in unchanged)
        dropped = [f"layers.{i}" for i, layer in enumerate(young.chain) if layer.kind == "dropout"]
        assert not unchanged & {*dropped}
        assert all(torch.isfinite(value).all() for value in young.state_dict().values())
        kept = 0
        while f"layers.{kept}" in unchanged and old.chain.layers[: kept + 1] == young.chain.layers[: kept + 1]:
            assert torch.equal(after(young, kept), after(old, kept))
            kept += 1


@given(ours=st.text("abc", max_size=8), theirs=st.text("abc", max_size=8))
def test_a_common_subsequence_is_common_and_longest(ours: str, theirs: str) -> None:
    pairs = heaviest_common(ours, theirs, [1] * len(ours))
    assert all(ours[i] == theirs[j] for i, j in pairs)
    assert pairs == sorted(pairs)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert len(pairs) == longest(ours, theirs)


def test_one_heavy_layer_counts_more_than_two_light_ones() -> None:
    weights = {"a": 1, "b": 1, "c": 3}
    assert heaviest_common("abc", "cab", [weights[letter] for letter in "abc"]) == [(2, 0)]
    assert heaviest_common("abc", "cab", [1, 1, 1]) == [(0, 1), (1, 2)]


def longest(ours: str, theirs: str) -> int:
    """By trying every subsequence."""
    if not ours or not theirs:
        return 0
    best = {""}
    for letter in ours:
        best |= {own + letter for own in best if is_within(own + letter, theirs)}
    return max(map(len, best))


def is_within(short: str, long: str) -> bool:
    rest = iter(long)
    return all(letter in rest for letter in short)


@pytest.mark.parametrize(
    ("child", "leading"),
    [
        (PARENT, {0, 1, 2, 3, 5}),
        ("conv 3x3 4 - conv 3x3 5 - avgpool 2x2/2x2 - dense 5", {0}),
        ("dropout 0.3 - conv 3x3 4 - conv 3x3 5", {1}),
    ],
)
def test_what_leads_computes_what_it_did(child: str, leading: set[int]) -> None:
    parents = {PARENT: PARENT}
    young, old = (
        build_network(SPACE, SPACE.encode(text), seed=seed)
        for text, seed in ((child, 0), (parents.get(child, "conv 3x3 4 - avgpool 2x2/2x2 - conv 3x3 5 - dense 5"), 1))
    )
    inherited = young.inherit(old)
    assert layers(inherited.leading) == leading
    assert inherited.leading <= inherited.matched
