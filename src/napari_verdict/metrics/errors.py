"""Differences between ground truth and candidate, pixel by pixel and summed by row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from napari_verdict.metrics.pixel_rows import load, pixel_rows, plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.metrics.ssim import Affine

_NO_MASK = np.ones((1, 1, 1), np.bool_)


def difference_rows(
    g: NDArray[Any],
    p: NDArray[Any],
    affine: Affine,
    valid: NDArray[np.bool_] | None,
    out: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Compute the signed difference candidate minus ground truth, and its sums by row.

    Parameters
    ----------
    g, p : (z, y, x) ndarray of any real dtype
        Ground truth and candidate.
    affine : Affine
        Normalisation and fit.
    valid : (z, y, x) ndarray of bool, optional
        False where pixels are left out.
    out : (z, y, x) ndarray of float32
        Receives the map; NaN where not valid.

    Returns
    -------
    (z, y, 3) ndarray of float64
        For each row: valid pixels, sum of squares, sum of magnitudes.
    """
    sums, target = np.zeros((*g.shape[:2], 3)), plain(out)
    truth, candidate, a = pixel_rows(g), pixel_rows(p), affine
    _difference_rows(
        truth.raw,
        truth.code,
        candidate.raw,
        candidate.code,
        (a.low, a.inverse_range, a.gain, a.offset),
        _NO_MASK if valid is None else np.require(valid, requirements=["C", "W"]),
        valid is not None,
        target,
        sums,
    )
    if target is not out:
        out[...] = target
    return sums


def psnr(mean_square: float, data_range: float) -> float:
    """Return the peak signal-to-noise ratio in dB: 10 log10(L² / MSE); +inf without error."""
    if mean_square == 0:
        return math.inf
    return 20 * math.log10(data_range) - 10 * math.log10(mean_square)


def skill(squares: float, baseline: float) -> float:
    """Return 1 - squared error / that of the baseline on the same pixels; NaN if that is 0."""
    return float(1 - squares / baseline) if baseline > 0 else math.nan


@njit(nogil=True, cache=True, error_model="numpy")
def _difference_rows(
    truth: Any,
    truth_code: int,
    candidate: Any,
    candidate_code: int,
    affine: Any,
    valid: Any,
    masked: bool,
    out: Any,
    sums: Any,
) -> None:
    depth, height, width = out.shape
    g, d = np.empty(width), np.empty(width)
    for k in range(depth):
        for i in range(height):
            load(truth[k, i], truth_code, 0, g)
            load(candidate[k, i], candidate_code, 0, d)
            _difference(g, d, affine)
            n = width
            if masked:
                # what is left out is put behind what counts, so that sums run over whole rows
                n = _gather(d, valid[k, i], g)
                _put(d, valid[k, i], out[k, i])
            else:
                _copy(d, out[k, i])
            squares, magnitudes = _sums(g[:n] if masked else d)
            sums[k, i, 0], sums[k, i, 1], sums[k, i, 2] = n, squares, magnitudes


@njit(nogil=True, cache=True, error_model="numpy")
def _difference(g: Any, p: Any, affine: Any) -> None:
    # no reassociation here: equal pixels must give 0
    low, inverse, gain, offset = affine
    for j in range(g.size):
        p[j] = ((gain * p[j] + offset) - low) * inverse - (g[j] - low) * inverse


@njit(nogil=True, cache=True, error_model="numpy")
def _gather(d: Any, valid: Any, found: Any) -> int:
    n = 0
    for j in range(d.size):
        if valid[j]:
            found[n] = d[j]
            n += 1
    return n


@njit(nogil=True, cache=True, error_model="numpy")
def _put(d: Any, valid: Any, out: Any) -> None:
    for j in range(d.size):
        out[j] = d[j] if valid[j] else np.nan


@njit(nogil=True, cache=True, error_model="numpy")
def _copy(d: Any, out: Any) -> None:
    for j in range(d.size):
        out[j] = d[j]


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc"})
def _sums(d: Any) -> tuple[float, float]:
    squares = magnitudes = 0.0
    for j in range(d.size):
        squares += d[j] * d[j]
        magnitudes += abs(d[j])
    return squares, magnitudes
