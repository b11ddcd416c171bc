"""Networks of chains against networks of torch's own layers put together by hand, and against padding written out."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from nasbench_ga.errors import NasbenchError
from nasbench_ga.fitness import NASWT
from nasbench_ga.networks import ChainNetwork, Network, build_network
from nasbench_ga.networks.padding import SameConv2d, SamePool2d
from nasbench_ga.spaces import Chain, LayerChain, LayerChainSettings

SPACE = LayerChain()


def built(text: str, image: tuple[int, int, int] = (1, 28, 28), classes: int = 10, seed: int = 0) -> Network:
    space = SPACE.for_images(image, classes)
    return build_network(space, space.encode(text), classes, seed)


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def images(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


# --- Sizes


@pytest.mark.parametrize(
    ("image", "limits"),
    [
        ((1, 28, 28), LayerChainSettings(max_parameters=300_000)),
        ((3, 11, 8), LayerChainSettings(batch_norm=False, dense=1)),
        ((2, 5, 1), LayerChainSettings(prefix="residual 3x3/2x2 4")),
    ],
)
def test_networks_have_the_parameters_that_the_space_counts(
    image: tuple[int, int, int], limits: LayerChainSettings
) -> None:
    space = LayerChain(limits, image, 7)
    rng = np.random.default_rng(0)
    genotypes = space.sample(25, rng)
    genotypes = np.vstack([genotypes, space.mutate(genotypes, rng)])
    networks = [build_network(space, genotype, 7) for genotype in genotypes]
    assert [parameters(network) for network in networks] == space.parameters(genotypes).tolist()
    assert all(network(images(2, *image)).shape == (2, 7) for network in networks)


def test_the_reference_network_is_tensorflows() -> None:
    by_hand = nn.Sequential(
        nn.Conv2d(1, 32, 5, padding="same"),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding="same"),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(7 * 7 * 64, 1024),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(1024, 10),
    )
    ours = built("conv 5x5 32 plain - maxpool 2x2/2x2 - conv 5x5 64 plain - maxpool 2x2/2x2 - dense 1024 - dropout 0.5")
    assert parameters(ours) == parameters(by_hand) == 3_274_634
    assert_same(ours, by_hand, images(3, 1, 28, 28))


def assert_same(ours: nn.Module, by_hand: nn.Module, shown: Tensor) -> None:
    """Equal outputs with equal weights, which come in the same order."""
    values = dict(zip(by_hand.state_dict(), ours.state_dict().values(), strict=True))
    by_hand.load_state_dict(values)
    for mode in (False, True):
        ours.train(mode)
        by_hand.train(mode)
        for module in (*ours.modules(), *by_hand.modules()):
            if isinstance(module, nn.Dropout):
                module.eval()
        torch.testing.assert_close(ours(shown), by_hand(shown), rtol=1e-4, atol=1e-5)


def test_batch_norm_residual_blocks_and_pooling_are_torchs() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.norm = nn.Conv2d(6, 8, 3, padding=1), nn.BatchNorm2d(8)
            self.second, self.other_norm = nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8)
            self.around, self.third_norm = nn.Conv2d(6, 8, 1), nn.BatchNorm2d(8)

        def forward(self, shown: Tensor) -> Tensor:
            inner = self.other_norm(self.second(functional.relu(self.norm(self.first(shown)))))
            return functional.relu(inner + self.third_norm(self.around(shown)))

    by_hand = nn.Sequential(
        nn.Conv2d(3, 6, (3, 5), padding=(1, 2)),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.AvgPool2d(3, 1, 1, count_include_pad=False),
        Block(),
        nn.MaxPool2d(3, 3),
        nn.Flatten(),
        nn.Linear(8 * 4 * 3, 9),
        nn.ReLU(),
        nn.Linear(9, 4),
    )
    ours = built("conv 3x5 6 - avgpool 3x3 - residual 3x3 8 - maxpool 3x3/3x3 - dense 9", (3, 12, 9), 4)
    assert parameters(ours) == parameters(by_hand)
    assert_same(ours, by_hand, images(5, 3, 12, 9))


def test_a_block_that_keeps_the_shape_has_nothing_on_its_way_around() -> None:
    assert isinstance(built("residual 3x3 4", (4, 6, 6)).layers[0].around, nn.Identity)
    assert isinstance(built("maxpool 6x6/6x6 - residual 3x3/2x2 4", (4, 6, 6)).layers[1].around, nn.Identity)
    for text in ("residual 3x3 5", "residual 3x3/1x2 4"):
        assert not isinstance(built(text, (4, 6, 6)).layers[0].around, nn.Identity)


# --- Padding


def windows(side: int, size: int, stride: int) -> list[range]:
    """The pixels under each window, by TensorFlow's rule: as many windows as strides, padding behind if it is odd."""
    number = math.ceil(side / stride)
    padding = max((number - 1) * stride + size - side, 0)
    starts = [place * stride - padding // 2 for place in range(number)]
    return [range(max(start, 0), min(start + size, side)) for start in starts]


@settings(max_examples=60)
@given(
    sides=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    window=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    stride=st.tuples(st.integers(1, 5), st.integers(1, 5)),
)
def test_pooling_is_over_the_pixels_under_each_window(
    sides: tuple[int, int], window: tuple[int, int], stride: tuple[int, int]
) -> None:
    shown = images(2, 3, *sides) - 3  # so that padding with zeros would be the highest
    rows, columns = (windows(*each) for each in zip(sides, window, stride, strict=True))
    for average in (False, True):
        pooled = SamePool2d(sides, window, stride, average)(shown)
        assert pooled.shape == (2, 3, len(rows), len(columns))
        for (y, row), (x, column) in itertools.product(enumerate(rows), enumerate(columns)):
            under = shown[:, :, row.start : row.stop, column.start : column.stop].flatten(2)
            expected = under.mean(2) if average else under.amax(2)
            torch.testing.assert_close(pooled[:, :, y, x], expected, rtol=1e-4, atol=1e-5)


@settings(max_examples=60)
@given(
    sides=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    window=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    stride=st.tuples(st.integers(1, 5), st.integers(1, 5)),
)
def test_the_highest_are_the_same_with_gradients_and_without(
    sides: tuple[int, int], window: tuple[int, int], stride: tuple[int, int]
) -> None:
    """With gradients torch pools, and without we do, on a CPU: by bits, no numbers and infinite ones too."""
    shown = images(2, 3, *sides)
    shown[0, 0, 0, 0], shown[1, 1, -1, -1], shown[1, 2] = math.nan, math.inf, -math.inf
    pool = SamePool2d(sides, window, stride, average=False)
    with_gradients = pool(shown.clone().requires_grad_()).detach()
    for laid in (shown, shown.contiguous(memory_format=torch.channels_last)):
        np.testing.assert_array_equal(pool(laid), with_gradients)


@settings(max_examples=60)
@given(
    sides=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    kernel=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    stride=st.tuples(st.integers(1, 5), st.integers(1, 5)),
)
def test_convolutions_are_padded_as_tensorflows(
    sides: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int]
) -> None:
    """By taking the pixels at the middle of each kernel, which is the one before the middle if its size is even."""
    convolution = SameConv2d(sides, 1, 1, kernel, stride)
    shown = images(2, 1, *sides)
    with torch.no_grad():
        convolution.weight.fill_(1)
        convolution.bias.zero_()
    rows, columns = (windows(*each) for each in zip(sides, kernel, stride, strict=True))
    sums = convolution(shown)
    assert sums.shape == (2, 1, len(rows), len(columns))
    for (y, row), (x, column) in itertools.product(enumerate(rows), enumerate(columns)):
        expected = shown[:, 0, row.start : row.stop, column.start : column.stop].sum((1, 2))
        torch.testing.assert_close(sums[:, 0, y, x], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (2, 2), (4, 3), (5, 6)])
