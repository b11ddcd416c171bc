"""One attempt to train a network, with as many images in a step as it was given: its state, and its steps."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from nasbench_ga.training.checkpoints import Checkpoint, State
from nasbench_ga.training.device_images import Augmentation, DeviceImages
from nasbench_ga.training.frozen_maps import Remaining, behind_frozen
from nasbench_ga.training.graphs import Graphed, own_stream
from nasbench_ga.training.length import best_validation, reason_to_stop
from nasbench_ga.training.measuring import count_right, number_type, usual_batch
from nasbench_ga.training.optimisers import make_optimizer
from nasbench_ga.training.plan import Plan
from nasbench_ga.training.randomness import generator_states, order_of_epoch, set_generators, sow
from nasbench_ga.training.recipe import Recipe
from nasbench_ga.training.schedules import rate_of_step


@dataclass(frozen=True)
class Task:
    """What is to be trained, with what and how.

    Attributes:
        network: with its first weights.
        resting: modules of it that stay in evaluation mode.
        train_images: to train with.
        validation: to validate with.
        recipe: how to train.
        seed: of the order of the images, of augmentation and dropout.
    """

    network: nn.Module
    resting: list[nn.Module]
    train_images: DeviceImages
    validation: DeviceImages
    recipe: Recipe
    seed: int

    @property
    def device(self) -> torch.device:
        """Where all of it is."""
        return self.train_images.labels.device

    @cached_property
    def parameters(self) -> list[nn.Parameter]:
        """What is trained."""
        return [parameter for parameter in self.network.parameters() if parameter.requires_grad]

    def set_mode(self, training: bool) -> None:
        """Puts the network into training or evaluation mode, the resting modules always into the latter."""
        self.network.train(training)
        for module in self.resting:
            module.eval()


class Attempt:
    """A training with one batch size, from the first weights or from a state that was saved.

    Nothing waits for the device between two validations.

    Args:
        task: what is to be trained; at least one of its parameters.
        batch: images in a step, 1 to as many as there are.
        keeps_maps: whether what frozen layers make of the images may be kept (`frozen_maps`); not of images that are
            augmented, and so differ in each epoch, or of which not all are seen.
        notes: that a reader of the outcome should know so far; they are saved with the state.
        began: when training began, by `time.perf_counter`.

    Attributes:
        keeps_maps: whether they are kept; settled when it runs.
        step: how many there were.
        curve: the validations so far, the first of the weights that training began with.
        loss: mean training loss of the steps between the last two validations; None before there were steps.
        stopped: by what training has ended; empty if it has not.
        failure: why it failed, in a sentence.
    """

    def __init__(self, task: Task, batch: int, keeps_maps: bool, notes: list[str], began: float) -> None:
        self.task, self.batch, self.notes, self.began = task, batch, notes, began
        recipe, device = task.recipe, task.device
        self.plan = Plan(recipe, len(task.train_images), batch)
        self.step, self.stopped, self.failure = 0, "", ""
        self.loss: float | None = None
        self.curve: list[tuple[float, float]] = []
        self._best: dict[str, Tensor] | None = None
        self._validated = 0
        self._total = torch.zeros((), device=device)
        self._optimizer = make_optimizer(task.parameters, recipe)
        self._augmentation = Augmentation(recipe.pad, recipe.flip, recipe.cutout)
        self._dtype = number_type(recipe.precision, device)
        self.keeps_maps = keeps_maps and not self._augmentation and self.plan.steps >= self.plan.steps_per_epoch
        self._remaining = Remaining(task.network, task.train_images, task.validation)
        self._at_once = min(usual_batch(device), 8 * batch)
        self._layout = torch.contiguous_format if device.type == "cpu" else torch.channels_last
        sow(task.seed, device)

    def run(self, checkpoint: Checkpoint, progress: bool) -> None:
        """Trains to the end, and writes the state whenever it is time to; the network keeps the weights to be kept."""
        device, order = self.task.device, None
        self.task.set_mode(training=True)
        hidden = None if progress else True  # None: hidden but on a terminal, which redraws it
        bar = tqdm(total=self.plan.steps, initial=self.step, desc="training", delay=2, leave=False, disable=hidden)
        compute = self._gradients if device.type == "cpu" else Graphed(self._gradients, self.batch, device)
        with bar, own_stream(device):
            self._leave_out_frozen()
            if not self.curve:
                self._validate()
            while not self.stopped:
                epoch, chosen = self.plan.place(self.step)
                if order is None or not chosen.start:
                    order = order_of_epoch(self.task.seed, epoch, self.plan.images, device)
                self._set_rate()
                compute(order[chosen])
                self._optimizer.step()
                self.step += 1
                bar.update()
                if self.step in self.plan.validations:
                    self._validate()
                if checkpoint.due and not self.stopped:
                    checkpoint.write(self.state())
            if self._best is not None:
                self.task.network.load_state_dict(self._best)

    def _leave_out_frozen(self) -> None:
        if self.keeps_maps:
            task = self.task
            found = behind_frozen(
                task.network, task.resting, task.train_images, task.validation, self._at_once, task.recipe.precision
            )
            self._remaining, self.keeps_maps = found or self._remaining, found is not None

    def _set_rate(self) -> None:
        rate = rate_of_step(self.task.recipe, self.step, self.plan.steps, self.curve)
        for group in self._optimizer.param_groups:
            group["lr"] = rate

    def _gradients(self, rows: Tensor) -> None:
        """Leaves the gradients of the loss of some images in place, and adds the loss to the total."""
        network, training, _ = self._remaining
        pixels, labels = training.batch(rows, self._augmentation, self._dtype, self._layout)
        with torch.autocast(pixels.device.type, self._dtype, enabled=self._dtype != torch.float32):
            loss = functional.cross_entropy(network(pixels), labels)
        self._optimizer.zero_grad(set_to_none=self.task.device.type == "cpu")
        torch.autograd.backward(loss)
        self._total += loss.detach()

    def _validate(self) -> None:
        task, since = self.task, self._validated
        network, _, validation = self._remaining
        task.set_mode(training=False)
        counted = count_right(network, validation, self._at_once, task.recipe.precision)
        task.set_mode(training=True)
        total, right, finite = torch.cat([self._total.double()[None], counted.double()]).tolist()
        self._validated = self.step
        self._total.zero_()
        if not math.isfinite(total):
            self.fail(
                f"Training diverged: the training loss was {total} in a step from {since + 1:,} to {self.step:,}."
            )
        elif not finite:
            self.fail(f"Training diverged: the network gave no finite numbers after step {self.step:,}.")
        else:
            self.loss = total / (self.step - since) if self.step else None
            self._record(100 * right / len(task.validation))

    def fail(self, reason: str) -> None:
        """Ends training for a reason, which is a sentence."""
        self.stopped, self.failure = "failed", reason

    def _record(self, accuracy: float) -> None:
        recipe = self.task.recipe
        self.curve.append((self.plan.epochs_after(self.step), accuracy))
        if recipe.stop != "never" and best_validation(self.curve) == len(self.curve) - 1:
            self._best = {name: tensor.clone() for name, tensor in self.task.network.state_dict().items()}
        self.stopped = "epochs" if self.step == self.plan.steps else reason_to_stop(self.curve, recipe)

    def state(self) -> State:
        """All that changes, to be restored into another attempt at the same task with the same batch size."""
        return {
            "batch": self.batch,
            "keeps_maps": self.keeps_maps,
            "notes": self.notes,
            "seconds": time.perf_counter() - self.began,
            "step": self.step,
            "validated": self._validated,
            "curve": self.curve,
            "loss": self.loss,
            "total": self._total,
            "network": self.task.network.state_dict(),
            "best": self._best,
            "optimizer": self._optimizer.state_dict(),
            "generators": generator_states(self.task.device),
        }

    def restore(self, state: State) -> None:
        """Goes on from a saved state, but for batch, maps, notes and seconds, which an attempt is made with."""
        self.step, self._validated, self.loss = state["step"], state["validated"], state["loss"]
        self.curve = [(epochs, accuracy) for epochs, accuracy in state["curve"]]
        self._total.copy_(state["total"])
        self.task.network.load_state_dict(state["network"])
        if state["best"] is not None:
            self._best = {name: tensor.to(self.task.device) for name, tensor in state["best"].items()}
        self._optimizer.load_state_dict(state["optimizer"])
        set_generators(state["generators"], self.task.device)
