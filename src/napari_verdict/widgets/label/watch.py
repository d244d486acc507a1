"""Notices what is painted, a turn of the event loop later, and in the middle of long strokes."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_verdict.viewer.strokes import Strokes, apply

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
    """

    #: What changed, and what did it: ``painted`` for the brush, undo and redo, or the name of
    #: an edit. (Change, str)
    changed = Signal(object, str)
    #: The layer cannot be watched any more: a sentence.
    lost = Signal(str)

    def __init__(self, layer: Any, parent: QObject) -> None:
        super().__init__(parent)
        self.strokes = Strokes(layer)
        self._soon, self._later = QTimer(self), QTimer(self)
        for timer, wait in ((self._soon, 0), (self._later, PATIENCE)):
            timer.setSingleShot(True)
            timer.setInterval(wait)
            timer.timeout.connect(self.look)
        self.strokes.stirred.connect(self._on_stirred)

    def edit(self, change: Any, cause: str) -> None:
        """Write an edit as one step of napari's undo, and tell of it.

        Parameters
        ----------
        change : annotation.edits.Change
            Pixels and their new labels.
        cause : str
            What it is called.
        """
        self.look()  # what was painted before is no part of it
        apply(self.strokes.layer, change.at, change.values)
        self.look(cause)

    def look(self, cause: str = "painted") -> None:
        """Tell what has changed since the last look."""
        self._soon.stop()
        self._later.stop()
        try:
            change = self.strokes.look()
        except ValueError as error:
            self.stop()
            self.lost.emit(str(error))
            return
        if change is not None:
            self.changed.emit(change, cause)

    def stop(self) -> None:
        """Watch no more."""
        self._soon.stop()
        self._later.stop()
        self.strokes.stop()

    def _on_stirred(self, going_on: bool) -> None:
        timer = self._later if going_on else self._soon
        if not timer.isActive():
            timer.start()
