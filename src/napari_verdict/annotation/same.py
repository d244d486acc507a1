"""Keys for what is too large to be compared by what it holds."""

from __future__ import annotations

from typing import Any


class Same:
    """Stands for one object, however large, as a key of what is remembered of it.

    Parameters
    ----------
    it : object
        Equal is only what stands for the very same one; it lives as long as this does.
    """

    def __init__(self, it: Any) -> None:
        self.it = it

    def __hash__(self) -> int:
        return id(self.it)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.it is other.it
