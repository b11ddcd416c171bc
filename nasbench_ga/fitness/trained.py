"""Real training as fitness: each network is trained, and validated on images that were held out.

With weight inheritance, as in Litzinger et al. (ICANN 2019): a child takes over the weights of the layers that it
shares with a parent, and those that did not change stay as they are.
"""

from __future__ import annotations

import copy
import importlib.util
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench_ga.errors import LibraryNotFoundError, NasbenchError
from nasbench_ga.fitness.base import Evaluation, Fitness, FitnessContext, register_fitness
from nasbench_ga.fitness.goals import Goal, check_goal
from nasbench_ga.fitness.trained_settings import TrainedSettings
from nasbench_ga.fitness.trainings import Outcome, Trainings
from nasbench_ga.rows import Rows
from nasbench_ga.spaces import Genotypes, LayerChain, Space
from nasbench_ga.training import DATASETS, Images, split_images

if TYPE_CHECKING:
    from nasbench_ga.networks import Network
    from nasbench_ga.training.loop import Training
    from nasbench_ga.training.workbench import Workbench

NETWORKS = "networks"
"""The folder of a record with the trained network of the best cell of each repeat."""
_COLOUR, _GREY = "cifar10", "mnist"
_SMALL: Mapping[str, Mapping[str, Any]] = {
    "nb101": {"stem": 8, "cells_per_stack": 1},
    "nats-tss": {"channels": (4, 8, 16), "cells_per_stage": 1},
}
_EXTRAS = ("accuracy", "parameters", "epochs", "inherited", "failed")
_MARGIN = 0.5  # points below the threshold, within which more trainings may tell on which side a network is


