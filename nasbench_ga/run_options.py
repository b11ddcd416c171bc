"""The command line of a search study: its options, with settings that have a name as defaults of the others."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass

import tyro

from nasbench_ga import presets
from nasbench_ga.errors import NasbenchError
from nasbench_ga.fitness import TrainedSettings
from nasbench_ga.run_config import RunConfig

_GROUPED = re.compile(r"^--(genetic|layer-chain|nas-ea-fa|naswt|nsga-ii|random|trained[-.]recipe|trained)-")
"""Options of a group may be written with a dash too: --naswt-repeats for --naswt.repeats."""


@dataclass(frozen=True)
class Command(RunConfig):
    """What a command line may say besides: settings that go together, by name."""

    preset: str | None = None
    """Settings for a search by training that go together: smoke (a minute on two cores), cpu (half an hour on them),
    gpu (ten minutes on one). Options that are given besides count before the preset's."""
    recipe: str | None = None
    """How networks are trained: nb101, nats or nats-12 (as published), proxy (a short one), mnist. By default the
    preset's or, without one, mnist for layer-chain and proxy for others; --trained.recipe.* options change a part."""


def configuration(arguments: Sequence[str]) -> RunConfig:
    """The configuration that arguments spell; preset and recipe are what the other options are by default."""
    given = [
        _GROUPED.sub(lambda group: f"--{group[1].replace('trained-', 'trained.')}.", argument) for argument in arguments
    ]
    chosen = {name: _value_of(f"--{name}", given) for name in ("preset", "recipe", "space", "fitness")}
    if chosen["preset"] and chosen["fitness"] != "trained":
        raise NasbenchError("--preset is of searches by training: give --fitness trained with it.")
    space = chosen["space"] or RunConfig.space
    defaults = presets.preset(chosen["preset"], space) if chosen["preset"] else {}
    usual = None if space == "layer-chain" else "proxy"
    if named := chosen["recipe"] or (usual if not chosen["preset"] else None):
        trained = defaults.get("trained", TrainedSettings())
        defaults["trained"] = dataclasses.replace(trained, recipe=presets.recipe(named))
    return tyro.cli(
        Command,
        prog="python -m nasbench_ga.run",
        description=RunConfig.__doc__,
        args=given,
        default=Command(**defaults),
    )


def _value_of(option: str, arguments: Sequence[str]) -> str | None:
    """What an option is given, None if it is not."""
    value = None
    for argument, following in zip(arguments, [*arguments[1:], None], strict=True):
        if argument == option:
            value = following
        elif argument.startswith(f"{option}="):
            value = argument.partition("=")[2]
    return value
