"""Verdicts follow from tests, and from nothing else."""

import numpy as np
import pytest

from experiments.dervisi_study.evidence import (
    Evidence,
    all_of,
    any_of,
    bootstrapped_test,
    evidence_table,
    judged,
    ruling,
    together,
)
from nasbench_ga.statistics import HypothesisTest


def evidence(p_value: float, favour: float = 1.0, where: str = "here") -> Evidence:
    test = HypothesisTest("a test", "t", 1.0, p_value, (10, 10), "it is so", "it is", "it is not shown")
    return Evidence(where, "a claim", test, favour, "numbers")


def test_a_claim_is_shown_by_its_p_and_the_side_on_which_the_numbers_lie() -> None:
    assert evidence(0.04).outcome == "shown"
    assert evidence(0.04, -1).outcome == "the contrary is shown"
    assert evidence(0.06).outcome == evidence(0.06, -1).outcome == evidence(0.0, 0).outcome == "not shown"
    assert evidence(float("nan")).outcome == "not shown"


def test_several_tests_are_one_family() -> None:
    assert [own.outcome for own in judged([evidence(0.03), evidence(0.03)])] == ["not shown", "not shown"]
    assert [own.outcome for own in judged([evidence(0.02), evidence(0.03)])] == ["shown", "shown"]
    assert judged([]) == []


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        (["shown", "shown"], "holds"),
        (["shown", "not shown"], "holds in part"),
        (["shown", "the contrary is shown"], "holds in part"),
        (["the contrary is shown", "not shown"], "does not hold"),
        (["not shown", "not shown"], "not shown"),
        ([], "not examined"),
    ],
)
def test_verdicts(outcomes, verdict) -> None:
    assert together(outcomes) == verdict


def test_that_one_of_several_is_true_is_refuted_by_all_of_them_only() -> None:
    shown, contrary, not_shown = "shown", "the contrary is shown", "not shown"
    assert any_of([contrary, shown, not_shown]) == shown
    assert any_of([contrary, contrary]) == contrary
    assert any_of([contrary, not_shown]) == any_of([]) == not_shown


def test_that_all_of_several_are_true_is_refuted_by_one_of_them() -> None:
    shown, contrary, not_shown = "shown", "the contrary is shown", "not shown"
    assert all_of([shown, shown]) == shown
    assert all_of([shown, contrary, not_shown]) == contrary
    assert all_of([shown, not_shown]) == all_of([]) == not_shown


def test_each_benchmark_has_its_verdict() -> None:
    found = [evidence(0.001, where="a"), evidence(0.9, where="a"), evidence(0.001, where="b")]
    assert ruling(found, ["a", "b"], 1).verdicts == {"a": "holds in part", "b": "holds"}
    assert ruling(found, ["a", "b"], 2).verdicts == {"a": "holds in part", "b": "holds in part"}  # one was not tested
    assert str(ruling(found[2:], ["b"], 1)) == "holds"
    assert str(ruling(found, ["a", "b"], 1)) == "holds in part"
    rows = evidence_table(found, "caption").rows
    assert [row[-1] for row in rows] == ["shown", "not shown", "shown"]
    assert "None could be made" in evidence_table([], "caption").text


@pytest.mark.parametrize(
    ("here", "there", "verdict"),
    [
        ((1, 1), (1, 1), "holds"),
        ((1, 1), (1, -1), "holds in part"),
        ((1, -1), (1, 0), "does not hold"),
        ((1, 0), (1, 0), "not shown"),
    ],
)
def test_what_is_best_of_all_is_so_somewhere_or_nowhere(here, there, verdict) -> None:
    found = [evidence(0.001, side, where) for where, sides in (("a", here), ("b", there)) for side in sides]
    assert ruling(found, "ab", 2, all_of).verdict == verdict


def test_what_was_not_tested_stands_beside_the_verdict() -> None:
    found = ruling([evidence(0.001, where="a")], ["a", "b"], 3)
    assert str(found) == "holds in part (without 2 of 3 claims on a; b)"
    assert str(ruling([], ["a", "b"], 3)) == "not examined"


def test_a_bootstrapped_test_knows_the_normal_distribution() -> None:
    drawn = np.random.default_rng(0).normal(0.3, 0.1, 20_000)
    assert bootstrapped_test(0.3, drawn, 0.104, 50, "it is so").p_value == pytest.approx(0.05, abs=0.005)
    assert bootstrapped_test(0.3, drawn, 0.3, 50, "it is so").p_value == 1


def test_a_bootstrap_of_few_things_or_of_what_never_changes_shows_nothing() -> None:
    drawn = np.random.default_rng(0).normal(0.3, 0.01, 100)
    assert bootstrapped_test(0.3, drawn, 0.0, 20, "it is so").rejects()
    for test in (
        bootstrapped_test(0.3, drawn, 0.0, 19, "it is so"),
        bootstrapped_test(0.3, np.full(9, 0.3), 0.0, 50, "it is so"),
    ):
        assert not test.rejects()
        assert "could not be made" in test.in_words()
