"""Interrupted trainings go on as if nothing had been, and no other file than their own is taken for theirs."""

import dataclasses
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from nasbench_ga.errors import NasbenchError
from nasbench_ga.files import read_checked, write_checked
from nasbench_ga.training.loop import Training, train
from nasbench_ga.training.recipe import Recipe
from tests.support.toy_training import TRAIN, Breaking, Interrupted, quarters, same, toy_images, toy_network, weights

RECIPE = Recipe(batch=16, epochs=3, learning_rate=0.01, pad=1, flip=True, schedule="cosine")
VARIANTS = {
    "sgd": {"optimizer": "sgd", "weight_decay": 1e-3},
    "adam": {},
    "adamw": {"optimizer": "adamw", "weight_decay": 1e-2},
    "adagrad": {"optimizer": "adagrad"},
    "rmsprop": {"optimizer": "rmsprop", "epsilon": 1.0},
    "patience": {"stop": "patience", "patience": 3, "validations": 2},
    "curve": {"stop": "curve", "least_epochs": 2.5, "validations": 3, "schedule": "plateau", "plateau": 1},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trainings" / "one.checkpoint"


def interrupted(network: nn.Module, recipe: Recipe, path: Path, steps: int, seconds: float = 0.0) -> None:
    """A training that is killed within a step, after as many others."""
    images = Breaking(quarters(TRAIN, 0), batches=steps, error=Interrupted())
    with pytest.raises(Interrupted):
        train(network, images, toy_images()[1], recipe, 7, checkpoint=path, checkpoint_seconds=seconds)


def but_for_time(outcome: Training) -> Training:
    return dataclasses.replace(outcome, seconds=0)


@pytest.mark.parametrize("name", VARIANTS)
def test_an_interrupted_training_equals_one_that_was_not(name: str, path: Path) -> None:
    """Killed in the first step, in the middle of an epoch, at the end of one and in the last step."""
    recipe = dataclasses.replace(RECIPE, **VARIANTS[name])
    expected = toy_network()
    whole = train(expected, *toy_images(), recipe, 7)
    kills = [0, 4, 3, 0, whole.steps - 4 - 3 - 1]
    for steps in kills:
        interrupted(toy_network(), recipe, path, steps)
    network = toy_network()
    torch.manual_seed(123)
    outcome = train(network, *toy_images(), recipe, 7, checkpoint=path)
    assert but_for_time(outcome) == but_for_time(whole)
    assert same(weights(network), weights(expected))
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_steps_are_not_made_again(path: Path) -> None:
    interrupted(toy_network(), RECIPE, path, 15)
    images = Breaking(quarters(TRAIN, 0), batches=3, error=Interrupted())
    outcome = train(toy_network(), images, toy_images()[1], RECIPE, 7, checkpoint=path)
    assert (outcome.steps, images.batches) == (18, 0)


def test_seconds_add_up(path: Path) -> None:
    interrupted(toy_network(), RECIPE, path, 10)
    content = torch.load(_opened(path), weights_only=True)
    content["state"]["seconds"] += 1000
    _rewrite(path, content)
    outcome = train(toy_network(), *toy_images(), RECIPE, 7, checkpoint=path)
    assert 1000 < outcome.seconds < 1100


def test_it_is_not_written_too_often(path: Path) -> None:
    interrupted(toy_network(), RECIPE, path, 10, seconds=60)
    assert not path.exists()


def test_frozen_modules_and_interruptions(path: Path) -> None:
    expected, network = toy_network(), toy_network()
    train(expected, *toy_images(), RECIPE, 7, frozen=["0", "1"])
    images = Breaking(quarters(TRAIN, 0), batches=8, error=Interrupted())
    with pytest.raises(Interrupted):
        train(
            toy_network(),
            images,
            toy_images()[1],
            RECIPE,
            7,
            frozen=["1", "0"],
            checkpoint=path,
            checkpoint_seconds=0,
        )
    train(network, *toy_images(), RECIPE, 7, frozen=["0", "1"], checkpoint=path)
    assert same(weights(network), weights(expected))


@pytest.mark.parametrize("passes", [1, 6, 20])
def test_what_frozen_layers_made_is_made_again(passes: int, path: Path) -> None:
    recipe, frozen = dataclasses.replace(RECIPE, pad=0, flip=False, batch=13), [str(place) for place in range(6)]
    expected, killed, network = toy_network(), toy_network(), toy_network()
    whole = train(expected, *toy_images(), recipe, 7, frozen=frozen)
    seen = []

    def kill(*_: object) -> None:
        seen.append(None)
        if len(seen) == passes:
            raise Interrupted

    killed[9].register_forward_hook(kill)
    with pytest.raises(Interrupted):
        train(killed, *toy_images(), recipe, 7, frozen=frozen, checkpoint=path, checkpoint_seconds=0)
    assert path.exists() == (passes > 2)  # the first pass validates, the second is of the first step
    outcome = train(network, *toy_images(), recipe, 7, frozen=frozen, checkpoint=path)
    assert but_for_time(outcome) == but_for_time(whole)
    assert same(weights(network), weights(expected))


def test_a_halved_batch_is_remembered(path: Path) -> None:
    class Small(Breaking):
        def batch(self, rows, *arguments, **options):
            if len(rows) > 8:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return super().batch(rows, *arguments, **options)

    images = Small(quarters(TRAIN, 0), batches=5, error=Interrupted())
    with pytest.raises(Interrupted):
        train(toy_network(), images, toy_images()[1], RECIPE, 7, checkpoint=path, checkpoint_seconds=0)
    network, expected = toy_network(), toy_network()
    outcome = train(network, *toy_images(), RECIPE, 7, checkpoint=path)
    assert outcome.notes == ("Out of memory with 16 images in a step: begun anew with 8.",)
    train(expected, *toy_images(), dataclasses.replace(RECIPE, batch=8), 7)
    assert outcome.batch == 8
    assert same(weights(network), weights(expected))


# --- Files that are not taken up


def _opened(path: Path) -> Path:
    opened = path.with_suffix(".opened")
    opened.write_bytes(read_checked(path))
    return opened


def _rewrite(path: Path, content: object) -> None:
    torch.save(content, path)
    write_checked(path, path.read_bytes())


def expect_anew(
    path: Path, note: str, network: nn.Module | None = None, seed: int = 7, recipe: Recipe = RECIPE
) -> None:
    """Training with such a file equals training without, but for a note."""
    network = network or toy_network()
    first = network.state_dict()
    expected = toy_network()
    expected.load_state_dict(first)
    whole = train(expected, *toy_images(), recipe, seed)
    outcome = train(network, *toy_images(), recipe, seed, checkpoint=path)
    (found,) = outcome.notes
    assert re.fullmatch(note, found), found
    assert but_for_time(outcome) == dataclasses.replace(but_for_time(whole), notes=outcome.notes)
    assert same(weights(network), weights(expected))


@pytest.mark.parametrize("damage", ["empty", "short", "bit", "text"])
def test_a_damaged_checkpoint_is_ignored_and_told(damage: str, path: Path) -> None:
    interrupted(toy_network(), RECIPE, path, 8)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle] ^= 1
    damaged = {"empty": b"", "short": path.read_bytes()[:-100], "bit": bytes(content), "text": b"weights"}[damage]
    path.write_bytes(damaged)
    expect_anew(path, r"The checkpoint .*one.checkpoint is damaged: .* Training began anew\.")


