"""A label in several pieces is found, and its pieces are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from napari_verdict.annotation.edits import EditError
from napari_verdict.annotation.objects import free_labels
from napari_verdict.annotation.pieces import in_pieces, separate

ALL = (slice(0, 20), slice(0, 20))
TILE = (slice(5, 15), slice(5, 15))
WINDOW = (slice(2, 18), slice(2, 18))


def blobs(*boxes, shape=(20, 20)):
    """Labels by box (label, y0, y1, x0, x1)."""
    labels = np.zeros(shape, np.uint16)
    for label, y0, y1, x0, x1 in boxes:
        labels[..., y0:y1, x0:x1] = label
    return labels


APART = blobs((4, 6, 9, 6, 9), (4, 11, 12, 11, 12), (7, 11, 14, 6, 9))


def test_a_label_in_two_places_is_found_and_one_in_one_place_is_not():
    assert in_pieces(APART, WINDOW, TILE) == (4,)


def test_what_touches_at_a_corner_is_one_piece():
    assert in_pieces(blobs((4, 6, 9, 6, 9), (4, 9, 12, 9, 12)), WINDOW, TILE) == ()


def test_labels_that_do_not_touch_the_tile_are_left_out():
    assert in_pieces(blobs((4, 2, 4, 2, 4), (4, 16, 18, 16, 18)), WINDOW, TILE) == ()


def test_pieces_that_go_on_beyond_the_margin_may_be_one():
    labels = blobs((4, 6, 9, 6, 18), (4, 11, 14, 6, 18))
    assert in_pieces(labels, WINDOW, TILE) == ()
    assert in_pieces(labels, ALL, TILE) == (4,)


def test_at_the_end_of_the_image_nothing_goes_on():
    labels = blobs((4, 6, 9, 6, 20), (4, 11, 14, 6, 20))
    assert in_pieces(labels, ALL, TILE) == (4,)


def test_planes_of_a_volume_are_one_object_where_they_touch():
    volume = np.zeros((5, 20, 20), np.uint16)
    volume[1, 6:9, 6:9] = volume[2, 8:12, 8:12] = 4
    box, tile = (slice(0, 5), *WINDOW), (slice(0, 5), *TILE)
    assert in_pieces(volume, box, tile) == ()
    volume[2] = 0
    volume[3, 8:12, 8:12] = 4
    assert in_pieces(volume, box, tile) == (4,)


def test_the_largest_piece_keeps_its_label_and_the_others_get_free_ones():
    before = APART.copy()
    change = separate(APART, WINDOW, TILE, free_labels(APART))
    np.testing.assert_array_equal(APART, before)
    after = APART.copy()
    change.write(after)
    expected = APART.copy()
    expected[11:12, 11:12] = 8
    np.testing.assert_array_equal(after, expected)
    assert in_pieces(after, WINDOW, TILE) == ()


def test_what_goes_on_beyond_the_margin_keeps_its_label_and_is_not_cut_there():
    labels = blobs((4, 5, 11, 5, 12), (4, 13, 20, 6, 8))
    change = separate(labels, WINDOW, TILE, free_labels(labels))
    change.write(labels)
    np.testing.assert_array_equal(labels, blobs((5, 5, 11, 5, 12), (4, 13, 20, 6, 8)))


def test_where_nothing_is_apart_nothing_is_changed():
    one = blobs((4, 6, 9, 6, 9))
    assert not len(separate(one, WINDOW, TILE, free_labels(one)))


def test_without_a_free_label_it_says_so():
    labels = np.tile(np.arange(1, 256, dtype=np.uint8), 2).reshape(2, 255)
    labels[1, :2] = labels[0, 253:]
    full = np.zeros((5, 255), np.uint8)
    full[0], full[4] = labels
    with pytest.raises(EditError, match="all are taken"):
        separate(full, (slice(0, 5), slice(0, 255)), (slice(0, 5), slice(0, 255)),
                 free_labels(full))  # fmt: skip
