"""The look of figures, and their files."""

import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from nasbench_ga.errors import NasbenchError
from nasbench_ga.figures import agreement, distributions, save
from nasbench_ga.figures.style import looks, written

FORMATS = ("png", "pdf", "svg")
EXAMPLE = "distributions({'a': [1.0, 2.0, 2.5], 'b': [2.0, 3.0]}, 'accuracy (%)', optimum=3.5)"


def example() -> Figure:
    return distributions({"a": [1.0, 2.0, 2.5], "b": [2.0, 3.0]}, "accuracy (%)", optimum=3.5)


def test_the_same_figure_is_the_same_bytes_also_in_another_process(tmp_path: Path) -> None:
    figure = example()
    first, again = save(figure, tmp_path / "first", FORMATS), save(figure, tmp_path / "again", FORMATS)
    code = f"from nasbench_ga.figures import *; save({EXAMPLE}, {str(tmp_path / 'other')!r}, {FORMATS})"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONHASHSEED": "7", "PATH": ""})
    assert [path.name for path in first] == ["first.png", "first.pdf", "first.svg"]
    for path, same, other in zip(first, again, (tmp_path / f"other.{form}" for form in FORMATS), strict=True):
        assert path.read_bytes() == same.read_bytes() == other.read_bytes()


def test_a_file_says_neither_when_nor_by_what_it_was_made(tmp_path: Path) -> None:
    for path in save(example(), tmp_path / "figure", FORMATS):
        content = path.read_bytes()
        assert b"CreationDate" not in content
        assert b"<dc:date>" not in content
        assert b"atplotlib v" not in content
        assert b"Software" not in content


def test_a_name_with_dots_keeps_them(tmp_path: Path) -> None:
    assert save(example(), tmp_path / "v1.2", ["png"]) == [tmp_path / "v1.2.png"]


@pytest.mark.parametrize("form", FORMATS)
def test_what_breaks_off_leaves_the_file_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    (path,) = save(example(), tmp_path / "figure", [form])
    before = path.read_bytes()

    def half(self: Figure, file: Path, **_: object) -> None:
        Path(file).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", half)
    with pytest.raises(NasbenchError, match="No space left on device"):
        save(example(), tmp_path / "figure", [form])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_another_format_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(NasbenchError, match=r"formats among png, pdf, svg, got 'gif'"):
        save(example(), tmp_path / "figure", ["png", "gif"])
    assert not list(tmp_path.iterdir())


def test_drawing_leaves_matplotlib_as_it_was_and_does_not_mind_it(tmp_path: Path) -> None:
    plain = save(example(), tmp_path / "plain")
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.facecolor": "red", "xtick.labelsize": 3}):
        before = dict(mpl.rcParams)
        other = save(example(), tmp_path / "other")
        assert dict(mpl.rcParams) == before
    assert [path.read_bytes() for path in plain] == [path.read_bytes() for path in other]


def test_figures_do_not_import_pyplot() -> None:
    code = f"import sys; from nasbench_ga.figures import *; {EXAMPLE}; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_every_name_has_a_look_of_its_own_by_its_place() -> None:
    names = [str(number) for number in range(18)]
    found = looks(names)
    assert len(set(found.values())) == 18
    assert len({look.color for look in list(found.values())[:6]}) == 6
    assert looks(names[:3]) == {name: found[name] for name in names[:3]}
    assert looks(reversed(names))["17"] == found["0"]


@pytest.mark.parametrize("count", [0, 19])
def test_none_and_too_many_are_refused(count: int) -> None:
    with pytest.raises(NasbenchError, match=f"Expected 1 to 18 sets to draw in one figure, got {count}"):
        looks(map(str, range(count)))


def luminance(color: str) -> float:
    """Relative luminance, as of the Web Content Accessibility Guidelines 2.1."""
    channels = np.array(mpl.colors.to_rgb(color))
    return float(
        np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
    )


def test_colours_stand_out_on_white() -> None:
    assert all(1.05 / (luminance(look.color) + 0.05) > 2 for look in looks("abcdef").values())


def test_a_text_is_written_as_it_is() -> None:
    assert written("a b c", 3) == "a b\nc"
    assert written("word " * 40, 10, 2) == "word word\nword …"
    figure = agreement([1, 2], [1, 2], "$x_1$ for $5", "a $ b")
    shown = figure.axes[0].xaxis.label
    assert shown._preprocess_math(shown.get_text()) == ("$x_1$ for $5", False)
