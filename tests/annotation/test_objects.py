"""Whole objects are accepted, deleted, merged and marked, within a tile and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import discs
from cases import crowded
from napari_verdict.annotation.edits import EditError, Window, difference
from napari_verdict.annotation.objects import (
    accept,
    delete,
    free_labels,
    mark_ambiguous,
    merge,
    next_free_label,
)

ALL = (slice(0, 40), slice(0, 40))
LEFT = (slice(0, 40), slice(0, 10))  # cuts the discs 1 and 3


def done(change, labels):
    """The image after a change; what `at` promises is checked on the way."""
    assert change.values.dtype == labels.dtype
    assert (np.diff(change.at) > 0).all()
    after = labels.copy()
    change.write(after)
    np.testing.assert_array_equal(after[change.indices(labels.shape)], change.values)
    assert (change.before(labels) != change.values).all()
    return after


@pytest.mark.parametrize(
    ("labels", "free"),
    [
        (np.zeros((3, 3), np.uint8), [1, 2]),
        (np.array([[0, 7]], np.uint16), [8, 9]),
        (np.array([[-4, 2]], np.int32), [3, 4]),
        (np.array([[2, 255, 254]], np.uint8), [1, 3]),
        (np.array([[2**64 - 1]], np.uint64), [1, 2]),
    ],
)
def test_the_next_free_label_is_above_all_others_and_then_in_the_gaps(labels, free):
    assert [label for label, _ in zip(free_labels(labels), range(2), strict=False)] == free
    assert next_free_label(labels) == free[0]


def test_a_label_chosen_for_the_brush_is_not_given_twice():
    assert next_free_label(np.array([[3]]), above=9) == 10


def test_when_no_label_is_left_it_says_so():
    with pytest.raises(EditError, match="uint8 end at 255, and all are taken"):
        next_free_label(np.arange(256, dtype=np.uint8))


def test_an_accepted_object_has_the_pixels_it_was_predicted_with():
    prediction, labels = discs(), np.zeros((40, 40), np.int32)
    after = done(accept(labels, ALL, prediction, 2, 11), labels)
    np.testing.assert_array_equal(after == 11, prediction == 2)
    assert set(np.unique(after)) == {0, 11}


def test_an_accepted_object_ends_where_the_tile_ends():
    labels = np.zeros((40, 40), np.uint16)
    after = done(accept(labels, LEFT, discs()[LEFT], 1, 5), labels)
    expected = np.where(np.indices((40, 40))[1] < 10, discs() == 1, False)
    np.testing.assert_array_equal(after == 5, expected)


def test_objects_that_are_there_keep_their_pixels():
    labels = np.zeros((40, 40), np.uint16)
    labels[:8] = 3
    after = done(accept(labels, ALL, discs(), 1, 5), labels)
    np.testing.assert_array_equal(after == 5, (discs() == 1) & (labels == 0))
    np.testing.assert_array_equal(after == 3, labels == 3)


def test_an_object_is_not_accepted_twice_unless_over_the_first():
    labels = np.roll(discs(), 1, 1)
    with pytest.raises(EditError, match="Object 1 is already here: 70 of the 81 pixels"):
        accept(labels, ALL, discs(), 1, 9)
    after = done(accept(labels, ALL, discs(), 1, 9, over=True), labels)
    np.testing.assert_array_equal(after == 9, discs() == 1)
    assert 1 not in after  # the sliver that was left of it is no object


def test_accepting_over_a_large_object_takes_a_bite_out_of_it():
    labels = np.full((40, 40), 3, np.uint16)
    after = done(accept(labels, ALL, discs(), 1, 9, over=True), labels)
    np.testing.assert_array_equal(after, np.where(discs() == 1, 9, 3))


@pytest.mark.parametrize(("label", "why"), [(0, "only background"), (77, "has no pixel")])
def test_what_is_not_predicted_cannot_be_accepted(label, why):
    with pytest.raises(EditError, match=why):
        accept(discs(), ALL, discs(), label, 9)


def test_a_deleted_object_is_background_and_its_rest_outside_the_tile_stays():
    after = done(delete(discs(), LEFT, 1), discs())
    gone = (discs() == 1) & (np.indices((40, 40))[1] < 10)
    np.testing.assert_array_equal(after, np.where(gone, 0, discs()))


def test_merged_objects_have_one_label():
    after = done(merge(discs(), ALL, 2, [1, 4, 2]), discs())
    np.testing.assert_array_equal(after, np.array([0, 2, 2, 3, 2])[discs()])


def test_one_object_cannot_be_merged():
    with pytest.raises(EditError, match="takes two objects"):
        merge(discs(), ALL, 2, [2])


def test_an_ambiguous_object_is_in_the_mask_and_can_be_taken_out_again():
    ignore = np.zeros((40, 40), np.uint8)
    marked = done(mark_ambiguous(ignore, discs(), ALL, 3), ignore)
    np.testing.assert_array_equal(marked, discs() == 3)
    assert not done(mark_ambiguous(marked, discs(), ALL, 3, 0), marked).any()


@pytest.mark.parametrize(
    "edit", [delete, lambda *a: merge(*a, [1]), lambda *a: mark_ambiguous(discs(), *a)]
)
@pytest.mark.parametrize(("label", "why"), [(0, "only background"), (2, "no pixel in this tile")])
def test_an_object_that_is_not_in_the_tile_is_named(edit, label, why):
    with pytest.raises(EditError, match=why):
        edit(discs(), LEFT, label)


@given(seed=st.integers(0, 999), ndim=st.sampled_from([2, 3]), data=st.data())
def test_no_edit_changes_anything_outside_the_tile_or_its_inputs(seed, ndim, data):
    labels, prediction = crowded(np.random.default_rng(seed), (12,) * ndim, 8)
    corners = [sorted(data.draw(st.tuples(*[st.integers(0, 12)] * 2), "side")) for _ in range(ndim)]
    bounds = tuple(slice(a, b) for a, b in corners)
    before = labels.copy(), prediction.copy()
    for edit in (
        lambda: delete(labels, bounds, 3),
        lambda: merge(labels, bounds, 3, [4, 5]),
        lambda: accept(labels, bounds, prediction[bounds], 2, 99),
        lambda: accept(labels, bounds, prediction[bounds], 2, 99, over=True),
    ):
        try:
            after = done(edit(), labels)
        except EditError:
            continue
        changed = after != labels
        changed[bounds] = False
        assert not changed.any()
    np.testing.assert_array_equal(labels, before[0])
    np.testing.assert_array_equal(prediction, before[1])


def test_a_plane_of_a_stack_is_edited_in_its_plane_and_a_frame_in_its_frame():
    stack = np.stack([discs(), discs(), discs()])
    after = done(delete(stack, (slice(1, 2), *ALL), 1), stack)
    assert [bool((plane == 1).any()) for plane in after] == [True, False, True]
    assert Window(stack, (slice(1, 2), *ALL)).old.ndim == 2


def test_what_was_painted_since_a_copy_is_found():
    labels = discs()
    copy = labels[LEFT].copy()
    assert len(difference(copy, labels, LEFT)) == 0
    labels[3, 4], labels[9, 9] = 8, 0
    labels[0, 30] = 9  # outside the tile
    change = difference(copy, labels, LEFT)
    assert change.at.tolist() == [124, 369]
    assert change.values.tolist() == [8, 0]
