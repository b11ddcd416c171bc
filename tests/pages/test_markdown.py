"""The Markdown page, read back by markdown-it: what is shown is the text, and nothing that the text holds is markup."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from matplotlib.figure import Figure

from nasbench_ga.pages import Details, Heading, Notes, Page, Paragraph, Picture, Table, write_markdown
from nasbench_ga.pages.markdown import markdown
from nasbench_ga.pages.texts import without_markup
from tests.pages.conftest import HOSTILE, draw

MakePage = Callable[..., Page]


def parse(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


def structure(tokens: list[Token]) -> list[str]:
    """The kinds of blocks, and inside of them all markup but code."""
    kinds: list[str] = []
    for token in tokens:
        kinds.append(token.type)
        kinds += [
            child.type
            for child in token.children or []
            if child.type not in {"text", "code_inline"} and child.content not in {"<code>", "</code>"}
        ]
    return kinds


def shown(token: Token) -> str:
    """The text that is read, which for a picture is that in its place."""
    readable = [child for child in token.children or [] if child.type in {"text", "code_inline", "image"}]
    return "".join(shown(child) if child.type == "image" else child.content for child in readable)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_is_shown_as_it_is_and_is_nothing_else(text: str, make_page: MakePage) -> None:
    figure = Figure()
    tokens, plain = parse(markdown(make_page(text, figure))), parse(markdown(make_page(figure=figure)))
    assert structure(tokens) == structure(plain)
    places = [i for i, token in enumerate(plain) if token.type == "inline" and shown(token) == "some text"]
    assert len(places) == 17
    assert {shown(tokens[i]) for i in places} == {without_markup(text)}


@given(text=st.text(st.sampled_from("a1 \n\t\\`*_[]()<>#+-.!|~$&;={}:/\"'")))
def test_no_text_is_markup(text: str) -> None:
    def page(text: str) -> str:
        table = Table((text, "b"), ((text, "d"), ("e", text)), text)
        return markdown(Page(f"a{text}", (Paragraph(f"a{text}"), Notes((text, "b"), f"a{text}"), table)))

    tokens = parse(page(text))
    cells = [shown(tokens[i + 1]) for i, token in enumerate(tokens) if token.type in {"th_open", "td_open"}]
    assert cells == [without_markup(text), "b", without_markup(text), "d", "e", without_markup(text)]
    assert shown(tokens[1]) == shown(tokens[4]) == without_markup(f"a{text}")
    if without_markup(text):
        assert structure(tokens) == structure(parse(page("a")))


@pytest.mark.parametrize("text", ["nas_ea_fa", "p < 0.001", "A & B", "94.2 – 94.3 (n = 500)", "`--seed 0`"])
def test_what_is_no_markup_stays_legible(text: str) -> None:
    assert markdown(Page("Title", (Paragraph(text),))) == f"# Title\n\n{text}\n"


def test_every_kind_of_block() -> None:
    page = Page(
        "Two sets on `nb101`",
        (
            Paragraph("What is found."),
            Notes(("One has 20 runs.", "The other has 500."), "Not alike"),
            Heading("Sets"),
            Table(("set", "mean (%)"), (("a", "94.2"), ("`b|c`", "94.1")), "By validation accuracy.", numeric=(1,)),
            Picture("curves", draw(), "Best so far on `nb101`."),
            Details("Tests", ("Brunner–Munzel.", "Holm.")),
        ),
    )
    assert markdown(page) == (
        "# Two sets on `nb101`\n\n"
        "What is found.\n\n"
        "> **Not alike**\n>\n> - One has 20 runs.\n> - The other has 500.\n\n"
        "## Sets\n\n"
        "By validation accuracy.\n\n"
        "| set | mean (%) |\n| --- | ---: |\n| a | 94.2 |\n| <code>b\\|c</code> | 94.1 |\n\n"
        "![Best so far on nb101.](curves.png)\n\nBest so far on `nb101`.\n\n"
        "Tests\n\n- Brunner–Munzel.\n- Holm.\n"
    )


def test_pictures_lie_beside_the_page(make_page: MakePage, tmp_path: Path) -> None:
    written = write_markdown(make_page(), tmp_path / "study" / "README.md")
    assert written == [tmp_path / "study" / "README.md", tmp_path / "study" / "curves.png"]
    assert sorted((tmp_path / "study").iterdir()) == sorted(written)
    assert written[1].read_bytes().startswith(b"\x89PNG")
    images = [child for token in parse(written[0].read_text()) for child in token.children or [] if child.tag == "img"]
    assert [image.attrs["src"] for image in images] == ["curves.png"]


def test_the_same_page_has_the_same_bytes(make_page: MakePage, tmp_path: Path) -> None:
    page = make_page()
    first = [path.read_bytes() for path in write_markdown(page, tmp_path / "first" / "page.md")]
    assert [path.read_bytes() for path in write_markdown(page, tmp_path / "again" / "page.md")] == first
    assert [path.read_bytes() for path in write_markdown(make_page(), tmp_path / "anew" / "page.md")] == first


def test_a_failure_midway_leaves_all_old_files(make_page: MakePage, broken: Figure, tmp_path: Path) -> None:
    old = {path: path.read_bytes() for path in write_markdown(make_page(), tmp_path / "page.md")}
    other = Figure()
    other.subplots()
    blocks = (Picture("curves", other, "Another picture."), Picture("broken", broken, "None."))
    with pytest.raises(MemoryError):
        write_markdown(Page("Other", blocks), tmp_path / "page.md")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == old
