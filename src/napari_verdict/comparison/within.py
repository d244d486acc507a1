"""Which entries belong to a region: those that its scores count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.entries import ROLES
from napari_verdict.comparison.model import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.comparison.entries import Entries
    from napari_verdict.comparison.regions import Region
    from napari_verdict.engine.cancel import CancelToken


def entries_within(
    result: Any, entries: Entries, region: Region, token: CancelToken
) -> NDArray[np.bool_]:
    """Tell which entries belong to a region of a result.

    Parameters
    ----------
    result : Result
        What the entries are of.
    entries : Entries
        Objects, points or places. A pair belongs to where its ground-truth object is, a place to
        where its middle is.
    region : Region
        One of the comparison's.
    token : CancelToken
        Stops the work; checked before every frame.

    Returns
    -------
    (n,) ndarray of bool
    """
    if result.comparison.task is Task.DETECTIONS:
        return _points(result, entries, region)
    source = result.comparison.ground_truth.source
    pixels = np.floor(entries.centroid + 0.5).astype(np.intp)
    held = np.zeros(len(entries), bool)
    for frame in source.frames:
        token.check()
        rows = np.flatnonzero((entries.frame == np.array(frame, np.intp)).all(axis=1))
        if not len(rows):
            continue
        held[rows] = region.holds(source, frame, pixels[rows])
        _follow(entries, rows, held)
    return held


def _follow(entries: Entries, rows: NDArray[np.intp], held: NDArray[np.bool_]) -> None:
    """Let predicted objects of one frame follow their partners."""
    truth = rows[entries.role[rows] == ROLES.index("ground truth")]
    paired = rows[(entries.role[rows] == ROLES.index("prediction")) & (entries.partner[rows] != 0)]
    if len(truth) and len(paired):
        order = truth[np.argsort(entries.id[truth])]
        held[paired] = held[order[np.searchsorted(entries.id[order], entries.partner[paired])]]


def _points(result: Any, entries: Entries, region: Region) -> NDArray[np.bool_]:
    from napari_verdict.comparison.objects.point_limits import points_within, sides_of

    comparison, name = result.comparison, entries.candidate
    sides = sides_of(comparison.ground_truth, comparison.candidates[name])
    pair = points_within(comparison, region, sides, result.matchings[name])
    held = np.zeros(len(entries), bool)
    for role, of_side in zip(("ground truth", "prediction"), pair, strict=True):
        rows = np.flatnonzero(entries.role == ROLES.index(role))
        held[rows] = of_side[entries.id[rows]]
    return held
