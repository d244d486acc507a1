"""Finished tiles are scored while one paints, with an interval; a second opinion stands beside."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from qtpy.QtCore import Qt

from labelled import objects
from napari_verdict.annotation.counting import Counter
from napari_verdict.annotation.edits import Change
from napari_verdict.report.resuming import resume
from napari_verdict.viewer.strokes import apply
from napari_verdict.widgets.state import choices_of

pytestmark = pytest.mark.gui


def score(person):
    """The estimate of the model, once it rests on all finished tiles."""
    done = sum(t.state == "finished" for t in person.state.plan.tiles)
    person.wait(
        lambda: person.state.estimates and person.state.estimates["model"].first.n == done,
        "the score",
    )
    return person.state.estimates["model"]


def label_tiles(person, n):
    for _ in range(n):
        person.give(objects())
        person.key("D")


@pytest.fixture
def three(labeller):
    """Three tiles are finished."""
    labeller.start(number=12)
    label_tiles(labeller, 3)
    score(labeller)
    return labeller


def test_no_score_before_a_tile_is_finished_and_no_interval_before_three(labeller):
    labeller.start()
    assert "Finish a tile" in labeller.dock.page.score.hint.text()
    label_tiles(labeller, 2)
    first = score(labeller)
    assert first.first.ci_low is None
    assert "no interval yet" in labeller.find("Score of model").text()
    label_tiles(labeller, 1)
    assert score(labeller).first.ci_low is not None
    assert "more tile" in labeller.find("Score of model").text()


def test_more_tiles_narrow_the_interval_and_it_holds_the_truth(three):
    before = score(three).first
    label_tiles(three, 5)
    after = score(three).first
    assert after.ci_high - after.ci_low < before.ci_high - before.ci_low
    assert after.ci_low < 24 / 28 < after.ci_high  # 24 of 32 objects are found, none is extra


def test_a_stroke_undo_and_redo_in_a_finished_tile_move_the_score(three):
    three.dock.page.tiles.scrollToTop()
    three.click_cell("Tiles", 0, 0)
    before = score(three).rows
    three.truth.brush_size = 40
    three.paint((16, 16), (16, 18), label=0)
    three.wait(lambda: score(three).rows != before, "the score to move")
    erased = score(three).rows
    three.press("Z")  # the canvas has the focus; this alone is no undo
    assert score(three).rows == erased
    three.truth.undo()
    three.wait(lambda: score(three).rows == before, "the score to come back")
    three.truth.redo()
    three.wait(lambda: score(three).rows == erased, "the score to move again")


def test_ambiguous_objects_do_not_count(three):
    three.dock.page.tiles.scrollToTop()
    three.click_cell("Tiles", 0, 0)
    counted = {r.metric: r.value for r in score(three).rows}["n_gt"]
    three.hover_image(three.truth, *np.add(three.corner(), (9, 9)))
    three.key("Y")
    three.wait(
        lambda: {r.metric: r.value for r in score(three).rows}["n_gt"] == counted - 1,
        "one object fewer",
    )


def test_when_the_mask_is_deleted_all_counts_again_now_and_later(three):
    three.dock.page.tiles.scrollToTop()
    three.click_cell("Tiles", 0, 0)

    def counted():
        return {r.metric: r.value for r in score(three).rows}["n_gt"]

    everything = counted()
    three.hover_image(three.truth, *np.add(three.corner(), (9, 9)))
    three.key("Y")
    three.wait(lambda: counted() == everything - 1, "one object fewer")
    three.window.hide()
    three.viewer.layers.remove("ignored (ambiguous)")
    three.window.show()
    assert "counts again" in three.says()
    three.wait(lambda: counted() == everything, "all objects")
    folder = three.dock.work.keeper.folder
    three.wait(lambda: resume(folder).ignore is not None, "the disk")
    three.wait(lambda: not resume(folder).ignore.any(), "nothing marked on the disk")
    three.hover_image(three.truth, *np.add(three.corner(), (9, 9)))
    three.key("Y")
    three.wait(lambda: counted() == everything - 1, "one object fewer")


def test_an_edited_prediction_is_counted_again_and_so_is_its_undo(three):
    three.click("Correcting: predictions are shown")
    before, model = score(three).rows, three.viewer.layers["model"]
    model.data_setitem(np.nonzero(model.data), 0)
    three.wait(lambda: score(three).rows != before, "the score to move")
    assert {r.metric: r.value for r in score(three).rows}["n_pred"] == 0
    model.undo()
    three.wait(lambda: score(three).rows == before, "the score to come back")


def test_a_prediction_that_is_turned_is_scored_no_more_and_it_is_said(three):
    three.click("Correcting: predictions are shown")
    three.viewer.layers["model"].rotate = 30
    three.viewer.layers["model"].data_setitem(np.nonzero(three.viewer.layers["model"].data), 1)
    three.wait(lambda: "rotated or sheared" in three.says(), "the sentence")
    assert not three.state.estimates
    three.viewer.layers["model"].rotate = 0
    choices_of(three.viewer).iou_threshold = 0.6
    three.wait(lambda: three.state.estimates, "the score again")


def test_a_prediction_of_another_shape_is_scored_no_more_and_it_is_said(three):
    model = three.viewer.layers["model"]
    labels = model.data
    model.data = np.ones((50, 50), np.uint16)
    three.wait(lambda: "“model” is 50 × 50 pixels" in three.says(), "the sentence")
    assert not three.state.estimates
    model.data = labels
    score(three)


def test_a_tile_that_is_reopened_while_it_is_counted_is_counted_again(labeller, monkeypatch):
    count, held = Counter.count, threading.Event()

    def slow(self, tile):
        found = count(self, tile)
        if threading.current_thread() is not threading.main_thread():
            held.wait(5)
        return found

    labeller.start(number=12)
    held.set()
    labeller.wait(lambda: labeller.dock.live._counter is not None, "kernels")
    held.clear()
    monkeypatch.setattr(Counter, "count", slow)
    labeller.give(objects())
    labeller.key("D")
    labeller.wait(lambda: labeller.dock.live._job.is_busy, "counting to begin")
    labeller.dock.desk.go(0)
    labeller.dock.desk.reopen()
    held.set()
    labeller.wait(lambda: not labeller.dock.live._job.is_busy, "counting to end")
    apply(labeller.truth, Change(np.arange(labeller.truth.data.size), 0))
    labeller.dock.desk.finish(empty=True)
    assert {r.metric: r.value for r in score(labeller).rows}["n_gt"] == 0


def test_another_threshold_scores_anew(three):
    choices_of(three.viewer).iou_threshold = 0.75
    three.wait(lambda: score(three).first.threshold == 0.75, "the other threshold")


def test_without_a_prediction_nothing_is_scored_and_labelling_works(labeller):
    item = labeller.dock.setup.predictions.item(0)
    item.setCheckState(Qt.CheckState.Unchecked)
    labeller.start()
    label_tiles(labeller, 1)
    assert "nothing is scored" in labeller.dock.page.score.hint.text()
    assert labeller.state.current == 1


@pytest.mark.parametrize("draw", ["density", "hand"])
def test_how_tiles_were_drawn_is_in_the_convention(labeller, draw):
    labeller.start(draw=draw)
    if draw == "hand":
        labeller.click("Tile by hand")
    label_tiles(labeller, 1)
    convention = score(labeller).first.convention
    assert {"density": "weighted", "hand": "chosen by hand, not an unbiased"}[draw] in convention


def test_one_image_counts_tiles_whatever_was_chosen_for_many(labeller):
    labeller.dock.page.score.unit_chosen.emit("image")  # as it was left after a folder
    labeller.start(number=6)
    label_tiles(labeller, 3)
    first = score(labeller).first
    assert "unit=tile" in first.convention
    assert first.ci_low is not None
