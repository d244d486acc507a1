"""Labels repainted by codes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_verdict.metrics.painting import paint


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
