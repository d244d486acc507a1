"""An object is cut along a line or around seeds; every pixel of it has a piece to belong to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import discs
from napari_verdict.annotation.edits import EditError
from napari_verdict.annotation.objects import free_labels
from napari_verdict.annotation.splitting import split_by_line, split_by_seeds

ALL = (slice(0, 40), slice(0, 40))


def done(change, labels):
    after = labels.copy()
    change.write(after)
    return after


def sizes(labels):
    return {k: n for k, n in enumerate(np.bincount(labels.ravel()).tolist()) if n and k}


def block(height=10, width=21):
    labels = np.zeros((40, 40), np.uint16)
    labels[5 : 5 + height, 5 : 5 + width] = 1
    return labels


def two_balls():
    """Two overlapping discs under one label, and their centres."""
    y, x = np.indices((40, 40))
    balls = [(y - 20) ** 2 + (x - cx) ** 2 <= 64 for cx in (13, 26)]
    return (balls[0] | balls[1]).astype(np.uint16), [(20, 13), (20, 26)]


def test_a_line_across_parts_an_object_and_no_pixel_is_lost():
    labels = block()
    after = done(split_by_line(labels, ALL, 1, [(0, 12), (39, 12)], free_labels(labels)), labels)
    assert sum(sizes(after).values()) == 210
    assert set(sizes(after)) == {1, 2}
    assert (after[5:15, 5:12] == 2).all()
    assert (after[5:15, 13:26] == 1).all()  # the larger piece keeps the label


def test_a_diagonal_line_leaks_nowhere_though_its_pixels_touch_by_corners():
    labels = np.ones((40, 40), np.uint16)
    after = done(split_by_line(labels, ALL, 1, [(-5, -2), (45, 41)], free_labels(labels)), labels)
    assert set(sizes(after)) == {1, 2}
    assert min(sizes(after).values()) > 700


def test_a_line_with_corners_cuts_into_as_many_pieces_as_it_crosses():
    labels = block()
    line = [(0, 10), (20, 10), (20, 18), (0, 18)]
    after = done(split_by_line(labels, ALL, 1, line, free_labels(labels)), labels)
    assert set(sizes(after)) == {1, 2, 3}


@pytest.mark.parametrize(
    "line", [[(0, 12), (9, 12)], [(30, 0), (30, 39)], [(50, 50), (60, 60)], [(5, 5), (14, 5)]]
)
def test_a_line_that_does_not_part_the_object_is_refused(line):
    labels = block()
    with pytest.raises(EditError, match="does not cut object 1 in two"):
        split_by_line(labels, ALL, 1, line, free_labels(labels))


def test_other_objects_and_parts_that_the_line_does_not_meet_stay():
    labels = discs()
    labels[labels == 2] = 1
    line = [(0, 9), (39, 9)]
    after = done(split_by_line(labels, ALL, 1, line, free_labels(labels)), labels)
    np.testing.assert_array_equal(after == 3, labels == 3)
    assert (after[:20, 20:] == labels[:20, 20:]).all()
    assert 5 in after


def test_only_the_part_in_the_tile_is_cut():
    labels = block()
    bounds = (slice(0, 40), slice(0, 14))
    after = done(split_by_line(labels, bounds, 1, [(0, 9), (39, 9)], free_labels(labels)), labels)
    np.testing.assert_array_equal(after[:, 14:], labels[:, 14:])
    assert set(sizes(after)) == {1, 2}


def test_the_piece_that_goes_on_beyond_the_part_keeps_its_label():
    labels = block(width=30)
    bounds = (slice(0, 40), slice(0, 20))
    after = done(split_by_line(labels, bounds, 1, [(0, 16), (39, 16)], free_labels(labels)), labels)
    assert (after[5:15, 17:35] == 1).all()
    assert (after[5:15, 5:16] == 2).all()
    seeds = [(10, 8), (10, 18)]
    after = done(split_by_seeds(labels, bounds, 1, seeds, free_labels(labels)), labels)
    assert after[10, 8] == 2
    assert (after[5:15, 19:35] == 1).all()


def test_in_a_volume_a_line_cuts_through_all_planes():
    volume = np.repeat(block()[None], 4, axis=0)
    bounds = (slice(0, 4), *ALL)
    line = [(2, 0, 12), (2, 39, 12)]
    after = done(split_by_line(volume, bounds, 1, line, free_labels(volume)), volume)
    assert all(set(sizes(plane)) == {1, 2} for plane in after)
    one = done(split_by_line(volume, (slice(2, 3), *ALL), 1, line, free_labels(volume)), volume)
    assert [len(sizes(plane)) for plane in one] == [1, 1, 2, 1]


def test_seeds_part_touching_balls_at_their_neck():
    labels, centres = two_balls()
    after = done(split_by_seeds(labels, ALL, 1, centres, free_labels(labels)), labels)
    a, b = sizes(after).values()
    assert abs(a - b) <= 20
    assert after[20, 13] != after[20, 26]
    np.testing.assert_array_equal(after > 0, labels > 0)


def test_seeds_in_a_volume_know_its_spacing():
    z, y, x = np.indices((10, 40, 40))
    balls = [(4 * (z - 5)) ** 2 + (y - 20) ** 2 + (x - c) ** 2 <= 81 for c in (12, 27)]
    volume = (balls[0] | balls[1]).astype(np.uint8)
    seeds = [(5, 20, 12), (5, 20, 27)]
    bounds = (slice(0, 10), *ALL)
    after = done(split_by_seeds(volume, bounds, 1, seeds, free_labels(volume), (4, 1, 1)), volume)
    assert set(sizes(after)) == {1, 2}
    assert np.isin(after[5, 20, [12, 27]], [1, 2]).all()
    assert after[5, 20, 12] != after[5, 20, 27]


@pytest.mark.parametrize(
    ("seeds", "found"),
    [([(20, 13)], "is one"), ([(20, 13), (0, 0)], "is one"), ([(1, 1), (99, 9)], "is none")],
)
def test_fewer_than_two_seeds_in_the_object_are_refused(seeds, found):
    labels, _ = two_balls()
    with pytest.raises(EditError, match=f"two seeds in object 1, and there {found}"):
        split_by_seeds(labels, ALL, 1, seeds, free_labels(labels))


@given(st.lists(st.tuples(st.floats(-5, 45), st.floats(-5, 45)), min_size=2, max_size=5))
def test_whatever_is_drawn_the_foreground_stays_and_pieces_are_new(points):
    labels, _ = two_balls()
    labels[0, 0] = 7
    for edit in (split_by_line, split_by_seeds):
        try:
            after = done(edit(labels, ALL, 1, points, free_labels(labels)), labels)
        except EditError:
            continue
        np.testing.assert_array_equal(after > 0, labels > 0)
        assert after[0, 0] == 7
        ids = set(sizes(after)) - {7}
        assert ids == {1, *range(8, 7 + len(ids))}
        assert len(ids) >= 2
