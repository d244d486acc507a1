"""The overlap of two label images: a sparse table from which all label scores are derived."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit

from napari_verdict.metrics.error_kinds import Kinds, kinds_unmatched
from napari_verdict.metrics.extents import Extents, group_starts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Pairs(NamedTuple):
    """The k overlapping pairs of objects, background left out.

    Parameters
    ----------
    gt, pred : (k,) ndarray of intp
        Indices into `OverlapTable.gt_objects` and `OverlapTable.pred_objects`.
    intersection, union : (k,) ndarray of int64
        In pixels.
    iou : (k,) ndarray of float64
        Intersection over union, in (0, 1].
    """

    gt: NDArray[np.intp]
    pred: NDArray[np.intp]
    intersection: NDArray[np.int64]
    union: NDArray[np.int64]
    iou: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OverlapTable:
    """How many pixels each pair of ids shares, and where: one row a pair, background included.

    Parameters
    ----------
    gt, pred : (n,) ndarray of int64 or uint64
        Ids, 0 for background; sorted by `gt`, then by `pred`; each pair once.
    pixels : (n,) ndarray of int64
        Pixels of the pair, above 0.
    boxes : (n, 6) ndarray of int64
        Bounding box of the pair: z0, z1, y0, y1, x0, x1; ends exclusive.
    sums : (n, 3) ndarray of int64
        Sums of the z, y and x coordinates of the pair's pixels.
    """

    gt: NDArray[Any]
    pred: NDArray[Any]
    pixels: NDArray[np.int64]
    boxes: NDArray[np.int64]
    sums: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.gt)

    @cached_property
    def gt_objects(self) -> Extents:
        """Size, box and centroid of each ground-truth object."""
        return self._objects(self.gt)

    @cached_property
    def pred_objects(self) -> Extents:
        """Size, box and centroid of each predicted object."""
        return self._objects(self.pred)

    def _objects(self, ids: NDArray[Any]) -> Extents:
        rows = np.flatnonzero(ids)
        rows = rows[np.argsort(ids[rows], kind="stable")]
        ordered = Extents(ids, self.pixels, self.boxes, self.sums).take(rows)
        return ordered.grouped(group_starts(ordered.ids))

    @cached_property
    def pairs(self) -> Pairs:
        """The overlapping pairs of objects with their IoU."""
        rows = np.flatnonzero((self.gt != 0) & (self.pred != 0))
        gt = np.searchsorted(self.gt_objects.ids, self.gt[rows])
        pred = np.searchsorted(self.pred_objects.ids, self.pred[rows])
        intersection = self.pixels[rows]
        union = self.gt_objects.pixels[gt] + self.pred_objects.pixels[pred] - intersection
        return Pairs(gt, pred, intersection, union, intersection / union)

    @cached_property
    def best_iou(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Largest IoU of each ground-truth and of each predicted object; 0 without overlap."""
        gt, pred = np.zeros(len(self.gt_objects)), np.zeros(len(self.pred_objects))
        np.maximum.at(gt, self.pairs.gt, self.pairs.iou)
        np.maximum.at(pred, self.pairs.pred, self.pairs.iou)
        return gt, pred

    @cached_property
    def kinds_unmatched(self) -> Kinds:
        """The kind of each object where it is not matched."""
        return kinds_unmatched(self)


def tabulate(
    gt: NDArray[Any],
    pred: NDArray[Any],
    ignore: NDArray[np.bool_] | None = None,
    *,
    z0: int = 0,
    y0: int = 0,
) -> OverlapTable:
    """Tabulate the overlap of two label images, or of one block of them.

    Parameters
    ----------
    gt, pred : (z, y, x) or (y, x) ndarray of int or bool
        Labels of the same shape; 0 is background. Any integer dtype, the two may differ.
    ignore : ndarray of bool, optional
        True where pixels are left out.
    z0, y0 : int
        Position of the block in the image.

    Returns
    -------
    OverlapTable
        Tables of the blocks of an image give that of the image through `merge`.

    Raises
    ------
    ValueError
        If the shapes differ.
    TypeError
        If the labels are not integers.
    """
    if gt.shape != pred.shape or (ignore is not None and ignore.shape != gt.shape):
        raise ValueError(f"labels of shapes {gt.shape} and {pred.shape} do not overlap")
    if gt.dtype.kind not in "iub" or pred.dtype.kind not in "iub":
        raise TypeError(f"labels are integers, not {gt.dtype} and {pred.dtype}")
    shape = gt.shape if gt.ndim == 3 else (1, *gt.shape)
    left_out = np.empty((0, 0, 0), bool) if ignore is None else ignore.reshape(shape)
    width = max(gt.dtype.itemsize, pred.dtype.itemsize)
    keys, stats = _tabulate(
        _bits(gt.reshape(shape), width), _bits(pred.reshape(shape), width), _plain(left_out), z0, y0
    )
    used = stats[:, 0] > 0
    keys, stats = keys[used], stats[used]
    return _grouped(
        _from_bits(keys[:, 0], gt.dtype, width),
        _from_bits(keys[:, 1], pred.dtype, width),
        stats[:, 0],
        stats[:, 1:7],
        stats[:, 7:],
    )


