"""The overlap table after strokes against tabulating everything again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import crowded
from napari_verdict.metrics.overlap import tabulate
from napari_verdict.metrics.repainting import repainted

COLUMNS = ("gt", "pred", "pixels", "boxes", "sums", "gt_index", "pred_index")


def assert_same(table, other):
    for name in COLUMNS:
        mine, theirs = getattr(table, name), getattr(other, name)
        if name.endswith("index"):  # says nothing in the background
            objects = getattr(other, name.split("_")[0]) != 0
            mine, theirs = mine[objects], theirs[objects]
        np.testing.assert_array_equal(mine, theirs, err_msg=name)
        assert mine.dtype == theirs.dtype
    for side in ("gt_objects", "pred_objects"):
        for name in ("ids", "pixels", "boxes", "sums"):
            one, two = getattr(getattr(table, side), name), getattr(getattr(other, side), name)
            np.testing.assert_array_equal(one, two)
    for one, two in zip(table.pairs, other.pairs, strict=True):
        np.testing.assert_array_equal(one, two)


def painted(table, gt, pred, where, value, ignore=None):
    """Paint in place, and bring the table up to date."""
    changed = np.zeros(gt.shape, bool)
    changed[where] = True
    same = ~(changed & (gt != value))
    if ignore is not None:
        same |= ignore
    before = tabulate(gt, pred, same)
    gt[where] = value
    after = tabulate(gt, pred, same)

    def find(g, p, at):
        there = (gt[at] == g) & (pred[at] == p)
        return there if ignore is None else there & ~ignore[at]

    return repainted(table, before, after, find)


def stroke(rng, shape):
    at = [rng.integers(0, s) for s in shape]
    size = [rng.integers(1, s + 1) for s in shape]
    return tuple(slice(a, a + b) for a, b in zip(at, size, strict=True))


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_any_strokes_give_the_table_of_the_painted_image(seed, some_ignored):
    rng = np.random.default_rng(seed)
    gt, pred = crowded(rng, (2, 11, 13), 8)
    ignore = rng.random(gt.shape) < 0.3 if some_ignored else None
    table = tabulate(gt, pred, ignore)
    for _ in range(6):
        value = rng.choice([0, 0, rng.integers(1, 9), 77])
        table = painted(table, gt, pred, stroke(rng, gt.shape), value, ignore)
        assert_same(table, tabulate(gt, pred, ignore))


def test_erasing_everything_and_undoing_it():
    gt, pred = crowded(np.random.default_rng(3), (1, 20, 20), 9)
    whole, before = tabulate(gt, pred), gt.copy()
    erased = painted(whole, gt, pred, ..., 0)
    assert len(erased.gt_objects) == 0
    assert_same(erased, tabulate(gt, pred))
    same = gt == before
    back = repainted(
        erased,
        tabulate(gt, pred, same),
        tabulate(before, pred, same),
        lambda g, p, at: (before[at] == g) & (pred[at] == p),
    )
    assert_same(back, whole)


@pytest.mark.parametrize("value", [2**64 - 1, 2**53 + 1])
def test_ids_that_no_float_holds(value):
    gt, pred = (a.astype(np.uint64) for a in crowded(np.random.default_rng(5), (1, 9, 9), 4))
    table = painted(tabulate(gt, pred), gt, pred, np.s_[:, 2:5, 3:7], np.uint64(value))
    assert_same(table, tabulate(gt, pred))


def test_what_far_away_holds_a_side_is_found():
    gt, pred = np.zeros((1, 40, 90), int), np.ones((1, 40, 90), int)
    gt[0, 5, 3:9] = gt[0, 30, 80] = gt[0, 31, 12] = 4
    table = tabulate(gt, pred)
    for where in (np.s_[0, 5], np.s_[0, 30], np.s_[0, 31]):
        table = painted(table, gt, pred, where, 0)
        assert_same(table, tabulate(gt, pred))
