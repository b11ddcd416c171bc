"""The published study (Dervisi, EANN 2022), run again and judged: results/dervisi/.

`make study` runs the published 10 repeats of everything, `make study REPEATS=100` goes on from there. Records are in
results/runs/dervisi/, and what is finished is not run again.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import tyro

from experiments import naswt_batch_sizes
from experiments.dervisi_study.accelerator import v2_by_accuracy_is_the_best_accelerator
from experiments.dervisi_study.arms import (
    ARMS,
    BENCHMARKS,
    V2_ACCURACY,
    V2_GCN,
    Arm,
    Benchmark,
    carry_out,
    with_defects,
)
from experiments.dervisi_study.batch_sizes import larger_batches_do_not_always_help
from experiments.dervisi_study.benchmarks import benchmarks_page, runs_as_csv
from experiments.dervisi_study.defects import effects_of_defects
from experiments.dervisi_study.distributions import come_from_different_distributions
from experiments.dervisi_study.evidence import Conclusion
from experiments.dervisi_study.found import Benchmarks, Found, extract
from experiments.dervisi_study.guidance import naswt_guides
from experiments.dervisi_study.index import index_page
from experiments.dervisi_study.narrowing import narrows_the_space
from nasbench_ga.console import guarded
from nasbench_ga.errors import (
    DatasetNotFoundError,
    LibraryNotFoundError,
    NasbenchError,
    RecordError,
    TableNotFoundError,
)
from nasbench_ga.files import write_bytes
from nasbench_ga.pages import Page, write_markdown
from nasbench_ga.tables import open_table

PUBLISHED_REPEATS = 10
GCN_REPEATS = 30


@dataclass(frozen=True)
class Config:
    """Runs the five searches of the study on every benchmark, and judges each of its conclusions by tests."""

    repeats: int = PUBLISHED_REPEATS
    """Runs of each search; the study published 10."""
    gcn_repeats: int | None = None
    """Runs of the searches with a GCN, which take about half a minute each; by default as many, at most 30."""
    gcn_defect_repeats: int = 10
    """Runs of the GCN with each defect of the study's code, on nb101-raw9; 0 leaves them out."""
    nb101_naswt_repeats: int | None = None
    """Runs of the searches by NASWT on nb101-raw9, of whose networks most are not scored: more take hours. By default
    as many, at most 10."""
    gcn: bool = True
    """Run the searches with a GCN."""
    workers: int | None = None
    """Processes in which searches ask; by default one for each core."""
    runs: Path = Path("results") / "runs" / "dervisi"
    """Folder of the records."""
    batch_sizes: Path = naswt_batch_sizes.OUT
    """The scores by batch size, from python experiments/naswt_batch_sizes.py."""
    out: Path = Path("results") / "dervisi"
    """Folder of the pages."""

    def __post_init__(self) -> None:
        """Refuses numbers of runs that have no distribution."""
        for name, least in (("repeats", 2), ("gcn_repeats", 2), ("nb101_naswt_repeats", 2), ("gcn_defect_repeats", 0)):
            given = getattr(self, name)
            if given is not None and (given < least or given == 1):
                raise NasbenchError(f"{name} is 2 or more, as one run has no distribution; got {given}.")

    @property
    def command(self) -> str:
        """What runs this, but for where things lie."""
        numbers = ("gcn_repeats", "gcn_defect_repeats", "nb101_naswt_repeats")
        given = [name for name in numbers if getattr(self, name) != getattr(Config, name)]
        options = [f"--{name.replace('_', '-')} {getattr(self, name)}" for name in given]
        options += [] if self.gcn else ["--no-gcn"]
        return f"make study REPEATS={self.repeats}" + (f' ARGS="{" ".join(options)}"' if options else "")

    def repeats_of(self, arm: Arm, benchmark: Benchmark) -> int:
        """How many runs of an arm are wanted on a benchmark; 0 leaves it out."""
        if arm.uses_gcn:
            return (
                0
                if not self.gcn
                else self.gcn_defect_repeats
                if arm.mended
                else self._at_most(GCN_REPEATS, self.gcn_repeats)
            )
        if arm.fitness == "naswt" and benchmark.table == "nb101":
            return self._at_most(PUBLISHED_REPEATS, self.nb101_naswt_repeats)
        return self.repeats

    def _at_most(self, usual: int, given: int | None) -> int:
        return min(self.repeats, usual) if given is None else given


