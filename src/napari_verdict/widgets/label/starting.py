"""From what a person asks to the first tile: work in a worker, then layers to label on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject

from napari_verdict.annotation.planning import Wanted
from napari_verdict.annotation.tiles import TiledImage
from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.viewer.truth import TRUTH, add_labels_like, kept_layers, pixels_kept
from napari_verdict.widgets.job import Job, words_of
from napari_verdict.widgets.label import compared
from napari_verdict.widgets.label.keeper import Keeper
from napari_verdict.widgets.label.opening import Opened, Sitting, opening, resuming
from napari_verdict.widgets.label.opening_set import OpenedSet
from napari_verdict.widgets.label.state import Bench

if TYPE_CHECKING:
    from napari_verdict.comparison.model import Task
    from napari_verdict.widgets.label.asked import Asked
    from napari_verdict.widgets.label.dock import LabelWidget


def ended_without(name: str) -> str:
    """Say why nothing is labelled any more."""
    return (
        f"“{name}” was deleted, and tiles are labelled on it. What was painted is kept: open it "
        "again to go on."
    )


class Starting(QObject):
    """Begins to label, or goes on with what was begun.

    Parameters
    ----------
    dock : LabelWidget
        Where it is asked for.
    """

    def __init__(self, dock: LabelWidget) -> None:
        super().__init__(dock)
        self._dock, self.job = dock, Job(self)
        self._asked: Asked | None = None
        self.job.done.connect(self._on_done)

    def start(self, asked: Asked) -> None:
        """Draw tiles or take labels up, in a worker, and then go to a tile."""
        dock = self._dock
        dock.desk.remember_view()
        if asked.images is not None:
            self._asked = asked
            self.job.start(dock.shelf.steps(asked), "Drawing tiles")
            return
        try:
            predictions = compared.frozen_predictions(asked.raw, asked.axes, asked.predictions)
            image = compared.labelled_input(asked.raw, asked.axes)
            confidence = asked.confidence and compared.labelled_input(asked.confidence, asked.axes)
        except ComparisonError as error:
            dock.setup.hint.setText(" ".join(f.message for f in error.findings))
            return
        self._asked = asked
        hand = asked.draw == "hand"
        wanted = Wanted(
            (TiledImage(image.name, image.axes, image.shape),),
            lambda _: predictions,
            asked.size,
            asked.depth,
            0 if hand else asked.number,
            asked.seed,
            "" if asked.draw in ("hand", "random") else asked.draw,
            confidence,
            asked.by,
        )
        truth, who = asked.truth, asked.annotator
        if isinstance(truth, Sitting):
            there = pixels_kept(dock._viewer.layers)
            self.job.start(lambda t: resuming(truth, wanted, image, t, there), "Taking labels up")
        else:
            labels = None if truth is None else truth.data
            self.job.start(lambda t: opening(wanted, image, who, labels, t), "Drawing tiles")

    def _is_there(self, asked: Asked) -> bool:
        """Whether all layers are there still; what cannot be done without is told of."""
        needed = [x for x in (asked.raw, asked.truth) if hasattr(x, "data")]
        missing = [x for x in needed if x not in self._dock._viewer.layers]
        if missing:
            self._dock.setup.hint.setText(ended_without(missing[0].name))
        return not missing

    def begin(self, asked: Asked, opened: Opened, task: Task | None = None) -> None:
        """Make the layer to label on where there is none, and go to the first tile."""
        dock, viewer = self._dock, self._dock._viewer
        kept, truth = opened.kept, asked.truth
        who = kept.record.annotator if kept is not None else asked.annotator
        keeper = Keeper(dock, kept, who, "" if kept else opened.said, dock.shelf.notes)
        there = kept_layers(viewer.layers).get(keeper.folder, (None, None))
        known, mask_layer = there if opened.same else (None, None)
        if truth is None or isinstance(truth, Sitting):
            data = None if kept is None else kept.labels
            truth = known or add_labels_like(viewer, asked.raw, TRUTH, data)
        else:
            keeper.given(opened.given)
        keeper.planned(opened.plan, known=opened.resumed)
        dock.state.update({"annotator": who, "correcting": False})
        task = task or compared.task_of(asked.predictions)
        image = opened.image or opened.plan.images[0].name
        bench = Bench(
            asked.raw, asked.axes, truth, asked.predictions, asked.confidence, task, image
        )
        mask = None if kept is None else kept.ignore
        dock.desk.start(bench, opened.plan, mask, mask_layer, opened.empty)
        dock.show_estimates({})
        dock.take_up(keeper, opened.shadow, look=truth in (asked.truth, known))
        if opened.said or opened.resumed:
            dock.state.message = opened.said or f"Taken up again. {opened.plan.sentence}."
        if opened.resumed and not dock.shelf.is_on:
            dock.second.remember()

    def _on_done(self, outcome: Any) -> None:
        if isinstance(outcome, (Opened, OpenedSet)):
            assert self._asked is not None
            if isinstance(outcome, OpenedSet):
                self._dock.shelf.begin(self._asked, outcome)
            elif self._is_there(self._asked):
                layers = self._dock._viewer.layers
                left = tuple(p for p in self._asked.predictions if p in layers)
                self.begin(replace(self._asked, predictions=left), outcome)
        else:
            self._dock.setup.hint.setText(words_of(outcome))
