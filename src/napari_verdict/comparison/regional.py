"""Which entries lie in a region, so that its counts can be listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.engine.sources import FRAME_AXES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.comparison.entries import Entries
    from napari_verdict.comparison.model import Comparison


def entries_within(comparison: Comparison, name: str, entries: Entries) -> NDArray[np.bool_]:
    """Tell which entries lie in a region: those whose middle does, as its scores have it.

    Parameters
    ----------
    comparison : Comparison
        What the entries come from.
    name : str
        Of one of its regions; "" for the whole image.
    entries : Entries
        Of objects, points or places.

    Returns
    -------
    (n,) ndarray of bool
        None is in a region that the comparison does not have.
    """
    if not name:
        return np.ones(len(entries), bool)
    region = next((r for r in comparison.regions if r.name == name), None)
    inside = np.zeros(len(entries), bool)
    if region is None:
        return inside
    truth = comparison.ground_truth
    if comparison.task == "detections":
        from napari_verdict.comparison.objects.point_limits import held

        where = dict(zip("zyx", entries.centroid.T, strict=True))
        frame_axes = [a for a in truth.axes if a in FRAME_AXES]
        where |= dict(zip(frame_axes, entries.frame.T, strict=True))
        return held(region, truth.axes, np.column_stack([where[a] for a in truth.axes]))
    # halves go up, as where regions are scored
    pixels = np.floor(entries.centroid + 0.5).astype(np.intp)
    for frame in np.unique(entries.frame, axis=0) if len(entries) else ():
        rows = np.flatnonzero((entries.frame == frame).all(axis=1))
        inside[rows] = region.holds(truth.source, tuple(frame.tolist()), pixels[rows])
    return inside
