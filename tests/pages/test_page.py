"""What can be on a page, and what is refused."""

import subprocess
import sys

import pytest
from matplotlib.figure import Figure

from nasbench_ga.errors import NasbenchError
from nasbench_ga.pages import Page, Picture, Table


@pytest.mark.parametrize("row", [("a",), ("a", "b", "c"), ()])
def test_a_row_of_another_length_is_refused(row: tuple[str, ...]) -> None:
    with pytest.raises(NasbenchError, match=rf"needs 2 cells.*set, mean.*row 1 has {len(row)}\."):
        Table(("set", "mean"), (("a", "b"), row))


def test_a_table_without_columns_is_refused() -> None:
    with pytest.raises(NasbenchError, match="at least one column"):
        Table((), ())


@pytest.mark.parametrize("column", [-1, 2])
def test_a_numeric_column_that_is_not_there_is_refused(column: int) -> None:
    with pytest.raises(NasbenchError, match=rf"0 to 1, and {column} is said"):
        Table(("set", "mean"), (), numeric=(0, column))


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a b", ".hidden", "a)b", "a\n", "é"])
def test_a_name_that_is_no_file_name_everywhere_is_refused(name: str) -> None:
    with pytest.raises(NasbenchError, match="becomes that of its file"):
        Picture(name, Figure(), "Caption.")


def test_a_picture_without_caption_is_refused() -> None:
    with pytest.raises(NasbenchError, match="curves has no caption"):
        Picture("curves", Figure(), " \n")


def test_two_pictures_of_one_name_are_refused() -> None:
    with pytest.raises(NasbenchError, match=r"two are called Ranks\."):
        Page("Title", (Picture("ranks", Figure(), "One."), Picture("Ranks", Figure(), "Two.")))


def test_making_a_page_brings_neither_matplotlib_nor_jinja() -> None:
    code = "import sys, nasbench_ga.pages; print({'matplotlib', 'jinja2', 'pandas', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
