"""Objects that are neither right nor wrong: matched first, left out of the counts second."""

from __future__ import annotations

from dataclasses import replace
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.metrics.extents import Extents
    from napari_verdict.metrics.matching import Matching
    from napari_verdict.metrics.overlap import OverlapTable

#: An object is ambiguous if more than one part in so many of it lies in ignored pixels.
HIDDEN_PART = 4


class Why(IntEnum):
    """Why an object is ignored; the first that holds."""

    COUNTED = 0
    BORDER = 1
    SMALL = 2
    HIDDEN = 3
    PARTNER = 4


class Ignored(NamedTuple):
    """Which objects of both sides are ignored, and why.

    Parameters
    ----------
    gt, pred : (n,) ndarray of uint8
        `Why` of each of `OverlapTable.gt_objects` and of `OverlapTable.pred_objects`.
    """

    gt: NDArray[np.uint8]
    pred: NDArray[np.uint8]


def ignore_objects(
    matching: Matching,
    *,
    hidden: OverlapTable | None = None,
    edges: tuple[int, int, int] | None = None,
    min_size: int = 0,
) -> Matching:
    """Ignore objects of a matching by their place and size.

    An ignored ground-truth object is neither matched nor missed, and what is matched with it
    is ignored too. A predicted object is ignored by its own place and size only where it
    has no partner: the partner of an object that counts is never extra. Objects are matched
    before any is ignored, so an object whose partner is ignored is no error (as in COCO).

    Parameters
    ----------
    matching : Matching
        Of all objects.
    hidden : OverlapTable, optional
        Of the pixels that are ignored: objects that lie in them by more than a quarter are.
    edges : (int, int, int), optional
        Size of the image as (z, y, x): objects that touch its border are ignored. The first
        and the last plane are a border where there are several.
    min_size : int
        Smaller objects are ignored, in pixels; ignored pixels of an object count to its size.

    Returns
    -------
    Matching
        The same pairs; `matching` itself where nothing is asked for.
    """
    if hidden is None and edges is None and min_size <= 1:
        return matching
    overlap = matching.overlap
    unseen = (None, None) if hidden is None else (hidden.gt_objects, hidden.pred_objects)
    gt = _reasons(overlap.gt_objects, unseen[0], edges, min_size)
    own = _reasons(overlap.pred_objects, unseen[1], edges, min_size)
    pairs, chosen = overlap.pairs, matching.chosen
    own[pairs.pred[chosen]] = np.where(gt[pairs.gt[chosen]], Why.PARTNER, Why.COUNTED)
    return replace(matching, ignored=Ignored(gt, own))


def _reasons(
    objects: Extents,
    hidden: Extents | None,
    edges: tuple[int, int, int] | None,
    min_size: int,
) -> NDArray[np.uint8]:
    sizes, boxes = objects.pixels, objects.boxes
    unseen = np.zeros_like(sizes)
    if hidden is not None and len(objects) and len(hidden):
        at = np.searchsorted(objects.ids, hidden.ids).clip(max=len(objects) - 1)
        mine = np.flatnonzero(objects.ids[at] == hidden.ids)
        boxes = boxes.copy()
        unseen[at[mine]] = hidden.pixels[mine]
        boxes[at[mine], ::2] = np.minimum(boxes[at[mine], ::2], hidden.boxes[mine, ::2])
        boxes[at[mine], 1::2] = np.maximum(boxes[at[mine], 1::2], hidden.boxes[mine, 1::2])
    sizes = sizes + unseen
    why = np.zeros(len(objects), np.uint8)
    # whole numbers, and the first reason written last
    why[HIDDEN_PART * unseen > sizes] = Why.HIDDEN
    why[sizes < min_size] = Why.SMALL
    for axis, size in enumerate(edges or ()):
        if axis or size > 1:
            touching = (boxes[:, 2 * axis] == 0) | (boxes[:, 2 * axis + 1] == size)
            why[touching] = Why.BORDER
    return why
