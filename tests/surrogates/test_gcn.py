"""The graph networks: what they compute, by oracles; and what their surrogates promise beyond the contract."""

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau, norm, rankdata
from torch import nn
from torch_geometric.nn import GraphConv, LSTMAggregation, SAGEConv

from experiments import surrogate_ranking
from nasbench_ga.spaces import get_space
from nasbench_ga.spaces.graphs import Graphs
from nasbench_ga.surrogates import DervisiGraphSurrogate, GraphSurrogate, Surrogate, surrogates
from nasbench_ga.surrogates import graph_networks as networks
from nasbench_ga.surrogates.gcn import NormalScores
from nasbench_ga.surrogates.graph_networks import CellNetwork, DenseBatch, DervisiNetwork, MessageLSTM, SparseBatch
from nasbench_ga.tables import open_table
from tests.surrogates.conftest import examples

SPACE = get_space("nb101")


@pytest.fixture
def few_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "DERVISI_EPOCHS", 12)


def cells(n: int, seed: int = 0) -> np.ndarray:
    return SPACE.enumerate()[np.random.default_rng(seed).integers(SPACE.size, size=n)]


def graphs(n: int, seed: int = 0) -> Graphs:
    return SPACE.graphs(cells(n, seed))


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def lstm_by_hand(messages: list[np.ndarray], lstm: nn.LSTM) -> np.ndarray:
    """The last state of an LSTM, from its equations."""
    wide = lstm.hidden_size
    by_input, by_state, *biases = (p.detach().numpy() for p in lstm.parameters())
    state, memory = np.zeros(wide), np.zeros(wide)
    for message in messages:
        gates = by_input @ message + by_state @ state + sum(biases)
        take, keep, new, give = np.split(gates, 4)
        memory = sigmoid(keep) * memory + sigmoid(take) * np.tanh(new)
        state = sigmoid(give) * np.tanh(memory)
    return state


def test_the_published_network_has_the_published_widths() -> None:
    shapes = {name: tuple(weights.shape) for name, weights in DervisiNetwork(5).named_parameters()}
    for layer, (inputs, outputs) in enumerate([(5, 150), (150, 75), (75, 37), (37, 18), (18, 9)]):
        own = {name.removeprefix(f"layers.{layer}."): s for name, s in shapes.items() if f"layers.{layer}." in name}
        assert own == {
            "aggr_module.lstm.weight_ih_l0": (4 * inputs, inputs),
            "aggr_module.lstm.weight_hh_l0": (4 * inputs, inputs),
            "aggr_module.lstm.bias_ih_l0": (4 * inputs,),
            "aggr_module.lstm.bias_hh_l0": (4 * inputs,),
            "lin_l.weight": (outputs, inputs),
            "lin_l.bias": (outputs,),
            "lin_r.weight": (outputs, inputs),
        }
    assert [shapes[f"{part}.weight"] for part in ("first", "second")] == [(4, 9), (1, 4)]


def test_a_sage_layer_by_hand() -> None:
    network = networks.untrained(DervisiNetwork, 5, seed=3)
    layer, batch = network.layers[0], SparseBatch.of(graphs(6))
    found = layer(batch.vertices, batch.edges).detach().numpy()
    vertices, (source, target) = batch.vertices.numpy(), batch.edges.numpy()
    own, bias, aggregate = (p.detach().numpy() for p in (layer.lin_r.weight, layer.lin_l.bias, layer.lin_l.weight))
    for vertex, features in enumerate(vertices):
        before = [vertices[other] for other in sorted(source[target == vertex])]
        expected = own @ features + aggregate @ lstm_by_hand(before, layer.aggr_module.lstm) + bias
        np.testing.assert_allclose(found[vertex], expected, atol=1e-12)


