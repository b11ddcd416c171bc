"""Graph networks that learn a cell's value from its graph: the published one and a smaller one.

In float64, so that how a machine rounds changes no ranking. Weights and batches come from numpy's generators, and
torch's own random numbers are left alone. This module needs torch and torch-geometric.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import mse_loss, relu, silu
from torch.nn.utils.rnn import pack_padded_sequence
from torch_geometric.nn import DenseGraphConv, LSTMAggregation, SAGEConv, global_max_pool

from nasbench_ga.spaces.graphs import NO_VERTEX, OUTPUT_VERTEX, Graphs

DTYPE = torch.float64
PREDICTED_AT_ONCE = 500
LEAST_STEPS, STEPS_A_GRAPH, WARM_UP = 100, 0.5, 0.1
BATCH, RATE = 32, 0.02
DERVISI_EPOCHS, DERVISI_BATCH, DERVISI_RATE = 100, 64, 1e-3
DERVISI_TRIALS, DEAD = 20, 1e-9


@contextlib.contextmanager
def torch_on_one_thread() -> Iterator[None]:
    """While this is entered, torch computes on one thread: cells are too small for more to pay."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class GraphNetwork(nn.Module, ABC):
    """A network from graphs to a number for each.

    Args:
        kinds: number of kinds of vertices.
    """

    @abstractmethod
    def __init__(self, kinds: int) -> None:
        super().__init__()

    @abstractmethod
    def bound(self, name: str, parameter: nn.Parameter) -> float:
        """How far from zero a parameter may start."""

    @abstractmethod
    def evaluate(self, graphs: Graphs) -> Tensor:
        """One number for each graph, shape (n,)."""

    def initialise(self, seed: int) -> None:
        """Sets all weights, each from a generator of its own, made of the seed and its name; norms do nothing yet."""
        for module in self.modules():
            if isinstance(module, nn.LayerNorm):
                module.reset_parameters()
        for name, parameter in self.named_parameters():
            if not isinstance(self._owner(name), nn.LayerNorm):
                bound = self.bound(name, parameter)
                rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
                with torch.no_grad():
                    parameter.copy_(torch.from_numpy(rng.uniform(-bound, bound, parameter.shape)))

    def _owner(self, name: str) -> Any:
        return self.get_submodule(name.rpartition(".")[0])


N = TypeVar("N", bound=GraphNetwork)


def untrained(kind: type[N], kinds: int, seed: int) -> N:
    """A network with the weights of a seed.

    Args:
        kind: its class.
        kinds: number of kinds of vertices.
        seed: 0 or more.
    """
    with torch.device("meta"):
        network = kind(kinds).to(DTYPE)
    network.to_empty(device="cpu").initialise(seed)
    return network


def predict(network: GraphNetwork, graphs: Graphs) -> NDArray[np.float64]:
    """A trained network's number for each graph, shape (n,)."""
    network.eval()
    with torch.inference_mode():
        starts = range(0, len(graphs), PREDICTED_AT_ONCE)
        parts = [network.evaluate(graphs.take(slice(start, start + PREDICTED_AT_ONCE))) for start in starts]
        return torch.cat(parts).numpy()


def one_hot(labels: NDArray[np.integer], kinds: int) -> Tensor:
    """Vertices by kind, shape (.., kinds); all zero where there is none."""
    return torch.from_numpy(np.eye(kinds + 1, kinds)[labels])


@dataclass(frozen=True)
class SparseBatch:
    """Graphs as one graph of many parts.

    Attributes:
        vertices: kinds, one-hot, shape (vertices of all graphs, kinds).
        edges: from (first row) and to (second row) which vertices, shape (2, edges); by target, then by source.
        graph: which graph each vertex is of, shape (vertices of all graphs,).
        graphs: how many there are.
    """

    vertices: Tensor
    edges: Tensor
    graph: Tensor
    graphs: int

    @classmethod
    def of(cls, graphs: Graphs) -> SparseBatch:
        """The tensors of some graphs."""
        present = graphs.labels != NO_VERTEX
        number = np.cumsum(present).reshape(present.shape) - 1
        which, target, source = np.nonzero(graphs.adjacency.transpose(0, 2, 1))
        return cls(
            one_hot(graphs.labels[present], graphs.kinds),
            torch.from_numpy(np.stack([number[which, source], number[which, target]])),
            torch.from_numpy(np.nonzero(present)[0]),
            len(graphs),
        )


