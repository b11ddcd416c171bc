"""Verdicts follow from tests, and from nothing else."""

import numpy as np
import pytest

from experiments.dervisi_study.evidence import (
    Evidence,
    any_of,
    bootstrapped_test,
    by_benchmark,
    evidence_table,
    judged,
    over_all,
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


def test_each_benchmark_has_its_verdict() -> None:
    found = [evidence(0.001, where="a"), evidence(0.9, where="a"), evidence(0.001, where="b")]
    assert by_benchmark(found, 1) == {"a": "holds in part", "b": "holds"}
    assert by_benchmark(found, 2) == {"a": "holds in part", "b": "holds in part"}  # one claim could not be tested
    assert over_all(found[2:], 1) == "holds"
    assert over_all(found, 1) == "holds in part"
    rows = evidence_table(found, "caption").rows
    assert [row[-1] for row in rows] == ["shown", "not shown", "shown"]
    assert "None could be made" in evidence_table([], "caption").text


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