def test_what_cannot_be_read_is_ignored_and_told(path: Path) -> None:
    class Unreadable(type(path)):
        def read_bytes(self) -> bytes:
            raise OSError(5, "Input/output error")

    interrupted(toy_network(), RECIPE, path, 8)
    expect_anew(Unreadable(path), r"The checkpoint .* cannot be read: Input/output error\. Training began anew\.")


@pytest.mark.parametrize("other", ["seed", "recipe", "weights"])
def test_a_checkpoint_of_another_training_is_not_taken_up(other: str, path: Path) -> None:
    interrupted(toy_network(), RECIPE, path, 8)
    note = r"The checkpoint .* is of another training\. Training began anew\."
    if other == "seed":
        expect_anew(path, note, seed=8)
    elif other == "recipe":
        expect_anew(path, note, recipe=dataclasses.replace(RECIPE, learning_rate=0.02))
    else:
        expect_anew(path, note, network=toy_network(1))


def test_other_images_or_frozen_modules_make_another_training(path: Path) -> None:
    for change in ({"frozen": ["0"]}, {"images": toy_images(train=TRAIN + 1)}, {"images": toy_images(validation=41)}):
        interrupted(toy_network(), RECIPE, path, 8)
        images = change.get("images", toy_images())
        outcome = train(toy_network(), *images, RECIPE, 7, frozen=change.get("frozen", ()), checkpoint=path)
        assert outcome.notes[0].endswith("is of another training. Training began anew.")
        path.unlink()


def test_a_checkpoint_executes_nothing(path: Path, tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "executed",))

    path.parent.mkdir()
    _rewrite(path, {"key": "x", "state": Payload()})
    expect_anew(path, r"(?s)The checkpoint .* is not one: .* Training began anew\.")
    assert not (tmp_path / "executed").exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NasbenchError, match=r"Cannot write .*file/one"):
        train(toy_network(), *toy_images(), RECIPE, 7, checkpoint=tmp_path / "file" / "one", checkpoint_seconds=0)


def test_what_is_not_kept_before_a_kill_comes_again(path: Path) -> None:
    """The file is left to whoever keeps the outcome, also that of a training that failed."""
    diverging = dataclasses.replace(RECIPE, optimizer="sgd", learning_rate=1e30)
    for recipe, stopped in ((RECIPE, "epochs"), (diverging, "failed")):
        outcomes = []
        for _ in range(2):
            outcomes.append(train(toy_network(), *toy_images(), recipe, 7, checkpoint=path, checkpoint_seconds=0))
            assert path.exists()
        assert but_for_time(outcomes[0]) == but_for_time(outcomes[1])
        assert outcomes[0].stopped == stopped
        path.unlink()
