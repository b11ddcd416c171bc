"""Training of one network: everything on the device, resumable, and an outcome even if it fails."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.training.attempt import Attempt, Task
from nasbench_ga.training.checkpoints import Checkpoint, State, training_key
from nasbench_ga.training.device_images import DeviceImages
from nasbench_ga.training.failures import is_out_of_memory, is_single_value
from nasbench_ga.training.fast_layers import fast_layers
from nasbench_ga.training.freed_memory import keep_freed_memory
from nasbench_ga.training.freezing import frozen_modules
from nasbench_ga.training.layout import channels_last
from nasbench_ga.training.length import best_validation
from nasbench_ga.training.measuring import accuracy
from nasbench_ga.training.randomness import own_randomness
from nasbench_ga.training.recipe import Recipe

__all__ = ["Training", "accuracy", "train"]


@dataclass(frozen=True)
class Training:
    """The outcome of a training; plain values.

    Attributes:
        accuracy: validation accuracy of the weights that the network has at the end, in per cent; 0 if it failed.
        loss: mean training loss of the steps before the last validation; None if it failed or nothing was trained.
        curve: each validation: after how many epochs, and its accuracy; the first is before training.
        epochs: how many were trained.
        images: how many were trained with, each as often as it was.
        steps: of the optimiser.
        seconds: of training and validating, added up over interruptions and over attempts with larger batches.
        batch: images in a step, as it was in the end.
        stopped: by what: "epochs" that were over, "patience", "curve", or "failed".
        failure: why it failed, in a sentence; empty if it did not.
        notes: what else a reader should know, in sentences.
    """

    accuracy: float
    loss: float | None
    curve: tuple[tuple[float, float], ...]
    epochs: float
    images: int
    steps: int
    seconds: float
    batch: int
    stopped: str
    failure: str = ""
    notes: tuple[str, ...] = ()


def train(
    network: nn.Module,
    train_images: DeviceImages,
    validation: DeviceImages,
    recipe: Recipe,
    seed: int,
    *,
    frozen: Collection[str] = (),
    checkpoint: Path | None = None,
    checkpoint_seconds: float = 20.0,
    progress: bool = False,
) -> Training:
    """Trains a network, which keeps the weights of its last validation or, where that may end it, of its best.

    A loss that is no number, or too little memory for a step of one image, makes a training that failed, whose network
    has the weights it began with. Where a step does not fit into memory, training begins anew with half as many images.
    On a CPU the same seed gives, with as many threads, the same weights bit by bit, however often training is
    interrupted and gone on with.
    Torch's own random numbers are left as they were.

    Args:
        network: with its first weights, on the device of the images. It is left in evaluation mode.
        train_images: at least one.
        validation: at least one; never trained with.
        recipe: how to train.
        seed: of the order of the images, of their augmentation and of dropout; 0 or more.
        frozen: modules that are left as they are, named as `network.named_modules()` has them: they get no gradients,
            and their batch norms and dropouts are in evaluation mode.
        checkpoint: where the state is written, to go on from there after an interruption. Whoever has kept the outcome
            removes it.
        checkpoint_seconds: least time between two writings.
        progress: show a bar if training takes more than two seconds.

    Raises:
        UnknownNameError: a frozen module is none of the network's.
        NasbenchError: there are no images, or the checkpoint cannot be written.
    """
    for purpose, images in (("Training", train_images), ("Validation", validation)):
        if not len(images):
            raise NasbenchError(f"{purpose} takes at least one image, and there is none.")
    device = train_images.labels.device
    if device.type == "cpu":
        keep_freed_memory()
    with (
        frozen_modules(network, frozen) as resting,
        own_randomness(device),
        channels_last(network),
        fast_layers(network),
    ):
        task = Task(network, resting, train_images, validation, recipe, seed)
        try:
            if not task.parameters:
                return _untrained(task)
            key = training_key(network, (train_images, validation), recipe, seed, frozen) if checkpoint else ""
            return _trained(task, Checkpoint(checkpoint, key, checkpoint_seconds), progress)
        finally:
            network.eval()


def failed(reason: str) -> Training:
    """The outcome of a training that could not begin."""
    return Training(0.0, None, (), 0.0, 0, 0, 0.0, 0, "failed", reason)


def _untrained(task: Task) -> Training:
    began = time.perf_counter()
    reached = accuracy(task.network, task.validation, precision=task.recipe.precision)
    return Training(
        accuracy=reached,
        loss=None,
        curve=((0.0, reached),),
        epochs=0.0,
        images=0,
        steps=0,
        seconds=time.perf_counter() - began,
        batch=task.recipe.batch,
        stopped="epochs",
        notes=("Nothing was trained: no parameter of the network is to be.",),
    )


def _trained(task: Task, file: Checkpoint, progress: bool) -> Training:
    """The outcome of the first attempt that fits into memory, or of the last."""
    first = {name: tensor.clone() for name, tensor in task.network.state_dict().items()}
    state, notes = _saved(file)
    batch = state["batch"] if state else min(task.recipe.batch, len(task.train_images))
    keeps_maps = state["keeps_maps"] if state else True
    began = time.perf_counter() - (state["seconds"] if state else 0)
    while True:
        attempt = Attempt(task, batch, keeps_maps, notes, began)
        if state:
            attempt.restore(state)
        fits = _fits(attempt, file, progress)
        if attempt.failure:
            task.network.load_state_dict(first)
        if fits or (batch == 1 and not attempt.keeps_maps):
            return _outcome(attempt)
        if not attempt.keeps_maps:
            notes = [*notes, f"Out of memory with {batch:,} images in a step: begun anew with {batch // 2:,}."]
            batch //= 2
        state, keeps_maps = None, False
        task.network.zero_grad(set_to_none=True)
        del attempt
        if task.device.type == "cuda":
            torch.cuda.empty_cache()


def _saved(file: Checkpoint) -> tuple[State | None, list[str]]:
    """What was saved of this training, and the notes that go with it."""
    try:
        state = file.read()
    except CorruptFileError as error:
        return None, [f"{error} Training began anew."]
    return state, [*state["notes"]] if state else []


def _fits(attempt: Attempt, file: Checkpoint, progress: bool) -> bool:
    """Trains; tells whether there was enough memory. If not, the attempt has failed."""
    try:
        attempt.run(file, progress)
    except (RuntimeError, MemoryError, ValueError) as error:
        if is_out_of_memory(error):
            attempt.fail(f"Out of memory with {attempt.batch:,} images in a step.")
            return False
        if attempt.batch > 1 or not is_single_value(error):
            raise
        attempt.fail("A batch norm sees a single value of each channel, with one image in a step, and needs several.")
    return True


def _outcome(attempt: Attempt) -> Training:
    failed = bool(attempt.failure)
    curve, kept = attempt.curve, -1
    if curve and attempt.task.recipe.stop != "never":
        kept = best_validation(curve)
    return Training(
        accuracy=0.0 if failed else curve[kept][1],
        loss=None if failed else attempt.loss,
        curve=tuple(curve),
        epochs=attempt.plan.epochs_after(attempt.step),
        images=attempt.plan.images_after(attempt.step),
        steps=attempt.step,
        seconds=time.perf_counter() - attempt.began,
        batch=attempt.batch,
        stopped=attempt.stopped,
        failure=attempt.failure,
        notes=tuple(attempt.notes),
    )
