"""How fast NASWT scores untrained networks on the device at hand, against the authors' way.

`python experiments/naswt_speed.py` measures all in one run, and writes `naswt-speed-DEVICE.json` and `.md`.
"""

from __future__ import annotations

import re
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from torch import Tensor

from bench import plain_naswt
from nasbench_ga.console import guarded
from nasbench_ga.environment import environment, processor_name
from nasbench_ga.errors import DatasetNotFoundError
from nasbench_ga.files import write_bytes, write_json
from nasbench_ga.fitness.naswt_score import naswt_scores, on_device
from nasbench_ga.networks import build_network
from nasbench_ga.spaces import Genotypes, get_space
from nasbench_ga.spaces.nats_tss import on_a_path
from nasbench_ga.training import draw_batch, load_images

BATCH, STEM, SEED = 128, 16, 0
SIZES: dict[str, dict[str, Any]] = {"nats-tss": {}, "nb101": {"stem": STEM}}
AT_ONCE = (8, 32, 64)
COMPARED = 8
TIMES_FASTER, SECONDS_ON_A_GPU = 5, 60

Score = Callable[[Genotypes], NDArray[np.float64]]


@dataclass(frozen=True)
class Config:
    """Measures how fast networks are scored, with the authors' way beside it."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where: auto takes a GPU if there is one."""
    networks: int | None = None
    """How many of the 6,466 networks of nats-tss are scored in a row: all of them on a GPU, 24 on a CPU."""
    few: int | None = None
    """Networks of each other line, or as many as fill its passes: 128 on a GPU, 6 on a CPU."""
    out: Path = Path("results/bench")
    """Folder of what is written."""


@dataclass(frozen=True)
class Line:
    """One measurement.

    Attributes:
        what: was measured.
        networks: how many were scored, from genotype to score.
        seconds: a network.
        peak: bytes of memory: on a GPU those of the line, on a CPU the highest number of the process so far.
        times: how many times faster than the authors' way.
        goal: what is aimed at, in words.
        reached: whether it was; None where there is no goal.
    """

    what: str
    networks: int
    seconds: float
    peak: int
    times: float = 1.0
    goal: str = ""
    reached: bool | None = None


def topologies() -> Genotypes:
    """A cell of each network of nats-tss, shuffled; edges on no path from input to output are none."""
    space = get_space("nats-tss")
    cells = space.enumerate()[np.unique(space.isomorphism_class(space.enumerate()), return_index=True)[1]]
    cells[~on_a_path(cells != 0)] = 0
    return np.random.default_rng(SEED).permutation(cells)


def authors_way(space: str, images: Tensor) -> Score:
    """Scores as the authors compute them, of networks that are built one after another."""

    def score(cells: Genotypes) -> NDArray[np.float64]:
        device, sizes = str(images.device), SIZES[space]
        networks = (build_network(get_space(space), cell, seed=SEED, device=device, **sizes) for cell in cells)
        return np.array([plain_naswt.score(network, images) for network in networks])

    return score


def ours(space: str, images: Tensor, at_once: int | None = None) -> Score:
    """Scores as this package computes them."""

    def score(cells: Genotypes) -> NDArray[np.float64]:
        passes = naswt_scores(get_space(space), cells, images, SEED, at_once, **SIZES[space])
        return np.concatenate([scores for _, scores in passes])

    return score