class MessageLSTM(LSTMAggregation):  # type: ignore[misc] # torch-geometric has no types
    """An LSTM over the messages that a vertex gets, its last state being their aggregate; zero without messages.

    So does dgl, with which the study was made. torch-geometric's own goes on over the zeros that fill up the messages
    of a vertex to the most that any vertex of the batch gets, so that a prediction depends on what is asked beside it.
    """

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """The aggregate of each vertex's messages, shape (vertices, channels)."""
        messages, there = self.to_dense_batch(x, *args, **kwargs)
        count = there.sum(1)
        some = count > 0
        aggregates = messages.new_zeros(len(messages), self.out_channels)
        if some.any():
            sequences = pack_padded_sequence(messages[some], count[some], batch_first=True, enforce_sorted=False)
            _, (last, _) = self.lstm(sequences)
            aggregates[some] = last[0]
        return aggregates


class DervisiNetwork(GraphNetwork):
    """The study's network: five GraphSAGE layers, each channel's maximum over the vertices, two dense layers.

    Weights start as dgl and torch start those of these layers: uniform, by both widths in a GraphSAGE layer (Glorot &
    Bengio 2010, times the square root of 2), by the inputs in biases and dense layers, by the states in an LSTM.

    Args:
        kinds: number of kinds of vertices.
    """

    WIDTHS = (150, 75, 37, 18, 9)
    DENSE = 4

    def __init__(self, kinds: int) -> None:
        super().__init__(kinds)
        self.layers = nn.ModuleList(
            SAGEConv(inputs, outputs, aggr=MessageLSTM(inputs, inputs))
            for inputs, outputs in itertools.pairwise((kinds, *self.WIDTHS))
        )
        self.first = nn.Linear(self.WIDTHS[-1], self.DENSE)
        self.second = nn.Linear(self.DENSE, 1)

    def bound(self, name: str, parameter: nn.Parameter) -> float:
        """How far from zero a parameter may start."""
        owner = self._owner(name)
        if isinstance(owner, nn.LSTM):
            return owner.hidden_size**-0.5
        if name.endswith(("lin_l.weight", "lin_r.weight")):
            return (2 * 6 / sum(parameter.shape)) ** 0.5
        return owner.weight.shape[1] ** -0.5

    def forward(self, batch: SparseBatch) -> Tensor:
        """One number for each graph, 0 or more; shape (n,)."""
        state = batch.vertices
        for layer in self.layers:
            state = relu(layer(state, batch.edges))
        pooled = global_max_pool(state, batch.graph, batch.graphs)
        return relu(self.second(relu(self.first(pooled))))[:, 0]

    def evaluate(self, graphs: Graphs) -> Tensor:
        """One number for each graph, 0 or more; shape (n,)."""
        return self(SparseBatch.of(graphs))


def train_dervisi(graphs: Graphs, labels: NDArray[np.float64], seed: int) -> DervisiNetwork:
    """The study's training: 100 epochs of batches of 64, Adam at a constant rate of 0.001, squared error.

    From most weights on, the output is the same for every cell at the start or within a few epochs, and no gradient
    mends that. The study had one seed for the weights of all its networks; here such a network is given up for another.

    Args:
        graphs: what to learn from.
        labels: 0 or more, shape (n,).
        seed: of weights and batches.
    """
    rng, wanted = np.random.default_rng(seed), torch.from_numpy(labels)
    for own in rng.integers(2**32, size=DERVISI_TRIALS).tolist():
        network = untrained(DervisiNetwork, graphs.kinds, own).train()
        optimizer = torch.optim.Adam(network.parameters(), lr=DERVISI_RATE)
        if all(_dervisi_epoch(network, optimizer, graphs, wanted, rng) for _ in range(DERVISI_EPOCHS)):
            break
    return network


def _dervisi_epoch(
    network: DervisiNetwork, optimizer: torch.optim.Optimizer, graphs: Graphs, wanted: Tensor, rng: np.random.Generator
) -> bool:
    """Trains on every graph once; tells whether any of them had another output than the others of its batch."""
    order, lives = rng.permutation(len(graphs)), False
    for start in range(0, len(graphs), DERVISI_BATCH):
        rows = order[start : start + DERVISI_BATCH]
        predicted = network.evaluate(graphs.take(rows))
        loss = mse_loss(predicted, wanted[rows])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        lives |= float(np.ptp(predicted.detach().numpy())) > DEAD
    return lives


