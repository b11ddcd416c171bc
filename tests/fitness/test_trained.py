"""Training as fitness: on real photographs that come with scikit-learn, so that it needs no files."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nasbench_ga.errors import CorruptFileError, NasbenchError, UnknownNameError
from nasbench_ga.fitness import Trained, TrainedSettings
from nasbench_ga.fitness.lineage import wanted_trainings
from nasbench_ga.fitness.trained import scenario_space
from nasbench_ga.fitness.trainings import Trainings
from nasbench_ga.networks import load_network
from nasbench_ga.spaces import CategoricalSpace, LayerChain, LayerChainSettings, get_space
from nasbench_ga.training.device_images import DeviceImages
from nasbench_ga.training.recipe import Recipe
from nasbench_ga.training.workbench import Workbench

IMAGE, CLASSES = (3, 32, 32), 2
SPACE = LayerChain(LayerChainSettings(max_layers=5), IMAGE, CLASSES)
SHORT = Recipe(epochs=2, batch=32, learning_rate=0.003)
SMALL = TrainedSettings(recipe=SHORT, images=96, validation=64, device="cpu")
PARENT = "maxpool 4x4/4x4 - conv 3x3 4 - dense 8"
CHILD = "maxpool 4x4/4x4 - conv 3x3 4 - dense 6"


def chains(*texts: str) -> np.ndarray:
    return np.stack([SPACE.encode(text) for text in texts])


def make(settings: TrainedSettings = SMALL, goal: str = "accuracy", **options: object) -> Trained:
    return Trained(SPACE, settings, "photographs", goal, **options)  # type: ignore[arg-type]


def test_a_network_learns_and_its_numbers_are_recorded(tmp_path: Path) -> None:
    fitness = make()
    fitness.prepare(tmp_path)
    own = fitness.of_repeat(0)
    told = own(chains(PARENT))
    assert told.value[0] == told.extras["accuracy"][0] > 70  # the larger photograph alone makes up less
    assert told.extras["parameters"][0] == SPACE.parameters(chains(PARENT))[0]
    assert told.extras["epochs"][0] == 2
    assert told.seconds[0] > 0
    (training,) = fitness.trainings(0)
    assert training["network"] == PARENT
    assert training["trainings"][0]["images"] == 2 * 96
    assert training["trainings"][0]["curve"][-1][1] == training["accuracy"]


def test_the_same_seed_gives_the_same_values_and_repeats_have_luck_of_their_own() -> None:
    values = [make().of_repeat(repeat)(chains(PARENT, CHILD)).value for repeat in (0, 0, 1)]
    np.testing.assert_array_equal(values[0], values[1])
    assert (values[0] != values[2]).any()
    assert (make(seed=1).of_repeat(0)(chains(PARENT, CHILD)).value != values[0]).any()


def test_no_global_randomness_is_used_or_changed() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first = make()(chains(PARENT)).value
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(4)
    assert first == make()(chains(PARENT)).value


def test_what_was_trained_is_not_trained_again_by_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fitness() -> Trained:
        made = make()
        made.prepare(tmp_path)
        return made.of_repeat(0)

    first = fitness()(chains(PARENT))
    monkeypatch.setattr("nasbench_ga.training.workbench.train", None)  # would fail if it were called
    again = fitness()(chains(PARENT))
    assert again.value == first.value
    assert again.seconds == first.seconds


def test_a_child_takes_over_the_layers_of_its_parent_and_leaves_them(tmp_path: Path) -> None:
    fitness = make()
    fitness.prepare(tmp_path)
    own = fitness.of_repeat(0)
    own(chains(PARENT))
    told = own.of_children(chains(CHILD), chains(PARENT)[:, None])
    kept = Trainings(tmp_path / "repeat-0")
    parent, child = (kept.weights(int(SPACE.identify(chains(text))[0])) for text in (PARENT, CHILD))
    for name in parent:
        if name.startswith("layers.1"):
            assert torch.equal(parent[name], child[name]), name
    convolution = 3 * 9 * 4 + 4 + 8
    assert told.extras["inherited"][0] == pytest.approx(convolution / told.extras["parameters"][0])


@pytest.mark.parametrize("change", [{"inherit": False}, {"freeze": "none"}])
def test_inheriting_and_freezing_can_be_switched_off(change: dict[str, object], tmp_path: Path) -> None:
    fitness = make(replace(SMALL, **change))
    fitness.prepare(tmp_path)
    own = fitness.of_repeat(0)
    own(chains(PARENT))
    told = own.of_children(chains(CHILD), chains(PARENT)[:, None])
    assert (told.extras["inherited"][0] > 0) == ("freeze" in change)
    kept = Trainings(tmp_path / "repeat-0")
    parent, child = (kept.weights(int(SPACE.identify(chains(text))[0])) for text in (PARENT, CHILD))
    assert not torch.equal(parent["layers.1.0.weight"], child["layers.1.0.weight"])


def test_a_parent_that_was_never_trained_gives_nothing() -> None:
    told = make().of_repeat(0).of_children(chains(CHILD), chains(PARENT)[:, None])
    assert told.extras["inherited"][0] == 0


def test_of_two_parents_the_one_with_more_in_common_gives_its_weights(tmp_path: Path) -> None:
    stranger = "conv 5x5/4x4 3 - dense 6"
    fitness = make()
    fitness.prepare(tmp_path)
    own = fitness.of_repeat(0)
    own(chains(PARENT, stranger))
    for parents in (chains(PARENT, stranger), chains(stranger, PARENT)):
        fitness.prepare(tmp_path / "none")
        donor = own._donor(chains(CHILD)[0], parents)
        assert str(donor.chain) == PARENT  # type: ignore[union-attr]


def test_a_loss_that_is_no_number_is_a_low_fitness_with_its_reason(tmp_path: Path) -> None:
    fitness = make(replace(SMALL, recipe=replace(SHORT, optimizer="sgd", learning_rate=1e30)))
    fitness.prepare(tmp_path)
    told = fitness.of_repeat(0)(chains(PARENT))
    assert told.value[0] == 0
    assert told.extras["failed"][0] == 1
    (training,) = fitness.trainings(0)
    assert "loss" in training["trainings"][0]["failure"]


def test_too_little_memory_halves_the_batch_and_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forward = torch.nn.Linear.forward

    def small_batches_only(self: torch.nn.Linear, images: torch.Tensor) -> torch.Tensor:
        if len(images) > 16 and self.training:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, images)

    monkeypatch.setattr(torch.nn.Linear, "forward", small_batches_only)
    fitness = make()
    fitness.prepare(tmp_path)
    assert fitness.of_repeat(0)(chains(PARENT)).value[0] > 50
    (training,) = fitness.trainings(0)
    assert training["trainings"][0]["batch"] == 16
    assert "memory" in " ".join(training["trainings"][0]["notes"])


def test_a_killed_training_goes_on_and_equals_the_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    whole = make()
    whole.prepare(tmp_path / "whole")
    expected = whole.of_repeat(0)(chains(PARENT))

    def killed_training() -> Trained:
        fitness = make()
        fitness.prepare(tmp_path / "killed")
        return fitness.of_repeat(0)

    batch = DeviceImages.batch
    drawn = []

    def kill(self: DeviceImages, *arguments: object, **options: object) -> object:
        drawn.append(1)
        if len(drawn) % 3 == 0:
            raise Killed
        return batch(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("nasbench_ga.training.workbench.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(DeviceImages, "batch", kill)
    with pytest.raises(Killed):
        killed_training()(chains(PARENT))
    assert list((tmp_path / "killed").rglob("*.checkpoint"))
    with pytest.raises(Killed):
        killed_training()(chains(PARENT))
    monkeypatch.setattr(DeviceImages, "batch", batch)
    assert killed_training()(chains(PARENT)).value == expected.value
    number = int(SPACE.identify(chains(PARENT))[0])
    ours, theirs = (Trainings(tmp_path / own / "repeat-0").weights(number) for own in ("killed", "whole"))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert not list((tmp_path / "killed").rglob("*.checkpoint"))


def test_a_reference_that_cannot_be_trained_is_no_threshold(tmp_path: Path) -> None:
    diverging = replace(SMALL, reference=PARENT, recipe=replace(SHORT, optimizer="sgd", learning_rate=1e30))
    fitness = make(diverging, goal="scenario-1")
    fitness.prepare(tmp_path)
    with pytest.raises(NasbenchError, match=r"reference network .* failed: .*--trained\.threshold"):
        fitness(chains(PARENT))
    with_threshold = make(replace(diverging, threshold=0.0), goal="scenario-1")
    assert with_threshold(chains(PARENT)).value[0] == 0  # and not better than what reaches 0 %


def test_a_reference_that_learned_nothing_is_no_threshold() -> None:
    idle = replace(SMALL, reference=PARENT, recipe=replace(SHORT, optimizer="sgd", learning_rate=1e-12))
    with pytest.raises(NasbenchError, match=r"reference network .* little more than guessing.*--trained\.threshold"):
        make(idle, goal="scenario-1")(chains(PARENT))


def test_what_failed_is_no_better_than_a_network_that_is_never_right() -> None:
    diverging = replace(SMALL, recipe=replace(SHORT, optimizer="sgd", learning_rate=1e30), weight=1e6)
    evaluation = make(diverging, goal="weighted")(chains(PARENT))
    assert evaluation.extras["failed"].tolist() == [1]
    assert evaluation.value.tolist() == (-evaluation.extras["parameters"]).tolist()


def test_what_failed_has_no_place_on_a_front() -> None:
    fitness = make(replace(SMALL, recipe=replace(SHORT, optimizer="sgd", learning_rate=1e30)), goal="pareto")
    assert np.isnan(fitness(chains(PARENT)).value[0])


@pytest.mark.parametrize("place", ["nasbench_ga.training.workbench.train", "torch.nn.Module.to"])
def test_too_little_memory_before_the_first_step_is_a_low_fitness(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*arguments: object, **options: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    fitness = make()
    fitness.prepare(tmp_path)
    assert fitness.workbench.device.type == "cpu"
    monkeypatch.setattr(place, too_large)
    assert fitness.of_repeat(0)(chains(PARENT)).value[0] == 0
    assert "Out of memory" in fitness.trainings(0)[0]["trainings"][0]["failure"]


def test_trainings_of_a_network_that_are_finished_are_not_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    settings = replace(SMALL, trainings=4, threshold=60.0)
    whole = make(settings, goal="lexicographic")
    expected = whole(chains(PARENT))
    train, trained = Workbench.train, []

    def kill_in_the_third(self: Workbench, *arguments: object, **options: object) -> object:
        trained.append(1)
        if len(trained) == 3:
            raise Killed
        return train(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Workbench, "train", kill_in_the_third)
    for attempt in range(2):
        fitness = make(settings, goal="lexicographic")
        fitness.prepare(tmp_path)
        if attempt == 0:
            with pytest.raises(Killed):
                fitness(chains(PARENT))
        else:
            assert fitness(chains(PARENT)).value == expected.value
    assert len(trained) == 3 + 2


def test_damaged_weights_are_told_with_what_to_do(tmp_path: Path) -> None:
    fitness = make()
    fitness.prepare(tmp_path)
    own = fitness.of_repeat(0)
    own(chains(PARENT))
    for path in tmp_path.rglob("*.pt"):
        path.write_bytes(b"damaged")
    with pytest.raises(CorruptFileError, match="delete the folder of its record"):
        own.of_children(chains(CHILD), chains(PARENT)[:, None])


def test_the_best_network_is_put_into_the_record(tmp_path: Path) -> None:
    fitness = make()
    fitness.prepare(tmp_path / "progress")
    fitness.of_repeat(2)(chains(PARENT))
    assert fitness.conclude(2, chains(PARENT)[0], tmp_path) == {}  # photographs have no test images
    network = load_network(tmp_path / "networks" / "repeat-2.pt")
    (training,) = fitness.trainings(2)
    assert fitness.workbench.accuracy_on(network, fitness.workbench.splits.validation) == training["accuracy"]


def test_the_best_network_is_tested_on_images_that_no_search_sees(images_folder: Path, tmp_path: Path) -> None:
    space = LayerChain()
    fitness = Trained(space, replace(SMALL, images=2_000), "mnist")
    fitness.prepare(tmp_path / "progress")
    genotype = space.encode("maxpool 4x4/4x4 - dense 16")
    fitness.of_repeat(0)(genotype[None])
    tested = fitness.conclude(0, genotype, tmp_path)
    assert [*tested] == ["mnist/test"]
    assert 50 < tested["mnist/test"] < 100


def test_the_threshold_is_what_the_reference_reaches(tmp_path: Path) -> None:
    fitness = make(replace(SMALL, reference=PARENT), goal="scenario-1")
    fitness.prepare(tmp_path)
    assert fitness.goal.threshold == fitness.known()["reference"]["accuracy"] == fitness.known()["threshold"] > 60
    each = [own["accuracy"] for own in fitness.known()["reference"]["trainings"]]
    assert len({*each}) > 1  # where a single training ends is luck
    assert len(each) == 3
    assert fitness.goal.threshold == pytest.approx(np.mean(each))
    other = make(replace(SMALL, reference=PARENT), goal="scenario-1")
    other.recall(fitness.known())
    assert other.goal == fitness.goal  # without training it again
    assert not Path(other.folder, "reference").exists()
    assert f"{fitness.goal.threshold:.2f} %" in " ".join(fitness.notes)
    once = make(replace(SMALL, reference=PARENT, reference_trainings=1), goal="scenario-1")
    assert once.goal.threshold == each[0]
    named = make(replace(SMALL, threshold=42.0), goal="scenario-1")
    assert named.goal.threshold == 42


def test_more_trainings_for_accurate_and_small_networks(tmp_path: Path) -> None:
    fitness = make(replace(SMALL, trainings=4, threshold=60.0), goal="lexicographic")
    fitness.prepare(tmp_path)
    fitness.of_repeat(0)(chains(PARENT))
    (training,) = fitness.trainings(0)
    accuracies = [own["accuracy"] for own in training["trainings"]]
    assert len(accuracies) == 4
    assert training["accuracy"] == pytest.approx(np.mean(accuracies))
    assert len({*accuracies}) > 1
    unreachable = make(replace(SMALL, trainings=4, threshold=100.0), goal="lexicographic")
    unreachable.prepare(tmp_path / "unreachable")
    unreachable.of_repeat(0)(chains("maxpool 7x7/7x7 - maxpool 7x7/7x7 - dense 1"))
    assert len(unreachable.trainings(0)[0]["trainings"]) == 1


@pytest.mark.parametrize(
    ("accuracy", "parameters", "expected"),
    [(99.0, 1_000, 5), (99.0, 100_000, 3), (99.0, 10_000_000, 1), (98.5, 1_000, 1), (98.75, 1_000, 3), (90.0, 10, 1)],
)
def test_how_often_a_network_is_trained(accuracy: float, parameters: int, expected: int) -> None:
    assert wanted_trainings(accuracy, parameters, floor=99.0, most=5) == expected


@pytest.mark.parametrize("name", ["nb101", "nats-tss", "nats-sss", "nats-tss-graph", "nb101-raw9"])
def test_cells_of_the_benchmarks_are_trained_too(name: str, tmp_path: Path) -> None:
    space = get_space(name)
    size = "published" if name == "nats-sss" else "small"  # where sizes are what is searched
    settings = replace(SMALL, size=size, images=32, validation=32, recipe=replace(SHORT, epochs=0.5, batch=8))
    fitness = Trained(space, settings, "photographs")
    told = fitness(space.sample(1, np.random.default_rng(0)))
    assert 0 < told.value[0] <= 100
    assert told.extras["failed"][0] == 0


def test_grey_images_have_three_equal_channels_for_cells(images_folder: Path) -> None:
    space = get_space("nats-sss")
    settings = replace(SMALL, images=16, validation=16, recipe=replace(SHORT, epochs=1, batch=8))
    assert Trained(space, settings, "mnist")(space.genotypes_of(np.array([0]))).extras["failed"][0] == 0


class Unbuilt(CategoricalSpace):
    """A space of nobody's networks."""

    name = benchmark = "unbuilt"
    cardinalities = np.full(2, 2, np.int8)

    def encode(self, cell: str) -> np.ndarray: ...

    def decode(self, genotype: np.ndarray) -> str: ...


