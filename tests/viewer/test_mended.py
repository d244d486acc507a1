"""The mended copy of the ground truth: made once, aligned, and scored through every edit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel

from cases import compare, crowded
from napari_verdict.comparison.entries import EntryKey
from napari_verdict.comparison.objects.mending import accepting, deleting, offer
from napari_verdict.comparison.result import complete
from napari_verdict.engine.cancel import CancelToken
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
