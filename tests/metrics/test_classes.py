"""Class scores counted by hand, and where they are undefined."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cases import (
    identical,
    nothing_at_all,
)
from napari_verdict.metrics.classes import confusion_of
from napari_verdict.metrics.overlap import tabulate


def table_of(case):
    return tabulate(case.ground_truth, case.prediction)


def test_classes_counted_by_hand():
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
    assert confusion_of(table_of(identical())).miou().value == 1
