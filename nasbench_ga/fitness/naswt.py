"""NASWT as fitness: the score of a genotype's untrained network, computed once (Mellor et al., ICML 2021)."""

from __future__ import annotations

import importlib.util
import operator
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.data_folders import DATA_FOLDER
from nasbench_ga.errors import DatasetNotFoundError, LibraryNotFoundError, NasbenchError
from nasbench_ga.fitness.base import Evaluation, Fitness, FitnessContext, register_fitness
from nasbench_ga.fitness.score_store import SCORES_FOLDER, Key, ScoreStore, ScoreTable, score_tables
from nasbench_ga.spaces import Genotypes, Space, get_space

VERSION = 1
"""Of the score; rises whenever the same network would get another number."""
_NETWORK_CLASSES = {"nb101": "NB101Network", "nats-tss": "NATSNetwork", "nats-sss": "NATSNetwork"}
USUAL_DATASET, FALLBACK_DATASET = "cifar10", "photographs"


@dataclass(frozen=True)
class NASWTSettings:
    """Settings of the NASWT score."""

    repeats: int = 1
    """Scores of each network, each with weights and images of its own: of seed SEED, SEED + 1, and so on."""
    statistic: Literal["mean", "max"] = "mean"
    """What is taken of these scores; a mean is minus infinity if one of them is."""
    batch: int = 128
    """Training images that are shown to each network."""
    dataset: str | None = None
    """Data set of the images; by default cifar10 or, where it is not there, photographs."""
    seed: int = 0
    """Of weights and images. It is not the seed of the study, so that studies share scores."""
    stem: int = 16
    """Channels of the stem of nb101's networks: 16 as the score's authors had it; they were trained with 128."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where networks are scored: auto takes a GPU if there is one."""
    store: Path = DATA_FOLDER / SCORES_FOLDER / "store"
    """Folder where scores are kept."""

    def __post_init__(self) -> None:
        """Takes paths as text and numbers as numpy has them, and refuses settings without sense."""
        object.__setattr__(self, "store", Path(self.store))
        for name, least in (("repeats", 1), ("batch", 2), ("seed", 0), ("stem", 1)):
            try:
                object.__setattr__(self, name, operator.index(getattr(self, name)))
            except TypeError as error:
                raise NasbenchError(f"naswt.{name} is an integer, not {getattr(self, name)!r}.") from error
            if getattr(self, name) < least:
                raise NasbenchError(f"naswt.{name} is {least} or more, not {getattr(self, name)}.")
        for name, choices in (("statistic", ("mean", "max")), ("device", ("auto", "cpu", "cuda"))):
            if getattr(self, name) not in choices:
                raise NasbenchError(f"naswt.{name} is {' or '.join(choices)}, not {getattr(self, name)!r}.")


