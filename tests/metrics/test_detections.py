"""Points matched within a radius."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_verdict.metrics.detections import DetectionCounts, detection_counts, match_points


def brute_force(gt, pred, radius):
    """The most matches, then the smallest sum of distances."""
    if len(gt) > len(pred):
        gt, pred = pred, gt
    best = (0, 0.0)
    for order in permutations(range(len(pred)), len(gt)):
        d = [math.dist(gt[i], pred[j]) for i, j in enumerate(order)]
        within = [x for x in d if x <= radius]
        best = max(best, (len(within), -sum(within)))
    return best


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 5))
def test_it_is_as_good_as_brute_force(seed, n, m):
    rng = np.random.default_rng(seed)
    gt, pred = rng.random((n, 2)) * 4, rng.random((m, 2)) * 4
    matching = match_points(gt, pred, 1.5)
    count, distance = brute_force(gt, pred, 1.5)
    assert len(matching.gt) == count
    assert matching.distance.sum() == pytest.approx(-distance)
    assert len(set(matching.gt)) == len(set(matching.pred)) == count
    for i, j, d in zip(matching.gt, matching.pred, matching.distance, strict=True):
        assert d == pytest.approx(math.dist(gt[i], pred[j]))


def test_a_far_pair_never_costs_a_near_one():
    # assigning first and cutting at the radius afterwards would find one match only
    gt, pred = np.array([[0.0, 0], [0, 2]]), np.array([[0.0, 1], [0, 100]])
    assert len(match_points(gt, pred, 1.5).gt) == 1
    gt, pred = np.array([[0.0, 0], [0, 3]]), np.array([[0.0, 3], [0, 5]])
    assert match_points(gt, pred, 3).pred.tolist() == [0, 1]


def test_the_radius_is_inclusive_and_points_may_coincide():
    gt = np.array([[0.0, 0], [0, 0], [0, 10]])
    pred = np.array([[0.0, 0], [0, 2], [0, 12.1]])
    matching = match_points(gt, pred, 2)
    assert sorted(matching.distance.tolist()) == [0, 2]


def test_no_points_no_matches():
    some, none = np.zeros((2, 3)), np.zeros((0, 3))
    for a, b in ((some, none), (none, some), (none, none)):
        assert len(match_points(a, b, 1).gt) == 0


def test_scores_and_where_they_are_undefined():
    matching = match_points(np.array([[0.0, 0], [9, 9]]), np.array([[3.0, 4]]), 5)
    scores = {k: v.value for k, v in detection_counts(matching, 2, 1).scores().items()}
    expected = {"n_gt": 2, "n_pred": 1, "tp": 1, "fp": 0, "fn": 1, "precision": 1, "recall": 0.5}
    assert scores == {**expected, "f1": 2 / 3, "accuracy": 0.5, "match_rmse": 5}
    empty = DetectionCounts().scores()
    assert empty["f1"].reason.startswith("both_empty: ")
    assert DetectionCounts(2, 0, 0).scores()["f1"].value == 0
    assert DetectionCounts(2, 0, 0).scores()["precision"].reason == "the prediction has no points"
