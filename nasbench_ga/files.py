"""Reading and writing files so that nothing is lost: whole or not at all, and nothing executed."""

from __future__ import annotations

import codecs
import collections
import contextlib
import hashlib
import io
import json
import os
import pickle
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

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
        CorruptFileError: the file is not JSON, or no file.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise CorruptFileError(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise CorruptFileError(f"{path} is not valid JSON ({error}).") from error


def write_checked(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all, its SHA-256 before what it holds (see `read_checked`)."""
    write_bytes(path, hashlib.sha256(content).hexdigest().encode() + b"\n" + content)


def read_checked(path: Path) -> bytes:
    """What a file that `write_checked` wrote holds.

    Raises:
        CorruptFileError: there is no such file, or it is not as it was written.
    """
    try:
        digest, _, content = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise CorruptFileError(f"{path} cannot be read: {error.strerror or error}.") from error
    if hashlib.sha256(content).hexdigest().encode() != digest:
        raise CorruptFileError(f"{path} is damaged: it does not have the checksum it was written with.")
    return content


def json_digest(content: Any, length: int = 8) -> str:
    """A short name for what can be written as JSON: hexadecimal digits of the SHA-256 of its text with sorted keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:length]


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    return digest(path, "sha256")


def digest(path: Path, algorithm: str) -> str:
    """The checksum of a file's bytes, in hexadecimal; `algorithm` is a name that hashlib knows ("sha256", "md5")."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


_PLAIN_KINDS = "biufcSUMm"  # numbers, text and times: nothing that points into memory


def _plain(dtype: np.dtype[Any], kinds: str = _PLAIN_KINDS) -> np.dtype[Any]:
    if dtype.kind not in kinds:
        raise pickle.UnpicklingError(f"it makes an array of {dtype}")
    return dtype


class _PickledArray(np.ndarray[Any, Any]):
    """An array that is being unpickled; a list of objects is admitted, bytes that stand for objects are not."""

    def __setstate__(self, state: Any) -> None:
        _plain(state[2], "O" if isinstance(state[4], list) else _PLAIN_KINDS)
        super().__setstate__(state)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return np.asarray(self).__reduce_ex__(protocol)


def _empty_array(*_: Any) -> NDArray[Any]:
    return np.empty(0, np.int8).view(_PickledArray)


def _scalar(dtype: np.dtype[Any], *content: Any) -> Any:
    return np.frombuffer(content[0], _plain(dtype), 1)[0]


def _array_of_buffer(buffer: Any, dtype: np.dtype[Any], shape: tuple[int, ...], order: Any = "C") -> NDArray[Any]:
    return np.frombuffer(buffer, _plain(dtype)).reshape(shape, order=order)


_NUMPY_PACKAGES = ("numpy.core", "numpy._core")


class PlainUnpickler(pickle.Unpickler):
    """Unpickles plain containers, numbers, strings and numpy arrays of them, and refuses everything else.

    Subclasses may admit further globals by overriding `find_class`.
    """

    ADMITTED: ClassVar[dict[tuple[str, str], Any]] = {
        **{(f"{package}.multiarray", "_reconstruct"): _empty_array for package in _NUMPY_PACKAGES},
        **{(f"{package}.multiarray", "scalar"): _scalar for package in _NUMPY_PACKAGES},
        **{(f"{package}.numeric", "_frombuffer"): _array_of_buffer for package in _NUMPY_PACKAGES},
        ("numpy", "ndarray"): None,  # named as the kind of array to make, which is always the same here
        ("numpy", "dtype"): np.dtype,
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("_codecs", "encode"): codecs.encode,
        **{(module, kind.__name__): kind for module in ("builtins", "__builtin__") for kind in (set, frozenset)},
    }

    def find_class(self, module: str, name: str) -> Any:
        """What stands here for the global that a pickle asks for."""
        if (module, name) not in self.ADMITTED:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, and only numpy arrays and plain containers are read"
            )
        return self.ADMITTED[module, name]


def load_plain_pickle(
    content: bytes,
    source: str,
    unpickler: type[pickle.Unpickler] = PlainUnpickler,
    *,
    encoding: str = "ASCII",
) -> Any:
    """The object in a pickle, read without running code from it.

    Args:
        content: the pickle.
        source: where it came from, for messages.
        unpickler: `PlainUnpickler` or a subclass that admits more.
        encoding: how to read the strings of Python 2; "bytes" leaves them as bytes, which arrays of Python 2 need.

    Raises:
        CorruptFileError: the pickle is damaged, or asks for anything but numpy arrays and plain containers.
    """
    try:
        return unpickler(io.BytesIO(content), encoding=encoding).load()
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise CorruptFileError(f"{source} cannot be read as plain data: {error}.") from error
