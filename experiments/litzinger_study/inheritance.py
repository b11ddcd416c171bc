"""What weight inheritance saves: the same children trained from fresh weights and from those of their parents."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.files import json_digest
from nasbench_ga.fitness import Trained, TrainedSettings
from nasbench_ga.pages import Heading, Paragraph, Table
from nasbench_ga.spaces import Genotypes, LayerChain, LayerChainSettings
from nasbench_ga.statistics import Comparison, Sample, compare
from nasbench_ga.training import DATASETS

FRESH = "fresh weights"
WAYS = {
    FRESH: {"inherit": False},
    "inherited weights": {"freeze": "none"},
    "inherited, leading layers frozen": {"freeze": "leading"},
    "inherited, all matched layers frozen": {"freeze": "matched"},
}
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
    """Trains parents, and a mutated child of each in every way.

    Twice as many parents are drawn and trained, of which the half with more validation accuracy has children, as in a
    search. Each child is trained in one way after the other, so that what else a machine does meets all ways alike.
    Children are judged on test images, on which nothing was chosen; where a data set has none, by validation.

    Args:
        settings: of training.
        chains: which chains there are.
        dataset: to train on.
        families: parents with a child.
        seed: of everything.
        folder: for what is trained; what is there of the same settings is not trained again.
    """
    rng = np.random.default_rng(seed)
    space = LayerChain(chains, DATASETS[dataset].shape, DATASETS[dataset].classes)
    drawn = space.sample(2 * families, rng)
    settings = replace(settings, trainings=1)
    first = Trained(space, settings, dataset, seed=seed)
    own = folder / json_digest({**first.provenance, "chains": asdict(chains), "families": families}, 12)
    first.prepare(own / "parents")
    accuracy = first(drawn).extras["accuracy"]
    parents = drawn[np.sort(np.argsort(-accuracy, kind="stable")[:families])]
    children = space.mutate(parents, rng)
    ways = {name: Trained(space, replace(settings, **changes), dataset, seed=seed) for name, changes in WAYS.items()}
    for name, way in ways.items():
        way.prepare(_with_parents(own, re.sub(r"\W+", "-", name)))
    told: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for child, parent in zip(children, parents, strict=True):
        for name, way in ways.items():
            told[name].append(_trained(way, child, parent))
    return [Way(name, *np.array(own).T) for name, own in told.items()]


def _trained(way: Trained, child: Genotypes, parent: Genotypes) -> tuple[float, float]:
    """The accuracy of a child, and the seconds that its training took."""
    outcome = way.of_children(child[None], parent[None, None])
    (accuracy,) = way.test(0, child).values() or outcome.extras["accuracy"]
    return float(accuracy), float(outcome.seconds[0])


def _with_parents(folder: Path, name: str) -> Path:
    """A folder with the trained parents in it, and what was trained there before."""
    if not (folder / name).exists():
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            shutil.copytree(folder / "parents", Path(temporary) / name)
            (Path(temporary) / name).rename(folder / name)
    return folder / name


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
            f"{len(fresh.seconds)} children, each a mutation of a trained parent, trained in several ways with equal "
            f"seeds. The published study says that {published} of the training was saved. Differences are of points "
            f"of accuracy on test images (Hodges-Lehmann, 95 % interval); the same means within {SAME_WITHIN:g} points."
        ),
        Table(headers, tuple(rows), numeric=(1, 2, 3)),
    ]
