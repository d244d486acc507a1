"""Detections against detections: points matched within a radius, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.exclusions import without_dense
from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.objects.outcomes import NOT_LABELLED, UNMATCHED, Role
from napari_verdict.comparison.objects.point_limits import (
    IGNORED,
    IN_REGION,
    ignored_points,
    limited,
    points_within,
    sides_of,
)
from napari_verdict.comparison.result import Progress, Result
from napari_verdict.comparison.scores import Score
from napari_verdict.engine.sources import FRAME_AXES, SPATIAL_AXES
from napari_verdict.metrics.detections import (
    DetectionCounts,
    PointMatching,
    detection_counts,
    match_points,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Comparison, Input
    from napari_verdict.comparison.objects.point_limits import Pair
    from napari_verdict.engine.cancel import CancelToken

    Frame = tuple[int, ...]


def run_points(
    comparison: Comparison, *, token: CancelToken, threads: int | None = None
) -> Generator[Progress, None, DetectionResult]:
    """Match predicted with true points, one to one, within the radius of the settings.

    Distances are between physical positions: coordinates times scale plus translation of
    each input, in the units of the ground truth. Points of different frames (t, c; rounded to
    whole numbers) never match.

    Parameters
    ----------
    comparison : Comparison
        Of task detections; data are (n, len(axes)) finite coordinates in pixels.
    token : CancelToken
        Stops the work; checked before every frame.
    threads : int, optional
        Not used: points take no time worth sharing.

    Yields
    ------
    Progress
        After every frame.

    Returns
    -------
    DetectionResult

    Raises
    ------
    ComparisonError
        If no radius is set.
    """
    del threads
    truth = comparison.ground_truth
    radius = _radius(comparison)
    frame_axes = "".join(a for a in truth.axes if a in FRAME_AXES)
    matchings: dict[str, PointMatching] = {}
    ignored: dict[str, Pair] = {}
    rows: list[Score] = []
    for name, candidate in comparison.candidates.items():
        sides = sides_of(truth, candidate)
        gt_at, pred_at = _physical(sides.gt, truth), _physical(sides.pred, truth)
        gt_rows, pred_rows = _by_frame(truth, frame_axes), _by_frame(candidate, frame_axes)
        frames = sorted(gt_rows.keys() | pred_rows.keys())
        found: dict[Frame, PointMatching] = {}
        for k, frame in enumerate(frames):
            token.check()
            gt, pred = gt_rows.get(frame, _NO_ROWS), pred_rows.get(frame, _NO_ROWS)
            pairs = match_points(gt_at[gt], pred_at[pred], radius)
            found[frame] = PointMatching(gt[pairs.gt], pred[pairs.pred], pairs.distance)
            yield Progress(k + 1, len(frames), "points")
        matching = matchings[name] = _joined(found.values())
        ignored[name] = ignored_points(comparison, sides, matching)
        counted = ~ignored[name][0], ~ignored[name][1]
        counts: list[DetectionCounts] = []
        for frame in frames:
            here = _marked(gt_rows, frame, counted[0]), _marked(pred_rows, frame, counted[1])
            counts.append(detection_counts(*limited(found[frame], here)))
        rows += _scores(comparison, name, reduce(add, counts, DetectionCounts()))
        for region in comparison.regions:
            within = points_within(comparison, region, sides, matching)
            here = within[0] & counted[0], within[1] & counted[1]
            of_region = detection_counts(*limited(matching, here))
            rows += _scores(comparison, name, of_region, region=region.name)
        for frame, of_frame in zip(frames, counts, strict=True) if frame_axes else ():
            index = dict(zip(frame_axes, frame, strict=True))
            rows += _scores(comparison, name, of_frame, index)
    return DetectionResult(comparison, tuple(rows), matchings=matchings, ignored=ignored)


_NO_ROWS = np.empty(0, np.intp)
_NO_MATCH = PointMatching(_NO_ROWS, _NO_ROWS, np.empty(0))


def _joined(found: Iterable[PointMatching]) -> PointMatching:
    """Return the pairs of all frames, one after the other."""
    every = [_NO_MATCH, *found]
    return PointMatching(
        np.concatenate([m.gt for m in every]),
        np.concatenate([m.pred for m in every]),
        np.concatenate([m.distance for m in every]),
    )


def _marked(
    by_frame: Mapping[Frame, NDArray[np.intp]], frame: Frame, counted: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Mark, among the points of all frames, those of one frame that count."""
    marked = np.zeros(len(counted), bool)
    rows = by_frame.get(frame, _NO_ROWS)
    marked[rows] = counted[rows]
    return marked


def _radius(comparison: Comparison) -> float:
    radius = comparison.settings.radius
    if radius is None:
        message = (
            "Points are matched within a radius, and none is set. Set the match radius, for "
            "instance to half the diameter of an object."
        )
        raise ComparisonError([Finding("no-radius", Severity.ERROR, message)])
    return radius


def _coordinates(points: Input) -> NDArray[np.float64]:
    return np.asarray(points.data, dtype=np.float64).reshape(-1, len(points.axes))


def _physical(pixels: NDArray[np.float64], truth: Input) -> NDArray[np.float64]:
    """Return positions in space, from the first pixel on, of points in pixels of the truth."""
    columns = [k for k, axis in enumerate(truth.axes) if axis in SPATIAL_AXES]
    physical: NDArray[np.float64] = pixels[:, columns] * np.array(truth.scale)[columns]
    return physical


