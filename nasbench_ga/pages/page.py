"""What a person reads of a comparison or a study, as data: a title and blocks of words, tables and pictures.

Every text is plain, and is shown as it is whatever it holds; the only markup is `code` between backticks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nasbench_ga.errors import NasbenchError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Heading:
    """The name of a section of the page, which reaches to the next heading."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Sentences that belong together."""

    text: str


@dataclass(frozen=True)
class Notes:
    """What is to be kept in mind when reading the rest, such as records that are not alike; it stands out.

    Attributes:
        lines: one note each.
        title: stands above them.
    """

    lines: tuple[str, ...]
    title: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of texts under headers; the first column names what its row is about.

    Attributes:
        headers: one a column.
        rows: each as long as the headers.
        caption: what the table says.
        numeric: the numbers of the columns that are aligned to the right, from 0.

    Raises:
        NasbenchError: no column at all, a row that is longer or shorter than the headers, or no such column.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    numeric: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.headers:
            raise NasbenchError("A table needs at least one column, and has no headers. Give it headers.")
        for number, row in enumerate(self.rows):
            if len(row) != len(self.headers):
                raise NasbenchError(
                    f"Each row of a table needs {len(self.headers)} cells, one for each of its headers "
                    f"({', '.join(self.headers)}), and row {number} has {len(row)}. Give it an empty text where it has "
                    "nothing to say."
                )
        for column in self.numeric:
            if not 0 <= column < len(self.headers):
                raise NasbenchError(
                    f"The columns of this table are numbered 0 to {len(self.headers) - 1}, and {column} is said to be "
                    "numeric. Name one of its columns."
                )


@dataclass(frozen=True)
class Picture:
    """A drawing and what it shows.

    Attributes:
        name: of the picture's file, without a folder and a suffix.
        figure: what is drawn.
        caption: stands below the picture, and is read out in its place.

    Raises:
        NasbenchError: the name is not one of a file that every system can hold, or there is no caption.
    """

    name: str
    figure: Figure
    caption: str

    def __post_init__(self) -> None:
        if not _FILE_NAME.fullmatch(self.name):
            raise NasbenchError(
                f"A picture's name becomes that of its file: letters, digits, '.', '_' and '-', with a letter or a "
                f"digit first. {self.name!r} is none; rename it."
            )
        if not self.caption.strip():
            raise NasbenchError(
                f"The picture {self.name} has no caption, and who cannot see it has nothing else. Say what it shows."
            )


@dataclass(frozen=True)
class Details:
    """Lines that few readers need, folded away where the format can.

    Attributes:
        summary: what the lines are about; always shown.
        lines: one item each.
    """

    summary: str
    lines: tuple[str, ...]


Block = Heading | Paragraph | Notes | Table | Picture | Details


@dataclass(frozen=True)
class Page:
    """Everything that is on one page, in the order in which it is read.

    Raises:
        NasbenchError: two pictures have the same name, capitals aside.
    """

    title: str
    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        names: set[str] = set()
        for picture in self.pictures:
            if picture.name.casefold() in names:
                raise NasbenchError(
                    f"Each picture of a page needs a name of its own, and two are called {picture.name}. Rename one."
                )
            names.add(picture.name.casefold())

    @property
    def pictures(self) -> Iterator[Picture]:
        """The pictures of the page, in order."""
        return (block for block in self.blocks if isinstance(block, Picture))
