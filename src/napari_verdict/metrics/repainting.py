"""The overlap table after a part of the ground truth was painted, without reading the rest."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.metrics.extents import joined_boxes
from napari_verdict.metrics.overlap import OverlapTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    #: Takes a ground-truth id, a predicted id and a part of the image (z, y, x); returns
    #: where in that part, as it is now, the pair is.
    Finder = Callable[[int, int, tuple[slice, slice, slice]], NDArray[np.bool_]]

#: Pixels looked at in one go for the side of a box.
PIECE = 1 << 12


def repainted(
    table: OverlapTable, before: OverlapTable, after: OverlapTable, find: Finder
) -> OverlapTable:
    """Bring a table up to date with pixels of the ground truth that were painted.

    Pixels and sums of coordinates are subtracted and added. A box cannot be subtracted:
    where pixels at a side of a pair's box are gone, the image is looked through from that
    side until a pixel of the pair is met.

    Parameters
    ----------
    table : OverlapTable
        Of the whole image, before.
    before, after : OverlapTable
        Of the painted pixels alone, as they were and as they are; the prediction is the same.
    find : callable
        Called as ``find(gt, pred, (z, y, x))`` with two ids and slices; returns where in that
        part of the image, as it is now, the pair is.

    Returns
    -------
    OverlapTable
        Equal to that of the image as it is now.
    """
    gone, came = _rows(table, before), _rows(table, after)
    new = came < 0
    old = came[~new]
    pixels, boxes, sums = table.pixels.copy(), table.boxes.copy(), table.sums.copy()
    pixels[gone] -= before.pixels
    sums[gone] -= before.sums
    pixels[old] += after.pixels[~new]
    sums[old] += after.sums[~new]
    boxes[old] = joined_boxes(boxes[old], after.boxes[~new])
    lost = before.boxes == table.boxes[gone]
    for k in np.flatnonzero(lost.any(axis=1) & (pixels[gone] > 0)):
        row = gone[k]
        pair = int(table.gt[row]), int(table.pred[row])
        boxes[row] = _shrunk(boxes[row].tolist(), lost[k].tolist(), pair, find)
    left = np.flatnonzero(pixels > 0)
    at = np.searchsorted(left, _places(table, after)[new])
    rows = np.insert(left, at, len(table) + np.arange(len(at)))

    def edited(column: NDArray[Any], added: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([column, added[new]]).take(rows, axis=0)

    result = OverlapTable(
        edited(table.gt, after.gt),
        edited(table.pred, after.pred),
        edited(pixels, after.pixels),
        edited(boxes, after.boxes),
        edited(sums, after.sums),
    )
    # painting the ground truth leaves every predicted object as it is
    index = np.searchsorted(table.pred_objects.ids, after.pred)
    vars(result)["pred_objects"] = table.pred_objects
    vars(result)["pred_index"] = edited(table.pred_index, index)
    return result


def _places(table: OverlapTable, pairs: OverlapTable) -> NDArray[np.intp]:
    """Return the row of each pair in a table, or where it would be inserted."""
    starts = np.searchsorted(table.gt, pairs.gt, "left")
    ends = np.searchsorted(table.gt, pairs.gt, "right")
    places = [
        start + np.searchsorted(table.pred[start:end], pred)
        for start, end, pred in zip(starts, ends, pairs.pred, strict=True)
    ]
    return np.array(places, np.intp)


def _rows(table: OverlapTable, pairs: OverlapTable) -> NDArray[np.intp]:
    """Return the row of each pair in a table, -1 where it is not there."""
    places = _places(table, pairs)
    inside = np.minimum(places, len(table) - 1)
    same = (table.gt[inside] == pairs.gt) & (table.pred[inside] == pairs.pred)
    return np.where(same & (places == inside), places, -1)


def _shrunk(box: list[int], lost: list[bool], pair: tuple[int, int], find: Finder) -> list[int]:
    """Move the sides of a box that lost pixels inwards until each has one of the pair."""
    for side in np.flatnonzero(lost).tolist():
        axis, upper = divmod(side, 2)
        lines = 1
        while box[2 * axis + 1] - box[2 * axis] > 1:  # one line is left: the pair has pixels
            strip = list(box)
            if upper:
                strip[side - 1] = max(strip[side - 1], strip[side] - lines)
            else:
                strip[side + 1] = min(strip[side + 1], strip[side] + lines)
            line = _outermost(strip, axis, bool(upper), pair, find)
            if line is not None:
                box[side] = line + upper
                break
            box[side] = strip[side - 1] if upper else strip[side + 1]
            lines *= 2
    return box


def _outermost(
    strip: list[int], axis: int, upper: bool, pair: tuple[int, int], find: Finder
) -> int | None:
    """Return the outermost line of a strip, seen from its side, that has a pixel of the pair."""
    z, y, x = (slice(a, b) for a, b in zip(strip[::2], strip[1::2], strict=True))
    goal = strip[2 * axis + 1] - 1 if upper else strip[2 * axis]
    met: list[int] = []
    # piece by piece: background fills most of a line, so the first piece is mostly enough
    across = 1 if axis == 2 or (axis == 0 and y.stop - y.start > x.stop - x.start) else 2
    cut = (z, y, x)[across]
    length = max(1, PIECE // max(1, _size(z, y, x) // (cut.stop - cut.start)))
    for start in range(cut.start, cut.stop, length):
        piece = [z, y, x]
        piece[across] = slice(start, min(start + length, cut.stop))
        there = find(*pair, (piece[0], piece[1], piece[2]))
        lines = np.flatnonzero(there.any(axis=tuple({0, 1, 2} - {axis})))
        if len(lines):
            met.append(strip[2 * axis] + int(lines[-1 if upper else 0]))
            if met[-1] == goal:
                break
    return (max(met) if upper else min(met)) if met else None


def _size(*axes: slice) -> int:
    return math.prod(axis.stop - axis.start for axis in axes)
