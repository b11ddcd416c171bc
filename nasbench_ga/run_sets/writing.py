"""The folder of a comparison: its report, its numbers and its pictures, all of one comparison."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from nasbench_ga import figures
from nasbench_ga.errors import NasbenchError
from nasbench_ga.files import read_json, write_json
from nasbench_ga.pages import Page, write_html

REPORT, NUMBERS = "report.html", "comparison.json"


def write_comparison(page: Page, numbers: dict[str, Any], folder: Path) -> None:
    """Writes a comparison into a folder: new, or of an earlier comparison, whose files it replaces.

    Everything is written beside the folder's files before any of them is touched.

    Raises:
        NasbenchError: the folder holds something else, another process is writing it, or it cannot be written.
    """
    _refuse_other_content(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock").acquire(timeout=0):
            _replace_files(page, numbers, folder)
    except Timeout as error:
        raise NasbenchError(f"Another process is writing {folder}; wait for it, or choose another --out.") from error
    except OSError as error:
        raise NasbenchError(f"Cannot write {folder}: {error.strerror or error}. Choose another --out.") from error


def _refuse_other_content(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise NasbenchError(f"{folder} is a file; choose a folder with --out.")
    held = [own.name for own in folder.iterdir() if not own.name.startswith(".")] if folder.exists() else []
    if held and NUMBERS not in held:
        raise NasbenchError(f"{folder} is not empty and no comparison; choose another folder with --out.")


def _replace_files(page: Page, numbers: dict[str, Any], folder: Path) -> None:
    earlier = read_json(folder / NUMBERS) if (folder / NUMBERS).exists() else {}
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as temporary:
        new = Path(temporary)
        for picture in page.pictures:
            figures.save(picture.figure, new / picture.name)
        write_html(page, new / REPORT)
        files = sorted(path.name for path in new.iterdir())
        write_json(new / NUMBERS, numbers | {"files": files})
        for name in [*files, NUMBERS]:
            shutil.move(new / name, folder / name)
    for name in {*(earlier.get("files", []) if isinstance(earlier, dict) else [])} - {*files}:
        (folder / Path(name).name).unlink(missing_ok=True)
