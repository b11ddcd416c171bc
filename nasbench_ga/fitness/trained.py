"""Real training as fitness: each network is trained, and validated on images that were held out."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench_ga.errors import LibraryNotFoundError, NasbenchError
from nasbench_ga.fitness.base import Evaluation, Fitness, FitnessContext, register_fitness
from nasbench_ga.fitness.goals import Goal, check_goal
from nasbench_ga.fitness.lineage import Lineage
from nasbench_ga.fitness.trained_settings import TrainedSettings
from nasbench_ga.fitness.trainings import Outcome
from nasbench_ga.rows import Rows
from nasbench_ga.spaces import Genotypes, LayerChain, LayerChainSettings, Space
from nasbench_ga.training import DATASETS, Images, split_images

if TYPE_CHECKING:
    from nasbench_ga.training.workbench import Workbench

NETWORKS = "networks"
"""The folder of a record with the trained network of the best cell of each repeat."""
_COLOUR, _GREY = "cifar10", "mnist"
_SMALL: Mapping[str, Mapping[str, Any]] = {
    "nb101": {"stem": 8, "cells_per_stack": 1},
    "nats-tss": {"channels": (4, 8, 16), "cells_per_stage": 1},
}
_GUESSING = 150.0  # per cent, divided by the number of classes: half more than guessing
_EXTRAS = ("accuracy", "parameters", "epochs", "inherited", "failed")
_ANY_CHAIN = LayerChainSettings(max_layers=64, max_kernel=15)


def usual_dataset(space: type[Space]) -> str:
    """The data set that networks of a kind of space are trained on if none was asked for."""
    return _GREY if issubclass(space, LayerChain) else _COLOUR


class Trained(Fitness):
    """Trains the network of each genotype and says how accurate it is.

    Every repeat trains networks of its own: their luck is as independent as that of their searches.

    Args:
        space: of which the networks are known (`nasbench_ga.networks.builders`).
        settings: of training.
        dataset: to train on; the space's usual one if None.
        goal: what the fitness is made of accuracy and parameters (`goals.Goal`).
        seed: of all trainings.
        progress: show a bar for each training that takes more than some seconds.

    Raises:
        UnknownNameError: there is no such data set or goal.
        NasbenchError: the networks of the space are not known or take other images, or the goal is not for them.
        LibraryNotFoundError: torch is not installed.
    """

    seconds_are = "measured while a network was trained and validated; one that is met again costs as much again"
    in_turn = True
    same_everywhere = False
    usual_evaluations = 100

    def __init__(
        self,
        space: Space,
        settings: TrainedSettings | None = None,
        dataset: str | None = None,
        goal: str = "accuracy",
        seed: int = 0,
        progress: bool = False,
    ) -> None:
        check_goal(goal)
        if importlib.util.find_spec("torch") is None:
            raise LibraryNotFoundError(
                "Networks are trained with torch, which is not installed; install it: "
                "python -m pip install 'nasbench-ga[networks]'"
            )
        self.space, self.settings, self.seed, self.progress = space, settings or TrainedSettings(), seed, progress
        self.dataset = DATASETS[dataset or usual_dataset(type(space))]
        _check_space(space, self.dataset.shape, self.dataset.classes)
        _check_settings(self.settings, space, self.dataset.shape)
        self._goal_name = goal
        if goal.startswith("scenario"):
            if not isinstance(space, LayerChain):
                raise NasbenchError(
                    f"The objective {goal} is of layer chains (--space layer-chain), not of {space.name}."
                )
            self._unbound.encode(self.settings.reference)  # tells what is wrong with it
        if self.settings.threshold is None and not isinstance(space, LayerChain):
            Goal(goal)  # tells of the threshold that is missing
        self.sizes = _SMALL[space.benchmark] if self.settings.size == "small" else {}
        self.objectives = Goal(goal, threshold=0.0).objectives
        self.columns = {"accuracy": ".2f", "parameters": ",.0f"}
        if self._is_tested:
            self.columns[self._tested] = ".2f"
        self._repeats: dict[int, Lineage] = {}
        self._known: dict[str, Any] = {}
        self.provenance = {
            "dataset": self.dataset.name,
            "goal": goal,
            "seed": seed,
            **{name: value for name, value in asdict(self.settings).items() if name != "device"},
        }

    # --- What all repeats share

    @cached_property
    def folder(self) -> Path:
        """Where trained networks are kept: as long as this object lives, unless it was told where."""
        self._temporary = tempfile.TemporaryDirectory()
        return Path(self._temporary.name)

    def prepare(self, folder: Path) -> None:
        """Takes the folder where trained networks are kept while the study runs, and looks at images and device.

        Raises:
            DatasetNotFoundError: the images are not here.
            NasbenchError: there are not as many as were asked for, or there is no such device.
        """
        self.folder = folder
        _ = self.workbench

    @cached_property
    def workbench(self) -> Workbench:
        """The images, on the device."""
        from nasbench_ga.training.workbench import Workbench

        own = self.settings
        splits = split_images(self.dataset.name, validation=own.validation, limit=own.images)
        self._known["notes"] = list(splits.notes)
        return Workbench(splits, own.recipe, own.device, colour=self.space.image is None)

    @cached_property
    def goal(self) -> Goal:
        """What the fitness is made of, with its threshold: that of the settings, or the reference network's."""
        if (threshold := self.settings.threshold) is None and Goal(self._goal_name, 0.0).has_threshold:
            if "threshold" not in self._known:
                self._known |= self._reference()
            threshold = self._known["threshold"]
        return Goal(self._goal_name, 0.0 if threshold is None else threshold, self.settings.weight)

    def _reference(self) -> dict[str, Any]:
        """The mean accuracy of the reference network, trained as all others are, and how it came to it."""
        space = self._unbound
        lineage = Lineage(self, repeat=0, name="reference", space=space)
        outcome = lineage.train_alone(space.encode(self.settings.reference), self.settings.reference_trainings)
        if outcome["failed"]:
            failure = next(own["failure"] for own in outcome["trainings"] if own["failure"])
            raise NasbenchError(
                f"The reference network ({self.settings.reference}) cannot tell which accuracy is to be reached, as "
                f"its training failed: {failure} Name an accuracy with "
                "--trained.threshold, or train in another way (--trained.recipe)."
            )
        if outcome["accuracy"] <= _GUESSING / self.dataset.classes:
            raise NasbenchError(
                f"The reference network ({self.settings.reference}) is right in {outcome['accuracy']:.1f} % only after "
                "its training, little more than guessing: that is no accuracy to be reached. Take another --seed or a "
                "lower --trained.recipe.learning_rate, or name an accuracy with --trained.threshold."
            )
        return {"threshold": outcome["accuracy"], "reference": outcome}

    def of_repeat(self, repeat: int) -> Lineage:
        """The fitness of one repeat, which trains networks of its own on the same images."""
        return self._repeats.setdefault(repeat, Lineage(self, repeat))

    def known(self) -> Mapping[str, Any]:
        """The threshold and the reference network that it is of, and what there is to say of the images."""
        _ = self.goal, self.workbench  # a study that was resumed at its very end has not needed them yet
        return self._known

    def recall(self, known: Mapping[str, Any]) -> None:
        """Takes the threshold that earlier repeats were trained for."""
        self._known = dict(known)

    def __call__(self, genotypes: Genotypes) -> Evaluation:
        """Trains the networks of valid genotypes, int8, shape (n, genes), as repeat 0 does."""
        return self.of_repeat(0)(genotypes)

    def of_children(self, genotypes: Genotypes, parents: Genotypes) -> Evaluation:
        """The same of genotypes whose parents, shape (n, p, genes), are known."""
        return self.of_repeat(0).of_children(genotypes, parents)

    def evaluation(self, outcomes: Sequence[Outcome]) -> Evaluation:
        """The fitness of networks that were trained; of failed ones that of no accuracy, or none of several."""
        told = {name: np.array([outcome[name] for outcome in outcomes], np.float64) for name in (*_EXTRAS, "seconds")}
        values = np.array([*map(self.goal.value, told["accuracy"], told["parameters"])], np.float64)
        for place in np.flatnonzero(told["failed"]):
            worth = min(0.0, self.goal.value(0.0, told["parameters"][place]))
            values[place] = np.nan if self.objectives else worth
        return Evaluation(values, told.pop("seconds"), told)

    # --- After a search

    def trainings(self, repeat: int) -> Sequence[Mapping[str, Any]]:
        """What came of each training of a repeat: accuracies, validation curve, why it ended, what it inherited."""
        return self.of_repeat(repeat).trained.outcomes()

    @property
    def _tested(self) -> str:
        return f"{self.dataset.name}/test"

    @property
    def _is_tested(self) -> bool:
        return "test" in self.dataset.sizes

    def conclude(self, repeat: int, best: Genotypes, folder: Path) -> Mapping[str, float]:
        """The test accuracy of the best network of a repeat, in per cent; the network is put into the record."""
        from nasbench_ga.networks import save_network

        if self.of_repeat(repeat).failed(best):
            return {}
        weights = self.of_repeat(repeat).network(best).state_dict()
        path = folder / NETWORKS / f"repeat-{repeat}.pt"
        save_network(path, weights, self.space, best, self.dataset.classes, self.sizes)
        return self.test(repeat, best)

    def test(self, repeat: int, genotype: Genotypes) -> Mapping[str, float]:
        """The test accuracy of a network that a repeat trained, in per cent; nothing where there are no test images."""
        if self._test_images is None:
            return {}
        return {self._tested: self.workbench.accuracy_on(self.of_repeat(repeat).network(genotype), self._test_images)}

    @cached_property
    def _test_images(self) -> Images | None:
        """The images that no search sees, None where a data set has none."""
        if not self._is_tested:
            return None
        return split_images(self.dataset.name, validation=self.settings.validation, test=True).test

    # --- In words

    @property
    def notes(self) -> Sequence[str]:
        """Which images the accuracies are of, and what the fitness is."""
        said = [f"Accuracies are in per cent, of held-out training images of {self.dataset.title}."]
        if self.settings.trainings > 1:
            said.append("That of a network that was trained several times is their mean; kept is the best of them.")
        if self._is_tested:
            said.append(f"{self._tested} is of the best network of each repeat; the search saw no test image.")
        said.append(self.goal.in_words)
        if self._goal_name.startswith("scenario"):
            space, chain = self._unbound, self.settings.reference
            parameters = int(space.parameters(space.encode(chain)[None])[0])
            said.append(f"The reference network has {parameters:,} parameters: {chain}.")
        return [*said, *self._known.get("notes", ())]

    @property
    def _unbound(self) -> LayerChain:
        """Chains without limits, in which the reference is."""
        return LayerChain(_ANY_CHAIN, self.dataset.shape, self.dataset.classes)

    def remarks(self, rows: Rows) -> Sequence[str]:
        """How long networks were trained, what they inherited, and how many trainings failed."""
        if "epochs" not in rows.extras:
            return ()
        epochs, children = rows.extras["epochs"], rows.extras["inherited"] > 0
        median, least, most = np.quantile(epochs, (0.5, 0, 1))
        said = [f"Networks were trained for {median:.3g} epochs (median; {least:.3g} to {most:.3g})."]
        if children.any():
            share = 100 * rows.extras["inherited"][children].mean()
            said.append(
                f"{children.sum():,} of {len(rows):,} took over layers of a parent, with {share:.0f} % of their own "
                "parameters on average."
            )
        if self.goal.has_threshold and (threshold := self.goal.threshold) is not None:
            reached = int((rows.extras["accuracy"] >= threshold).sum())
            said.append(f"{reached:,} of {len(rows):,} evaluations reached {threshold:.2f} %.")
        if failed := int(np.count_nonzero(rows.extras["failed"])):
            said.append(f"A training failed in {failed:,} of {len(rows):,} evaluations; why is in trainings.json.")
        return said


