"""The Label ground truth dock: from an image to a score one can trust, a tile at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from napari_verdict.annotation.origins import Action
from napari_verdict.annotation.planning import Wanted, planning
from napari_verdict.annotation.sampling import draw_more
from napari_verdict.annotation.tiles import Plan, State, TiledImage
from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.viewer.truth import TRUTH, add_labels_like, shape_of
from napari_verdict.widgets.job import Failed, Job, Refused
from napari_verdict.widgets.keys import KeyFilter, keys_of
from napari_verdict.widgets.label.compared import comparison_of_bench, frozen_predictions
from napari_verdict.widgets.label.desk import Desk
from napari_verdict.widgets.label.hands import Hands
from napari_verdict.widgets.label.live import LiveScores
from napari_verdict.widgets.label.setup_box import SetupBox
from napari_verdict.widgets.label.state import Bench, Labelling
from napari_verdict.widgets.label.watch import Watch
from napari_verdict.widgets.label.work_page import WorkPage
from napari_verdict.widgets.state import choices_of

if TYPE_CHECKING:
    from napari_verdict.widgets.label.setup_box import Asked

_OUTSIDE = (
    "You painted outside of the tile and its margin. It is kept, but no score counts it; undo "
    "takes it back."
)


class LabelWidget(QWidget):
    """Labels tiles of an image, blind, and scores predictions on them.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        The viewer whose images are labelled.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self._viewer, self._docked = napari_viewer, False
        self.state = Labelling()
        self.desk = Desk(napari_viewer, self.state, self)
        self.hands = Hands(napari_viewer, self.desk, self)
        self.live, self.job = LiveScores(self), Job(self)
        self.setup, self.page = SetupBox(), WorkPage(napari_viewer)
        self.busy = QLabel()
        self.watch: Watch | None = None
        self._asked: Asked | None = None
        self._lay_out()
        self._keys = KeyFilter(keys_of(napari_viewer))
        self._connect()
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
        content = QWidget()
        column = QVBoxLayout(content)
        column.addWidget(self.setup)
        column.addWidget(self.busy)
        column.addWidget(self.page)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)

    def _connect(self) -> None:
        page, state = self.page, self.state
        self.setup.asked.connect(self.start)
        self.job.done.connect(self._on_planned)
        self.job.progressed.connect(self._on_progress)
        self.job.busy.connect(self._on_busy)
        page.tiles.chosen.connect(self.desk.go)
        page.steps.asked.connect(self._on_step)
        page.edits.asked.connect(self._on_edit)
        page.correcting.toggled.connect(self._on_correcting)
        page.more.clicked.connect(self._on_more)
        page.by_hand.clicked.connect(self._on_by_hand)
        page.reopen.clicked.connect(self.desk.reopen)
        page.leave.clicked.connect(self.leave)
        self.desk.doubted.connect(self._on_doubted)
        self.hands.refused.connect(self._on_refused)
        self.live.changed.connect(self._on_estimates)
        self.live.failed.connect(self._on_failed)
        state.events.plan.connect(self._on_plan)
        state.events.current.connect(self._on_current)
        state.events.message.connect(page.bar.say)
        state.events.correcting.connect(self._show_correcting)
        choices_of(self._viewer).events.connect(self._on_settings)
        events = self._viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed):
            event.connect(self._on_layers)

    # ---- beginning and end

    def start(self, asked: Asked) -> None:
        """Draw tiles in a worker, then go to the first."""
        try:
            predictions = frozen_predictions(asked.raw, asked.axes, asked.predictions)
        except ComparisonError as error:
            self.setup.hint.setText(" ".join(f.message for f in error.findings))
            return
        self._asked = asked
        image = TiledImage(asked.raw.name, asked.axes, shape_of(asked.raw))
        number = 0 if asked.draw == "hand" else asked.number
        wanted = Wanted(image, predictions, asked.size, asked.depth, number, asked.seed)
        self.job.start(lambda token: planning(wanted, token), "Drawing tiles")

    def begin(self, asked: Asked, plan: Plan) -> None:
        """Make the layer to label on where there is none, and go to the first tile."""
        truth = asked.truth
        if truth is None:
            truth = add_labels_like(self._viewer, asked.raw, TRUTH)
        self.watch = self.hands.watch = Watch(truth, self)
        self.watch.changed.connect(self._on_painted)
        self.watch.lost.connect(self._on_failed)
        self.state.update({"annotator": asked.annotator, "correcting": False})
        self.desk.start(Bench(asked.raw, asked.axes, truth, asked.predictions), plan)
        self._score()
        self._show()

    def leave(self) -> None:
        """Stop labelling; everything is shown as it was before, and the labels stay."""
        self.hands.cancel()
        self.hands.watch = None
        if self.watch is not None:
            self.watch.look()
            self.watch.stop()
            self.watch = None
        self.live.stop()
        self.page.bar.clear()
        self.desk.stop()
        self._show()

    def _on_planned(self, outcome: Any) -> None:
        if isinstance(outcome, Plan):
            assert self._asked is not None
            self.begin(self._asked, outcome)
        elif isinstance(outcome, Failed):
            self.setup.hint.setText(outcome.message)
        elif isinstance(outcome, Refused):
            self.setup.hint.setText(" ".join(f.message for f in outcome.findings))

    def _score(self) -> None:
        """Count finished tiles from now on, where there is anything to score."""
        bench = self.state.bench
        if bench is not None:
            mask = self.desk.ambiguous
            settings = choices_of(self._viewer).settings()
            ignore = None if mask is None else mask.data
            self.live.start(comparison_of_bench(bench, settings, ignore), self.state.plan)

    # ---- what is painted

    def _on_painted(self, painted: Any, action: Any) -> None:
        state = self.state
        self.live.touched(*state.bench.place(painted.low, painted.high))
        window = state.window
        inside = window is None or all(
            w.start <= low and high <= w.stop
            for w, low, high in zip(window, painted.low, painted.high, strict=True)
        )
        if not inside and action is not Action.UNDO:
            state.message = _OUTSIDE
        elif state.message == _OUTSIDE:
            state.message = ""

    # ---- what is asked for

    def _on_step(self, name: str, _: bool) -> None:
        self.hands.cancel()
        if name == "finish tile":
            self.desk.finish()
        elif name == "skip tile":
            self.page.bar.ask(
                "Why is this tile left out? What is left out changes what the score is of.",
                {"Skip it": self._on_skip, "Keep it": self.desk.arm},
                reason=True,
            )
        else:
            self.desk.step(1 if name == "next tile" else -1)

    def _on_skip(self) -> None:
        if not self.desk.skip(self.page.bar.reason.currentText()):
            self.state.message = "A tile is skipped for a reason. Choose or write one."

    def _on_edit(self, name: str, pointed: bool) -> None:
        self.page.bar.clear()
        self.hands.act(name, pointed)

    def _on_doubted(self) -> None:
        self.page.bar.ask(
            "This tile has no object. Really empty?",
            {"Yes, it is empty": lambda: self.desk.finish(empty=True), "No, go on": self.desk.arm},
        )

    def _on_refused(self, why: str) -> None:
        self.page.bar.ask(
            why, {"Accept over it": self.hands.accept_over, "Leave it": self.desk.arm}
        )

    def _on_correcting(self, on: bool) -> None:
        self.state.correcting = on
        self.desk.blind()
        self.desk.arm()

    def _on_more(self) -> None:
        state = self.state
        more = max((e.more or 0 for e in (state.estimates or {}).values()), default=0)
        state.plan = draw_more(state.plan, min(max(more, 4), 16))
        if state.tile is None or state.tile.state is not State.OPEN:
            self.desk.go(state.plan.next_open(max(state.current, 0)))

    def _on_by_hand(self) -> None:
        state, bench = self.state, self.state.bench
        try:
            state.plan = state.plan.by_hand(bench.raw.name, *self.desk.in_view())
        except ValueError as error:
            state.message = str(error)
            return
        self.desk.go(len(state.plan.tiles) - 1)

    # ---- what is shown

    def _show(self) -> None:
        working = self.state.bench is not None
        self.setup.setVisible(not working)
        self.page.setVisible(working)
        for box in (self.page.steps, self.page.edits):
            box.set_ready(working)
        if not working:
            self.reset_choices()

    def _show_tiles(self) -> None:
        state = self.state
        plan = state.plan
        finished = [] if plan is None else [
            k for k, t in enumerate(plan.tiles) if t.state is State.FINISHED]  # fmt: skip
        empty = [k for k in finished if not self.desk.has_objects(k)]
        self.page.tiles.show_plan(plan, state.current, empty)
        self.page.plan.setText("" if plan is None else plan.sentence)
        tile = state.tile
        self.page.reopen.setEnabled(tile is not None and tile.state is not State.OPEN)

    def _show_correcting(self, on: bool) -> None:
        if self.page.correcting.isChecked() != on:
            self.page.correcting.setChecked(on)

    def _on_plan(self, plan: Any) -> None:
        self._show_tiles()
        if plan is not None and self.state.bench is not None:
            self.live.follow(plan)

    def _on_current(self, current: int) -> None:
        if self.watch is not None and self.state.window is not None:
            self.watch.look()
            self.watch.strokes.watch([self.state.window])
        self._show_tiles()

    def _on_estimates(self, estimates: Any) -> None:
        self.state.estimates = estimates
        bench = self.state.bench
        hint = "Finish a tile to see a score."
        if bench is not None and not bench.predictions:
            hint = "No prediction was ticked, so nothing is scored."
        self.page.score.show_estimates(estimates, hint)

    def _on_failed(self, message: str) -> None:
        self.state.message = message

    def _on_settings(self, *_: Any) -> None:
        if self.state.bench is not None:
            self._score()

    def _on_layers(self, event: Any = None) -> None:
        bench = self.state.bench
        if bench is not None and bench.truth not in self._viewer.layers:
            self.leave()
        elif bench is not None and (gone := [
            x for x in bench.predictions if x not in self._viewer.layers]):  # fmt: skip
            left = tuple(x for x in bench.predictions if x not in gone)
            self.state.bench = replace(bench, predictions=left)
            self._score()
        self.reset_choices()

    def _on_busy(self, busy: bool) -> None:
        self.busy.setText("Drawing tiles…" if busy else "")
        self.busy.setVisible(busy)
        self.setup.setEnabled(not busy)

    def _on_progress(self, progress: Any) -> None:
        self.busy.setText(f"{progress.what.capitalize()} ({progress.done} of {progress.total})")

    # ---- keys and closing

    def keyPressEvent(self, event: Any) -> None:
        """Answer to the shortcuts, as from the canvas."""
        if not self._keys.press(event):
            event.ignore()

    def keyReleaseEvent(self, event: Any) -> None:
        """End what a held key showed."""
        if not self._keys.release(event):
            event.ignore()

    def event(self, event: Any) -> bool:
        """Stop when napari takes the dock away, which shows only by the parent."""
        if event.type() == QEvent.Type.ParentChange:
            if self._docked and self.parent() is None:
                self.stop()
            self._docked = self.parent() is not None
        return bool(super().event(event))

    def stop(self) -> None:
        """Stop labelling and let go of the viewer; the labels stay."""
        self.job.cancel()
        if self.state.bench is not None:
            self.leave()
        self.live.stop()
        self.page.steps.stop()
        self.page.edits.stop()
        choices_of(self._viewer).events.disconnect(self._on_settings)
        events = self._viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed):
            event.disconnect(self._on_layers)
