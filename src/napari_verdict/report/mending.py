"""Mended ground truths, kept as the changes that made them, and found again for the same pixels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.annotation.edits import Change
from napari_verdict.annotation.origins import Action, Step
from napari_verdict.comparison.checksums import sample
from napari_verdict.report.journal import STROKES, Journal
from napari_verdict.report.strokes import read_strokes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Input

    #: Pixels as indices into the flattened labels, ascending, and their labels now.
    Pixels = tuple[NDArray[np.int64], NDArray[Any]]

_SECTION = "mended"
_TRUTH, _CHECKSUM, _EDITS = "ground truth", "sha256", "edits"


@dataclass(frozen=True, eq=False)
class Kept:
    """A mended copy on the disk.

    Parameters
    ----------
    path : Path
        Its file.
    name : str
        What its ground truth was called.
    at : datetime
        When it was changed last.
    changes : tuple of (at, values)
        What was changed in its ground truth, in order.
    edits : int
        How often it was changed; undo and redo count too.
    checked : bool
        Whether all pixels of the ground truth are known to be the same. Else a sample of
        them is: napari was closed before the checksum was known.
    lost : int
        How many changes between them cannot be read, as of a damaged file.
    """

    path: Path
    name: str
    at: datetime
    changes: tuple[Pixels, ...]
    edits: int
    checked: bool
    lost: int = 0


class MendingJournal:
    """What is mended on one copy, put on the disk at once by a thread.

    Parameters
    ----------
    folder : Path
        Made with the first change. Every journal has a file of its own in it, which only grows.
    truth : Input
        The ground truth.
    """

    def __init__(self, folder: Path, truth: Input) -> None:
        self.about = described(truth)
        self._journal = Journal(folder, make=True)
        self._notes: dict[str, Any] = {}
        self._has_begun, self._edits = False, 0

    def begin(self, pixels: Pixels, edits: int = 1) -> None:
        """Keep all in which the copy differs, and by how many edits; what was kept before goes."""
        self._edits = max(self._edits, edits if len(pixels[0]) else 0)
        if self._has_begun or len(pixels[0]):
            self._has_begun = True
            note = {_TRUTH: self.about, _EDITS: self._edits, **self._notes}
            self._keep(pixels, note)

    def change(self, pixels: Pixels) -> None:
        """Keep what changed."""
        if self._has_begun:
            self._edits += 1
            self._keep(pixels)
        else:
            self.begin(pixels)

    def know(self, sha256: str) -> None:
        """Keep the checksum of the ground truth, now that it is known."""
        self._notes = {_CHECKSUM: sha256}
        if self._has_begun:
            nothing = np.empty(0, np.int64), np.empty(0, np.dtype(self.about["dtype"]))
            self._keep(nothing, self._notes)

    @property
    def trouble(self) -> str:
        """What a person has to know; empty while all is well."""
        return self._journal.state.worry()

    def close(self) -> bool:
        """Put what waits on the disk; return whether all is there."""
        return self._journal.close()

    def _keep(self, pixels: Pixels, note: dict[str, Any] | None = None) -> None:
        step = Step(Action.PAINT, "anyone", datetime.now(UTC))
        self._journal.record(_SECTION, Change(*pixels), step, note=note)


def described(truth: Input) -> dict[str, Any]:
    """Return what tells a ground truth from others before its checksum is known."""
    return {
        "name": truth.name,
        "axes": truth.axes,
        "shape": list(truth.shape),
        "dtype": np.dtype(truth.data.dtype).name,
        "sample": sample(truth.data),
    }


def kept_of(folder: Path, truth: Input, sha256: str) -> tuple[Kept, ...]:
    """Return mended copies of a ground truth, the newest first; reads them all.

    Parameters
    ----------
    folder : Path
        Where they are kept; it need not be there.
    truth : Input
        The ground truth.
    sha256 : str
        Checksum of the ground truth as it was asked for.

    Returns
    -------
    tuple of Kept
        Without those of which nothing is left, as when all was undone. Files that cannot be
        read stay where they are.
    """
    about, found = described(truth), []
    for path in folder.glob(f"{_SECTION}.*{STROKES}"):
        try:
            kept = _read(path, about, sha256)
        except OSError:
            continue
        if kept is not None and not _is_undone(kept.changes, truth):
            found.append(kept)
    return tuple(sorted(found, key=lambda kept: kept.at, reverse=True))


def _read(path: Path, about: dict[str, Any], sha256: str) -> Kept | None:
    strokes = read_strokes(path.read_bytes())
    begins = [k for k, s in enumerate(strokes) if _TRUTH in s.note]
    if not begins:
        return None
    known = strokes[begins[-1]].note[_TRUTH]
    checksums = {s.note[_CHECKSUM] for s in strokes if _CHECKSUM in s.note}
    alike = ("axes", "shape", "dtype", *(() if checksums else ("sample",)))
    if any(known.get(what) != about[what] for what in alike) or checksums - {sha256}:
        return None
    begin, later = strokes[begins[-1]], strokes[begins[-1] + 1 :]
    edits = int(begin.note.get(_EDITS, 1)) + sum(len(s.change) > 0 for s in later)
    changes = tuple((s.change.at, s.change.values) for s in (begin, *later))
    numbers = {s.number for s in (begin, *later)}
    lost = max(numbers) - min(numbers) + 1 - len(numbers)
    at = strokes[-1].step.at
    return Kept(path, str(known["name"]), at, changes, edits, bool(checksums), lost)


def _is_undone(changes: Sequence[Pixels], truth: Input) -> bool:
    """Whether nothing is left of changes; not looked for where that takes reading."""
    at = np.concatenate([a for a, _ in changes])
    if not len(at) or not isinstance(truth.data, np.ndarray):
        return not len(at)
    values = np.concatenate([v for _, v in changes])
    last, first = np.unique(at[::-1], return_index=True)
    now = truth.data[np.unravel_index(last, truth.shape)]
    return np.array_equal(values[::-1][first], now)
