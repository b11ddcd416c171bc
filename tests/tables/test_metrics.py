"""The names of numbers."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_ga.errors import NasbenchError
from nasbench_ga.tables import Metric

part = st.text(st.characters(exclude_characters="/@", exclude_categories=("Cs",)), min_size=1)
seed = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)


@given(dataset=part, quantity=part, condition=st.none() | part, of_seed=st.just("mean") | seed)
def test_what_is_written_is_read_back(dataset: str, quantity: str, condition: str | None, of_seed: str) -> None:
    metric = Metric(dataset, quantity, condition, of_seed)
    assert Metric.parse(str(metric)) == metric


@given(name=st.text(st.sampled_from("ab/@1")))
def test_any_name_is_read_or_refused(name: str) -> None:
    base, _, seed = name.partition("@")
    if 1 <= base.count("/") <= 2 and all(base.split("/")) and (seed or "@" not in name):
        assert str(Metric.parse(name)) == name
    else:
        with pytest.raises(NasbenchError, match=re.escape(repr(name))):
            Metric.parse(name)


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("cifar10/test/108", Metric("cifar10", "test", "108", "mean")),
        ("cifar10/test/108@0", Metric("cifar10", "test", "108", "0")),
        ("cifar10-valid/x-valid/200@777", Metric("cifar10-valid", "x-valid", "200", "777")),
        ("cifar10/parameters", Metric("cifar10", "parameters", None, "mean")),
    ],
)
def test_published_names(name: str, metric: Metric) -> None:
    assert Metric.parse(name) == metric
    assert str(metric) == name


def test_the_mean_is_meant_unless_a_seed_is_named() -> None:
    assert Metric.parse("cifar10/test/108@mean") == Metric.parse("cifar10/test/108")
    assert str(Metric.parse("cifar10/test/108@mean")) == "cifar10/test/108"


def test_another_quantity_of_the_same_training() -> None:
    assert str(Metric.parse("cifar10/test/108@2").of("train-seconds")) == "cifar10/train-seconds/108@2"


@pytest.mark.parametrize("name", ["", "a", "a/", "/a", "a//b", "a/b/c/d", "a/b@", "@0", "a@0"])
def test_other_forms_are_refused_with_an_example(name: str) -> None:
    with pytest.raises(NasbenchError, match=r"dataset/split/epochs.*cifar10/test/108@0"):
        Metric.parse(name)