def test_what_cannot_be_trained_is_refused_before_anything_is() -> None:
    with pytest.raises(UnknownNameError, match="no data set 'minst'; did you mean 'mnist'"):
        Trained(SPACE, SMALL, "minst")
    with pytest.raises(UnknownNameError, match="objective 'small'"):
        make(goal="small")
    with pytest.raises(NasbenchError, match=r"take images of \(3, 32, 32\)"):
        Trained(SPACE, SMALL, "mnist")
    with pytest.raises(NasbenchError, match="Nothing says what the networks of unbuilt are"):
        Trained(Unbuilt(), SMALL, "photographs")
    with pytest.raises(NasbenchError, match="scenario-1 is of layer chains"):
        Trained(get_space("nb101"), SMALL, "photographs", "scenario-1")
    with pytest.raises(NasbenchError, match="lexicographic needs an accuracy"):
        Trained(get_space("nb101"), SMALL, "photographs", "lexicographic")
    with pytest.raises(NasbenchError, match=r"trained\.size small is of the networks of nb101 and .* layer-chain"):
        make(replace(SMALL, size="small"))
    for name in ("pad", "cutout"):
        with pytest.raises(NasbenchError, match=rf"recipe\.{name} is below 32 pixels.*, not 32; lower it"):
            make(replace(SMALL, recipe=replace(SHORT, **{name: 32})))
        make(replace(SMALL, recipe=replace(SHORT, **{name: 31})))


