"""Which number a search maximises and which it reports, for each space and data set, as the papers do."""

from __future__ import annotations

from dataclasses import dataclass

from nasbench_ga.errors import NasbenchError, UnknownNameError
from nasbench_ga.tables.metrics import Metric
from nasbench_ga.tables.table import Table


@dataclass(frozen=True)
class Objective:
    """What is searched on and what is reported.

    Attributes:
        search: the metric that is maximised.
        validation: the published validation metric, None if the table has none.
        test: the metric that a result is judged by.
        searches_on_test: whether there is no validation accuracy, so that the test accuracy itself is maximised.
    """

    search: str
    validation: str | None
    test: str
    searches_on_test: bool = False

    @property
    def reported(self) -> tuple[str, ...]:
        """The metrics that a result is described by: search, validation, test, each once."""
        return tuple(dict.fromkeys(filter(None, (self.search, self.validation, self.test))))


_PUBLISHED = {  # by space and data set: the validation and the test accuracy, of the longest training there is
    "nb101": {"cifar10": ("cifar10/valid", "cifar10/test")},
    "nats-tss": {
        "cifar10": ("cifar10-valid/x-valid", "cifar10/ori-test"),
        "cifar10-valid": ("cifar10-valid/x-valid", "cifar10-valid/ori-test"),
        "cifar100": ("cifar100/x-valid", "cifar100/x-test"),
        "ImageNet16-120": ("ImageNet16-120/x-valid", "ImageNet16-120/x-test"),
    },
}
_PUBLISHED["nats-sss"] = _PUBLISHED["nats-tss"]


def choose_objective(
    table: Table, dataset: str | None = None, search: str | None = None, test: str | None = None
) -> Objective:
    """What to search on and report with this table.

    Args:
        table: the table.
        dataset: `cifar10`, `cifar100` or `ImageNet16-120`, or another that the table holds; by default that of
            `search`, or the first. With `cifar10` of NATS-Bench, as papers print it, the reported test accuracy is
            of networks trained on the whole training set; with `cifar10-valid` of the very networks that were
            validated.
        search: a metric to maximise instead of the published validation accuracy.
        test: a metric to report instead of the published test accuracy.

    Raises:
        UnknownNameError: the table does not hold that data set or metric.
        NasbenchError: the table holds no test accuracy for the data set, or a metric is no accuracy.
    """
    for wanted in (search, test):
        if wanted is not None:
            _check_accuracy(table, wanted)
    available = _available(table)
    if dataset is None:
        complete = (name for name, (_, published) in available.items() if published)
        dataset = Metric.parse(search).dataset.removesuffix("-valid") if search else next(complete, "")
    if dataset and dataset not in available:
        raise UnknownNameError("dataset", dataset, available, f" in table {table.name}")
    validation, published_test = available.get(dataset, (None, None))
    test = test or published_test
    if test is None:
        raise NasbenchError(
            f"Table {table.name} holds no test accuracy for {dataset or 'any data set'}; name one with --test-metric. "
            f"It holds: {', '.join(table.metrics)}."
        )
    return Objective(search or validation or test, validation, test, search is None and validation is None)


def searched_datasets(table: Table) -> list[str]:
    """The data sets that can be searched on, as `choose_objective` takes them, the published ones first.

    Where two are searched by the same metric, as `cifar10` and `cifar10-valid` of NATS-Bench, only the first of them.
    """
    by_metric: dict[str, str] = {}
    for dataset, (validation, test) in _available(table).items():
        if test is not None:
            by_metric.setdefault(validation or test, dataset)
    return list(by_metric.values())


def _check_accuracy(table: Table, metric: str) -> None:
    table.values(metric)
    if (base := Metric.parse(metric).base) not in table.accuracies:
        raise NasbenchError(
            f"{base} is no accuracy, and a search maximises and reports accuracies. Choose from: "
            f"{', '.join(table.accuracies)}."
        )


def _available(table: Table) -> dict[str, tuple[str | None, str | None]]:
    """The validation and the test metric of each data set that the table knows, the published data sets first."""
    available = {}
    for dataset, splits in _PUBLISHED.get(table.space, {}).items():
        pair = (_longest(table, splits[0]), _longest(table, splits[1]))
        if any(pair):
            available[dataset] = pair
    names = [Metric.parse(metric) for metric in table.accuracies]
    for dataset in dict.fromkeys(name.dataset for name in names):
        splits_held = [name.quantity for name in names if name.dataset == dataset]
        validation, test = available.get(dataset, (_guess(table, dataset, splits_held, "valid"), None))
        available[dataset] = (validation, test or _guess(table, dataset, splits_held, "test"))
    return available


def _guess(table: Table, dataset: str, splits: list[str], word: str) -> str | None:
    split = next((split for split in splits if word in split), None)
    return _longest(table, f"{dataset}/{split}") if split else None


def _longest(table: Table, split: str) -> str | None:
    """The metric of this split after the longest whole training; where none is counted in epochs, the baseline."""
    conditions = [m.removeprefix(f"{split}/") for m in table.accuracies if m.startswith(f"{split}/")]
    epochs = sorted((condition for condition in conditions if condition.isdecimal()), key=int)
    chosen = epochs or [c for c in conditions if c == "baseline"] or conditions
    return f"{split}/{chosen[-1]}" if chosen else None