def measured(score: Score, cells: Genotypes, images: Tensor, warm_up: int = 1) -> tuple[float, int]:
    """Seconds a network and peak memory, after some were scored to warm up."""
    score(cells[:warm_up])
    if images.is_cuda:
        torch.cuda.synchronize(images.device)
        torch.cuda.reset_peak_memory_stats(images.device)
    start = time.perf_counter()
    score(cells)
    if images.is_cuda:
        torch.cuda.synchronize(images.device)
    seconds = (time.perf_counter() - start) / len(cells)
    if images.is_cuda:
        return seconds, torch.cuda.max_memory_allocated(images.device)
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def lines(images: Tensor, networks: int, few: int) -> Iterator[Line]:
    """Measures, line by line."""
    nb101 = get_space("nb101").sample(few, np.random.default_rng(SEED))
    for space, every in {"nats-tss": topologies(), "nb101": nb101}.items():
        plain, peak = measured(authors_way(space, images), every[:few], images)
        yield Line(f"{space}, the authors' way", few, plain, peak)

        def line(
            what: str,
            count: int,
            at_once: int | None,
            space: str = space,
            cells: Genotypes = every,
            plain: float = plain,
        ) -> Line:
            seconds, peak = measured(ours(space, images, at_once), cells[:count], images, at_once or 1)
            times = plain / seconds
            if at_once not in (None, 1) and not images.is_cuda:  # only a GPU gains by it
                return Line(f"{space}, {what}", count, seconds, peak, times)
            goal, reached = f"{TIMES_FASTER} ×", bool(times >= TIMES_FASTER)
            return Line(f"{space}, {what}", count, seconds, peak, times, goal, reached)

        yield line("one at a time", few, 1)
        if space == "nats-tss":
            for at_once in (number for number in AT_ONCE if number <= networks):
                yield line(f"{at_once} side by side", -(-few // at_once) * at_once, at_once)
            yield with_total(line("in a row as by default", networks, None), len(every), images)


def with_total(line: Line, every: int, images: Tensor) -> Line:
    """The same with what a whole space takes, of which a GPU has a goal of its own."""
    total = line.seconds * every
    line = replace(line, what=f"{line.what}: {total:,.0f} s for all {every:,}")
    if not images.is_cuda:
        return line
    goal, reached = f"{line.goal}; all in {SECONDS_ON_A_GPU} s", bool(line.reached and total <= SECONDS_ON_A_GPU)
    return replace(line, goal=goal, reached=reached)


def agreement(images: Tensor) -> dict[str, float]:
    """Largest relative difference of our scores, in some networks, to other ways of computing them."""
    topology = topologies()
    chosen = {
        "nats-tss": topology[topology.any(1)][:COMPARED],
        "nb101": get_space("nb101").sample(COMPARED, np.random.default_rng(SEED)),
    }
    found: dict[str, float] = {}
    for space, cells in chosen.items():
        scores = ours(space, images, 1)(cells)
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            others = {"the authors' way in full precision": authors_way(space, images)(cells)}
        if images.is_cuda:
            others["ours on a CPU"] = ours(space, images.cpu())(cells)
        if space == "nats-tss":
            others[f"ours, {COMPARED} side by side"] = ours(space, images, COMPARED)(cells)
        found |= {f"{space}, {name}": float(np.abs(other / scores - 1).max()) for name, other in others.items()}
    return found


def device_name(images: Tensor) -> str:
    """What the GPU or the CPU calls itself."""
    if images.is_cuda:
        return torch.cuda.get_device_name(images.device)
    return processor_name()


def as_markdown(name: str, dataset: str, measurements: list[Line], differences: dict[str, float]) -> str:
    """The numbers as people read them."""
    rows = [
        f"| {line.what} | {line.networks:,} | {line.seconds:.3g} s | {line.times:.1f} × | {line.peak / 1e9:.1f} GB "
        f"| {line.goal}{'' if line.reached is None else ': reached' if line.reached else ': missed'} |"
        for line in measurements
    ]
    facts = environment()
    machine = (
        f"Measured by `python experiments/naswt_speed.py` on {facts['written'][:10]}: {name}, {facts['cores']} cores, "
        f"{torch.get_num_threads()} threads, torch {torch.__version__}; {BATCH} images of {dataset}, nb101 with a stem "
        f"of {STEM} channels. Networks are timed from genotype to score."
    )
    header = (
        "| what | networks | one network | against the authors' way | peak memory | goal |\n|---|--:|--:|--:|--:|---|"
    )
    compared = f"Largest relative difference of {COMPARED} scores, one at a time, to those of:"
    others = [f"- {other}: {difference:.1e}" for other, difference in differences.items()]
    return "\n".join(["# Speed of NASWT", "", machine, "", header, *rows, "", compared, "", *others, ""])


def measure(config: Config) -> None:
    """Measures, prints and writes."""
    try:
        source = load_images("cifar10")
    except DatasetNotFoundError:
        source = load_images("photographs")
    images = on_device(draw_batch(source, BATCH, SEED).pixels, config.device, STEM)
    networks = config.networks or (len(topologies()) if images.is_cuda else 24)
    few = min(config.few or (128 if images.is_cuda else 6), networks)
    measurements = []
    for line in lines(images, networks, few):
        print(f"{line.what}: {line.seconds:.3g} s a network, {line.times:.1f} ×", flush=True)
        measurements.append(line)
    differences = agreement(images)
    name = device_name(images)
    path = config.out / f"naswt-speed-{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}"
    written = {
        "device": name,
        "threads": torch.get_num_threads(),
        "dataset": source.name,
        "lines": [asdict(line) for line in measurements],
        "differences": differences,
        "about": environment(),
    }
    text = as_markdown(name, source.name, measurements, differences)
    write_json(path.with_name(f"{path.name}.json"), written)
    write_bytes(path.with_name(f"{path.name}.md"), text.encode())
    print(f"\n{text}\n{path}.json, {path}.md")


def main() -> None:
    """The command."""
    measure(tyro.cli(Config, prog="python experiments/naswt_speed.py"))


if __name__ == "__main__":
    sys.exit(guarded(main))
