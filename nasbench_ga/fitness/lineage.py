"""The networks that one repeat trains, and what each takes over from its parents.

Weight inheritance as in Litzinger et al. (ICANN 2019): a child takes over the weights of the layers that it shares with
a parent, and those that did not change stay as they are: here those before which nothing changed either, as what sees
other maps than in the parent has to learn to.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from nasbench_ga.fitness.base import Evaluation, Fitness
from nasbench_ga.fitness.trainings import Outcome, Trainings
from nasbench_ga.spaces import Genotypes, Space

if TYPE_CHECKING:
    from nasbench_ga.fitness.trained import Trained
    from nasbench_ga.networks import Network

_MARGIN = 0.5  # points below the floor, within which more trainings may tell on which side a network is


class Lineage(Fitness):
    """The fitness `trained` in one repeat: its networks have luck and parents of their own.

    Args:
        study: the fitness of all repeats: settings, images, goal.
        repeat: its number.
        name: of the folder in which its networks are kept; one of its number if not given.
        space: of the genotypes, that of the study if not given.
    """

    in_turn = True

    def __init__(self, study: Trained, repeat: int, name: str = "", space: Space | None = None) -> None:
        self.study, self.repeat, self.space = study, repeat, space or study.space
        self._name = name or f"repeat-{repeat}"

    @cached_property
    def trained(self) -> Trainings:
        """What was trained so far."""
        return Trainings(self.study.folder / self._name)

    def __call__(self, genotypes: Genotypes) -> Evaluation:
        """Trains the networks of valid genotypes, int8, shape (n, genes), from weights of their own."""
        return self.study.evaluation([self._trained(genotype, None) for genotype in genotypes])

    def of_children(self, genotypes: Genotypes, parents: Genotypes) -> Evaluation:
        """The same, with weights inherited from parents, shape (n, p, genes), that were trained."""
        return self.study.evaluation([self._trained(*own) for own in zip(genotypes, parents, strict=True)])

    def train_alone(self, genotype: Genotypes, times: int) -> Outcome:
        """Trains one network, shape (genes,), so many times, each from weights of its own."""
        number = self._number(genotype)
        if (kept := self.trained.outcome(number)) is not None:
            return kept
        each = self.trained.parts(number)
        while len(each) < times:
            each.append(self._train(genotype, None, number, len(each)))
        return self._kept(genotype, number, each)

    def failed(self, genotype: Genotypes) -> bool:
        """Whether a training of a network failed."""
        outcome = self.trained.outcome(self._number(genotype))
        return outcome is not None and bool(outcome["failed"])

    def network(self, genotype: Genotypes, device: str | None = None) -> Network:
        """A network that was trained, on the device where networks are trained unless another is given."""
        network = self._build(genotype, 0, device)
        network.load_state_dict(self.trained.weights(self._number(genotype)))
        return network

    def _trained(self, genotype: Genotypes, parents: Genotypes | None) -> Outcome:
        number = self._number(genotype)
        if (kept := self.trained.outcome(number)) is not None:
            return kept
        donor = self._donor(genotype, parents)
        each = self.trained.parts(number)
        while len(each) < self._wanted(each):
            each.append(self._train(genotype, donor, number, len(each)))
        return self._kept(genotype, number, each)

    def _kept(self, genotype: Genotypes, number: int, each: Sequence[Outcome]) -> Outcome:
        outcome = {
            "network": str(self.space.decode(genotype)),
            "accuracy": float(np.mean([own["accuracy"] for own in each])),
            "parameters": each[0]["parameters"],
            "inherited": each[0]["inherited"],
            "epochs": float(np.mean([own["epochs"] for own in each])),
            "seconds": sum(own["seconds"] for own in each),
            "failed": sum(bool(own["failure"]) for own in each),
            "trainings": [*each],
        }
        return self.trained.keep(number, outcome)

    def _train(self, genotype: Genotypes, donor: Network | None, number: int, training: int) -> Outcome:
        """Trains a network once more, and keeps what came of it."""
        from nasbench_ga.networks import Inheritance
        from nasbench_ga.training.failures import is_out_of_memory
        from nasbench_ga.training.loop import failed

        own, seed = self.study, self._seed(number, training)
        inherited = Inheritance()
        network = self._build(genotype, seed, "cpu")
        try:
            network.to(own.workbench.device)
            if donor is not None:
                inherited = network.inherit(donor)
            outcome = own.workbench.train(
                network,
                seed,
                frozen={"none": (), **inherited._asdict()}[own.settings.freeze],
                checkpoint=self.trained.checkpoint(number, training),
                progress=own.progress,
            )
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            outcome = failed("Out of memory before the first step.")
        told = {
            **asdict(outcome),
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
            "inherited": _share(network, inherited.matched),
        }
        return self.trained.keep_part(number, training, told, network.state_dict())

    def _wanted(self, each: Sequence[Outcome]) -> int:
        """How many trainings of a network there are to be, of which these are done."""
        most = self.study.settings.trainings
        if not each or most == 1 or each[-1]["failure"]:
            return 1
        accuracy = float(np.mean([own["accuracy"] for own in each]))
        return wanted_trainings(accuracy, each[0]["parameters"], self._floor(), most)

    def _floor(self) -> float:
        """The accuracy from which on it is worth knowing better: the threshold, or the best of this repeat so far."""
        goal = self.study.goal
        if goal.has_threshold and goal.threshold is not None:
            return goal.threshold
        return max((outcome["accuracy"] for outcome in self.trained.outcomes()), default=0.0)

    def _number(self, genotype: Genotypes) -> int:
        return int(self.space.identify(genotype[None])[0])

    def _build(self, genotype: Genotypes, seed: int, device: str | None = None) -> Network:
        return self.study.workbench.build(self.space, genotype, seed, device, **self.study.sizes)

    def _seed(self, number: int, training: int) -> int:
        sequence = np.random.SeedSequence([self.study.seed, self.repeat, number, training])
        return int(sequence.generate_state(1, np.uint32)[0])

    def _donor(self, genotype: Genotypes, parents: Genotypes | None) -> Network | None:
        """Of the parents that were trained, the one of which most of the child can be taken over whole."""
        if parents is None or not self.study.settings.inherit:
            return None
        outcomes = [(parent, self.trained.outcome(self._number(parent))) for parent in np.unique(parents, axis=0)]
        trained = [self.network(parent, "cpu") for parent, outcome in outcomes if outcome and not outcome["failed"]]
        if len(trained) < 2:
            return trained[0] if trained else None

        def share(parent: Network) -> float:
            child = self._build(genotype, 0, "cpu")
            return _share(child, child.inherit(parent).matched)

        return max(trained, key=share)


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