def test_the_whole_published_network_by_hand() -> None:
    network, shown = networks.untrained(DervisiNetwork, 5, seed=5), graphs(4)
    found = networks.predict(network, shown)
    for labels, adjacency, value in zip(shown.labels, shown.adjacency, found, strict=True):
        state = list(np.eye(5)[labels[labels >= 0]])
        for layer in network.layers:
            weights = [p.detach().numpy() for p in (layer.lin_r.weight, layer.lin_l.weight, layer.lin_l.bias)]
            state = [
                np.maximum(
                    weights[0] @ own
                    + weights[1] @ lstm_by_hand([state[u] for u in np.flatnonzero(edges)], layer.aggr_module.lstm)
                    + weights[2],
                    0,
                )
                for own, edges in zip(state, adjacency.T[: len(state)], strict=True)
            ]
        pooled = torch.from_numpy(np.max(state, axis=0))
        expected = torch.relu(network.second(torch.relu(network.first(pooled)))).detach().numpy()
        assert value == pytest.approx(expected[0], abs=1e-12)


def test_the_lstm_is_torch_geometrics_where_all_get_as_many_messages() -> None:
    ours, theirs = MessageLSTM(3, 3), LSTMAggregation(3, 3)
    theirs.load_state_dict(ours.state_dict())
    messages, index = (
        torch.randn(12, 3, generator=torch.Generator().manual_seed(0)),
        torch.arange(4).repeat_interleave(3),
    )
    torch.testing.assert_close(ours(messages, index), theirs(messages, index))


def test_the_lstm_of_no_messages_is_zero() -> None:
    aggregate = MessageLSTM(3, 3)
    assert not aggregate(torch.ones(2, 3), torch.tensor([1, 1]), dim_size=3)[[0, 2]].any()
    layer = SAGEConv(3, 2, aggr=aggregate)
    alone = layer(torch.ones(1, 3), torch.empty(2, 0, dtype=torch.int64))
    torch.testing.assert_close(alone, layer.lin_r(torch.ones(1, 3)) + layer.lin_l.bias)


def test_dense_and_sparse_layers_agree() -> None:
    network, shown = networks.untrained(CellNetwork, 5, seed=1), graphs(40)
    dense, sparse = DenseBatch.of(shown), SparseBatch.of(shown)
    there = dense.present[..., 0] > 0
    along = GraphConv(network.WIDTH, network.WIDTH).to(networks.DTYPE)
    along.load_state_dict(network.along[0].state_dict())
    state = network.embedding(dense.vertices)
    torch.testing.assert_close(network.along[0](state, dense.into)[there], along(state[there], sparse.edges))


def test_the_small_network_by_hand() -> None:
    network, shown = networks.untrained(CellNetwork, 5, seed=2), graphs(4)
    found = networks.predict(network, shown)
    weights = {name: p.detach().numpy() for name, p in network.named_parameters()}
    for labels, adjacency, value in zip(shown.labels, shown.adjacency, found, strict=True):
        v = (labels >= 0).sum()
        edges, state = adjacency[:v, :v].astype(float), np.eye(5)[labels[:v]] @ weights["embedding.weight"].T
        state = state + weights["embedding.bias"]
        for layer in range(network.DEPTH):
            change = edges.T @ state @ weights[f"along.{layer}.lin_rel.weight"].T
            change += weights[f"along.{layer}.lin_rel.bias"] + state @ weights[f"along.{layer}.lin_root.weight"].T
            change += edges @ state @ weights[f"against.{layer}.weight"].T
            normed = (change - change.mean(1, keepdims=True)) / np.sqrt(change.var(1, keepdims=True) + 1e-5)
            state = state + normed * sigmoid(normed)
        told = np.concatenate([state.sum(0) / 4, state.max(0), state[-1]])
        hidden = weights["first.weight"] @ told + weights["first.bias"]
        expected = weights["second.weight"] @ (hidden * sigmoid(hidden)) + weights["second.bias"]
        assert value == pytest.approx(float(expected[0]), abs=1e-12)


@pytest.mark.parametrize("kind", [CellNetwork, DervisiNetwork])
def test_first_weights_fill_their_bounds_and_leave_torch_alone(kind: type[networks.GraphNetwork]) -> None:
    before = torch.get_rng_state()
    network = networks.untrained(kind, 5, seed=0)
    assert torch.equal(torch.get_rng_state(), before)
    for name, weights in network.named_parameters():
        assert weights.dtype == torch.float64
        if weights.numel() > 500:
            bound = network.bound(name, weights)
            assert 0.95 * bound < float(weights.detach().abs().max()) <= bound