def usual_dataset(space: Space) -> str:
    """The data set that networks of a space are trained on if none was asked for."""
    return _COLOUR if space.image is None else _GREY


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
        self.dataset = DATASETS[dataset or usual_dataset(space)]
        _check_space(space, self.dataset.shape, self.dataset.classes)
        self._goal_name, self.repeat = goal, 0
        if goal.startswith("scenario") and not isinstance(space, LayerChain):
            raise NasbenchError(f"The objective {goal} is of layer chains (--space layer-chain), not of {space.name}.")
        if self.settings.threshold is None and not isinstance(space, LayerChain):
            Goal(goal)  # tells of the threshold that is missing
        self.objectives = Goal(goal, threshold=0.0).objectives
        self.columns = {"accuracy": ".2f", "parameters": ",.0f"}
        if self._test_is_there:
            self.columns[self._tested] = ".2f"
        self.provenance = {
            "dataset": self.dataset.name,
            "goal": goal,
            "space": asdict(space.settings) if isinstance(space, LayerChain) else None,
            "seed": seed,
            **{name: value for name, value in asdict(self.settings).items() if name != "device"},
        }

    # --- Before, beside and after a search

    def prepare(self, folder: Path) -> None:
        """Takes the folder where trained networks are kept while the study runs."""
        self._folder = folder

    @cached_property
    def _folder(self) -> Path:
        """Where trained networks are kept, if nobody said: as long as this object lives."""
        self._temporary = tempfile.TemporaryDirectory()
        return Path(self._temporary.name)

    def of_repeat(self, repeat: int) -> Trained:
        """The fitness of one repeat, which trains networks of its own on the same images."""
        self._workbench, self.goal  # noqa: B018  (made once for all)
        own = copy.copy(self)
        own.repeat = repeat
        own.__dict__.pop("_trainings", None)
        self._of_repeats[repeat] = own
        return own

    @cached_property
    def _of_repeats(self) -> dict[int, Trained]:
        return {}

    @cached_property
    def _trainings(self) -> Trainings:
        return Trainings(self._folder / f"repeat-{self.repeat}")

    @cached_property
    def _workbench(self) -> Workbench:
        from nasbench_ga.training.workbench import Workbench

        own = self.settings
        splits = split_images(self.dataset.name, validation=own.validation, limit=own.images)
        return Workbench(splits, own.recipe, own.device, colour=self.space.image is None)

    @cached_property
    def goal(self) -> Goal:
        """What the fitness is made of, with its threshold: that of the settings, or the reference network's."""
        threshold = self.settings.threshold
        goal = Goal(self._goal_name, threshold=0.0 if threshold is None else threshold, weight=self.settings.weight)
        if threshold is None and goal.has_threshold:
            return Goal(goal.name, float(self._reference()["accuracy"]), goal.weight)
        return goal

    def _reference(self) -> Outcome:
        """The reference network, trained as all others are."""
        trainings = Trainings(self._folder / "reference")
        unbound = LayerChain(None, image=self.dataset.shape, classes=self.dataset.classes)
        chain = unbound.encode(self.settings.reference)
        number = int(unbound.identify(chain[None])[0])
        kept = trainings.outcome(number)
        if kept is None:
            network = self._workbench.build(unbound, chain, self._seed(number, 0))
            training = self._workbench.train(
                network, self._seed(number, 0), checkpoint=trainings.checkpoint(number, 0), progress=self.progress
            )
            kept = trainings.keep(number, asdict(training), network.state_dict())
        return kept

    def trainings(self, repeat: int) -> Sequence[Mapping[str, Any]]:
        """What came of each training of a repeat: accuracies, validation curve, why it ended, what it inherited."""
        return self._of_repeats[repeat]._trainings.outcomes()

    @property
    def _tested(self) -> str:
        return f"{self.dataset.name}/test"

    @property
    def _test_is_there(self) -> bool:
        return "test" in self.dataset.sizes

    def conclude(self, repeat: int, best: Genotypes, folder: Path) -> Mapping[str, float]:
        """The test accuracy of the best network of a repeat, in per cent; the network is put into the record."""
        from nasbench_ga.networks import save_network

        trainings = self._of_repeats[repeat]._trainings
        weights = trainings.weights(self._number(best))
        save_network(
            folder / NETWORKS / f"repeat-{repeat}.pt", weights, self.space, best, self.dataset.classes, self._sizes
        )
        return self.test(repeat, best)

    def test(self, repeat: int, genotype: Genotypes) -> Mapping[str, float]:
        """The test accuracy of a network that a repeat trained, in per cent; nothing where there are no test images."""
        if self._test_images is None:
            return {}
        own = self._of_repeats[repeat]
        return {self._tested: own._workbench.accuracy_on(own._with_weights(genotype), self._test_images)}

    @cached_property
    def _test_images(self) -> Images | None:
        """The images that no search sees, None where a data set has none."""
        if not self._test_is_there:
            return None
        return split_images(self.dataset.name, validation=self.settings.validation, test=True).test

    # --- Training

    def __call__(self, genotypes: Genotypes) -> Evaluation:
        """Trains the networks of valid genotypes, int8, shape (n, genes), from weights of their own."""
        return self._evaluation([self._trained(genotype, None) for genotype in genotypes])

    def of_children(self, genotypes: Genotypes, parents: Genotypes) -> Evaluation:
        """The same, with weights inherited from parents, shape (n, p, genes), that were trained."""
        return self._evaluation([self._trained(*own) for own in zip(genotypes, parents, strict=True)])

    def _evaluation(self, outcomes: Sequence[Outcome]) -> Evaluation:
        told = {name: np.array([outcome[name] for outcome in outcomes], np.float64) for name in (*_EXTRAS, "seconds")}
        values = map(self.goal.value, told["accuracy"], told["parameters"])
        return Evaluation(np.array([*values], np.float64), told.pop("seconds"), told)

    @property
    def _sizes(self) -> Mapping[str, Any]:
        return _SMALL.get(self.space.benchmark, {}) if self.settings.size == "small" else {}

    def _trained(self, genotype: Genotypes, parents: Genotypes | None) -> Outcome:
        number = self._number(genotype)
        if (kept := self._trainings.outcome(number)) is not None:
            return kept
        donor = self._donor(genotype, parents)
        trainings: list[Training] = []
        while not trainings or len(trainings) < self._wanted(trainings, genotype):
            seed = self._seed(number, len(trainings))
            network = self._build(genotype, seed)
            unchanged = network.inherit(donor) if donor is not None else frozenset()
            training = self._workbench.train(
                network,
                seed,
                frozen=unchanged if self.settings.freeze else frozenset(),
                checkpoint=self._trainings.checkpoint(number, len(trainings)),
                progress=self.progress,
            )
            if not trainings or training.accuracy > max(earlier.accuracy for earlier in trainings):
                weights = {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}
            trainings.append(training)
        outcome = {
            "network": str(self.space.decode(genotype)),
            "accuracy": float(np.mean([training.accuracy for training in trainings])),
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
            "inherited": _share(network, unchanged),
            "epochs": float(np.mean([training.epochs for training in trainings])),
            "seconds": sum(training.seconds for training in trainings),
            "failed": sum(bool(training.failure) for training in trainings),
            "trainings": [asdict(training) for training in trainings],
        }
        return self._trainings.keep(number, outcome, weights)

    def _number(self, genotype: Genotypes) -> int:
        return int(self.space.identify(genotype[None])[0])

    def _build(self, genotype: Genotypes, seed: int) -> Network:
        return self._workbench.build(self.space, genotype, seed, **self._sizes)

    def _wanted(self, trainings: Sequence[Training], genotype: Genotypes) -> int:
        if self.settings.trainings == 1 or trainings[-1].failure:
            return 1
        accuracy = float(np.mean([training.accuracy for training in trainings]))
        parameters = int(self.space.parameters(genotype[None], self.dataset.classes)[0])
        return wanted_trainings(accuracy, parameters, self._floor(), self.settings.trainings)

    def _floor(self) -> float:
        """The accuracy from which on it is worth knowing better: the threshold, or the best of this repeat so far."""
        if self.goal.has_threshold and self.goal.threshold is not None:
            return self.goal.threshold
        return max((outcome["accuracy"] for outcome in self._trainings.outcomes()), default=0.0)

    def _seed(self, number: int, training: int) -> int:
        sequence = np.random.SeedSequence([self.seed, self.repeat, number, training])
        return int(sequence.generate_state(1, np.uint32)[0])

    def _donor(self, genotype: Genotypes, parents: Genotypes | None) -> Network | None:
        """Of the parents that were trained, the one of which most of the child can be taken over unchanged."""
        if parents is None or not self.settings.inherit:
            return None
        networks = [self._parent(parent) for parent in np.unique(parents, axis=0)]
        trained = [network for network in networks if network is not None]
        if len(trained) < 2:
            return trained[0] if trained else None

        def share(parent: Network) -> float:
            child = self._build(genotype, 0)
            return _share(child, child.inherit(parent))

        return max(trained, key=share)

    def _parent(self, genotype: Genotypes) -> Network | None:
        """The trained network of a genotype, None if there is none that is worth anything."""
        number = self._number(genotype)
        outcome = self._trainings.outcome(number)
        if outcome is None or outcome["failed"]:
            return None
        return self._with_weights(genotype)

    def _with_weights(self, genotype: Genotypes) -> Network:
        network = self._build(genotype, 0)
        network.load_state_dict(self._trainings.weights(self._number(genotype)))
        return network

    # --- In words

    @property
    def notes(self) -> Sequence[str]:
        """Which images the accuracies are of, and what the fitness is."""
        said = [f"Accuracies are in per cent, of held-out training images of {self.dataset.title}."]
        if self._test_is_there:
            said.append(f"{self._tested} is of the best network of each repeat; the search saw no test image.")
        if "goal" in vars(self):
            said.append(self.goal.in_words)
        if "_workbench" in vars(self):
            said += self._workbench.splits.notes
        return said

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
                f"{children.sum():,} of {len(rows):,} took over layers of a parent unchanged, {share:.0f} % of their "
                f"parameters on average{', and left them as they were' if self.settings.freeze else ''}."
            )
        if failed := int(np.count_nonzero(rows.extras["failed"])):
            said.append(f"In {failed:,} evaluations a training failed; why is in trainings.json.")
        return said


