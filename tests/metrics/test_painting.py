"""Labels repainted by codes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_verdict.metrics.painting import keep_outlines, paint, repaint


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.uint32, np.int64, np.uint64])
def test_every_id_gets_its_code(rng, dtype):
    labels = rng.integers(0, 2 if dtype is bool else 100, (2, 9, 11)).astype(dtype)
    ids = np.unique(labels)[1:]
    codes = rng.integers(1, 4, len(ids)).astype(np.uint8)
    expected = np.zeros(labels.shape, np.uint8)
    for i, code in zip(ids, codes, strict=True):
        expected[labels == i] = code
    labels.flags.writeable = False
    painted = paint(labels, ids.astype(np.uint64 if dtype is np.uint64 else np.int64), codes)
    np.testing.assert_array_equal(painted, expected)


def test_negative_and_huge_ids():
    signed = np.array([[[-5, 0, 7, 2**50]]])
    ids, codes = np.array([-5, 7, 2**50]), np.array([1, 2, 3], np.uint8)
    assert paint(signed, ids, codes).tolist() == [[[1, 0, 2, 3]]]
    top = np.array([[[2**64 - 1, 0, 3]]], np.uint64)
    assert paint(top, top[0, 0, :1], codes[:1]).tolist() == [[[1, 0, 0]]]


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32, np.uint64])
def test_repainting_some_objects_leaves_what_holds_nothing(dtype):
    labels = np.array([[[1, 1, 2, 2, 0, 3]]], dtype)
    painted = np.array([[[1, 0, 1, 1, 0, 1]]], np.uint8)
    boxes = np.array([[0, 1, 0, 1, 0, 2], [0, 1, 0, 1, 5, 6]])
    ids = np.array([1, 3], np.uint64 if dtype is np.uint64 else np.int64)
    repaint(painted, labels, boxes, ids, np.array([2, 3], np.uint8))
    assert painted.tolist() == [[[2, 0, 1, 1, 0, 3]]]


def test_outlines_are_what_lies_within_two_pixels_of_another_label(rng):
    from scipy import ndimage

    small = rng.integers(0, 4, (2, 5, 6))
    labels = np.kron(small, np.ones((1, 7, 7), int)).astype(np.uint16)
    painted = np.ones(labels.shape, np.uint8) * (labels > 0)
    diamond = ndimage.iterate_structure(ndimage.generate_binary_structure(2, 1), 2)[np.newaxis]
    beyond = {"footprint": diamond, "mode": "constant", "cval": -1}
    wide = labels.astype(np.int64)
    inside = ndimage.minimum_filter(wide, **beyond) == ndimage.maximum_filter(wide, **beyond)
    expected = np.where(inside, 0, painted)
    whole = painted.copy()
    keep_outlines(whole, labels, 0, 0)
    np.testing.assert_array_equal(whole, expected)
    parts = painted.copy()
    keep_outlines(parts[:, :11], labels[:, :13], 0, 2)
    keep_outlines(parts[:, 11:], labels[:, 9:], 2, 0)
    np.testing.assert_array_equal(parts, expected)
