"""The HTML page: well-formed, alone in one file, harmless, usable without eyes, the same bytes every time."""

import base64
import html.parser
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from nasbench_ga.errors import NasbenchError
from nasbench_ga.pages import Details, Heading, Page, Paragraph, Picture, Table, write_html
from nasbench_ga.pages.html import html as html_of
from nasbench_ga.pages.texts import without_markup
from tests.pages.conftest import HOSTILE

VOID = {"meta", "link", "img"}
MakePage = Callable[..., Page]


class Parsed(html.parser.HTMLParser):
    """A page as its tags, in order, and the texts inside of each kind of tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.declarations: list[str] = []
        self.feed(page)
        self.close()
        self.texts = [(tag, text.strip()) for tag, text in self.texts]
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

        self.texts.append((tag, ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.texts.append((self.open[-1] if self.open else "", ""))

    def handle_data(self, data: str) -> None:
        if self.texts:
            tag, text = self.texts[-1]
            self.texts[-1] = tag, text + data

    def handle_decl(self, decl: str) -> None:
        self.declarations.append(decl)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def names(self) -> list[str]:
        return [name for name, _ in self.tags if name != "code"]


def test_every_tag_is_closed_and_the_head_says_what_phones_need(make_page: MakePage) -> None:
    parsed = Parsed(html_of(make_page()))
    assert parsed.declarations == ["DOCTYPE html"]
    assert parsed.all("html") == [{"lang": "en"}]
    metas = {meta.get("name") or meta.get("http-equiv"): meta.get("content") for meta in parsed.all("meta")}
    assert metas["viewport"] == "width=device-width, initial-scale=1"
    assert metas["color-scheme"] == "light dark"
    directives = dict(rule.split(" ", 1) for rule in str(metas["Content-Security-Policy"]).split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["img-src"] == "data:"
    assert "script-src" not in directives
    assert not parsed.all("script")


def test_nothing_is_asked_for_from_anywhere(make_page: MakePage) -> None:
    page = html_of(make_page("see https://example.org"))
    for _, attributes in Parsed(page).tags:
        for name in {"src", "href", "srcset", "action", "data"} & set(attributes):
            assert str(attributes[name]).startswith(("data:", "#"))
    assert "url(" not in page
    assert "@import" not in page


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_is_shown_as_it_is_and_is_nothing_else(
    text: str, make_page: MakePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nasbench_ga.pages.html.drawn", lambda picture, *forms: dict.fromkeys(forms, b"drawn"))
    figure = Figure()
    parsed = Parsed(html_of(make_page(text, figure)))
    assert parsed.names() == Parsed(html_of(make_page(figure=figure))).names()
    assert parsed.all("img")[0]["alt"] == without_markup(text)
    assert ("title", without_markup(text)) in parsed.texts
    assert not any(name.startswith("on") for _, attributes in parsed.tags for name in attributes)


def test_code_between_backticks_is_code() -> None:
    parsed = Parsed(html_of(Page("Title", (Paragraph("run `a <b>` or `c` ` now"),))))
    assert [text for tag, text in parsed.texts if tag == "code"] == ["a <b>", "c"]


def test_what_cannot_be_shown_is_replaced(tmp_path: Path) -> None:
    undecodable = b"run-\xff".decode(errors="surrogateescape")
    path = write_html(
        Page("Title", (Paragraph(f"{undecodable} \0 \x1b[31m \u202etxt.exe 1\u202f000"),)), tmp_path / "p.html"
    )
    assert "<p>run-\ufffd \ufffd \ufffd[31m \ufffdtxt.exe 1\u202f000</p>" in path.read_text()


def test_pictures_are_embedded_and_described(make_page: MakePage) -> None:
    (image,) = Parsed(html_of(make_page("what it shows"))).all("img")
    assert image["alt"] == "what it shows"
    form, content = re.fullmatch(r"data:image/(png|svg\+xml);base64,(.+)", str(image["src"])).groups()
    assert form == "svg+xml"
    assert ET.fromstring(base64.b64decode(content)).tag == "{http://www.w3.org/2000/svg}svg"
    assert (image["width"], image["height"]) == ("300", "200")
    assert "style" not in image


def test_a_picture_of_many_dots_is_a_png_and_a_wide_one_scrolls() -> None:
    figure = Figure(figsize=(10, 2))
    figure.subplots().plot([i % 7 for i in range(3_000)], [i % 11 for i in range(3_000)], "o")
    (image,) = Parsed(html_of(Page("Title", (Picture("dots", figure, "Dots."),)))).all("img")
    head = base64.b64decode(str(image["src"]).removeprefix("data:image/png;base64,"))
    assert head.startswith(b"\x89PNG")
    assert int.from_bytes(head[16:20]) == 2 * int(str(image["width"]))
    assert image["style"] == "min-width: 640px"


def test_cells_know_their_headers() -> None:
    table = Table(("set", "mean (%)"), (("a", "94.2"), ("b", "94.1")), "What each found.", numeric=(1,))
    parsed = Parsed(html_of(Page("Title", (table,))))
    assert [(head["scope"], head.get("class")) for head in parsed.all("th")] == [
        *(("col", None), ("col", "number")),
        *(("row", None), ("row", None)),
    ]
    assert [cell.get("class") for cell in parsed.all("td")] == ["number", "number"]
    label = parsed.all("table")[0]["aria-labelledby"]
    assert [caption["id"] for caption in parsed.all("figcaption")] == [label]
    (scrolling,) = [box for box in parsed.all("div") if box.get("class") == "scroll"]
    assert scrolling["tabindex"] == "0"


def test_more_than_three_headings_have_a_table_of_contents() -> None:
    few = Parsed(html_of(Page("Title", tuple(Heading(str(i)) for i in range(3)))))
    many = Parsed(html_of(Page("Title", tuple(Heading(str(i)) for i in range(4)))))
    assert not few.all("nav")
    assert len(many.all("nav")) == 1
    assert [link["href"] for link in many.all("a")] == [f"#{heading['id']}" for heading in many.all("h2")]


def test_details_are_folded() -> None:
    assert Parsed(html_of(Page("Title", (Details("More", ("line",)),)))).all("details") == [{}]


def test_the_same_page_has_the_same_bytes(make_page: MakePage, tmp_path: Path) -> None:
    page = make_page()
    first = write_html(page, tmp_path / "first.html").read_bytes()
    assert write_html(page, tmp_path / "again.html").read_bytes() == first
    assert write_html(make_page(), tmp_path / "anew.html").read_bytes() == first


def test_a_failure_midway_leaves_the_old_file(make_page: MakePage, broken: Figure, tmp_path: Path) -> None:
    path = write_html(make_page(), tmp_path / "page.html")
    before = path.read_bytes()
    with pytest.raises(MemoryError):
        write_html(make_page("other text", broken), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_said(make_page: MakePage, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NasbenchError, match="Cannot write"):
        write_html(make_page(), tmp_path / "file" / "page.html")
