"""The mended ground truth, kept on the disk while it is mended, and brought back."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal
from qtpy.QtWidgets import QApplication

from napari_verdict.comparison.result import Progress
from napari_verdict.widgets.job import Failed, Job

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from napari_verdict.comparison.model import Input
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.viewer.mended import Mended

FILE = "mended.ome.tif"
#: Seconds without a change after which the copy is written, at least.
PAUSE = 1.0


class MendedKeeper(QObject):
    """Writes the copy whenever mending pauses, and offers one of an earlier day.

    Parameters
    ----------
    mended : Mended
        Of a viewer.
    parent : QObject
        The dock.
    """

    #: Whether there is a copy to bring back changed.
    changed = Signal()
    #: A sentence where it cannot be written or read; "" when all is well again.
    troubled = Signal(str)

    def __init__(self, mended: Mended, parent: QObject) -> None:
        super().__init__(parent)
        self._mended = mended
        self._folder: Path | None = None
        self._lock = threading.Lock()  # one thread at a time writes
        self._mine = False  # whether the file is of the copy that is there
        self._written: Any = None
        self._seconds = 0.0
        self._writer, self._reader = Job(self), Job(self)
        self._writer.done.connect(self._on_written)
        self._reader.done.connect(self._on_read)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._write)
        mended.changed.connect(self._on_changed)
        app = QApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.flush)

    def open(self, folder: Path) -> None:
        """Keep the copy in a folder that belongs to the pixels of this ground truth."""
        if folder != self._folder:
            self.flush()
            self._folder, self._mine, self._written = folder, False, None
            self._on_changed()
        self.changed.emit()

    @property
    def kept(self) -> str:
        """When the copy was written that could be brought back; "" where there is none."""
        if self._folder is None or self._mended.result is not None:
            return ""
        try:
            at = datetime.fromtimestamp((self._folder / FILE).stat().st_mtime).astimezone()
        except OSError:
            return ""
        return f"{at:%Y-%m-%d %H:%M}"

    def bring_back(self) -> None:
        """Make the copy as it was kept."""
        folder = self._folder

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            from napari_verdict.report.ome import read_input

            yield Progress(0, 1, "mended ground truth")
            assert folder is not None
            return folder, read_input(folder / FILE)

        self._reader.start(steps, "Reading the mended ground truth")

    def flush(self) -> None:
        """Write now what was changed since."""
        if self._later.isActive() or self._writer.is_busy:
            self._later.stop()
            if self._writer.is_busy:
                self._writer.cancel()
                self._written = None  # it may not have begun
            if (given := self._changed_input()) is not None:
                try:
                    self._put(given)
                except OSError as error:
                    self.troubled.emit(self._sentence(error))

    def stop(self) -> None:
        """Write what is left and let go."""
        self.flush()
        self._reader.cancel()
        self._mended.changed.disconnect(self._on_changed)
        self._folder = None

    # ---- writing

    def _on_changed(self) -> None:
        if self._folder is not None and self._mended.result is not None:
            self._later.start(round(1000 * max(PAUSE, 10 * self._seconds)))
        self.changed.emit()

    def _changed_input(self) -> Input | None:
        """Return the copy, of its own, where it is not what was written last."""
        result = self._mended.result
        if result is None or result is self._written or self._folder is None:
            return None
        kept = self._mended.snapshot()
        self._written = self._mended.result
        return None if kept is None else kept.comparison.ground_truth

    def _write(self) -> None:
        if self._writer.is_busy:
            self._later.start()
            return
        given = self._changed_input()
        if given is None:
            return

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            yield Progress(0, 1, "mended ground truth")
            start = time.monotonic()
            try:
                self._put(given)
            except OSError as error:
                return Failed(self._sentence(error))
            return time.monotonic() - start

        self._writer.start(steps, "Keeping the mended ground truth")

    def _put(self, given: Input) -> None:
        from napari_verdict.report.ome import write_ome_tiff
        from napari_verdict.report.writing import write_whole

        assert self._folder is not None
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / FILE
            if not self._mine and path.exists():  # of an earlier day, and not brought back
                k = 1
                while (aside := path.with_name(f"mended-{k}.ome.tif")).exists():
                    k += 1
                path.rename(aside)
            write_whole(path, partial(write_ome_tiff, data=given.data, like=given))
            self._mine = True

    def _on_written(self, outcome: Any) -> None:
        if isinstance(outcome, float):
            self._seconds = outcome
            self.troubled.emit("")
        else:
            self._written = None
            self.troubled.emit(getattr(outcome, "message", ""))

    def _sentence(self, error: OSError) -> str:
        return (
            f"The mended ground truth cannot be kept in {str(self._folder)!r}: "
            f"{error.strerror or error}. It stays in its layer; save the results to keep it."
        )

    # ---- reading

    def _on_read(self, outcome: Any) -> None:
        if not isinstance(outcome, tuple):
            findings = getattr(outcome, "findings", ())
            self.troubled.emit(
                getattr(outcome, "message", "") or " ".join(f.message for f in findings)
            )
            return
        folder, given = outcome
        if folder == self._folder and self._mended.result is None:
            self._mine = self._mended.begin_from(given.data)
            if not self._mine:
                self.troubled.emit(
                    f"The copy that was kept is {given.data.dtype} of {given.shape}, which is not "
                    "what the ground truth is now. It stays on the disk."
                )
            self.changed.emit()
