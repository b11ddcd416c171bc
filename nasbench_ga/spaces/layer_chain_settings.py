"""What may be set of the space of layer chains."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from functools import cached_property

from nasbench_ga.errors import NasbenchError
from nasbench_ga.spaces.layers import LARGEST_SIDE, MOST_UNITS, Chain, Layer, dense_layers

MOST_LAYERS = 64
_RANGES = {"max_layers": MOST_LAYERS, "max_kernel": LARGEST_SIDE, "max_width": MOST_UNITS}
_COSTS = ("max_parameters", "max_multiply_adds")
OPERATORS = ("insert", "delete", "modify", "switch")


@dataclass(frozen=True)
class LayerChainSettings:
    """Which chains there are, and how they are mutated."""

    max_parameters: int | None = None
    """Most free parameters of a network, the output layer's included; no limit by default."""
    max_multiply_adds: int | None = None
    """Most multiplications of a network for one image, with which the time of training grows; no limit by default."""
    max_layers: int = 12
    """Most layers of a chain; the output layer does not count."""
    max_kernel: int = 7
    """Largest side of a kernel or pooling window, and largest stride."""
    max_width: int = MOST_UNITS
    """Most feature maps of a convolution and units of a dense layer."""
    dense: int = 0
    """Fewest hidden dense layers of a chain."""
    prefix: str = ""
    """Layers that every chain begins with and that nothing changes, as in "conv 5x5 32 - maxpool 2x2/2x2"."""
    batch_norm: bool = True
    """Convolutions that are drawn at random are followed by batch norm."""
    insert: float = 1.0
    """How often a mutation inserts a layer, in proportion to the others."""
    delete: float = 1.0
    """How often a mutation deletes a layer."""
    modify: float = 1.0
    """How often a mutation changes a number of a layer."""
    switch: float = 1.0
    """How often a mutation has two layers change places."""

    def __post_init__(self) -> None:
        """Takes numbers as numpy has them, and refuses settings that no chain meets whatever the images."""
        self._check_numbers()
        for name in OPERATORS:
            weight = getattr(self, name)
            if not (weight >= 0 and math.isfinite(weight)):
                raise NasbenchError(f"layer_chain.{name} is a number, 0 or more, not {weight!r}.")
        if not any(self.weights):
            raise NasbenchError(f"layer_chain.{', '.join(OPERATORS)} are all 0, so that nothing could be mutated.")
        self._check_prefix()

    def _check_numbers(self) -> None:
        for name in (*_COSTS, *_RANGES, "dense"):
            value = getattr(self, name)
            if name in _COSTS and value is None:
                continue
            least, most = (0 if name == "dense" else 1), _RANGES.get(name)
            try:
                object.__setattr__(self, name, operator.index(value))
            except TypeError as error:
                raise NasbenchError(f"layer_chain.{name} is an integer, not {value!r}.") from error
            if value < least or (most is not None and value > most):
                limits = f"{least} or more" if most is None else f"{least} to {most:,}"
                raise NasbenchError(f"layer_chain.{name} is {limits}, not {value:,}.")

    def _check_prefix(self) -> None:
        """Makes sure that the prefix is within the limits and leaves room for the dense layers."""
        begun = len(self.fixed)
        if begun > self.max_layers:
            raise NasbenchError(
                f"The prefix has {begun} layers, but a chain has at most {self.max_layers} (layer_chain.max_layers)."
            )
        for layer in self.fixed:
            largest = max(layer.height, layer.width, layer.stride_height, layer.stride_width)
            if largest > self.max_kernel:
                raise NasbenchError(
                    f"The prefix has {layer}, but kernels, windows and strides are at most {self.max_kernel} "
                    "(layer_chain.max_kernel)."
                )
            if layer.units > self.max_width:
                raise NasbenchError(
                    f"The prefix has {layer}, but a layer is at most {self.max_width} wide (layer_chain.max_width)."
                )
        if self.more_dense > self.free:
            raise NasbenchError(
                f"A chain is to have {self.dense} dense layers (layer_chain.dense), of which the prefix has "
                f"{dense_layers(self.fixed)}, but of at most {self.max_layers} layers it leaves only {self.free}."
            )

    @cached_property
    def fixed(self) -> tuple[Layer, ...]:
        """The layers of the prefix."""
        return Chain.parse(self.prefix).layers

    @property
    def free(self) -> int:
        """Most layers behind the prefix."""
        return self.max_layers - len(self.fixed)

    @cached_property
    def more_dense(self) -> int:
        """Dense layers that have to follow the prefix."""
        return max(0, self.dense - dense_layers(self.fixed))

    @cached_property
    def flat(self) -> bool:
        """Whether the prefix has a dense layer, so that no kernels follow."""
        return dense_layers(self.fixed) > 0

    @property
    def costs_are_limited(self) -> bool:
        """Whether there is a limit of parameters or multiplications."""
        return not (self.max_parameters is None and self.max_multiply_adds is None)

    @property
    def weights(self) -> tuple[float, ...]:
        """How often each of `OPERATORS` is used, in proportion."""
        return tuple(getattr(self, name) for name in OPERATORS)
