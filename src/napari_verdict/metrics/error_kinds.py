"""Kinds of error: why an object has no partner."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.metrics.matching import Matching
    from napari_verdict.metrics.overlap import OverlapTable


class Kind(IntEnum):
    """What became of an object; every object has exactly one kind."""

    MATCHED = 0
    MISSED = 1
    EXTRA = 2
    SPLIT = 3
    MERGE = 4
    MANY_TO_MANY = 5
    INACCURATE = 6
    IGNORED = 7


#: The kinds in words, in the order of their numbers.
KINDS = tuple(kind.name.lower().replace("_", "-") for kind in Kind)


class Kinds(NamedTuple):
    """The kind of every object of both sides.

    Parameters
    ----------
    gt, pred : (n,) ndarray of uint8
        `Kind` of each of `OverlapTable.gt_objects` and of `OverlapTable.pred_objects`.
    """

    gt: NDArray[np.uint8]
    pred: NDArray[np.uint8]

    def counts(self) -> NDArray[np.int64]:
        """Count the objects of both sides by `Kind`; their sum is the objects there are."""
        n = len(Kind)
        return np.bincount(self.gt, minlength=n) + np.bincount(self.pred, minlength=n)


def error_kinds(matching: Matching) -> Kinds:
    """Say of every object whether it is matched and, if not, why.

    An object with a partner is `MATCHED`, whatever else it overlaps, so that the other kinds
    of the ground truth add up to its objects without a match, and those of the prediction to
    the extra ones. The kind of an object without a partner is that of `kinds_unmatched`; one
    that is left out of the counts is `IGNORED`, with or without a partner.

    Parameters
    ----------
    matching : Matching
        At any threshold.

    Returns
    -------
    Kinds
        Swapping ground truth and prediction swaps the arrays, missed with extra and split
        with merge.
    """
    alone = matching.overlap.kinds_unmatched
    gt, pred = alone.gt.copy(), alone.pred.copy()
    gt[matching.overlap.pairs.gt[matching.chosen]] = Kind.MATCHED
    pred[matching.overlap.pairs.pred[matching.chosen]] = Kind.MATCHED
    if matching.ignored is not None:
        gt[matching.ignored.gt > 0] = Kind.IGNORED
        pred[matching.ignored.pred > 0] = Kind.IGNORED
    return Kinds(gt, pred)


def kinds_unmatched(overlap: OverlapTable) -> Kinds:
    """Say which kind every object has where it is not matched; no threshold changes it.

    A predicted object is a piece of a true one if at least half of it lies there and it
    covers at least a tenth of it; a true object with two pieces or more is split. Likewise a
    true object is a part of a predicted one, and that with two parts or more a merge. Objects
    linked by these, directly or through others, form a group. In this order, an object is

    1. `SPLIT` or `MERGE`, in a group with splits only or with merges only,
       `MANY_TO_MANY` in one with both;
    2. `INACCURATE` if it shares at least a tenth of itself with one object of the other side;
    3. `MISSED` (ground truth) or `EXTRA` (prediction).
    """
    pairs = overlap.pairs
    n, m = len(overlap.gt_objects), len(overlap.pred_objects)
    shared = pairs.intersection
    gt_size = overlap.gt_objects.pixels[pairs.gt]
    pred_size = overlap.pred_objects.pixels[pairs.pred]
    # whole numbers: exactly a half and exactly a tenth are met
    much_of_gt, much_of_pred = 10 * shared >= gt_size, 10 * shared >= pred_size
    piece, part = much_of_gt & (2 * shared >= pred_size), much_of_pred & (2 * shared >= gt_size)
    split = np.bincount(pairs.gt[piece], minlength=n) > 1
    merge = np.bincount(pairs.pred[part], minlength=m) > 1
    gt, pred = np.full(n, Kind.MISSED, np.uint8), np.full(m, Kind.EXTRA, np.uint8)
    gt[pairs.gt[much_of_gt]] = Kind.INACCURATE
    pred[pairs.pred[much_of_pred]] = Kind.INACCURATE
    links = np.flatnonzero((piece & split[pairs.gt]) | (part & merge[pairs.pred]))
    if len(links):
        i, j = pairs.gt[links], pairs.pred[links]
        groups = _groups(i, j, n, m)
        gt[i] = pred[j] = _kinds_of_groups(groups, split[i], merge[j])
    return Kinds(gt, pred)


def _groups(gt: NDArray[np.intp], pred: NDArray[np.intp], n: int, m: int) -> NDArray[np.intp]:
    """Return the number of the group of each link."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(gt), bool), (gt, n + pred)), shape=(n + m, n + m))
    return connected_components(graph, directed=False)[1][gt].astype(np.intp)


def _kinds_of_groups(
    groups: NDArray[np.intp], split: NDArray[np.bool_], merge: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Return the kind of the group of each link."""
    splits = np.bincount(groups, split)[groups] > 0
    merges = np.bincount(groups, merge)[groups] > 0
    one = np.where(splits, Kind.SPLIT, Kind.MERGE)
    kinds: NDArray[np.uint8] = np.where(splits & merges, Kind.MANY_TO_MANY, one).astype(np.uint8)
    return kinds
