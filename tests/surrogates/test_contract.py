"""What every registered surrogate promises."""

import os
import random
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import kendalltau

from nasbench_ga.errors import NasbenchError, NothingToLearnError
from nasbench_ga.spaces import NATSTopology, Space, get_space, spaces
from nasbench_ga.surrogates import Surrogate, surrogates
from tests.surrogates.conftest import Examples, examples, predicted

Maker = Callable[..., Surrogate]
MAY_DIE = {"gcn-dervisi"}
"""Surrogates that learn nothing from some seeds on, and say so."""


@pytest.mark.parametrize("where", spaces)
def test_ranks_cells_that_it_has_not_seen(name: str, where: str) -> None:
    shown = examples(get_space(where), 60)
    found = predicted(surrogates[name](get_space(where)), shown)
    assert found.dtype == np.float64
    assert found.shape == (60,)
    assert np.isfinite(found).all()
    if name not in MAY_DIE:
        assert kendalltau(found, shown.held_out_labels).statistic > 0.3


def test_predictions_are_on_the_scale_of_the_labels(expected: np.ndarray, few: Examples) -> None:
    assert (expected > few.labels.min() - np.ptp(few.labels)).all()
    assert (expected < few.labels.max() + np.ptp(few.labels)).all()


def test_one_seed_is_one_surrogate_and_it_says_nothing(
    make: Maker, few: Examples, expected: np.ndarray, capfd: pytest.CaptureFixture[str]
) -> None:
    np.testing.assert_array_equal(predicted(make(), few), expected)
    assert capfd.readouterr() == ("", "")


def test_a_refit_forgets_what_was_learned_before(make: Maker, few: Examples, expected: np.ndarray) -> None:
    surrogate = make()
    predicted(surrogate, examples(surrogate.space, 20, seed=1))
    np.testing.assert_array_equal(predicted(surrogate, few), expected)


def test_predictions_do_not_depend_on_what_is_asked_beside(
    fitted: Surrogate, few: Examples, expected: np.ndarray
) -> None:
    alone = [fitted.predict(genotype[None])[0] for genotype in few.held_out[:5]]
    np.testing.assert_allclose(alone, expected[:5], rtol=1e-5)


FRESH = """
import sys
from nasbench_ga.spaces import get_space
from nasbench_ga.surrogates import surrogates
from tests.surrogates.conftest import SEED, examples, predicted

space = get_space("nb101")
print(predicted(surrogates[sys.argv[1]](space, SEED), examples(space, 30)).tobytes().hex())
"""


def test_a_fresh_process_with_more_threads_predicts_the_same(name: str, expected: np.ndarray) -> None:
    threads = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    command = [sys.executable, "-c", FRESH, name]
    done = subprocess.run(command, env=os.environ | threads, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected.tobytes().hex()


def test_global_state_is_neither_changed_nor_used(make: Maker, few: Examples, expected: np.ndarray) -> None:
    import torch

    def state() -> tuple[object, ...]:
        numpy = np.random.get_state()[1].tolist()  # noqa: NPY002
        return random.getstate(), numpy, torch.get_rng_state().tolist(), torch.get_num_threads(), np.geterr()

    threads = torch.get_num_threads()
    try:
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
        torch.manual_seed(1)
        torch.set_num_threads(threads + 1)
        before = state()
        found = predicted(make(), few)
        assert state() == before
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(found, expected)


def test_labels_that_are_not_finite_are_left_out_and_counted(make: Maker, few: Examples) -> None:
    surrogate, labels = make(), few.labels.copy()
    labels[[2, 5, 7]] = np.nan, np.inf, -np.inf
    with_gaps = predicted(surrogate, few._replace(labels=labels))
    assert surrogate.dropped == 3
    kept = np.isfinite(labels)
    without = predicted(surrogate, few._replace(genotypes=few.genotypes[kept], labels=labels[kept]))
    assert surrogate.dropped == 0
    np.testing.assert_array_equal(with_gaps, without)


def test_what_it_learns_from_stays_as_it_is_and_is_not_needed_again(
    make: Maker, few: Examples, expected: np.ndarray
) -> None:
    surrogate, genotypes, labels = make(), few.genotypes.copy(), few.labels.copy()
    surrogate.fit(genotypes, labels)
    np.testing.assert_array_equal(genotypes, few.genotypes)
    np.testing.assert_array_equal(labels, few.labels)
    genotypes[:], labels[:] = 0, 0
    np.testing.assert_array_equal(surrogate.predict(few.held_out), expected)


@pytest.mark.parametrize(("shift", "factor"), [(1_700.0, 1.0), (94.0, 1e-3)])
def test_the_scale_of_labels_hardly_changes_the_ranking(
    make: Maker, few: Examples, expected: np.ndarray, shift: float, factor: float
) -> None:
    found = predicted(make(), few._replace(labels=few.labels * factor + shift))
    if np.ptp(expected):
        assert kendalltau(found, expected).statistic > 0.8
    else:
        assert np.ptp(found) == 0


@pytest.mark.parametrize("labels", [[94.1, 94.2], [0.0, 0.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0, 0.0]])
def test_two_different_labels_are_enough(make: Maker, few: Examples, labels: list[float]) -> None:
    surrogate = make()
    surrogate.fit(few.genotypes[: len(labels)], labels)
    found = surrogate.predict(few.held_out)
    assert (found > min(labels) - 2).all()
    assert (found < max(labels) + 2).all()


def test_features_that_tell_nothing_are_no_obstacle(make: Maker, few: Examples) -> None:
    surrogate = make()
    surrogate.fit(np.repeat(few.genotypes[:1], 8, axis=0), np.arange(8.0))
    assert np.isfinite(surrogate.predict(few.held_out)).all()
    assert 0 <= surrogate.predict(few.genotypes[:1])[0] <= 7


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([], "of the 0 that came, 0 were not finite and were left out, and none is left"),
        ([3.5], "of the 1 that came, 0 were not finite and were left out, and the other 1 are 3.5"),
        ([2.0, 2.0, np.nan], "of the 3 that came, 1 were not finite and were left out, and the other 2 are 2"),
        ([np.nan, np.inf, -np.inf], "of the 3 that came, 3 were not finite and were left out, and none is left"),
    ],
)
def test_labels_that_teach_nothing_are_refused(make: Maker, few: Examples, labels: list[float], said: str) -> None:
    surrogate = make()
    with pytest.raises(NothingToLearnError, match=said) as caught:
        surrogate.fit(few.genotypes[: len(labels)], labels)
    assert "Evaluate more genotypes" in str(caught.value)
    assert surrogate.dropped == int((~np.isfinite(labels)).sum())


