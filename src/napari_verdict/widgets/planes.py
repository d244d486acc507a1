"""Planes of lazy result layers, computed in a worker: the newest first, and one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_verdict.comparison.result import Progress
from napari_verdict.viewer.lazy_planes import LazyPlanes
from napari_verdict.widgets.job import Job

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.engine.cancel import CancelToken


class PlaneWorker(QObject):
    """Computes what lazy layers ask for, and shows it when it is ready.

    Where a person moves on before a plane is ready, what lies between is left out.

    Parameters
    ----------
    viewer : napari viewer
        Its layers are refreshed.
    parent : QObject
        When it goes, the work is cancelled.
    """

    #: A plane is shown: its layer.
    shown = Signal(object)
    #: A plane could not be computed: `Refused` or `Failed`.
    failed = Signal(object)

    def __init__(self, viewer: Any, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._asking: list[LazyPlanes] = []
        self._job = Job(self)
        self._job.done.connect(self._on_done)
        # several layers ask at one move of a slider
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._start)

    def serve(self, data: Any) -> None:
        """Compute what this array asks for from now on; other arrays are left alone."""
        if isinstance(data, LazyPlanes):
            data.asked.connect(self._on_asked, unique=True)
            if data.wanted is not None:
                self._on_asked(data)

    def stop(self) -> None:
        """Cancel the work under way, and start no more."""
        self._asking = []
        self._soon.stop()
        self._job.cancel()

    def _on_asked(self, data: LazyPlanes) -> None:
        if not any(data is other for other in self._asking):
            self._asking.append(data)
        if not self._job.is_busy:
            self._soon.start()

    def _start(self) -> None:
        # a layer that is gone, or hidden by now, needs no plane
        shown = [x.data for x in self._viewer.layers if x.visible]
        asking = [d for d in self._asking if any(d is s for s in shown)]
        wanted = [(d, d.wanted) for d in asking if d.wanted is not None]
        self._asking = []
        if not wanted or self._job.is_busy:
            return

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            ready = []
            for k, (data, part) in enumerate(wanted):
                yield Progress(k, len(wanted), "plane")
                token.check()
                if data.wanted == part:  # else it was moved on from
                    ready.append((data, part, data.compute(part)))
            return ready

        self._job.start(steps, "Computing the plane that is looked at")

    def _on_done(self, outcome: Any) -> None:
        if not isinstance(outcome, list):
            self.failed.emit(outcome)
            return
        for data, part, pixels in outcome:
            data.keep(part, pixels)
            for layer in self._viewer.layers:
                if layer.data is data:
                    layer.refresh()
                    self.shown.emit(layer)
        if self._asking:
            self._soon.start()
