"""Labels taken up where they were left, however the process ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.annotation.edits import Window
from napari_verdict.annotation.origins import Action, Origins, Step
from napari_verdict.comparison.words import counted
from napari_verdict.report.journal import STROKES
from napari_verdict.report.labelling import Labelling, found, refusal, unreadable
from napari_verdict.report.snapshots import snapshots_in
from napari_verdict.report.strokes import read_strokes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from napari_verdict.annotation.edits import Change
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.report.labelling import LabellingRecord
    from napari_verdict.report.strokes import Snapshot, Stroke, Target


def resume(folder: str | Path, token: CancelToken | None = None) -> Labelling:
    """Take labels up where they were left, however the process ended.

    Every stroke is done again in order. Where strokes were lost, which their numbers tell, the
    snapshots that were taken after them are put over what comes out.

    Parameters
    ----------
    folder : str or Path
        Where labels were begun.
    token : CancelToken, optional
        Stops the reading.

    Returns
    -------
    Labelling
        Strokes that cannot be read are left out; `trouble` says so.

    Raises
    ------
    ComparisonError
        If no labels were begun there, or the folder cannot be read.
    Cancelled
        If the token was set.
    """
    folder = Path(folder)
    record = found(folder)
    if record is None:
        raise refusal("no-labelling", f"No labels were begun in {str(folder)!r}.")
    try:
        strokes, snapshots = list(_strokes_in(folder)), list(snapshots_in(folder))
    except OSError as error:
        raise refusal("labelling-unreadable", unreadable(folder, str(error.strerror))) from error
    state = _State(record, _dtype_of(record, strokes, snapshots))
    newest = max([s.number for s in strokes] + [s.number for s in snapshots], default=0)
    strokes = sorted(filter(state.can_take, strokes), key=lambda s: s.number)
    known = {s.number for s in strokes}
    lost = sorted(set(range(1, newest + 1)) - known)
    # a snapshot without a lost stroke in it says nothing new
    mending = [s for s in snapshots if lost and s.number >= lost[0]]
    for stroke in strokes:
        if token is not None:
            token.check()
        state.mend([s for s in mending if s.number < stroke.number])
        mending = [s for s in mending if s.number >= stroke.number]
        state.take(stroke)
    state.mend(mending)
    return Labelling(
        folder,
        record,
        state.labels,
        state.ignore,
        state.origins,
        tuple(state.notes),
        len(strokes),
        max((s.step.at for s in strokes), default=None),
        _said(len(lost), newest, state.mended),
        newest + 1,
    )


class _State:
    """Labels, ignore mask and origins while strokes are done again."""

    def __init__(self, record: LabellingRecord, dtype: np.dtype[Any]) -> None:
        self.labels = np.zeros(record.image.shape, dtype)
        self.ignore: NDArray[np.uint8] | None = None
        self.origins = Origins()
        self.notes: list[Mapping[str, Any]] = []
        self.mended = 0
        self._annotator, self._at = record.annotator, record.created

    def can_take(self, stroke: Stroke) -> bool:
        """Whether all pixels of a stroke are in the image: the file may be of another one."""
        at = stroke.change.at
        return not len(at) or bool(at.min() >= 0 and at.max() < self.labels.size)

    def take(self, stroke: Stroke) -> None:
        """Do a stroke again."""
        if stroke.note:
            self.notes.append(stroke.note)
        self._annotator, self._at = stroke.step.annotator, stroke.step.at
        if len(stroke.change):
            self._change(stroke.change, stroke.step, stroke.target)

    def mend(self, snapshots: list[Snapshot]) -> None:
        """Put snapshots over what is there."""
        for snapshot in sorted(snapshots, key=lambda s: s.number):
            window = Window(self._image(snapshot.target), snapshot.bounds)
            change = window.change(snapshot.pixels.reshape(window.old.shape))
            self._change(change, Step(Action.GIVEN, self._annotator, self._at), snapshot.target)
            self.mended += 1

    def _change(self, change: Change, step: Step, target: Target) -> None:
        image = self._image(target)
        if target == "labels":
            self.origins = self.origins.after(change, change.before(image), step)
        change.write(image)

    def _image(self, target: Target) -> NDArray[Any]:
        if target == "labels":
            return self.labels
        if self.ignore is None:
            self.ignore = np.zeros(self.labels.shape, np.uint8)
        return self.ignore


def _dtype_of(
    record: LabellingRecord, strokes: list[Stroke], snapshots: list[Snapshot]
) -> np.dtype[Any]:
    """Return a type that holds all labels: the layer may have been converted to a larger one."""
    kept = {s.change.values.dtype for s in strokes if s.target == "labels" and len(s.change)}
    kept |= {s.pixels.dtype.newbyteorder("=") for s in snapshots if s.target == "labels"}
    dtype = np.result_type(record.labels_dtype, *kept)
    return dtype if dtype.kind in "iu" else np.dtype(np.int64)


def _strokes_in(folder: Path) -> Iterator[Stroke]:
    for path in sorted(folder.glob(f"*{STROKES}")):
        yield from read_strokes(path.read_bytes())


def _said(lost: int, of: int, mended: int) -> str:
    if not lost:
        return ""
    text = f"{lost} of {counted(of, 'stroke')} cannot be read"
    if mended:
        text += "; what they painted was taken from snapshots of the tiles, as far as they go"
    return f"{text}. Look over the labels. The files stay as they are."