def scenario_space(space: Space, goal: str | None, settings: TrainedSettings) -> Space:
    """The same space; in scenario-2 of chains with fewer parameters than the reference network only.

    Raises:
        NasbenchError: no chain has so few.
    """
    if goal != "scenario-2" or not isinstance(space, LayerChain):
        return space
    unbound = LayerChain(_ANY_CHAIN, image=space.image, classes=space.classes)
    fewer = int(unbound.parameters(unbound.encode(settings.reference)[None])[0]) - 1
    most = min(fewer, space.settings.max_parameters or fewer)
    return LayerChain(replace(space.settings, max_parameters=most), image=space.image, classes=space.classes)


def _check_settings(settings: TrainedSettings, space: Space, shape: tuple[int, int, int]) -> None:
    """Refuses what would be without effect, or leave nothing of an image."""
    if settings.size != "published" and space.benchmark not in _SMALL:
        raise NasbenchError(
            f"--trained.size {settings.size} is of the networks of {' and '.join(_SMALL)}; those of {space.name} have "
            "the size that they say. Leave it at published."
        )
    side = min(shape[1:])
    for name in ("pad", "cutout"):
        if (pixels := getattr(settings.recipe, name)) >= side:
            raise NasbenchError(
                f"--trained.recipe.{name} is below {side} pixels, the side of an image, not {pixels}; lower it."
            )


def _check_space(space: Space, shape: tuple[int, int, int], classes: int) -> None:
    if space.image is not None and (space.image != shape or getattr(space, "classes", classes) != classes):
        raise NasbenchError(
            f"The networks of this {space.name} take images of {space.image}, and the data set's are {shape} of "
            f"{classes} classes: make the space with `for_images`."
        )
    from nasbench_ga.networks import builders

    if space.benchmark not in builders:
        raise NasbenchError(
            f"Nothing says what the networks of {space.name} are, so that none can be trained: register what makes one "
            "with nasbench_ga.networks.builders."
        )


@register_fitness("trained")
def _trained(context: FitnessContext) -> Fitness:
    settings = context.settings_of(TrainedSettings)
    return Trained(context.space, settings, context.dataset, context.goal or "accuracy", context.seed, context.progress)
