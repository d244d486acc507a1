"""The overlap of two label images: a sparse table from which all label scores are derived."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_verdict.metrics.error_kinds import Kinds, kinds_unmatched
from napari_verdict.metrics.extents import Extents, group_starts
from napari_verdict.metrics.merging import merge_two
from napari_verdict.metrics.runs import bits_of, ids_from, plain, tabulate_runs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from napari_verdict.metrics.merging import Columns


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
    boxes : (n, 6) ndarray of int32
        Bounding box of the pair: z0, z1, y0, y1, x0, x1; ends exclusive.
    sums : (n, 3) ndarray of int64
        Sums of the z, y and x coordinates of the pair's pixels.
    """

    gt: NDArray[Any]
    pred: NDArray[Any]
    pixels: NDArray[np.int64]
    boxes: NDArray[np.int32]
    sums: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.gt)

    def columns(self) -> Columns:
        """Return gt, pred, pixels, boxes and sums."""
        return self.gt, self.pred, self.pixels, self.boxes, self.sums

    @cached_property
    def gt_objects(self) -> Extents:
        """Size, box and centroid of each ground-truth object."""
        return self._objects(np.arange(len(self)), self.gt)

    @cached_property
    def pred_objects(self) -> Extents:
        """Size, box and centroid of each predicted object."""
        return self._objects(self._by_pred, self.pred)

    def _objects(self, order: NDArray[np.intp], ids: NDArray[Any]) -> Extents:
        rows = order[ids[order] != 0]
        extents = Extents(ids, self.pixels, self.boxes, self.sums)
        return extents.grouped(rows, group_starts(ids[rows]))

    @cached_property
    def _by_pred(self) -> NDArray[np.intp]:
        return np.argsort(self.pred)

    @cached_property
    def gt_index(self) -> NDArray[np.intp]:
        """Index of each row into `gt_objects`; that of a row of background says nothing."""
        return _numbered(self.gt)

    @cached_property
    def pred_index(self) -> NDArray[np.intp]:
        """Index of each row into `pred_objects`; that of a row of background says nothing."""
        index = np.empty(len(self), np.intp)
        index[self._by_pred] = _numbered(self.pred[self._by_pred])
        return index

    @cached_property
    def pairs(self) -> Pairs:
        """The overlapping pairs of objects with their IoU."""
        rows = np.flatnonzero((self.gt != 0) & (self.pred != 0))
        gt, pred = self.gt_index[rows], self.pred_index[rows]
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
    def sum_best_iou(self) -> float:
        """Sum of the largest IoU of the ground-truth objects, correctly rounded."""
        return math.fsum(self.best_iou[0].tolist())

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
    x0: int = 0,
) -> OverlapTable:
    """Tabulate the overlap of two label images, or of one block of them.

    Parameters
    ----------
    gt, pred : (z, y, x) or (y, x) ndarray of int or bool
        Labels of the same shape; 0 is background. Any integer dtype, the two may differ.
    ignore : ndarray of bool, optional
        True where pixels are left out.
    z0, y0, x0 : int
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
    keys, stats = tabulate_runs(
        bits_of(gt.reshape(shape), width),
        bits_of(pred.reshape(shape), width),
        plain(left_out),
        *(z0, y0, x0),
    )
    used = stats[:, 0] > 0
    keys, stats = keys[used], stats[used]
    gt, pred = ids_from(keys[:, 0], gt.dtype, width), ids_from(keys[:, 1], pred.dtype, width)
    order = np.lexsort((pred, gt))
    stats = stats[order]
    boxes = stats[:, 1:7].astype(np.int32)
    return OverlapTable(gt[order], pred[order], stats[:, 0].copy(), boxes, stats[:, 7:].copy())


class Merger:
    """Brings tables of blocks together as they come, in memory for the result and its halves.

    Tables of about one size are merged, so that few are kept and each row is written only as
    often as tables doubled.
    """

    def __init__(self) -> None:
        self._tables: list[OverlapTable] = []

    def add(self, table: OverlapTable) -> None:
        """Take in the table of a block."""
        self._tables.append(table)
        while len(self._tables) > 1 and len(self._tables[-2]) <= 2 * len(self._tables[-1]):
            self._merge_last()

    def result(self) -> OverlapTable:
        """Return the table of all blocks so far."""
        while len(self._tables) > 1:
            self._merge_last()
        if self._tables:
            return self._tables[0]
        none = np.empty(0, np.int64)
        return OverlapTable(
            none, none, none, np.empty((0, 6), np.int32), np.empty((0, 3), np.int64)
        )

    def _merge_last(self) -> None:
        a, b = (t.columns() for t in self._tables[-2:])
        self._tables[-2:] = [OverlapTable(*merge_two(a, b))]


def merge(tables: Iterable[OverlapTable]) -> OverlapTable:
    """Bring the tables of blocks together; the order of the tables does not matter."""
    merger = Merger()
    for table in tables:
        merger.add(table)
    return merger.result()


def _numbered(ids: NDArray[Any]) -> NDArray[np.intp]:
    """Return the number of each value of sorted ids, from 0; background has none."""
    new = np.zeros(len(ids), bool)
    new[group_starts(ids)] = True
    return np.cumsum(new & (ids != 0)) - 1
