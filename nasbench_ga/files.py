"""Reading and writing files so that nothing is lost: whole or not at all, and nothing executed."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import pickle
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import CorruptFileError, NasbenchError


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its name when the block ends well.

    Raises:
        NasbenchError: the folder cannot be written or the disk is full; `path` is as it was before.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise _cannot_write(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _cannot_write(path: Path, error: OSError) -> NasbenchError:
    return NasbenchError(f"Cannot write {path}: {error.strerror or error}. Nothing that was there before has changed.")


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: Path, content: Any) -> None:
    """Writes JSON with sorted keys, whole or not at all."""
    write_bytes(path, (json.dumps(content, indent=2, sort_keys=True) + "\n").encode())


def read_json(path: Path) -> Any:
    """Reads JSON.

    Raises:
        CorruptFileError: the file is not JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise CorruptFileError(f"{path} is not valid JSON ({error}).") from error


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class PlainUnpickler(pickle.Unpickler):
    """Unpickles plain containers, numbers, strings and numpy arrays, and refuses everything else.

    Subclasses may admit further globals by overriding `find_class`.
    """

    ADMITTED = frozenset(
        (module, name)
        for package in ("numpy.core", "numpy._core")
        for module, name in ((f"{package}.multiarray", "scalar"), (f"{package}.numeric", "_frombuffer"))
    ) | {
        ("numpy", "dtype"),
        ("collections", "OrderedDict"),
        ("_codecs", "encode"),
        *((module, name) for module in ("builtins", "__builtin__") for name in ("set", "frozenset")),
    }

    def find_class(self, module: str, name: str) -> Any:
        """The global that a pickle asks for, if it makes plain data."""
        if (module, name) in self.ADMITTED:
            return super().find_class(module, name)
        if (module, name) == ("numpy", "ndarray"):
            return _ArrayType
        if name == "_reconstruct" and module in ("numpy.core.multiarray", "numpy._core.multiarray"):
            return _empty_array
        raise pickle.UnpicklingError(
            f"it asks for {module}.{name}, and only numpy arrays and plain containers are read"
        )


class _ArrayType:
    """Stands for numpy.ndarray in pickles, which calling could make into an array over memory of their choice."""

    def __init__(self, *_: Any) -> None:
        raise pickle.UnpicklingError("it makes an array over memory that is not its own")


def _empty_array(kind: type[_ArrayType], shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """What a pickled array is before it gets its shape, type and bytes."""
    if kind is not _ArrayType:
        raise pickle.UnpicklingError(f"it makes an array of the kind {kind!r}")
    return np.empty(shape, dtype)


def load_plain_pickle(content: bytes, source: str, unpickler: type[pickle.Unpickler] = PlainUnpickler) -> Any:
    """The object in a pickle, read without running code from it.

    Args:
        content: the pickle.
        source: where it came from, for messages.
        unpickler: `PlainUnpickler` or a subclass that admits more.

    Raises:
        CorruptFileError: the pickle is damaged, or asks for anything but numpy arrays and plain containers.
    """
    try:
        return unpickler(io.BytesIO(content)).load()
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise CorruptFileError(f"{source} cannot be read as plain data: {error}.") from error
