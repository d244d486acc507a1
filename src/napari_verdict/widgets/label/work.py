"""What one person labels: every stroke is kept, scored, and followed to its object."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_verdict.annotation.edits import EditError
from napari_verdict.annotation.objects import free_labels
from napari_verdict.annotation.origins import Action
from napari_verdict.comparison.result import Progress
from napari_verdict.viewer.truth import AMBIGUOUS, KEPT, TRUTH
from napari_verdict.viewer.undoing import SharedUndo
from napari_verdict.widgets.job import Job, words_of
from napari_verdict.widgets.label.keeper import section_of
from napari_verdict.widgets.label.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.viewer.strokes import Painted
    from napari_verdict.widgets.label.desk import Desk
    from napari_verdict.widgets.label.keeper import Keeper
    from napari_verdict.widgets.label.live import LiveScores
    from napari_verdict.widgets.label.opening import Shadow

#: Labels that one edit may take at most before gaps are filled.
ROOM = 4096
_OUTSIDE = (
    "You painted outside of the tile and its margin. It is kept, and counts for no tile but the "
    "one it lies in; undo takes it back."
)


class Work(QObject):
    """Listens to the layers that are painted on.

    Parameters
    ----------
    desk : Desk
        What is in hand; its bench is there.
    live : LiveScores
        Told what was painted.
    keeper : Keeper
        Told too; stopped with this.
    parent : QObject
        The dock.
    shadow : Shadow
        What labels and mask are now, in arrays of their own; see `Strokes`.
    """

    #: Where objects come from has changed: a sentence.
    origins = Signal(str)
    #: The mask of what nobody can tell is there, or has changed.
    masked = Signal()
    #: Labels or the mask were painted on.
    stirred = Signal()

    def __init__(
        self,
        desk: Desk,
        live: LiveScores,
        keeper: Keeper,
        parent: QObject,
        shadow: Shadow,
    ) -> None:
        super().__init__(parent)
        self._desk, self._state, self._live, self.keeper = desk, desk.state, live, keeper
        self._shadow = shadow
        self.watch = Watch(desk.state.bench.truth, self, shadow.labels)
        self.watch.changed.connect(self._on_painted)
        self.watch.lost.connect(self._on_lost)
        self._mask: Watch | None = None
        self._is_awake = False
        self._job = Job(self)
        self._job.done.connect(self._on_compared)
        self.undoing = SharedUndo()
        self.undoing.add(desk.state.bench.truth)
        desk.state.bench.truth.metadata[KEPT] = keeper.folder, TRUTH
        self.wake()
        if desk.ambiguous is not None:
            self._follow_mask(desk.ambiguous)

    def wake(self) -> None:
        """Follow what is on the desk."""
        if self._is_awake:
            return
        self._is_awake = True
        self._state.events.current.connect(self._on_current)
        self._state.events.plan.connect(self._on_plan)
        self._state.events.correcting.connect(self.keeper.seen)
        self._desk.masked.connect(self._on_mask)
        self.keeper.ticked.connect(self._on_tick)

    @property
    def mask(self) -> Watch | None:
        """What listens to the mask of what nobody can tell; None where there is none."""
        return self._mask

    def look(self) -> None:
        """Take in what was painted last."""
        if self._job.is_busy:  # there is no time left for a worker
            self._job.cancel()
            self.watch.strokes.suspect()
        for watch in (self.watch, self._mask):
            if watch is not None:
                watch.look()

    def rest(self) -> None:
        """Take in what was painted last; somebody else is at the desk from now on."""
        if not self._is_awake:
            return
        self.look()
        self._on_tick()
        self._is_awake = False
        self._state.events.current.disconnect(self._on_current)
        self._state.events.plan.disconnect(self._on_plan)
        self._state.events.correcting.disconnect(self.keeper.seen)
        self._desk.masked.disconnect(self._on_mask)
        self.keeper.ticked.disconnect(self._on_tick)

    def compare_all(self) -> None:
        """Find, in a worker, what was painted between the copy and now."""
        searching = self.watch.strokes.search()

        def steps(token: CancelToken) -> Generator[Progress, None, list[Any]]:
            found = []
            for region in searching:
                token.check()
                yield Progress(0, 1, "comparing labels")
                found += [] if region is None else [region]
            return found

        self._job.start(steps, "Comparing labels")

    def _on_compared(self, outcome: Any) -> None:
        if isinstance(outcome, list):
            self.watch.strokes.suspect(outcome)
            self.watch.look()
        else:
            self._on_lost(words_of(outcome))

    def stop(self) -> None:
        """Listen no more, and save what is waiting; call `rest` before."""
        for watch in (self.watch, self._mask):
            if watch is not None:
                watch.stop()
        self.undoing.stop()
        self.keeper.stop()

    def follow(self) -> None:
        """Compare what is in hand now."""
        window = self._state.window
        for watch in (self.watch, self._mask):
            if watch is not None and window is not None:
                watch.look()
                watch.strokes.watch([window])

    def free_labels(self) -> Iterator[int]:
        """Yield labels that no object has; they are known, so the image is not read for gaps.

        Raises
        ------
        EditError
            When every label the layer's type holds is taken.
        """
        labels, window = self._state.bench.truth.data, self._state.window
        known = self.keeper.origins.objects
        highest = max(known, default=0)
        if window is None or highest + ROOM > np.iinfo(labels.dtype).max:
            there = [label for label, o in known.items() if o.pixels]
            yield from free_labels(np.array(there, labels.dtype))
        else:
            yield from free_labels(labels[window], highest)

    def take_free_label(self) -> None:
        """Let the brush begin a new object, so that it does not go on with one of another tile."""
        truth = self._state.bench.truth
        selected = int(truth.selected_label)
        known = self.keeper.origins.objects.get(selected)
        if not selected or (known is not None and known.pixels):
            with contextlib.suppress(EditError):  # all are taken: said when one is asked for
                truth.selected_label = next(self.free_labels())

    def miss_mask(self) -> None:
        """See whether the mask was deleted; what it marked counts again."""
        if self._mask is None or self._mask.strokes.layer is self._desk.ambiguous:
            return
        self.keeper.cleared(section_of(self._state.current), self._mask.strokes.layer.data)
        self._leave_mask()
        self._state.message = "The ignore mask was deleted, so all that it marked counts again."
        self.masked.emit()

    def _leave_mask(self) -> None:
        if self._mask is not None:
            self.undoing.remove(self._mask.strokes.layer)
            self._mask.stop()
            self._mask = None

    def _on_painted(self, painted: Any, action: Action) -> None:
        state = self._state
        accepted = action in (Action.ACCEPT, Action.ACCEPT_PART)
        source = state.accepted_from if accepted else ""
        self.keeper.painted(section_of(state.current), painted, action, source)
        self._touch(painted)
        window = state.window
        inside = window is None or all(
            w.start <= low and high <= w.stop
            for w, low, high in zip(window, painted.low, painted.high, strict=True)
        )
        if not inside and action is not Action.UNDO:
            state.message = _OUTSIDE
        elif state.message == _OUTSIDE:
            state.message = ""
        self.origins.emit(self.keeper.origins.sentence())

    def _on_marked(self, painted: Any, action: Action) -> None:
        self.keeper.marked(section_of(self._state.current), painted.change)
        self._touch(painted)
        if action is Action.UNDO:
            self._state.message = ""  # what was said of the mark holds no longer

    def _touch(self, painted: Painted) -> None:
        for frame, box in self._state.bench.places(painted.low, painted.high):
            self._desk.touched(frame, box)
            self._live.touched(frame, box)
        self.stirred.emit()

    def _on_mask(self, mask: Any, new: bool) -> None:
        if new:
            self._shadow = replace(self._shadow, mask=None)
        self._follow_mask(mask)

    def _follow_mask(self, mask: Any) -> None:
        self._leave_mask()
        shadow = self._shadow.mask
        if shadow is None:  # zeros take no memory before they are written to
            shadow = np.zeros(mask.data.shape, mask.data.dtype)
        self._mask = Watch(mask, self, shadow)
        self.undoing.add(mask)
        mask.metadata[KEPT] = self.keeper.folder, AMBIGUOUS
        self._mask.changed.connect(self._on_marked)
        self._mask.lost.connect(self._on_lost)
        self.follow()
        self.masked.emit()

    def _on_current(self, _: int) -> None:
        self.follow()
        if self._state.tile is not None:
            self.take_free_label()

    def _on_plan(self, plan: Any) -> None:
        if plan is not None:
            self.keeper.planned(plan)

    def _on_tick(self) -> None:
        mask, bench = self._desk.ambiguous, self._state.bench
        if bench is not None:
            self.keeper.snapshots(bench, None if mask is None else mask.data)

    def _on_lost(self, why: str) -> None:
        self._state.message = f"{why} What is painted from now on is neither kept nor scored."
