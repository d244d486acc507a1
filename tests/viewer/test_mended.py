"""The mended copy of the ground truth: made once, aligned, and scored through every edit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel

from cases import compare, crowded
from napari_verdict.comparison.entries import EntryKey
from napari_verdict.comparison.objects import following
from napari_verdict.comparison.objects.mending import accepting, deleting, offer
from napari_verdict.comparison.result import complete
from napari_verdict.engine.cancel import CancelToken
from napari_verdict.viewer import scored_layer
from napari_verdict.viewer.layers import guess_roles
from napari_verdict.viewer.mended import NAME, Mended


def labels():
    gt, pred = np.zeros((2, 30, 40), np.uint16), np.zeros((2, 30, 40), np.uint16)
    gt[0, 2:12, 2:12], gt[1, 15:25, 5:25] = 1, 2
    pred[0, 2:12, 2:11], pred[1, 15:25, 5:14], pred[1, 15:25, 16:25], pred[1, :5, 30:] = 5, 6, 7, 8
    return gt, pred


class Bench:
    def __init__(self, gt, pred, axes="tyx", **place):
        self.viewer = ViewerModel()
        self.gt = self.viewer.add_labels(gt, name="gt", **place)
        self.viewer.add_labels(pred, name="a", **place)
        self.axes, self.pred = axes, pred
        self.original = compare({"a": pred}, gt.copy(), axes)
        self.mended = Mended(self.viewer)
        self.mended.follow(self.original, self.gt)
        self.told = 0
        self.mended.changed.connect(self._count)

    def _count(self):
        self.told += 1

    @property
    def layer(self):
        return self.mended.layer

    def accept(self, key):
        self.mended.mend(lambda now: accepting(now, key, offer(now, key)))

    def delete(self, key, label):
        self.mended.mend(lambda now: deleting(now, key, label))

    def begin(self):
        self.mended.begin()
        return self.layer

    def scores(self):
        return {s.metric: s.value for s in self.mended.result.rows if s.axis_index is None}

    def as_anew(self):
        """Whether the result is that of the layer as it is, computed again."""
        settings = self.mended.result.comparison.settings
        threshold = settings.iou_threshold
        anew = compare({"a": self.pred}, self.layer.data.copy(), self.axes, iou_threshold=threshold)
        values = [[(s.metric, s.axis_index, s.n, s.value) for s in r.rows]
                  for r in (anew, self.mended.result)]  # fmt: skip
        return str(values[0]) == str(values[1]) and anew.objects.equals(self.mended.result.objects)


@pytest.fixture
def bench():
    return Bench(*labels(), axis_labels=("t", "y", "x"))


EXTRA, SPLIT = EntryKey("a", "prediction", (1,), 8), EntryKey("a", "ground truth", (1,), 2)


def test_the_copy_is_made_once_and_lies_where_the_ground_truth_does():
    gt, pred = labels()
    place = {"scale": (1, 0.5, 0.5), "translate": (0, 3, 4), "units": ("s", "µm", "µm")}
    bench = Bench(gt, pred, axis_labels=("t", "y", "x"), **place)
    layer = bench.begin()
    assert bench.begin() is layer
    assert layer.name == NAME
    for name in ("scale", "translate", "units", "axis_labels"):
        assert np.all(getattr(layer, name) == getattr(bench.gt, name))
    assert (layer.data == gt).all()
    assert not np.shares_memory(layer.data, gt)


def test_the_input_is_never_changed(bench):
    before = bench.gt.data.copy()
    bench.accept(EXTRA)
    bench.delete(SPLIT, 2)
    assert (bench.gt.data == before).all()
    assert (bench.original.comparison.ground_truth.data == before).all()


def test_every_mend_is_one_step_and_the_scores_go_with_undo_and_redo(bench):
    assert bench.mended.result is None
    bench.accept(EXTRA)
    first = bench.scores()
    assert bench.as_anew()
    assert first["tp"] == 2
    bench.accept(SPLIT)
    second = bench.scores()
    assert bench.as_anew()
    assert second["f1"] == 1
    bench.layer.undo()
    assert bench.scores() == first
    bench.layer.undo()
    assert bench.as_anew()
    assert bench.scores()["tp"] == 1
    assert (bench.layer.data == bench.gt.data).all()
    bench.layer.redo()
    bench.layer.redo()
    assert bench.scores() == second


def test_a_brush_stroke_is_followed(bench):
    layer = bench.begin()
    bench.mended.edit(3)
    assert bench.viewer.layers.selection.active is layer
    assert (str(layer.mode), layer.selected_label) == ("paint", 3)
    layer.paint((1, 2, 35), 3)
    assert bench.as_anew()
    layer.fill((1, 20, 10), 0)
    assert bench.as_anew()
    layer.undo()
    assert bench.as_anew()
    assert bench.told >= 3


def test_strokes_one_after_another_through_frames_and_back_equal_computing_again(bench):
    rng = np.random.default_rng(5)
    layer = bench.begin()
    for _ in range(12):
        t, y, x = rng.integers(0, (2, 30, 40))
        layer.brush_size = int(rng.integers(1, 12))
        layer.paint((t, y, x), int(rng.choice([0, 1, 2, 9])))
        assert bench.as_anew()
    for step in "uuururuuuuuuuuuurrr":
        layer.undo() if step == "u" else layer.redo()
        assert bench.as_anew()


def test_undo_is_followed_through_strokes_that_drag_on(bench):
    layer = bench.begin()
    layer.paint((0, 28, 38), 9)
    first = bench.scores()
    layer.brush_size = 2
    for k in range(6):
        with layer.block_history():  # as napari does from press to release
            for x in range(40):
                layer.paint((k % 2, 4 * k + 2, x), 20 + k)
        assert bench.as_anew()
    for _ in range(6):
        layer.undo()
        assert bench.as_anew()
    assert bench.scores() == first
    layer.undo()
    assert bench.as_anew()


def test_undo_and_redo_of_a_hidden_layer_are_followed(bench):
    bench.accept(EXTRA)
    after = bench.scores()
    bench.layer.visible = False
    assert bench.mended.undo()
    assert bench.as_anew()
    assert bench.scores() != after
    assert bench.mended.redo()
    assert bench.scores() == after


def test_what_napari_undid_while_the_layer_was_hidden_is_seen_when_it_is_shown(bench):
    layer = bench.begin()
    layer.paint((0, 20, 20), 3)
    layer.paint((0, 20, 20), 0)
    layer.paint((0, 20, 24), 3)
    painted = []
    bench.mended.painted.connect(painted.append)
    layer.visible = False
    layer.undo()
    layer.undo()
    layer.visible = True
    assert bench.as_anew()
    assert painted


def test_a_step_that_does_not_touch_the_labels_reads_none_of_them(bench, monkeypatch):
    bench.accept(EXTRA)
    looked = []
    monkeypatch.setattr(following, "rescored", lambda *a: looked.append(a))
    bench.viewer.dims.set_current_step(0, 0)
    bench.layer.refresh()
    bench.layer.contour = 1
    assert looked == []


def test_strokes_from_before_a_dock_was_opened_are_undone_in_the_scores_too(bench):
    bench.accept(EXTRA)
    layer = bench.layer
    bench.mended.stop()
    layer.paint((0, 28, 38), 9)
    other = Mended(bench.viewer)
    other.follow(bench.original, bench.gt)
    bench.mended = other
    assert other.layer is layer
    assert bench.as_anew()
    for _ in range(2):
        layer.undo()
        assert bench.as_anew()
    assert (layer.data == bench.gt.data).all()


def test_undo_after_other_data_is_followed(bench):
    bench.accept(EXTRA)
    layer = bench.layer
    layer.data = bench.pred.copy()  # napari keeps its history
    assert bench.as_anew()
    layer.undo()
    assert bench.as_anew()


@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 2**32 - 1))
def test_accepting_everything_makes_the_ground_truth_the_prediction(seed):
    rng = np.random.default_rng(seed)
    gt, pred = crowded(rng, (13, 17), 9)
    bench = Bench(gt, pred, "yx")
    ids = np.unique(pred[pred > 0]).tolist()
    for label in ids:
        bench.accept(EntryKey("a", "prediction", (), label))
        assert bench.as_anew()
    for label in np.unique(bench.layer.data):
        if label and (pred[bench.layer.data == label] == 0).all():
            bench.delete(EntryKey("a", "prediction", (), 1), label)
    assert bench.as_anew()
    if ids:
        assert bench.scores()["fp"] == 0


def test_a_new_threshold_holds_for_both(bench):
    bench.accept(EXTRA)
    bench.mended.follow(bench.original.at(0.95), bench.gt)
    assert bench.mended.result.comparison.settings.iou_threshold == 0.95
    assert bench.as_anew()


def test_validating_again_goes_on_with_the_layer(bench):
    bench.accept(EXTRA)
    before = bench.scores()
    again = compare({"a": bench.pred}, bench.gt.data.copy(), "tyx")
    bench.mended.follow(again, bench.gt)
    assert bench.scores() == before
    bench.layer.undo()
    assert bench.as_anew()


def test_other_pixels_let_go_of_the_layer_and_keep_it(bench):
    bench.accept(EXTRA)
    layer = bench.layer
    small = compare({"a": bench.pred[0]}, bench.gt.data[0].copy())
    bench.mended.follow(small, bench.gt)
    assert bench.mended.result is None
    assert layer in bench.viewer.layers


def test_another_ground_truth_of_the_same_shape_has_a_copy_of_its_own(bench):
    bench.accept(EXTRA)
    first, before = bench.layer, bench.scores()
    other = bench.gt.data.copy()
    other[0, 2:12, 2:12] = 0
    bench.mended.follow(compare({"a": bench.pred}, other, "tyx"), bench.gt)
    assert bench.mended.result is None  # what was mended there says nothing here
    bench.accept(EXTRA)
    assert bench.as_anew()
    assert not (bench.layer.data == 1).any()
    bench.mended.follow(compare({"a": bench.pred}, bench.gt.data.copy(), "tyx"), bench.gt)
    assert bench.layer is first
    assert bench.scores() == before


def test_a_copy_that_is_the_ground_truth_now_is_mended_further(bench):
    bench.accept(EXTRA)
    layer = bench.layer
    bench.mended.follow(compare({"a": bench.pred}, layer.data.copy(), "tyx"), layer)
    bench.accept(SPLIT)
    assert bench.layer is layer
    assert bench.as_anew()


def test_new_data_of_the_layer_is_scored_and_another_shape_is_not(bench):
    layer = bench.begin()
    layer.data = bench.pred.copy()
    assert bench.as_anew()
    assert bench.scores()["f1"] == 1
    layer.data = bench.pred[0].copy()
    assert bench.mended.result is None


def test_a_deleted_layer_is_made_anew(bench):
    bench.accept(EXTRA)
    bench.viewer.layers.remove(bench.layer)
    assert bench.mended.result is None
    bench.accept(SPLIT)
    assert bench.as_anew()
    assert (bench.layer.data[0] == bench.gt.data[0]).all()


def test_a_snapshot_no_longer_changes_and_holds_what_was_changed_unseen(bench):
    bench.accept(EXTRA)
    bench.layer.data[0, 2:12, 2:12] = 0  # by other hands, which tell nobody
    kept = complete(bench.mended.snapshot()(CancelToken())).result
    before = kept.comparison.ground_truth.data.copy()
    assert not before[0].any()
    anew = compare({"a": bench.pred}, before.copy(), "tyx")
    assert str([(s.metric, s.value) for s in anew.rows]) == str(
        [(s.metric, s.value) for s in kept.rows]
    )
    bench.accept(SPLIT)
    assert (kept.comparison.ground_truth.data == before).all()


def test_it_is_taken_for_neither_ground_truth_nor_prediction_unless_picked(bench):
    layer = bench.begin()
    layer.name = "target"
    roles = guess_roles(bench.viewer.layers)
    assert roles.ground_truth is bench.gt
    assert layer not in roles.predictions


@pytest.mark.parametrize("dtype", [bool, np.float32])
def test_what_napari_cannot_paint_is_refused_in_words(dtype):
    gt, pred = (x[0] > 0 for x in labels())
    bench = Bench(gt.astype(np.uint8), pred.astype(np.uint8), "yx")
    bench.mended.follow(compare({"a": pred}, gt.astype(dtype)), bench.gt)
    assert "Convert the layer" in bench.mended.why_not()


# ---- what a worker does


class Later:
    """Does work when it is asked to, as a worker that is slow."""

    def __init__(self):
        self.waiting = None

    def start(self, steps, done, failed, what):
        self.waiting = steps, done, failed

    def cancel(self):
        self.waiting = None

    def go_on(self):
        (steps, done, _), self.waiting = self.waiting, None
        done(complete(steps(CancelToken())))

    def fail(self):
        (_, _, failed), self.waiting = self.waiting, None
        failed("too little memory")


@pytest.fixture
def slow(monkeypatch):
    monkeypatch.setattr(scored_layer, "AT_ONCE", 0)
    bench = Bench(*labels(), axis_labels=("t", "y", "x"))
    bench.work = Later()
    bench.mended = Mended(bench.viewer, bench.work)
    bench.mended.follow(bench.original, bench.gt)
    return bench


def all_done(bench):
    while bench.work.waiting:
        bench.work.go_on()


def test_what_is_asked_for_while_the_copy_is_made_is_done_then(slow):
    slow.accept(EXTRA)
    assert slow.mended.doing
    assert slow.mended.may_cancel
    assert slow.layer is None
    all_done(slow)
    assert slow.scores()["tp"] == 2
    assert slow.as_anew()


def test_a_copy_that_is_cancelled_leaves_nothing_behind(slow):
    slow.accept(EXTRA)
    slow.mended.cancel()
    assert slow.work.waiting is None
    assert not slow.mended.doing
    assert NAME not in slow.viewer.layers
    slow.accept(EXTRA)
    all_done(slow)
    assert slow.as_anew()


def test_strokes_while_a_worker_scores_are_scored_after_it(slow):
    slow.begin()
    all_done(slow)
    rng, layer = np.random.default_rng(8), slow.layer
    for _ in range(5):
        layer.brush_size = int(rng.integers(1, 9))
        layer.paint(tuple(rng.integers(0, (2, 30, 40))), int(rng.integers(0, 12)))
        assert slow.mended.doing
        layer.paint(tuple(rng.integers(0, (2, 30, 40))), 3)
        layer.undo()
        layer.undo()
        layer.redo()
        all_done(slow)
        assert slow.as_anew()


def test_strokes_while_the_copy_is_found_again_are_neither_lost_nor_counted_twice(slow):
    slow.accept(EXTRA)
    all_done(slow)
    layer = slow.layer
    slow.mended.follow(compare({"a": slow.pred}, slow.gt.data.copy(), "tyx"), slow.gt)
    layer.fill((1, 20, 10), 0)
    layer.undo()
    layer.undo()  # of what was accepted before
    assert slow.mended.result is None
    all_done(slow)
    assert slow.as_anew()


def test_a_layer_deleted_or_replaced_while_a_worker_scores_does_no_harm(slow):
    slow.accept(EXTRA)
    all_done(slow)
    layer = slow.layer
    layer.paint((0, 28, 38), 9)
    layer.data = slow.pred.copy()
    all_done(slow)
    assert slow.as_anew()
    layer.paint((0, 28, 38), 9)
    slow.viewer.layers.remove(layer)
    all_done(slow)
    assert slow.mended.result is None
    slow.accept(SPLIT)
    all_done(slow)
    assert slow.as_anew()


def test_another_threshold_while_a_worker_scores_holds_in_the_end(slow):
    slow.accept(EXTRA)
    slow.mended.follow(slow.original.at(0.95), slow.gt)
    all_done(slow)
    assert slow.mended.result.comparison.settings.iou_threshold == 0.95
    assert slow.as_anew()


def test_what_breaks_down_is_said_and_no_wrong_score_stays(slow):
    slow.accept(EXTRA)
    all_done(slow)
    told = []
    slow.mended.failed.connect(told.append)
    slow.layer.paint((0, 28, 38), 9)
    slow.work.fail()
    assert told == ["too little memory"]
    assert slow.mended.result is None
    all_done(slow)  # it is scored anew
    assert slow.as_anew()
    slow.work.waiting = None


def test_two_viewers_mend_copies_of_their_own(bench):
    other = Bench(*labels(), axis_labels=("t", "y", "x"))
    bench.accept(EXTRA)
    other.accept(SPLIT)
    assert bench.as_anew()
    assert other.as_anew()
    assert bench.scores() != other.scores()
    bench.layer.undo()
    assert other.as_anew()
    assert (bench.layer.data == bench.gt.data).all()


def test_a_copy_that_is_renamed_and_moved_is_mended_further(bench):
    bench.accept(EXTRA)
    bench.layer.name = "mine"
    bench.viewer.layers.move(bench.viewer.layers.index(bench.layer), 0)
    bench.accept(SPLIT)
    assert bench.layer.name == "mine"
    assert bench.as_anew()
    assert NAME not in bench.viewer.layers


def test_in_a_volume_with_an_ignore_mask_every_step_is_one_undo(rng):
    gt, pred = crowded(rng, (6, 20, 25), 9)
    ignore = rng.random(gt.shape) < 0.1
    bench = Bench(gt, pred, "zyx")
    bench.mended.follow(compare({"a": pred}, gt.copy(), "zyx", ignore=ignore), bench.gt)
    bench.viewer.dims.ndisplay = 3
    before = [gt]
    for label in np.unique(pred[pred > 0]).tolist()[:5]:
        bench.accept(EntryKey("a", "prediction", (), label))
        before.append(bench.layer.data.copy())
    now = bench.mended.result
    anew = compare({"a": pred}, bench.layer.data.copy(), "zyx", ignore=ignore)
    assert now.objects.equals(anew.objects)
    steps = [b for a, b in itertools.pairwise(before) if (a != b).any()]
    for _ in steps:
        bench.layer.undo()
    assert (bench.layer.data == gt).all()
    original = compare({"a": pred}, gt, "zyx", ignore=ignore)
    assert bench.mended.result.objects.equals(original.objects)
