"""Instance, foreground and class scores in closed form, and where they are undefined."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cases import (
    identical,
    nothing_at_all,
    nothing_predicted,
    nothing_there,
    shifted_square,
    touching,
)
from napari_verdict.metrics.classes import confusion_of
from napari_verdict.metrics.foreground import PixelCounts, pixel_counts
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


def test_foreground_of_a_shifted_square():
    counts = pixel_counts(table_of(shifted_square(3)))
    assert counts == PixelCounts(70, 30, 30)
    scores = {k: v.value for k, v in counts.scores().items()}
    assert scores == {"iou": 70 / 130, "dice": 140 / 200, "precision": 0.7, "recall": 0.7}


def test_dice_follows_from_iou():
    for shift in range(0, 9):
        s = pixel_counts(table_of(shifted_square(shift))).scores()
        assert s["dice"].value == pytest.approx(2 * s["iou"].value / (1 + s["iou"].value))


def test_foreground_where_it_is_empty():
    both = pixel_counts(table_of(nothing_at_all())).scores()
    assert defined(both) == {}
    assert all(reason.startswith("both_empty: ") for reason in reasons(both).values())
    no_pred = pixel_counts(table_of(nothing_predicted())).scores()
    assert defined(no_pred) == {"iou": 0, "dice": 0, "recall": 0}
    no_gt = pixel_counts(table_of(nothing_there())).scores()
    assert defined(no_gt) == {"iou": 0, "dice": 0, "precision": 0}


def test_classes_against_scikit_learns_definition():
    gt = np.array([[0, 0, 1, 1, 2, 2, 2, 9]])
    pred = np.array([[0, 1, 1, 1, 2, 5, 0, 0]])
    confusion = confusion_of(tabulate(gt, pred))
    assert confusion.classes == [0, 1, 2, 5, 9]
    assert confusion.matrix().tolist() == [
        [1, 1, 0, 0, 0],
        [0, 2, 0, 0, 0],
        [1, 0, 1, 1, 0],
        [0, 0, 0, 0, 0],
        [1, 0, 0, 0, 0],
    ]
    iou = {c: v.value for c, v in confusion.iou().items()}
    assert iou == {1: 2 / 3, 2: 1 / 3, 5: 0, 9: 0}
    assert confusion.miou().value == pytest.approx((2 / 3 + 1 / 3) / 4)


def test_classes_where_there_is_only_background():
    miou = confusion_of(table_of(nothing_at_all())).miou()
    assert math.isnan(miou.value)
    assert miou.reason.startswith("both_empty: ")


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
    assert confusion_of(table_of(identical())).miou().value == 1
