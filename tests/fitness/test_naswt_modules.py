"""NASWT of any torch module: which ReLUs count, that the module stays as it is, and what is said of bad input."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nasbench_ga.errors import NasbenchError
from nasbench_ga.fitness.naswt_score import naswt_score, naswt_scores, on_device
from nasbench_ga.networks import build_network
from nasbench_ga.spaces import get_space
from tests.support import naswt_reference

IMAGES = torch.randn(12, 3, 8, 8, generator=torch.Generator().manual_seed(0))
POINTS = torch.randn(12, 20, generator=torch.Generator().manual_seed(1))


@pytest.fixture(autouse=True)
def _same_weights() -> None:
    torch.manual_seed(0)


def convnet() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.Conv2d(8, 8, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8 * 36, 4),
    )


def perceptron() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(20, 60), nn.BatchNorm1d(60), nn.ReLU(), nn.Linear(60, 50), nn.ReLU(inplace=True), nn.Linear(50, 2)
    )


class Wired(nn.Module):
    """Two linear layers, called as a test says, and ReLUs of its own or shared ones."""

    def __init__(self, wiring: Callable[["Wired", Tensor], Any], shared: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second, self.constant = nn.Linear(20, 60), nn.Linear(60, 60), nn.Parameter(torch.randn(60))
        self.relu = nn.ReLU()
        self.other = self.relu if shared else nn.ReLU()
        self.wiring = wiring

    def forward(self, points: Tensor) -> Any:
        return self.wiring(self, points)


def chain(own: Wired, points: Tensor) -> Tensor:
    return own.other(own.second(own.relu(own.first(points))))


@pytest.mark.parametrize(("make", "inputs"), [(convnet, IMAGES), (perceptron, POINTS)])
def test_any_network_has_the_score_of_the_definition(make: Callable[[], nn.Module], inputs: Tensor) -> None:
    network = make()
    expected = naswt_reference.score(network, inputs)
    assert np.isfinite(expected)
    assert naswt_score(network, inputs) == pytest.approx(expected, rel=1e-5)
    assert naswt_score(network.eval(), inputs) == pytest.approx(expected, rel=1e-5)
    assert naswt_score(network.double(), inputs.double()) == pytest.approx(expected, rel=1e-12)


def test_a_relu_counts_as_often_as_it_is_called() -> None:
    assert naswt_score(Wired(chain, shared=True), POINTS) == naswt_score(Wired(chain), POINTS)
    once = naswt_score(Wired(lambda own, x: own.second(own.relu(own.first(x)))), POINTS)
    assert naswt_score(Wired(chain), POINTS) > once


def with_a_dead_branch(own: Wired, points: Tensor) -> Tensor:
    hidden = own.first(points)
    own.other(own.second(hidden))
    return own.second(own.relu(hidden))


def with_a_constant_branch(own: Wired, points: Tensor) -> Tensor:
    return own.second(own.relu(own.first(points))) + own.other(own.constant)


@pytest.mark.parametrize("wiring", [with_a_dead_branch, with_a_constant_branch])
@pytest.mark.parametrize("shared", [False, True])
def test_relus_between_input_and_output_count_and_no_others(wiring: Callable[..., Tensor], shared: bool) -> None:
    alone = Wired(lambda own, x: own.second(own.relu(own.first(x))))
    assert naswt_score(Wired(wiring, shared), POINTS) == naswt_score(alone, POINTS)


def test_without_a_connected_relu_the_score_is_minus_infinity() -> None:
    assert naswt_score(Wired(lambda own, x: own.first(x) + own.relu(own.constant)), POINTS) == -np.inf


@pytest.mark.parametrize("pack", [lambda a, b: (a, b), lambda a, b: {"a": a, "b": [b, None, 3]}])
def test_all_that_a_network_returns_is_output(pack: Callable[[Tensor, Tensor], Any]) -> None:
    def both(own: Wired, points: Tensor) -> Any:
        hidden = own.relu(own.first(points))
        return pack(hidden, own.other(own.second(hidden)))

    assert naswt_score(Wired(both), POINTS) == naswt_score(Wired(chain), POINTS)


def test_a_first_relu_in_place_leaves_the_images_alone() -> None:
    for images in (POINTS, IMAGES.contiguous(memory_format=torch.channels_last)):
        given = images.clone(memory_format=torch.preserve_format)
        network = nn.Sequential(nn.ReLU(inplace=True), nn.Flatten(), nn.LazyLinear(40), nn.ReLU(), nn.Linear(40, 2))
        network(images.clone())
        assert np.isfinite(naswt_score(network, given))
        assert torch.equal(given, images)


def test_dropout_does_not_drop() -> None:
    plain, dropping = perceptron(), perceptron()
    dropping.load_state_dict(plain.state_dict())
    dropping.insert(3, nn.Dropout(0.5))
    dropping.insert(0, nn.AlphaDropout(0.5))
    assert naswt_score(dropping, POINTS) == naswt_score(dropping, POINTS) == naswt_score(plain, POINTS)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_the_score_is_the_same_in_every_gradient_mode(mode: Callable[[], Any]) -> None:
    network = convnet()
    expected = naswt_score(network, IMAGES)
    with mode():
        assert naswt_score(network, IMAGES) == expected
        assert naswt_score(network, IMAGES + 0) == expected
    assert naswt_score(network, IMAGES.clone().requires_grad_()) == expected


def test_a_network_made_for_inference_is_scored() -> None:
    expected = naswt_score(convnet(), IMAGES)
    torch.manual_seed(0)
    with torch.inference_mode():
        network, images = convnet(), IMAGES + 0
    assert naswt_score(network, images) == expected


def state(network: nn.Module) -> list[Any]:
    """Everything that scoring must not change, as plain values."""
    values: list[Any] = [(name, tensor.tolist()) for name, tensor in network.state_dict().items()]
    gradients = [(id(p), p.requires_grad, None if p.grad is None else p.grad.tolist()) for p in network.parameters()]
    modes = [module.training for module in network.modules()]
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    hooks = [list(getattr(module, kind).items()) for module in network.modules() for kind in kinds]
    return [*values, *gradients, *modes, *hooks]


class Failing(nn.Module):
    """Fails when it sees so many images."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def forward(self, images: Tensor) -> Tensor:
        if len(images) == self.at:
            raise RuntimeError("it fails")
        return images