def test_scenario_2_has_fewer_parameters_than_the_reference() -> None:
    settings = replace(SMALL, reference="dense 4")
    space = scenario_space(LayerChain(), "scenario-2", settings)
    assert isinstance(space, LayerChain)
    assert space.settings.max_parameters == 784 * 4 + 4 + 40 + 10 - 1
    assert (space.parameters(space.sample(50, np.random.default_rng(0))) < 784 * 4 + 54).all()
    assert scenario_space(SPACE, "scenario-1", settings) is SPACE
    with pytest.raises(NasbenchError, match="No chain has as few"):
        scenario_space(
            LayerChain(LayerChainSettings(dense=1, max_layers=1)), "scenario-2", replace(SMALL, reference="dense 1")
        )


@pytest.mark.parametrize(
    "change",
    [
        {"images": 0},
        {"trainings": 0},
        {"threshold": 101.0},
        {"weight": -1.0},
        {"size": "tiny"},
        {"freeze": True},
        {"device": "tpu"},
    ],
)
def test_settings_without_sense_are_refused_by_name(change: dict[str, object]) -> None:
    with pytest.raises(NasbenchError, match=f"trained.{next(iter(change))}"):
        replace(SMALL, **change)


def test_outcomes_are_kept_whole_and_in_order(tmp_path: Path) -> None:
    trainings = Trainings(tmp_path)
    for number in (7, 3, 5):
        for training, accuracy in enumerate([50.0, 70.0, 60.0]):
            trainings.checkpoint(number, training).write_bytes(b"unfinished")
            told = {"accuracy": accuracy + number}
            assert trainings.keep_part(number, training, told, {"w": torch.full((1,), accuracy)}) == told
            assert Trainings(tmp_path).parts(number)[-1] == told
        trainings.keep(number, {"accuracy": 60.0 + number, "trainings": trainings.parts(number)})
    again = Trainings(tmp_path)
    assert [outcome["number"] for outcome in again.outcomes()] == [7, 3, 5]
    assert again.weights(3)["w"].item() == 70
    assert again.outcome(4) is None
    assert json.loads((tmp_path / f"{5:016x}.json").read_text())["accuracy"] == 65
    assert len([*tmp_path.iterdir()]) == 2 * 3
