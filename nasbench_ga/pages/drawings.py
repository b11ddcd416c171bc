"""The pictures of a page as bytes, drawn before anything is written."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nasbench_ga.figures import save
from nasbench_ga.pages.page import Picture


def drawn(picture: Picture, *forms: str) -> dict[str, bytes]:
    """What a picture's file holds in each format ("png", "svg"), the same every time."""
    with tempfile.TemporaryDirectory() as folder:
        paths = save(picture.figure, Path(folder) / picture.name, forms)
        return {form: path.read_bytes() for form, path in zip(forms, paths, strict=True)}