def test_a_fit_that_fails_forgets_too(make: Maker, few: Examples) -> None:
    surrogate = make()
    surrogate.fit(few.genotypes[:2], [0.0, 1.0])
    with pytest.raises(NothingToLearnError):
        surrogate.fit(few.genotypes[:2], [1.0, 1.0])
    with pytest.raises(NasbenchError, match="call fit first"):
        surrogate.predict(few.held_out)


def test_wrong_genotypes_and_labels_are_refused(make: Maker, fitted: Surrogate, few: Examples) -> None:
    surrogate = make()
    with pytest.raises(NasbenchError, match=r"Expected nb101 genotypes of shape \(n, 26\), got shape \(30, 25\)"):
        surrogate.fit(few.genotypes[:, 1:], few.labels)
    with pytest.raises(NasbenchError, match="takes the values"):
        surrogate.fit(np.full_like(few.genotypes, 9), few.labels)
    with pytest.raises(NasbenchError, match=r"shape \(30,\), got shape \(29,\)"):
        surrogate.fit(few.genotypes, few.labels[1:])
    with pytest.raises(NasbenchError, match=r"shape \(30,\), got shape \(30, 1\)"):
        surrogate.fit(few.genotypes, few.labels[:, None])
    with pytest.raises(NasbenchError, match="Expected nb101 genotypes"):
        fitted.predict(few.genotypes[0])


def test_predicts_nothing_before_it_has_learned(make: Maker, kind: type[Surrogate], few: Examples) -> None:
    with pytest.raises(NasbenchError, match=f"{kind.__name__} has learned nothing yet"):
        make().predict(few.held_out)


def test_no_genotypes_have_no_predictions(fitted: Surrogate, few: Examples) -> None:
    found = fitted.predict(few.held_out[:0])
    assert found.shape == (0,)
    assert found.dtype == np.float64


def test_a_missing_library_is_told_at_once(make: Maker, kind: type[Surrogate], monkeypatch: pytest.MonkeyPatch) -> None:
    for library in kind.libraries:
        with monkeypatch.context() as without:
            without.setitem(sys.modules, library, None)
            with pytest.raises(NasbenchError, match=rf"{library}, which is not installed.*nasbench-ga\[surrogates\]"):
                make()


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused(make: Maker, seed: int) -> None:
    with pytest.raises(NasbenchError, match=rf"from 0 to 2\*\*32 - 1, not {seed}"):
        make(seed)


def test_an_unknown_surrogate_is_named_with_all_there_are() -> None:
    with pytest.raises(NasbenchError, match="There is no surrogate 'xgbost'; did you mean 'xgboost'") as caught:
        surrogates["xgbost"]
    assert all(name in str(caught.value) for name in surrogates)


def test_importing_surrogates_brings_nothing_heavy() -> None:
    code = "import sys, nasbench_ga.surrogates; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = {name.partition(".")[0] for name in done.stdout.split()}
    assert not imported & {"torch", "torch_geometric", "xgboost", "sklearn", "lightgbm", "scipy", "threadpoolctl"}


class NoGraphs(NATSTopology):
    """A space that does not say what graph its cells are."""

    name = "no-graphs"
    graphs = Space.graphs


def test_a_surrogate_of_graphs_needs_graphs(kind: type[Surrogate]) -> None:
    if not kind.sees_graphs:
        kind(NoGraphs())
        return
    with pytest.raises(NasbenchError, match=r"no-graphs does not say what graph its cells are: define `graphs`"):
        kind(NoGraphs())
