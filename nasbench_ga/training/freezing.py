"""Parts of a network that training leaves as they are."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator

from torch import nn

from nasbench_ga.errors import UnknownNameError


@contextlib.contextmanager
def frozen_modules(network: nn.Module, names: Collection[str]) -> Iterator[list[nn.Module]]:
    """While this is entered, parameters of some modules get no gradients.

    Args:
        network: of which they are.
        names: of the modules, as `network.named_modules()` has them.

    Yields:
        The modules. Whoever trains the network puts them into evaluation mode, for batch norms and dropouts.

    Raises:
        UnknownNameError: the network has no such module.
    """
    known = dict(network.named_modules())
    for name in names:
        if name not in known:
            raise UnknownNameError("module", name, known, " in the network")
    modules = [known[name] for name in names]
    parameters = {parameter for module in modules for parameter in module.parameters() if parameter.requires_grad}
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield modules
    finally:
        for parameter in parameters:
            parameter.requires_grad_()