def _frame_numbers(points: Input, frame_axes: str) -> NDArray[np.int64]:
    columns = [points.axes.index(a) for a in frame_axes]
    return np.rint(_coordinates(points)[:, columns]).astype(np.int64)


def _by_frame(points: Input, frame_axes: str) -> dict[Frame, NDArray[np.intp]]:
    """Return the rows of the points of each frame that has any."""
    numbers = _frame_numbers(points, frame_axes)
    if not frame_axes:
        return {(): np.arange(len(numbers))}
    frames, of_row = np.unique(numbers, axis=0, return_inverse=True)
    order = np.argsort(of_row.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(of_row.ravel(), minlength=len(frames)))
    rows = np.split(order, ends[:-1]) if len(frames) else []
    return dict(zip(map(tuple, frames.tolist()), rows, strict=True))


def _scores(
    comparison: Comparison,
    name: str,
    counts: DetectionCounts,
    index: Mapping[str, int] | None = None,
    region: str | None = None,
) -> list[Score]:
    truth, radius = comparison.ground_truth, comparison.settings.radius
    unit = truth.units[truth.axes.index("x")]
    limits = IGNORED if comparison.ignore is not None else ""
    limits += IN_REGION if region is not None else ""
    sparse = comparison.settings.exclusions.sparse
    limits += "; ground truth=sparse" if sparse else ""
    values = without_dense(counts.scores()) if sparse else counts.scores()
    pooled = "pooled over frames" if set(truth.axes) & set(FRAME_AXES) else "whole"
    return [
        Score(
            image=truth.name,
            candidate=name,
            metric=metric,
            value=float(value.value),
            unit=unit if metric == "match_rmse" else "1",
            convention=f"match=distance<={radius:g} {unit}; "
            "assignment=one-to-one, most matches then smallest distances; empty=NaN with reason"
            + limits,
            reason=value.reason,
            n=counts.n_gt + counts.n_pred,
            threshold=radius,
            axis_index=index,
            region=region,
            aggregation=pooled if index is None else None,
        )
        for metric, value in values.items()
    ]


@dataclass(frozen=True, eq=False)
class DetectionResult(Result):
    """Scores of points against points, and what became of every point.

    Parameters
    ----------
    matchings : mapping of str to PointMatching
        By candidate; rows of the inputs, frame after frame.
    ignored : mapping of str to pair of ndarray of bool
        By candidate: which points of the ground truth, and of the candidate, do not count.
    """

    matchings: Mapping[str, PointMatching] = field(default_factory=dict)
    ignored: Mapping[str, Pair] = field(default_factory=dict)

    @property
    def objects(self) -> pd.DataFrame:
        """One row a point: `OBJECT_COLUMNS`, ``distance`` and ``centroid_*``.

        Centroids of both sides are in pixels of the ground truth. ``id`` and ``partner`` are
        rows of the inputs; ``distance`` is to the partner, NaN without one; ``iou`` (NaN) and
        ``size`` (NA) do not apply.
        """
        return self._objects

    @cached_property
    def _objects(self) -> pd.DataFrame:
        import pandas as pd

        truth = self.comparison.ground_truth
        tables = []
        for name, m in self.matchings.items():
            candidate = self.comparison.candidates[name]
            sides: list[tuple[Role, Any, Any]] = [
                ("ground truth", m.gt, m.pred),
                ("prediction", m.pred, m.gt),
            ]
            for (role, mine, theirs), points, ignored in zip(
                sides, sides_of(truth, candidate), self.ignored[name], strict=True
            ):
                table = _table(name, role, points, truth.axes, mine, theirs, m.distance)
                table.loc[ignored, ["outcome", "kind"]] = "ignored"
                if self.comparison.settings.exclusions.sparse:
                    table["kind"] = table["kind"].replace("extra", NOT_LABELLED)
                tables.append(table)
        return pd.concat(tables, ignore_index=True)


def _table(
    candidate: str,
    role: Role,
    coordinates: NDArray[np.float64],
    axes: str,
    matched: NDArray[np.intp],
    partners: NDArray[np.intp],
    distances: NDArray[np.float64],
) -> pd.DataFrame:
    """Tabulate the points of one side, in pixels along `axes`, in the order of the input."""
    import pandas as pd

    n = len(coordinates)
    partner = pd.array(np.zeros(n, np.int64), dtype="Int64")
    partner[:] = pd.NA
    partner[matched] = partners
    distance = np.full(n, np.nan)
    distance[matched] = distances
    outcome = np.where(np.isnan(distance), UNMATCHED[role], "matched")
    frame_axes = [a for a in axes if a in FRAME_AXES]
    columns = [axes.index(a) for a in frame_axes]
    frames = np.rint(coordinates[:, columns]).astype(np.int64).tolist()
    table: dict[str, Any] = {
        "candidate": candidate,
        "role": role,
        "id": np.arange(n),
        "outcome": outcome,
        "kind": outcome,
        "partner": partner,
        "iou": np.full(n, np.nan),
        "size": pd.array([pd.NA] * n, dtype="Int64"),
        "frame": [dict(zip(frame_axes, f, strict=True)) or None for f in frames],
        "distance": distance,
    }
    for a in SPATIAL_AXES:
        if a in axes:
            table[f"centroid_{a}"] = coordinates[:, axes.index(a)]
    return pd.DataFrame(table)
