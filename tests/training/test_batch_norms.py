"""Batch norms of few maps against torch's own, computed with twice as many digits."""

import copy
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from nasbench_ga.training import batch_norms
from nasbench_ga.training.batch_norms import normalised


@pytest.fixture(autouse=True)
def small_maps_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_norms, "FEWEST_PIXELS", 2)


@pytest.fixture
def own_calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of maps that were normalised here; none are where torch's own batch norm computes."""
    calls: list[int] = []
    apply = batch_norms._Normalised.apply

    def counting(maps: Tensor, *arguments: object) -> object:
        calls.append(maps.shape[1])
        return apply(maps, *arguments)

    monkeypatch.setattr(batch_norms._Normalised, "apply", counting)
    return calls


def norm_and_maps(shape: tuple[int, int, int, int], seed: int = 0) -> tuple[nn.BatchNorm2d, Tensor]:
    """Maps far from zero, of which sums of squares would lose digits, and a norm that has seen others."""
    randomness = torch.Generator().manual_seed(seed)
    norm = nn.BatchNorm2d(shape[1], momentum=0.3)
    with torch.no_grad():
        for tensor in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
            tensor.copy_(torch.rand(tensor.shape, generator=randomness) + 0.5)
    maps = torch.randn(shape, generator=randomness) + 30
    return norm, maps.contiguous(memory_format=torch.channels_last)


# Of at least 18 numbers a map: of two that are nearly equal, nobody can tell gradients with seven digits.
shapes = st.tuples(st.integers(2, 9), st.integers(1, 63), st.integers(3, 9), st.integers(3, 9))


