"""The command with networks that are trained: objectives, presets, records, and what a kill leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nasbench_ga as ng
from nasbench_ga import presets, records
from nasbench_ga.errors import NasbenchError, RecordError
from nasbench_ga.fitness import Trained, TrainedSettings
from nasbench_ga.networks import load_network
from nasbench_ga.run import main, run
from nasbench_ga.run_config import RunConfig
from nasbench_ga.run_options import configuration
from nasbench_ga.search import GeneticSettings, NSGA2Settings, RandomSettings
from nasbench_ga.spaces import LayerChainSettings
from nasbench_ga.training.device_images import DeviceImages
from nasbench_ga.training.recipe import RECIPES, Recipe

SMALL = RunConfig(
    space="layer-chain",
    fitness="trained",
    dataset="photographs",
    repeats=2,
    evaluations=9,
    genetic=GeneticSettings(population=3, crossover="k-point", elites=1, evaluate_initial=True, step_decay=0.9),
    nsga_ii=NSGA2Settings(population=3),
    random=RandomSettings(batch=3),
    layer_chain=LayerChainSettings(max_layers=4, max_multiply_adds=30_000),
    trained=TrainedSettings(
        recipe=Recipe(epochs=1, batch=32, learning_rate=0.003), images=64, validation=64, device="cpu"
    ),
)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Killed(BaseException):
    """A kill in the middle of something."""


def without_seconds(folder: Path) -> tuple[object, ...]:
    rows = records.read_record(folder).rows
    trainings = records.read_trainings(folder)
    for training in trainings:
        training.pop("seconds")
        for own in training["trainings"]:
            own.pop("seconds")
    return rows.id.tolist(), rows.genotype.tolist(), rows.value.tolist(), rows.extras["accuracy"].tolist(), trainings


def test_a_search_by_training_and_its_record(capsys: pytest.CaptureFixture[str]) -> None:
    result = run(SMALL)
    evaluations, summary = result.evaluations, result.summary
    assert len(evaluations) == 18
    assert (evaluations["value"] == evaluations["accuracy"]).all()
    assert (evaluations["seconds"] > 0).all()
    assert not (result.folder / "progress").exists()
    trainings = records.read_trainings(result.folder)
    assert len(trainings) == sum(summary["unique_cells"])
    assert {training["number"] for training in trainings} == {*evaluations["id"]}
    for row in summary.itertuples():
        own = evaluations[evaluations["repeat"] == row.repeat]
        assert row.accuracy == own["value"].max()
        network = load_network(result.folder / "networks" / f"repeat-{row.repeat}.pt")
        assert sum(parameter.numel() for parameter in network.parameters()) == row.parameters
    assert (evaluations["inherited"] > 0).any()
    again = run(SMALL).evaluations  # from the record
    pd.testing.assert_frame_equal(again.drop(columns="genotype"), evaluations.drop(columns="genotype"))


def test_each_repeat_is_that_repeat_run_alone() -> None:
    two = run(replace(SMALL, results=Path("two"))).folder
    one = run(replace(SMALL, repeats=1, results=Path("one"))).folder
    assert without_seconds(one)[2] == without_seconds(two)[2][:9]
    run(replace(SMALL, results=Path("one"), resume=True))
    assert without_seconds(one) == without_seconds(two)
    assert sorted(path.name for path in (one / "networks").iterdir()) == ["repeat-0.pt", "repeat-1.pt"]


def test_a_killed_search_goes_on_and_equals_the_uninterrupted_one(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(replace(SMALL, results=Path("whole"))).folder
    batch, drawn = DeviceImages.batch, []

    def kill(self: DeviceImages, *arguments: object, **options: object) -> object:
        drawn.append(1)
        if len(drawn) % 17 == 0:
            raise Killed
        return batch(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(DeviceImages, "batch", kill)
    killed = replace(SMALL, results=Path("killed"), resume=True, checkpoint_seconds=0.0)
    deaths = 0
    for _ in range(50):
        try:
            run(killed)
            break
        except Killed:
            deaths += 1
    assert deaths > 2
    assert without_seconds(Path("killed")) == without_seconds(whole)


def test_a_search_that_is_killed_in_the_reference_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    trained = replace(SMALL.trained, reference="conv 3x3/2x2 8 - dense 16")
    config = replace(SMALL, objective="scenario-1", trained=trained, results=Path("killed"), resume=True)
    batch, drawn = DeviceImages.batch, []

    def kill(self: DeviceImages, *arguments: object, **options: object) -> object:
        drawn.append(1)
        if len(drawn) == 2:
            raise Killed
        return batch(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(DeviceImages, "batch", kill)
    with pytest.raises(Killed):
        run(config)
    monkeypatch.setattr(DeviceImages, "batch", batch)
    told = run(config).folder
    whole = run(replace(config, results=Path("whole"))).folder
    assert without_seconds(told) == without_seconds(whole)


def test_killed_after_everything_was_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(*_: object) -> None:
        raise Killed

    trained = replace(SMALL.trained, reference="conv 3x3/2x2 8 - dense 16")
    config = replace(SMALL, objective="scenario-1", trained=trained, results=Path("killed"), resume=True)
    with monkeypatch.context() as patched:
        patched.setattr(Trained, "conclude", kill)
        with pytest.raises(Killed):
            run(config)
    told = run(config).folder
    whole = run(replace(config, results=Path("whole"))).folder
    assert without_seconds(told) == without_seconds(whole)
    known = [json.loads((folder / "fitness.json").read_text()) for folder in (told, whole)]
    assert known[0]["threshold"] == known[1]["threshold"]
    assert not (told / "progress").exists()


def test_further_repeats_have_the_threshold_of_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    trained = replace(SMALL.trained, reference="conv 3x3/2x2 8 - dense 16")
    config = replace(SMALL, objective="scenario-1", trained=trained, repeats=1, results=Path("added"))
    run(config)
    known = json.loads(Path("added/fitness.json").read_text())
    assert known["threshold"] == known["reference"]["accuracy"]
    known["threshold"] = 12.5
    Path("added/fitness.json").write_text(json.dumps(known))
    run(replace(config, repeats=2, resume=True))
    rows = records.read_record(Path("added")).rows
    own = rows.take(np.flatnonzero((rows.repeat == 1) & (rows.extras["accuracy"] >= 12.5)))
    np.testing.assert_allclose(own.value, 200 - 10 * np.log10(own.extras["parameters"]))
    report = run(replace(config, repeats=2))  # shown again, from the record
    assert report.folder == Path("added")
    assert json.loads(Path("added/fitness.json").read_text())["threshold"] == 12.5


def test_constraints_are_part_of_what_a_record_is_of() -> None:
    config = replace(SMALL, repeats=1, results=Path("limited"))
    run(config)
    other = replace(config.layer_chain, max_multiply_adds=20_000)
    with pytest.raises(RecordError, match=r"space_settings\.max_multiply_adds"):
        run(replace(config, repeats=2, resume=True, layer_chain=other))


def test_a_process_that_is_killed_loses_what_it_was_training_and_nothing_else(tmp_path: Path) -> None:
    program = (
        "from tests.test_run_trained import SMALL; from nasbench_ga.run import run; from dataclasses import replace;"
        "from pathlib import Path; run(replace(SMALL, evaluations=60, repeats=1, results=Path('killed'), resume=True))"
    )
    root = str(Path(__file__).parents[1])
    process = subprocess.Popen([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": root})
    kept = Path("killed/progress/fitness/repeat-0")
    try:
        deadline = time.monotonic() + 120
        while len(list(kept.glob("*.json"))) < 5:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = {path.name: path.read_bytes() for path in kept.glob("*.json")}
    small = replace(SMALL, evaluations=60, repeats=1, results=Path("killed"))
    with pytest.raises(RecordError, match="--resume"):
        run(small)
    run(replace(small, resume=True))
    by_number = {training["number"]: training["seconds"] for training in records.read_trainings(Path("killed"))}
    assert all(by_number[json.loads(told)["number"]] == json.loads(told)["seconds"] for told in before.values())
    whole = run(replace(small, results=Path("whole"))).folder
    assert without_seconds(Path("killed")) == without_seconds(whole)


def test_a_budget_in_seconds_ends_with_the_network_that_uses_it_up() -> None:
    result = run(replace(SMALL, evaluations=None, seconds=0.5, repeats=1))
    spent = result.evaluations["seconds"].to_numpy()
    assert 0 < spent.sum() <= 0.5
    trained = sum(training["seconds"] for training in records.read_trainings(result.folder))
    assert trained - spent.sum() < 0.5  # one network at most was trained for nothing


@pytest.mark.parametrize("objective", ["weighted", "lexicographic", "scenario-1", "scenario-2"])
def test_every_objective_can_be_searched_for(objective: str, capsys: pytest.CaptureFixture[str]) -> None:
    trained = replace(SMALL.trained, threshold=60.0, reference="conv 3x3/2x2 8 - dense 16")
    result = run(replace(SMALL, objective=objective, trained=trained, repeats=1))
    evaluations = result.evaluations
    if objective == "scenario-2":
        reference = (27 * 8 + 24) + (16 * 16 * 8 * 16 + 16) + 34
        assert (evaluations["parameters"] < reference).all()
    if objective in ("lexicographic", "scenario-1"):
        reached = evaluations["accuracy"] >= 60
        expected = np.where(reached, 200 - 10 * np.log10(evaluations["parameters"]), evaluations["accuracy"])
        np.testing.assert_allclose(evaluations["value"], expected)


def test_pareto_is_for_a_search_for_several_objectives(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NasbenchError, match=r"several objectives \(accuracy, parameters\).*--algorithm nsga-ii"):
        run(replace(SMALL, objective="pareto"))
    arguments = "--space layer-chain --fitness trained --dataset photographs --objective pareto --algorithm nsga-ii"
    small = (
        "--repeats 1 --evaluations 9 --nsga-ii.population 3 --trained.images 64 --trained.validation 64 "
        "--trained.recipe.epochs 1 --layer-chain.max-multiply-adds 30000 --trained.device cpu --results front"
    )
    assert main([*arguments.split(), *small.split()]) == 0
    output = capsys.readouterr().out
    rows = records.read_record(Path("front")).rows
    _, first = np.unique(rows.id, return_index=True)
    pairs = [*zip(rows.extras["accuracy"][first], -rows.extras["parameters"][first], strict=True)]
    front = [own for own in pairs if not any(a >= own[0] and b >= own[1] and (a, b) != own for a, b in pairs)]
    assert f"{len(front)} of the {len(first)} different cells are on the front, by accuracy and parameters:" in output
    for accuracy, parameters in front:
        assert f"  accuracy {accuracy:.2f}, parameters {-parameters:,.0f}: " in output


def test_a_cell_is_trained_and_set_beside_its_row_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    settings = replace(SMALL.trained, size="small")
    config = replace(SMALL, space="nats-tss", table="analog-nas", trained=settings, repeats=1, evaluations=3)
    with pytest.raises(NasbenchError, match="mutation in nats-tss has no steps"):
        run(config)
    result = run(replace(config, genetic=replace(SMALL.genetic, step_decay=1.0)))
    assert result.objective is None  # the table knows nothing of photographs
    assert "cifar10/test/baseline" in result.evaluations


def test_objectives_are_of_networks_that_are_trained() -> None:
    with pytest.raises(NasbenchError, match="--objective is of the fitness trained, and the fitness is accuracy"):
        run(RunConfig(space="nats-tss", table="analog-nas", objective="scenario-1"))


def test_an_impossible_constraint_is_refused_before_anything_is_trained(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = "--space layer-chain --fitness trained --dataset photographs --layer-chain.max-parameters 3"
    assert main(arguments.split()) == 1
    assert "error: No chain has as few as 3 parameters" in capsys.readouterr().err
    assert not Path("results").exists()


# --- Presets and recipes at the command line


def test_a_preset_is_what_options_are_by_default() -> None:
    chosen = ["--preset", "smoke", "--fitness", "trained"]
    config = configuration([*chosen, "--space", "layer-chain", "--seed", "3", "--trained-recipe-epochs", "7"])
    named = presets.PRESETS["smoke"]
    assert (config.repeats, config.seconds, config.seed) == (named["repeats"], named["seconds"], 3)
    assert config.trained == replace(named["trained"], recipe=replace(named["trained"].recipe, epochs=7.0))
    assert config.genetic == named["genetic"]
    assert configuration([*chosen, "--repeats", "10"]).repeats == 10  # what is given counts, the usual number too
    assert configuration([*chosen, "--space=nats-tss"]).genetic.step_decay == 1  # no steps there


def test_a_recipe_is_chosen_by_name_or_by_the_space() -> None:
    assert configuration(["--recipe", "nb101"]).trained.recipe == RECIPES["nb101"]
    both = configuration(["--preset", "cpu", "--fitness", "trained", "--recipe=nats-12"])
    assert both.trained.recipe == RECIPES["nats-12"]
    assert configuration(["--space", "nats-tss", "--fitness", "trained"]).trained.recipe == RECIPES["proxy"]
    assert configuration(["--space", "layer-chain"]).trained.recipe == RECIPES["mnist"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("--fitness trained --preset smoke --preset laptop", "There is no preset 'laptop'"),
        ("--preset smoke", "give --fitness trained with it"),
        (
            "--space layer-chain --fitness trained --objective scenario-2 --trained.reference bogus",
            "'bogus' is no layer",
        ),
        ("--space layer-chain --fitness trained --dataset photographs --seconds inf", "positive and finite, not inf"),
        ("--recipe nb201", "There is no recipe 'nb201'; did you mean 'nb101'?"),
        (
            "--space layer-chain --fitness trained --dataset minst",
            "There is no data set 'minst'; did you mean 'mnist'?",
        ),
        ("--space layer-chain --fitness trained --objective small", "There is no objective 'small'"),
        ("--space layer-chain --fitness naswt", "NASWT scores networks of colour images"),
        ("--space nb101 --fitness trained --objective scenario-1 --dataset photographs", "is of layer chains"),
    ],
)
def test_what_is_wrong_is_said(arguments: str, complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments.split()) == 1
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("--dataset mnist", "fetch mnist"),
        ("--dataset photographs --trained.validation 520", "0 to 519, in a search 1 or more (--trained.validation)"),
        ("--dataset photographs --trained.images 500 --trained.validation 100", "can be 1 to 420 (--trained.images)"),
        ("--dataset photographs --trained.device cuda", "There is no GPU that torch could use"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_kept(
    arguments: str, complaint: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NASBENCH_GA_DATA", raising=False)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert main(f"--space layer-chain --fitness trained --results mine {arguments}".split()) == 1
    assert complaint in capsys.readouterr().err
    assert not Path("mine").exists()


def test_two_limits_are_both_told(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = (
        "--space layer-chain --fitness trained --dataset photographs --trained.images 64 --trained.validation 64 "
        "--trained.device cpu --repeats 1 --evaluations 2 --seconds 60"
    )
    assert main(arguments.split()) == 0
    assert "A repeat ends after 2 evaluations or 60 seconds, whichever is first." in capsys.readouterr().out


def test_without_a_table_a_fitness_without_one_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--space", "layer-chain"]) == 1
    assert "--fitness trained" in capsys.readouterr().err


@pytest.mark.parametrize("name", list(presets.PRESETS))
def test_every_preset_makes_a_configuration(name: str) -> None:
    config = RunConfig(space="layer-chain", fitness="trained", **presets.preset(name, "layer-chain"))
    assert config.seconds is not None
    space = ng.get_space("layer-chain", config.layer_chain)
    assert (space.multiply_adds(space.sample(50, np.random.default_rng(0))) < 31_000_000).all()  # type: ignore[attr-defined]


# --- Records of searches by training, compared


def test_runs_by_training_are_compared_against_measured_time() -> None:
    arms = {
        algorithm: run(replace(SMALL, algorithm=algorithm, results=Path(algorithm))).folder
        for algorithm in ("genetic", "random")
    }
    compared = ng.compare(ng.CompareConfig(tuple(arms.values()), out=Path("compared")))
    assert compared.together.metric == "fitness"
    assert list(compared.folder.glob("best-so-far-time.*"))


def test_numbers_of_another_objective_or_data_set_are_not_compared() -> None:
    small = replace(SMALL.trained, threshold=60.0)
    first = run(replace(SMALL, objective="scenario-1", trained=small, results=Path("first"))).folder
    second = run(replace(SMALL, trained=small, results=Path("second"))).folder
    third = run(
        replace(SMALL, objective="scenario-1", trained=replace(small, threshold=70.0), results=Path("third"))
    ).folder
    for other in (second, third):
        with pytest.raises(NasbenchError, match="none in common"):
            ng.compare(ng.CompareConfig((first, other), out=Path("compared")))


def test_networks_that_were_trained_otherwise_are_told() -> None:
    longer = replace(SMALL.trained, recipe=replace(SMALL.trained.recipe, batch=20), images=SMALL.trained.images - 10)
    folders = [
        run(replace(SMALL, algorithm=algorithm, trained=trained, results=Path(algorithm))).folder
        for algorithm, trained in (("genetic", SMALL.trained), ("random", longer))
    ]
    notes = ng.compare(ng.CompareConfig(tuple(folders), out=Path("compared"))).together.notes
    told = [note for note in notes if note.startswith("The fitness was measured with different ")]
    assert told == [
        f"The fitness was measured with different images (genetic: {SMALL.trained.images}; random: {longer.images}).",
        f"The fitness was measured with different recipe.batch (genetic: {SMALL.trained.recipe.batch}; random: 20).",
    ]


def test_a_limit_that_holds_for_the_images_at_hand_is_kept() -> None:
    limits = LayerChainSettings(max_parameters=15, max_layers=6, max_kernel=5)
    result = run(replace(SMALL, layer_chain=limits, repeats=1, evaluations=3))  # 1x28x28 images would need 20
    assert (result.evaluations["parameters"] <= 15).all()
