"""A page on the terminal: its words and tables; pictures and what is folded away are left to the files."""

from __future__ import annotations

import textwrap

from nasbench_ga.console import print_table, rich_table
from nasbench_ga.pages.page import Heading, Notes, Page, Paragraph, Table

WIDTH = 120


def print_page(page: Page) -> None:
    """Prints the headings, paragraphs, notes and tables of a page."""
    print(page.title)
    print("=" * min(len(page.title), WIDTH))
    printed = [block for block in page.blocks if isinstance(block, Heading | Paragraph | Notes | Table)]
    for block, following in zip(printed, [*printed[1:], None], strict=True):
        match block:
            case Heading(text):
                if following is not None and not isinstance(following, Heading):
                    print(f"\n{text}\n{'-' * min(len(text), WIDTH)}")
            case Paragraph(text):
                print(_wrapped(text))
            case Notes(lines, title):
                print(f"\n{title}:" if title else "")
                print("\n".join(_wrapped(line, "- ") for line in lines))
            case Table():
                _print_table(block)


def _print_table(table: Table) -> None:
    shown = rich_table()
    for number, header in enumerate(table.headers):
        shown.add_column(header, justify="right" if number in table.numeric else "left", overflow="fold")
    for row in table.rows:
        shown.add_row(*(_escaped(cell) for cell in row))
    print_table(shown)
    if table.caption:
        print(_wrapped(table.caption))


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _wrapped(text: str, bullet: str = "") -> str:
    return textwrap.fill(text, WIDTH, initial_indent=bullet, subsequent_indent=" " * len(bullet))
