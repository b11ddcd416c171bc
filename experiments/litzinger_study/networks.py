"""The published networks, as far as they are known, trained from scratch on all images and tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from experiments.litzinger_study.published import LIKE_TABLE_2, LIKE_TABLE_3, REFERENCE, TABLE_2, TABLE_3
from nasbench_ga.files import json_digest
from nasbench_ga.fitness import Trained, TrainedSettings
from nasbench_ga.fitness.trained_settings import REFERENCE as REFERENCE_CHAIN
from nasbench_ga.pages import Heading, Paragraph, Table
from nasbench_ga.spaces import LayerChain
from nasbench_ga.training.recipe import RECIPES, Recipe

KNOWN = ((REFERENCE, REFERENCE_CHAIN), (TABLE_2, LIKE_TABLE_2), (TABLE_3, LIKE_TABLE_3))


@dataclass(frozen=True)
class TrainedNetwork:
    """A network, trained from scratch.

    Attributes:
        parameters: free ones.
        test: accuracy in per cent.
        epochs: that it was trained.
        seconds: that this took.
    """

    parameters: int
    test: float
    epochs: float
    seconds: float


def train_known(recipe: Recipe, dataset: str, seed: int, folder: Path) -> list[TrainedNetwork]:
    """Trains each of the known networks on all training images that are not held out.

    Args:
        recipe: how.
        dataset: to train on.
        seed: of weights and images.
        folder: for what is trained; what is there is not trained again.
    """
    return [train_from_scratch(chain, recipe, dataset, seed, folder) for _, chain in KNOWN]


def train_from_scratch(chain: str, recipe: Recipe, dataset: str, seed: int, folder: Path) -> TrainedNetwork:
    """Trains one chain of layers on all training images that are not held out, and tests it."""
    space = LayerChain()
    fitness = Trained(space, TrainedSettings(recipe=recipe, inherit=False), dataset, seed=seed, progress=True)
    fitness.prepare(folder / json_digest(fitness.provenance, 12))
    genotype = space.encode(chain)
    told = fitness.of_repeat(0)(genotype[None])
    (test,) = fitness.test(0, genotype).values()
    return TrainedNetwork(
        int(told.extras["parameters"][0]),
        test,
        float(told.extras["epochs"][0]),
        float(told.seconds[0]),
    )


def published_recipe(settings: TrainedSettings, epochs: float) -> Recipe:
    """How the known networks are trained: as those of the searches, but longer, and the rate falls from Adam's to 0.

    Searches may begin with a higher one, at which the reference, the one without batch norms, can stay at chance.
    """
    adam = replace(settings.recipe, optimizer="adam", learning_rate=RECIPES["mnist"].learning_rate)
    return replace(adam, epochs=epochs, schedule="cosine", stop="never", validations=1)


def blocks(trained: Sequence[TrainedNetwork]) -> list[Heading | Paragraph | Table]:
    """Published numbers beside ours, for a page."""
    rows = tuple(
        (
            published.name,
            f"{published.parameters:,}" if published is not TABLE_3 else "about 2.5 million",
            f"{own.parameters:,}",
            f"{100 * own.parameters / REFERENCE.parameters:.1f} %",
            f"{own.test:.2f} %",
            f"{own.epochs:g} ({own.seconds:.0f} s)",
        )
        for (published, _), own in zip(KNOWN, trained, strict=True)
    )
    headers = ("network", "parameters, published", "ours", "of the reference", "test accuracy, ours", "epochs")
    return [
        Heading("The published networks"),
        Paragraph(
            "Of the published tables we know the numbers of parameters, but neither the layers nor the accuracies. Two "
            "chains of our own have these numbers: Table 2's exactly (61,469 weights and biases, and batch norm of 159 "
            "feature maps), Table 3's to within a hundredth. All are trained from scratch on all training images "
            "but 5,000, and tested once on the 10,000 test images."
        ),
        Table(headers, rows, numeric=(1, 2, 3, 4, 5)),
        Paragraph(f"The chain for Table 2: `{LIKE_TABLE_2}`; for Table 3: `{LIKE_TABLE_3}`."),
    ]
