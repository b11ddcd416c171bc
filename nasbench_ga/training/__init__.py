"""Real images to train on: published data sets, read as their authors publish them and checked. Needs no torch."""

from nasbench_ga.training import catalog, photographs  # noqa: F401  (register the data sets)
from nasbench_ga.training.batches import Batch, draw_batch
from nasbench_ga.training.datasets import (
    DATASETS,
    DataSet,
    Images,
    Layout,
    find_layout,
    load_images,
    register_dataset,
)
from nasbench_ga.training.splits import Splits, split_images

__all__ = [
    "DATASETS",
    "Batch",
    "DataSet",
    "Images",
    "Layout",
    "Splits",
    "draw_batch",
    "find_layout",
    "load_images",
    "register_dataset",
    "split_images",
]
