"""Mending says which pixels of the ground truth get which label, and changes nothing itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import compare
from napari_verdict import ComparisonError
from napari_verdict.comparison.entries import EntryKey
from napari_verdict.comparison.objects.mending import (
    Offer,
    accepting,
    deleting,
    extent,
    next_label,
    offer,
)


def result_of(gt, pred, axes="yx", **changes):
    return compare({"a": pred}, gt, axes, **changes)


def canvas(*boxes, shape=(20, 30), dtype=np.uint16):
    """Labels with rectangles (id, y0, y1, x0, x1)."""
    labels = np.zeros(shape, dtype)
    for label, y0, y1, x0, x1 in boxes:
        labels[y0:y1, x0:x1] = label
    return labels


def gt_key(label, frame=()):
    return EntryKey("a", "ground truth", frame, label)


def pred_key(label, frame=()):
    return EntryKey("a", "prediction", frame, label)


def mended(result, key):
    """Return the ground truth after what the entry offers was accepted."""
    labels = result.comparison.ground_truth.data.copy()
    mend = accepting(result, key, offer(result, key))
    labels[mend.indices] = mend.values
    return labels


def test_an_extra_object_is_accepted_under_a_new_label():
    gt, pred = canvas((4, 0, 5, 0, 5)), canvas((9, 10, 15, 10, 20))
    result = result_of(gt, pred)
    assert offer(result, pred_key(9)) == Offer((9,), (), 0)
    assert (mended(result, pred_key(9)) == gt + (pred == 9) * 5).all()


def test_a_missed_object_that_meets_nothing_can_only_be_deleted():
    result = result_of(canvas((4, 0, 5, 0, 5)), canvas((9, 10, 15, 10, 20)))
    assert offer(result, gt_key(4)) == Offer((), (), 4)
    mend = deleting(result, gt_key(4), 4)
    assert len(mend.values) == 25
    assert not mend.values.any()


@pytest.mark.parametrize("key", [gt_key(3), pred_key(7)])
def test_an_inaccurate_object_is_replaced_whole_and_keeps_its_label(key):
    gt, pred = canvas((3, 0, 12, 0, 12)), canvas((7, 2, 8, 2, 8))
    result = result_of(gt, pred)
    assert offer(result, key) == Offer((7,), (3,), 3)
    assert (mended(result, key) == (pred == 7) * 3).all()


def test_the_pieces_of_a_split_object_replace_it_together():
    gt = canvas((3, 0, 10, 0, 20), (5, 15, 20, 0, 5))
    pred = canvas((8, 0, 10, 0, 9), (9, 0, 10, 10, 20))
    result = result_of(gt, pred)
    assert offer(result, gt_key(3)) == Offer((9, 8), (3,), 3)
    expected = np.where(gt == 5, 5, 0)
    expected[pred == 9], expected[pred == 8] = 3, 6
    assert (mended(result, gt_key(3)) == expected).all()


def test_one_piece_that_is_accepted_leaves_the_rest_of_the_object():
    gt, pred = canvas((3, 0, 10, 0, 20)), canvas((8, 0, 10, 0, 9), (9, 0, 10, 9, 20))
    result = result_of(gt, pred)
    assert offer(result, pred_key(8)).replaced == ()
    assert (mended(result, pred_key(8)) == np.where(pred == 8, 4, gt)).all()


def test_a_merge_replaces_the_objects_it_covers():
    gt, pred = canvas((1, 0, 10, 0, 9), (2, 0, 10, 11, 20)), canvas((8, 0, 10, 0, 20))
    result = result_of(gt, pred)
    for key in (pred_key(8), gt_key(1), gt_key(2)):
        assert offer(result, key) == Offer((8,), (1, 2), key.id if key.role[0] == "g" else 1)
        assert (mended(result, key) == (pred == 8)).all()


def test_a_neighbour_that_is_touched_keeps_the_rest_of_its_pixels():
    gt, pred = canvas((1, 0, 10, 0, 10)), canvas((8, 0, 10, 8, 20))
    result = result_of(gt, pred)
    assert offer(result, pred_key(8)) == Offer((8,), (), 0)
    assert (mended(result, pred_key(8)) == np.where(pred == 8, 2, gt)).all()


def test_an_object_that_is_gone_offers_nothing():
    result = result_of(canvas((4, 0, 5, 0, 5)), canvas((9, 10, 15, 10, 20)))
    assert offer(result, gt_key(77)) == offer(result, pred_key(77)) == Offer()


def test_only_the_frame_of_the_entry_changes_whatever_the_order_of_axes():
    gt = np.stack([canvas((1, 0, 5, 0, 5))] * 2, axis=-1)
    pred = np.stack([canvas((8, 0, 5, 0, 3))] * 2, axis=-1)
    result = result_of(gt, pred, axes="yxt")
    now = mended(result, pred_key(8, (1,)))
    assert (now[..., 0] == gt[..., 0]).all()
    assert (now[..., 1] == (pred[..., 1] == 8)).all()


def test_what_an_ignore_mask_hides_is_deleted_as_well():
    gt = canvas((4, 0, 5, 0, 20))
    ignore = np.zeros(gt.shape, bool)
    ignore[:, 5:12] = True
    result = result_of(gt, canvas((9, 10, 15, 20, 25)), ignore=ignore)
    assert len(deleting(result, gt_key(4), 4).values) == 100


def test_only_the_neighbourhood_is_looked_through_though_there_is_an_ignore_mask():
    gt = canvas((4, 0, 5, 0, 20), (6, 15, 20, 0, 30))
    ignore = np.zeros(gt.shape, bool)
    ignore[:, 5:12] = True
    result = result_of(gt, canvas((9, 1, 5, 8, 25)), ignore=ignore)
    for key in (gt_key(4), pred_key(9)):
        assert extent(result, key, offer(result, key)) <= 5 * 25
    expected = np.where(gt == 6, 6, 0)
    expected[1:5, 8:25] = 4
    assert (mended(result, pred_key(9)) == expected).all()


def test_labels_that_an_ignore_mask_hides_are_not_given_twice():
    gt = canvas((4, 0, 5, 0, 5), (90, 10, 15, 5, 12))
    ignore = np.zeros(gt.shape, bool)
    ignore[:, 5:12] = True
    assert next_label(result_of(gt, canvas((9, 10, 15, 20, 25)), ignore=ignore)) == 91


def test_what_was_accepted_would_change_nothing_a_second_time():
    gt, pred = canvas((3, 0, 12, 0, 12), (5, 15, 20, 0, 5)), canvas((7, 2, 8, 2, 8))
    first = result_of(gt, pred)
    assert not offer(first, pred_key(7)).accepted
    then = result_of(mended(first, pred_key(7)), pred)
    for key in (pred_key(7), gt_key(3)):
        assert offer(then, key).accepted
        assert len(accepting(then, key, offer(then, key)).values) == 0
    assert not offer(then, gt_key(5)).accepted


def test_an_object_that_differs_in_what_is_ignored_alone_can_be_accepted():
    gt, pred = canvas((3, 0, 12, 0, 12)), canvas((7, 0, 12, 0, 12), (7, 0, 12, 20, 22))
    ignore = np.zeros(gt.shape, bool)
    ignore[:, 19:] = True
    result = result_of(gt, pred, ignore=ignore)
    assert not offer(result, pred_key(7)).accepted
    assert (mended(result, pred_key(7)) == np.where(pred == 7, 3, 0)).all()


@pytest.mark.parametrize("dtype", [np.int16, np.uint64])
def test_new_labels_are_above_0_and_above_all(dtype):
    gt = canvas((1, 0, 5, 0, 5), dtype=dtype)
    gt[10:, :9] = np.iinfo(dtype).max - 1 if dtype is np.uint64 else -4
    label = next_label(result_of(gt, canvas((9, 10, 15, 10, 20))))
    assert label == (np.iinfo(dtype).max if dtype is np.uint64 else 2)


def test_a_dtype_without_labels_left_is_refused_with_the_way_out():
    gt = canvas((255, 0, 5, 0, 5), dtype=np.uint8)
    result = result_of(gt, canvas((9, 10, 15, 10, 20)))
    with pytest.raises(ComparisonError, match="highest label is 255"):
        accepting(result, pred_key(9), offer(result, pred_key(9)))
    assert next_label(result_of(gt.astype(np.uint16), gt)) == 256


rectangles = st.tuples(
    st.integers(1, 6), st.integers(0, 17), st.integers(1, 9), st.integers(0, 25), st.integers(1, 12)
)


@given(st.lists(rectangles, min_size=1, max_size=5), st.lists(rectangles, min_size=1, max_size=5))
def test_accepted_objects_stand_in_the_ground_truth_as_they_are_predicted(truth, found):
    gt, pred = (
        canvas(*((i, y, y + h, x, x + w) for i, y, h, x, w in boxes)) for boxes in (truth, found)
    )
    before = gt.copy()
    result = result_of(gt, pred)
    for label in np.unique(pred[pred > 0]).tolist():
        what = offer(result, pred_key(label))
        now = mended(result, pred_key(label))
        (mine,) = np.unique(now[pred == label])
        assert mine > 0
        assert ((now == mine) == (pred == label)).all()
        others = ~np.isin(gt, [0, *what.replaced]) & (pred != label)
        assert (now[others] == gt[others]).all()
    assert (gt == before).all()
