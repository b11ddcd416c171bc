"""A page with every kind of block, and texts that would be something else if they were not escaped."""

from collections.abc import Callable

import pytest
from matplotlib.figure import Figure

from nasbench_ga.pages import Details, Heading, Notes, Page, Paragraph, Picture, Table

HOSTILE = (
    "<script>alert(1)</script>",
    'x" onerror="alert(1)',
    "'><img src=https://example.org/x.png>",
    "a|b",
    "a\\|b",
    "`a|b`",
    "`a\\|b`",
    "two\n\n# lines\r\n| a | b |",
    "**bold** _slanted_ ~~gone~~ [link](https://example.org) ![picture](x.png)",
    "<!-- hidden",
    "&lt;b&gt; &amp; &#60;",
    "{{ 7 * 7 }} {% raw %}",
    "$x$",
    "] > - + 1. =",
    "one ` backtick",
    "``` a ```",
    "- item",
    "---",
    "+",
    "1. item",
    "12) item",
    "> quotation",
    "===",
    "___",
    "ends in \\",
    "# C #",
    "`<b>code</b>`",
)


def draw() -> Figure:
    figure = Figure(figsize=(3, 2), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1, 2], [93.1, 93.9, 94.2], label="one run")
    axes.set_xlabel("evaluations")
    figure.legend(loc="outside lower center")
    return figure


@pytest.fixture
def make_page() -> Callable[..., Page]:
    """A page of every kind of block, with one text in every place where one can stand."""

    def make(text: str = "some text", figure: Figure | None = None) -> Page:
        return Page(
            text,
            (
                Paragraph(text),
                Notes((text, "another note"), text),
                Notes((text,)),
                *(Heading(text) for _ in range(4)),
                Table((text, "mean (%)"), ((text, "94.2"), ("plain", text)), text, numeric=(1,)),
                Table(("one column",), ()),
                Picture("curves", figure or draw(), text),
                Details(text, (text, "another line")),
            ),
        )

    return make


@pytest.fixture
def broken() -> Figure:
    """A figure that cannot be drawn."""

    class Broken(Figure):
        def savefig(self, *args: object, **options: object) -> None:
            raise MemoryError("too many dots")

    return Broken()
