"""The worker that mending leaves long work to, its progress, and a way to stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from napari_verdict.widgets.job import Failed, Job, Refused, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_verdict.comparison.result import Progress
    from napari_verdict.widgets.job import Steps


class MendingWork(QWidget):
    """Does what takes long in a worker; the newest counts. See `viewer.long_work.Work`."""

    def __init__(self) -> None:
        super().__init__()
        self._done: Callable[[Any], None] | None = None
        self._failed: Callable[[str], None] | None = None
        self._job = Job(self)
        self._job.done.connect(self._on_done)
        self._job.progressed.connect(self._on_progress)
        self.bar = QProgressBar()
        self.bar.setAccessibleName("Progress of mending")
        self.stop_it = QPushButton("Cancel")
        self.stop_it.setAccessibleName("Cancel copying")
        self.stop_it.setToolTip("Stop copying; nothing is lost")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.bar, 1)
        layout.addWidget(self.stop_it)
        self.hide()

    def start(
        self, steps: Steps, done: Callable[[Any], None], failed: Callable[[str], None], what: str
    ) -> None:
        """Do the steps, and hand over what they return or a sentence of what went wrong."""
        self._done, self._failed = done, failed
        self.bar.setRange(0, 0)
        self.bar.setFormat(what)
        self._job.start(steps, what)

    def cancel(self) -> None:
        """Stop; nothing is handed over."""
        self._done = self._failed = None
        self._job.cancel()

    def show_work(self, doing: str, may_cancel: bool) -> None:
        """Show what is being done; "" where nothing is."""
        self.setVisible(bool(doing))
        self.stop_it.setVisible(may_cancel)
        self.bar.setToolTip(doing)

    def _on_progress(self, progress: Progress) -> None:
        # as in the Validate dock: Qt would paint the window within `setValue`
        self.bar.setUpdatesEnabled(False)
        whole = progress.total > 1
        self.bar.setRange(0, 1000 if whole else 0)  # pixels may be more than fit in an int
        self.bar.setValue(round(1000 * progress.done / progress.total) if whole else 0)
        self.bar.setFormat(f"{progress.what} %p %" if whole else progress.what)
        self.bar.setUpdatesEnabled(True)

    def _on_done(self, outcome: Any) -> None:
        done, failed = self._done, self._failed
        self._done = self._failed = None
        if isinstance(outcome, Refused | Failed):
            if failed is not None:
                failed(words_of(outcome))
        elif done is not None:
            done(outcome)
