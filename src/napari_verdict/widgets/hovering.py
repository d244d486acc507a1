"""What lies under the mouse, also in labels that a worker has to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer

from napari_verdict.comparison.result import Progress
from napari_verdict.viewer.hover import Hover
from napari_verdict.widgets.job import Job
from napari_verdict.widgets.session import session_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.comparison.result import Result
    from napari_verdict.engine.cancel import CancelToken

#: Milliseconds that the mouse has to rest before labels are read.
REST = 60


class Hovering(QObject):
    """Says in the status bar what the mouse is over.

    Parameters
    ----------
    viewer : napari viewer
        Whose mouse and status bar.
    parent : QObject
        When it goes, nothing is read any more.
    """

    def __init__(self, viewer: Any, parent: QObject) -> None:
        super().__init__(parent)
        self._hover = Hover(viewer)
        self._hover.asked.connect(self._on_asked)
        self._session = session_of(viewer)
        self._session.events.entries.connect(self._hover.list)
        self._asked: Any = None
        self._looked_at: tuple[Any, str] = (None, "")
        self._job = Job(self)
        self._job.done.connect(self._on_read)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST)
        self._rest.timeout.connect(self._read)

    def follow(self, result: Result, reference: Any, candidate: str) -> None:
        """Describe this candidate's objects from now on; `reference` is the ground-truth layer."""
        self._looked_at = (result, candidate)
        self._hover.follow(result, reference, candidate)

    def describe(self, world: Any) -> str:
        """Return what is known at a position of the viewer's world."""
        return self._hover.describe(world)

    def stop(self) -> None:
        """Leave the status bar alone."""
        self._session.events.entries.disconnect(self._hover.list)
        self._rest.stop()
        self._job.cancel()
        self._hover.stop()

    def _on_asked(self, where: Any) -> None:
        self._asked = where
        self._rest.start()

    def _read(self) -> None:
        (result, candidate), where = self._looked_at, self._asked

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            from napari_verdict.viewer.under import read_objects

            yield Progress(0, 1, "labels")
            return result, where, read_objects(result, candidate, *where)

        self._job.start(steps, "Reading what the mouse is over")

    def _on_read(self, outcome: Any) -> None:
        if isinstance(outcome, tuple) and outcome[0] is self._looked_at[0]:
            self._hover.tell(*outcome[1:])