@pytest.mark.parametrize("fails_at", [None, 2, len(IMAGES)])
def test_the_network_stays_as_it_was(fails_at: int | None) -> None:
    network = convnet()
    network(IMAGES).sum().backward()
    network.append(Failing(fails_at or 0))
    network[0].weight.requires_grad_(False)
    network[1].eval()
    network[4].register_forward_hook(lambda *_: None)
    before = state(network)
    if fails_at is None:
        naswt_score(network, IMAGES)
    else:
        with pytest.raises(NasbenchError, match="it fails"):
            naswt_score(network, IMAGES)
    assert state(network) == before


def precisions() -> list[Any]:
    cudnn: Any = torch.backends.cudnn
    return [cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.conv.fp32_precision]


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (torch.backends.cudnn, "allow_tf32", False),
        (torch.backends.cudnn, "benchmark", True),
        (torch.backends.cudnn.conv, "fp32_precision", "ieee"),
        (torch.backends.cudnn.conv, "fp32_precision", "tf32"),
        (torch.backends, "fp32_precision", "tf32"),
    ],
)
def test_precision_is_full_whatever_was_set_and_set_back(owner: Any, name: str, value: Any) -> None:
    seen = []
    network = convnet()
    network.register_forward_hook(lambda *_: seen.append(precisions()))
    expected = naswt_score(network, IMAGES)
    usual = getattr(owner, name)
    try:
        setattr(owner, name, value)
        before = precisions()
        assert naswt_score(network, IMAGES) == expected
        assert precisions() == before
    finally:
        setattr(owner, name, usual)
    assert seen == [[True, False, True, "ieee"]] * 4


def message(call: Callable[[], Any]) -> str:
    """What a user is told: one sentence, or two with what to do."""
    with pytest.raises(NasbenchError) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (IMAGES.to(torch.uint8), "Expected a float tensor of two images or more, .* got torch.uint8 of shape"),
        (IMAGES[:1], r"two images or more, shape \(batch, ...\), got torch.float32 of shape \(1, 3, 8, 8\)."),
        (IMAGES[:, :1], r"cannot take images of shape \(12, 1, 8, 8\) \(torch.float32, on cpu\): .* 3 channels"),
        (IMAGES[:, :, 0, 0], r"cannot take images of shape \(12, 3\) .*: Expected 3D \(unbatched\) or 4D"),
        (IMAGES.double(), r"cannot take images of shape \(12, 3, 8, 8\) \(torch.float64, on cpu\): "),
        (IMAGES[:, :, :2, :2], r"cannot take images of shape \(12, 3, 2, 2\) "),
    ],
)
def test_bad_images_are_named(images: Tensor, said: str) -> None:
    assert re.search(said, message(lambda: naswt_score(convnet(), images)))


