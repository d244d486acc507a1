"""Foreground scores in closed form, and where they are undefined."""

from __future__ import annotations

import math

import pytest

from cases import (
    nothing_at_all,
    nothing_predicted,
    nothing_there,
    shifted_square,
)
from napari_verdict.metrics.foreground import PixelCounts, pixel_counts
from napari_verdict.metrics.overlap import tabulate


def table_of(case):
    return tabulate(case.ground_truth, case.prediction)


def defined(scores):
    return {k: v.value for k, v in scores.items() if not math.isnan(v.value)}


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
    assert all(reason.startswith("both_empty: ") for reason in (v.reason for v in both.values()))
    no_pred = pixel_counts(table_of(nothing_predicted())).scores()
    assert defined(no_pred) == {"iou": 0, "dice": 0, "recall": 0}
    no_gt = pixel_counts(table_of(nothing_there())).scores()
    assert defined(no_gt) == {"iou": 0, "dice": 0, "precision": 0}
