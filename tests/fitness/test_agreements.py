"""The matrix K_H against counting units one by one, and its determinant against numpy's."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasbench_ga.fitness import agreements
from nasbench_ga.fitness.agreements import Agreements, log_determinants

with_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
PATHS = [("cpu", "AVX512"), ("cpu", "AVX2"), pytest.param(("cuda", ""), marks=with_cuda)]


def laid_out(inputs: torch.Tensor, layout: str) -> torch.Tensor:
    """The same numbers in another order in memory."""
    match layout:
        case "contiguous":
            return inputs
        case "channels_last" if inputs.dim() == 4:
            return inputs.contiguous(memory_format=torch.channels_last)
        case "cut":
            return torch.cat([inputs, inputs], 1)[:, : inputs.shape[1]]
        case _:
            return inputs.movedim(0, -1).contiguous().movedim(-1, 0)


def counted(layers: list[tuple[np.ndarray, list[int]]], networks: int, batch: int) -> np.ndarray:
    """K_H unit by unit; a layer's inputs have shape (batch, members, units)."""
    matrices = np.zeros((networks, batch, batch))
    for inputs, members in layers:
        for place, member in enumerate(members):
            for unit in inputs[:, place].T:
                for i in range(batch):
                    for j in range(batch):
                        matrices[member, i, j] += (unit[i] > 0) == (unit[j] > 0)
    return matrices


@pytest.mark.parametrize("path", PATHS)
@given(data=st.data())
def test_agreements_are_those_counted_one_by_one(path: tuple[str, str], data: st.DataObject) -> None:
    device, capability = path
    networks, batch = data.draw(st.integers(1, 3)), data.draw(st.integers(2, 5))
    most_exact = data.draw(st.sampled_from([2, 1 << 24]))
    sums, layers = Agreements(networks, batch, torch.device(device)), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
        patch.setattr(agreements, "_MOST_EXACT", most_exact)
        for _ in range(data.draw(st.integers(1, 2))):
            members = data.draw(st.lists(st.integers(0, networks - 1), min_size=1, unique=True))
            channels, area = data.draw(st.integers(1, 3)), data.draw(st.sampled_from([(), (1, 1), (2, 3)]))
            rng = np.random.default_rng(data.draw(st.integers(0, 999)))
            inputs = rng.integers(-1, 2, (batch, len(members) * channels, *area)).astype(np.float32)
            layout = data.draw(st.sampled_from(["contiguous", "channels_last", "cut", "images last"]))
            kind = data.draw(st.sampled_from([list, tuple]))
            sums.add(laid_out(torch.from_numpy(inputs).to(device).relu(), layout), kind(members))
            layers.append((inputs.reshape(batch, len(members), -1), members))
        if data.draw(st.booleans()):
            sums.fetch()
    np.testing.assert_array_equal(sums.matrices(), counted(layers, networks, batch))


@pytest.mark.parametrize("path", PATHS)
def test_wide_layers_are_exact(path: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    device, capability = path
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    inputs = torch.ones(3, 300_001, device=device)
    inputs[1, ::2] = 0
    sums = Agreements(1, 3, torch.device(device))
    sums.add(inputs.relu())
    np.testing.assert_array_equal(
        sums.matrices()[0], [[300_001, 150_000, 300_001], [150_000, 300_001, 150_000], [300_001, 150_000, 300_001]]
    )


def agreement_matrices(bits: np.ndarray) -> np.ndarray:
    """K_H of bits, shape (networks, batch, units)."""
    x = bits.astype(np.float64)
    return x @ x.swapaxes(1, 2) + (1 - x) @ (1 - x).swapaxes(1, 2)


@given(st.integers(1, 3), st.integers(1, 8), st.integers(0, 999))
def test_log_determinants_are_those_of_numpy(networks: int, size: int, seed: int) -> None:
    roots = np.random.default_rng(seed).standard_normal((networks, size, size))
    matrices = roots @ roots.swapaxes(1, 2) + 0.1 * np.eye(size)
    np.testing.assert_allclose(log_determinants(matrices), np.linalg.slogdet(matrices)[1], rtol=1e-9, atol=1e-9)


def test_log_determinants_of_agreements_are_those_of_numpy() -> None:
    matrices = agreement_matrices(np.random.default_rng(0).random((4, 128, 20_000)) < 0.3)
    np.testing.assert_allclose(log_determinants(matrices), np.linalg.slogdet(matrices)[1], rtol=1e-12)


def equal_images() -> np.ndarray:
    bits = np.random.default_rng(1).random((2, 64, 5_000)) < 0.5
    bits[:, 40] = bits[:, 3]
    return bits


SINGULAR = {
    "nothing counted": np.zeros((2, 8, 0)),
    "two equal images": equal_images(),
    "all images equal": np.ones((2, 64, 5_000)),
    "fewer units than images": np.random.default_rng(2).random((2, 128, 100)) < 0.5,
}


@pytest.mark.parametrize("bits", SINGULAR.values(), ids=SINGULAR)
def test_a_singular_matrix_has_minus_infinity_and_no_warning(bits: np.ndarray) -> None:
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        np.testing.assert_array_equal(log_determinants(agreement_matrices(bits)), [-np.inf, -np.inf])


def test_one_unit_of_a_million_tells_images_apart() -> None:
    matrix = np.full((128, 128), 1e6) - 2
    np.fill_diagonal(matrix, 1e6)
    expected = np.log(2) * 127 + np.log(2 + 128 * (1e6 - 2))
    np.testing.assert_allclose(log_determinants(matrix[None]), expected, rtol=1e-9)
