"""Every detection of a candidate as an entry to look at, worst first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.comparison.entries import ROLES, Entries
from napari_verdict.comparison.objects.outcomes import NOT_LABELLED
from napari_verdict.engine.sources import FRAME_AXES, SPATIAL_AXES

if TYPE_CHECKING:
    from napari_verdict.comparison.objects.points import DetectionResult

_KINDS = ("missed", "extra", "matched", NOT_LABELLED, "ignored")


def point_entries(result: DetectionResult, candidate: str) -> Entries:
    """List the points of both sides, of all frames: missed, extra, matched, the rest.

    Matched ones that are far apart come before others. The rest is not labelled, where the ground
    truth is sparse, or ignored.

    Parameters
    ----------
    result : DetectionResult
        Of points matched within a radius.
    candidate : str
        Name of the prediction.

    Returns
    -------
    Entries
        ``id`` and ``partner`` are rows of the inputs, from 0; ``partner`` is -1 without one.
        ``value`` is the distance to the partner in the ground truth's unit, NaN without one;
        ``size`` is 1, and the box is the pixel that holds the point.

    Raises
    ------
    KeyError
        If there is no such candidate.
    """
    if candidate not in result.matchings:
        raise KeyError(candidate)
    table = result.objects
    table = table[table["candidate"] == candidate]
    axes = result.comparison.ground_truth.axes
    kind = np.array([_KINDS.index(k) for k in table["kind"]], np.uint8)
    distance = table["distance"].to_numpy(np.float64)
    order = np.lexsort((-np.nan_to_num(distance), kind))
    centroid = np.zeros((len(table), 3))
    for k, axis in enumerate(SPATIAL_AXES):
        if axis in axes:
            centroid[:, k] = table[f"centroid_{axis}"]
    pixel = np.floor(centroid + 0.5).astype(np.int64)
    frame_axes = [a for a in axes if a in FRAME_AXES]
    frame = [[(f or {})[a] for a in frame_axes] for f in table["frame"]]
    return Entries(
        candidate=candidate,
        kinds=_KINDS,
        kind=kind[order],
        role=np.array([ROLES.index(r) for r in table["role"]], np.uint8)[order],
        id=table["id"].to_numpy(np.int64)[order],
        partner=table["partner"].fillna(-1).to_numpy(np.int64)[order],
        value=distance[order],
        value_name="distance",
        size=np.ones(len(table), np.int64),
        frame=np.array(frame, np.intp).reshape(len(table), len(frame_axes))[order],
        box=np.stack([pixel, pixel + 1], axis=2).reshape(-1, 6)[order],
        centroid=centroid[order],
    )
