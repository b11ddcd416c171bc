"""The NASWT score of untrained networks (Mellor et al., ICML 2021, section 3 and equations 1-2).

The score is log |det K_H| (see `agreements`) over the ReLU units between input and output: high where a network tells
images apart before it is trained.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils._pytree import tree_leaves

from nasbench_ga.errors import NasbenchError
from nasbench_ga.fitness.agreements import Agreements, log_determinants
from nasbench_ga.networks import Network, build_networks
from nasbench_ga.spaces import Genotypes, Space
from nasbench_ga.spaces.nats_tss import STAGE_CHANNELS
from nasbench_ga.spaces.nb101_parameters import STEM

MOST_AT_ONCE = 64
"""Most networks in one pass over a GPU."""
MAPS = 20
"""Feature maps of the first stage, of 4 bytes a number, that a network needs room for: the measured most is 18."""


def naswt_score(network: nn.Module, images: Tensor) -> float:
    """The NASWT score of a network on a batch of images; minus infinity if K_H is singular.

    Counted are the ReLUs (`torch.nn.ReLU`) that depend on the images and that the output depends on, as often as each
    is called. Batch norms use the statistics of the batch, all else runs as for inference. The network is left as it
    was.

    Args:
        network: from images to a tensor or several.
        images: float, shape (batch, ...), on the network's device.

    Raises:
        NasbenchError: no ReLU, images that the network cannot take, an output that cannot be followed back to the
            images, or too little memory.
    """
    _check(images)
    _check_network(network)
    modes = [(module, module.training) for module in network.modules()]
    try:
        for module, _ in modes:
            module.training = isinstance(module, _BatchNorm)
        with _explained(images), _exact(), torch.inference_mode(False):
            return _score(network, images.detach().clone())
    finally:
        for module, mode in modes:
            module.training = mode


def _check(images: object) -> None:
    if not isinstance(images, Tensor):
        raise NasbenchError(f"Images are a float tensor of torch, not {type(images).__name__}; see torch.from_numpy.")
    if not images.is_floating_point() or images.dim() < 2 or len(images) < 2:
        raise NasbenchError(
            f"Expected a float tensor of two images or more, shape (batch, ...), got {images.dtype} of shape "
            f"{tuple(images.shape)}."
        )


def _check_network(network: object) -> None:
    if not isinstance(network, nn.Module):
        raise NasbenchError(f"A network is an object of torch.nn.Module, not {network!r}.")


def _score(network: nn.Module, images: Tensor) -> float:
    relus = [module for module in network.modules() if isinstance(module, nn.ReLU)]
    if not relus:
        raise NasbenchError(
            "The network has no torch.nn.ReLU, and NASWT counts how those switch; ReLUs that are called as functions "
            "are not seen."
        )
    connected = _connected(network, relus, images[:2])
    if not any(connected):
        _check_that_outputs_are_recorded(network, images[:2])
    agreements, calls = Agreements(1, len(images), images.device), itertools.count()

    def count(_module: nn.Module, _inputs: tuple[Tensor], output: Tensor) -> None:
        call = next(calls)
        if call < len(connected) and connected[call]:
            agreements.add(output)

    with torch.no_grad(), _hooks(relu.register_forward_hook(count) for relu in relus):
        output = functional_call(network, _copied_buffers(network), (_laid_out(images),))
    if (called := next(calls)) != len(connected):
        raise NasbenchError(
            f"The network calls its ReLUs {len(connected)} times for 2 images and {called} times for {len(images)}; "
            "NASWT needs a network that treats every batch alike."
        )
    if not all(tensor.isfinite().all() for tensor in tree_leaves(output) if isinstance(tensor, Tensor)):
        raise NasbenchError(
            "The network's output is not finite, so its ReLUs cannot be counted; look at weights and images."
        )
    return float(log_determinants(agreements.matrices())[0])


def naswt_scores(
    space: Space, genotypes: Genotypes, images: Tensor, seed: int = 0, at_once: int | None = None, **sizes: Any
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """The NASWT scores of the untrained networks of genotypes.

    The same call gives the same scores to the last digit, on a CPU with any number of threads. On a GPU a network's
    score may differ in the seventh digit with the company that it is computed in.

    Args:
        space: of the genotypes.
        genotypes: int8, shape (n, genes).
        images: float, shape (batch, 3, height, width), on the device to compute on.
        seed: of the weights.
        at_once: networks in one pass, for benchmarks that have networks side by side; by default one on a CPU (each
            of torch's threads takes another), and on a GPU as many as half of its memory holds, up to `MOST_AT_ONCE`.
        **sizes: of the networks, other than the published ones.

    Yields:
        Which of the genotypes, and their scores.

    Raises:
        NasbenchError: images that the networks cannot take, or too little memory.
    """
    _check(images)
    build = partial(build_networks, space, seed=seed, device=str(images.device), **sizes)
    if images.is_cuda:
        at_once = at_once or _fitting(images, first_width(space, sizes))
        yield from _passes(build(genotypes=genotypes, at_once=at_once), images)
    else:
        yield from _in_threads(build, genotypes, images, at_once or 1)


def _passes(networks: Iterable[tuple[slice, Network]], images: Tensor) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Scores on a GPU: it computes one pass while the one before is read and the next is built."""
    waiting: tuple[slice, Agreements] | None = None
    for chosen, network in networks:
        agreements = _of_untrained(network, chosen.stop - chosen.start, images)
        agreements.fetch()
        if waiting:
            yield waiting[0], log_determinants(waiting[1].matrices())
        waiting = (chosen, agreements)
    if waiting:
        yield waiting[0], log_determinants(waiting[1].matrices())


def _in_threads(
    build: Callable[..., Iterator[tuple[slice, Network]]], genotypes: Genotypes, images: Tensor, at_once: int
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Scores on a CPU: a core computes a network alone, for the same digits whatever the cores, and without waiting.

    Cores that share each operation wait for one another after it, which takes many times as long as the operation
    when another program has one of them.
    """
    cores = torch.get_num_threads()
    chosen = [slice(start, min(start + at_once, len(genotypes))) for start in range(0, len(genotypes), at_once)]

    def score(rows: slice) -> NDArray[np.float64]:
        ((_, network),) = build(genotypes=genotypes[rows], at_once=at_once)
        return log_determinants(_of_untrained(network, rows.stop - rows.start, images).matrices())

    pool = ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield from zip(chosen, pool.map(score, chosen), strict=True)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(cores)


def _of_untrained(network: Network, networks: int, images: Tensor) -> Agreements:
    agreements = Agreements(networks, len(images), images.device)

    def counting(members: Sequence[int]) -> Callable[[nn.Module, tuple[Tensor], Tensor], None]:
        return lambda _module, _inputs, output: agreements.add(output, members)

    hooks = (relu.register_forward_hook(counting(members)) for relu, members in network.relus())
    exact = _exact() if images.is_cuda else contextlib.nullcontext()
    with _explained(images), exact, torch.inference_mode(), _hooks(hooks):
        network.train()(_laid_out(images))
    return agreements


def on_device(pixels: NDArray[np.float32], device: str, width: int) -> Tensor:
    """A batch of images on a device that can hold networks of a width for them.

    Args:
        pixels: float32, shape (batch, 3, height, width).
        device: `cpu`, `cuda`, or `auto` for a GPU if there is one.
        width: channels of the stem.

    Raises:
        NasbenchError: there is no GPU, or the device has too little memory.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise NasbenchError(
            "No GPU that torch can use is here (torch.cuda.is_available() is false); compute on the CPU instead: "
            "device cpu or auto."
        )
    chosen = "cpu" if device == "cpu" or not torch.cuda.is_available() else "cuda"
    has = torch.cuda.mem_get_info()[1] if chosen == "cuda" else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    needed = memory_needed(pixels.shape, width)
    if needed > has:
        raise NasbenchError(
            f"A batch of {len(pixels):,} images needs up to {needed / 2**30:,.1f} GiB in a network with a stem of "
            f"{width} channels, and the {chosen} has {has / 2**30:,.1f} GiB; take a smaller batch."
        )
    return torch.from_numpy(pixels).to(chosen)


def first_width(space: Space, sizes: Mapping[str, Any]) -> int:
    """Channels of the first stage of the networks of a space, which needs the most memory; 64 where that is unknown."""
    named = sizes.get("stem") or max(sizes.get("channels", (0,)))
    return named or {"nb101": STEM, "nats-tss": STAGE_CHANNELS[0]}.get(space.benchmark, 64)


def _fitting(images: Tensor, width: int) -> int:
    """How many networks of a width are given to a GPU at a time."""
    total = torch.cuda.get_device_properties(images.device).total_memory
    return max(1, min(MOST_AT_ONCE, total // 2 // memory_needed(images.shape, width)))


def memory_needed(shape: Sequence[int], width: int) -> int:
    """Bytes that a network of a width needs at most for images of a shape (batch, channels, height, width)."""
    batch, _, height, across = shape
    return MAPS * 4 * width * batch * height * across


def _connected(network: nn.Module, relus: Sequence[nn.Module], images: Tensor) -> list[bool]:
    """Of each call of a ReLU, in order, whether it depends on the images and the output depends on it."""
    steps: list[Any] = []
    parameters = {name: _unrecorded(parameter) for name, parameter in network.named_parameters()}
    hooks = (relu.register_forward_hook(lambda _m, _i, output: steps.append(output.grad_fn)) for relu in relus)
    with torch.enable_grad(), _hooks(hooks):
        inputs = images.clone().requires_grad_().clone()
        output = functional_call(network, parameters | _copied_buffers(network), (inputs,))
    reached: set[Any] = set()
    pending = [tensor.grad_fn for tensor in tree_leaves(output) if isinstance(tensor, Tensor)]
    while pending:
        step = pending.pop()
        if step is not None and step not in reached:
            reached.add(step)
            pending += [earlier for earlier, _ in step.next_functions]
    return [step in reached for step in steps]


def _check_that_outputs_are_recorded(network: nn.Module, images: Tensor) -> None:
    """Tells a network without a path from its input from one whose output hides where it comes from."""
    parameters = {name: parameter.detach().clone().requires_grad_() for name, parameter in network.named_parameters()}
    with torch.enable_grad():
        inputs = images.clone().requires_grad_().clone()
        output = functional_call(network, parameters | _copied_buffers(network), (inputs,))
    if not any(tensor.requires_grad for tensor in tree_leaves(output) if isinstance(tensor, Tensor)):
        raise NasbenchError(
            "The network's output cannot be followed back to its ReLUs: its forward runs under no_grad, or what it "
            "gives is detached or no float tensor."
        )


def _unrecorded(parameter: Tensor) -> Tensor:
    return parameter.clone() if parameter.is_inference() else parameter.detach()


def _copied_buffers(network: nn.Module) -> dict[str, Tensor]:
    return {name: buffer.clone() for name, buffer in network.named_buffers()}


def _laid_out(images: Tensor) -> Tensor:
    """Images in the order in memory that convolutions are fastest with."""
    fastest = torch.channels_last if images.dim() == 4 and images.device.type == "cpu" else torch.contiguous_format
    return images.contiguous(memory_format=fastest)


@contextlib.contextmanager
def _hooks(handles: Iterable[Any]) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for handle in handles:
            stack.callback(handle.remove)
        yield


@contextlib.contextmanager
def _exact() -> Iterator[None]:
    """Convolutions of a GPU in full 32-bit precision, the same each time; for the whole process while it lasts.

    `cudnn.flags` fails once `fp32_precision` was set, by which torch would have precisions chosen.
    """
    cudnn: Any = torch.backends.cudnn
    wanted = [
        (cudnn, "enabled", True),
        (cudnn, "benchmark", False),
        (cudnn, "deterministic", True),
        (cudnn.conv, "fp32_precision", "ieee"),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in wanted]
    try:
        for owner, name, value in wanted:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


@contextlib.contextmanager
def _explained(images: Tensor) -> Iterator[None]:
    """Turns what torch says of shapes and memory into a sentence."""
    shape = f"images of shape {tuple(images.shape)} ({images.dtype}, on {images.device})"
    try:
        yield
    except NasbenchError:
        raise
    except (RuntimeError, ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        if isinstance(error, torch.OutOfMemoryError) or "alloc" in reason:
            raise NasbenchError(f"There is too little memory for {shape}; take a smaller batch. ({reason})") from error
        raise NasbenchError(f"The network cannot take {shape}: {reason}") from error
