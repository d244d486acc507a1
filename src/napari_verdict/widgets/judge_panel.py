"""Judging the entry that is looked at: what it is, and mending what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_verdict.widgets.judgement_bar import JudgementBar
from napari_verdict.widgets.judging import Judging
from napari_verdict.widgets.mending_box import MendingBox
from napari_verdict.widgets.session import session_of

if TYPE_CHECKING:
    from napari_verdict.comparison.entries import Entries
    from napari_verdict.comparison.result import Result


class JudgePanel(QWidget):
    """Brings together what judges, what keeps that, and what mends.

    Parameters
    ----------
    viewer : napari viewer
        Whose session is judged.
    """

    #: Writing a note is over; the keys go back to the list.
    left = Signal()

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.bar = JudgementBar(viewer)
        self.mending = MendingBox(viewer)
        self.judging = Judging(session_of(viewer), self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.bar)
        layout.addWidget(self.mending)
        self.bar.left.connect(self.left)
        self._troubles: dict[str, str] = {}
        self.judging.troubled.connect(lambda text: self._tell("judging", text))
        self.judging.opened.connect(self.mending.keeper.open)
        self.mending.troubled.connect(lambda text: self._tell("mending", text))

    def _tell(self, source: str, trouble: str) -> None:
        """Say what is wrong; one that is well again does not hide the other."""
        self._troubles[source] = trouble
        self.bar.tell(" ".join(t for t in self._troubles.values() if t))

    def open(self, result: Result, places: str) -> None:
        """Look for what was said of a result before; `places` says how places were found."""
        self.judging.open(result.request or result.comparison, places)

    def show_entries(self, entries: Entries | None) -> None:
        """Judge these; None where there is nothing to judge."""
        self.setVisible(entries is not None)
        self.bar.show_entries(entries)

    def press(self, event: Any) -> bool:
        """Undo and redo mending where napari's own keys do not reach; say whether it did."""
        if event.matches(QKeySequence.StandardKey.Undo):
            return self.mending.mended.undo()
        return event.matches(QKeySequence.StandardKey.Redo) and self.mending.mended.redo()

    def stop(self) -> None:
        """Keep what was said and let go of viewer and session."""
        self.bar.stop()
        self.mending.stop()
        self.judging.stop()