class NASWT(Fitness):
    """NASWT scores of untrained networks, each computed once and kept.

    Args:
        space: of which the networks are known (`nasbench_ga.networks.builders`).
        settings: of the score.
        progress: show a bar if scoring takes more than two seconds.

    Raises:
        UnknownNameError: there is no such data set.
        DatasetNotFoundError: the data set that was asked for is not here.
        LibraryNotFoundError: torch is not installed.
        NasbenchError: the data set has fewer images than a batch, or the space's networks take images of their own.
        CorruptFileError: images or kept scores are damaged.
    """

    seconds_are = "measured when a network was scored, so they are those of another time where a score was kept"
    per_network = True
    usual_evaluations = 500

    def __init__(self, space: Space, settings: NASWTSettings | None = None, progress: bool = False) -> None:
        if space.image is not None:
            raise NasbenchError(
                f"NASWT scores networks of colour images of any size, but those of {space.name} take images of shape "
                f"{space.image} only. Choose another fitness, or a space of a benchmark, such as nb101."
            )
        self.space, self.settings, self.progress = space, settings or NASWTSettings(), progress
        self.scored, self._where = 0, ""
        self._tables = list(score_tables())
        self._sizes = {"stem": self.settings.stem} if space.benchmark == "nb101" else {}
        self._seeds = range(self.settings.seed, self.settings.seed + self.settings.repeats)
        self._images: list[NDArray[np.float32]] = []
        self._without_images: DatasetNotFoundError | None = None
        if tables := self._finished_tables(complete=True):
            self._source = f"from {', '.join(str(table.path) for table in tables)}"
            keys = [table.key for table in tables]
        else:
            keys = self._prepare_images()
        self._stores = [ScoreStore(self.settings.store, key, self._tables) for key in keys]
        self.provenance = {"statistic": self.settings.statistic, "scores": keys}

    def _finished_tables(self, complete: bool) -> list[ScoreTable]:
        """Of each seed a table with scores, of the whole space or of some of it; none if there is not one of each."""
        wanted = [self._key(self.settings.dataset or USUAL_DATASET, seed) for seed in self._seeds]
        tables = [table for table in self._tables if table.complete or not complete]
        found = [next((table for table in tables if _but_for_images(table.key) == key), None) for key in wanted]
        return [table for table in found if table] if all(found) else []

    def _prepare_images(self) -> list[Key]:
        from nasbench_ga.training import draw_batch, load_images

        if importlib.util.find_spec("torch") is None:
            raise LibraryNotFoundError(
                "NASWT scores networks with torch, which is not installed; install it: "
                "python -m pip install 'nasbench-ga[networks]'"
            )
        self._source = f"of {self.settings.batch} images of {self.settings.dataset or USUAL_DATASET}"
        try:
            images = load_images(self.settings.dataset or USUAL_DATASET)
        except DatasetNotFoundError as error:
            if self.settings.dataset is not None:
                if not (tables := self._finished_tables(complete=False)):
                    raise
                self._without_images = error
                return [table.key for table in tables]
            images = load_images(FALLBACK_DATASET)
            self._source = (
                f"of {self.settings.batch} pieces of scikit-learn's two sample photographs, so that they are not to be "
                f"compared with published ones ({error})"
            )
        batches = [draw_batch(images, self.settings.batch, seed) for seed in self._seeds]
        self._images = [batch.pixels for batch in batches]
        return [
            {**self._key(batch.dataset, seed), "images_sha256": batch.fingerprint}
            for batch, seed in zip(batches, self._seeds, strict=True)
        ]

    def _key(self, dataset: str, seed: int) -> dict[str, Any]:
        """Everything a score depends on, but for what the images are."""
        return {
            "score": "naswt",
            "version": VERSION,
            "benchmark": self.space.benchmark,
            "network": _network_class(self.space.benchmark),
            "sizes": self._sizes,
            "dataset": dataset,
            "batch": self.settings.batch,
            "seed": seed,
        }

    @property
    def notes(self) -> Sequence[str]:
        """What the scores are of, and how many had to be computed."""
        several = f"the {self.settings.statistic} of {len(self._seeds)} seeds from {self.settings.seed}"
        which = several if len(self._seeds) > 1 else f"seed {self.settings.seed}"
        sizes = "".join(f", {name} {value}" for name, value in self._sizes.items())
        computed = f"{self.scored:,} computed in this run{self._where}, the others kept from before"
        return (f"NASWT scores ({which}{sizes}) {self._source}: {computed}.",)

    def __call__(self, genotypes: Genotypes) -> Evaluation:
        """Scores of valid genotypes, int8, shape (n, genes); minus infinity for a singular K_H."""
        published = get_space(self.space.benchmark)
        cells = published.canonical(self.space.published(genotypes), per_network=True)
        networks = published.identify(cells)
        for number, store in enumerate(self._stores):
            missing = store.missing(networks)
            if len(missing):
                rows = np.array([np.flatnonzero(networks == network)[0] for network in missing])
                self._score(number, published, cells[rows], missing)
        scores, seconds = np.stack([store.get(networks) for store in self._stores], axis=1)
        value = scores.mean(0) if self.settings.statistic == "mean" else scores.max(0)
        return Evaluation(value, seconds.sum(0))

    def _score(self, number: int, published: Space, cells: Genotypes, networks: NDArray[np.int64]) -> None:
        from tqdm import tqdm

        from nasbench_ga.fitness.naswt_score import first_width, naswt_scores, on_device

        if self._without_images:
            raise DatasetNotFoundError(
                f"{len(networks):,} networks have no score yet, and to score them needs images. {self._without_images}"
            )
        images = on_device(self._images[number], self.settings.device, first_width(published, self._sizes))
        self._where = f" on the {images.device.type}"
        results = naswt_scores(published, cells, images, self._seeds[number], **self._sizes)
        last = time.perf_counter()
        with tqdm(total=len(networks), desc="scoring", delay=2, leave=False, disable=not self.progress) as bar:
            for chosen, scores in results:
                now = time.perf_counter()
                self._stores[number].add(networks[chosen], scores, np.full(len(scores), (now - last) / len(scores)))
                self.scored += len(scores)
                bar.update(len(scores))
                last = now


def _network_class(benchmark: str) -> str:
    """What the networks of a benchmark are, by name; torch is imported for those of a user's own only."""
    if benchmark in _NETWORK_CLASSES:
        return _NETWORK_CLASSES[benchmark]
    from nasbench_ga.networks import builders

    return f"{builders[benchmark].__module__}.{builders[benchmark].__qualname__}"


def _but_for_images(key: Key) -> dict[str, Any]:
    return {name: value for name, value in key.items() if name != "images_sha256"}


@register_fitness("naswt")
def _naswt(context: FitnessContext) -> Fitness:
    return NASWT(context.space, context.settings_of(NASWTSettings), context.progress)