@pytest.mark.parametrize(
    ("name", "images", "said"),
    [
        ("nats-tss", IMAGES[:, :1], r"cannot take images of shape \(12, 1, 8, 8\)"),
        ("nats-tss", IMAGES[:, :, :5, :5], r"cannot take images of shape \(12, 3, 5, 5\)"),
        ("nats-tss", IMAGES.to(torch.int64), "Expected a float tensor of two images or more"),
        ("nb101", IMAGES[:, :, :2, :2], r"cannot take images of shape \(12, 3, 2, 2\)"),
        ("nb101", IMAGES[:1], "Expected a float tensor of two images or more"),
        ("nb101", POINTS, r"cannot take images of shape \(12, 20\)"),
    ],
)
def test_bad_images_of_benchmarks_are_named(name: str, images: Tensor, said: str) -> None:
    space = get_space(name)
    genotypes = space.sample(2, np.random.default_rng(0))
    assert re.search(said, message(lambda: list(naswt_scores(space, genotypes, images))))


@pytest.mark.parametrize("network", [nn.Linear(20, 5), nn.Sequential(nn.Linear(20, 5), nn.GELU())])
def test_a_network_without_relus_is_refused(network: nn.Module) -> None:
    assert message(lambda: naswt_score(network, POINTS)).startswith("The network has no torch.nn.ReLU")


def test_wrong_dimensions_of_a_batch_norm_are_named() -> None:
    network = nn.Sequential(nn.BatchNorm2d(3), nn.ReLU())
    assert "expected 4D input" in message(lambda: naswt_score(network, POINTS))


class Greedy(nn.Module):
    """Asks for more memory than there is."""

    def forward(self, images: Tensor) -> Tensor:
        return images + torch.empty(1 << 55)


def test_too_little_memory_in_a_pass_is_named() -> None:
    text = message(lambda: naswt_score(nn.Sequential(nn.ReLU(), Greedy()), POINTS))
    assert text.startswith("There is too little memory for images of shape (12, 20) (torch.float32, on cpu); take a")


def test_a_batch_too_large_for_the_memory_is_refused_before_it_is_copied() -> None:
    pixels = np.broadcast_to(np.float32(0), (10_000_000, 3, 32, 32))
    text = message(lambda: on_device(pixels, "cpu", 16))
    assert re.fullmatch(
        r"A batch of 10,000,000 images needs up to 12,207\.0 GiB in a network with a stem of 16 channels, and the cpu "
        r"has [\d.,]+ GiB; take a smaller batch\.",
        text,
    )


def test_a_gpu_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    pixels = np.zeros((2, 3, 8, 8), np.float32)
    assert message(lambda: on_device(pixels, "cuda", 16)).startswith("No GPU that torch can use is here")
    for device in ("auto", "cpu"):
        assert on_device(pixels, device, 16).device.type == "cpu"


def test_a_benchmarks_network_scored_by_itself_stays_as_it_was() -> None:
    network = build_network(get_space("nb101"), get_space("nb101").enumerate()[5], stem=4, cells_per_stack=1)
    before = state(network)
    naswt_score(network, IMAGES)
    assert state(network) == before


class Hidden(nn.Module):
    """Gives what cannot be followed back."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(12, 9), nn.ReLU(), nn.Linear(9, 3))

    def forward(self, images: Tensor) -> Any:
        if self.how == "no_grad":
            with torch.no_grad():
                return self.layers(images)
        output = self.layers(images)
        return {"detach": output.detach(), "argmax": output.argmax(1), "nothing": None}[self.how]


@pytest.mark.parametrize("how", ["no_grad", "detach", "argmax", "nothing"])
def test_an_output_that_hides_where_it_comes_from_is_no_score(how: str) -> None:
    with pytest.raises(NasbenchError, match="cannot be followed back to its ReLUs"):
        naswt_score(Hidden(how), torch.randn(5, 3, 2, 2))


def test_what_is_no_network_and_what_are_no_images() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 9), nn.ReLU())
    with pytest.raises(NasbenchError, match=r"Images are a float tensor of torch, not ndarray; see torch\.from_numpy"):
        naswt_score(network, np.zeros((5, 3, 2, 2)))  # type: ignore[arg-type]
    with pytest.raises(NasbenchError, match=r"A network is an object of torch\.nn\.Module"):
        naswt_score(lambda images: images, torch.randn(5, 3, 2, 2))  # type: ignore[arg-type]
