"""Layers and chains of layers: as people write them, and as genes."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError

KINDS = ("none", "conv", "avgpool", "maxpool", "residual", "dense", "dropout")
"""By number: `none` is an empty slot."""
SPATIAL = frozenset(("conv", "avgpool", "maxpool", "residual"))
CONVOLUTIONS = frozenset(("conv", "residual"))
GENES = ("kind", "height", "width", "stride_height", "stride_width", "high", "low", "rate", "norm")
"""The genes of a slot: units - 1 are 64 * high + low; genes that a kind has no use for are 0."""
LARGEST_SIDE, MOST_UNITS, LARGEST_RATE = 15, 2048, 99
LOW_VALUES = 64
CARDINALITIES = (len(KINDS), *[LARGEST_SIDE + 1] * 4, MOST_UNITS // LOW_VALUES, LOW_VALUES, LARGEST_RATE + 1, 2)
_SIDES = ("height", "width", "stride_height", "stride_width")
_NUMBERS: dict[str, tuple[str, ...]] = {
    "conv": (*_SIDES, "units"),
    "avgpool": _SIDES,
    "maxpool": _SIDES,
    "residual": (*_SIDES, "units"),
    "dense": ("units",),
    "dropout": ("rate",),
}
_MOST = {**dict.fromkeys(_SIDES, LARGEST_SIDE), "units": MOST_UNITS, "rate": LARGEST_RATE}
_NAMES = {
    "height": "height",
    "width": "width",
    "stride_height": "stride down",
    "stride_width": "stride sideways",
    "units": "number of maps or units",
    "rate": "rate in per cent",
}
_SHAPE = r"(?P<height>\d+)x(?P<width>\d+)(/(?P<stride_height>\d+)x(?P<stride_width>\d+))?"
_WRITTEN = re.compile(
    rf"(?P<convolution>conv|residual) {_SHAPE} (?P<units>\d+)(?P<plain> plain)?"
    rf"|(?P<pool>avgpool|maxpool) {_SHAPE.replace('P<', 'P<pool_')}"
    r"|dense (?P<dense>\d+)|dropout 0?\.(?P<rate>\d\d?)"
)
_EXAMPLES = (
    "conv 5x5 32, conv 3x3/2x1 64 plain, avgpool 2x2/2x2, maxpool 3x3/2x2, residual 3x3/2x2 64, dense 1024, dropout 0.5"
)


@dataclass(frozen=True)
class Layer:
    """One layer; `str` of it is how it is written, as in ``conv 3x3/2x1 64``.

    Convolutions and residual blocks have a kernel, pooling a window, all of them strides; what is 0 a layer does not
    have. Everything is padded so that an output is its input divided by the stride, rounded up.

    Attributes:
        kind: one of `KINDS` but `none`.
        height: of the kernel or window, 1 to 15.
        width: of the kernel or window.
        stride_height: steps of the kernel or window, 1 to 15.
        stride_width: the same sideways.
        units: feature maps of a convolution or residual block, units of a dense layer, 1 to 2,048.
        rate: of dropout, in per cent, 1 to 99.
        norm: whether convolutions are followed by batch norm; written "plain" if not.

    Raises:
        NasbenchError: a number that is out of range, or that the kind does not have.
    """

    kind: str
    height: int = 0
    width: int = 0
    stride_height: int = 0
    stride_width: int = 0
    units: int = 0
    rate: int = 0
    norm: bool = False

    def __post_init__(self) -> None:
        """Refuses what is no layer."""
        if self.kind not in _NUMBERS:
            raise NasbenchError(f"A layer is one of {', '.join(_NUMBERS)}, not {self.kind!r}.")
        for name, most in _MOST.items():
            value, has = getattr(self, name), name in self.numbers
            if has and not 1 <= value <= most:
                raise NasbenchError(f"The {_NAMES[name]} of a {self.kind} layer is 1 to {most:,}, not {value:,}.")
            if value and not has:
                raise NasbenchError(f"A {self.kind} layer has no {_NAMES[name]}, but got {value}.")
        if self.norm and self.kind not in CONVOLUTIONS:
            raise NasbenchError(f"A {self.kind} layer has no batch norm; only {' and '.join(sorted(CONVOLUTIONS))} do.")

    @property
    def numbers(self) -> tuple[str, ...]:
        """The names of the numbers that it has."""
        return _NUMBERS[self.kind]

    def __str__(self) -> str:
        if self.kind == "dropout":
            return f"dropout {self.rate / 100:g}"
        if self.kind == "dense":
            return f"dense {self.units}"
        strides = (self.stride_height, self.stride_width)
        text = f"{self.kind} {self.height}x{self.width}" + ("" if strides == (1, 1) else "/{}x{}".format(*strides))
        return text if not self.units else f"{text} {self.units}" + ("" if self.norm else " plain")


@dataclass(frozen=True)
class Chain:
    """Layers from the images to the output layer, which belongs to every chain and is not written.

    `str` of it is how it is written, as in ``conv 5x5 32 - maxpool 2x2/2x2 - dense 100 - dropout 0.5``.

    Raises:
        NasbenchError: a layer with a kernel or window behind a dense one, which has no pixels any more.
    """

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        """Refuses an order without sense."""
        object.__setattr__(self, "layers", tuple(self.layers))
        dense = next((layer for layer in self.layers if layer.kind == "dense"), None)
        if not in_order(self.layers):
            last = [layer for layer in self.layers if layer.kind in SPATIAL][-1]
            raise NasbenchError(f"{last} comes after {dense}, where there are no pixels any more; put it before.")

    @classmethod
    def parse(cls, text: str) -> Chain:
        """The chain that a text stands for; layers are joined by "-", and nothing stands for no layers.

        Raises:
            NasbenchError: no layer, or a chain without sense.
        """
        return cls(tuple(map(parse_layer, text.split("-"))) if text.strip() else ())

    def __str__(self) -> str:
        return " - ".join(map(str, self.layers))

    def __repr__(self) -> str:
        return f"<Chain: {self}>"

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)


def parse_layer(text: str) -> Layer:
    """The layer that a text stands for.

    Raises:
        NasbenchError: it stands for none, or for one out of range.
    """
    found = _WRITTEN.fullmatch(" ".join(text.split()))
    if not found:
        raise NasbenchError(f"{text.strip()!r} is no layer. Layers are written like this: {_EXAMPLES}.")
    parts = found.groupdict()
    if parts["dense"]:
        return Layer("dense", units=int(parts["dense"]))
    if parts["rate"]:
        return Layer("dropout", rate=int(parts["rate"].ljust(2, "0")))
    begin = "pool_" if parts["pool"] else ""
    height, width, down, sideways = (int(parts[begin + name] or 1) for name in _SIDES)
    if parts["pool"]:
        return Layer(parts["pool"], height, width, down, sideways)
    return Layer(
        parts["convolution"], height, width, down, sideways, units=int(parts["units"]), norm=not parts["plain"]
    )


def in_order(layers: Sequence[Layer]) -> bool:
    """Whether no layer with a kernel or window follows a dense one."""
    flat = False
    for layer in layers:
        if flat and layer.kind in SPATIAL:
            return False
        flat |= layer.kind == "dense"
    return True


def dense_layers(layers: Sequence[Layer]) -> int:
    """Number of dense layers."""
    return sum(layer.kind == "dense" for layer in layers)


@functools.lru_cache(maxsize=65_536)
def to_genes(layer: Layer) -> bytes:
    """The genes of a layer, one byte each, in the order of `GENES`."""
    high, low = divmod(layer.units - 1, LOW_VALUES) if layer.units else (0, 0)
    sides = (getattr(layer, name) for name in _SIDES)
    return bytes((KINDS.index(layer.kind), *sides, high, low, layer.rate, layer.norm))


@functools.lru_cache(maxsize=65_536)
def from_genes(genes: bytes) -> Layer:
    """The layer of genes that are one."""
    kind, height, width, down, sideways, high, low, rate, norm = genes
    name = KINDS[kind]
    units = LOW_VALUES * high + low + 1 if "units" in _NUMBERS[name] else 0
    return Layer(name, height, width, down, sideways, units, rate, bool(norm))


def in_slots(genotypes: NDArray[np.int8]) -> NDArray[np.int8]:
    """Genotypes, shape (n, genes), by layer: shape (n, layers, genes of a layer)."""
    n, genes = genotypes.shape
    return genotypes.reshape(n, genes // len(GENES), len(GENES))
