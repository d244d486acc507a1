"""What limits a comparison of points: those in ignored pixels, and regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_verdict.comparison.geometry import pixel_offset, scale_ratio
from napari_verdict.comparison.regions import OnGrid, Region
from napari_verdict.engine.sources import FRAME_AXES, SPATIAL_AXES, Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Comparison, Input
    from napari_verdict.metrics.detections import PointMatching

    Pair = tuple[NDArray[np.bool_], NDArray[np.bool_]]

#: What conventions of scores say.
IGNORED = "; ignored=points in the ignore mask, after matching"
IN_REGION = "; region=points in it, a pair by its ground-truth point; matched before"


class Sides(NamedTuple):
    """The points of both sides, in pixels of the ground truth and along its axes."""

    gt: NDArray[np.float64]
    pred: NDArray[np.float64]


def sides_of(truth: Input, candidate: Input) -> Sides:
    """Return the points of ground truth and candidate in pixels of the ground truth.

    Those of the candidate are taken to where its scale, units and position put them; units that
    cannot be converted count as equal. Frames are numbers, and stay.
    """
    gt = np.asarray(truth.data, np.float64).reshape(-1, len(truth.axes))
    pred = np.asarray(candidate.data, np.float64).reshape(-1, len(candidate.axes))
    ratio, offset = scale_ratio(candidate, truth), pixel_offset(candidate, truth)
    columns = []
    for axis in truth.axes:
        column = pred[:, candidate.axes.index(axis)]
        columns.append(column * ratio[axis] + offset[axis] if axis in SPATIAL_AXES else column)
    return Sides(gt, np.column_stack(columns))


def ignored_points(comparison: Comparison, sides: Sides, matching: PointMatching) -> Pair:
    """Tell which points of both sides are ignored.

    Points are matched first: a predicted point with a partner is ignored where that is, one
    without a partner where it lies in the mask itself.
    """
    if comparison.ignore is None:
        return np.zeros(len(sides.gt), bool), np.zeros(len(sides.pred), bool)
    axes, ndim = comparison.ground_truth.axes, len(comparison.ignore.shape)
    mask = Region("ignore mask", labels=comparison.ignore, axes=axes[-ndim:])
    return _with_partners(mask, axes, sides, matching)


def points_within(
    comparison: Comparison, region: Region, sides: Sides, matching: PointMatching
) -> Pair:
    """Tell which points of both sides belong to a region: a pair is where its true point is."""
    return _with_partners(region, comparison.ground_truth.axes, sides, matching)


def limited(matching: PointMatching, counted: Pair) -> tuple[PointMatching, int, int]:
    """Return the pairs that count, and how many points of each side do."""
    kept = counted[0][matching.gt]
    pairs = type(matching)(matching.gt[kept], matching.pred[kept], matching.distance[kept])
    return pairs, int(counted[0].sum()), int(counted[1].sum())


def _with_partners(region: Region, axes: str, sides: Sides, matching: PointMatching) -> Pair:
    gt, pred = (_held(region, axes, points) for points in sides)
    pred[matching.pred] = gt[matching.gt]
    return gt, pred


def _held(region: Region, axes: str, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which points lie in the region: in a polygon, or by the pixel that holds them."""
    if region.labels is None:
        return region.encloses(*(points[:, axes.index(a)] for a in "yx"))
    # halves go up, so that the same point is always in the same pixel
    there = {a: points[:, k] for k, a in enumerate(axes)}
    frames = [a for a in axes if a in FRAME_AXES]
    for axis in frames:  # as frames are told apart for matching
        there[axis] = np.rint(there[axis])
    if isinstance(region.labels, OnGrid):
        grid = zip(region.axes, region.labels.starts, region.labels.steps, strict=True)
        there |= {a: (there[a] - start) / step for a, start, step in grid}
    at = {a: np.floor(where + 0.5).astype(np.intp) for a, where in there.items()}
    covered = np.ones(len(points), bool)
    sizes: dict[str, int] = dict(zip(region.axes, region.labels.shape, strict=True))
    for axis, size in sizes.items():
        covered &= (at[axis] >= 0) & (at[axis] < size)
    # what says where blocks lie; it has no pixels of its own
    blank = Source(np.broadcast_to(np.False_, [int(sizes.get(a, 1)) for a in axes]), axes)
    zero = np.zeros(len(points), np.intp)
    pixels = np.column_stack([at.get(a, zero) for a in SPATIAL_AXES])
    numbers = np.column_stack([at[a] for a in frames]) if frames else np.zeros((len(points), 0))
    held = np.zeros(len(points), bool)
    for frame in np.unique(numbers[covered], axis=0) if covered.any() else ():
        rows = np.flatnonzero(covered & (numbers == frame).all(axis=1))
        held[rows] = region.holds(blank, tuple(int(f) for f in frame), pixels[rows])
    return held
