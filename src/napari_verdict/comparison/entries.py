"""Entries: what there is to look at in a result, one row an object or place, worst first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Whose object an entry is; a place is a box on a restored image.
ROLES = ("ground truth", "prediction", "place")


@dataclass(frozen=True, slots=True)
class EntryKey:
    """What names an entry for as long as the inputs stay the same, whatever the threshold.

    Parameters
    ----------
    candidate : str
        The prediction it belongs to.
    role : str
        One of `ROLES`.
    frame : tuple of int
        Index along the frame axes (t, c) of the ground truth.
    id : int
        Of the object in its label image; of a place, its rank from 1 when it was found.
    """

    candidate: str
    role: str
    frame: tuple[int, ...]
    id: int


@dataclass(frozen=True, eq=False)
class Entries:
    """The n entries of one candidate, as columns; row order is worst first.

    Parameters
    ----------
    candidate : str
        The prediction they belong to.
    kinds : tuple of str
        What `kind` indexes, such as ``missed`` or ``split``.
    kind : (n,) ndarray of uint8
        Index into `kinds`.
    role : (n,) ndarray of uint8
        Index into `ROLES`.
    id : (n,) ndarray of int64 or uint64
        See `EntryKey`.
    partner : (n,) ndarray of int64 or uint64
        Id of the object it is matched with; 0 without one.
    value : (n,) ndarray of float64
        What `value_name` says, in its unit.
    value_name : str
        ``IoU`` for objects; the score that ranks a place.
    size : (n,) ndarray of int64
        In pixels.
    frame : (n, k) ndarray of intp
        Index along the k frame axes of the ground truth.
    box : (n, 6) ndarray of int64
        z0, z1, y0, y1, x0, x1 in pixels of the ground truth; ends exclusive.
    centroid : (n, 3) ndarray of float64
        z, y, x in pixels.
    """

    candidate: str
    kinds: tuple[str, ...]
    kind: NDArray[np.uint8]
    role: NDArray[np.uint8]
    id: NDArray[Any]
    partner: NDArray[Any]
    value: NDArray[np.float64]
    value_name: str
    size: NDArray[np.int64]
    frame: NDArray[np.intp]
    box: NDArray[np.int64]
    centroid: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.id)

    def key(self, row: int) -> EntryKey:
        """Return what names the entry of a row."""
        frame = tuple(self.frame[row].tolist())
        return EntryKey(self.candidate, ROLES[self.role[row]], frame, int(self.id[row]))

    def find(self, key: EntryKey) -> int:
        """Return the row of an entry; -1 where there is none."""
        if key.candidate != self.candidate or key.role not in ROLES:
            return -1
        # one look at a column of ids is faster than any index is built
        rows = np.flatnonzero(self.id == key.id)
        rows = rows[self.role[rows] == ROLES.index(key.role)]
        rows = rows[(self.frame[rows] == np.array(key.frame, np.intp)).all(axis=1)]
        return int(rows[0]) if len(rows) else -1
