"""The camera's noise from the finest detail of one image, where second differences leave it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import convolve1d, gaussian_filter, minimum_filter

from napari_verdict.metrics.noise import BINS, NoiseCurve, equal_bins

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Second differences, which leave white noise its variance.
_SECOND = np.array([1.0, -2.0, 1.0]) / math.sqrt(6.0)


def detail_curve(
    raw: NDArray[Any], prediction: NDArray[Any], valid: NDArray[np.bool_], bins: int = BINS
) -> NoiseCurve:
    """Measure variance against mean from the finest detail of raw, binned by a prediction.

    Second differences along both axes leave white noise its variance, and next to nothing of an
    image that optics made smooth (Immerkaer 1996, Fast Noise Variance Estimation,
    10.1006/cviu.1996.0060). The prediction, under a window of 2 px, only tells bright places from
    dim ones; means are those of raw there. So noise that it kept does not make the camera look
    better, nor does structure that it lost make it look worse; structure as fine as a pixel counts
    as noise. Bins are of equal numbers of pixels; what lies beyond three robust deviations of the
    median, and beyond four steps of grey, is left out, so that edges and hot pixels do not count.

    Parameters
    ----------
    raw, prediction : (y, x) ndarray
        Of the same shape, in ADU.
    valid : (y, x) ndarray of bool
        False where pixels are left out, as saturated ones should be; those not finite are, too.
    bins : int
        How many.

    Returns
    -------
    NoiseCurve
    """
    good = valid & np.isfinite(raw) & np.isfinite(prediction)
    seen = np.where(good, raw, 0).astype(np.float64)
    weight = gaussian_filter(good.astype(np.float64), 2.0, mode="constant")
    shown = np.where(good, prediction, 0).astype(np.float64)
    bright = gaussian_filter(shown, 2.0, mode="constant")
    bright /= np.maximum(weight, 1e-9)
    # a pixel counts if all that it is held against does
    whole = minimum_filter(good, 3, mode="constant", cval=False)
    detail = convolve1d(convolve1d(seen, _SECOND, axis=0), _SECOND, axis=1)[whole]
    step, level, rows = _step(seen[good]), seen[whole], []
    for b in equal_bins(bright[whole], bins):
        kept, share = _without_outliers(detail[b], step)
        # where raw is far from what is predicted its mean is another's
        near, _ = _without_outliers(level[b] - bright[whole][b], step)
        rows.append((float(level[b][near].mean()), float(detail[b][kept].var() / share), b.size))
    table = np.array(rows, float).reshape(-1, 3)
    return NoiseCurve(table[:, 0], table[:, 1], table[:, 2].astype(np.int64))


def _step(values: NDArray[np.float64]) -> float:
    """Return the step of grey values: the smallest difference of two; 0 without two."""
    some = np.unique(values[:: values.size // 2**16 | 1])
    return float(np.diff(some).min()) if some.size > 1 else 0.0


def _without_outliers(values: NDArray[np.float64], step: float) -> tuple[NDArray[np.bool_], float]:
    """Return which values are no outliers, and what share of a normal variance they keep."""
    distance = np.abs(values - np.median(values))
    deviation = 1.4826 * float(np.median(distance))
    # where most pixels hold no photon, half of the values may be the same
    most = max(3 * deviation, 4 * step)
    kept: NDArray[np.bool_] = distance <= most
    if most >= 6 * deviation:
        return kept, 1.0
    cut = most / deviation
    beyond = math.sqrt(2 / math.pi) * cut * math.exp(-cut * cut / 2) / math.erf(cut / math.sqrt(2))
    return kept, 1 - beyond