def fitted(kind: type[Surrogate], n: int = 30, seed: int = 0) -> Surrogate:
    shown, surrogate = examples(SPACE, n), kind(SPACE, seed)
    surrogate.fit(shown.genotypes, shown.labels)
    return surrogate


def reordered(shown: Graphs, seed: int) -> Graphs:
    """The same graphs, the vertices of each in another order."""
    rng = np.random.default_rng(seed)
    orders = np.stack([rng.permutation(shown.labels.shape[1]) for _ in range(len(shown))])
    rows = np.arange(len(shown))[:, None]
    adjacency = shown.adjacency[rows[..., None], orders[:, :, None], orders[:, None, :]]
    return Graphs(shown.labels[rows, orders], adjacency, shown.kinds)


def test_isomorphic_encodings_are_one_cell_to_the_small_network() -> None:
    encodings, owner = SPACE.augment(cells(60))
    assert len(encodings) > 100
    surrogate = fitted(GraphSurrogate)
    expected = surrogate.predict(cells(60))[owner]
    np.testing.assert_allclose(surrogate.predict(encodings), expected, rtol=1e-10)
    assert len(np.unique(expected.round(6))) > 50


def test_the_order_of_the_vertices_is_nothing_to_the_small_network() -> None:
    network = networks.untrained(CellNetwork, 5, seed=0)
    np.testing.assert_allclose(
        networks.predict(network, reordered(graphs(50), 1)), networks.predict(network, graphs(50))
    )


def test_the_order_of_the_vertices_is_something_to_the_published_network(few_epochs: None) -> None:
    encodings, owner = SPACE.augment(cells(60))
    surrogate = fitted(DervisiGraphSurrogate)
    assert np.abs(surrogate.predict(encodings) - surrogate.predict(cells(60))[owner]).max() > 1e-6
    assert DervisiGraphSurrogate.sees_order
    assert not GraphSurrogate.sees_order


def test_predictions_in_parts_are_those_at_once(few_epochs: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (GraphSurrogate, DervisiGraphSurrogate):
        surrogate = fitted(kind)
        at_once = surrogate.predict(cells(50))
        with monkeypatch.context() as smaller:
            smaller.setattr(networks, "PREDICTED_AT_ONCE", 7)
            np.testing.assert_allclose(surrogate.predict(cells(50)), at_once, rtol=1e-12)


def test_a_dead_network_is_given_up_for_another(few_epochs: None, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = graphs(40)
    labels = np.random.default_rng(0).random(40)
    tried, make = [], networks.untrained

    def dead_twice(kind: type[DervisiNetwork], kinds: int, seed: int) -> DervisiNetwork:
        network = make(kind, kinds, seed)
        if len(tried) < 2:
            with torch.no_grad():
                network.second.bias.fill_(-100)
        tried.append(seed)
        return network

    monkeypatch.setattr(networks, "untrained", dead_twice)
    network = networks.train_dervisi(shown, labels, seed=0)
    assert len(set(tried)) >= 3
    assert np.ptp(networks.predict(network, shown)) > 1e-3


def test_a_network_that_cannot_live_is_given_up_in_the_end() -> None:
    same = graphs(1).take(np.zeros(8, int))
    network = networks.train_dervisi(same, np.linspace(0, 1, 8), seed=0)
    assert np.ptp(networks.predict(network, same)) == 0


def test_every_label_comes_as_often_as_any_other() -> None:
    for n in (2, 50, 64, 65, 500):
        rows = list(networks.batches(n, 100, np.random.default_rng(0)))
        assert {len(batch) for batch in rows} == {min(n, networks.BATCH)}
        assert all(len(set(batch.tolist())) == len(batch) for batch in rows)
        assert set(np.concatenate(rows).tolist()) == set(range(n))


def test_normal_scores_are_those_of_the_ranks() -> None:
    values = np.array([3.0, 1.0, 2.0, 2.0, 50.0, -7.0])
    scores = NormalScores.of(values)
    np.testing.assert_allclose(scores.labels, norm.ppf((rankdata(values) - 0.5) / 6), atol=1e-12)
    np.testing.assert_allclose(scores.restore(scores.labels), values)
    beyond = np.linspace(-6, 6, 1_000)
    assert (np.diff(scores.restore(beyond)) > 0).all()


def test_no_stretching_of_the_labels_changes_a_ranking() -> None:
    shown = examples(SPACE, 40)
    surrogate, stretched = GraphSurrogate(SPACE), GraphSurrogate(SPACE)
    surrogate.fit(shown.genotypes, shown.labels)
    stretched.fit(shown.genotypes, np.exp(shown.labels))
    found, other = surrogate.predict(shown.held_out), stretched.predict(shown.held_out)
    assert (np.argsort(found) == np.argsort(other)).all()


def test_the_published_network_predicts_nothing_below_the_least_label(few_epochs: None) -> None:
    surrogate, shown = fitted(DervisiGraphSurrogate), examples(SPACE, 30)
    assert surrogate.predict(shown.held_out).min() >= shown.labels.min()


def test_threads_change_no_bit_and_are_left_as_they_were() -> None:
    shown, before, found = examples(SPACE, 70), torch.get_num_threads(), []
    try:
        for threads in (1, 4):
            torch.set_num_threads(threads)
            surrogate = GraphSurrogate(SPACE, 3)
            surrogate.fit(shown.genotypes, shown.labels)
            found.append(surrogate.predict(shown.held_out))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(*found)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("gcn", 0.68), ("gcn-dervisi", 0.35)])
