"""Notices what is painted, at once, and in the middle of long strokes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_verdict.annotation.origins import Action
from napari_verdict.viewer.strokes import Strokes, apply

if TYPE_CHECKING:
    from napari_verdict.annotation.edits import Change

#: Milliseconds between two looks while a stroke goes on.
PATIENCE = 400


class Watch(QObject):
    """Turns what stirs a layer into changes, and writes edits to it.

    Parameters
    ----------
    layer : napari Labels layer
        What is painted on.
    parent : QObject
        Who listens.
    shadow : ndarray, optional
        See `Strokes`.
    """

    #: What changed, and what did it: (Painted, Action).
    changed = Signal(object, object)
    #: The layer cannot be watched any more: a sentence.
    lost = Signal(str)

    def __init__(self, layer: Any, parent: QObject, shadow: Any = None) -> None:
        super().__init__(parent)
        self.strokes, self._editing = Strokes(layer, shadow), False
        self._soon, self._later = QTimer(self), QTimer(self)
        for timer, wait in ((self._soon, 0), (self._later, PATIENCE)):
            timer.setSingleShot(True)
            timer.setInterval(wait)
            timer.timeout.connect(self._on_time)
        self.strokes.stirred.connect(self._on_stirred)

    def edit(self, change: Change, action: Action) -> None:
        """Write an edit as one step of napari's undo, and tell of it."""
        self.look()  # what was painted before is no part of it
        self._editing = True
        try:
            apply(self.strokes.layer, change)
        finally:
            self._editing = False
        self.look(action)

    def look(self, action: Action | None = None) -> None:
        """Tell what has changed since the last look; by default by the brush, undo or redo."""
        self._soon.stop()
        self._later.stop()
        self._look(action, settled=True)

    def _look(self, action: Action | None, *, settled: bool) -> None:
        try:
            painted = self.strokes.look(settled=settled)
        except ValueError as error:
            self.stop()
            self.lost.emit(str(error))
            return
        if painted is not None:
            by_hand = Action.UNDO if painted.undone else Action.PAINT
            self.changed.emit(painted, action or by_hand)

    def stop(self) -> None:
        """Watch no more."""
        self._soon.stop()
        self._later.stop()
        self.strokes.stop()

    def _on_time(self) -> None:
        self.look()

    def _on_stirred(self, going_on: bool) -> None:
        timer = self._later if going_on else self._soon
        if not timer.isActive():
            timer.start()
        if not going_on and not self._editing:
            self._look(None, settled=False)
