"""What trainings leave on disk while a study runs: their outcomes, their weights, and checkpoints of one in progress.

An outcome is written after its weights, each file whole or not at all. So a study that was killed at any moment finds
every network that was finished, goes on with the one that was not, and trains nothing twice.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench_ga.errors import CorruptFileError
from nasbench_ga.files import read_json, write_bytes, write_json

Outcome = dict[str, Any]


class Trainings:
    """The trained networks of one repeat.

    Args:
        folder: where they lie; made when something is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._outcomes: dict[int, Outcome] = {}
        for path in folder.glob("*.json"):
            outcome = read_json(path)
            self._outcomes[outcome["number"]] = outcome

    def outcomes(self) -> list[Outcome]:
        """Every outcome, in the order in which they came."""
        return sorted(self._outcomes.values(), key=lambda outcome: int(outcome["order"]))

    def outcome(self, number: int) -> Outcome | None:
        """The outcome of a network, None if it was not trained."""
        return self._outcomes.get(number)

    def keep(self, number: int, outcome: Mapping[str, Any], weights: Mapping[str, Any]) -> Outcome:
        """Keeps an outcome, as JSON, and the weights that it is of (a state dict)."""
        import torch

        self.folder.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        torch.save(dict(weights), buffer)
        write_bytes(self._path(number, "pt"), buffer.getvalue())
        kept: Outcome = {"order": len(self._outcomes), "number": number, **outcome}
        write_json(self._path(number, "json"), kept)
        self._outcomes[number] = kept
        for checkpoint in self.folder.glob("*.checkpoint"):
            checkpoint.unlink(missing_ok=True)
        return kept

    def weights(self, number: int) -> dict[str, Any]:
        """The weights of a trained network.

        Raises:
            CorruptFileError: they cannot be read.
        """
        import torch

        path = self._path(number, "pt")
        try:
            weights: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged file can raise nearly anything
            raise CorruptFileError(
                f"{path} cannot be read ({error}). What was finished of this run cannot be gone on from: delete its "
                "folder and run again."
            ) from error
        return weights

    def checkpoint(self, number: int, training: int) -> Path:
        """Where a training of a network keeps what it needs to be gone on with."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self._path(number, f"{training}.checkpoint")

    def _path(self, number: int, kind: str) -> Path:
        return self.folder / f"{number:016x}.{kind}"
