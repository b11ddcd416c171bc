"""The page that everything else hangs on."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.dervisi_study.arms import ARMS
from experiments.dervisi_study.evidence import LEVEL, Conclusion
from experiments.dervisi_study.found import Benchmarks
from nasbench_ga.pages import Block, Heading, Notes, Page, Paragraph, Table

ABOUT = (
    "Foteini Dervisi's study of accelerating neural architecture search (thesis, University of Macedonia; EANN "
    "2022), run again: the genetic algorithm (GA) and NAS-EA-FA V2 (Pan & Yao 2021), by accuracy and by the NASWT "
    "score of untrained networks, on NAS-Bench-101 and on the three data sets of NATS-Bench TSS, with random "
    "search as a control."
)
NOTES = (
    (
        "The encodings are the study's own, nb101-raw9 and nats-tss-graph. In this project's nats-tss encoding every "
        "run of V2 by accuracy finds the optimum (`results/nas-ea-fa/searches.md`), so some conclusions belong to an "
        "encoding."
    ),
    "The study published 10 runs of each search. How many there are here is in the table above.",
    (
        "The GCN is this project's, not the study's own, which takes many times longer (--nas-ea-fa.surrogate "
        "gcn-dervisi)."
    ),
    (
        "Runs of different searches are tested as independent ones: all have seed 0, but two algorithms share only "
        "their first random draws. A search and the same with a defect are tested in pairs of one seed."
    ),
    "The five defects of the study's code are mended; what each does is in `defects.md`.",
    (
        "NASWT scores are of 128 CIFAR-10 images and one initialisation, networks of nb101 with a stem of 16 channels, "
        "ReLUs on dead branches left out; the study used other batch sizes and a stem of 128."
    ),
    (
        "The study's text and its test were not at hand: how its conclusions become tests is this project's reading, "
        "and each page says which."
    ),
)


def index_page(
    conclusions: Sequence[Conclusion], defects: str, found: Benchmarks, left_out: Sequence[str], command: str
) -> Page:
    """The verdicts, what they rest on, and how to get them."""
    blocks: list[Block] = [
        Paragraph(ABOUT),
        Table(
            ("", "the study concludes", "here", "in numbers", "page"),
            tuple((own.letter, own.sentence, str(own.ruling), own.numbers, f"`{own.name}.md`") for own in conclusions),
            f"Verdicts come from tests at the level {LEVEL:g}, corrected by Holm over all that decide a "
            "conclusion. In part: on some benchmarks, or some of what it says. Without: benchmarks of which there is "
            "no test are no part of a verdict; claims of which there is none, on a benchmark where others were tested, "
            "count as not shown.",
        ),
        Paragraph(f"Defects of the study's code: {defects} (`defects.md`)."),
        Heading("On each benchmark"),
        _by_benchmark(conclusions),
        Heading("How many runs of what"),
        _runs(found),
    ]
    if left_out:
        blocks.append(Notes(tuple(left_out), "Left out"))
    blocks += [
        Notes(NOTES, "To keep in mind"),
        Paragraph(
            f"Made by `{command}`, which goes on where it was stopped. What the searches found is in "
            "`benchmarks.md`, one row a run in `runs.csv`."
        ),
    ]
    return Page("The published study, run again", tuple(blocks))


def _by_benchmark(conclusions: Sequence[Conclusion]) -> Table:
    where = dict.fromkeys(name for own in conclusions for name in own.ruling.verdicts)
    rows = tuple((name, *(own.ruling.verdicts.get(name, "–") for own in conclusions)) for name in where)
    return Table(("benchmark", *(own.letter for own in conclusions)), rows or (("none", *("–" for _ in conclusions)),))


def _runs(found: Benchmarks) -> Table:
    ran_anywhere = {name: own.arm for ran in found.values() for name, own in ran.items()}
    first = [arm.name for arm in ARMS if arm.name in ran_anywhere]
    every = {name: ran_anywhere[name] for name in (*first, *ran_anywhere)}
    rows = tuple(
        (name, f"{arm.evaluations:,}", *(str(len(ran[name])) if name in ran else "–" for ran in found.values()))
        for name, arm in every.items()
    )
    return Table(
        ("search", "evaluations", *map(str, found)),
        rows,
        "Runs of each search on each benchmark.",
        numeric=tuple(range(1, 2 + len(found))),
    )
