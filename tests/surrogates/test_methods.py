"""What single surrogates promise beyond the contract."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from nasbench_ga.errors import NasbenchError
from nasbench_ga.spaces import Genotypes, Space, get_space
from nasbench_ga.surrogates import (
    GaussianProcessSurrogate,
    MLPEnsembleSurrogate,
    RandomForestSurrogate,
    Surrogate,
    XGBoostSurrogate,
)
from nasbench_ga.surrogates import gaussian_process as gaussian_process_module
from nasbench_ga.surrogates.labels import scale
from nasbench_ga.surrogates.mlp_ensemble import MEMBERS, Perceptrons
from tests.surrogates.conftest import examples, predicted


@pytest.mark.parametrize("name", ["nb101", "nats-tss", "nats-sss"])
@pytest.mark.parametrize("n", [5, 50, 600])
def test_xgboost_is_the_published_regressor(name: str, n: int) -> None:
    import xgboost

    space = get_space(name)
    shown = examples(space, n)
    labels = shown.labels + np.random.default_rng(0).normal(0, 0.1, n)
    surrogate = XGBoostSurrogate(space, 3)
    surrogate.fit(shown.genotypes, labels)
    regressor = xgboost.XGBRegressor(eta=0.1).fit(space.features(shown.genotypes), labels)
    np.testing.assert_array_equal(surrogate.predict(shown.held_out), regressor.predict(space.features(shown.held_out)))


def test_the_forest_is_asked_as_the_library_asks_it(space: Space) -> None:
    shown = examples(space, 40)
    surrogate = RandomForestSurrogate(space)
    surrogate.fit(shown.genotypes, shown.labels)
    expected = surrogate._scaled.restore(surrogate._forest.predict(space.features(shown.held_out)))
    np.testing.assert_allclose(surrogate.predict(shown.held_out), expected, rtol=1e-12)


def test_the_gaussian_process_learns_from_a_part_of_many_rows(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gaussian_process_module, "MOST_ROWS", 60)
    monkeypatch.setattr(gaussian_process_module, "MOST_ROWS_TUNED", 40)
    shown = examples(space, 200)
    surrogate = GaussianProcessSurrogate(space)
    surrogate.fit(shown.genotypes, shown.labels)
    assert surrogate._process.X_train_.shape == (60, 36)
    assert kendalltau(surrogate.predict(shown.held_out), shown.held_out_labels).statistic > 0.3


def test_each_network_comes_once_before_any_comes_twice(space: Space) -> None:
    cells = space.sample(20, np.random.default_rng(0))
    networks, first = np.unique(space.isomorphism_class(cells), return_index=True)
    encodings = np.vstack([space.isomorphs(cells[number]) for number in first])
    order = GaussianProcessSurrogate(space, 1)._order(encodings)
    assert sorted(order) == list(range(len(encodings)))
    assert set(space.isomorphism_class(encodings[order[: len(networks)]])) == set(networks)


def test_the_gradient_is_that_of_the_squared_error() -> None:
    import torch

    rng = np.random.default_rng(0)
    networks = Perceptrons(4, rng)
    inputs, labels = (
        rng.normal(size=(MEMBERS, 6, 4)).astype(np.float32),
        rng.normal(size=(MEMBERS, 6)).astype(np.float32),
    )
    weights = [torch.tensor(part, requires_grad=True) for part in networks.weights]
    biases = [torch.tensor(part, requires_grad=True) for part in networks.biases]
    layer = torch.tensor(inputs)
    for weight, bias in zip(weights, biases, strict=True):
        given = layer @ weight + bias
        layer = given.relu()
    ((given[..., 0] - torch.tensor(labels)) ** 2).mean(1).sum().backward()
    expected = np.concatenate([part.grad.numpy().ravel() for part in [*weights, *biases]])
    np.testing.assert_allclose(networks.gradient(inputs, labels), expected, atol=1e-5)


def test_members_of_the_ensemble_differ(space: Space) -> None:
    shown = examples(space, 20)
    surrogate = MLPEnsembleSurrogate(space)
    surrogate.fit(shown.genotypes, shown.labels)
    each = surrogate._networks.layers(space.features(shown.held_out))[-1][..., 0]
    assert (each.std(0) > 0).all()


def test_labels_far_below_are_raised_and_those_above_are_not() -> None:
    values = np.array([90.0, 91.0, 92.0, 93.0, 94.0, 10.0, 150.0])
    scaled = scale(values)
    back = scaled.restore(scaled.labels)
    np.testing.assert_allclose(back[[0, 1, 2, 3, 4, 6]], values[[0, 1, 2, 3, 4, 6]])
    assert 80 < back[5] < 90
    assert scaled.labels.mean() == pytest.approx(0)
    assert scaled.labels.std() == pytest.approx(1)


@pytest.mark.parametrize("values", [[0.0, 1.0], [1.0, 1.0, 1.0, 1.0, 1.0, -50.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]])
def test_labels_stay_apart(values: list[float]) -> None:
    scaled = scale(np.array(values))
    assert len(set(scaled.labels)) == 2
    np.testing.assert_allclose(scaled.restore(scaled.labels), values)


@pytest.mark.parametrize(("factor", "shift"), [(1e-4, 0.0), (1e-12, 0.0), (1.0, 1e8), (-1e-6, 5.0), (1e20, 0.0)])
def test_xgboost_learns_on_any_scale(factor: float, shift: float) -> None:
    """The library itself predicts a constant of labels that differ by less than 1e-3 or so."""
    shown = examples(get_space("nb101"), 60)
    plain = predicted(XGBoostSurrogate(get_space("nb101")), shown)
    scaled = predicted(XGBoostSurrogate(get_space("nb101")), shown._replace(labels=shown.labels * factor + shift))
    assert kendalltau(plain, scaled).statistic * np.sign(factor) > 0.9


class Wrong(Surrogate):
    """Predicts what it is told to."""

    given: object = None

    def _fit(self, genotypes: Genotypes, values: np.ndarray) -> None:
        """Learns nothing."""

    def _predict(self, genotypes: Genotypes) -> object:
        return self.given


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.zeros(5), r"shape \(60,\), not float64 of shape \(5,\)"),
        (np.zeros((60, 1)), r"not float64 of shape \(60, 1\)"),
        (1.0, r"not float64 of shape \(\)"),
        (None, "not object"),
        (["a"] * 60, "not <U1"),
        (np.full(60, np.nan), "no finite number"),
    ],
)
def test_predictions_are_one_finite_number_each(given: object, said: str) -> None:
    shown = examples(get_space("nb101"), 60)
    surrogate = Wrong(get_space("nb101"))
    surrogate.given = given
    with pytest.raises(NasbenchError, match=said):
        predicted(surrogate, shown)


@pytest.mark.parametrize("label", [1e31, -1e300, 1e308])
def test_labels_that_libraries_cannot_hold_are_left_out(label: float) -> None:
    shown = examples(get_space("nb101"), 30)
    surrogate = XGBoostSurrogate(get_space("nb101"))
    surrogate.fit(shown.genotypes, np.append(shown.labels[1:], label))
    assert surrogate.dropped == 1