def test_ranks_trained_networks_better_than_their_sizes_do(name: str, least: float) -> None:
    table, n = open_table("nb101"), 300 if name == "gcn" else 100
    ids = np.random.default_rng(0).permutation(SPACE.size)[: n + 1_000]
    genotypes, accuracy = SPACE.enumerate()[ids], table.lookup(ids, "cifar10/test/108")
    surrogate = surrogates[name](SPACE)
    surrogate.fit(genotypes[:n], accuracy[:n])
    found = kendalltau(surrogate.predict(genotypes[n:]), accuracy[n:]).statistic
    assert found > least > kendalltau(SPACE.parameters(genotypes[n:]), accuracy[n:]).statistic


def test_the_comparison_draws_the_same_cells_and_never_ranks_what_was_learned() -> None:
    small = surrogate_ranking.draw("nats-tss", "cifar100/x-valid/200", 50, 300, seed=1)
    large = surrogate_ranking.draw("nats-tss", "cifar100/x-valid/200", 150, 300, seed=1)
    np.testing.assert_array_equal(large.cells[:50], small.cells)
    np.testing.assert_array_equal(large.held_out, small.held_out)
    together = np.vstack([large.cells, large.held_out])
    assert len(np.unique(together, axis=0)) == 450


def test_the_comparison_measures_ranks() -> None:
    of = surrogate_ranking.draw("nb101", "cifar10/test/108", 20, 200, seed=0)
    assert surrogate_ranking.measured(of, np.exp(of.held_out_accuracy / 100), 1.5) == (1, 1, 1, 1.5)
    assert surrogate_ranking.measured(of, np.ones(200), 0.0) == (0, 0, 0, 0)


def test_the_comparison_writes_a_page() -> None:
    config = surrogate_ranking.Config(
        surrogates=("gcn-dervisi", "random-forest"), sizes=(20, 200), seeds=2, held_out=100
    )
    rows = {
        "random-forest": [[(0.5, 0.6, 0.25, 1.0), (0.7, 0.6, 0.25, 2.0)], [(0.8, 0.9, 0.3, 3.0)]],
        "gcn-dervisi": [[(0.1, 0.2, 0.3, 9.0)], []],
    }
    page = surrogate_ranking.as_markdown(config, {("nb101", "cifar10/test/108"): rows})
    assert "| nb101, cifar10/test/108 | 20 cells | 200 cells |" in page
    assert "| random-forest | 0.600 ± 0.141 | 0.800 |" in page
    assert "| gcn-dervisi | 0.100 | – |" in page
    assert list(surrogate_ranking.kinds(("gcn", "gcn-dervisi"))) == [
        ("gcn", False),
        ("gcn-dervisi", False),
        ("gcn-dervisi", True),
    ]
