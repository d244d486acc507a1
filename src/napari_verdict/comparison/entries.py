"""Entries: what there is to look at in a result, one row an object or place, worst first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

#: Whose object an entry is; a place is a box on a restored image, a dispute a box where several of
#: them differ.
ROLES = ("ground truth", "prediction", "place", "dispute")


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
        Of the object in its label image; of a place or dispute, its rank from 1 when it was found.
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


@dataclass(frozen=True)
class Filter:
    """Which entries are asked for; what is left out asks for all.

    Parameters
    ----------
    kinds : frozenset of str, optional
        Only these kinds.
    roles : frozenset of str, optional
        Only objects of these `ROLES`.
    frame : tuple of int, optional
        Only this frame.
    size : (float, float), optional
        Smallest and largest size in pixels, both included.
    text : str
        A whole number asks for objects of this id or with this partner; other words for
        kinds, roles and notes that hold each of them, in any case of letters.
    only : frozenset of EntryKey, optional
        Only these entries; objects of the ground truth whatever the candidate.
    by : str
        What ranks the places of a restoration; "" leaves it as it is.
    region : str
        Only entries of the region of this name; `keeps` does not know them, who asks names them
        by `only`.
    judged : frozenset of str, optional
        Only entries that are judged so; "" stands for those that are not. `Judgements.keeps`
        knows; `keeps` here asks for all.
    """

    kinds: frozenset[str] | None = None
    roles: frozenset[str] | None = None
    frame: tuple[int, ...] | None = None
    size: tuple[float, float] | None = None
    text: str = ""
    only: frozenset[EntryKey] | None = None
    by: str = ""
    region: str = ""
    judged: frozenset[str] | None = None

    def keeps(
        self, entries: Entries, notes: Mapping[EntryKey, str] | None = None
    ) -> NDArray[np.bool_]:
        """Return which rows are asked for.

        Parameters
        ----------
        entries : Entries
            All rows.
        notes : mapping of EntryKey to str, optional
            What a person wrote about entries.

        Returns
        -------
        (n,) ndarray of bool
        """
        keep = np.ones(len(entries), bool)
        if self.kinds is not None:
            keep &= np.array([k in self.kinds for k in entries.kinds], bool)[entries.kind]
        if self.roles is not None:
            keep &= np.array([r in self.roles for r in ROLES], bool)[entries.role]
        if self.frame is not None:
            keep &= (entries.frame == np.array(self.frame, np.intp)).all(axis=1)
        if self.size is not None:
            keep &= (entries.size >= self.size[0]) & (entries.size <= self.size[1])
        for word in self.text.lower().split():
            keep &= _spoken_of(entries, word, notes or {})
        if self.only is not None:
            keep &= _named(entries, self.only)
        return keep


def _named(entries: Entries, keys: frozenset[EntryKey]) -> NDArray[np.bool_]:
    """Return which rows are among the keys, one look at the columns for a frame and role."""
    named = np.zeros(len(entries), bool)
    groups: dict[tuple[str, tuple[int, ...]], list[int]] = {}
    for key in keys:
        if key.candidate == entries.candidate or key.role == "ground truth":
            groups.setdefault((key.role, key.frame), []).append(key.id)
    for (role, frame), ids in groups.items():
        rows = np.flatnonzero(entries.role == ROLES.index(role))
        rows = rows[(entries.frame[rows] == np.array(frame, np.intp)).all(axis=1)]
        named[rows] = np.isin(entries.id[rows], np.array(ids, entries.id.dtype))
    return named


def _spoken_of(entries: Entries, word: str, notes: Mapping[EntryKey, str]) -> NDArray[np.bool_]:
    """Return which rows a word speaks of: ids, kinds, roles, notes."""
    if word.isdecimal():
        matched = np.array([k == "matched" for k in entries.kinds], bool)[entries.kind]
        hit = (entries.id == int(word)) | ((entries.partner == int(word)) & matched)
    else:
        hit = np.array([word in k.lower() for k in entries.kinds], bool)[entries.kind]
        hit |= np.array([word in r for r in ROLES], bool)[entries.role]
    for key, note in notes.items():
        if word in note.lower() and (row := entries.find(key)) >= 0:
            hit[row] = True
    return np.asarray(hit, bool)
