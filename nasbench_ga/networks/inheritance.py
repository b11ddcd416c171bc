"""What the network of a chain takes over from that of the chain that it was made from."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from nasbench_ga.networks.building import Inheritance

if TYPE_CHECKING:
    from nasbench_ga.networks.layer_chain import ChainNetwork, Shape

Pairs = list[tuple[int, int]]


def inherit(child: ChainNetwork, parent: ChainNetwork) -> Inheritance:
    """Copies weights, biases and the statistics of batch norms from a parent's layers to a child's.

    Layers that are alike are matched in order, with as many parameters as can be: layers of the same description and
    as many maps or numbers coming in. They are taken over whole, the output layer too. Between them, layers of one kind
    that were changed are matched in order; these take over the part of the weights that both have, kernels lying centre
    on centre, and keep their own where the parent has none. Dense layers that see maps of another size take over
    nothing.

    Args:
        child: gets weights.
        parent: stays as it is.

    Returns:
        The names of the layers that were taken over whole, each with all that is in it, and of those that begin the
        chain as they begin the parent's. Dropout has nothing to take over, and is neither among them nor a change.
    """
    ours, theirs = _described(child), _described(parent)
    weights = [1 + sum(p.numel() for p in _module(child, i).parameters()) for i in range(len(ours))]
    alike = heaviest_common(ours, theirs, weights)
    for i, j in alike:
        _module(child, i).load_state_dict(_module(parent, j).state_dict())
    for i, j in _changed(child, parent, alike):
        _take_over_part(_module(child, i), _module(parent, j), child.shapes[i], parent.shapes[j])
    own, others = _without_dropout(child), _without_dropout(parent)
    matched = [(i, j) for i, j in alike if i in own and j in others]
    leading = takewhile(lambda pairs: pairs[0] == pairs[1], zip(matched, zip(own, others, strict=False), strict=False))
    return Inheritance(_names(child, [i for i, _ in matched]), _names(child, [i for (i, _), _ in leading]))


def _without_dropout(network: ChainNetwork) -> list[int]:
    """The places of the layers that compute something when the network is trained, but for the output layer."""
    return [place for place, layer in enumerate(network.chain) if layer.kind != "dropout"]


def _names(network: ChainNetwork, places: Sequence[int]) -> frozenset[str]:
    """The names of layers and of all modules in them."""
    return frozenset(
        name
        for i in places
        for name, _ in network.layers[i].named_modules(prefix=f"layers.{i}", remove_duplicate=False)
    )


def heaviest_common(ours: Sequence[Hashable], theirs: Sequence[Hashable], weights: Sequence[int]) -> Pairs:
    """The places of the heaviest common subsequence of two sequences, ascending; with equal weights, the longest.

    Args:
        ours: one sequence.
        theirs: another.
        weights: of the items of ours, above 0; equal items are equally heavy.
    """
    heaviest = [[0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]  # of what is behind each place
    for i in reversed(range(len(ours))):
        for j in reversed(range(len(theirs))):
            skipping = max(heaviest[i + 1][j], heaviest[i][j + 1])
            heaviest[i][j] = weights[i] + heaviest[i + 1][j + 1] if ours[i] == theirs[j] else skipping
    pairs, i, j = [], 0, 0
    while i < len(ours) and j < len(theirs):
        if ours[i] == theirs[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif heaviest[i + 1][j] >= heaviest[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def _described(network: ChainNetwork) -> list[Hashable]:
    """What each layer has to have in common with another to be like it; the output layer is the last."""
    whole = {"dense", "output"}  # see each pixel of each map
    return [
        (kind, str(layer), shape if kind in whole else shape[0], tuple(p.shape for p in module.parameters()))
        for kind, layer, shape, module in zip(
            _kinds(network), (*network.chain, ""), network.shapes, (*network.layers, network.classifier), strict=True
        )
    ]


def _kinds(network: ChainNetwork) -> list[str]:
    return [*(layer.kind for layer in network.chain), "output"]


def _module(network: ChainNetwork, place: int) -> nn.Module:
    return network.classifier if place == len(network.chain) else network.layers[place]


def _changed(child: ChainNetwork, parent: ChainNetwork, alike: Pairs) -> Iterator[tuple[int, int]]:
    """The places of layers of the same kind between those that are alike."""
    ours, theirs = _kinds(child), _kinds(parent)
    for (i, j), (k, m) in pairwise([(-1, -1), *alike, (len(ours), len(theirs))]):
        for a, b in heaviest_common(ours[i + 1 : k], theirs[j + 1 : m], [1] * (k - i - 1)):
            yield i + 1 + a, j + 1 + b


@torch.no_grad()
def _take_over_part(ours: nn.Module, theirs: nn.Module, own_shape: Shape, other_shape: Shape) -> None:
    """Copies what two modules of one kind have in common.

    Args:
        ours: gets it.
        theirs: the parent's.
        own_shape: of what comes into ours.
        other_shape: of what comes into theirs.
    """
    given = theirs.state_dict()
    for name, value in ours.state_dict().items():  # shares memory with the module
        other = given.get(name)
        if other is None or not value.dim():
            continue
        if value.dim() == 2:  # of a dense layer, whose inputs are maps or units
            if own_shape[1:] != other_shape[1:]:
                return
            _copy(value.view(-1, *own_shape), other.view(-1, *other_shape), centred=())
        else:
            _copy(value, other, centred=(2, 3))


def _copy(value: Tensor, other: Tensor, centred: Sequence[int]) -> None:
    """Copies the common part of two tensors; the dimensions of a kernel lie centre on centre, others begin together."""
    places = [
        _common(own, given, centred=dimension in centred)
        for dimension, (own, given) in enumerate(zip(value.shape, other.shape, strict=True))
    ]
    value[tuple(own for own, _ in places)] = other[tuple(given for _, given in places)].to(value.device)


def _common(own: int, given: int, centred: bool) -> tuple[slice, slice]:
    shift = (own - 1) // 2 - (given - 1) // 2 if centred else 0
    start, other_start = max(shift, 0), max(-shift, 0)
    length = min(own - start, given - other_start)
    return slice(start, start + length), slice(other_start, other_start + length)
