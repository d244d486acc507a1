"""A result brought up to date with a brush stroke on the ground truth."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.objects.limits import left_out
from napari_verdict.comparison.objects.reader import readers
from napari_verdict.engine.blocks import Block
from napari_verdict.metrics.overlap import OverlapTable, tabulate
from napari_verdict.metrics.repainting import repainted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Comparison, Input
    from napari_verdict.comparison.objects.labels import LabelResult
    from napari_verdict.comparison.objects.limits import Parts
    from napari_verdict.comparison.objects.reader import Reader

    #: z0, z1, y0, y1, x0, x1 in pixels; ends exclusive.
    Box = tuple[int, int, int, int, int, int]
    Slices = tuple[slice, slice, slice]


def tables_repainted(
    result: LabelResult,
    comparison: Comparison,
    frame: tuple[int, ...],
    box: Box,
    before: NDArray[Any],
) -> tuple[dict[str, tuple[OverlapTable, ...]], Parts]:
    """Return the overlap tables of a result after a part of its ground truth was painted.

    Parameters
    ----------
    result : LabelResult
        Of the ground truth as it was.
    comparison : Comparison
        The same with the ground truth as it is now.
    frame : tuple of int
        The frame that was painted.
    box : tuple of int
        All that was painted lies within.
    before : (z, y, x) ndarray
        The pixels of the box as they were.

    Returns
    -------
    overlap : dict of str to tuple of OverlapTable
        By candidate; only the table of the painted frame is another.
    parts : dict
        Those of the parts of the image, in the same way.
    """
    read_ignore = readers(comparison)[2]
    where = frame, box, before
    overlap = _tables(result.overlap, comparison, read_ignore, *where)
    masks = left_out(comparison, read_ignore)
    return overlap, {
        part: _tables(tables, comparison, masks[part], *where)
        for part, tables in result.parts.items()
    }


def _tables(
    known: Mapping[str, tuple[OverlapTable, ...]],
    comparison: Comparison,
    read_ignore: Reader | None,
    frame: tuple[int, ...],
    box: Box,
    before: NDArray[Any],
) -> dict[str, tuple[OverlapTable, ...]]:
    read_gt, read_pred, _ = readers(comparison)
    k = comparison.ground_truth.source.frames.index(frame)
    z0, z1, y0, y1, x0, x1 = box
    here = slice(z0, z1), slice(y0, y1), slice(x0, x1)
    was = before.astype(np.int64) if before.dtype.kind == "f" else before
    now = _part(read_gt, frame, here)
    same = was == now
    if read_ignore is not None:
        same |= _part(read_ignore, frame, here)
    overlap = dict(known)
    for name, read in read_pred.items() if not same.all() else ():
        found = _part(read, frame, here)
        parts = [tabulate(gt, found, same, z0=z0, y0=y0, x0=x0) for gt in (was, now)]

        def find(gt: int, pred: int, at: Slices, read: Reader = read) -> NDArray[np.bool_]:
            pair: NDArray[np.bool_] = _part(read_gt, frame, at) == gt
            pair &= _part(read, frame, at) == pred
            return pair if read_ignore is None else pair & ~_part(read_ignore, frame, at)

        tables = list(overlap[name])
        tables[k] = repainted(tables[k], parts[0], parts[1], find)
        overlap[name] = tuple(tables)
    return overlap


def painted_comparison(comparison: Comparison, ground_truth: Input) -> Comparison:
    """Return a comparison with a painted ground truth in place of its own.

    Raises
    ------
    ValueError
        If the painted one has another shape, other axes or another dtype.
    """
    old, new = comparison.ground_truth, ground_truth
    for what in ("axes", "shape"):
        if getattr(new, what) != getattr(old, what):
            raise ValueError(
                f"the painted ground truth has {what} {getattr(new, what)}, "
                f"but the ground truth has {getattr(old, what)}"
            )
    if new.source.dtype != old.source.dtype:
        raise ValueError(
            f"the painted ground truth is {new.source.dtype}, but the ground truth is "
            f"{old.source.dtype}: paint on a copy of the same dtype"
        )
    return replace(comparison, ground_truth=new)


def _part(read: Reader, frame: tuple[int, ...], at: Slices) -> NDArray[Any]:
    z, y, x = at
    return read(Block(frame, z.start, z.stop, y.start, y.stop))[..., x]
