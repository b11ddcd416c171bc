"""Products of large dense layers against torch's own, computed with twice as many digits."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from nasbench_ga.training import dense_layers
from nasbench_ga.training.dense_layers import multiplied

pytestmark = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="needs a torch with oneDNN")


@pytest.fixture(autouse=True)
def small_layers_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense_layers, "FEWEST_PRODUCTS", 1)
    monkeypatch.setattr(dense_layers, "torch_is_slow", lambda: True)


@pytest.fixture
def own_calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The shapes of the weights that were multiplied with here; none are where torch's own layer computes."""
    calls: list[tuple[int, ...]] = []
    apply = dense_layers._Multiplied.apply

    def counting(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        calls.append(tuple(weight.shape))
        return apply(rows, weight, bias)

    monkeypatch.setattr(dense_layers._Multiplied, "apply", counting)
    return calls


def layer_and_rows(
    count: int, inputs: int, outputs: int, seed: int = 0, *, bias: bool = True
) -> tuple[nn.Linear, Tensor]:
    randomness = torch.Generator().manual_seed(seed)
    layer = nn.Linear(inputs, outputs, bias=bias)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=randomness))
    return layer, torch.randn((count, inputs), generator=randomness)


sizes = st.integers(1, 70)


@settings(max_examples=60, deadline=None)
@given(count=sizes, inputs=sizes, outputs=sizes, seed=st.integers(0, 99), bias=st.booleans())
def test_trained_as_torchs_own(count: int, inputs: int, outputs: int, seed: int, bias: bool) -> None:
    layer, rows = layer_and_rows(count, inputs, outputs, seed, bias=bias)
    exact = copy.deepcopy(layer).double()
    weights = torch.randn((count, outputs), generator=torch.Generator().manual_seed(seed))
    given, expected_of = rows.clone().requires_grad_(), rows.double().requires_grad_()
    ours, expected = multiplied(layer, given), exact(expected_of)
    torch.testing.assert_close(ours.double(), expected, rtol=1e-4, atol=1e-4)
    (ours * weights).sum().backward()
    (expected * weights.double()).sum().backward()
    torch.testing.assert_close(given.grad.double(), expected_of.grad, rtol=1e-4, atol=1e-4)
    for parameter, same_one in zip(layer.parameters(), exact.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad.double(), same_one.grad, rtol=1e-4, atol=1e-4)


def test_only_gradients_that_are_asked_for(own_calls: list[tuple[int, ...]]) -> None:
    layer, rows = layer_and_rows(4, 6, 5)
    layer.weight.requires_grad_(False)
    multiplied(layer, rows).sum().backward()
    assert layer.weight.grad is None
    torch.testing.assert_close(layer.bias.grad, torch.full((5,), 4.0))
    frozen, given = layer.requires_grad_(False), rows.clone().requires_grad_()
    multiplied(frozen, given).sum().backward()
    torch.testing.assert_close(given.grad, frozen.weight.sum(0).expand(4, 6))
    with torch.no_grad():
        assert not multiplied(layer, given).requires_grad
    assert own_calls == [(5, 6)] * 3


def test_rows_and_gradients_may_lie_in_any_order(own_calls: list[tuple[int, ...]]) -> None:
    layer, rows = layer_and_rows(4, 6, 5)
    given = rows.t().contiguous().t().requires_grad_()
    made = multiplied(layer, given)
    torch.testing.assert_close(made, layer(rows))
    gradient = torch.randn((5, 4), generator=torch.Generator().manual_seed(1)).t()
    for shown in (gradient, torch.ones(1, 1).expand(4, 5)):
        ours = torch.autograd.grad(made, (given, layer.weight, layer.bias), shown, retain_graph=True)
        theirs = torch.autograd.grad(layer(given), (given, layer.weight, layer.bias), shown)
        for one, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(one, other)
    assert own_calls == [(5, 6)]


