"""Settings that go together, by name: how much a search by training may cost, and what is usual for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal

from nasbench_ga.errors import UnknownNameError
from nasbench_ga.fitness import TrainedSettings
from nasbench_ga.search import GeneticSettings, NSGA2Settings, RandomSettings
from nasbench_ga.spaces import LayerChainSettings
from nasbench_ga.training.recipe import RECIPES, Recipe

_MNIST = RECIPES["mnist"]
# A line of networks learns on from one to the next where nothing is frozen, which carries it beyond what the few epochs
# of a single training give: with 3,000 images two of five searches of 120 seconds reached the reference so, and none
# with --trained.freeze leading, which trains more networks in that time.
_LEARN_ON: Literal["none"] = "none"
_CHAINS = LayerChainSettings(max_layers=8, max_kernel=5, max_width=1024, modify=2.0)


def _searches(population: int) -> dict[str, Any]:
    """The genetic algorithm for layer chains, and others with as many candidates at a time.

    What Litzinger et al. (2019) chose is not known to us; these are ours.
    """
    shared: dict[str, Any] = {
        "population": population,
        "crossover": "k-point",
        "crossover_points": 2,
        "crossover_rate": 0.2,
        "step_decay": 0.93,
    }
    return {
        "genetic": GeneticSettings(**shared, tournament=0.4, elites=3, evaluate_initial=True),
        "nsga_ii": NSGA2Settings(**shared),
        "random": RandomSettings(batch=population),
    }


PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "smoke": {
            "repeats": 2,
            "seconds": 20.0,
            "layer_chain": replace(_CHAINS, max_layers=6, max_multiply_adds=500_000, max_parameters=200_000),
            "trained": TrainedSettings(
                recipe=replace(_MNIST, epochs=3, window=0.3, least_gain=0.3),
                images=2_000,
                validation=1_000,
                threshold=90.0,
            ),
            **_searches(6),
        },
        "cpu": {
            "repeats": 5,
            "seconds": 300.0,
            "layer_chain": replace(_CHAINS, max_multiply_adds=500_000),
            "trained": TrainedSettings(
                recipe=replace(_MNIST, epochs=5, window=0.3, least_gain=0.3),
                images=6_000,
                validation=3_000,
                freeze=_LEARN_ON,
            ),
            **_searches(8),
        },
        "gpu": {
            "repeats": 1,
            "seconds": 600.0,
            "layer_chain": replace(_CHAINS, max_layers=12, max_multiply_adds=6_000_000),
            "trained": TrainedSettings(
                recipe=replace(
                    _MNIST,
                    batch=256,
                    learning_rate=0.004,
                    epochs=8,
                    schedule="cosine",
                    stop="never",
                    validations=1,
                    pad=2,
                ),
                trainings=2,
                threshold=99.2,
                freeze=_LEARN_ON,
            ),
            **_searches(12),
        },
    }
)
"""Keyword arguments of a `RunConfig` by name: a minute on two cores, half an hour on them, ten minutes on a GPU."""


def preset(name: str, space: str = "layer-chain") -> dict[str, Any]:
    """The settings of a preset for a space; only layer chains are mutated in steps, which shrink.

    Raises:
        UnknownNameError: there is none of this name.
    """
    if name not in PRESETS:
        raise UnknownNameError("preset", name, PRESETS)
    named = dict(PRESETS[name])
    if space != "layer-chain":
        named |= {search: replace(named[search], step_decay=1.0) for search in ("genetic", "nsga_ii")}
    return named


def recipe(name: str) -> Recipe:
    """The recipe of this name.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in RECIPES:
        raise UnknownNameError("recipe", name, RECIPES)
    return RECIPES[name]
