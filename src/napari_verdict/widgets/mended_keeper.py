"""The mended ground truth, kept on the disk while it is mended, and brought back."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
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
    from napari_verdict.comparison.objects.labels import LabelResult
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
        self._mended, self._copy = mended, _Copy()
        self._truth: Any = None  # what the folder belongs to
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
            app.aboutToQuit.connect(self._copy.flush)
        # not a method of this object, which is gone by then
        self.destroyed.connect(self._copy.flush)

    def open(self, folder: Path, truth: Any) -> None:
        """Keep copies of this ground truth, an array, in a folder that belongs to its pixels."""
        if folder != self._copy.folder:
            self._copy.flush()
            self._copy.folder, self._copy.mine = folder, False
        self._truth = truth
        self._on_changed()
        self.changed.emit()

    @property
    def _is_open(self) -> bool:
        """Whether the folder is that of the ground truth that is mended now."""
        original = self._mended.original
        if original is None or self._copy.folder is None:
            return False
        return (original.request or original.comparison).ground_truth.data is self._truth

    @property
    def kept(self) -> str:
        """When the copy was written that could be brought back; "" where there is none."""
        if not self._is_open or self._mended.result is not None:
            return ""
        assert self._copy.folder is not None
        try:
            at = datetime.fromtimestamp((self._copy.folder / FILE).stat().st_mtime).astimezone()
        except OSError:
            return ""
        return f"{at:%Y-%m-%d %H:%M}"

    def bring_back(self) -> None:
        """Make the copy as it was kept."""
        folder = self._copy.folder
        assert folder is not None

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            from napari_verdict.report.ome import read_input

            yield Progress(0, 1, "mended ground truth")
            return folder, read_input(folder / FILE)

        self._reader.start(steps, "Reading the mended ground truth")

    def stop(self) -> None:
        """Write what is left and let go."""
        self._later.stop()
        self._writer.cancel()
        self._reader.cancel()
        self._copy.flush()
        self._mended.changed.disconnect(self._on_changed)
        app = QApplication.instance()
        if app is not None:
            app.aboutToQuit.disconnect(self._copy.flush)

    # ---- writing

    def _on_changed(self) -> None:
        result = self._mended.result
        # until the folder is known, as when another ground truth was just validated, it waits
        if result is not None and result is not self._copy.seen and self._is_open:
            self._copy.put(result)
            self._later.start(round(1000 * max(PAUSE, 10 * self._seconds)))

    def _write(self) -> None:
        if self._writer.is_busy:
            self._later.start()
            return
        copy = self._copy

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            yield Progress(0, 1, "mended ground truth")
            start = time.monotonic()
            try:
                copy.write()
            except OSError as error:
                return Failed(
                    f"The mended ground truth cannot be kept in {str(copy.folder)!r}: "
                    f"{error.strerror or error}. It stays in its layer; save the results to keep "
                    "it."
                )
            return time.monotonic() - start

        self._writer.start(steps, "Keeping the mended ground truth")

    def _on_written(self, outcome: Any) -> None:
        if isinstance(outcome, float):
            self._seconds = outcome
            self.troubled.emit("")
        else:
            self.troubled.emit(getattr(outcome, "message", ""))

    # ---- reading

    def _on_read(self, outcome: Any) -> None:
        if not isinstance(outcome, tuple):
            findings = getattr(outcome, "findings", ())
            self.troubled.emit(
                getattr(outcome, "message", "") or " ".join(f.message for f in findings)
            )
            return
        folder, given = outcome
        if folder == self._copy.folder and self._is_open and self._mended.result is None:
            self._copy.mine = self._mended.begin_from(given.data)
            if not self._copy.mine:
                self.troubled.emit(
                    f"The copy that was kept is {given.data.dtype} of {given.shape}, which is not "
                    "what the ground truth is now. It stays on the disk."
                )
            self.changed.emit()


class _Copy:
    """What is to be written; it outlives the dock, and one thread at a time writes.

    The labels are those of the layer. A stroke that comes while they are written is in the file
    or not; it is written again then.
    """

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.mine = False  # whether the file is of the copy that is there
        self.seen: LabelResult | None = None
        self._given: Input | None = None
        self._lock = threading.Lock()

    def put(self, result: LabelResult) -> None:
        self.seen, self._given = result, result.comparison.ground_truth

    def flush(self, *_: Any) -> None:
        """Write what waits, where it can be."""
        with suppress(OSError):
            self.write()

    def write(self) -> None:
        """Write the newest; it stays to be written where that fails."""
        from napari_verdict.report.ome import write_ome_tiff
        from napari_verdict.report.writing import write_whole

        with self._lock:
            given, folder = self._given, self.folder
            if given is None or folder is None:
                return
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / FILE
            if not self.mine and path.exists():  # of an earlier day, and not brought back
                k = 1
                while (aside := path.with_name(f"mended-{k}.ome.tif")).exists():
                    k += 1
                path.rename(aside)
            self._given = None
            try:
                write_whole(path, partial(write_ome_tiff, data=given.data, like=given))
            except OSError:
                self._given = self._given or given
                raise
            self.mine = True
