"""A name -> object mapping that refuses to overwrite and explains unknown names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from nasbench_ga.errors import NasbenchError, UnknownNameError

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """Named entries of one kind; iterates in order of registration.

    Args:
        kind: what an entry is, in the singular ("space"), for messages.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that files an object under `name`.

        Raises:
            NasbenchError: the name is taken by another object.
        """

        def add(entry: T) -> T:
            if name in self._entries:
                raise NasbenchError(
                    f"The {self.kind} {name!r} is registered already; unregister it first or choose another name."
                )
            self._entries[name] = entry
            return entry

        return add

    def unregister(self, name: str) -> None:
        """Forgets an entry (for notebooks that define one twice)."""
        del self._entries[self._known(name)]

    def _known(self, name: str) -> str:
        if name not in self._entries:
            raise UnknownNameError(self.kind, name, self._entries)
        return name

    def __getitem__(self, name: str) -> T:
        return self._entries[self._known(name)]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
