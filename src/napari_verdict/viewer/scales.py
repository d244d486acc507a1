"""How far the colours of maps reach: one scale for all candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.viewer.lazy_planes import is_lazy
from napari_verdict.viewer.palette import MAPS

if TYPE_CHECKING:
    from napari_verdict.comparison.result import Result


#: Evidence is coloured up to so many times its threshold.
REACH = 2.0


def threshold_of(result: Result) -> float:
    """Return the evidence from which on noise is no explanation, on either side of 0."""
    gathered = [c.gathering for c in result.conditions.values()]  # type: ignore[attr-defined]
    return float(min(min(-g.low, g.high) for g in gathered))


def map_limits(result: Result, name: str) -> tuple[float, float]:
    """Return the contrast limits of a map: one scale for all candidates.

    Where the scale depends on the images it ends at the 99th percentile of the magnitude,
    taken from a regular sample of each prediction's map, or from some of the planes of a map
    that is computed when it is looked at.
    """
    style = MAPS[name]
    if name == "evidence":
        reach = REACH * threshold_of(result)
        return -reach, reach
    top = style.limit
    if top is None:
        tops = [0.0]
        for prediction in result.comparison.predictions:
            sample = sample_of(result.maps[prediction.name][name])
            if sample.size:
                size = np.abs(sample)
                tops.append(float(np.percentile(size, 99)))
                if name == "disagreement":  # perhaps in a few places only
                    tops.append(float(size.max()) / 2)
        top = max(tops) or 1.0
    return (-top if style.symmetric else 0.0), top


def sample_of(data: Any, about: int = 1_000_000) -> Any:
    """Return finite values of a regular sample, of about so many pixels."""
    if is_lazy(data):
        return _lazy_sample(data, about)
    step = max(1, round((data.size / about) ** (1 / data.ndim)))
    sample = np.asarray(data[(slice(None, None, step),) * data.ndim])
    return sample[np.isfinite(sample)]


def _lazy_sample(data: Any, about: int) -> Any:
    """Return finite values of what is computed at once in the middle, and at both quarters."""
    parts = []
    for quarter in (1, 2, 3):
        at = [
            slice(first := min((n * quarter // 4) // c * c, n - 1), min(first + c, n))
            for n, c in zip(data.shape, data.chunks, strict=True)
        ]
        part = np.asarray(data[tuple(at)]).ravel()
        parts.append(part[:: max(1, part.size * 3 // about)])
    sample = np.concatenate(parts)
    return sample[np.isfinite(sample)]
