"""What errors say."""

import pickle

import pytest

from nasbench_ga import errors
from nasbench_ga.errors import NasbenchError, UnknownNameError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_caught_as_one(kind: type[Exception]) -> None:
    assert issubclass(kind, NasbenchError)
    assert issubclass(kind, ValueError)


@pytest.mark.parametrize(
    ("name", "choices", "text"),
    [
        (
            "nb11",
            ["nb101", "nats-tss"],
            "There is no space 'nb11'; did you mean 'nb101'? Choose from: nb101, nats-tss.",
        ),
        ("zzz", ["nb101", "nats-tss"], "There is no space 'zzz'. Choose from: nb101, nats-tss."),
        ("zzz", [], "There is no space 'zzz'. Choose from: none."),
    ],
)
def test_an_unknown_name_says_what_there_is(name: str, choices: list[str], text: str) -> None:
    assert str(UnknownNameError("space", name, choices)) == text


def test_choices_may_come_from_anything_that_iterates() -> None:
    assert UnknownNameError("space", "x", iter("ab")).choices == ("a", "b")
    assert UnknownNameError("space", "x", {"a": 1}).choices == ("a",)


def test_an_unknown_name_crosses_processes() -> None:
    error = UnknownNameError("space", "nb11", ["nb101"])
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
