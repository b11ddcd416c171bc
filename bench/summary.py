"""Turns the JSON of pytest-benchmark into a table that people read: python bench/summary.py IN.json OUT.md.

A benchmark may say of itself in `benchmark.extra_info`: `items`, how many things one call handles (a rate is then
shown), `baseline`: true, that the others of its group are compared with it, and `notes`, a list of what else is worth
showing: its peak memory, its goal.
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Benchmark = dict[str, Any]

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def duration(seconds: float) -> str:
    """A time with three significant digits in the unit that suits it."""
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size), _UNITS[-1])
    return f"{seconds / size:.3g} {unit}"


def rate(benchmark: Benchmark) -> str:
    """Items a second, where the benchmark says how many items one call handles."""
    if "items" not in benchmark["extra_info"]:
        return ""
    three_digits = float(f"{1 / seconds_per_item(benchmark):.3g}")
    return f"{three_digits:,.0f}" if three_digits >= 100 else f"{three_digits:g}"


def seconds_per_item(benchmark: Benchmark) -> float:
    """Median seconds of one call, or of one item where the benchmark counts them."""
    return float(benchmark["stats"]["median"]) / float(benchmark["extra_info"].get("items", 1))


def speedup(benchmark: Benchmark, group: Iterable[Benchmark]) -> str:
    """How many times faster than the baseline of its group; per item where items are counted."""
    baseline = next((other for other in group if other["extra_info"].get("baseline")), None)
    if baseline is None:
        return ""
    if baseline is benchmark:
        return "baseline"
    return f"{seconds_per_item(baseline) / seconds_per_item(benchmark):,.3g} ×"


def title(benchmark: Benchmark) -> str:
    """The name of a benchmark in words."""
    return str(benchmark["name"]).removeprefix("test_").replace("_", " ")


def notes(benchmark: Benchmark) -> str:
    """What a benchmark says of itself besides its time."""
    return "; ".join(benchmark["extra_info"].get("notes", ()))


def summarise(report: dict[str, Any]) -> str:
    """The Markdown summary of one report of pytest-benchmark."""
    groups: dict[str, list[Benchmark]] = {}
    for benchmark in report["benchmarks"]:
        groups.setdefault(benchmark["group"] or "", []).append(benchmark)
    lines = ["# Speed", "", _machine(report), ""]
    for name, benchmarks in sorted(groups.items()):
        lines += [f"## {name}", ""] if name else []
        lines += [
            "| benchmark | median of one call | items per second | against the baseline | notes |",
            "|---|--:|--:|--:|---|",
        ]
        lines += [
            f"| {title(b)} | {duration(b['stats']['median'])} | {rate(b)} | {speedup(b, benchmarks)} | {notes(b)} |"
            for b in benchmarks
        ]
        lines.append("")
    return "\n".join(lines)


def _machine(report: dict[str, Any]) -> str:
    info = report["machine_info"]
    cpu = info.get("cpu", {})
    processor = cpu.get("brand_raw") or info.get("processor") or "unknown processor"
    date = datetime.datetime.fromisoformat(report["datetime"]).date()
    return (
        f"Measured by `make bench` on {date}: {processor}, "
        f"{cpu.get('count', '?')} cores, {info['system']}, Python {info['python_version']}."
    )


def main(arguments: list[str]) -> None:
    """Reads the report named first and writes the summary named second."""
    source, target = map(Path, arguments)
    summary = summarise(json.loads(source.read_text()))
    target.write_text(summary)
    print(summary)


if __name__ == "__main__":
    main(sys.argv[1:])
