"""What a person says of entries: real error, ground truth wrong, ambiguous, fine; with undo."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.entries import EntryKey, Filter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.entries import Entries

#: Kinds of entries that are no error of the prediction.
_NO_ERROR = ("matched", "ignored", "not labelled")


class Judgement(StrEnum):
    """What an entry is, as a person sees it."""

    REAL_ERROR = "real error"
    GROUND_TRUTH_WRONG = "ground truth wrong"
    AMBIGUOUS = "ambiguous"
    FINE = "fine"


@dataclass(frozen=True, slots=True)
class Mark:
    """What is said of one entry.

    Parameters
    ----------
    judgement : Judgement, optional
        None where there is a note alone.
    note : str
        In a person's own words.
    at : datetime
        When it was said; aware, in UTC.
    """

    judgement: Judgement | None
    note: str
    at: datetime


@dataclass(frozen=True, eq=False)
class Step:
    """One change, whole: what was said of the entries it touches before and after."""

    before: Mapping[EntryKey, Mark | None]
    after: Mapping[EntryKey, Mark | None]


@dataclass(frozen=True, eq=False)
class Judgements:
    """Judgements as they stand, and the steps that led there; every change gives a new one.

    The history is that of judging alone: painting labels is undone by napari.

    Parameters
    ----------
    marks : mapping of EntryKey to Mark
        Entries of which anything is said.
    done : tuple of Step
        What can be undone, the newest last.
    undone : tuple of Step
        What can be redone, the next last.
    """

    marks: Mapping[EntryKey, Mark] = field(default_factory=lambda: MappingProxyType({}))
    done: tuple[Step, ...] = ()
    undone: tuple[Step, ...] = ()

    def __len__(self) -> int:
        return len(self.marks)

    @property
    def notes(self) -> dict[EntryKey, str]:
        """Notes that are not empty, as `Filter.keeps` searches them."""
        return {key: mark.note for key, mark in self.marks.items() if mark.note}

    def judge(
        self, keys: Iterable[EntryKey], judgement: Judgement | None, *, at: datetime | None = None
    ) -> Judgements:
        """Judge entries together, as one step; notes stay.

        Parameters
        ----------
        keys : iterable of EntryKey
            The entries.
        judgement : Judgement, optional
            None takes the judgement back.
        at : datetime, optional
            By default now.

        Returns
        -------
        Judgements
            This one where nothing changes, so no step is there to undo.
        """
        return self._changed({k: (judgement, self._note(k)) for k in keys}, at)

    def annotate(
        self, keys: Iterable[EntryKey], note: str, *, at: datetime | None = None
    ) -> Judgements:
        """Write one note on entries, as one step; judgements stay.

        Parameters
        ----------
        keys : iterable of EntryKey
            The entries.
        note : str
            Space around it is dropped; an empty one takes the note away.
        at : datetime, optional
            By default now.

        Returns
        -------
        Judgements
            This one where nothing changes.
        """
        return self._changed({k: (self.of(k), note.strip()) for k in keys}, at)

    def undo(self) -> Judgements:
        """Take the newest step back; this one where there is none."""
        if not self.done:
            return self
        step = self.done[-1]
        marks = _replaced(self.marks, step.before)
        return Judgements(marks, self.done[:-1], (*self.undone, step))

    def redo(self) -> Judgements:
        """Take the step again that was taken back last; this one where there is none."""
        if not self.undone:
            return self
        step = self.undone[-1]
        marks = _replaced(self.marks, step.after)
        return Judgements(marks, (*self.done, step), self.undone[:-1])

    def including(self, marks: Mapping[EntryKey, Mark]) -> Judgements:
        """Add what was said of entries at another time, such as in a file.

        Parameters
        ----------
        marks : mapping of EntryKey to Mark
            Entries that were judged, annotated or cleared here stay as they are here.

        Returns
        -------
        Judgements
            Undo leaves what was added; nothing can be redone.
        """
        here = set(self.marks).union(*(step.after for step in self.done))
        new = {k: m for k, m in marks.items() if k not in here}
        return Judgements(_replaced(self.marks, new), self.done, ()) if new else self

    def of(self, key: EntryKey) -> Judgement | None:
        """Return the judgement of an entry; None without one."""
        mark = self.marks.get(key)
        return mark.judgement if mark else None

    def column(self, entries: Entries) -> NDArray[np.uint8]:
        """Return the judgements of a list, row by row.

        Parameters
        ----------
        entries : Entries
            Of n rows.

        Returns
        -------
        (n,) ndarray of uint8
            0 without judgement, else 1 + index into `Judgement`.
        """
        codes = np.zeros(len(entries), np.uint8)
        for code, judgement in enumerate(Judgement, start=1):
            named = frozenset(
                k
                for k, m in self.marks.items()
                if m.judgement is judgement and k.candidate == entries.candidate
            )
            if named:
                codes[Filter(only=named).keeps(entries)] = code
        return codes

    def keeps(self, entries: Entries, wanted: Filter) -> NDArray[np.bool_]:
        """Return which rows a filter asks for, notes and judgements considered.

        Parameters
        ----------
        entries : Entries
            Of n rows.
        wanted : Filter
            What is asked for.

        Returns
        -------
        (n,) ndarray of bool
        """
        keep = wanted.keeps(entries, self.notes)
        if wanted.judged is not None:
            asked = [name in wanted.judged for name in ("", *Judgement)]
            keep &= np.array(asked, bool)[self.column(entries)]
        return keep

    def tally(self, entries: Entries) -> Tally:
        """Count the judgements of a list."""
        error = np.array([k not in _NO_ERROR for k in entries.kinds], bool)[entries.kind]
        codes = self.column(entries)
        counts = np.bincount(codes[error], minlength=len(Judgement) + 1)[1:]
        return Tally(
            int(np.count_nonzero(error)),
            dict(zip(Judgement, counts.tolist(), strict=True)),
            int(np.count_nonzero(codes[~error])),
        )

    def as_rows(self) -> list[dict[str, Any]]:
        """Return marks as flat rows of plain values, in the order of candidate, frame, role, id."""
        order = sorted(self.marks, key=lambda k: (k.candidate, k.frame, k.role, k.id))
        return [
            {
                "candidate": key.candidate,
                "role": key.role,
                "frame": list(key.frame),
                "id": key.id,
                "judgement": mark.judgement and str(mark.judgement),
                "note": mark.note,
                "at": mark.at.isoformat(),
            }
            for key in order
            for mark in (self.marks[key],)
        ]

    def _note(self, key: EntryKey) -> str:
        mark = self.marks.get(key)
        return mark.note if mark else ""

    def _changed(
        self, wanted: Mapping[EntryKey, tuple[Judgement | None, str]], at: datetime | None
    ) -> Judgements:
        at = at or datetime.now(UTC)
        changing = {k: w for k, w in wanted.items() if w != (self.of(k), self._note(k))}
        if not changing:
            return self
        before = {k: self.marks.get(k) for k in changing}
        after = {k: Mark(*w, at) if any(w) else None for k, w in changing.items()}
        marks = _replaced(self.marks, after)
        return Judgements(marks, (*self.done, Step(before, after)))


@dataclass(frozen=True)
class Tally:
    """How many entries of a list are judged.

    Parameters
    ----------
    errors : int
        Entries that are no match and not ignored.
    judged : mapping of Judgement to int
        How many of them were judged so.
    others : int
        Judged entries that are no errors.
    """

    errors: int
    judged: Mapping[Judgement, int]
    others: int

    @property
    def sentence(self) -> str:
        """Such as "12 of 31 errors judged: 7 real error, 4 ground truth wrong, 1 ambiguous"."""
        counts = ", ".join(f"{n} {judgement}" for judgement, n in self.judged.items() if n)
        text = f"{sum(self.judged.values())} of {self.errors} errors judged"
        text += f": {counts}" if counts else ""
        return text + (f"; {self.others} that are no errors" if self.others else "")


def from_rows(rows: Iterable[Mapping[str, Any]]) -> dict[EntryKey, Mark]:
    """Return marks from what `Judgements.as_rows` gave.

    Raises
    ------
    KeyError, ValueError
        If a row lacks a value or holds one that is none.
    """
    return {
        EntryKey(row["candidate"], row["role"], tuple(row["frame"]), row["id"]): Mark(
            None if row["judgement"] is None else Judgement(row["judgement"]),
            row["note"],
            datetime.fromisoformat(row["at"]),
        )
        for row in rows
    }


def _replaced(
    marks: Mapping[EntryKey, Mark], changes: Mapping[EntryKey, Mark | None]
) -> Mapping[EntryKey, Mark]:
    """Return marks with some replaced; None takes one away."""
    kept = {k: m for k, m in marks.items() if k not in changes}
    return MappingProxyType(kept | {k: m for k, m in changes.items() if m is not None})
