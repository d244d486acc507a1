"""The Validate dock: choose layers, press Validate, see scores, maps and overlays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.model import Task
from napari_verdict.comparison.result import Progress
from napari_verdict.viewer.regions import as_compared
from napari_verdict.viewer.result_layers import key_of
from napari_verdict.widgets.choice_panel import ChoicePanel
from napari_verdict.widgets.docks import Dock
from napari_verdict.widgets.inspection_page import InspectionPage
from napari_verdict.widgets.job import Failed, Job, Refused
from napari_verdict.widgets.keys import keys_of
from napari_verdict.widgets.presenter import Presenter
from napari_verdict.widgets.results_page import ResultsPage
from napari_verdict.widgets.session import session_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.engine.cancel import CancelToken


#: What the button says and does: against a ground truth, and without one.
_VALIDATE = ("Validate", "Compute scores, maps and overlays")
_ASK_RAW = ("Check against raw", "Ask whether raw has photons for what the predictions show")


class ValidateWidget(Dock):
    """Validates predictions against ground truth, with raw as the baseline.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        The viewer whose layers are compared and where results are shown.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self._asked: Any = None
        self._limits: list[Any] = []
        self._results: dict[Task, tuple[Any, Any, Any]] = {}
        self._beside: Task | None = None
        self.job, self.saving = Job(self), Job(self)
        self.presenter = Presenter(napari_viewer, self)
        self.panel = ChoicePanel(napari_viewer)
        self.validate = QPushButton("Validate")
        self.cancel = QPushButton("Cancel")
        self.bar = QProgressBar()
        self.results = ResultsPage(napari_viewer, self.presenter)
        self.inspection = InspectionPage(napari_viewer, self._on_outcome)
        self.pages = QStackedWidget()
        self._hold = session_of(napari_viewer).grid.hold
        self._lay_out()
        self._connect()
        self._on_choice()

    def sizeHint(self) -> QSize:
        """Ask for the width in which nothing is cut off."""
        return QSize(380, 700)

    def reset_choices(self, event: Any = None) -> None:
        """Bring the choosers up to date with the layers; napari calls it."""
        self.panel.refresh()

    # ---- building

    def _lay_out(self) -> None:
        self.cancel.setToolTip("Stop computing; nothing is lost")
        self.cancel.setAccessibleName("Cancel")
        self.bar.setAccessibleName("Progress")
        self.bar.setToolTip("How much of the current step is done")
        run = QHBoxLayout()
        for widget, stretch in ((self.validate, 2), (self.bar, 2), (self.cancel, 1)):
            run.addWidget(widget, stretch)
        for page in (QWidget(), self.results, self.inspection):
            self.pages.addWidget(page)
        content = QWidget()
        column = QVBoxLayout(content)
        column.addWidget(self.panel)
        column.addLayout(run)
        column.addWidget(self.pages)
        column.addStretch(1)
        self._area = self._scroll(content)
        self._on_busy()

    def _connect(self) -> None:
        self.panel.changed.connect(self._on_choice)
        self.panel.remedied.connect(self._on_remedy)
        self.validate.clicked.connect(self.run)
        self.cancel.clicked.connect(self._cancel)
        for job in (self.job, self.saving):
            job.busy.connect(self._on_busy)
            job.progressed.connect(self._on_progress)
            job.done.connect(self._on_outcome)
        self.presenter.failed.connect(self._on_outcome)
        self.presenter.drawn.connect(self._on_drawn)
        self.results.refresh_asked.connect(self._refresh)
        self.results.save_asked.connect(self._ask_folder)
        self.results.threshold_moved.connect(self._on_threshold)
        self.results.raw_asked.connect(self.ask_raw)
        self.results.turned.connect(self._on_turned)
        keys_of(self._viewer).add("hold raw", self._flip)

    def _on_choice(self) -> None:
        self.validate.setEnabled(self.panel.ready)
        text, does = _ASK_RAW if self.panel.asks_raw else _VALIDATE
        self.validate.setText(text)
        self.validate.setAccessibleName(text)
        self.validate.setToolTip(f"{does} (Return)")
        if self.panel.inspects:
            self.inspection.show_roles(self.panel.choices.roles)
        shown = self.presenter.result
        if self.panel.inspects and (shown is None or shown.comparison.task is not Task.EVIDENCE):
            self._turn_to(self.inspection)
        else:
            self._turn_to(None if shown is None else self.results)

    def _turn_to(self, page: Any) -> None:
        self.pages.setCurrentIndex(0 if page is None else self.pages.indexOf(page))
        self.pages.setVisible(page is not None)
        for i in range(self.pages.count()):
            # a page that is not shown must not stretch the one that is
            here = i == self.pages.currentIndex()
            vertical = QSizePolicy.Policy.Preferred if here else QSizePolicy.Policy.Ignored
            self.pages.widget(i).setSizePolicy(QSizePolicy.Policy.Preferred, vertical)

    # ---- running

    def run(self) -> None:
        """Freeze what is chosen and validate it in a worker; a run under way is cancelled."""
        try:
            comparison = self.panel.freeze()
        except ComparisonError as error:
            self._on_outcome(Refused(tuple(error.findings)))
            return
        self._start(comparison)

    def ask_raw(self) -> None:
        """Ask raw for evidence beside the scores that are shown."""
        try:
            inquiry = self.panel.freeze_inquiry()
        except ComparisonError as error:
            self._on_outcome(Refused(tuple(error.findings)))
            return
        self._start(inquiry)

    def _start(self, comparison: Comparison) -> None:
        roles = self.panel.choices.roles
        if comparison.task is Task.EVIDENCE:  # raw stands where the ground truth does
            roles = replace(roles, ground_truth=roles.raw)
        self._asked, self._beside = roles, self._still_holds(comparison.task, roles)
        self._limits = self.panel.limits(comparison.task)
        self.job.start(self.presenter.steps(comparison), f"Validating ({comparison.task})")

    def _still_holds(self, task: Task, roles: Any) -> Task | None:
        """Return the task of the other result of the same layers, where there is one."""
        other = {Task.RESTORATION: Task.EVIDENCE, Task.EVIDENCE: Task.RESTORATION}.get(task)
        if other not in self._results or self.presenter.out_of_date:
            return None
        before = self._results[other][1]
        same = (before.raw, before.predictions) == (roles.raw, roles.predictions)
        return other if same else None

    def _refresh(self) -> None:
        """Do again what is shown, with the layers as they are now."""
        shown = self.presenter.result.comparison.task
        if shown is Task.EVIDENCE and not self.panel.asks_raw:
            self.ask_raw()
        else:
            self.run()

    def save(self, folder: Path) -> None:
        """Save the result into a folder, in a worker."""
        result, session = self.presenter.result, session_of(self._viewer)
        request = result.request or result.comparison
        # Inspect may be closed, or hidden and still with what was compared before
        known = session.judgements if session.judged is request else None
        ranking = session.ranking
        copying = session.mended.snapshot() if session.mended is not None else None

        def steps(token: CancelToken) -> Generator[Progress, None, Path]:
            yield Progress(0, 1, "saving")
            from napari_verdict.report.folder import saving
            from napari_verdict.widgets.judging import places_of, said_of

            judgements = said_of(request, token) if known is None else known
            places: Any = ()
            if known and request.task is Task.RESTORATION:
                places = places_of(result, known, ranking, token)
            mended = (yield from copying(token)).result if copying is not None else None
            what: Any = {"judgements": judgements, "mended": mended}
            yield from saving(result, folder, token, places=places, ranking=ranking, **what)
            return folder

        self.saving.start(steps, "Saving results")

    def _cancel(self) -> None:
        """Stop the run, or what is saved where nothing runs."""
        (self.job if self.job.is_busy else self.saving).cancel()

    def _on_busy(self, _: bool = False) -> None:
        busy = self.job.is_busy or self.saving.is_busy
        self.results.save.setEnabled(not self.saving.is_busy)
        self.bar.setRange(0, 0)
        self.bar.setFormat("%p %")
        self.bar.setVisible(busy)
        self.cancel.setVisible(busy)

    def _on_progress(self, progress: Progress) -> None:
        # Qt paints a bar, and the window with it, within setValue; so it waits its turn
        self.bar.setUpdatesEnabled(False)
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)
        self.bar.setFormat(f"{progress.what} %p %")
        self.bar.setUpdatesEnabled(True)

    def _on_outcome(self, outcome: Any) -> None:
        from napari.utils.notifications import show_error, show_info

        if isinstance(outcome, Refused):
            self.panel.show_findings(outcome.findings)
        elif isinstance(outcome, Failed):
            show_error(outcome.message)
            self.panel.show_findings([Finding("failed", Severity.ERROR, outcome.message)])
        elif isinstance(outcome, Path):
            show_info(f"Saved in {outcome}.")
            session_of(self._viewer).folder = outcome
        else:
            request = outcome[0].request
            limits = [
                (layer, as_compared(request, name, then)) for name, layer, then in self._limits
            ]
            held = {k: v for k, v in self._results.items() if k is self._beside}
            self._results = {**held, request.task: (outcome[0], self._asked, limits)}
            beside = next((result for result, *_ in held.values()), None)
            self.presenter.present(outcome, self._asked, limits, beside)
            self._show_result()
            wanted = self.panel.choices.iou_threshold
            if request.task is Task.INSTANCES and request.settings.iou_threshold != wanted:
                self.results.threshold.ask(wanted)  # it was moved during the run

    def _show_result(self) -> None:
        result = self.presenter.result
        self.results.set_result(result, self._results)
        self.panel.show_findings(result.findings)
        self._turn_to(self.results)

    def _on_turned(self, task: str) -> None:
        """Show the other one of two results of the same layers."""
        self.presenter.turn_to(*self._results[Task(task)])
        self._show_result()

    def _on_drawn(self) -> None:
        left = self._area.viewport().height() - self._area.widget().sizeHint().height()
        self.results.threshold.open_if_fits(left)

    def _on_remedy(self) -> None:
        # what only a run can find, only a run can settle
        if self._asked is not None:
            self.run()

    def _on_threshold(self, threshold: float) -> None:
        self.panel.choices.iou_threshold = threshold

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Save results into")
        if folder:
            self.save(Path(folder))

    # ---- keys and closing

    def keyPressEvent(self, event: Any) -> None:
        """Validate on Return; flip while the key is held, as from the canvas."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.validate.click()
        elif not self._keys.press(event):
            event.ignore()

    def _flip(self, pressed: bool) -> bool:
        """Show raw alone while the key is held, before a run and beside evidence."""
        if not pressed:
            self._hold.release()
            return True
        result, roles = self.presenter.result, self.panel.choices.roles
        if result is not None and result.comparison.task is Task.EVIDENCE:
            roles = session_of(self._viewer).roles
        elif not self.inspection.isVisible():
            return False
        if roles is None or roles.raw not in self._viewer.layers:
            return False
        outline = [x for x in self._viewer.layers if x.visible and (key_of(x) or "-")[0] == ""]
        return bool(self._hold.press([roles.raw, *outline]))

    def stop(self) -> None:
        """Cancel work and let go of viewer and layers; results that are drawn stay."""
        super().stop()
        self.job.cancel()
        self.saving.cancel()
        self.inspection.stop()
        self.results.threshold.stop()
        self.results.joint.stop()
        self.presenter.stop()
        self.panel.stop()
        keys_of(self._viewer).remove(self)
