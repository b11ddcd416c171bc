"""What a hostile pickle is made of."""

from typing import Any


class Runs:
    """Pickles as a call of a function, which a careless reader would make."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call