@settings(max_examples=60, deadline=None)
@given(shape=shapes, seed=st.integers(0, 99))
def test_trained_as_torchs_own(shape: tuple[int, int, int, int], seed: int) -> None:
    norm, maps = norm_and_maps(shape, seed)
    exact = copy.deepcopy(norm).double()
    weights = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    given, expected_of = maps.clone().requires_grad_(), maps.double().requires_grad_()
    ours, expected = normalised(norm, given), exact(expected_of)
    torch.testing.assert_close(ours.double(), expected, rtol=1e-4, atol=1e-4)
    (ours * weights).sum().backward()
    (expected * weights.double()).sum().backward()
    torch.testing.assert_close(given.grad.double(), expected_of.grad, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(norm.weight.grad.double(), exact.weight.grad, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(norm.bias.grad.double(), exact.bias.grad, rtol=1e-4, atol=1e-4)
    for name, buffer in norm.named_buffers():
        torch.testing.assert_close(buffer.double(), dict(exact.named_buffers())[name].double(), rtol=1e-5, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(shape=shapes)
def test_evaluated_as_torchs_own(shape: tuple[int, int, int, int]) -> None:
    norm, maps = norm_and_maps(shape)
    norm.eval()
    before = copy.deepcopy(norm.state_dict())
    torch.testing.assert_close(normalised(norm, maps), norm(maps), rtol=1e-4, atol=1e-4)
    assert all(torch.equal(tensor, before[name]) for name, tensor in norm.state_dict().items())


def test_gradients_are_torchs() -> None:
    """In evaluation mode, where they go through a norm that is frozen, and in training mode."""
    for training in (True, False):
        norm, maps = norm_and_maps((4, 3, 5, 5))
        norm.train(training)
        ours, theirs = maps.clone().requires_grad_(), maps.clone().requires_grad_()
        weights = torch.linspace(-1, 1, maps.numel()).view_as(maps)
        (normalised(copy.deepcopy(norm), ours) * weights).sum().backward()
        (copy.deepcopy(norm)(theirs) * weights).sum().backward()
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-4)


def test_a_relu_behind_it_may_work_in_place() -> None:
    norm, maps = norm_and_maps((4, 3, 5, 5))
    for training in (True, False):
        norm.train(training)
        ours, theirs = maps.clone().requires_grad_(), maps.clone().requires_grad_()
        torch.relu_(normalised(copy.deepcopy(norm), ours)).square().sum().backward()
        torch.relu(copy.deepcopy(norm)(theirs)).square().sum().backward()
        assert ours.grad.any()
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-4)


def test_gradients_may_lie_in_any_order(own_calls: list[int]) -> None:
    norm, maps = norm_and_maps((4, 3, 5, 6))
    given = maps.clone().requires_grad_()
    normal = normalised(norm, given)
    gradient = torch.randn(normal.shape, generator=torch.Generator().manual_seed(1))
    (first,) = torch.autograd.grad(normal, given, gradient, retain_graph=True)
    (second,) = torch.autograd.grad(normal, given, gradient.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(first, second)
    assert own_calls


@pytest.mark.parametrize("maps", ["channels first", "float64", "bfloat16", "many", "even", "single", "odd", "small"])
def test_torch_computes_the_others(own_calls: list[int], maps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    channels = {"many": batch_norms.MOST_MAPS + 2, "even": 16, "single": 1}.get(maps, 3)
    norm, given = norm_and_maps((3, channels, 5, 5) if maps == "odd" else (4, channels, 5, 6))
    if maps == "small":
        monkeypatch.setattr(batch_norms, "FEWEST_PIXELS", 4 * 5 * 6 + 1)
    if maps == "bfloat16":
        given = given.bfloat16()
    if maps == "float64":
        norm, given = norm.double(), given.double()
    if maps == "channels first":
        given = given.contiguous()
    expected = copy.deepcopy(norm)(given)
    assert torch.equal(normalised(norm, given), expected)
    assert not own_calls


def test_unusual_norms_are_torchs(own_calls: list[int]) -> None:
    _, maps = norm_and_maps((4, 3, 5, 6))
    for norm in (
        nn.BatchNorm2d(3, affine=False),
        nn.BatchNorm2d(3, track_running_stats=False),
        nn.BatchNorm2d(3, momentum=None),
        without(nn.BatchNorm2d(3), "bias"),
        without(nn.BatchNorm2d(3), "running_mean", "running_var"),
        untracked(nn.BatchNorm2d(3)),
    ):
        same_one = copy.deepcopy(norm)
        assert torch.equal(normalised(same_one, maps), norm(maps))
        assert all(torch.equal(buffer, same_one.get_buffer(name)) for name, buffer in norm.named_buffers())
    assert not own_calls


def without(norm: nn.BatchNorm2d, *names: str) -> nn.BatchNorm2d:
    for name in names:
        setattr(norm, name, None)
    return norm


def untracked(norm: nn.BatchNorm2d) -> nn.BatchNorm2d:
    norm.track_running_stats = False
    return norm


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("norm", "shape"),
    [
        (nn.BatchNorm2d(3).double(), (4, 3, 5, 6)),
        (nn.BatchNorm2d(1), (3, 3, 5, 5)),
        (nn.BatchNorm2d(5), (4, 3, 5, 6)),
        (nn.BatchNorm2d(3), (4, 3)),
    ],
)
def test_what_torch_refuses_is_refused(norm: nn.BatchNorm2d, shape: tuple[int, ...], training: bool) -> None:
    maps = torch.ones(shape)
    if len(shape) == 4:
        maps = maps.contiguous(memory_format=torch.channels_last)
    with pytest.raises((RuntimeError, ValueError)) as theirs:
        copy.deepcopy(norm).train(training)(maps)
    with pytest.raises(type(theirs.value), match=re.escape(str(theirs.value))):
        normalised(copy.deepcopy(norm).train(training), maps)


def test_a_second_derivative_is_refused() -> None:
    norm, maps = norm_and_maps((4, 3, 5, 6))
    given = maps.clone().requires_grad_()
    (first,) = torch.autograd.grad(normalised(norm, given).square().sum(), given, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


def test_single_values_are_refused_as_by_torch() -> None:
    norm, maps = norm_and_maps((1, 3, 1, 1))
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        normalised(norm, maps)
