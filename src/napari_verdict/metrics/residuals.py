"""What a prediction leaves of raw, in standard deviations of the noise, and its signatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.metrics.noise import NoiseModel

#: Lags of the autocorrelation, in pixels.
LAGS = 5
#: Bins of the prediction.
LEVELS = 8


def standardised_residual(
    raw: NDArray[Any],
    prediction: NDArray[Any],
    noise: NoiseModel,
    valid: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:
    """Return raw minus prediction in standard deviations of the noise at the prediction.

    Parameters
    ----------
    raw, prediction : ndarray
        Of one shape, in ADU: a prediction of another gain or offset is fitted before.
    noise : NoiseModel
        Of the camera that took raw.
    valid : ndarray of bool, optional
        False where pixels are left out, as saturated ones should be.

    Returns
    -------
    ndarray of float32
        Mean 0 and variance 1 where the prediction is right; above 0 where raw has more than is
        predicted. NaN where a pixel is left out or not finite.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if raw.shape != prediction.shape:
        raise ValueError(f"shapes differ: {raw.shape} and {prediction.shape}")
    finite = np.isfinite(raw) & np.isfinite(prediction)
    mean = np.where(finite, prediction, 0).astype(np.float64)
    z = np.where(finite, raw, 0) - mean
    z /= np.sqrt(noise.variance(mean))
    z[~(finite if valid is None else finite & valid)] = np.nan
    return z.astype(np.float32)


@dataclass(frozen=True, eq=False)
class Signatures:
    """What tells noise from what is left of structure; NaN where there are too few pixels.

    Parameters
    ----------
    n : int
        Pixels.
    mean, variance : float
        Of the standardised residual; 0 and 1 where the prediction is right. Below 1 it kept some
        of the noise, above 1 it left structure.
    autocorrelation : (2, 5) ndarray of float64
        Along y and x, at lags of 1 to 5 px, of the residual about its mean. Above 0 structure is
        left (over-smoothed), below 0 noise of neighbours was kept.
    pairs : (2, 5) ndarray of int64
        Pairs of valid pixels each is from: its standard error is 1/√pairs for white noise.
    level, level_mean, level_variance : (k,) ndarray of float64
        Mean prediction of each bin of equal numbers of pixels, with mean and variance of the
        residual there: biased at bright or dark intensities.
    level_n : (k,) ndarray of int64
        Pixels in each bin.
    gradient_correlation : float
        Pearson correlation of the residual with the magnitude of the prediction's gradient: not
        0 where edges are eroded or ring.
    """

    n: int
    mean: float
    variance: float
    autocorrelation: NDArray[np.float64]
    pairs: NDArray[np.int64]
    level: NDArray[np.float64]
    level_mean: NDArray[np.float64]
    level_variance: NDArray[np.float64]
    level_n: NDArray[np.int64]
    gradient_correlation: float

    @property
    def nearest(self) -> float:
        """Correlation of neighbouring pixels, of both axes together; NaN without a pair."""
        pairs = self.pairs[:, 0]
        if not pairs.sum():
            return float("nan")
        return float(np.nansum(self.autocorrelation[:, 0] * pairs) / pairs.sum())


def signatures(
    z: NDArray[np.float32], prediction: NDArray[Any], levels: int = LEVELS
) -> Signatures:
    """Measure what is left of structure in a standardised residual.

    Parameters
    ----------
    z : (y, x) ndarray of float32
        From `standardised_residual`; NaN pixels stay out of everything.
    prediction : (y, x) ndarray
        What it is the residual of.
    levels : int
        Bins of the prediction.

    Returns
    -------
    Signatures
    """
    valid = np.isfinite(z)
    values = z[valid].astype(np.float64)
    n = values.size
    mean = float(values.mean()) if n else float("nan")
    variance = float(values.var()) if n else float("nan")
    centred = np.where(valid, z - mean, 0.0)
    lagged = [_lagged(centred, valid, axis) for axis in (0, 1)]
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = np.array([c for c, _ in lagged]) / variance
    by_level = _by_level(prediction[valid].astype(np.float64), values, levels)
    return Signatures(
        n,
        mean,
        variance,
        correlation,
        np.array([p for _, p in lagged], np.int64),
        *by_level,
        _with_gradient(centred, valid, prediction),
    )


def _lagged(
    centred: NDArray[np.float64], valid: NDArray[np.bool_], axis: int
) -> tuple[list[float], list[int]]:
    """Return mean products of pixels 1 to 5 px apart, and how many pairs there are."""
    c, v = np.moveaxis(centred, axis, 0), np.moveaxis(valid, axis, 0)
    products, pairs = [], []
    for lag in range(1, LAGS + 1):
        n = int(np.count_nonzero(v[lag:] & v[:-lag]))
        total = float((c[lag:] * c[:-lag]).sum())
        products.append(total / n if n else float("nan"))
        pairs.append(n)
    return products, pairs


def _by_level(
    prediction: NDArray[np.float64], values: NDArray[np.float64], levels: int
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return level, mean, variance and number of pixels of each bin of the prediction."""
    if levels == 1:  # nothing to sort
        bins: list[Any] = [slice(None)] if values.size else []
    else:
        order = np.argsort(prediction, kind="stable")
        bins = [b for b in np.array_split(order, levels) if b.size]
    return (
        np.array([prediction[b].mean() for b in bins]),
        np.array([values[b].mean() for b in bins]),
        np.array([values[b].var() for b in bins]),
        np.array([values[b].size for b in bins], np.int64),
    )


def _with_gradient(
    centred: NDArray[np.float64], valid: NDArray[np.bool_], prediction: NDArray[Any]
) -> float:
    if min(prediction.shape) < 2:
        return float("nan")
    gy, gx = np.gradient(prediction.astype(np.float64))
    steep = np.hypot(gy, gx)
    # a gradient beside a pixel that is not finite is not either
    good = valid & np.isfinite(steep)
    if not good.any():
        return float("nan")
    a, b = centred[good] - centred[good].mean(), steep[good] - steep[good].mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / scale) if scale > 0 else float("nan")
