"""The pictures of a page as bytes, drawn before anything is written."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path

from nasbench_ga.figures import save
from nasbench_ga.pages.page import Picture


def drawn(picture: Picture, form: str) -> bytes:
    """The content of a picture's file, the same every time: drawing moves what is in a figure, so a copy is drawn.

    Args:
        picture: what to draw.
        form: "png" or "svg".
    """
    with tempfile.TemporaryDirectory() as folder:
        (path,) = save(copy.deepcopy(picture.figure), Path(folder) / picture.name, [form])
        return path.read_bytes()
