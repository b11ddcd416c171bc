"""What the published study tells of its networks, as far as it is known to us: numbers of free parameters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedNetwork:
    """A network of the study.

    Attributes:
        name: what it is.
        parameters: free ones; exact but for Table 3's, of which "about 2.5 million" is known.
    """

    name: str
    parameters: int


REFERENCE = PublishedNetwork("reference: TensorFlow's tutorial on MNIST", 3_274_634)
TABLE_2 = PublishedNetwork("Table 2: as accurate, fewest parameters (scenario 1)", 61_787)
TABLE_3 = PublishedNetwork("Table 3: most accurate, fewer parameters (scenario 2)", 2_500_000)

LIKE_TABLE_2 = (
    "conv 5x5 24 - maxpool 2x2/2x2 - conv 5x5 30 - maxpool 2x2/2x2 - conv 3x3 35 - maxpool 2x2/2x2 - conv 3x3 70"
)
LIKE_TABLE_3 = "conv 5x5 32 - maxpool 2x2/2x2 - conv 5x5 64 - maxpool 2x2/2x2 - dense 775 - dropout 0.5"
"""Chains of our own with the published totals: the layers are in no text that we could read."""

TRAINING_SAVED = "about two thirds"
"""The share of training that weight inheritance and freezing saved there."""
