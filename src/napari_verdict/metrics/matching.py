"""One-to-one matching of ground-truth objects with predicted ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_verdict.metrics.assignment import best_assignment
from napari_verdict.metrics.error_kinds import Kinds, error_kinds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.metrics.exclusions import Ignored
    from napari_verdict.metrics.extents import Extents
    from napari_verdict.metrics.overlap import OverlapTable


class Side(NamedTuple):
    """What became of the n objects of one side.

    Parameters
    ----------
    objects, others : Extents
        The objects of this side and of the other.
    partners : (n,) ndarray of intp
        Index of each object's partner in `others`, or -1.
    iou : (n,) ndarray of float64
        With the partner; without one the best with any object.
    kinds : (n,) ndarray of uint8
        `error_kinds.Kind` of each object.
    """

    objects: Extents
    others: Extents
    partners: NDArray[np.intp]
    iou: NDArray[np.float64]
    kinds: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Matching:
    """Which ground-truth object is matched with which predicted one.

    Parameters
    ----------
    overlap : OverlapTable
        What was matched.
    threshold : float
        The smallest IoU of a match.
    inclusive : bool
        Whether exactly the threshold matches.
    chosen : (tp,) ndarray of intp
        The matched pairs, as indices into ``overlap.pairs``, ascending.
    ignored : Ignored, optional
        The objects that are left out of the counts; they are matched all the same. See
        `napari_verdict.metrics.exclusions`.
    """

    overlap: OverlapTable
    threshold: float
    inclusive: bool
    chosen: NDArray[np.intp]
    ignored: Ignored | None = None

    @property
    def tp(self) -> int:
        """Number of matched pairs."""
        return len(self.chosen)

    @property
    def iou(self) -> NDArray[np.float64]:
        """IoU of each matched pair."""
        return self.overlap.pairs.iou[self.chosen]

    @cached_property
    def sum_iou(self) -> float:
        """Sum of the IoU of the matched pairs, correctly rounded whatever their order."""
        return math.fsum(self.iou.tolist())

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The matched ids, as (ground truth, prediction)."""
        gt = self.overlap.gt_objects.ids[self.overlap.pairs.gt[self.chosen]]
        pred = self.overlap.pred_objects.ids[self.overlap.pairs.pred[self.chosen]]
        return tuple(zip(gt.tolist(), pred.tolist(), strict=True))

    @cached_property
    def kinds(self) -> Kinds:
        """The kind of every object; see `napari_verdict.metrics.error_kinds`."""
        return error_kinds(self)

    @cached_property
    def gt(self) -> Side:
        """What became of the ground-truth objects."""
        overlap, pairs = self.overlap, self.overlap.pairs
        partners, iou = self._partners(pairs.gt, pairs.pred, overlap.best_iou[0])
        return Side(overlap.gt_objects, overlap.pred_objects, partners, iou, self.kinds.gt)

    @cached_property
    def pred(self) -> Side:
        """What became of the predicted objects."""
        overlap, pairs = self.overlap, self.overlap.pairs
        partners, iou = self._partners(pairs.pred, pairs.gt, overlap.best_iou[1])
        return Side(overlap.pred_objects, overlap.gt_objects, partners, iou, self.kinds.pred)

    def _partners(
        self, mine: NDArray[np.intp], theirs: NDArray[np.intp], best: NDArray[np.float64]
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        partners, iou = np.full(len(best), -1, np.intp), best.copy()
        partners[mine[self.chosen]] = theirs[self.chosen]
        iou[mine[self.chosen]] = self.iou
        return partners, iou

    @property
    def matched(self) -> NDArray[Any]:
        """Ids of the ground-truth objects that were matched."""
        return self.gt.objects.ids[self._counted(0) & (self.gt.partners >= 0)]

    @property
    def missed(self) -> NDArray[Any]:
        """Ids of the ground-truth objects that were not matched: false negatives."""
        return self.gt.objects.ids[self._counted(0) & (self.gt.partners < 0)]

    @property
    def extra(self) -> NDArray[Any]:
        """Ids of the predicted objects that were not matched: false positives."""
        return self.pred.objects.ids[self._counted(1) & (self.pred.partners < 0)]

    def _counted(self, side: int) -> NDArray[np.bool_] | bool:
        return True if self.ignored is None else self.ignored[side] == 0


def match(overlap: OverlapTable, threshold: float, inclusive: bool = True) -> Matching:
    """Match objects one to one: as many as possible, then with the largest sum of IoU.

    Pairs below the threshold take part in the choice among equally many matches, as in
    StarDist and Cellpose, and are dropped afterwards.

    Parameters
    ----------
    overlap : OverlapTable
        Of the two label images.
    threshold : float
        The smallest IoU of a match, in (0, 1].
    inclusive : bool
        Whether exactly the threshold matches (>=, as in StarDist and Cellpose) or not (>,
        as in Kirillov et al. 2019, 10.1109/CVPR.2019.00963).

    Returns
    -------
    Matching
    """
    pairs = overlap.pairs
    enough = pairs.iou >= threshold if inclusive else pairs.iou > threshold
    able = np.flatnonzero(enough)
    gt_claims = np.bincount(pairs.gt[able], minlength=len(overlap.gt_objects))
    pred_claims = np.bincount(pairs.pred[able], minlength=len(overlap.pred_objects))
    # above 0.5 no object can have two partners; below, most have one all the same
    if gt_claims.max(initial=0) > 1 or pred_claims.max(initial=0) > 1:
        able = _settled(overlap, enough)
    return Matching(overlap, threshold, inclusive, able)


def _settled(overlap: OverlapTable, enough: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Choose among the pairs that are enough; solve only what is not certain beforehand."""
    from napari_verdict.metrics.certain import certain_pairs

    pairs, n, m = overlap.pairs, len(overlap.gt_objects), len(overlap.pred_objects)
    # the IoU of all pairs together weigh at most a half: never as much as one more match
    gains = enough + pairs.iou / (2 * min(n, m))
    certain, left = certain_pairs(pairs.gt, pairs.pred, gains, n, m)
    rows = left[_with_a_match(pairs.gt[left], n + pairs.pred[left], enough[left], n + m)]
    solved = rows[best_assignment(pairs.gt[rows], pairs.pred[rows], gains[rows])]
    chosen = np.r_[certain, solved]
    return np.sort(chosen[enough[chosen]])


def _with_a_match(
    gt: NDArray[np.intp], pred: NDArray[np.intp], enough: NDArray[np.bool_], size: int
) -> NDArray[np.bool_]:
    """Return which pairs are in a group with a pair that is enough."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(gt), bool), (gt, pred)), (size, size))
    count, group = connected_components(graph, directed=False)
    asked = np.zeros(count, bool)
    asked[group[gt[enough]]] = True
    return asked[group[gt]]