@pytest.mark.parametrize("layout", ["strided", "expanded", "offset"])
def test_weights_and_biases_may_lie_in_any_order(own_calls: list[tuple[int, ...]], layout: str) -> None:
    layer, rows = layer_and_rows(20, 40, 30)
    made = torch.randn((31, 80), generator=torch.Generator().manual_seed(3))
    weight, bias = {
        "strided": (made[1:, ::2], made[1:, 0]),
        "expanded": (made[:1, :40].expand(30, 40), made[:1, 0].expand(30)),
        "offset": (made.flatten()[1:1201].view(30, 40), made.flatten()[1:31]),
    }[layout]
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
    torch.testing.assert_close(multiplied(layer, rows), layer(rows))
    assert own_calls


def test_what_no_gradient_needs_may_be_changed(own_calls: list[tuple[int, ...]]) -> None:
    """As of torch's own layer: its input if its weight is frozen, and its weight if nothing before it is trained."""
    layer, rows = layer_and_rows(4, 6, 5)
    layer.requires_grad_(False)
    given = rows.clone().requires_grad_()
    shown = given * 1.0
    made = multiplied(layer, shown)
    shown.add_(1)
    made.sum().backward()
    torch.testing.assert_close(given.grad, layer.weight.sum(0).expand(4, 6))
    layer.requires_grad_(True)
    made = multiplied(layer, rows)
    with torch.no_grad():
        layer.weight.add_(1)
    made.sum().backward()
    torch.testing.assert_close(layer.weight.grad, rows.sum(0).expand(5, 6))
    assert own_calls == [(5, 6)] * 2


def test_rows_that_do_not_fit_are_refused_as_by_torch() -> None:
    layer, rows = layer_and_rows(4, 6, 5)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        multiplied(layer, rows[:, :4])


def test_other_devices_are_torchs(own_calls: list[tuple[int, ...]]) -> None:
    assert multiplied(nn.Linear(6, 5, device="meta"), torch.empty(4, 6, device="meta")).shape == (4, 5)
    assert not own_calls


@pytest.mark.parametrize("rows", ["float64", "bfloat16", "autocast", "three dimensions", "one row", "small"])
def test_torch_computes_the_others(
    own_calls: list[tuple[int, ...]], rows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, given = layer_and_rows(4, 6, 5)
    if rows == "small":
        monkeypatch.setattr(dense_layers, "FEWEST_PRODUCTS", 4 * 6 * 5 + 1)
    if rows in ("float64", "bfloat16"):
        kind = getattr(torch, rows)
        layer, given = layer.to(kind), given.to(kind)
    if rows == "three dimensions":
        given = given[None]
    if rows == "one row":
        given = given[0]
    with torch.autocast("cpu", torch.bfloat16, enabled=rows == "autocast"):
        assert torch.equal(multiplied(layer, given), layer(given))
    assert not own_calls


@pytest.mark.parametrize(
    ("processor", "mkl", "onednn", "slow"),
    [
        ("AMD EPYC 9654 96-Core Processor", True, True, True),
        ("AMD64 Family 25 Model 97 Stepping 2, AuthenticAMD", True, True, True),
        ("Intel(R) Xeon(R) Processor", True, True, False),
        ("AMD EPYC 9654 96-Core Processor", False, True, False),
        ("AMD EPYC 9654 96-Core Processor", True, False, False),
    ],
)
def test_only_where_torchs_library_is_slow(
    processor: str, mkl: bool, onednn: bool, slow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(dense_layers, "processor_name", lambda: processor)
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: mkl)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: onednn)
    assert dense_layers.torch_is_slow.__wrapped__() is slow


def test_elsewhere_torch_computes(own_calls: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    layer, rows = layer_and_rows(4, 6, 5)
    monkeypatch.setattr(dense_layers, "torch_is_slow", lambda: False)
    assert torch.equal(multiplied(layer, rows), layer(rows))
    assert not own_calls


def test_a_second_derivative_is_refused() -> None:
    layer, rows = layer_and_rows(4, 6, 5)
    given = rows.clone().requires_grad_()
    (first,) = torch.autograd.grad(multiplied(layer, given).square().sum(), given, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()
