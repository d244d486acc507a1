"""Foreground against background, pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_verdict.metrics.values import BOTH_EMPTY, Value, ratio

if TYPE_CHECKING:
    from napari_verdict.metrics.overlap import OverlapTable


@dataclass(frozen=True)
class PixelCounts:
    """True positive, false positive and false negative pixels; pooled with ``+``."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: PixelCounts) -> PixelCounts:
        return PixelCounts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    def scores(self) -> dict[str, Value]:
        """Return ``iou``, ``dice``, ``precision`` and ``recall``.

        Returns
        -------
        dict of str to Value
            Without foreground on either side all are undefined. With foreground on one
            side only IoU and Dice are 0; precision of an empty prediction and recall of an
            empty ground truth are undefined.
        """
        tp, fp, fn = self.tp, self.fp, self.fn
        nothing = f"{BOTH_EMPTY} foreground"
        some = tp + fp + fn
        return {
            "iou": ratio(tp, some, nothing),
            "dice": ratio(2 * tp, 2 * tp + fp + fn, nothing),
            "precision": ratio(tp, tp + fp, "the prediction is empty" if some else nothing),
            "recall": ratio(tp, tp + fn, "the ground truth is empty" if some else nothing),
        }


def pixel_counts(overlap: OverlapTable) -> PixelCounts:
    """Count foreground pixels (any id but 0) from the overlap table."""
    gt, pred = overlap.gt != 0, overlap.pred != 0
    return PixelCounts(
        int(overlap.pixels[gt & pred].sum()),
        int(overlap.pixels[~gt & pred].sum()),
        int(overlap.pixels[gt & ~pred].sum()),
    )
