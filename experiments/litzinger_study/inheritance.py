"""What weight inheritance saves: the same children trained from fresh weights and from those of their parents."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.fitness import Trained, TrainedSettings
from nasbench_ga.pages import Heading, Paragraph, Table
from nasbench_ga.spaces import LayerChain, LayerChainSettings
from nasbench_ga.statistics import Comparison, Sample, compare

FRESH, INHERITED, FROZEN = "fresh weights", "inherited weights", "inherited and frozen"
SAME_WITHIN = 0.5  # points of accuracy


@dataclass(frozen=True)
class Way:
    """The children, trained in one way.

    Attributes:
        name: of the way.
        accuracy: of each child, in per cent, shape (n,).
        seconds: of the training of each, shape (n,).
    """

    name: str
    accuracy: NDArray[np.float64]
    seconds: NDArray[np.float64]


def measure(
    settings: TrainedSettings, chains: LayerChainSettings, dataset: str, families: int, seed: int, folder: Path
) -> list[Way]:
    """Trains parents, and a mutated child of each in three ways.

    Twice as many parents are drawn and trained, of which the more accurate half has children, as in a search.

    Args:
        settings: of training.
        chains: which chains there are.
        dataset: to train on.
        families: parents with a child.
        seed: of everything.
        folder: for what is trained; what is there is not trained again.
    """
    rng = np.random.default_rng(seed)
    space = _space(chains, dataset)
    drawn = space.sample(2 * families, rng)
    settings = replace(settings, trainings=1)
    first = _way(FRESH, space, settings, dataset, seed, folder / "parents")
    accuracy = first(drawn).extras["accuracy"]
    parents = drawn[np.sort(np.argsort(-accuracy, kind="stable")[:families])]
    children = space.mutate(parents, rng)
    ways = []
    for name in (FRESH, INHERITED, FROZEN):
        own = folder / name.replace(" ", "-")
        if not own.exists():
            shutil.copytree(folder / "parents", own)
        outcome = _way(name, space, settings, dataset, seed, own).of_children(children, parents[:, None])
        ways.append(Way(name, outcome.extras["accuracy"], outcome.seconds))
    return ways


def _space(chains: LayerChainSettings, dataset: str) -> LayerChain:
    from nasbench_ga.training import DATASETS

    return LayerChain(chains, image=DATASETS[dataset].shape, classes=DATASETS[dataset].classes)


def _way(name: str, space: LayerChain, settings: TrainedSettings, dataset: str, seed: int, folder: Path) -> Trained:
    own = replace(settings, inherit=name != FRESH, freeze=name == FROZEN)
    fitness = Trained(space, own, dataset, seed=seed)
    fitness.prepare(folder)
    return fitness.of_repeat(0)


def saved(way: Way, fresh: Way) -> float:
    """The share of the seconds of training that a way saves."""
    return 1 - float(way.seconds.sum() / fresh.seconds.sum())


def accuracies(way: Way, fresh: Way) -> Comparison:
    """Whether children are as accurate, child by child."""
    return compare(
        Sample(way.name, way.accuracy), Sample(fresh.name, fresh.accuracy), paired=True, same_within=SAME_WITHIN
    )


def blocks(ways: Sequence[Way], published: str) -> list[Heading | Paragraph | Table]:
    """What was measured, for a page."""
    fresh = ways[0]
    rows = []
    for way in ways:
        comparison = None if way is fresh else accuracies(way, fresh)
        rows.append(
            (
                way.name,
                f"{way.accuracy.mean():.2f}",
                f"{way.seconds.sum():.1f}",
                "" if comparison is None else f"{100 * saved(way, fresh):.0f} %",
                ""
                if comparison is None
                else f"{comparison.shift.value:+.2f} ({comparison.shift.low:+.2f} to {comparison.shift.high:+.2f})",
                "" if comparison is None else comparison.decision,
            )
        )
    headers = ("children with", "mean accuracy", "seconds", "seconds saved", "accuracy, child by child", "decision")
    return [
        Heading("What weight inheritance saves"),
        Paragraph(
            f"{len(fresh.seconds)} children, each a mutation of a trained parent, trained in three ways with the same "
            f"seeds. The published study says that {published} of the training was saved. Differences are of points "
            f"of validation accuracy (Hodges-Lehmann, 95 % interval); the same means within {SAME_WITHIN:g} points."
        ),
        Table(headers, tuple(rows), numeric=(1, 2, 3)),
    ]
