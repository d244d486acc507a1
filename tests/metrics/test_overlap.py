"""The overlap table against counting pixel by pixel."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cases import CASES, crowded
from napari_verdict.metrics.overlap import Merger, merge, tabulate

INTEGERS = [np.dtype(f"{kind}{width}") for kind in "iu" for width in (1, 2, 4, 8)]
DTYPES = [*INTEGERS, np.dtype(bool)]


def rows(table):
    return list(zip(table.gt.tolist(), table.pred.tolist(), table.pixels.tolist(), strict=True))


def counted(gt, pred):
    pairs = Counter(zip(gt.ravel().tolist(), pred.ravel().tolist(), strict=True))
    return sorted((g, p, n) for (g, p), n in pairs.items())


def same(a, b):
    return all(
        np.array_equal(getattr(a, name), getattr(b, name))
        and getattr(a, name).dtype == getattr(b, name).dtype
        for name in ("gt", "pred", "pixels", "boxes", "sums")
    )


@pytest.mark.parametrize("case", CASES)
def test_every_pair_is_counted(case):
    c = CASES[case]()
    assert rows(tabulate(c.ground_truth, c.prediction)) == counted(c.ground_truth, c.prediction)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_every_pair_is_counted_in_any_dtype(data):
    shape = data.draw(hnp.array_shapes(min_dims=2, max_dims=3, max_side=7))
    gt, pred = (data.draw(hnp.arrays(data.draw(st.sampled_from(DTYPES)), shape)) for _ in range(2))
    gt.flags.writeable = pred.flags.writeable = False
    assert rows(tabulate(gt, pred)) == counted(gt.astype(object) + 0, pred.astype(object) + 0)


def test_the_table_grows_with_the_number_of_pairs():
    gt = np.arange(5000, dtype=np.uint32).reshape(50, 100)
    assert rows(tabulate(gt, gt[::-1])) == counted(gt, gt[::-1])


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 11), max_size=4))
def test_tables_of_blocks_give_that_of_the_image(seed, cuts):
    gt, pred = crowded(np.random.default_rng(seed), (3, 12, 9), 8)
    edges = sorted({0, *cuts, 12})
    blocks = [
        tabulate(gt[z : z + 1, a:b], pred[z : z + 1, a:b], z0=z, y0=a)
        for z in range(3)
        for a, b in itertools.pairwise(edges)
    ]
    assert same(merge(blocks), tabulate(gt, pred))
    assert same(merge(blocks[::-1]), tabulate(gt, pred))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_tables_are_merged_as_they_come_and_few_are_kept(seed):
    rng = np.random.default_rng(seed)
    gt, pred = crowded(rng, (1, 64, 9), 30)
    gt = gt.astype(np.uint64) * 2**58
    merger = Merger()
    for y in rng.permutation(64):
        merger.add(tabulate(gt[:, y : y + 1], pred[:, y : y + 1], y0=y))
        sizes = [len(t) for t in merger._tables]
        assert sum(sizes) <= 2 * sizes[0]
    assert same(merger.result(), tabulate(gt, pred))


def test_no_table_is_an_empty_table():
    assert len(merge([])) == 0
    assert len(merge([]).gt_objects) == 0


def test_ignored_pixels_are_left_out(rng):
    gt, pred = crowded(rng)
    ignore = rng.random(gt.shape) < 0.3
    assert rows(tabulate(gt, pred, ignore)) == counted(gt[~ignore], pred[~ignore])
    assert len(tabulate(gt, pred, np.ones_like(ignore))) == 0


def test_sizes_boxes_and_centroids_of_objects(rng):
    gt, pred = crowded(rng, (5, 14, 17), 12)
    table = tabulate(gt, pred)
    for labels, objects in ((gt, table.gt_objects), (pred, table.pred_objects)):
        assert objects.ids.tolist() == sorted(set(labels.ravel().tolist()) - {0})
        for k, i in enumerate(objects.ids):
            where = np.nonzero(labels == i)
            assert objects.pixels[k] == len(where[0])
            box = [e for axis in where for e in (axis.min(), axis.max() + 1)]
            assert objects.boxes[k].tolist() == box
            np.testing.assert_allclose(objects.centroids[k], [a.mean() for a in where], rtol=1e-14)


def test_objects_are_found_by_id():
    case = CASES["huge_ids"]()
    objects = tabulate(case.ground_truth, case.prediction).gt_objects
    assert [objects.find(i) for i in (2**40 + 1, 2**53 + 1, 2**64 - 1)] == [0, 1, 2]
    assert [objects.find(i) for i in (-1, 0, 2**40, 2**53, 2**53 + 2, 2**64)] == [-1] * 6


def test_iou_of_the_pairs(rng):
    gt, pred = crowded(rng)
    table = tabulate(gt, pred)
    pairs = table.pairs
    for g, p, iou in zip(pairs.gt, pairs.pred, pairs.iou, strict=True):
        a, b = gt == table.gt_objects.ids[g], pred == table.pred_objects.ids[p]
        assert iou == (a & b).sum() / (a | b).sum()
    best = [
        iou.max()
        for iou in (pairs.iou[pairs.gt == g] for g in range(len(table.gt_objects)))
        if len(iou)
    ]
    assert table.best_iou[0][table.best_iou[0] > 0].tolist() == best


def test_what_is_no_label_image_is_refused():
    with pytest.raises(ValueError, match="shapes"):
        tabulate(np.zeros((3, 4), int), np.zeros((4, 3), int))
    with pytest.raises(TypeError, match="integers"):
        tabulate(np.zeros((3, 4)), np.zeros((3, 4), int))
