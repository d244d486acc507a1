"""Detections: points matched one to one within a radius."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.metrics.assignment import best_assignment
from napari_verdict.metrics.values import BOTH_EMPTY, Value, ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class PointMatching:
    """The k matched pairs of points.

    Parameters
    ----------
    gt, pred : (k,) ndarray of intp
        Row of the point in the ground truth and in the prediction.
    distance : (k,) ndarray of float64
        Between the two, in the unit of the coordinates.
    """

    gt: NDArray[np.intp]
    pred: NDArray[np.intp]
    distance: NDArray[np.float64]


def match_points(
    gt: NDArray[np.float64], pred: NDArray[np.float64], radius: float
) -> PointMatching:
    """Match points one to one: as many as possible, then with the smallest sum of distances.

    Only pairs within the radius are ever considered: to assign first and to cut at the
    radius afterwards would lose matches.

    Parameters
    ----------
    gt, pred : (n, d) and (m, d) ndarray of float
        Coordinates in physical units.
    radius : float
        The largest distance of a match, inclusive.

    Returns
    -------
    PointMatching
        Sorted by the row of the ground truth.
    """
    from scipy.spatial import cKDTree

    if not len(gt) or not len(pred):
        none = np.empty(0, np.intp)
        return PointMatching(none, none, np.empty(0))
    near = cKDTree(gt).sparse_distance_matrix(cKDTree(pred), radius, output_type="ndarray")
    i, j, distance = near["i"], near["j"], near["v"]
    # all distances together weigh at most a half: never as much as one more match
    gains = 1 - distance / (2 * radius * min(len(gt), len(pred)))
    chosen = best_assignment(i, j, gains)
    chosen = chosen[np.argsort(i[chosen])]
    return PointMatching(i[chosen], j[chosen], distance[chosen])


@dataclass(frozen=True)
class DetectionCounts:
    """All that detection scores need; counts of frames are pooled with ``+``.

    Parameters
    ----------
    n_gt, n_pred, tp : int
        Points in the ground truth, in the prediction, and matched pairs.
    sum_squares : float
        Sum of the squared distances of the matched pairs.
    """

    n_gt: int = 0
    n_pred: int = 0
    tp: int = 0
    sum_squares: float = 0.0

    def __add__(self, other: DetectionCounts) -> DetectionCounts:
        return DetectionCounts(
            self.n_gt + other.n_gt,
            self.n_pred + other.n_pred,
            self.tp + other.tp,
            self.sum_squares + other.sum_squares,
        )

    def scores(self) -> dict[str, Value]:
        """Return every detection score by its metric id.

        ``match_rmse`` is the root mean square distance of the matched pairs, in the unit of
        the coordinates.

        Returns
        -------
        dict of str to Value
            Undefined under the same rule as `InstanceCounts.scores`.
        """
        some = self.n_gt + self.n_pred
        no_pred = "the prediction has no points" if some else f"{BOTH_EMPTY} points"
        no_gt = "the ground truth has no points" if some else f"{BOTH_EMPTY} points"
        no_match = "no point is matched" if some else f"{BOTH_EMPTY} points"
        square = ratio(self.sum_squares, self.tp, no_match)
        return {
            "n_gt": Value(self.n_gt),
            "n_pred": Value(self.n_pred),
            "tp": Value(self.tp),
            "fp": Value(self.n_pred - self.tp),
            "fn": Value(self.n_gt - self.tp),
            "precision": ratio(self.tp, self.n_pred, no_pred),
            "recall": ratio(self.tp, self.n_gt, no_gt),
            "f1": ratio(2 * self.tp, some, no_gt),
            "accuracy": ratio(self.tp, some - self.tp, no_gt),
            "match_rmse": Value(math.sqrt(square.value), square.reason),
        }


def detection_counts(matching: PointMatching, n_gt: int, n_pred: int) -> DetectionCounts:
    """Count the outcome of a matching."""
    squares = math.fsum((matching.distance**2).tolist())
    return DetectionCounts(n_gt, n_pred, len(matching.distance), squares)
