"""The Validate dock: choose layers, press Validate, see scores, maps and overlays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.model import Task
from napari_verdict.comparison.result import Progress
from napari_verdict.viewer.layers import Roles, settle
from napari_verdict.viewer.snapshot import comparison_of
from napari_verdict.widgets.findings_list import FindingsList
from napari_verdict.widgets.inspection_page import FLIP_KEY, InspectionPage
from napari_verdict.widgets.job import Failed, Job, Refused
from napari_verdict.widgets.layer_choice import LayerChoice
from napari_verdict.widgets.presenter import Presenter
from napari_verdict.widgets.results_page import ResultsPage
from napari_verdict.widgets.settings_box import SettingsBox
from napari_verdict.widgets.state import choices_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.engine.cancel import CancelToken

_TASKS = {
    None: "from the layers",
    Task.RESTORATION: "Restoration",
    Task.INSTANCES: "Instances",
    Task.FOREGROUND: "Foreground",
    Task.SEMANTIC: "Classes",
    Task.DETECTIONS: "Detections",
}


class ValidateWidget(QWidget):
    """Validates predictions against ground truth, with raw as the baseline.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        The viewer whose layers are compared and where results are shown.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self.choices = choices_of(napari_viewer)
        self._asked: Any = None
        self._docked = False
        self.job = Job(self)
        self.presenter = Presenter(napari_viewer, self)
        self.layer_choice = LayerChoice()
        self.task = QComboBox()
        self.findings = FindingsList()
        self.settings = SettingsBox(self.choices)
        self.validate = QPushButton("Validate")
        self.cancel = QPushButton("Cancel")
        self.bar = QProgressBar()
        self.hint = QLabel()
        self.results = ResultsPage(napari_viewer, self.presenter)
        self.inspection = InspectionPage(napari_viewer, self._on_outcome)
        self.pages = QStackedWidget()
        self._lay_out()
        self._connect()
        self.reset_choices()

    def sizeHint(self) -> QSize:
        """Ask for the width in which nothing is cut off."""
        return QSize(380, 700)

    # ---- building

    def _lay_out(self) -> None:
        for task, title in _TASKS.items():
            self.task.addItem(title, task)
        self.task.setAccessibleName("Task")
        self.task.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.task.setMinimumContentsLength(12)
        self.validate.setToolTip("Compute scores, maps and overlays (Return)")
        self.validate.setAccessibleName("Validate")
        self.cancel.setToolTip("Stop computing; nothing is lost")
        self.cancel.setAccessibleName("Cancel")
        self.bar.setAccessibleName("Progress")
        self.hint.setWordWrap(True)
        form = QFormLayout()
        form.addRow("Task", self.task)
        run = QHBoxLayout()
        for widget, stretch in ((self.validate, 2), (self.bar, 2), (self.cancel, 1)):
            run.addWidget(widget, stretch)
        for page in (QWidget(), self.results, self.inspection):
            self.pages.addWidget(page)
        content = QWidget()
        column = QVBoxLayout(content)
        for part in (self.layer_choice, form, self.settings, self.findings, run, self.hint):
            column.addLayout(part) if isinstance(part, (QFormLayout, QHBoxLayout)) else (
                column.addWidget(part)
            )
        column.addWidget(self.pages)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        self._on_busy(False)

    def _connect(self) -> None:
        self.layer_choice.picked.connect(self._on_picked)
        self.task.activated.connect(self._on_task)
        self.findings.accepted.connect(self._on_remedy)
        self.findings.forgotten.connect(self._on_forgotten)
        self.validate.clicked.connect(self.run)
        self.cancel.clicked.connect(self.job.cancel)
        self.job.busy.connect(self._on_busy)
        self.job.progressed.connect(self._on_progress)
        self.job.done.connect(self._on_outcome)
        self.presenter.failed.connect(self._on_outcome)
        self.results.refresh_asked.connect(self.run)
        self.results.save_asked.connect(self._ask_folder)
        self.results.threshold_moved.connect(self._on_threshold)
        self.choices.events.connect(self._on_choices)
        layers = self._viewer.layers
        for event in (layers.events.inserted, layers.events.removed, layers.events.renamed):
            event.connect(self.reset_choices)
        for keys in ("Return", "Enter", "Ctrl+Return"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(self.run)
        self._viewer.bind_key(FLIP_KEY.upper(), _holder(self.inspection), overwrite=True)

    # ---- choices

    def reset_choices(self, event: Any = None) -> None:
        """Bring the choosers up to date with the layers; napari calls it, too."""
        roles = settle(self._viewer.layers, self.choices.roles, self.choices.picked)
        if roles != self.choices.roles:
            self.choices.update({"roles": roles, "decisions": ()})
        self._show_choices()

    def _on_picked(self, role: str, roles: Roles) -> None:
        picked = self.choices.picked | {role}
        roles = settle(self._viewer.layers, roles, picked)
        self.choices.update({"picked": picked, "roles": roles, "decisions": ()})

    def _on_task(self, index: int) -> None:
        self.choices.update({"task": self.task.itemData(index), "decisions": ()})

    def _on_choices(self, *_: Any) -> None:
        self._show_choices()

    def _show_choices(self) -> None:
        roles = self.choices.roles
        self.layer_choice.show_roles(self._viewer.layers, roles)
        task, why = self.choices.effective_task()
        inferred = f"{_TASKS[task]} ({why})" if roles.predictions else _TASKS[None]
        self.task.setItemText(0, inferred)
        self.task.setCurrentIndex(self.task.findData(self.choices.task))
        self.task.setToolTip(f"What is compared: {_TASKS[task]} ({why})")
        self.settings.refresh()
        inspect = roles.ground_truth is None and roles.raw is not None and bool(roles.predictions)
        if inspect:
            self.inspection.show_roles(roles)
        self._turn_to(
            self.inspection if inspect else self.results if self.presenter.result else None
        )
        self._preflight()

    def _turn_to(self, page: Any) -> None:
        self.pages.setCurrentIndex(0 if page is None else self.pages.indexOf(page))
        self.pages.setVisible(page is not None)
        for i in range(self.pages.count()):
            # a page that is not shown must not stretch the one that is
            here = i == self.pages.currentIndex()
            policy = self.pages.widget(i).sizePolicy()
            policy.setVerticalPolicy(policy.Policy.Preferred if here else policy.Policy.Ignored)
            self.pages.widget(i).setSizePolicy(policy)

    def _preflight(self) -> None:
        """Check what can be checked at once, without reading pixels."""
        from napari_verdict.comparison.preflight_geometry import preflight_geometry

        roles, decisions = self.choices.roles, self.choices.decisions
        self.hint.setText(_hint(roles))
        self.hint.setVisible(bool(self.hint.text()))
        ready = roles.ground_truth is not None and bool(roles.predictions)
        self.validate.setEnabled(ready)
        if not ready:
            self.findings.show_findings((), decisions)
            return
        task = self.choices.effective_task()[0]
        try:
            comparison = comparison_of(roles, task, self.choices.settings(), copy=False)
            found = preflight_geometry(comparison)
        except ComparisonError as error:
            found = error.findings
        self.findings.show_findings(found, decisions)

    # ---- running

    def run(self) -> None:
        """Freeze what is chosen and validate it in a worker; a run under way is cancelled."""
        roles, task = self.choices.roles, self.choices.effective_task()[0]
        try:
            comparison = comparison_of(roles, task, self.choices.settings())
        except ComparisonError as error:
            self._on_outcome(Refused(tuple(error.findings)))
            return
        self._asked = roles
        self.job.start(self.presenter.steps(comparison), f"Validating ({task})")

    def _on_busy(self, busy: bool) -> None:
        self.bar.setRange(0, 0)
        self.bar.setFormat("%p %")
        self.bar.setVisible(busy)
        self.cancel.setVisible(busy)

    def _on_progress(self, progress: Progress) -> None:
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)
        self.bar.setFormat(f"{progress.what} %p %")

    def _on_outcome(self, outcome: Any) -> None:
        if isinstance(outcome, Refused):
            self.findings.show_findings(outcome.findings, self.choices.decisions)
        elif isinstance(outcome, Failed):
            self._tell(outcome.message, Severity.ERROR)
        elif isinstance(outcome, Path):
            self._tell(f"Saved in {outcome}.", Severity.INFO)
        else:
            self.presenter.present(outcome, self._asked)
            self.results.set_result(self.presenter.result)
            self.findings.show_findings(self.presenter.result.findings, self.choices.decisions)
            self._turn_to(self.results)

    def _tell(self, message: str, severity: Severity) -> None:
        from napari.utils.notifications import show_error, show_info

        if severity is Severity.ERROR:
            show_error(message)
            self.findings.show_findings([Finding("failed", severity, message)])
        else:
            show_info(message)

    def _on_remedy(self, remedy: str) -> None:
        computed = self.presenter.result is not None or self._asked is not None
        self.choices.decisions = (*self.choices.decisions, remedy)
        if computed and not any(f.severity is Severity.ERROR for f in self.findings.findings):
            self.run()

    def _on_forgotten(self) -> None:
        self.choices.decisions = ()

    def _on_threshold(self, threshold: float) -> None:
        self.choices.iou_threshold = threshold

    # ---- saving

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Save results into")
        if folder:
            self.save(Path(folder))

    def save(self, folder: Path) -> None:
        """Save the result into a folder, in a worker."""
        result = self.presenter.result

        def steps(token: CancelToken) -> Generator[Progress, None, Path]:
            from napari_verdict.report.folder import save

            yield Progress(0, 1, "saving")
            save(result, folder)
            return folder

        self.job.start(steps, "Saving results")

    # ---- keys and closing

    def keyPressEvent(self, event: Any) -> None:
        """Flip while the key is held, from the dock as from the canvas."""
        self._flip_key(event, True)

    def keyReleaseEvent(self, event: Any) -> None:
        """Flip back."""
        self._flip_key(event, False)

    def _flip_key(self, event: Any, pressed: bool) -> None:
        if event.text().lower() == FLIP_KEY and not event.isAutoRepeat():
            self.inspection.hold(pressed)
        else:
            event.ignore()

    def event(self, event: Any) -> bool:
        """Stop when napari takes the dock away; it tells so only by the parent."""
        if event.type() == QEvent.Type.ParentChange:
            if self._docked and self.parent() is None:
                self.stop()
            self._docked = self.parent() is not None
        return bool(super().event(event))

    def stop(self) -> None:
        """Cancel work and let go of viewer and layers; results that are drawn stay."""
        self.job.cancel()
        self.inspection.stop()
        self.presenter.stop()
        self.choices.events.disconnect(self._on_choices)
        events = self._viewer.layers.events
        for one in (events.inserted, events.removed, events.renamed):
            one.disconnect(self.reset_choices)


def _holder(page: InspectionPage) -> Any:
    from weakref import ref

    known = ref(page)

    def flip(viewer: Any) -> Generator[None, None, None]:
        """Hold to show raw instead of the prediction."""
        if (page := known()) is not None:
            page.hold(True)
            yield
            page.hold(False)

    return flip


def _hint(roles: Roles) -> str:
    if roles.ground_truth is not None:
        return "" if roles.predictions else "Tick at least one prediction."
    if roles.raw is not None and roles.predictions:
        return ""
    if roles.predictions:
        return "Choose which layer is the ground truth."
    return (
        "Open a ground truth and at least one prediction (images, labels or points); "
        "File > Open Sample > Verdict has some to try."
    )
