"""Work in a worker thread: one at a time, the newest counts, cancelled at once."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QApplication

from napari_verdict.comparison.findings import ComparisonError, Finding
from napari_verdict.engine.cancel import Cancelled, CancelToken

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from napari_verdict.comparison.result import Progress

    Steps = Callable[[CancelToken], Generator[Progress, None, Any]]

#: Seconds between two reports of progress.
PATIENCE = 0.2

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refused:
    """The work cannot be done as asked."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Failed:
    """The work broke down; the sentence is for the person, the log has the rest."""

    message: str


def words_of(outcome: Any) -> str:
    """Return what a person is told of a `Refused` or a `Failed`; "" of anything else."""
    findings = getattr(outcome, "findings", ())
    return " ".join(f.message for f in findings) or str(getattr(outcome, "message", ""))


class Job(QObject):
    """Runs generators of `Progress` one at a time in napari's worker threads.

    Starting another cancels the one before, and nothing of that is heard of again.

    Parameters
    ----------
    parent : QObject
        When it goes, the work is cancelled.
    """

    #: While it works.
    progressed = Signal(object)
    #: What the generator returned, a `Refused` or a `Failed`.
    done = Signal(object)
    #: True when work starts, False when it ends or is cancelled.
    busy = Signal(bool)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._number = 0
        self._running = _Running()
        # not a method of this object, which is gone by then
        self.destroyed.connect(self._running.stop)
        app = QApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self._running.stop)

    @property
    def is_busy(self) -> bool:
        """Whether there is work under way."""
        return self._running.token is not None

    def start(self, steps: Steps, description: str) -> None:
        """Cancel what runs and run this.

        Parameters
        ----------
        steps : callable
            Called in the worker with a token; a generator of `Progress`. It touches no layer.
        description : str
            What the activity dock says.
        """
        from napari.qt.threading import create_worker

        self.cancel()
        self._number += 1
        token = CancelToken()
        worker = create_worker(
            _numbered,
            self._number,
            steps,
            token,
            _progress={"desc": description},
            _start_thread=False,
            _connect={"yielded": self._on_progress, "returned": self._on_done},
        )
        self._running.token, self._running.worker = token, worker
        self.busy.emit(True)
        worker.start()

    def cancel(self) -> None:
        """Stop what runs; without effect where nothing does."""
        if self._running.stop():
            self._number += 1
            self.busy.emit(False)

    def _on_progress(self, step: tuple[int, Progress]) -> None:
        number, progress = step
        if number != self._number:
            return
        if progress.total > 1:
            self._show_activity(progress)
        self.progressed.emit(progress)

    def _show_activity(self, progress: Progress) -> None:
        bar = self._running.worker.pbar
        if bar.total != progress.total:
            bar.total = progress.total
        bar.update(progress.done - bar.n)

    def _on_done(self, outcome: tuple[int, Any]) -> None:
        number, value = outcome
        if number != self._number:
            return
        self._running.token = self._running.worker = None
        self.busy.emit(False)
        if value is not None:
            self.done.emit(value)


class _Running:
    """The work under way, for those who outlive the job."""

    def __init__(self) -> None:
        self.token: CancelToken | None = None
        self.worker: Any = None

    def stop(self, *_: Any) -> bool:
        if self.token is None:
            return False
        self.token.cancel()
        self.worker.quit()
        self.token = self.worker = None
        return True


def _numbered(
    number: int, steps: Steps, token: CancelToken
) -> Generator[tuple[int, Progress], None, tuple[int, Any]]:
    """Run the steps, and turn whatever goes wrong into a value."""
    running = _guarded(steps, token)
    told, what = -PATIENCE, ""
    while True:
        try:
            progress = next(running)
        except StopIteration as end:
            return number, end.value
        # each report repaints the window, canvas and all, and takes the time from the work
        # but what it is busy with is said at once: the next report may be long in coming
        if time.monotonic() - told >= PATIENCE or progress.what != what:
            yield number, progress
            told, what = time.monotonic(), progress.what


def _guarded(steps: Steps, token: CancelToken) -> Generator[Progress, None, Any]:
    try:
        return (yield from steps(token))
    except Cancelled:
        return None
    except ComparisonError as error:
        return Refused(tuple(error.findings))
    except MemoryError:
        return Failed(
            "There is not enough memory for this comparison. Crop the images, or close others."
        )
    except Exception as error:
        _log.exception("work failed")
        return Failed(
            f"The comparison broke down unexpectedly ({type(error).__name__}: {error}). Your "
            "layers are as they were. Please report it with what napari's log says."
        )
