"""Overlays: class codes, and rewriting them where an outcome changed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import compare, crowded, huge_ids, split
from napari_verdict.comparison.objects.overlays import Code, LazyOverlay, outline, rewrite

TP, FP, FN, WRONG, _ = Code


def test_the_codes_are_one_to_five():
    assert list(Code) == [1, 2, 3, 4, 5]


def test_objects_and_pixels_of_a_split():
    case = split()
    overlays = compare(case.prediction, case.ground_truth).overlays("prediction")
    assert list(overlays) == ["ground-truth objects", "predicted objects", "pixels"]
    assert all(o.dtype == np.uint8 for o in overlays.values())
    truth, found = case.ground_truth, case.prediction
    np.testing.assert_array_equal(overlays["ground-truth objects"], np.where(truth == 1, TP, 0))
    expected = np.select([found == 1, found == 2], [TP, FP])
    np.testing.assert_array_equal(overlays["predicted objects"], expected)
    np.testing.assert_array_equal(overlays["pixels"], np.where(truth == 1, TP, 0))


def test_codes_follow_the_outcome_of_every_object(rng):
    gt, prediction = crowded(rng, (2, 3, 15, 17), 30)
    result = compare(prediction, gt, "tzyx")
    overlays = result.overlays("prediction")
    code = {"matched": TP, "missed": FN, "extra": FP}
    for name, role, labels in (
        ("ground-truth objects", "ground truth", gt),
        ("predicted objects", "prediction", prediction),
    ):
        expected = np.zeros(labels.shape, np.uint8)
        table = result.objects[result.objects["role"] == role]
        for i, outcome, frame in zip(table["id"], table["outcome"], table["frame"], strict=True):
            expected[frame["t"]][labels[frame["t"]] == i] = code[outcome]
        np.testing.assert_array_equal(overlays[name], expected)
    expected = np.select([(gt > 0) & (prediction > 0), prediction > 0, gt > 0], [TP, FP, FN])
    np.testing.assert_array_equal(overlays["pixels"], expected)


def test_huge_ids():
    case = huge_ids()
    overlays = compare(case.prediction, case.ground_truth).overlays("prediction")
    np.testing.assert_array_equal(overlays["pixels"] == TP, case.ground_truth > 0)
    np.testing.assert_array_equal(overlays["predicted objects"] == TP, case.prediction > 0)


def test_foreground_and_classes_have_pixels_only():
    gt, prediction = np.array([[0, 1, 1, 2, 2]]), np.array([[1, 1, 2, 0, 2]])
    foreground = compare(prediction, gt, task="foreground").overlays("prediction")
    assert {k: v.tolist() for k, v in foreground.items()} == {"pixels": [[FP, TP, TP, FN, TP]]}
    classes = compare(prediction, gt, task="semantic").overlays("prediction")
    assert {k: v.tolist() for k, v in classes.items()} == {"pixels": [[FP, TP, WRONG, FN, TP]]}


def test_ignored_pixels_show_nothing(rng):
    gt, prediction = crowded(rng)
    ignore = rng.random(gt.shape) < 0.3
    result = compare(prediction, gt, ignore=ignore)
    before = result.overlays("prediction")
    assert not any(o[ignore].any() for o in before.values())
    rewrite(result, result.at(0.9), "prediction", before)
    assert not any(o[ignore].any() for o in before.values())


@settings(deadline=None, max_examples=20)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.2, 0.5, 0.8]),
    st.sampled_from([0.1, 0.5, 0.9]),
    st.sampled_from(["tzyx", "ytxz"]),
)
def test_rewriting_equals_painting_anew(seed, before, after, axes):
    gt, prediction = crowded(np.random.default_rng(seed), (2, 3, 9, 11), 20)
    order = ["tzyx".index(a) for a in axes]
    result = compare(prediction.transpose(order), gt.transpose(order), axes, iou_threshold=before)
    arrays = result.overlays("prediction")
    shown = {name: a.copy() for name, a in arrays.items()}
    boxes = rewrite(result, result.at(after), "prediction", arrays)
    for name, expected in result.at(after).overlays("prediction").items():
        np.testing.assert_array_equal(arrays[name], expected)
        outside = np.ones(expected.shape, bool)
        for box in (index for overlay, index in boxes if overlay == name):
            outside[box] = False
        np.testing.assert_array_equal(arrays[name][outside], shown[name][outside])


def test_nothing_is_rewritten_where_nothing_changed(rng):
    gt, prediction = crowded(rng)
    result = compare(prediction, gt)
    assert rewrite(result, result.at(0.5), "prediction", result.overlays("prediction")) == []


def test_lazy_arrays_are_painted_too(rng):
    da = pytest.importorskip("dask.array")
    gt, prediction = crowded(rng)
    lazy = compare(da.from_array(prediction, 9), da.from_array(gt, 7)).overlays("prediction")
    for name, expected in compare(prediction, gt).overlays("prediction").items():
        np.testing.assert_array_equal(lazy[name], expected)


def test_overlays_of_lazy_labels_are_painted_where_they_are_read(rng):
    da = pytest.importorskip("dask.array")
    gt, prediction = crowded(rng, (3, 30, 30))
    ignore = rng.random(gt.shape) > 0.9
    lazy = compare(da.from_array(prediction), da.from_array(gt), "tyx", ignore=ignore)
    for name, expected in (
        compare(prediction, gt, "tyx", ignore=ignore).overlays("prediction").items()
    ):
        overlay = lazy.overlays("prediction")[name]
        assert isinstance(overlay, LazyOverlay)
        np.testing.assert_array_equal(overlay[1, 5:20, ::2], expected[1, 5:20, ::2])


@pytest.mark.parametrize("axes", ["tzyx", "ytxz"])
def test_rewriting_outlines_equals_outlining_anew(rng, axes):
    gt, prediction = crowded(rng, (2, 2, 30, 30), 8)
    order = ["tzyx".index(a) for a in axes]
    result = compare(prediction.transpose(order), gt.transpose(order), axes)

    def outlined(one):
        painted = one.overlays("prediction")["predicted objects"]
        outline(one, "prediction", painted)
        return painted

    before, after = outlined(result), outlined(result.at(0.9))
    assert (before != after).any()
    assert (before == 0).sum() > (result.overlays("prediction")["predicted objects"] == 0).sum()
    rewrite(result, result.at(0.9), "prediction", {"predicted objects": before})
    np.testing.assert_array_equal(before, after)
