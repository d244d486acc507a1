"""Objects are matched first and ignored second."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import CASES, crowded
from napari_verdict.metrics.error_kinds import Kind
from napari_verdict.metrics.exclusions import Why, ignore_objects
from napari_verdict.metrics.instances import instance_counts
from napari_verdict.metrics.matching import match
from napari_verdict.metrics.overlap import tabulate


def matched(gt, pred, ignore=None, threshold=0.5):
    return match(tabulate(gt, pred, ignore), threshold)


def at_the_edge():
    """One object at the left edge, found a pixel off the edge; one inside, found exactly."""
    gt, pred = np.zeros((12, 20), int), np.zeros((12, 20), int)
    gt[2:8, 0:6], pred[2:8, 1:6] = 1, 11
    gt[2:8, 10:16], pred[2:8, 10:16] = 2, 12
    return gt, pred


@pytest.mark.parametrize("case", CASES)
def test_asking_for_nothing_changes_nothing(case):
    one = matched(CASES[case]().ground_truth, CASES[case]().prediction)
    assert ignore_objects(one) is one
    none = ignore_objects(one, min_size=2)  # no object of the cases is that small
    assert instance_counts(none) == instance_counts(one)
    assert np.array_equal(none.kinds.gt, one.kinds.gt)


def test_the_partner_of_an_ignored_object_is_not_extra():
    gt, pred = at_the_edge()
    counts = instance_counts(ignore_objects(matched(gt, pred), edges=(1, 12, 20)))
    assert (counts.n_gt, counts.n_pred, counts.tp, counts.fp, counts.fn) == (1, 1, 1, 0, 0)


def test_the_partner_of_an_object_that_counts_counts_wherever_it_lies():
    gt, pred = at_the_edge()
    found = ignore_objects(matched(pred, gt), edges=(1, 12, 20))  # the prediction is at the edge
    assert instance_counts(found).tp == 2
    assert found.ignored is not None
    assert not found.ignored.pred.any()


def test_ignored_objects_say_why_and_are_of_kind_ignored():
    gt, pred = at_the_edge()
    gt[10, 18], pred[10, 2] = 3, 13
    found = ignore_objects(matched(gt, pred), edges=(1, 12, 20), min_size=2)
    assert found.ignored is not None
    assert found.ignored.gt.tolist() == [Why.BORDER, Why.COUNTED, Why.SMALL]
    assert found.ignored.pred.tolist() == [Why.PARTNER, Why.COUNTED, Why.SMALL]
    assert found.kinds.gt.tolist() == [Kind.IGNORED, Kind.MATCHED, Kind.IGNORED]
    assert found.missed.tolist() == found.extra.tolist() == []
    assert found.matched.tolist() == [2]


@pytest.mark.parametrize(("hidden", "counts"), [(9, 1), (10, 0)])
def test_more_than_a_quarter_in_ignored_pixels_is_too_much(hidden, counts):
    pred, ignore = np.zeros((10, 10), int), np.zeros((10, 10), bool)
    pred[2:8, 2:8] = 1  # 36 pixels
    ignore.ravel()[np.flatnonzero(pred)[:hidden]] = True
    nothing = np.zeros_like(pred)
    found = ignore_objects(matched(nothing, pred, ignore), hidden=tabulate(nothing, pred, ~ignore))
    assert instance_counts(found).fp == counts


def test_ignored_pixels_of_an_object_count_to_its_size_and_place():
    gt, ignore = np.zeros((8, 8), int), np.zeros((8, 8), bool)
    gt[0:4, 2:6] = 1
    ignore[0, 2:5] = True
    hidden = tabulate(gt, gt, ~ignore)
    found = matched(gt, gt, ignore)
    assert instance_counts(ignore_objects(found, hidden=hidden, min_size=16)).n_gt == 1
    assert instance_counts(ignore_objects(found, hidden=hidden, min_size=17)).n_gt == 0
    ignore[0, :] = True
    hidden = tabulate(gt, gt, ~ignore)
    found = ignore_objects(matched(gt, gt, ignore), hidden=hidden, edges=(1, 8, 8))
    assert instance_counts(found).n_gt == 0


def test_first_and_last_planes_are_a_border_of_a_volume_only():
    gt = np.zeros((4, 8, 8), int)
    gt[0:2, 3:6, 3:6] = 1
    assert instance_counts(ignore_objects(matched(gt, gt), edges=(4, 8, 8))).n_gt == 0
    assert instance_counts(ignore_objects(matched(gt[0], gt[0]), edges=(1, 8, 8))).n_gt == 1


@given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.booleans(), st.sampled_from((0.3, 0.5)))
def test_counts_agree_with_filtering_by_hand(seed, size, border, threshold):
    rng = np.random.default_rng(seed)
    gt, pred = crowded(rng, (24, 24), 12)
    ignore = rng.random(gt.shape) < 0.2
    ignore[:8] |= rng.random() < 0.5
    whole = matched(gt, pred, ignore, threshold)
    found = ignore_objects(
        whole,
        hidden=tabulate(gt, pred, ~ignore),
        edges=(1, *gt.shape) if border else None,
        min_size=size,
    )

    def out(labels, i):
        here = labels == i
        y, x = np.nonzero(here)
        edge = border and (min(*y, *x) == 0 or max(*y, *x) == 23)
        return edge or here.sum() < size or 4 * (here & ignore).sum() > here.sum()

    true = {i for i in whole.gt.objects.ids.tolist() if not out(gt, i)}
    partner = {p: g for g, p in whole.pairs}
    extra = [p for p in whole.pred.objects.ids.tolist() if p not in partner and not out(pred, p)]
    tp = sum(g in true for g in partner.values())
    counts = instance_counts(found)
    assert (counts.tp, counts.fn, counts.fp) == (tp, len(true) - tp, len(extra))
    assert sorted(found.missed.tolist()) == sorted(true - set(partner.values()))
    assert sorted(found.extra.tolist()) == sorted(extra)


@given(st.integers(0, 2**32 - 1))
def test_parts_of_the_objects_add_up(seed):
    rng = np.random.default_rng(seed)
    whole = matched(*crowded(rng, (24, 24), 12))
    n, m = len(whole.gt.objects), len(whole.pred.objects)
    half = rng.random(n) < 0.5, rng.random(m) < 0.5
    parts = [instance_counts(whole, w) for w in (half, (~half[0], ~half[1]))]
    total, one = parts[0] + parts[1], instance_counts(whole)
    assert (total.n_gt, total.n_pred, total.tp) == (one.n_gt, one.n_pred, one.tp)
    assert total.sum_iou == pytest.approx(one.sum_iou)
    assert total.sum_best_iou == pytest.approx(one.sum_best_iou)
