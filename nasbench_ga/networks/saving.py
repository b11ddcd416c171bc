"""A trained network as one file: its weights, and all that is needed to build it again."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.files import write_bytes
from nasbench_ga.networks.building import Network, build_network
from nasbench_ga.spaces import Genotypes, Space, get_space, spaces


def save_network(
    path: Path,
    weights: Mapping[str, Tensor],
    space: Space,
    genotype: Genotypes,
    classes: int = 10,
    sizes: Mapping[str, Any] | None = None,
) -> None:
    """Writes a network into a file, whole or not at all.

    Args:
        path: of the file.
        weights: its state dict.
        space: of the genotype.
        genotype: int8, shape (genes,).
        classes: width of the classifier.
        sizes: other than the published ones, as `build_network` takes them.

    Raises:
        NasbenchError: the file cannot be written.
    """
    content = {
        "space": space.name,
        "settings": None if space.Settings is None else dataclasses.asdict(space.settings),
        "image": space.image,
        "genotype": np.asarray(genotype).tolist(),
        "cell": str(space.decode(genotype)),
        "classes": classes,
        "sizes": dict(sizes or {}),
        "weights": dict(weights),
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_bytes(path, buffer.getvalue())


def load_network(path: Path | str, device: str = "cpu") -> Network:
    """The network that `save_network` wrote, in evaluation mode.

    Args:
        path: of the file.
        device: where its weights are to lie.

    Raises:
        NasbenchError: the file cannot be read.
        CorruptFileError: it is damaged, or holds no network.
        UnknownNameError: its space is not registered here.
    """
    try:
        with zipfile.ZipFile(path) as archive:  # torch reads past its checksums
            if (damaged := archive.testzip()) is not None:
                raise CorruptFileError(f"{path} is damaged: its part {damaged} has another checksum.")
        content = torch.load(path, map_location="cpu", weights_only=True)
        wanted = spaces[content["space"]].Settings
        space = get_space(content["space"], None if wanted is None else wanted(**content["settings"]))
        if content["image"] is not None:
            space = space.for_images(tuple(content["image"]), content["classes"])
        genotype = np.array(content["genotype"], np.int8)
        network = build_network(space, genotype, content["classes"], **content["sizes"])
        network.load_state_dict(content["weights"])
    except NasbenchError:
        raise
    except OSError as error:
        raise NasbenchError(f"{path} cannot be read: {error.strerror or error}.") from error
    except Exception as error:  # a damaged file can raise nearly anything
        raise CorruptFileError(f"{path} is damaged, or no network that was saved by a run ({error}).") from error
    return network.to(device).eval()
