"""The compute-efficient genetic algorithm (Litzinger, Klos & Schiffmann, ICANN 2019) on MNIST: results/litzinger/.

`python -m experiments.litzinger` trains the published networks, searches both scenarios beside random search with as
much time, measures what weight inheritance saves, and prints the published numbers beside ours. Whatever is finished
is kept in results/runs/litzinger/ and not done again; a killed run goes on.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import tyro

from experiments.litzinger_study import inheritance, networks, scenarios
from experiments.litzinger_study.published import TRAINING_SAVED
from nasbench_ga.console import guarded
from nasbench_ga.environment import processor_name
from nasbench_ga.errors import NasbenchError, RecordError
from nasbench_ga.pages import Block, Page, Paragraph, print_page, write_markdown
from nasbench_ga.presets import preset

DATASET = "mnist"
Part = Literal["networks", "scenario-1", "scenario-2", "inheritance"]


@dataclass(frozen=True)
class Config:
    """Runs the published study on MNIST, and prints its tables beside ours."""

    preset: str = "cpu"
    """How much it may cost: smoke, cpu or gpu, as of python -m nasbench_ga.run."""
    parts: tuple[Part, ...] = ("networks", "scenario-1", "scenario-2", "inheritance")
    """What of it is done."""
    repeats: int | None = None
    """Runs of each search; by default the preset's, but at least 2."""
    seconds: float | None = None
    """Seconds of training of a run; by default the preset's."""
    epochs: float = 4.0
    """How long the published networks are trained from scratch."""
    families: int = 16
    """Parents whose children show what weight inheritance saves."""
    seed: int = 0
    """Of everything."""
    runs: Path = Path("results") / "runs" / "litzinger"
    """Folder of the records, and of what was trained."""
    out: Path = Path("results") / "litzinger"
    """Folder of the page."""
    note: str = ""
    """What else is to be said on the page of how it was measured."""

    def __post_init__(self) -> None:
        """Refuses what has no distribution."""
        if self.repeats is not None and self.repeats < 2:
            raise NasbenchError(f"repeats is 2 or more, as one run has no distribution; got {self.repeats}.")
        if self.families < 2:
            raise NasbenchError(f"families is 2 or more, not {self.families}.")

    @property
    def command(self) -> str:
        """What does this, but for where things lie."""
        numbers = ("repeats", "seconds", "epochs", "families", "seed")
        given = [name for name in numbers if getattr(self, name) != getattr(Config, name)]
        options = [f"--preset {self.preset}", *(f"--{name} {getattr(self, name)}" for name in given)]
        options += [] if self.parts == Config.parts else [f"--parts {' '.join(self.parts)}"]
        return f"python -m experiments.litzinger {' '.join(options)}"

    @property
    def changes(self) -> dict[str, Any]:
        """What is not as the preset has it."""
        repeats = max(2, preset(self.preset)["repeats"]) if self.repeats is None else self.repeats
        return {"repeats": repeats, "seed": self.seed, **({} if self.seconds is None else {"seconds": self.seconds})}


def study(config: Config) -> Page:
    """Does every part that is wanted and writes the page."""
    blocks = [block for part in config.parts for block in _part(config, part)]
    intro = (
        "The compute-efficient genetic algorithm of Litzinger, Klos & Schiffmann (ICANN 2019, "
        "doi 10.1007/978-3-030-30484-3_32). Population, rates, crossover points and the decay of steps are published "
        f"nowhere that we could read; ours are those of the preset {config.preset}. Measured on {_processor()} by "
        f"`{config.command}`. {config.note}"
    ).rstrip()
    page = Page("The compute-efficient genetic algorithm on MNIST", (Paragraph(intro), *blocks))
    write_markdown(page, config.out / "README.md")
    return page


def _processor() -> str:
    """What trains networks: a GPU if there is one."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else processor_name()


def _part(config: Config, part: Part) -> Iterator[Block]:
    own = preset(config.preset)
    settings = own["trained"]
    runs = config.runs / re.sub(r"\W+", "-", _processor())  # seconds are measured
    if part == "networks":
        recipe = networks.published_recipe(settings, config.epochs)
        yield from networks.blocks(networks.train_known(recipe, DATASET, config.seed, runs / "networks"))
    elif part == "inheritance":
        chains, folder = own["layer_chain"], runs / "inheritance"
        ways = inheritance.measure(settings, chains, DATASET, config.families, config.seed, folder)
        yield from inheritance.blocks(ways, TRAINING_SAVED)
    else:
        number = int(part.removeprefix("scenario-"))
        folder = runs / f"{config.preset}-seed-{config.seed}"
        try:
            scenario = scenarios.carry_out(number, config.preset, config.changes, DATASET, folder)
        except RecordError as error:
            raise RecordError(f"{error} The study takes another folder of all its records with --runs.") from error
        yield from scenarios.blocks(scenario)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; gives the exit status."""

    def command() -> None:
        config = tyro.cli(Config, prog="python -m experiments.litzinger", args=arguments)
        config = replace(config, parts=tuple(dict.fromkeys(config.parts)))
        print_page(study(config))
        print(f"{config.out / 'README.md'}")

    return guarded(command)


if __name__ == "__main__":
    sys.exit(main())
