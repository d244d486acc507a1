"""Holes are filled, outlines smoothed and planes between drawn ones interpolated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import discs
from cases import crowded
from napari_verdict.annotation.edits import EditError
from napari_verdict.annotation.shaping import fill_holes, interpolate, smooth

ALL = (slice(0, 40), slice(0, 40))


def done(change, labels):
    after = labels.copy()
    change.write(after)
    return after


def disc(cy, cx, r, shape=(40, 40)):
    y, x = np.indices(shape)
    return (y - cy) ** 2 + (x - cx) ** 2 <= r * r


def test_a_hole_is_filled_and_what_lies_in_it_stays():
    labels = (disc(20, 20, 12) & ~disc(20, 20, 6)).astype(np.uint16)
    labels[disc(20, 20, 2)] = 5
    after = done(fill_holes(labels, ALL, 1), labels)
    np.testing.assert_array_equal(after, np.where(disc(20, 20, 2), 5, disc(20, 20, 12)))


def test_a_bay_is_no_hole_and_nothing_changes():
    labels = (disc(20, 20, 12) & ~disc(20, 20, 6)).astype(np.uint16)
    labels[20, :20] = 0
    assert len(fill_holes(labels, ALL, 1)) == 0


def test_in_a_volume_a_hole_is_closed_on_all_sides_and_in_a_plane_within_it():
    ring = (disc(20, 20, 12) & ~disc(20, 20, 6)).astype(np.uint16)
    tube = np.repeat(ring[None], 3, axis=0)
    assert len(fill_holes(tube, (slice(0, 3), *ALL), 1)) == 0
    after = done(fill_holes(tube, (slice(1, 2), *ALL), 1), tube)
    assert (after != tube).any(axis=(1, 2)).tolist() == [False, True, False]


def test_smoothing_takes_a_spur_away_and_keeps_the_size():
    labels = disc(20, 20, 9).astype(np.uint16)
    n = np.count_nonzero(labels)
    labels[20, 29:36] = 1
    after = done(smooth(labels, ALL, 1, 2.0), labels)
    assert not after[20, 32:].any()
    assert np.count_nonzero(after) == n + 6


def test_smoothing_a_disc_leaves_it_nearly_as_it_is():
    labels = disc(20, 20, 9).astype(np.uint16)
    assert len(smooth(labels, ALL, 1, 1.0)) <= 0.05 * np.count_nonzero(labels)


def test_smoothing_measures_in_units_along_each_axis():
    labels = np.zeros((40, 40), np.uint16)
    labels[10:30, 10:30] = 1
    labels[20, 30:36] = 1  # a spur along x
    kept = done(smooth(labels, ALL, 1, 1.5, (100.0, 100.0)), labels)
    np.testing.assert_array_equal(kept, labels)
    assert not done(smooth(labels, ALL, 1, 150.0, (100.0, 100.0)), labels)[20, 33:].any()


@given(seed=st.integers(0, 999), sigma=st.floats(0.3, 4), ndim=st.sampled_from([2, 3]))
def test_smoothing_never_takes_from_others_and_never_changes_the_size(seed, sigma, ndim):
    labels, _ = crowded(np.random.default_rng(seed), (14,) * ndim, 6)
    label = int(labels.max())
    after = done(smooth(labels, (slice(0, 14),) * ndim, label, sigma), labels)
    others = (labels != label) & (labels != 0)
    np.testing.assert_array_equal(after[others], labels[others])
    assert np.count_nonzero(after == label) == np.count_nonzero(labels == label)


def stack(first, second, planes=7):
    labels = np.zeros((planes, 40, 40), np.uint16)
    labels[1][first], labels[planes - 2][second] = 4, 4
    return labels


WHOLE = (slice(0, 7), *ALL)


def test_between_equal_outlines_lie_equal_ones():
    labels = stack(disc(20, 20, 8), disc(20, 20, 8))
    after = done(interpolate(labels, WHOLE, 4, 0), labels)
    for z in range(1, 6):
        np.testing.assert_array_equal(after[z] == 4, disc(20, 20, 8))
    assert not after[[0, 6]].any()


def test_a_cone_is_found_between_a_large_and_a_small_disc():
    labels = stack(disc(20, 20, 12), disc(20, 20, 4))
    after = done(interpolate(labels, WHOLE, 4, 0), labels)
    radii = np.sqrt([np.count_nonzero(plane) / np.pi for plane in after[1:6]])
    np.testing.assert_allclose(radii, [12, 10, 8, 6, 4], atol=0.5)


def test_a_moving_object_moves_in_a_straight_line_though_its_outlines_do_not_overlap():
    labels = stack(disc(20, 8, 5), disc(20, 32, 5))
    after = done(interpolate(labels, WHOLE, 4, 0), labels)
    centres = [np.argwhere(plane).mean(axis=0) for plane in after[1:6]]
    np.testing.assert_allclose(centres, [(20, 8), (20, 14), (20, 20), (20, 26), (20, 32)], atol=0.3)
    sizes = [np.count_nonzero(plane) for plane in after[1:6]]
    assert max(sizes) - min(sizes) <= 0.1 * sizes[0]


@pytest.mark.parametrize("moved", [(0, 1), (1, 1), (0, 2), (1, 2), (0, 5)])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_small_objects_that_move_by_half_pixels_are_neither_thinned_nor_cut(width, moved):
    first, second = np.zeros((2, 40, 40), bool)
    y, x = moved
    first[5 : 5 + width, 5 : 5 + width] = second[5 + y : 5 + y + width, 5 + x : 5 + x + width] = (
        True
    )
    labels = stack(first, second)
    after = done(interpolate(labels, WHOLE, 4, 0), labels)
    sizes = [np.count_nonzero(plane) for plane in after[1:6]]
    assert min(sizes) >= width**2
    assert max(sizes) <= (width + 1) * (width + 1) - (width > 1)  # it lies between pixels


def test_planes_lie_along_any_axis_and_pixels_need_not_be_square():
    labels = stack(disc(20, 20, 12), disc(20, 20, 4))
    expected = done(interpolate(labels, WHOLE, 4, 0), labels)
    turned = np.moveaxis(labels, 0, 1)
    after = done(interpolate(turned, (WHOLE[1], WHOLE[0], WHOLE[2]), 4, 1, (2, 9, 2)), turned)
    np.testing.assert_array_equal(np.moveaxis(after, 1, 0), expected)


def test_interpolated_planes_leave_other_objects_and_drawn_planes_alone():
    labels = stack(disc(20, 20, 8), disc(20, 20, 8))
    labels[3, :, 20:] = 9
    labels[2][disc(20, 20, 3)] = 4
    after = done(interpolate(labels, WHOLE, 4, 0), labels)
    np.testing.assert_array_equal(after[3] == 9, labels[3] == 9)
    np.testing.assert_array_equal(after[2], labels[2])
    assert (after[3, :, :20] == 4).any()


def test_with_nothing_to_interpolate_between_it_says_so():
    labels = stack(disc(20, 20, 8), disc(20, 20, 8))
    labels[3:6] = 0
    with pytest.raises(EditError, match="drawn in one plane"):
        interpolate(labels, WHOLE, 4, 0)
    labels[2] = labels[1]
    with pytest.raises(EditError, match="planes without a gap"):
        interpolate(labels, WHOLE, 4, 0)
    with pytest.raises(EditError, match="one plane thick"):
        interpolate(labels, (slice(1, 2), *ALL), 4, 0)
    with pytest.raises(EditError, match="one plane thick"):
        interpolate(discs(), ALL, 1, 0)


@given(seed=st.integers(0, 999), ndim=st.sampled_from([2, 3]))
def test_a_large_tile_and_a_small_one_around_the_object_give_the_same(seed, ndim):
    small, _ = crowded(np.random.default_rng(seed), (12,) * ndim, 6)
    label = int(small.max())
    large = np.pad(small, 20)
    whole, part = (slice(0, 52),) * ndim, (slice(20 - 8, 32 + 8),) * ndim
    for edit in (fill_holes, lambda *a: smooth(*a, 1.0)):
        first, second = edit(large, whole, label), edit(large, part, label)
        np.testing.assert_array_equal(first.at, second.at)
        np.testing.assert_array_equal(first.values, second.values)