def arms_on(benchmark: Benchmark) -> Iterator[Arm]:
    """The searches on a benchmark, and those with defects: with a GCN on the first benchmark only."""
    yield from ARMS
    for mended in ARMS:
        if mended.name == V2_ACCURACY or (mended.name == V2_GCN and benchmark == BENCHMARKS[0]):
            yield from with_defects(mended)


def carry_out_all(config: Config) -> tuple[dict[Benchmark, dict[str, Found]], list[str]]:
    """What every search found on every benchmark whose table is here, and what was left out, a sentence each.

    Raises:
        NasbenchError: no table is here, or a search cannot be run.
    """
    left_out = [] if config.gcn else ["The searches with a GCN were left out, as asked for with --no-gcn."]
    found: dict[Benchmark, dict[str, Found]] = {}
    for benchmark in BENCHMARKS:
        try:
            open_table(benchmark.table)
            found[benchmark] = {}
        except TableNotFoundError as error:
            left_out.append(f"{benchmark}: {error}")
    if not found:
        raise TableNotFoundError(f"No benchmark of the study can be run. {left_out[-1]}")
    wanted = [
        (benchmark, arm) for benchmark in found for arm in arms_on(benchmark) if config.repeats_of(arm, benchmark)
    ]
    for benchmark, arm in sorted(wanted, key=lambda own: own[1].uses_gcn):  # those that take long come last
        try:
            found[benchmark][arm.name] = _carry_out(config, benchmark, arm)
        except (DatasetNotFoundError, LibraryNotFoundError) as error:
            left_out.append(f"{benchmark}, {arm.title}: {error}")
    ordered = {
        benchmark: {arm.name: ran[arm.name] for arm in arms_on(benchmark) if arm.name in ran}
        for benchmark, ran in found.items()
    }
    return ordered, left_out


def _carry_out(config: Config, benchmark: Benchmark, arm: Arm) -> Found:
    repeats, folder = config.repeats_of(arm, benchmark), config.runs / benchmark.folder / arm.name
    started = time.perf_counter()
    try:
        ran = carry_out(arm, benchmark, folder, repeats, config.workers)
    except RecordError as error:
        raise RecordError(f"{error} The study takes another folder of all its records with --runs.") from error
    own = extract(ran, arm, benchmark)
    print(f"{benchmark}: {arm.name}, {len(own)} runs ({time.perf_counter() - started:.0f} s)", flush=True)
    return own


def judge(found: Benchmarks, by_batch_size: pd.DataFrame | None) -> list[Conclusion]:
    """Each conclusion of the study, judged by what was found, and by scores by batch size if there are any."""
    return [
        narrows_the_space(found),
        naswt_guides(found),
        larger_batches_do_not_always_help(by_batch_size),
        come_from_different_distributions(found),
        v2_by_accuracy_is_the_best_accelerator(found),
    ]


def study(config: Config) -> list[Conclusion]:
    """Runs everything and writes every page."""
    by_batch_size = naswt_batch_sizes.read(config.batch_sizes)
    found, left_out = carry_out_all(config)
    conclusions = judge(found, by_batch_size)
    defects = effects_of_defects(found)
    pages: dict[str, Page] = {own.name: own.page for own in conclusions}
    pages |= {"defects": defects.page, "benchmarks": benchmarks_page(found)}
    write_bytes(config.out / "runs.csv", runs_as_csv(found).encode())
    write_bytes(config.out / "defects.csv", defects.rows.encode())
    pages["README"] = index_page(conclusions, defects.said, found, left_out, config.command)
    for name, page in pages.items():
        write_markdown(page, config.out / f"{name}.md")
    return conclusions


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; gives the exit status."""

    def command() -> None:
        config = tyro.cli(Config, prog="python -m experiments.dervisi", args=arguments)
        for own in study(config):
            print(f"({own.letter}) {own.sentence}: {own.ruling}. {own.numbers}.")
        print(f"{config.out / 'README.md'}")

    return guarded(command)


if __name__ == "__main__":
    sys.exit(main())
