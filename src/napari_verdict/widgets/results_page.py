"""The result: the sentence, the table, the threshold, what is shown, and saving."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

from napari.utils.theme import get_theme
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_verdict.comparison.model import Task
from napari_verdict.viewer.result_layers import has_map, names_for
from napari_verdict.widgets.asks import COUNTS, filter_of
from napari_verdict.widgets.docks import open_inspect
from napari_verdict.widgets.evidence_notes import EvidenceNotes, look_by_keys
from napari_verdict.widgets.joint_box import JointBox
from napari_verdict.widgets.region_table import RegionTable
from napari_verdict.widgets.score_table import ScoreTable
from napari_verdict.widgets.session import session_of
from napari_verdict.widgets.show_box import ShowBox
from napari_verdict.widgets.threshold_bar import ThresholdBar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_verdict.comparison.result import Result
    from napari_verdict.widgets.presenter import Presenter

#: Which overlay shows the objects that a word of the verdict speaks of.
_OVERLAY_OF = {
    "matched": "ground-truth objects",
    "missed": "ground-truth objects",
    "extra": "predicted objects",
}


class ResultsPage(QWidget):
    """Shows what the presenter draws, in words and numbers."""

    refresh_asked = Signal()
    save_asked = Signal()
    #: The IoU threshold was moved to this.
    threshold_moved = Signal(float)
    #: Raw is to be asked for evidence, beside the scores.
    raw_asked = Signal()
    #: The result of this task is to be shown, of two of the same layers.
    turned = Signal(str)

    def __init__(self, viewer: Any, presenter: Presenter, parent: Any = None) -> None:
        super().__init__(parent)
        self._viewer, self._presenter = viewer, presenter
        self.stale = QLabel()
        self.stale.setWordWrap(True)
        self.refresh = _button("Refresh", "Validate again with the layers as they are now")
        self.refresh.clicked.connect(self.refresh_asked)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.verdict.setAccessibleName("Verdict")
        self.verdict.setToolTip("Click the underlined words to see what they speak of")
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.verdict.setOpenExternalLinks(False)
        self.verdict.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.verdict.linkActivated.connect(self._on_link)
        self.table = ScoreTable()
        self.table.asked.connect(self.go)
        self.regions = RegionTable()
        self.regions.turned.connect(self._on_region)
        self.table.score_asked.connect(self._on_score)
        self.threshold = ThresholdBar(viewer)
        self.threshold.moved.connect(self._on_threshold)
        self.show_box = ShowBox()
        self.show_box.toggled.connect(presenter.show)
        self.show_box.candidate_chosen.connect(self._on_candidate)
        self.show_box.side_by_side.connect(presenter.side_by_side)
        self.joint = JointBox(viewer)
        self.joint.failed.connect(presenter.failed)
        self.save = _button("Save results…", "Record, tables, maps and overlays into a folder")
        self.save.clicked.connect(self.save_asked)
        self.copy = _button("Copy table", "The table with numbers in full, for a spreadsheet")
        self.copy.clicked.connect(self.table.copy)
        self.errors = _button("Inspect errors", "List what is wrong, worst first, and go there")
        self.errors.clicked.connect(self._on_errors)
        self.ask_raw = _button(
            "Check against raw",
            "Does raw have photons for what the predictions show? Evidence that needs no ground "
            "truth, beside the scores",
        )
        self.ask_raw.clicked.connect(self.raw_asked)
        self.which = QComboBox()
        self.which.setAccessibleName("Result that is shown")
        self.which.setToolTip("Scores against the ground truth, or evidence from raw")
        self.which.activated.connect(lambda i: self.turned.emit(self.which.itemData(i)))
        self.notes = EvidenceNotes()
        self._lay_out()
        presenter.changed.connect(self.update_shown)
        presenter.rethresholded.connect(self._on_rethresholded)
        viewer.events.theme.connect(self._on_theme)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.which, self.stale, self.refresh, self.verdict):
            layout.addWidget(widget)
        for widget in (self.notes.statement, self.regions, self.table, self.threshold):
            layout.addWidget(widget)
        buttons = QHBoxLayout()
        buttons.addWidget(self.errors)
        buttons.addWidget(self.ask_raw)
        layout.addLayout(buttons)
        for widget in (self.show_box, self.joint, self.notes):
            layout.addWidget(widget)
        buttons = QHBoxLayout()
        buttons.addWidget(self.save)
        buttons.addWidget(self.copy)
        layout.addLayout(buttons)
        layout.addStretch(1)

    def set_result(self, result: Result, tasks: Iterable[Task] = ()) -> None:
        """Show a result; with others of the same layers there is a choice, by task."""
        self._offer_results(list(tasks), result)
        self.regions.set_result(result)
        self.table.show_region(self.regions.region, result)
        self.threshold.set_result(result)
        self._write_verdict()
        self.update_shown()

    def _offer_results(self, tasks: list[Task], result: Result) -> None:
        task = result.comparison.task
        self.which.clear()
        for one in tasks:
            evidence = one is Task.EVIDENCE
            text = "Evidence from raw" if evidence else "Scores against the ground truth"
            self.which.addItem(text, str(one))
        self.which.setCurrentIndex(self.which.findData(str(task)))
        self.which.setVisible(len(tasks) > 1)
        raw = task is Task.RESTORATION and result.comparison.raw is not None
        self.ask_raw.setVisible(raw and Task.EVIDENCE not in tasks)

    def _on_region(self, region: str | None) -> None:
        self.table.show_region(region, self._presenter.result)

    def update_shown(self) -> None:
        """Bring check boxes, candidate and the out-of-date line to what holds now."""
        presenter = self._presenter
        if presenter.result is None:
            return
        changed = presenter.out_of_date
        self.stale.setText(
            f"⚠ Out of date: {', '.join(changed)} changed since this was computed."
            if changed
            else ""
        )
        self.stale.setVisible(bool(changed))
        self.refresh.setVisible(bool(changed))
        self.show_box.show_result(presenter.result, presenter.candidate, presenter.is_shown)
        self.show_box.grid.setChecked(self._viewer.canvas.grid.enabled)
        self.table.mark(presenter.candidate)
        self.joint.show_result(presenter.result, presenter.candidate)
        self.notes.show_result(presenter.result, presenter.candidate)
        if presenter.result.comparison.task is Task.EVIDENCE:
            self._write_verdict()  # of one candidate at a time

    def go(self, candidate: str, name: str) -> None:
        """Show a map or overlay of a candidate."""
        presenter = self._presenter
        if presenter.result is None:
            return
        if candidate != presenter.candidate:
            presenter.look_at(candidate)
        shows = presenter.result
        if name in names_for(shows) and has_map(shows, candidate, name):
            presenter.show(name)
        self.update_shown()

    def _on_score(self, candidate: str, metric: str) -> None:
        """List what a score of the table is made of, in the region that it is of."""
        self.regions.show_metric(metric)
        self.inspect(candidate, metric, self.regions.region or "")

    def inspect(self, candidate: str, metric: str, region: str = "") -> None:
        """List in Inspect what a score or a word is made of; a count brings Inspect to front."""
        result = self._presenter.result
        wanted = filter_of(metric, result.comparison.task) if result is not None else None
        if wanted is not None:
            session_of(self._viewer).wanted = replace(wanted, region=region)
            if metric in COUNTS or metric in _OVERLAY_OF:
                open_inspect(self._viewer)

    def _on_errors(self) -> None:
        session_of(self._viewer).wanted = None  # what was asked for while no list was open
        open_inspect(self._viewer)

    def _write_verdict(self) -> None:
        result = self._presenter.result
        if result.comparison.task is Task.EVIDENCE:
            from napari_verdict.comparison.evidence.glance import at_a_glance

            candidate = self._presenter.candidate
            parts = at_a_glance(result, candidate, look_by_keys(candidate))
        else:
            from napari_verdict.comparison.verdict.sentence import verdict_parts

            parts = verdict_parts(result)
        colour = get_theme(self._viewer.theme).text.as_hex()
        words = []
        for text, link in parts:
            safe = escape(text).replace("\n", "<br>")
            if link is not None:
                target = escape("\n".join(link), quote=True)
                safe = f'<a href="{target}" style="color:{colour}">{safe}</a>'
            words.append(safe)
        first, *rest = "".join(words).split("<br>")
        if rest:  # what is claimed, before what follows from it
            first = f"<b>{first}</b>"
        self.verdict.setText("<br>".join([first, *rest]))

    def _on_theme(self, event: Any = None) -> None:
        if self._presenter.result is not None:
            self._write_verdict()

    def _on_link(self, target: str) -> None:
        word, _, candidate = target.partition("\n")
        name = word
        task = self._presenter.result.comparison.task
        if task is Task.DETECTIONS:
            name = "detections"
        elif task is Task.EVIDENCE and name in COUNTS:
            name = "evidence"
        elif task is Task.INSTANCES:
            name = _OVERLAY_OF.get(name, name)
        elif task.is_labels:
            name = "pixels"
        self.go(candidate, name)
        # the map of gain is not the fitted gain
        self.inspect(candidate, "area_worse" if word == "gain" else word)

    def _on_candidate(self, candidate: str) -> None:
        self._presenter.look_at(candidate)
        self.update_shown()

    def _on_threshold(self, threshold: float) -> None:
        if self._presenter.result is not None:
            self._presenter.rethreshold(threshold)

    def _on_rethresholded(self) -> None:
        result = self._presenter.result
        self.regions.set_result(result)
        self.table.set_result(result)
        self.threshold.set_result(result, move=False)
        self._write_verdict()
        self.update_shown()
        self.threshold_moved.emit(result.comparison.settings.iou_threshold)


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAccessibleName(text.rstrip("…"))
    return button
