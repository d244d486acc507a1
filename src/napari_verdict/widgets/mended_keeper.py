"""The mended ground truth, kept on the disk while it is mended, and brought back."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_verdict.comparison.result import Progress
from napari_verdict.widgets.job import Job, words_of

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.report.mending import Kept, MendingJournal, Pixels
    from napari_verdict.viewer.mended import Mended

#: Milliseconds between two looks at whether saving is well.
_TICK = 500


def home() -> Path:
    """Return the folder in which mended copies are kept."""
    from napari_verdict.widgets.judging import home as judgements

    return judgements().with_name("mended")


class MendedKeeper(QObject):
    """Keeps every change of the copy at once, and offers copies of an earlier day.

    Parameters
    ----------
    mended : Mended
        Of a viewer.
    parent : QObject
        The dock.
    """

    #: Which copies there are to bring back changed.
    changed = Signal()
    #: A sentence where it cannot be written or read; "" when all is well again.
    troubled = Signal(str)

    def __init__(self, mended: Mended, parent: QObject) -> None:
        super().__init__(parent)
        self._mended, self._open = mended, _Open()
        self._layer: Any = None
        self._truth: Any = None  # what the checksum is of
        self._sha256 = ""
        #: Copies that may be brought back, the newest first.
        self.found: tuple[Kept, ...] = ()
        self._brought: Kept | None = None  # until the layer is there
        self._said = ""
        self._reader = Job(self)
        self._reader.done.connect(self._on_read)
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK)
        self._timer.timeout.connect(self._on_tick)
        mended.begun.connect(self._on_begun)
        mended.painted.connect(self._on_painted)
        # not a method of this object, which is gone by then
        self.destroyed.connect(self._open.close)

    def open(self, sha256: str, truth: Any) -> None:
        """Know the checksum of a ground truth, an array, and look for mended copies of it."""
        self._sha256, self._truth = sha256, truth
        self.found = ()
        if self._is_known and self._open.journal is not None:
            self._open.journal.know(sha256)
        self.look()
        self.changed.emit()

    @property
    def _is_known(self) -> bool:
        """Whether the checksum is that of the ground truth that is mended now."""
        original = self._mended.original
        if original is None or not self._sha256:
            return False
        return (original.request or original.comparison).ground_truth.data is self._truth

    @property
    def offered(self) -> tuple[Kept, ...]:
        """What can be brought back now, the newest first."""
        may = self._is_known and self._mended.result is None
        return self.found if may else ()

    def bring_back(self, kept: Kept) -> None:
        """Make a copy as it was kept."""
        if kept in self.offered:
            self._brought = kept
            self._mended.begin(given=kept.changes)

    def stop(self) -> None:
        """Let go; what waits is written by a thread."""
        self._timer.stop()
        self._reader.cancel()
        self._mended.begun.disconnect(self._on_begun)
        self._mended.painted.disconnect(self._on_painted)
        self._open.close()

    # ---- writing

    def _on_begun(self, pixels: Pixels) -> None:
        from napari_verdict.report.mending import MendingJournal, described

        original, layer = self._mended.original, self._mended.layer
        assert original is not None
        brought, self._brought = self._brought, None
        truth, journal = original.comparison.ground_truth, self._open.journal
        if journal is None or layer is not self._layer or journal.about != described(truth):
            self._open.close()
            journal = self._open.journal = MendingJournal(home(), truth)
            self._layer = layer
            self._timer.start()
            if self._is_known:
                journal.know(self._sha256)
        journal.begin(pixels, 1 if brought is None else brought.edits)

    def _on_painted(self, pixels: Pixels) -> None:
        if self._open.journal is not None:
            self._open.journal.change(pixels)

    def _on_tick(self) -> None:
        said = self._open.journal.trouble if self._open.journal is not None else ""
        if said != self._said:
            self._said = said
            self.troubled.emit(said)

    # ---- reading

    def look(self) -> None:
        """Look for copies again, such as when the layer was deleted."""
        original = self._mended.original
        if original is None or not self._is_known:
            return
        truth, sha256, folder = original.comparison.ground_truth, self._sha256, home()

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            from napari_verdict.report.mending import kept_of

            yield Progress(0, 1, "looking for mended copies")
            return truth.data, kept_of(folder, truth, sha256)

        self._reader.start(steps, "Looking for mended copies")

    def _on_read(self, outcome: Any) -> None:
        if not isinstance(outcome, tuple):
            self.troubled.emit(words_of(outcome))
            return
        original, (data, found) = self._mended.original, outcome
        if original is not None and original.comparison.ground_truth.data is data:
            self.found = found
            self.changed.emit()


class _Open:
    """The journal that is written to, for those who outlive the keeper."""

    def __init__(self) -> None:
        self.journal: MendingJournal | None = None

    def close(self, *_: Any) -> None:
        """Close it without holding up the window; napari waits for the thread in the end."""
        journal, self.journal = self.journal, None
        if journal is not None:
            threading.Thread(target=journal.close, name="mending-end").start()
