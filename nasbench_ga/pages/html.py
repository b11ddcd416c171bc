"""A page as one HTML file that holds its pictures, asks for nothing from anywhere, and runs nothing."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench_ga.files import write_bytes
from nasbench_ga.pages.drawings import drawn
from nasbench_ga.pages.page import Block, Heading, Page, Picture
from nasbench_ga.pages.texts import spans, without_markup

if TYPE_CHECKING:
    from markupsafe import Markup

_MOST_HEADINGS = 3
"""Of a page without a table of contents."""
_PIXELS = 100
"""Of CSS for each inch of a figure: text of 10 points is 14 pixels high, and there are two dots a pixel."""
_WIDEST_ON_A_PHONE = 6.5
"""Inches of a figure that is as wide as any screen; a wider one scrolls where it would be too small to read."""
_FEWEST_PIXELS = 64
"""Of CSS for each inch of such a wider figure."""
_MEDIA = {"png": "image/png", "svg": "image/svg+xml"}


def write_html(page: Page, path: Path) -> Path:
    """Writes a page as one file, whole or not at all; the same page gives the same bytes.

    Returns:
        The path of the file.

    Raises:
        NasbenchError: the file cannot be written.
    """
    write_bytes(path, html(page).encode())
    return path


def html(page: Page) -> str:
    """The text of a page's file."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("nasbench_ga.pages", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"words": _words, "plain": without_markup, "kind": _kind, "embedded": _embed}
    headings = [block.text for block in page.blocks if isinstance(block, Heading)]
    contents = headings if len(headings) > _MOST_HEADINGS else []
    return environment.get_template("page.html.j2").render(page=page, contents=contents)


def _kind(block: Block) -> str:
    return type(block).__name__


def _words(text: str) -> Markup:
    from markupsafe import Markup, escape

    in_code = Markup("<code>{}</code>")
    return Markup().join(in_code.format(part) if code else escape(part) for part, code in spans(text))


@dataclass(frozen=True)
class _Embedded:
    """A picture as its address holds it; sizes are in CSS pixels."""

    address: str
    width: int
    height: int
    narrowest: int


def _embed(picture: Picture) -> _Embedded:
    """A picture in the format that is smaller."""
    drawings = drawn(picture, *_MEDIA)
    form = min(drawings, key=lambda form: len(drawings[form]))
    width, height = picture.figure.get_size_inches()
    return _Embedded(
        address=f"data:{_MEDIA[form]};base64,{base64.b64encode(drawings[form]).decode()}",
        width=round(_PIXELS * width),
        height=round(_PIXELS * height),
        narrowest=round(_FEWEST_PIXELS * width) if width > _WIDEST_ON_A_PHONE else 0,
    )
