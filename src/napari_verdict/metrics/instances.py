"""Instance segmentation: objects found, missed and made up, and how well they are outlined."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.metrics.error_kinds import Kinds
from napari_verdict.metrics.values import BOTH_EMPTY, Value, ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.metrics.matching import Matching

    #: Which ground-truth and which predicted objects.
    Within = tuple[NDArray[np.bool_], NDArray[np.bool_]]


@dataclass(frozen=True)
class InstanceCounts:
    """All that instance scores need; counts of frames are pooled with ``+``.

    Parameters
    ----------
    n_gt, n_pred : int
        Objects in the ground truth and in the prediction.
    tp : int
        Matched pairs.
    sum_iou : float
        Sum of the IoU of the matched pairs.
    sum_best_iou : float
        Sum over the ground-truth objects of the largest IoU with any predicted object.
    """

    n_gt: int = 0
    n_pred: int = 0
    tp: int = 0
    sum_iou: float = 0.0
    sum_best_iou: float = 0.0

    def __add__(self, other: InstanceCounts) -> InstanceCounts:
        return InstanceCounts(
            self.n_gt + other.n_gt,
            self.n_pred + other.n_pred,
            self.tp + other.tp,
            self.sum_iou + other.sum_iou,
            self.sum_best_iou + other.sum_best_iou,
        )

    @property
    def fp(self) -> int:
        """Extra objects."""
        return self.n_pred - self.tp

    @property
    def fn(self) -> int:
        """Missed objects."""
        return self.n_gt - self.tp

    def scores(self) -> dict[str, Value]:
        """Return every instance score by its metric id.

        ``accuracy`` is TP / (TP + FP + FN), called average precision by Cellpose; ``pq`` is
        panoptic quality, ``sq`` (mean IoU of the matches) times ``rq`` (F1), after Kirillov
        et al. 2019, 10.1109/CVPR.2019.00963. ``mean_true_iou`` counts a missed object as 0;
        ``mean_best_iou`` knows no matching and no threshold.

        Returns
        -------
        dict of str to Value
            Without any object on either side all but the counts are undefined. With objects
            on one side only F1, accuracy, RQ and PQ are 0; precision without predicted
            objects, recall and the means without true ones, and SQ without a match are
            undefined.
        """
        some = self.n_gt + self.n_pred
        no_pred = "the prediction has no objects" if some else f"{BOTH_EMPTY} objects"
        no_gt = "the ground truth has no objects" if some else f"{BOTH_EMPTY} objects"
        no_match = "no object is matched" if some else f"{BOTH_EMPTY} objects"
        f1 = ratio(2 * self.tp, some, no_gt)
        return {
            "n_gt": Value(self.n_gt),
            "n_pred": Value(self.n_pred),
            "tp": Value(self.tp),
            "fp": Value(self.fp),
            "fn": Value(self.fn),
            "precision": ratio(self.tp, self.n_pred, no_pred),
            "recall": ratio(self.tp, self.n_gt, no_gt),
            "f1": f1,
            "accuracy": ratio(self.tp, some - self.tp, no_gt),
            "sq": ratio(self.sum_iou, self.tp, no_match),
            "rq": f1,
            "pq": ratio(2 * self.sum_iou, some, no_gt),
            "mean_true_iou": ratio(self.sum_iou, self.n_gt, no_gt),
            "mean_best_iou": ratio(self.sum_best_iou, self.n_gt, no_gt),
        }


def instance_counts(matching: Matching, within: Within | None = None) -> InstanceCounts:
    """Count the outcome of a matching, without the objects it ignores.

    Parameters
    ----------
    matching : Matching
        Of all objects.
    within : (ndarray of bool, ndarray of bool), optional
        Which ground-truth and which predicted objects to count; a matched pair counts by its
        ground-truth object. By default all.
    """
    overlap = matching.overlap
    if within is not None or matching.ignored is not None:
        return _some_counts(matching, within)
    return InstanceCounts(
        len(overlap.gt_objects),
        len(overlap.pred_objects),
        matching.tp,
        matching.sum_iou,
        overlap.sum_best_iou,
    )


def kinds_within(matching: Matching, within: Within | None) -> Kinds:
    """Return the kinds of the objects that `instance_counts` counts, and of those it ignores."""
    gt, pred = _paired(matching, within)
    return Kinds(matching.kinds.gt[gt], matching.kinds.pred[pred])


def _paired(matching: Matching, within: Within | None) -> Within:
    """Return which objects to look at, both of a pair or none."""
    overlap, chosen = matching.overlap, matching.chosen
    if within is None:
        return np.ones(len(overlap.gt_objects), bool), np.ones(len(overlap.pred_objects), bool)
    gt, pred = within[0], within[1].copy()
    pred[overlap.pairs.pred[chosen]] = gt[overlap.pairs.gt[chosen]]
    return gt, pred


def _some_counts(matching: Matching, within: Within | None) -> InstanceCounts:
    overlap, chosen = matching.overlap, matching.chosen
    gt, pred = _paired(matching, within)
    if matching.ignored is not None:
        gt = gt & (matching.ignored.gt == 0)
        pred = pred & (matching.ignored.pred == 0)
    hits = gt[overlap.pairs.gt[chosen]]
    return InstanceCounts(
        int(gt.sum()),
        int(pred.sum()),
        int(hits.sum()),
        math.fsum(matching.iou[hits].tolist()),
        math.fsum(overlap.best_iou[0][gt].tolist()),
    )