def test_convolutions_of_stride_one_are_torchs_same(kernel: tuple[int, int]) -> None:
    ours = SameConv2d((9, 7), 3, 4, kernel)
    theirs = nn.Conv2d(3, 4, kernel, padding="same")
    theirs.load_state_dict(ours.state_dict())
    shown = images(2, 3, 9, 7)
    torch.testing.assert_close(ours(shown), theirs(shown), rtol=1e-4, atol=1e-5)


def test_nothing_is_padded_by_copying_where_both_sides_are_alike() -> None:
    assert SameConv2d((28, 28), 1, 2, (5, 3)).around is None
    assert SameConv2d((7, 7), 1, 2, (3, 3), (2, 2)).around is None
    assert SameConv2d((28, 28), 1, 2, (3, 3), (2, 2)).around == (0, 1, 0, 1)


# --- The rest


def test_a_network_learns_and_tells_its_relus() -> None:
    network = built("conv 3x3 4 - dropout 0.5 - residual 2x2/2x2 5 plain - avgpool 2x2/2x2 - dense 6")
    network(images(4, 1, 28, 28)).square().sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in network.parameters())
    assert all(parameter.grad.any() for parameter in network.parameters() if parameter.dim() > 1)
    assert sum(1 for _ in network.relus()) == 4


def test_the_network_of_a_chain_beyond_the_usual_limits_is_built_by_its_own_space() -> None:
    space = LayerChain(LayerChainSettings(max_layers=14, max_kernel=15), (2, 6, 6), 3)
    text = " - ".join(["conv 15x9 2"] * 14)
    network = build_network(space, space.encode(text), 3)
    assert isinstance(network, ChainNetwork)
    assert network.chain == Chain.parse(text)
    assert network(images(1, 2, 6, 6)).shape == (1, 3)


def test_naswt_refuses_networks_of_images_of_their_own() -> None:
    with pytest.raises(NasbenchError, match=r"those of layer-chain take images of shape \(1, 28, 28\) only"):
        NASWT(SPACE)