def merge(tables: Sequence[OverlapTable]) -> OverlapTable:
    """Bring the tables of blocks together; the order of the tables does not matter."""
    if len(tables) == 1:
        return tables[0]
    if not tables:
        none = np.empty(0, np.int64)
        return OverlapTable(none, none, none, none.reshape(0, 6), none.reshape(0, 3))
    return _grouped(
        np.concatenate([t.gt for t in tables]),
        np.concatenate([t.pred for t in tables]),
        np.concatenate([t.pixels for t in tables]),
        np.concatenate([t.boxes for t in tables]),
        np.concatenate([t.sums for t in tables]),
    )


def _grouped(
    gt: NDArray[Any],
    pred: NDArray[Any],
    pixels: NDArray[np.int64],
    boxes: NDArray[np.int64],
    sums: NDArray[np.int64],
) -> OverlapTable:
    order = np.lexsort((pred, gt))
    gt, pred = gt[order], pred[order]
    starts = group_starts(gt, pred)
    rows = Extents(gt, pixels[order], boxes[order], sums[order]).grouped(starts)
    return OverlapTable(rows.ids, pred[starts], rows.pixels, rows.boxes, rows.sums)


# Labels are read as unsigned integers of one width, so that a kernel is compiled for four
# types instead of sixty-four; the bits are turned back into ids at the end.


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    # read-only and strided arrays are types of their own to numba: copy those blocks
    return np.require(array, requirements=["C", "W"])


def _bits(labels: NDArray[Any], width: int) -> NDArray[Any]:
    kind = "i" if labels.dtype.kind == "i" else "u"
    whole = labels.view(np.uint8) if labels.dtype.kind == "b" else labels
    return _plain(whole.astype(f"{kind}{width}", copy=False)).view(f"u{width}")


def _from_bits(bits: NDArray[np.uint64], dtype: np.dtype[Any], width: int) -> NDArray[Any]:
    if dtype.kind == "i":
        return bits.astype(f"u{width}").view(f"i{width}").astype(np.int64)
    return bits if dtype == np.uint64 else bits.astype(np.int64)


@njit(nogil=True, cache=True)
def _slot_of(keys: NDArray[Any], stats: NDArray[Any], g: Any, p: Any) -> Any:
    """Return the slot of a pair in the hash table, or the free slot where it belongs."""
    mask = np.uint64(len(keys) - 1)
    h = (g * np.uint64(0x9E3779B97F4A7C15)) ^ (p * np.uint64(0xC2B2AE3D27D4EB4F))
    h ^= h >> np.uint64(32)
    while True:
        slot = np.int64(h & mask)
        if stats[slot, 0] == 0 or (keys[slot, 0] == g and keys[slot, 1] == p):
            return slot
        h += np.uint64(1)


@njit(nogil=True, cache=True)
def _grown(keys: NDArray[Any], stats: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the hash table with twice as many slots."""
    more_keys = np.zeros((2 * len(keys), 2), np.uint64)
    more_stats = np.zeros((2 * len(keys), 10), np.int64)
    for i in range(len(keys)):
        if stats[i, 0] > 0:
            slot = _slot_of(more_keys, more_stats, keys[i, 0], keys[i, 1])
            more_keys[slot] = keys[i]
            more_stats[slot] = stats[i]
    return more_keys, more_stats


@njit(nogil=True, cache=True)
def _tabulate(
    gt: NDArray[Any], pred: NDArray[Any], left_out: NDArray[Any], z0: int, y0: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Walk the runs of equal pairs; keys are pairs, stats pixels, box and sums."""
    keys = np.zeros((256, 2), np.uint64)
    stats = np.zeros((256, 10), np.int64)
    used = 0
    masked = left_out.size > 0
    depth, height, width = gt.shape
    for k in range(depth):
        for j in range(height):
            z, y, x = z0 + k, y0 + j, 0
            while x < width:
                if masked and left_out[k, j, x]:
                    x += 1
                    continue
                start, g, p = x, gt[k, j, x], pred[k, j, x]
                x += 1
                while x < width and gt[k, j, x] == g and pred[k, j, x] == p:
                    if masked and left_out[k, j, x]:
                        break
                    x += 1
                n = x - start
                slot = _slot_of(keys, stats, np.uint64(g), np.uint64(p))
                row = stats[slot]
                if row[0] == 0:
                    keys[slot, 0], keys[slot, 1] = g, p
                    row[1], row[2], row[3], row[4], row[5], row[6] = z, z + 1, y, y + 1, start, x
                    used += 1
                row[0] += n
                row[1], row[2] = min(row[1], z), max(row[2], z + 1)
                row[3], row[4] = min(row[3], y), max(row[4], y + 1)
                row[5], row[6] = min(row[5], start), max(row[6], x)
                row[7] += n * z
                row[8] += n * y
                row[9] += n * (start + x - 1) // 2
                if 2 * used > len(keys):
                    keys, stats = _grown(keys, stats)
    return keys, stats
