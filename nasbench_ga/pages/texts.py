"""Texts as they are shown: on one line, without what no page can show, and split into words and code."""

from __future__ import annotations

import re
from collections.abc import Iterator

_GAPS = re.compile(r"[^\S\u00a0\u2007\u2009\u202f]+")  # white space, but for what keeps numbers together
_UNSHOWABLE = re.compile(  # control characters, lone surrogates (of undecodable file names), and what turns text around
    r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)
_CODE = re.compile(r"`([^`]+)`")


def one_line(text: str) -> str:
    """A text with every run of white space as one space, and every character that cannot be shown as U+FFFD."""
    return _UNSHOWABLE.sub("\ufffd", _GAPS.sub(" ", text).strip())


def spans(text: str) -> Iterator[tuple[str, bool]]:
    """The parts of a text on one line, and whether each is code, which stands between backticks."""
    for number, part in enumerate(_CODE.split(one_line(text))):
        code = number % 2 == 1
        if shown := part.strip() if code else part:
            yield shown, code


def without_markup(text: str) -> str:
    """A text on one line, its code no longer told from the rest: for titles and alternative texts."""
    return "".join(part for part, _ in spans(text))
