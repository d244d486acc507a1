"""The Label ground truth dock: from an image to a score one can trust, a tile at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.widgets.docks import Dock
from napari_verdict.widgets.label import compared
from napari_verdict.widgets.label.desk import Desk
from napari_verdict.widgets.label.exporter import Exporter
from napari_verdict.widgets.label.hands import Hands
from napari_verdict.widgets.label.keeper import Keeper
from napari_verdict.widgets.label.live import LiveScores
from napari_verdict.widgets.label.lookout import Lookout
from napari_verdict.widgets.label.second import SecondOpinion
from napari_verdict.widgets.label.setup_box import SetupBox
from napari_verdict.widgets.label.shelf import Shelf
from napari_verdict.widgets.label.starting import Starting, ended_without
from napari_verdict.widgets.label.state import Bench, Labelling
from napari_verdict.widgets.label.talk import Talk
from napari_verdict.widgets.label.work import Work
from napari_verdict.widgets.label.work_page import WorkPage
from napari_verdict.widgets.state import choices_of

if TYPE_CHECKING:
    from napari_verdict.comparison.model import Comparison
    from napari_verdict.widgets.label.opening import Opened

_GONE = (
    "The layer of the second was deleted, so the first is back. Their labels are kept: give the "
    "same name to go on with them."
)


class LabelWidget(Dock):
    """Labels tiles of an image, blind, and scores predictions on them.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        The viewer whose images are labelled.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.state = Labelling()
        self.desk = Desk(napari_viewer, self.state, self)
        self.hands = Hands(napari_viewer, self.desk, self)
        self.live, self.starting = LiveScores(self), Starting(self)
        self.setup, self.page = SetupBox(), WorkPage(napari_viewer)
        self.exporter, self.second, self.shelf = Exporter(self), SecondOpinion(self), Shelf(self)
        self.lookout = Lookout(self.setup, self.state, self)
        self.talk = Talk(self.page, self.desk, self.hands, self)
        self.busy, self.cancel = QLabel(), QPushButton("Cancel")
        self.work: Work | None = None
        self._lay_out()
        self._connect()
        self._on_busy(False)
        self.reset_choices()
        self._show()

    def sizeHint(self) -> QSize:
        """Ask for the width in which nothing is cut off."""
        return QSize(380, 700)

    def reset_choices(self, event: Any = None) -> None:
        """Offer the layers there are; napari calls it."""
        self.setup.show_layers(self._viewer.layers)

    # ---- building

    def _lay_out(self) -> None:
        self.busy.setAccessibleName("Progress")
        self.cancel.setAccessibleName("Cancel")
        self.cancel.setToolTip("Stop; nothing is lost")
        content = QWidget()
        column = QVBoxLayout(content)
        column.addWidget(self.setup)
        column.addWidget(self.busy)
        column.addWidget(self.cancel)
        column.addWidget(self.page)
        column.addStretch(1)
        self._scroll(content)

    def _connect(self) -> None:
        page, state = self.page, self.state
        self.setup.asked.connect(self.starting.start)
        self.cancel.clicked.connect(self.starting.job.cancel)
        self.starting.job.progressed.connect(self._on_progress)
        self.starting.job.busy.connect(self._on_busy)
        self.talk.left.connect(self.leave)
        self.live.changed.connect(self.show_estimates)
        self.live.failed.connect(self._on_failed)
        page.score.unit_chosen.connect(self.live.count_by)
        page.score.unit_chosen.connect(self.second.stir)
        self.live.stirred.connect(self._score)
        state.events.plan.connect(self._on_plan)
        state.events.current.connect(self._show_tiles)
        state.events.message.connect(page.bar.say)
        state.events.correcting.connect(self._show_correcting)
        choices_of(self._viewer).events.connect(self._on_settings)
        events = self._viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed):
            event.connect(self._on_layers)

    # ---- beginning and end

    def take_up(self, keeper: Keeper, shadow: Any, *, look: bool = False) -> None:
        """Watch, keep and score what is on the desk; `look` at all that was painted since."""
        work = Work(self.desk, self.live, keeper, self, shadow)
        if look:
            work.compare_all()
        work.origins.connect(self.page.origins.setText)
        work.stirred.connect(self.second.stir)
        work.masked.connect(self._score)
        work.masked.connect(self.second.stir)
        keeper.ticked.connect(self.show_saved)
        self.at_work(work)

    def sit_down(self, opened: Opened, corrected: bool) -> None:
        """Watch, keep and score another image, which is on the desk already."""
        keeper = Keeper(self, opened.kept, self.state.annotator, plans=self.shelf.notes)
        keeper.corrected |= corrected
        keeper.planned(self.state.plan, known=True)
        self.take_up(keeper, opened.shadow)

    def at_work(self, work: Work) -> None:
        """Let edits, scores and words be those of one person."""
        self.work = self.hands.work = work
        work.follow()
        work.take_free_label()
        self.page.origins.setText(work.keeper.origins.sentence())
        self._score()
        self._show()

    def put_down(self) -> None:
        """Watch, keep and score no more; what was painted is kept."""
        self.hands.cancel()
        self.live.stop()
        self.page.bar.clear()
        self.second.forget()
        self.put_work_away()
        self.shelf.stop()

    def put_work_away(self) -> None:
        """Watch and keep no more what is on the desk; what was painted is saved."""
        self.hands.work = None
        if self.work is not None:
            self.work.rest()
            self.work.stop()
            self.work.deleteLater()
            self.work = None

    def leave(self) -> None:
        """Stop labelling; everything is shown as it was before, and the labels stay."""
        self.put_down()
        self.desk.stop()
        self._show()

    def _score(self) -> None:
        """Count finished tiles from now on, where there is anything to score."""
        bench = self.state.bench
        if bench is None or self.second.is_on or self.work is None:
            return
        comparison = self.comparison()
        elsewhere = self.shelf.elsewhere(comparison) if comparison and self.shelf.is_on else None
        self.live.start(comparison, self.state.plan, bench.predictions, bench.image, elsewhere)

    def comparison(self) -> Comparison | None:
        """Return predictions against the labels on the desk; None where nothing is scored."""
        return self.comparison_of(self.state.bench, self.desk.ambiguous)

    def comparison_of(self, bench: Bench, mask: Any | None) -> Comparison | None:
        """Return predictions against the labels of a bench; None, and why is said, without."""
        settings = choices_of(self._viewer).settings()
        ignore = None if mask is None else mask.data
        try:
            comparison = compared.comparison_of_bench(bench, settings, ignore)
        except ComparisonError as error:  # a layer was turned since
            self.state.message = " ".join(f.message for f in error.findings)
            return None
        return self.shelf.named(comparison) if comparison and self.shelf.is_on else comparison

    # ---- what is shown

    def _show(self) -> None:
        working = self.state.bench is not None
        self.setup.setVisible(not working)
        self.page.setVisible(working)
        self.page.second.setEnabled(not self.shelf.is_on)
        self.page.steps.set_ready(working)
        self.page.edits.set_ready(working)
        self.page.show_second(self.second.is_on, self.second.off)
        if not working:
            self.reset_choices()
            self.lookout.look()
            self.lookout.propose_size()
        self.show_saved()

    def show_saved(self) -> None:
        """Say how far saving is."""
        if self.work is not None:
            keeper = self.work.keeper
            worry = self.talk.worry = keeper.worry
            self.page.saved.setText(f"⚠ {worry}" if worry else keeper.words)
            self.page.saved.setToolTip(keeper.folder)

    def _show_tiles(self, *_: Any) -> None:
        self.page.show_plan(self.state.plan, self.state.current, self.desk.has_objects)

    def _show_correcting(self, on: bool) -> None:
        if self.page.correcting.isChecked() != on:
            self.page.correcting.setChecked(on)

    def _on_plan(self, plan: Any) -> None:
        self._show_tiles()
        if plan is not None and self.state.bench is not None and not self.second.is_on:
            self.live.follow(plan)

    def show_estimates(self, estimates: Any) -> None:
        """Show what finished tiles say."""
        self.state.estimates = estimates
        bench = self.state.bench
        hint = "Finish a tile to see a score."
        if bench is not None and not bench.predictions:
            hint = "No prediction was ticked, so nothing is scored."
        images = 0 if self.state.plan is None else len(self.state.plan.images)
        self.page.score.show_estimates(estimates, hint, images)

    def _on_failed(self, message: str) -> None:
        self.state.message = message

    def _on_settings(self, *_: Any) -> None:
        self._score()
        self.second.stir()

    def _on_layers(self, event: Any = None) -> None:
        bench = self.state.bench
        needed = () if bench is None else (bench.raw, bench.truth)
        missing = next((x for x in needed if x not in self._viewer.layers), None)
        if bench is not None and missing is bench.truth and self.second.is_on:
            missing = None
            self.second.end()
            self.state.message = _GONE
        elif missing is not None:
            self.leave()
        elif bench is not None and (gone := [
            x for x in bench.predictions if x not in self._viewer.layers]):  # fmt: skip
            left = tuple(x for x in bench.predictions if x not in gone)
            self.state.bench = replace(bench, predictions=left)
            self._score()
        if self.work is not None:
            self.work.miss_mask()
        self.reset_choices()
        if missing is not None:
            self.setup.hint.setText(ended_without(missing.name))

    def _on_busy(self, busy: bool) -> None:
        self.busy.setText("Working…" if busy else "")
        self.busy.setVisible(busy)
        self.cancel.setVisible(busy)
        self.setup.setEnabled(not busy)

    def _on_progress(self, progress: Any) -> None:
        self.busy.setText(f"{progress.what.capitalize()} ({progress.done} of {progress.total})")

    # ---- keys and closing

    def stop(self) -> None:
        """Stop labelling and let go of the viewer; the labels stay."""
        super().stop()
        self.starting.job.cancel()
        self.lookout.stop()
        self.exporter.stop()
        if self.state.bench is not None:
            self.leave()
        self.live.stop()
        self.page.steps.stop()
        self.page.edits.stop()
        choices_of(self._viewer).events.disconnect(self._on_settings)
        events = self._viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed):
            event.disconnect(self._on_layers)
