"""Trained networks as files."""

from pathlib import Path

import numpy as np
import pytest
import torch

from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.networks import build_network, load_network, save_network
from nasbench_ga.spaces import LayerChain, LayerChainSettings, get_space, spaces

SIZES = {"nb101": {"stem": 8, "cells_per_stack": 1}, "nats-tss": {"channels": (4, 8, 16), "cells_per_stage": 1}}


@pytest.mark.parametrize("name", list(spaces))
def test_a_network_computes_what_it_did_before_it_was_saved(name: str, tmp_path: Path) -> None:
    space = get_space(name)
    genotype = space.sample(1, np.random.default_rng(0))[0]
    sizes = SIZES.get(space.benchmark, {})
    network = build_network(space, genotype, 7, seed=3, **sizes).eval()
    save_network(tmp_path / "folder" / "network.pt", network.state_dict(), space, genotype, 7, sizes)
    again = load_network(tmp_path / "folder" / "network.pt")
    images = torch.rand(2, *(space.image or (3, 32, 32)))
    assert torch.equal(network(images), again(images))
    assert not again.training


def test_a_chain_is_built_within_its_own_limits(tmp_path: Path) -> None:
    space = LayerChain(LayerChainSettings(max_layers=40, max_kernel=15), (3, 20, 24), 4)
    genotype = space.encode(" - ".join(["conv 15x9 2"] * 30))
    network = build_network(space, genotype, 4)
    save_network(tmp_path / "network.pt", network.state_dict(), space, genotype, 4)
    assert str(load_network(tmp_path / "network.pt").chain) == str(space.decode(genotype))


@pytest.mark.parametrize("content", [b"", b"damaged", None])
def test_what_is_no_network_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "network.pt"
    if content is None:
        torch.save({"weights": {}}, path)
    else:
        path.write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"network\.pt is damaged"):
        load_network(path)


def test_a_wrong_bit_in_a_weight_is_found(tmp_path: Path) -> None:
    space, path = get_space("layer-chain"), tmp_path / "network.pt"
    genotype = space.encode("dense 8")
    network = build_network(space, genotype)
    save_network(path, network.state_dict(), space, genotype)
    content = bytearray(path.read_bytes())
    place = content.index(network.state_dict()["layers.0.1.weight"].numpy().tobytes()[:64])
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"network\.pt is damaged: its part .* has another checksum"):
        load_network(path)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(NasbenchError, match=r"nowhere\.pt cannot be read: No such file"):
        load_network(tmp_path / "nowhere.pt")
