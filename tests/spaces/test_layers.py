"""Layers and chains as text and as genes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_ga.errors import NasbenchError
from nasbench_ga.spaces import Chain, Layer
from nasbench_ga.spaces.layers import from_genes, to_genes

sides = st.integers(1, 15)
units = st.integers(1, 2048)
LAYERS = st.one_of(
    st.builds(Layer, st.sampled_from(["conv", "residual"]), sides, sides, sides, sides, units, norm=st.booleans()),
    st.builds(Layer, st.sampled_from(["avgpool", "maxpool"]), sides, sides, sides, sides),
    st.builds(Layer, st.just("dense"), units=units),
    st.builds(Layer, st.just("dropout"), rate=st.integers(1, 99)),
)


@given(layer=LAYERS)
def test_a_layer_is_its_text_and_its_genes(layer: Layer) -> None:
    assert Chain.parse(str(layer)).layers == (layer,)
    genes = to_genes(layer)
    assert len(genes) == 9
    assert from_genes(genes) == layer


@given(layers=st.lists(LAYERS, max_size=6))
def test_a_chain_is_its_text(layers: list[Layer]) -> None:
    layers.sort(key=lambda layer: layer.kind == "dense")
    chain = Chain(tuple(layers))
    assert Chain.parse(str(chain)) == chain
    assert len(chain) == len(layers) == len(list(chain))


@pytest.mark.parametrize(
    ("text", "layer"),
    [
        ("conv 5x5 32", Layer("conv", 5, 5, 1, 1, 32, norm=True)),
        ("conv 3x7/2x1 64 plain", Layer("conv", 3, 7, 2, 1, 64)),
        ("maxpool 2x2/2x2", Layer("maxpool", 2, 2, 2, 2)),
        ("avgpool 3x1", Layer("avgpool", 3, 1, 1, 1)),
        ("residual 3x3/2x2 16", Layer("residual", 3, 3, 2, 2, 16, norm=True)),
        ("dense 1024", Layer("dense", units=1024)),
        ("dropout 0.5", Layer("dropout", rate=50)),
        ("dropout 0.05", Layer("dropout", rate=5)),
    ],
)
def test_what_a_text_means(text: str, layer: Layer) -> None:
    assert Chain.parse(f"  {text} ").layers == (layer,)
    assert str(layer) == text


def test_spaces_and_the_ways_to_write_a_rate_do_not_matter() -> None:
    tidy = Chain.parse("conv 3x3 8 - dropout 0.5 - dense 9")
    assert Chain.parse("conv  3x3   8-dropout .50 -dense 9 ") == tidy
    assert Chain.parse("conv 3x3/1x1 8 - dropout 0.50 - dense 9") == tidy
    assert Chain.parse(" ").layers == ()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("conv 5 32", "'conv 5 32' is no layer. Layers are written like this: conv 5x5 32"),
        ("conv 3x3 8 - - dense 4", "'' is no layer"),
        ("maxpool 2x2/2x2 8", "is no layer"),
        ("dropout 1.5", "is no layer"),
        ("dropout 0", "is no layer"),
        ("dense 10 plain", "is no layer"),
        ("conv 16x3 8", "The height of a conv layer is 1 to 15, not 16"),
        ("conv 3x3/2x0 8", "The stride sideways of a conv layer is 1 to 15, not 0"),
        ("dense 2049", "The number of maps or units of a dense layer is 1 to 2,048, not 2,049"),
        ("conv 3x3 0", "is 1 to 2,048, not 0"),
        ("dropout 0.00", "The rate in per cent of a dropout layer is 1 to 99, not 0"),
        ("dense 10 - conv 3x3 8", "conv 3x3 8 comes after dense 10, where there are no pixels any more"),
    ],
)
def test_what_is_no_chain_is_named(text: str, complaint: str) -> None:
    with pytest.raises(NasbenchError) as caught:
        Chain.parse(text)
    assert complaint in str(caught.value)


def test_a_layer_has_the_numbers_of_its_kind_only() -> None:
    with pytest.raises(NasbenchError, match=r"A layer is one of conv, .*, not 'relu'"):
        Layer("relu")
    with pytest.raises(NasbenchError, match="A dense layer has no height, but got 3"):
        Layer("dense", height=3, units=5)
    with pytest.raises(NasbenchError, match="A dense layer has no batch norm; only conv and residual do"):
        Layer("dense", units=5, norm=True)
