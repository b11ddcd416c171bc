"""What trainings leave on disk while a study runs: each training and its weights, and a checkpoint of one in progress.

An outcome is written after what it is made of, each file whole or not at all. So a study that was killed at any moment
finds every training that was finished, goes on with the one that was not, and trains nothing twice.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench_ga.errors import CorruptFileError
from nasbench_ga.files import read_checked, read_json, write_checked, write_json

Outcome = dict[str, Any]
_START_AGAIN = " What was finished of this run cannot be gone on from: delete the folder of its record and run again."


class Trainings:
    """The trained networks of one repeat, each under the number of its cell.

    Args:
        folder: where they lie; made when something is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._outcomes: dict[int, Outcome] = {}
        for path in folder.glob("*.json"):
            outcome = read_json(path)
            if not isinstance(outcome, dict) or not {"number", "order", "best_training"} <= outcome.keys():
                raise CorruptFileError(f"{path} is damaged: it holds no outcome of a training.{_START_AGAIN}")
            self._outcomes[outcome["number"]] = outcome

    def outcomes(self) -> list[Outcome]:
        """Every outcome, in the order in which they came."""
        return sorted(self._outcomes.values(), key=lambda outcome: int(outcome["order"]))

    def outcome(self, number: int) -> Outcome | None:
        """The outcome of a network, None if it was not trained to the end."""
        return self._outcomes.get(number)

    def parts(self, number: int) -> list[Outcome]:
        """The trainings of a network that are finished, in order."""
        parts: list[Outcome] = []
        while (path := self._part(number, len(parts))).exists():
            parts.append(self._load(path)["training"])
        return parts

    def keep_part(self, number: int, training: int, told: Outcome, weights: Mapping[str, Any]) -> Outcome:
        """Keeps one training of a network, and removes its checkpoint.

        Args:
            number: of the network's cell.
            training: which of its trainings, from 0.
            told: what came of it, plain values.
            weights: a state dict.
        """
        import torch

        self.folder.mkdir(parents=True, exist_ok=True)
        tensors = {name: tensor.detach().cpu() for name, tensor in weights.items()}
        buffer = io.BytesIO()
        torch.save({"training": told, "weights": tensors}, buffer)
        write_checked(self._part(number, training), buffer.getvalue())
        self.checkpoint(number, training).unlink(missing_ok=True)
        return told

    def keep(self, number: int, outcome: Mapping[str, Any]) -> Outcome:
        """Keeps an outcome, as JSON, and of its trainings the weights of the most accurate one."""
        accuracies = [own["accuracy"] for own in outcome["trainings"]]
        best = accuracies.index(max(accuracies))
        kept: Outcome = {"order": len(self._outcomes), "number": number, "best_training": best, **outcome}
        write_json(self.folder / f"{number:016x}.json", kept)
        self._outcomes[number] = kept
        for training in range(len(accuracies)):
            self.checkpoint(number, training).unlink(missing_ok=True)  # left where a kill came before its removal
            if training != best:
                self._part(number, training).unlink(missing_ok=True)
        return kept

    def weights(self, number: int) -> dict[str, Any]:
        """The weights of a trained network, of its most accurate training.

        Raises:
            CorruptFileError: they cannot be read.
        """
        weights: dict[str, Any] = self._load(self._part(number, self._outcomes[number]["best_training"]))["weights"]
        return weights

    def _load(self, path: Path) -> Any:
        import torch

        try:
            content = read_checked(path)
        except CorruptFileError as error:
            if isinstance(error.__cause__, OSError) and path.exists():
                raise  # it may be readable another time
            raise CorruptFileError(f"{error}{_START_AGAIN}") from error
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)

    def checkpoint(self, number: int, training: int) -> Path:
        """Where a training of a network keeps what it needs to be gone on with."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / f"{number:016x}.{training}.checkpoint"

    def _part(self, number: int, training: int) -> Path:
        return self.folder / f"{number:016x}.{training}.pt"
