"""Whether sets of runs may be compared, and in what they are not alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from nasbench_ga.errors import NasbenchError, UnknownNameError
from nasbench_ga.files import json_digest
from nasbench_ga.run_sets.run_set import FITNESS, RunSet
from nasbench_ga.tables import is_accuracy

_MATTERS_TO = {
    "weight": ("weighted",),
    "threshold": ("lexicographic", "scenario-1"),
    "reference": ("scenario-1", "scenario-2"),
    "reference_trainings": ("lexicographic", "scenario-1"),
}
"""Settings of trained networks, and the goals that they matter to; others matter to all."""


def choose_metric(sets: Sequence[RunSet], wanted: str | None = None) -> str:
    """What to compare sets of runs by: what was asked for, else the test accuracy that all of them report.

    Raises:
        UnknownNameError: not all records hold what was asked for, or it is no accuracy, of which more is better.
        NasbenchError: they report different metrics, or have none in common.
    """
    comparable = [metric for metric in sets[0].metrics if metric == FITNESS or is_accuracy(metric)]
    common = [metric for metric in comparable if all(metric in own.metrics for own in sets)]
    if not _alike(sets, _scale):
        common.remove(FITNESS)
    if wanted is not None:
        if wanted not in common:
            raise UnknownNameError("accuracy", wanted, common, " that all of these records hold")
        return wanted
    reported = {own.test_metric for own in sets}
    if len(reported) == 1 and reported <= {*common}:
        return reported.pop()
    listed = "; ".join(f"{own.name} {own.test_metric}" for own in sets)
    choices = f"choose one that all hold with --metric: {', '.join(common)}" if common else "they have none in common"
    raise NasbenchError(f"Expected records that report one metric, got {listed}: {choices}.")


def differences(sets: Sequence[RunSet], metric: str, at_equal_cost: bool) -> list[str]:
    """In what sets of runs are not alike, a sentence each; none if they are but for how they searched.

    Args:
        sets: of runs.
        metric: that they are compared by.
        at_equal_cost: whether what is compared was found at the same cost by all.
    """
    said = []

    def differ(what: Callable[[RunSet], object], sentence: str) -> None:
        if not _alike(sets, what):
            said.append(sentence.format("; ".join(f"{own.name}: {what(own)}" for own in sets)))

    differ(lambda own: own.record.config["space"], "Different spaces were searched ({}).")
    differ(_maximised, f"Different things were maximised ({{}}); compared is {metric} of the cell that each run chose.")
    if _alike(sets, lambda own: own.record.config["fitness"]):
        for name in sorted({name for own in sets for name in _conditions(own)}):
            differ(partial(_condition, name), f"The fitness was measured with different {name} ({{}}).")
    if not at_equal_cost:
        differ(
            lambda own: own.budget_in_words,
            "Budgets differ ({}), so a difference may be one of budgets; --evaluations compares what had been found "
            "after as many evaluations.",
        )
        if _alike(sets, lambda own: own.budget_in_words):
            differ(_length, "Runs have different numbers of evaluations ({}).")
    differ(_table, "The numbers are of different tables ({}).")
    differ(lambda own: _plugins(own) or "none", "Different plug-ins were loaded, or other versions of them ({}).")
    differ(len, "There are not as many runs of each ({}).")
    optimistic = [own.name for own in sets if _searched_on_test(own) and own.fitness_metric == metric]
    if optimistic:
        said.append(f"The test accuracy itself was maximised by {', '.join(optimistic)}: these results are optimistic.")
    return said


def share_seeds(sets: Sequence[RunSet]) -> bool:
    """Whether run i of every set began with the same random numbers: they have one seed, and are as many."""
    return _alike(sets, lambda own: (own.record.config["seed"], len(own)))


def _alike(sets: Sequence[RunSet], what: Callable[[RunSet], object]) -> bool:
    return all(what(own) == what(sets[0]) for own in sets)


def _scale(own: RunSet) -> tuple[object, ...]:
    """What a fitness of 1 means: of fitnesses that differ in it, numbers are not to be compared."""
    config, conditions = own.record.config, _conditions(own)
    told = config.get("fitness_provenance") or {}
    of = (told["goal"], told["dataset"]) if "goal" in told else ()
    return (config["fitness"], own.fitness_metric, *of, conditions.get("weight"), conditions.get("threshold"))


def _searched_on_test(own: RunSet) -> bool:
    return bool((own.record.config.get("objective") or {}).get("searches_on_test"))


def _maximised(own: RunSet) -> str:
    fitness = str(own.record.config["fitness"])
    told = own.record.config.get("fitness_provenance") or {}
    if "goal" in told:
        return f"{fitness} ({told['goal']} on {told['dataset']})"
    return f"{fitness} ({own.fitness_metric})" if own.fitness_metric else fitness


def _conditions(own: RunSet) -> dict[str, object]:
    """How the fitness was measured, by the names of settings; of lists, only a digest.

    Not among them are what it is of, its seed, and what its goal ignores.
    """
    told = own.record.config.get("fitness_provenance") or {}
    flat: dict[str, object] = {}
    for name, value in told.items():
        flat |= {f"{name}.{inner}": one for inner, one in value.items()} if isinstance(value, dict) else {name: value}
    if "threshold" in flat:
        flat["threshold"] = own.record.known.get("threshold", flat["threshold"])
    ignored = {name for name, goals in _MATTERS_TO.items() if "goal" in told and told["goal"] not in goals}
    return {
        name: json_digest(value) if isinstance(value, list) else value
        for name, value in flat.items()
        if name not in ("goal", "dataset", "seed", *ignored)
    }


def _condition(name: str, own: RunSet) -> object:
    return _conditions(own).get(name, "none")


def _length(own: RunSet) -> str:
    least, most = own.lengths.min(), own.lengths.max()
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _table(own: RunSet) -> str:
    table = own.record.config.get("table")
    return f"{table['name']} {table['fingerprint'][:12]}" if table else "none"


def _plugins(own: RunSet) -> str:
    return ", ".join(f"{name} {digest[:12]}" for name, digest in sorted(own.record.config.get("load", {}).items()))
