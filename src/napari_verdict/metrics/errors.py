"""Differences between ground truth and candidate, pixel by pixel and summed by row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.metrics.ssim import Affine


def difference_rows(
    g: NDArray[np.float64],
    p: NDArray[np.float64],
    affine: Affine,
    valid: NDArray[np.bool_] | None,
    out: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Compute the signed difference candidate minus ground truth, and its sums by row.

    Parameters
    ----------
    g, p : (y, x) ndarray of float64
        Rows of ground truth and candidate.
    affine : Affine
        Normalisation and fit.
    valid : (y, x) ndarray of bool, optional
        False where pixels are left out.
    out : (y, x) ndarray of float32
        Receives the map; NaN where not valid.

    Returns
    -------
    (y, 3) ndarray of float64
        For each row: valid pixels, sum of squares, sum of magnitudes.
    """
    sums = np.zeros((len(g), 3))
    a = affine
    _difference_rows(g, p, (a.low, a.inverse_range, a.gain, a.offset), out, sums)
    if valid is not None:
        for i in np.flatnonzero(~valid.all(axis=1)):
            keep = valid[i]
            line = np.empty((1, int(keep.sum())), np.float32)
            sums[i] = 0
            if line.size:
                _difference_rows(
                    g[i, keep][np.newaxis],
                    p[i, keep][np.newaxis],
                    (a.low, a.inverse_range, a.gain, a.offset),
                    line,
                    sums[i : i + 1],
                )
            out[i] = np.nan
            out[i, keep] = line[0]
    return sums


def psnr(mean_square: float, data_range: float) -> float:
    """Return the peak signal-to-noise ratio in dB: 10 log10(L² / MSE); +inf without error."""
    if mean_square == 0:
        return math.inf
    return 20 * math.log10(data_range) - 10 * math.log10(mean_square)


def skill(squares: float, baseline: float) -> float:
    """Return 1 - squared error / that of the baseline on the same pixels; NaN if that is 0."""
    return float(1 - squares / baseline) if baseline > 0 else math.nan


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc"})
def _difference_rows(g: Any, p: Any, affine: Any, out: Any, sums: Any) -> None:
    low, inverse, gain, offset = affine
    for i in range(g.shape[0]):
        squares = 0.0
        magnitudes = 0.0
        for j in range(g.shape[1]):
            # reassociation may not reach these differences: they must be 0 for equal pixels
            d = _difference(g[i, j], p[i, j], low, inverse, gain, offset)
            squares += d * d
            magnitudes += abs(d)
            out[i, j] = d
        sums[i, 0], sums[i, 1], sums[i, 2] = g.shape[1], squares, magnitudes


@njit(nogil=True, cache=True, error_model="numpy")
def _difference(
    g: float, p: float, low: float, inverse: float, gain: float, offset: float
) -> float:
    return ((gain * p + offset) - low) * inverse - (g - low) * inverse
