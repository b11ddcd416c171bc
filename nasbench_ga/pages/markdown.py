"""A page as Markdown, with its pictures beside it.

The dialect is that of GitHub, https://github.github.com/gfm/, for its tables; the rest is CommonMark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from nasbench_ga.files import write_bytes
from nasbench_ga.pages.drawings import drawn
from nasbench_ga.pages.page import Block, Details, Heading, Notes, Page, Paragraph, Picture, Table
from nasbench_ga.pages.texts import spans, without_markup

_MARKUP = re.compile(r"[\\`*\[\]~$|#]|(?<![^\W_])_|_(?![^\W_])")  # underscores inside of words are none
_ENTITIES = re.compile(r"&(?=[#\w])")
_TAGS = re.compile(r"<(?![\s\d=.]|$)")
_BLOCK_START = re.compile(r"^(\d*)([-+.)](?=[\s-]|$)|>)")  # a list, a rule or a quotation


def write_markdown(page: Page, path: Path) -> list[Path]:
    """Writes a page as Markdown, and each of its pictures as `<name>.png` beside it.

    All pictures are drawn before the first file is written, and the page is written last.

    Returns:
        The path of the page, and those of its pictures.

    Raises:
        NasbenchError: a file cannot be written.
    """
    drawings = {path.with_name(f"{picture.name}.png"): drawn(picture, "png")["png"] for picture in page.pictures}
    for file, content in drawings.items():
        write_bytes(file, content)
    write_bytes(path, markdown(page).encode())
    return [path, *drawings]


def markdown(page: Page) -> str:
    """The text of a page, which shows each picture from the file `<name>.png`."""
    return "\n\n".join([f"# {_words(page.title)}", *map(_block, page.blocks)]) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"## {_words(block.text)}"
        case Paragraph():
            return _words(block.text)
        case Notes():
            title = f"**{_words(block.title)}**\n\n" if block.title else ""
            return re.sub("^(?=(.?))", lambda line: "> " if line[1] else ">", title + _list(block.lines), flags=re.M)
        case Table():
            return _table(block)
        case Picture():
            alternative = _escaped(without_markup(block.caption))
            return f"![{alternative}]({block.name}.png)\n\n{_words(block.caption)}"
        case Details():
            return f"{_words(block.summary)}\n\n{_list(block.lines)}"


def _table(table: Table) -> str:
    rules = ["---:" if column in table.numeric else "---" for column in range(len(table.headers))]
    lines = [map(_cell, table.headers), rules, *(map(_cell, row) for row in table.rows)]
    caption = f"{_words(table.caption)}\n\n" if table.caption else ""
    return caption + "\n".join(map(_row, lines))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {_words(line)}" for line in lines)


def _words(text: str) -> str:
    """A text at the start of a line."""
    written = "".join(f"`{part}`" if code else _escaped(part) for part, code in spans(text))
    return _BLOCK_START.sub(r"\1\\\2", written)


def _cell(text: str) -> str:
    """A text between two bars, which also end code."""
    return "".join(_code_in_cell(part) if code else _escaped(part) for part, code in spans(text))


def _code_in_cell(code: str) -> str:
    return f"<code>{_escaped(code)}</code>" if "|" in code else f"`{code}`"


def _escaped(text: str) -> str:
    text = _MARKUP.sub(r"\\\g<0>", text)
    return _TAGS.sub("&lt;", _ENTITIES.sub("&amp;", text))
