"""Every object of a candidate as an entry to look at, worst first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.entries import Entries
from napari_verdict.comparison.objects.outcomes import NOT_LABELLED, UNMATCHED, joined, side_of
from napari_verdict.metrics.error_kinds import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.comparison.objects.labels import LabelResult
    from napari_verdict.metrics.matching import Side


def object_entries(result: LabelResult, candidate: str) -> Entries:
    """List the objects of both sides, of all frames.

    Objects without a partner come first, those with most pixels in error before others: size
    times (1 - IoU), with the best IoU they have. Matched objects follow, the lowest IoU
    first, then what is not labelled in a sparse ground truth, then ignored ones. Equal ones stay
    in the order of frame, role and id.

    Parameters
    ----------
    result : LabelResult
        Of instances.
    candidate : str
        Name of the prediction.

    Returns
    -------
    Entries
        Empty where no instances are compared. ``value`` is the IoU: with the partner, or else
        the best.

    Raises
    ------
    KeyError
        If there is no such candidate.
    """
    if candidate not in result.overlap:
        raise KeyError(candidate)
    matchings = result.matchings.get(candidate, ())
    sides = [(r, side_of(m, role)) for m in matchings for r, role in enumerate(UNMATCHED)]
    every = [side for _, side in sides]
    counts = [len(side.objects) for side in every]
    frames = np.array(result.comparison.ground_truth.source.frames, np.intp)
    kind = _joined([s.kinds for s in every], np.uint8)
    iou = _joined([s.iou for s in every], np.float64)
    size = _joined([s.objects.pixels for s in every], np.int64)
    order = _worst_first(kind, iou, size, NOT_LABELLED in result.kinds)
    return Entries(
        candidate=candidate,
        kinds=result.kinds,
        kind=kind[order],
        role=np.repeat(np.array([r for r, _ in sides], np.uint8), counts)[order],
        id=joined([np.empty(0, np.int64), *(s.objects.ids for s in every)])[order],
        partner=joined([np.empty(0, np.int64), *map(_partner_ids, every)])[order],
        value=iou[order],
        value_name="IoU",
        size=size[order],
        frame=np.repeat(np.repeat(frames[: len(matchings)], 2, axis=0), counts, axis=0)[order],
        box=_joined([s.objects.boxes for s in every], np.int64, 6)[order],
        centroid=_joined([s.objects.centroids for s in every], np.float64, 3)[order],
    )


def _worst_first(
    kind: NDArray[np.uint8], iou: NDArray[np.float64], size: NDArray[np.int64], sparse: bool
) -> NDArray[np.intp]:
    """Return the order of rows: pixels in error are counted below 0, IoU above."""
    rank = np.where(kind == Kind.MATCHED, iou, -size * (1 - iou))
    if sparse:
        rank[kind == Kind.EXTRA] = 2
    rank[kind == Kind.IGNORED] = 3
    return np.argsort(rank, kind="stable")


def _partner_ids(side: Side) -> NDArray[Any]:
    ids = np.zeros(len(side.objects), side.others.ids.dtype)
    has = side.partners >= 0
    ids[has] = side.others.ids[side.partners[has]]
    return ids


def _joined(columns: list[NDArray[Any]], dtype: Any, *width: int) -> NDArray[Any]:
    return np.concatenate([np.empty((0, *width), dtype), *columns])
