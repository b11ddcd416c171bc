"""Which number a search maximises and which it reports, for each space and data set, as the papers do."""

from __future__ import annotations

from dataclasses import dataclass

from nasbench_ga.errors import NasbenchError, UnknownNameError
from nasbench_ga.tables.metrics import Metric
from nasbench_ga.tables.table import Table


@dataclass(frozen=True)
class Protocol:
    """What is searched on and what is reported.

    Attributes:
        search: the metric that is maximised.
        validation: the published validation metric, None if the table has none.
        test: the metric that a result is judged by.
        notes: what deviates from the published protocol, one sentence each.
    """

    search: str
    validation: str | None
    test: str
    notes: tuple[str, ...] = ()


_PUBLISHED = {
    "nb101": {"cifar10": ("cifar10/valid/108", "cifar10/test/108")},
    "nats-tss": {
        "cifar10": ("cifar10-valid/x-valid/200", "cifar10/ori-test/200"),
        "cifar10-valid": ("cifar10-valid/x-valid/200", "cifar10-valid/ori-test/200"),
        "cifar100": ("cifar100/x-valid/200", "cifar100/x-test/200"),
        "ImageNet16-120": ("ImageNet16-120/x-valid/200", "ImageNet16-120/x-test/200"),
    },
    "nats-sss": {
        "cifar10": ("cifar10-valid/x-valid/90", "cifar10/ori-test/90"),
        "cifar10-valid": ("cifar10-valid/x-valid/90", "cifar10-valid/ori-test/90"),
        "cifar100": ("cifar100/x-valid/90", "cifar100/x-test/90"),
        "ImageNet16-120": ("ImageNet16-120/x-valid/90", "ImageNet16-120/x-test/90"),
    },
}


def protocol(table: Table, dataset: str | None = None, search: str | None = None, test: str | None = None) -> Protocol:
    """What to search on and report with this table.

    Args:
        table: the table.
        dataset: `cifar10` (the default), `cifar100` or `ImageNet16-120`, or another that the table holds. With
            `cifar10` of NATS-Bench, as papers print it, the reported test accuracy is of networks trained on the
            whole training set; with `cifar10-valid` of the very networks that were validated.
        search: a metric to maximise instead of the published validation accuracy.
        test: a metric to report instead of the published test accuracy.

    Raises:
        UnknownNameError: the table does not hold that data set or metric.
    """
    published = _PUBLISHED.get(table.space, {})
    held = dict.fromkeys(Metric.parse(metric).dataset for metric in table.accuracies)
    if dataset is None:
        dataset = Metric.parse(search).dataset.removesuffix("-valid") if search else next(iter({**published, **held}))
    if dataset not in held:
        raise UnknownNameError(f"dataset in table {table.name}", dataset, held)
    validation, reported = published.get(dataset, (None, None))
    validation = validation if validation is not None and validation in table else None
    test = test or (reported if reported is not None and reported in table else _any_test(table, dataset))
    for wanted in filter(None, (search, test)):
        table.values(wanted)
    if search is None and validation is None:
        note = (
            f"Table {table.name} holds no validation accuracy for {dataset}, so the search maximises the test "
            f"accuracy {test} itself: its results are optimistic."
        )
        return Protocol(test, None, test, (note,))
    return Protocol(search or str(validation), validation, test)


def _any_test(table: Table, dataset: str) -> str:
    tests = [m for m in table.accuracies if Metric.parse(m).dataset == dataset and "test" in Metric.parse(m).quantity]
    if not tests:
        raise NasbenchError(
            f"Table {table.name} holds no test accuracy for {dataset}; name one with --test-metric. "
            f"It holds: {', '.join(table.metrics)}."
        )
    baseline = [m for m in tests if m.endswith("/baseline")]
    return (baseline or tests)[-1]
