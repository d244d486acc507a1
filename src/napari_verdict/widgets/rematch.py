"""Matching at another threshold: at once where it is quick, in a worker where it is not."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_verdict.comparison.result import Progress, Result
from napari_verdict.widgets.job import Job

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.comparison.objects.labels import LabelResult
    from napari_verdict.engine.cancel import CancelToken

#: Seconds that matching may hold up the window.
PATIENCE = 0.04


class Rematch(QObject):
    """Brings results to other thresholds, the newest one last.

    Below 0.5, where objects touch, a threshold may be an assignment problem; long stacks
    take their time at any. How long it took last time says where it is done next time; the first
    time below 0.5 nobody knows, and a worker does it.
    """

    #: A result at the threshold that was asked for.
    done = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._seconds = {True: math.inf, False: 0.0}  # by whether the threshold is below 0.5
        self._next: tuple[Any, float] | None = None
        self._job = Job(self)
        self._job.done.connect(self._on_done)

    def ask(self, result: LabelResult, threshold: float) -> None:
        """Match at another threshold; of those that wait for a worker only the last is matched."""
        if self._job.is_busy:
            self._next = (result, threshold)
        elif self._seconds[threshold < 0.5] <= PATIENCE:
            self.done.emit(self._match(result, threshold))
        else:

            def steps(token: CancelToken) -> Generator[Progress, None, LabelResult]:
                yield Progress(0, 1, "matching")
                return self._match(result, threshold)

            self._job.start(steps, "Matching objects")

    def cancel(self) -> None:
        """Forget what is under way, and what is known of the result."""
        self._job.cancel()
        self._next = None
        self._seconds = {True: math.inf, False: 0.0}

    def _match(self, result: LabelResult, threshold: float) -> LabelResult:
        start = time.perf_counter()
        matched = result.at(threshold)
        self._seconds[threshold < 0.5] = time.perf_counter() - start
        return matched

    def _on_done(self, outcome: Any) -> None:
        waiting, self._next = self._next, None
        if isinstance(outcome, Result):
            self.done.emit(outcome)
        if waiting is not None:
            self.ask(*waiting)
