"""What every test shares: where published files lie, and how hypothesis searches."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from filelock import FileLock

from tests.support.host import Host, serving
from tests.support.run_records import record

__all__ = ["record"]

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}

hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if IN_CI else "local"))


@pytest.fixture(scope="session")
def published() -> Callable[[str], Path]:
    """Finds a published file by its name relative to a folder of NASBENCH_GA_DATA.

    A test whose file is nowhere is skipped; with NASBENCH_GA_REQUIRE_DATA set it fails.
    """

    def find(name: str) -> Path:
        folders = [Path(folder) for folder in os.environ.get("NASBENCH_GA_DATA", "").split(os.pathsep) if folder]
        found = next((folder / name for folder in folders if (folder / name).exists()), None)
        if found is None:
            give_up = pytest.fail if os.environ.get("NASBENCH_GA_REQUIRE_DATA") else pytest.skip
            give_up(f"needs {name} in a folder of NASBENCH_GA_DATA")
        return found

    return find


IMAGES = {"mnist": "mnist", "fashion-mnist": "fashion-mnist", "cifar10": "cifar-10-batches-bin"}


@pytest.fixture(scope="session")
def images_folder(published: Callable[[str], Path]) -> Path:
    """The project's data folder, with the official files of `IMAGES` in it: unpacked once, and kept.

    Of CIFAR-10 the training images only.
    """
    data = Path(__file__).parents[1] / "data"
    with FileLock(data / ".unpacking.lock"):
        missing = {name: folder for name, folder in IMAGES.items() if not (data / folder).exists()}
        if missing:
            program = published("unpack.py")
            with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=data) as temporary:
                subprocess.run([sys.executable, program, temporary, *missing], check=True)
                for folder in missing.values():
                    unpacked = Path(temporary, folder)
                    unpacked.chmod(0o755)
                    unpacked.rename(data / folder)
    return data


@pytest.fixture
def host() -> Iterator[Host]:
    """A file host on this machine."""
    with serving() as host:
        yield host