def scenario_space(space: Space, goal: str | None, settings: TrainedSettings) -> Space:
    """The same space; in scenario-2 of chains with fewer parameters than the reference network only.

    Raises:
        NasbenchError: no chain has so few.
    """
    if goal != "scenario-2" or not isinstance(space, LayerChain):
        return space
    unbound = LayerChain(None, image=space.image, classes=space.classes)
    fewer = int(unbound.parameters(unbound.encode(settings.reference)[None])[0]) - 1
    most = min(fewer, space.settings.max_parameters or fewer)
    return LayerChain(replace(space.settings, max_parameters=most), image=space.image, classes=space.classes)


def _share(network: Network, modules: Collection[str]) -> float:
    """The share of the parameters of a network that modules of these names have."""
    own = {name: parameter.numel() for name, parameter in network.named_parameters()}
    return sum(n for name, n in own.items() if name.rpartition(".")[0] in modules) / sum(own.values())


def wanted_trainings(accuracy: float, parameters: int, floor: float, most: int) -> int:
    """How often a network is worth training: the more often, the more accurate and the smaller it is.

    One training of a network that is half a point or more below `floor`. From there to the floor the number rises to
    `most` for a network of at most a thousand parameters, and to 1 for one of ten millions, by the logarithm of the
    size. Litzinger et al. (2019) let the number of repetitions adapt to both; the rule is ours.

    Args:
        accuracy: mean so far, in per cent.
        parameters: free ones.
        floor: the accuracy that counts.
        most: trainings.
    """
    near = float(np.clip(1 - (floor - accuracy) / _MARGIN, 0, 1))
    small = float(np.clip((7 - np.log10(max(parameters, 1))) / 4, 0, 1))
    return 1 + round((most - 1) * near * small)


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
