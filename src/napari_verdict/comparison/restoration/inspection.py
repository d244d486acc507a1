"""Raw and prediction without ground truth: what can be looked at, and what cannot be said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.geometry import sizes_of
from napari_verdict.comparison.words import times
from napari_verdict.engine.sources import canonical_view

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Input
    from napari_verdict.engine.cancel import CancelToken

#: What has to be said first.
STATEMENT = (
    "Without ground truth this is inspection, not validation: there is no score, and nothing "
    "here shows that the prediction is right."
)

#: What to look at, in this order.
CHECK_LIST = (
    "Flip between raw and prediction at high zoom: does every structure have a trace in raw?",
    "Look at the signed difference: it should look like noise. Edges or objects in it were "
    "added, removed or blurred.",
    "Look where signal is weakest: that is where structures are made up or lost first.",
    "Look for repeated patterns, grids and seams of tiles, above all in the background.",
    "Compare the brightness of bright and dim objects: is the order the same in both?",
    "Look for objects that are sharper, rounder or more alike than the optics allow.",
)

#: How to come to a validation.
WAYS_OUT = (
    "Label a little ground truth: a few tiles drawn at random are enough for a first score.",
    "Acquire one more noisy image of the same place: it can be compared with the prediction "
    "in the place of a clean one.",
    "Make a noisy image from a clean one, run the model on it, and compare with the clean one.",
)


@dataclass(frozen=True, eq=False)
class FittedDifference:
    """What is left of a prediction, fitted to raw, when raw is taken off.

    Parameters
    ----------
    difference : ndarray of float32
        gain · prediction + offset − raw, in the units of raw, shape and axes of raw. NaN
        where either is not finite, or in frames that cannot be fitted.
    fits : tuple of (float, float)
        Gain and offset of every frame, in the order of the frames; NaN where the
        prediction is constant or nothing is finite.
    """

    difference: NDArray[np.float32]
    fits: tuple[tuple[float, float], ...]


def fitted_difference(
    prediction: Input, raw: Input, token: CancelToken | None = None
) -> FittedDifference:
    """Fit a prediction to raw by gain and offset, frame by frame, and subtract raw.

    Parameters
    ----------
    prediction, raw : Input
        Of the same size along the same axes. Only read, plane by plane.
    token : CancelToken, optional
        Checked at every plane.

    Raises
    ------
    ComparisonError
        If shapes or axes differ.
    Cancelled
        If the token was set.
    """
    _check(prediction, raw)
    out = np.empty(raw.shape, np.float32)
    view = canonical_view(out, raw.axes)
    fits = []
    for frame in raw.source.frames:
        gain, offset = _fit(prediction, raw, frame, token)
        fits.append((gain, offset))
        for z in range(raw.source.shape[0]):
            p, r = _planes(prediction, raw, frame, z, token)
            with np.errstate(invalid="ignore"):
                view[frame][z] = gain * p + offset - r
    out[~np.isfinite(out)] = np.nan
    return FittedDifference(out, tuple(fits))


def _check(prediction: Input, raw: Input) -> None:
    text = ""
    if "?" in raw.axes + prediction.axes:
        text = "Say first what the axes of raw and of the prediction are."
    elif prediction.axes != raw.axes:
        text = f"The prediction has the axes {prediction.axes}, raw {raw.axes}. Choose a match."
    elif sizes_of(prediction) != sizes_of(raw):
        text = (
            f"The prediction is {times(prediction.shape)}, raw {times(raw.shape)}. Nothing was "
            "resized. Choose layers of the same shape."
        )
    if text:
        raise ComparisonError([Finding("shape-mismatch", Severity.ERROR, text, prediction.name)])


def _planes(
    prediction: Input, raw: Input, frame: tuple[int, ...], z: int, token: CancelToken | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if token is not None:
        token.check()
    at = frame, slice(z, z + 1), slice(0, raw.source.shape[1])
    p, r = (np.require(i.source.read(*at)[0], np.float64, ["C", "W"]) for i in (prediction, raw))
    return p, r


def _fit(
    prediction: Input, raw: Input, frame: tuple[int, ...], token: CancelToken | None
) -> tuple[float, float]:
    from napari_verdict.metrics.moments import combine, row_moments

    rows = []
    for z in range(raw.source.shape[0]):
        p, r = _planes(prediction, raw, frame, z, token)
        finite = np.isfinite(p) & np.isfinite(r)
        rows.append(row_moments(r[np.newaxis], p[np.newaxis], finite[np.newaxis]))
    moments = combine(np.concatenate(rows))
    if not moments.n or moments.constant_p:
        return float("nan"), float("nan")
    return moments.fit()
