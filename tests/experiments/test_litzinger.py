"""The published study on MNIST, in small."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from experiments import litzinger
from experiments.litzinger_study import inheritance, networks, published, scenarios
from nasbench_ga import presets
from nasbench_ga.errors import NasbenchError
from nasbench_ga.fitness import TrainedSettings
from nasbench_ga.fitness.trained_settings import REFERENCE
from nasbench_ga.pages import Table
from nasbench_ga.spaces import LayerChain, LayerChainSettings
from nasbench_ga.training.recipe import Recipe

SHORT = TrainedSettings(recipe=Recipe(epochs=1, batch=32), images=96, validation=64, device="cpu")
CHAINS = LayerChainSettings(max_layers=4, max_multiply_adds=30_000)


def test_the_chains_have_the_published_numbers_of_parameters() -> None:
    space = LayerChain()
    counts = space.parameters(np.stack([space.encode(chain) for _, chain in networks.KNOWN]))
    assert counts[0] == published.REFERENCE.parameters == 3_274_634
    assert counts[1] == published.TABLE_2.parameters == 61_787
    assert counts[2] == pytest.approx(published.TABLE_3.parameters, rel=0.01)
    assert 100 * counts[1] / counts[0] == pytest.approx(1.9, abs=0.05)  # as published
    assert networks.KNOWN[0][1] == REFERENCE


def test_what_inheritance_saves_is_of_the_same_children(tmp_path: Path) -> None:
    ways = inheritance.measure(SHORT, CHAINS, "photographs", families=3, seed=0, folder=tmp_path)
    assert [way.name for way in ways] == [*inheritance.WAYS]
    assert all(way.accuracy.shape == way.seconds.shape == (3,) for way in ways)
    again = inheritance.measure(SHORT, CHAINS, "photographs", families=3, seed=0, folder=tmp_path)
    for way, kept in zip(ways, again, strict=True):  # from what was kept, the seconds too
        np.testing.assert_array_equal(way.seconds, kept.seconds)
        np.testing.assert_array_equal(way.accuracy, kept.accuracy)
    assert inheritance.saved(ways[0], ways[0]) == 0
    (table,) = (block for block in inheritance.blocks(ways, "two thirds") if isinstance(block, Table))
    assert table.rows[0][3:] == ("", "", "")
    assert table.rows[2][3] == f"{100 * inheritance.saved(ways[2], ways[0]):.0f} %"


def test_a_scenario_is_searched_beside_random_search(
    images_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    smoke = presets.PRESETS["smoke"]
    small = replace(smoke["trained"], recipe=replace(smoke["trained"].recipe, epochs=0.5), images=300, validation=100)
    tiny = {**smoke, "trained": small, "layer_chain": CHAINS}
    monkeypatch.setattr(presets, "PRESETS", {"smoke": tiny})
    monkeypatch.chdir(images_folder.parent)
    folders = ["--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "out")]
    arguments = ["--preset", "smoke", "--parts", "scenario-2", "--repeats", "2", "--seconds", "1.5", *folders]
    assert litzinger.main([*arguments, "--note", "One thread."]) == 0
    page = (tmp_path / "out" / "README.md").read_text()
    assert "--parts scenario-2`. One thread.\n" in page
    assert "Scenario 2: most accurate, fewer parameters than the reference" in page
    assert "The bar is" not in page
    assert page.count("| genetic algorithm |") == page.count("| random search |") == 2
    assert (tmp_path / "out" / "scenario-2.png").exists()
    assert "genetic algorithm" in capsys.readouterr().out


def test_how_many_runs_reached_the_bar() -> None:
    def runs(name: str, *accuracies: float | None) -> Any:
        return SimpleNamespace(name=name, record=SimpleNamespace(summary=[{"accuracy": own} for own in accuracies]))

    sets = [runs("one", 89.99, 90.0, 95.0), runs("another", None, 90.01)]
    assert scenarios.reached(sets, None) == ""
    assert "is 90.00 % in validation; 2 of 3 runs of one and 1 of 2 runs of another" in scenarios.reached(sets, 90.0)


def test_the_known_networks_are_trained_and_tested(
    images_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(images_folder.parent)
    chain = "maxpool 4x4/4x4 - dense 4"
    recipe = networks.published_recipe(SHORT, epochs=0.02)
    assert (recipe.schedule, recipe.stop) == ("cosine", "never")
    fast = networks.published_recipe(replace(SHORT, recipe=Recipe("sgd", 0.1)), epochs=1)
    assert (fast.optimizer, fast.learning_rate) == ("adam", 0.001)
    own = networks.train_from_scratch(chain, recipe, "mnist", 0, tmp_path)
    assert own.parameters == 49 * 4 + 4 + 50
    assert 5 < own.test < 100
    table = next(block for block in networks.blocks([own] * 3) if isinstance(block, Table))
    assert table.rows[1][1:3] == ("61,787", "250")


def test_what_has_no_distribution_is_refused() -> None:
    with pytest.raises(NasbenchError, match="repeats is 2 or more"):
        litzinger.Config(repeats=1)
    with pytest.raises(NasbenchError, match="families is 2 or more"):
        litzinger.Config(families=1)
