"""Instance scores in closed form, and where they are undefined."""

from __future__ import annotations

import math

import pytest

from cases import (
    identical,
    nothing_at_all,
    nothing_predicted,
    nothing_there,
    shifted_square,
    touching,
)
from napari_verdict.metrics.instances import InstanceCounts, instance_counts
from napari_verdict.metrics.matching import match
from napari_verdict.metrics.overlap import tabulate


def table_of(case):
    return tabulate(case.ground_truth, case.prediction)


def instances(case, threshold=0.5):
    scores = instance_counts(match(table_of(case), threshold)).scores()
    return {k: v.value for k, v in scores.items()}


def defined(scores):
    return {k: v.value for k, v in scores.items() if not math.isnan(v.value)}


def reasons(scores):
    return {k: v.reason for k, v in scores.items() if v.reason is not None}


def test_a_shifted_square():
    scores = instances(shifted_square(3), 0.5)
    counts = {k: scores.pop(k) for k in ("n_gt", "n_pred", "tp", "fp", "fn")}
    assert counts == {"n_gt": 1, "n_pred": 1, "tp": 1, "fp": 0, "fn": 0}
    ones = dict.fromkeys(["precision", "recall", "f1", "accuracy", "rq"], 1)
    means = dict.fromkeys(["sq", "pq", "mean_true_iou", "mean_best_iou"], 7 / 13)
    assert scores == pytest.approx(ones | means, rel=1e-15)


def test_three_touching_cells():
    scores = instances(touching())
    iou = (10 / 11 + 8 / 10 + 10 / 11) / 3
    assert scores["sq"] == pytest.approx(iou, rel=1e-15)
    assert scores["pq"] == pytest.approx(iou, rel=1e-15)


def test_frames_are_pooled_by_adding_counts():
    pooled = InstanceCounts(2, 2, 2, 1.5, 1.5) + InstanceCounts(2, 4, 0, 0.0, 0.5)
    scores = pooled.scores()
    assert scores["f1"].value == 4 / 10
    assert scores["accuracy"].value == 2 / 8
    assert scores["sq"].value == 0.75
    assert scores["pq"].value == pytest.approx(0.75 * 0.4)
    assert scores["mean_true_iou"].value == 1.5 / 4
    assert scores["mean_best_iou"].value == 2 / 4


def test_without_any_object_only_the_counts_are_defined():
    scores = instance_counts(match(table_of(nothing_at_all()), 0.5)).scores()
    assert defined(scores) == {"n_gt": 0, "n_pred": 0, "tp": 0, "fp": 0, "fn": 0}
    assert all(reason.startswith("both_empty: ") for reason in reasons(scores).values())


def test_an_empty_prediction_scores_0_where_a_score_is_defined():
    scores = instance_counts(match(table_of(nothing_predicted()), 0.5)).scores()
    zero = [
        "tp",
        "fp",
        "recall",
        "f1",
        "accuracy",
        "rq",
        "pq",
        "mean_true_iou",
        "mean_best_iou",
        "n_pred",
    ]
    assert defined(scores) == {**dict.fromkeys(zero, 0), "n_gt": 2, "fn": 2}
    assert reasons(scores) == {
        "precision": "the prediction has no objects",
        "sq": "no object is matched",
    }


def test_an_empty_ground_truth_scores_0_where_a_score_is_defined():
    scores = instance_counts(match(table_of(nothing_there()), 0.5)).scores()
    zero = ["n_gt", "tp", "fn", "precision", "f1", "accuracy", "rq", "pq"]
    assert defined(scores) == {**dict.fromkeys(zero, 0), "n_pred": 2, "fp": 2}
    assert set(reasons(scores)) == {"recall", "sq", "mean_true_iou", "mean_best_iou"}


def test_identity_scores_1():
    scores = instances(identical())
    one = [
        "precision",
        "recall",
        "f1",
        "accuracy",
        "sq",
        "rq",
        "pq",
        "mean_true_iou",
        "mean_best_iou",
    ]
    assert {k: scores[k] for k in one} == dict.fromkeys(one, 1.0)
