"""Writes pickles as Python 2 wrote them: text and bytes are the same kind of string."""

import io
import pickle
import struct
from typing import Any, ClassVar


class _Pickler(pickle._Pickler):
    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_string(self, string: str | bytes) -> None:
        raw = string if isinstance(string, bytes) else string.encode("ascii")
        short = len(raw) < 256
        self.write((pickle.SHORT_BINSTRING + bytes([len(raw)])) if short else pickle.BINSTRING)
        self.write(raw if short else struct.pack("<i", len(raw)) + raw)
        self.memoize(string)

    dispatch[bytes] = dispatch[str] = save_string


def dumps(content: Any) -> bytes:
    """The pickle of containers, numbers, strings and numpy arrays that Python 2 would have written, protocol 2."""
    file = io.BytesIO()
    _Pickler(file, 2).dump(content)
    return file.getvalue().replace(b"cnumpy._core.", b"cnumpy.core.")
