"""Keeps what is painted, and where objects come from; says whether it is on the disk."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from napari_verdict.annotation.edits import Change
from napari_verdict.annotation.origins import Action, Origins, Step
from napari_verdict.annotation.plan_text import as_row, from_json, of_row, to_json
from napari_verdict.annotation.tiles import REALLY_EMPTY, State
from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.widgets.label.in_order import InOrder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from napari_verdict.annotation.tiles import Plan
    from napari_verdict.report.journal import Journal
    from napari_verdict.report.labelling import Labelling
    from napari_verdict.viewer.strokes import Painted
    from napari_verdict.widgets.label.state import Bench

#: Seconds that a step takes at most; longer is a pause.
PAUSE = 30.0
#: Milliseconds between two looks at how far saving is.
_TICK = 500
#: Pixels that are looked at in one go, off the main thread.
_PIECE = 1 << 20
#: Journals that are being closed, by their folder, and who closes them.
_ENDING: dict[str, tuple[Journal, threading.Thread]] = {}


@dataclass(frozen=True, eq=False)
class Given:
    """Labels that were there before labelling began, as a step.

    Parameters
    ----------
    change : Change
        All that is not background.
    step : Step
        Who goes on with them.
    origins : Origins
        Of the objects.
    """

    change: Change
    step: Step
    origins: Origins


def given_of(labels: NDArray[Any], annotator: str) -> Given:
    """Return what labels are as a step, in a worker: all of them are looked at."""
    at = np.flatnonzero(labels)
    change = Change(at, labels.ravel()[at])
    step = Step(Action.GIVEN, annotator, datetime.now(UTC))
    return Given(change, step, Origins().after(change, np.zeros_like(change.values), step))


class Keeper(QObject):
    """The journal of one sitting, and the origins of its objects.

    Parameters
    ----------
    parent : QObject
        Who listens.
    kept : Labelling, optional
        The folder that was opened; None keeps nothing on the disk.
    annotator : str
        Who labels.
    why_not : str
        Why nothing is kept, for the person.
    plans : Journal, optional
        Where tiles are kept that are spread over several images; by default with the labels.
    """

    #: How far saving is may have changed.
    ticked = Signal()

    def __init__(
        self,
        parent: QObject,
        kept: Labelling | None,
        annotator: str,
        why_not: str = "",
        plans: Journal | None = None,
    ) -> None:
        super().__init__(parent)
        self.annotator, self._why_not = annotator or "anyone", why_not
        self.origins = Origins() if kept is None else kept.origins
        #: What is labelled, and when that was begun; None where nothing is kept.
        self.record = None if kept is None else kept.record
        #: Whether predictions were ever seen while these labels were made.
        self.corrected = kept is not None and any("correcting" in n for n in kept.notes)
        self._journal = None if kept is None else kept.journal()
        self._plans, self._marks = plans or self._journal, InOrder()
        self._last, self._plan = time.monotonic(), None  # type: tuple[float, Plan | None]
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK)
        self._timer.timeout.connect(self.ticked)
        self._timer.start()

    # ---- what is kept

    def painted(self, section: str, painted: Painted, action: Action, source: str = "") -> None:
        """Keep what was painted on the labels, and follow where objects come from."""
        step = self._step(action, source)
        self.origins = self.origins.after(painted.change, painted.before, step)
        if self._journal is not None:
            self._journal.record(section, painted.change, step)

    def marked(self, section: str, change: Change) -> None:
        """Keep what was painted on the mask of what nobody can tell."""
        if self._journal is not None:
            record = partial(self._journal.record, target="ignore mask")
            self._marks.after(record, section, change, self._step(Action.MARK))

    def cleared(self, section: str, mask: NDArray[Any]) -> None:
        """Keep that nothing is marked any more; where marks were is found by a thread.

        Parameters
        ----------
        section : str
            The tile in hand.
        mask : ndarray
            What was marked; nobody paints on it any more.
        """
        if self._journal is not None:
            step = self._step(Action.MARK)
            self._marks.do(_clear, self._journal, section, mask, step)

    def given(self, given: Given) -> None:
        """Keep labels that were there before; their objects are *given*."""
        self.origins = given.origins
        if self._journal is not None and len(given.change):
            self._journal.record("given", given.change, given.step)

    def planned(self, plan: Plan, known: bool = False) -> None:
        """Keep what became of tiles; `known` says that the plan was read from the journal."""
        before, self._plan = self._plan, plan
        if self._plans is None or known:
            return
        if before is None or not _goes_on(before, plan):
            self._note({"plan": to_json(plan)})
            return
        for k, (old, new) in enumerate(zip(before.tiles, plan.tiles, strict=False)):
            if old is not new and old != new:
                self._note({"tile": k, "state": str(new.state), "reason": new.reason})
        if added := plan.tiles[len(before.tiles) :]:
            self._note({"added": [as_row(t) for t in added]})

    def seen(self, correcting: bool) -> None:
        """Keep that predictions were seen, once they were."""
        if correcting and not self.corrected:
            self.corrected = True
            if self._plans is not None:
                self._note({"correcting": True})

    def snapshots(self, bench: Bench, ignore: Any | None) -> None:
        """Keep tiles that have changed much as they are now, which mends a damaged journal."""
        if self._journal is None or self._plan is None:
            return
        for section in self._journal.due():
            k = int(section.rpartition("-")[2]) - 1 if section.startswith("tile-") else -1
            if 0 <= k < len(self._plan.tiles):
                tile = self._plan.tiles[k]
                bounds = bench.bounds(tile.frame, self._plan.window(tile))
                self._journal.snapshot(section, bounds, bench.truth.data[bounds])
                if ignore is not None:
                    mask = (ignore[bounds] != 0).astype(np.uint8)
                    self._journal.snapshot(section, bounds, mask, "ignore mask")

    # ---- what is said

    @property
    def words(self) -> str:
        """Such as "Saved 1 s ago"."""
        return "Not saved" if self._journal is None else self._journal.state.words()

    @property
    def worry(self) -> str:
        """What a person has to know; empty while all is well."""
        if self._journal is None or self._plans is None:
            return self._why_not
        return self._journal.state.worry() or self._plans.state.worry()

    @property
    def is_saved(self) -> bool:
        """Whether everything painted is on the disk."""
        journal = self._journal
        return journal is not None and not (self._marks.is_busy or journal.state.waiting)

    @property
    def folder(self) -> str:
        """Where it is kept; empty where it is not."""
        return "" if self._journal is None else str(self._journal.folder)

    def stop(self) -> None:
        """Save what is waiting, without holding up the window."""
        self._timer.stop()
        if self._journal is not None:
            close_meanwhile(self._journal, self._marks)
            self._journal = self._plans = None

    def _note(self, note: Mapping[str, Any]) -> None:
        assert self._plans is not None
        record_note(self._plans, note, self._step(Action.MARK))

    def _step(self, action: Action, source: str = "") -> Step:
        now = time.monotonic()
        seconds, self._last = min(now - self._last, PAUSE), now
        return Step(action, self.annotator, datetime.now(UTC), seconds, source)


def record_note(journal: Journal, note: Mapping[str, Any], step: Step) -> None:
    """Keep a note that paints nothing."""
    nothing = Change(np.zeros(0, np.int64), np.zeros(0, np.uint16))
    journal.record("plan", nothing, step, note=note)


def _clear(journal: Journal, section: str, mask: NDArray[Any], step: Step) -> None:
    """Keep that all that is marked counts again; piece by piece, so that others get their turn."""
    flat = np.asarray(mask).ravel()
    parts = [k + np.flatnonzero(flat[k : k + _PIECE]) for k in range(0, flat.size, _PIECE)]
    at = np.concatenate([np.zeros(0, np.int64), *parts])
    journal.record(section, Change(at, np.zeros(len(at), flat.dtype)), step, target="ignore mask")


def close_meanwhile(journal: Journal, first: InOrder | None = None) -> None:
    """Save what is waiting in a journal, and end it, without holding up the window.

    `first` is waited for: it may have more to save.
    """

    def close() -> None:
        if first is not None:
            first.wait()
        journal.close()

    end = threading.Thread(target=close, name="journal-end")
    _ENDING[str(journal.folder)] = journal, end
    end.start()


def wait_for_end(folder: Any) -> None:
    """Wait, in a worker, until what is kept in a folder is all there.

    Raises
    ------
    ComparisonError
        If its disk does not answer.
    """
    journal, end = _ENDING.get(str(folder), (None, None))
    if journal is None or end is None:
        return
    end.join()
    if journal.is_writing:
        why = (
            f"The folder {str(folder)!r} does not answer, and the strokes made last are not saved "
        )
        why += "there yet. The layer has them. Wait, and try again."
        raise ComparisonError([Finding("folder-slow", Severity.ERROR, why)])
    _ENDING.pop(str(folder), None)


def section_of(k: int) -> str:
    """Return what the journal calls a tile."""
    return f"tile-{k + 1:04d}" if k >= 0 else "no-tile"


def plan_of(notes: Iterable[Mapping[str, Any]]) -> Plan | None:
    """Return the plan as it was kept last; None where none was kept, or none that is readable.

    A note holds a whole plan, tiles that were added to it, or what became of one.
    """
    plan: Plan | None = None
    for note in notes:
        try:
            if "plan" in note:
                plan = from_json(note["plan"])
            elif "added" in note and plan is not None:
                plan = plan.with_more(tuple(map(of_row, note["added"])))
            elif "tile" in note and plan is not None:
                plan = _became(plan, note["tile"], State(note["state"]), note["reason"])
        except (ValueError, IndexError, KeyError, TypeError):
            continue  # of a later version, or torn
    return plan


def _became(plan: Plan, k: int, state: State, reason: str) -> Plan:
    if state is State.SKIPPED:
        return plan.skip(k, reason)
    return plan.finish(k, reason == REALLY_EMPTY) if state is State.FINISHED else plan.reopen(k)


def _goes_on(before: Plan, plan: Plan) -> bool:
    """Whether a plan has all tiles of the one before, in the same places."""
    first = plan.tiles[: len(before.tiles)]
    return len(first) == len(before.tiles) and all(
        old is new or old.place == new.place for old, new in zip(before.tiles, first, strict=True)
    )
