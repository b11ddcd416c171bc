"""The name of a number: `dataset/split/epochs@seed`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nasbench_ga.errors import NasbenchError

MEAN = "mean"
_NOT_ACCURACIES = ("seconds", "parameters", "mega-flops", "uncertainty")


@dataclass(frozen=True)
class Metric:
    """Which number is meant.

    Attributes:
        dataset: what was trained on, as published (`cifar10-valid`: half of CIFAR-10's training set).
        quantity: the split an accuracy was measured on (`x-valid`, `test`), or what else was measured
            (`train-seconds`, `parameters`).
        condition: epochs of the training (`108`), `54of108` for halfway through one, or whatever else
            distinguishes trainings (`analog-drift-60s`); None for what no training changes.
        seed: one training run, or `mean` over all published ones.
    """

    dataset: str
    quantity: str
    condition: str | None = None
    seed: str = MEAN

    @classmethod
    def parse(cls, name: str) -> Metric:
        """Reads `dataset/quantity[/condition][@seed]`.

        Raises:
            NasbenchError: not of that form.
        """
        base, _, seed = name.partition("@")
        parts = base.split("/")
        if len(parts) not in (2, 3) or not all(parts) or ("@" in name and not seed):
            raise NasbenchError(
                f"A metric is named dataset/split/epochs, with @seed for one training run, not {name!r}; "
                "for example cifar10/test/108 or cifar10/test/108@0."
            )
        return cls(parts[0], parts[1], parts[2] if len(parts) == 3 else None, seed or MEAN)

    @property
    def base(self) -> str:
        """The name without the seed."""
        return "/".join(part for part in (self.dataset, self.quantity, self.condition) if part is not None)

    def __str__(self) -> str:
        return self.base if self.seed == MEAN else f"{self.base}@{self.seed}"

    def of(self, quantity: str) -> Metric:
        """The same training, another quantity."""
        return replace(self, quantity=quantity)


def is_accuracy(metric: str) -> bool:
    """Whether a metric is an accuracy, in per cent.

    Raises:
        NasbenchError: the name is of no metric.
    """
    return not Metric.parse(metric).quantity.endswith(_NOT_ACCURACIES)