@dataclass(frozen=True)
class DenseBatch:
    """Graphs, each padded to the same number of vertices.

    Attributes:
        vertices: kinds, one-hot, shape (n, vertices, kinds); all zero where there is no vertex.
        into: the edges into each vertex: [i, v, u] is 1 for an edge from u to v, shape (n, vertices, vertices).
        out_of: the edges out of each vertex: the same with the last two axes swapped.
        present: 1 where there is a vertex, shape (n, vertices, 1).
        output: 1 at the output, shape (n, vertices, 1).
    """

    vertices: Tensor
    into: Tensor
    out_of: Tensor
    present: Tensor
    output: Tensor

    @classmethod
    def of(cls, graphs: Graphs) -> DenseBatch:
        """The tensors of some graphs."""
        out_of = torch.from_numpy(graphs.adjacency).to(DTYPE)
        labels = torch.from_numpy(graphs.labels)[:, :, None]
        return cls(
            one_hot(graphs.labels, graphs.kinds),
            out_of.mT.contiguous(),
            out_of,
            (labels != NO_VERTEX).to(DTYPE),
            (labels == OUTPUT_VERTEX).to(DTYPE),
        )

    def take(self, rows: NDArray[np.integer]) -> DenseBatch:
        """Some of the graphs."""
        return DenseBatch(*(tensor[rows] for tensor in vars(self).values()))


class CellNetwork(GraphNetwork):
    """Residual graph convolutions along the edges and against them; the order of the vertices is nothing to it.

    A cell is judged by the sum of its vertices' states, each channel's maximum over them, and the state of its output.

    Args:
        kinds: number of kinds of vertices.
    """

    WIDTH = 32
    DEPTH = 3
    TYPICAL_VERTICES = 4  # the sum is divided by it, to start about as wide as a single state

    def __init__(self, kinds: int) -> None:
        super().__init__(kinds)
        width, depth = self.WIDTH, self.DEPTH
        self.embedding = nn.Linear(kinds, width)
        self.along = nn.ModuleList(DenseGraphConv(width, width) for _ in range(depth))
        self.against = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(depth))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(depth))
        self.first = nn.Linear(3 * width, width)
        self.second = nn.Linear(width, 1)

    def bound(self, name: str, parameter: nn.Parameter) -> float:  # noqa: ARG002
        """How far from zero a parameter may start: as torch has it for linear layers."""
        return self._owner(name).weight.shape[1] ** -0.5

    def forward(self, batch: DenseBatch) -> Tensor:
        """One number for each graph, shape (n,)."""
        state = self.embedding(batch.vertices) * batch.present
        for along, against, norm in zip(self.along, self.against, self.norms, strict=True):
            change = along(state, batch.into) + against(batch.out_of @ state)
            state = state + silu(norm(change)) * batch.present
        total = state.sum(1) / self.TYPICAL_VERTICES
        highest = state.masked_fill(batch.present == 0, -torch.inf).amax(1)
        output = (state * batch.output).sum(1)
        return self.second(silu(self.first(torch.cat([total, highest, output], 1))))[:, 0]

    def evaluate(self, graphs: Graphs) -> Tensor:
        """One number for each graph, shape (n,)."""
        return self(DenseBatch.of(graphs))


def train_cell_network(graphs: Graphs, labels: NDArray[np.float64], seed: int) -> CellNetwork:
    """AdamW on the squared error; its rate rises in a line for a tenth of the steps, then falls to 0 along a cosine.

    Args:
        graphs: what to learn from.
        labels: of about mean 0 and standard deviation 1, shape (n,).
        seed: of weights and batches.
    """
    steps = LEAST_STEPS + round(STEPS_A_GRAPH * len(graphs))

    def share(step: int) -> float:
        return min(1, (step + 1) / (WARM_UP * steps)) * (1 + math.cos(math.pi * step / steps)) / 2

    network = untrained(CellNetwork, graphs.kinds, seed).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, share)
    everything, wanted = DenseBatch.of(graphs), torch.from_numpy(labels)
    for rows in batches(len(graphs), steps, np.random.default_rng(seed)):
        loss = mse_loss(network(everything.take(rows)), wanted[rows])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
    return network


def batches(n: int, steps: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Rows of each batch: all in a random order, then all in another; what is too little for a batch is left out."""
    size = min(BATCH, n)
    order = rng.permutation(n)
    for _ in range(steps):
        if len(order) < size:
            order = rng.permutation(n)
        yield order[:size]
        order = order[size:]
