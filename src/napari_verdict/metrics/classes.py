"""Semantic segmentation: ids are classes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.metrics.values import BOTH_EMPTY, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.metrics.overlap import OverlapTable


@dataclass(frozen=True, eq=False)
class Confusion:
    """The confusion matrix, sparse: one row for each pair of classes that meet.

    Parameters
    ----------
    gt, pred : (n,) ndarray of int64 or uint64
        Class in the ground truth and in the prediction; 0 is background.
    pixels : (n,) ndarray of int64
        Pixels of the pair.
    """

    gt: NDArray[Any]
    pred: NDArray[Any]
    pixels: NDArray[np.int64]

    @cached_property
    def classes(self) -> list[int]:
        """The classes on either side, ascending; 0 too where there is background."""
        return sorted(set(self.gt.tolist()) | set(self.pred.tolist()))

    def matrix(self) -> NDArray[np.int64]:
        """Return pixels by class: ground truth in rows, prediction in columns.

        Returns
        -------
        (k, k) ndarray of int64
            In the order of `classes`.
        """
        index = {c: i for i, c in enumerate(self.classes)}
        dense = np.zeros((len(index), len(index)), np.int64)
        i = [index[c] for c in self.gt.tolist()]
        j = [index[c] for c in self.pred.tolist()]
        dense[i, j] = self.pixels
        return dense

    def iou(self) -> dict[int, Value]:
        """Return the IoU of each class on either side; background is left out."""
        union = dict.fromkeys(self.classes, 0)
        common = dict(union)
        rows = zip(self.gt.tolist(), self.pred.tolist(), self.pixels.tolist(), strict=True)
        for gt, pred, pixels in rows:
            union[gt] += pixels
            if gt == pred:
                common[gt] += pixels
            else:
                union[pred] += pixels
        return {c: Value(common[c] / union[c]) for c in self.classes if c != 0}

    def miou(self) -> Value:
        """Return the mean IoU over the classes on either side; background is left out.

        Returns
        -------
        Value
            NaN with the reason where both sides are all background.
        """
        values = [v.value for v in self.iou().values()]
        if not values:
            return Value(math.nan, f"{BOTH_EMPTY} class but background")
        return Value(math.fsum(values) / len(values))


def confusion_of(overlap: OverlapTable) -> Confusion:
    """Read the confusion matrix off an overlap table."""
    return Confusion(overlap.gt, overlap.pred, overlap.pixels)
