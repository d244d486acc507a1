"""Strokes on the ground truth: a result brought up to date against one computed again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import compare, crowded
from napari_verdict.comparison.model import Input

TASKS = ["instances", "foreground", "semantic"]


def values(result):
    return [
        (s.candidate, s.metric, s.class_, s.threshold, s.axis_index, s.n, s.convention, s.value)
        for s in result.rows
    ]


def assert_as_computed_again(result, prediction, gt, axes, **options):
    anew = compare(prediction, gt, axes, **options)
    assert str(values(result)) == str(values(anew))
    assert result.objects.equals(anew.objects)
    assert result.comparison.ground_truth.data is gt


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.2, 0.5, 0.7]), st.sampled_from(TASKS))
def test_strokes_and_undoing_them_equal_computing_again(seed, threshold, task):
    rng = np.random.default_rng(seed)
    pairs = [crowded(rng, (13, 17), 9) for _ in range(2)]
    gt, prediction = (np.stack(side) for side in zip(*pairs, strict=True))
    options = {"iou_threshold": threshold, "task": task, "ignore": rng.random(gt.shape) < 0.1}
    candidates = {"a": prediction, "b": gt.copy()}
    result = compare(candidates, gt.copy(), "tyx", **options)
    mended = Input("ground truth", gt, "tyx")
    done = []
    for _ in range(4):
        t, y, x = (int(rng.integers(0, n - 1)) for n in (3, 12, 16))
        box = (0, 1, y, min(13, y + 5), x, min(17, x + 6))
        part = np.s_[t, box[2] : box[3], box[4] : box[5]]
        before = gt[part][np.newaxis].copy()
        brush = rng.random(before.shape[1:]) < 0.8
        gt[part][brush] = rng.choice([0, 3, 50])
        result = result.repainted(mended, box, before, (t,))
        assert_as_computed_again(result, candidates, gt, "tyx", **options)
        done.append((t, box, part, before))
    for t, box, part, before in reversed(done):
        now = gt[part][np.newaxis].copy()
        gt[part] = before[0]
        result = result.repainted(mended, box, now, (t,))
    assert_as_computed_again(result, candidates, gt, "tyx", **options)


def test_axes_may_come_in_any_order_and_labels_as_floats(rng):
    gt, prediction = crowded(rng, (3, 9, 11), 12)
    gt = gt.transpose(2, 0, 1).astype(np.float32)
    result = compare(prediction.transpose(2, 0, 1), gt.copy(), "xzy")
    before = gt[4:8, 1:2, 2:6].transpose(1, 2, 0).copy()
    gt[4:8, 1, 2:6] = 40
    result = result.repainted(Input("ground truth", gt, "xzy"), (1, 2, 2, 6, 4, 8), before)
    assert_as_computed_again(result, prediction.transpose(2, 0, 1), gt, "xzy")


def test_a_stroke_that_changes_nothing(rng):
    gt, prediction = crowded(rng)
    result = compare(prediction, gt)
    same = result.repainted(Input("mended", gt, "yx"), (0, 1, 3, 9, 3, 9), gt[None, 3:9, 3:9])
    assert same.overlap == result.overlap
    assert {s.image for s in same.rows} == {"mended"}


def test_frames_that_were_not_painted_keep_their_matching(rng):
    gt, prediction = (np.stack(side) for side in zip(*[crowded(rng)] * 3, strict=True))
    result = compare(prediction, gt.copy(), "tyx")
    before = gt[1:2, :9, :9].copy()
    gt[1, :9, :9] = 90
    after = result.repainted(Input("mended", gt, "tyx"), (0, 1, 0, 9, 0, 9), before, (1,))
    kept = [
        a is b for a, b in zip(*(r.matchings["prediction"] for r in (result, after)), strict=True)
    ]
    assert kept == [True, False, True]


def test_the_record_names_the_painted_ground_truth_where_nothing_was_cropped(rng):
    gt, prediction = crowded(rng)
    result = compare(prediction, gt)
    result = replace(result, request=result.comparison, seconds=2.0)
    mended = Input("ground truth (mended)", gt.copy(), "yx")
    after = result.repainted(mended, (0, 1, 0, 1, 0, 1), gt[None, :1, :1])
    assert after.request.ground_truth is mended
    assert after.seconds == 2.0
    other = replace(result.comparison, ground_truth=Input("uncropped", np.zeros((50, 50)), "yx"))
    cropped = replace(result, request=other)
    assert cropped.repainted(mended, (0, 1, 0, 1, 0, 1), gt[None, :1, :1]).request is None


def test_another_shape_or_dtype_is_refused_in_a_sentence(rng):
    gt, prediction = crowded(rng)
    result = compare(prediction, gt)
    stroke = (0, 1, 0, 1, 0, 1), gt[None, :1, :1]
    with pytest.raises(ValueError, match="shape"):
        result.repainted(Input("mended", gt[:5], "yx"), *stroke)
    with pytest.raises(ValueError, match="copy of the same dtype"):
        result.repainted(Input("mended", gt.astype(np.uint8), "yx"), *stroke)
