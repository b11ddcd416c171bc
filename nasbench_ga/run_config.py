"""What a search study is: everything that may be set, in Python and on the command line."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from pathlib import Path

from nasbench_ga.errors import NasbenchError
from nasbench_ga.fitness import NASWTSettings, TrainedSettings
from nasbench_ga.search import GeneticSettings, NASEAFASettings, NSGA2Settings, RandomSettings
from nasbench_ga.spaces import LayerChainSettings


@dataclass(frozen=True)
class RunConfig:
    """Searches a space for the architecture with the highest fitness, many times over.

    Prints what each repeat found and what that is worth; writes the record of every evaluation and a picture.
    """

    space: str = "nb101"
    """What is searched: nb101, nb101-raw9, nats-tss, nats-tss-graph, nats-sss, layer-chain, or one of your own."""
    fitness: str = "accuracy"
    """What is maximised: accuracy (looked up in the table), naswt (score of untrained networks), trained (accuracy of
    networks that are trained, and their size), or one of your own."""
    algorithm: str = "genetic"
    """How: genetic, nas-ea-fa, nsga-ii, random, or one of your own."""
    repeats: int = 10
    """Independent runs; their results are a distribution."""
    seed: int = 0
    """Of the whole study; repeat i has the i-th generator spawned from it."""
    evaluations: int | None = None
    """Budget of a repeat in evaluations, a cell met again counting again; unless --seconds limits it, 10,000, or 500 if
    the fitness is naswt or the algorithm nas-ea-fa (seconds with its presets of Pan & Yao), 100 if it is trained."""
    seconds: float | None = None
    """Budget of a repeat in seconds of evaluations, simulated or measured; what would exceed it does not count."""
    table: str | None = None
    """Table to look up in: a name or a path; by default the first of the space's tables that is there."""
    dataset: str | None = None
    """Data set: cifar10, cifar100 or ImageNet16-120, as far as the table has it; to train on any that `python -m
    nasbench_ga.training list` names, by default mnist for layer-chain and cifar10 for others."""
    objective: str | None = None
    """What trained networks are to be: accuracy (accurate; the default), weighted, lexicographic or pareto (accurate
    and small), scenario-1 (as accurate as the reference network with the fewest parameters), or scenario-2 (as
    accurate as can be with fewer than it)."""
    metric: str | None = None
    """Metric to search on, by default the published validation accuracy: dataset/split/epochs[@seed]."""
    test_metric: str | None = None
    """Metric to report, by default the published test accuracy."""
    genetic: GeneticSettings = field(default_factory=GeneticSettings)
    """Settings of the genetic algorithm."""
    nas_ea_fa: NASEAFASettings = field(default_factory=NASEAFASettings)
    """Settings of NAS-EA-FA."""
    random: RandomSettings = field(default_factory=RandomSettings)
    """Settings of random search."""
    nsga_ii: NSGA2Settings = field(default_factory=NSGA2Settings)
    """Settings of NSGA-II."""
    naswt: NASWTSettings = field(default_factory=NASWTSettings)
    """Settings of the fitness naswt."""
    trained: TrainedSettings = field(default_factory=TrainedSettings)
    """Settings of the fitness trained."""
    layer_chain: LayerChainSettings = field(default_factory=LayerChainSettings)
    """Constraints of the space layer-chain."""
    results: Path | None = None
    """Folder of the record; by default one under results/runs/ named after the configuration."""
    resume: bool = False
    """Go on where a killed run of this configuration stopped, or add repeats to a finished one in --results."""
    checkpoint_seconds: float = 2.0
    """Time between checkpoints."""
    workers: int | None = None
    """Processes in which repeats ask where that is slow and processes save time; by default one for each core. The
    results are the same with any number."""
    load: tuple[Path, ...] = ()
    """Python files to run first, which register spaces, fitnesses, algorithms or surrogates of your own."""

    def __post_init__(self) -> None:
        """Takes paths as text and numbers as numpy has them, and refuses what is no number."""
        for name, optional in (("repeats", False), ("seed", False), ("evaluations", True), ("workers", True)):
            value = getattr(self, name)
            if not (value is None and optional):
                try:
                    object.__setattr__(self, name, operator.index(value))
                except TypeError as error:
                    raise NasbenchError(f"{name} is an integer, not {value!r}.") from error
        if self.workers is not None and self.workers < 1:
            raise NasbenchError(f"workers is 1 or more, not {self.workers}.")
        if not self.checkpoint_seconds >= 0:
            raise NasbenchError(f"checkpoint_seconds is 0 or more, not {self.checkpoint_seconds}.")
        if self.results is not None:
            object.__setattr__(self, "results", Path(self.results))
        object.__setattr__(self, "load", tuple(map(Path, self.load)))
