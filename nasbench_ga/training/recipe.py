"""How networks are trained: the settings, the published recipes, and two of our own. Needs no torch."""

from __future__ import annotations

import dataclasses
import math
import operator
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from nasbench_ga.errors import NasbenchError


@dataclass(frozen=True)
class Recipe:
    """Settings of a training.

    Raises:
        NasbenchError: a setting makes no sense.
    """

    optimizer: Literal["sgd", "adam", "adamw", "adagrad", "rmsprop"] = "adam"
    """What moves the weights. rmsprop is that of TensorFlow 1, with which NAS-Bench-101 was trained."""
    learning_rate: float = 0.001
    """Learning rate that the schedule begins with."""
    momentum: float = 0.9
    """Momentum of sgd and rmsprop."""
    nesterov: bool = True
    """Nesterov's momentum in sgd, if there is momentum."""
    decay: float = 0.9
    """How much of the mean square of earlier gradients rmsprop keeps from step to step."""
    epsilon: float | None = None
    """Added to the divisor of adam, adamw, adagrad and rmsprop; by default as much as their libraries add."""
    weight_decay: float = 0.0
    """Share of each weight that is added to its gradient; in adamw taken from the weight, times the learning rate."""
    batch: int = 128
    """Images in a step; halved until a step fits into memory."""
    epochs: float = 12.0
    """How often each image is seen, at most; may be a fraction."""
    schedule: Literal["constant", "step", "cosine", "plateau"] = "constant"
    """Of the learning rate: step divides it by 10 at 1/2 and 3/4 of the epochs, cosine takes it to 0 at their end,
    plateau divides it by 10 when validations no longer get better."""
    plateau: int = 2
    """Of the schedule plateau: so many validations in a row without a better one, that before training included."""
    initial: Literal["published", "he", "xavier"] = "published"
    """First weights: as the authors of the benchmark had them, or normal by He et al. 2015 or Glorot & Bengio 2010."""
    pad: int = 0
    """Augmentation: pixels around an image, of which a piece of its size is cut out at random."""
    flip: bool = False
    """Augmentation: half of the images are mirrored left to right."""
    cutout: int = 0
    """Augmentation: side of a square that is blanked out at random, in pixels."""
    stop: Literal["never", "patience", "curve"] = "never"
    """When training ends before the epochs are over: patience, when validations no longer get better; curve, when their
    best is still rising too slowly, measured over a share of what was trained."""
    validations: float = 1.0
    """Validations in an epoch; may be a fraction. There is always one before training, and one at the end."""
    patience: int = 3
    """Of stop patience: so many validations in a row without a better one, that before training included."""
    window: float = 0.3
    """Of stop curve: over which share of the epochs so far the best accuracy has to rise."""
    least_gain: float = 0.05
    """Of stop curve: by how much it has to rise, in per cent points."""
    least_epochs: float = 0.0
    """Training does not stop before so many epochs."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Numbers that layers compute with: auto takes bfloat16 on GPUs that have it, float32 elsewhere."""

    def __post_init__(self) -> None:
        """Takes numbers as numpy and JSON have them, and refuses settings without sense."""
        for field, kind in typing.get_type_hints(type(self)).items():
            if typing.get_origin(kind) is Literal:
                self._check_choice(field, typing.get_args(kind))
            elif kind is bool:
                self._check_choice(field, (False, True))
        for field in ("batch", "plateau", "patience"):
            self._check_integer(field, 1)
        for field in ("pad", "cutout"):
            self._check_integer(field, 0)
        self._check_number("epochs", "above 0 and up to 100,000", lambda number: 0 < number <= 100_000)
        for field in ("learning_rate", "validations", "least_gain"):
            self._check_number(field, "a number above 0", lambda number: number > 0)
        for field in ("weight_decay", "least_epochs"):
            self._check_number(field, "0 or more", lambda number: number >= 0)
        for field in ("momentum", "decay"):
            self._check_number(field, "at least 0 and below 1", lambda number: 0 <= number < 1)
        self._check_number("window", "above 0 and below 1", lambda number: 0 < number < 1)
        if self.epsilon is not None:
            self._check_number("epsilon", "a number above 0", lambda number: number > 0)

    def _check_choice(self, field: str, choices: tuple[Any, ...]) -> None:
        value = getattr(self, field)
        if value not in choices or isinstance(value, bool) != isinstance(choices[0], bool):
            raise NasbenchError(f"recipe.{field} is {' or '.join(map(str, choices))}, not {value!r}.")

    def _check_integer(self, field: str, least: int) -> None:
        value = getattr(self, field)
        try:
            number = operator.index(value)
        except TypeError as error:
            raise NasbenchError(f"recipe.{field} is an integer, not {value!r}.") from error
        if number < least:
            raise NasbenchError(f"recipe.{field} is {least} or more, not {number}.")
        object.__setattr__(self, field, number)

    def _check_number(self, field: str, expected: str, fits: typing.Callable[[float], bool]) -> None:
        value = getattr(self, field)
        try:
            number = math.nan if isinstance(value, str | bool) else float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not (math.isfinite(number) and fits(number)):
            raise NasbenchError(f"recipe.{field} is {expected}, not {value!r}.")
        object.__setattr__(self, field, number)


_NATS = Recipe(
    optimizer="sgd",
    learning_rate=0.1,
    weight_decay=5e-4,
    batch=256,
    epochs=200,
    schedule="cosine",
    pad=4,
    flip=True,
)

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        # Ying et al. 2019, table 2 of the supplement, and the authors' code: 0.1 times the 2 shards of a TPU chip,
        # TensorFlow's usual decay, and the weight decay on all that is trained, batch norms and biases too.
        "nb101": Recipe(
            optimizer="rmsprop",
            learning_rate=0.2,
            epsilon=1.0,
            weight_decay=1e-4,
            batch=256,
            epochs=108,
            schedule="cosine",
            pad=4,
            flip=True,
        ),
        # Dong et al. 2021, table 2: the topology space for 200 epochs, and both spaces for 12.
        "nats": _NATS,
        "nats-12": dataclasses.replace(_NATS, epochs=12),
        # Ours: to rank networks of colour images within minutes.
        "proxy": dataclasses.replace(_NATS, batch=128, epochs=3),
        # Ours: until the validation accuracy hardly moves. On MNIST it goes up and down by 0.2 per cent points, which a
        # window of 0.3 can take for the end: a small network after 2.5 epochs and at 98.3 %, where 14 epochs reach
        # 98.9 %. At twice the rate, 9 of 24 networks of TensorFlow's tutorial, which has no batch norm, learned nothing
        # in half an epoch of 3,000 images; at this one, each of 20 was right on 85 % or more after an epoch.
        "mnist": Recipe(
            learning_rate=0.001,
            batch=64,
            epochs=20,
            schedule="plateau",
            plateau=1,
            stop="curve",
            validations=2,
            window=0.5,
            least_gain=0.1,
        ),
    }
)
"""Recipes by name."""
