"""Where raw contradicts a prediction: the standardised residual gathered at several scales."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Standard deviations of the Gaussian windows, in pixels.
SCALES = (2.0, 3.0, 4.0, 6.0)
#: A peak is the largest within this many pixels along each axis.
SEPARATION = 4


def reach(scales: Sequence[float] = SCALES) -> int:
    """Return how many pixels around a place decide on its evidence: the halo of a block."""
    return max(len(_taps(s)) - 1 for s in scales)


def evidence_map(
    z: NDArray[np.float32],
    scales: Sequence[float] = SCALES,
    rows: slice | None = None,
) -> NDArray[np.float32]:
    """Gather a standardised residual under Gaussian windows; the scale that says most counts.

    At each scale s the map is k = (G_s * z) / √(G_s² * v), sums over the valid pixels v of the
    window alone. Where z is white and of variance 1, so where the prediction is right, k has
    variance 1 everywhere, at borders and beside holes too; away from those it is 2√π s (G_s * z).

    Parameters
    ----------
    z : (y, x) ndarray of float32
        From `standardised_residual`; NaN pixels stay out of every window.
    scales : sequence of float
        Standard deviations of the windows, in pixels, above 0.
    rows : slice, optional
        Rows wanted of a block that has a halo of `reach(scales)` rows wherever the image goes
        on; all by default.

    Returns
    -------
    (n, x) ndarray of float32
        Of all scales the k of largest magnitude. Above 0 raw has photons that are not shown,
        below 0 something is shown without photons. NaN where z is.
    """
    wanted = slice(*(rows or slice(None)).indices(len(z))[:2])
    valid = np.isfinite(z)
    filled = np.where(valid, z, np.float32(0))
    seen = None if valid.all() else valid.astype(np.float32)
    best = np.zeros((wanted.stop - wanted.start, z.shape[1]), np.float32)
    for scale in scales:
        k = _filtered(filled, _taps(scale), wanted)
        _normalise(k, seen, z.shape[0], scale, wanted)
        _keep_larger(k, best)
    best[~valid[wanted]] = np.nan
    return best


def detection_limit(
    deviation: NDArray[Any], scale: float, threshold: float, rows: slice | None = None
) -> NDArray[np.float32]:
    """Return the smallest blob that would have been seen at each place.

    A blob of amplitude A and profile exp(-r²/2s²) adds to k, at its centre, A times the mean of
    1/σ over the window, squared weights; the limit is the A at which that is the threshold.
    Where σ is constant, and away from borders and holes, that is threshold · σ / (√π s).

    Parameters
    ----------
    deviation : (y, x) ndarray
        Standard deviation σ of the noise at the prediction, in ADU; NaN where pixels are left out.
    scale : float
        s, in pixels.
    threshold : float
        Above which evidence counts, above 0.
    rows : slice, optional
        As in `evidence_map`.

    Returns
    -------
    (n, x) ndarray of float32
        In ADU. A blob at the limit is seen half the time, one at twice the limit nearly
        always. NaN where `deviation` is.
    """
    wanted = slice(*(rows or slice(None)).indices(len(deviation))[:2])
    valid = np.isfinite(deviation) & (deviation > 0)
    inverse = np.divide(1, deviation, where=valid, out=np.zeros(deviation.shape, np.float32))
    taps = _taps(scale)
    seen = None if valid.all() else valid.astype(np.float32)
    weight = _filtered(inverse, taps**2, wanted)
    limit = np.full(weight.shape, np.float32(threshold) * taps[0] ** 2, np.float32)
    _normalise(limit, seen, deviation.shape[0], scale, wanted, times=True)
    np.divide(limit, weight, where=valid[wanted], out=limit)
    limit[~valid[wanted]] = np.nan
    return limit


def peaks(
    evidence: NDArray[np.float32], low: float, high: float
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return the peaks of a map that lie below `low` or above `high`, largest magnitude first.

    Parameters
    ----------
    evidence : (y, x) ndarray of float32
        NaN pixels are no peaks and hide none.
    low, high : float
        Thresholds, below and above 0.

    Returns
    -------
    places : (n, 2) ndarray of intp
        y, x of each.
    heights : (n,) ndarray of float32
        The map there, signed.
    """
    found = [_maxima(evidence, high), _maxima(-evidence, -low)]
    places = np.concatenate(found)
    heights = evidence[places[:, 0], places[:, 1]]
    order = np.argsort(-np.abs(heights), kind="stable")
    return places[order], heights[order]


def _maxima(image: NDArray[np.float32], least: float) -> NDArray[np.intp]:
    """Return pixels above `least` that no pixel within SEPARATION exceeds; of equals the first."""
    y, x = np.nonzero(image > least)
    top = np.ones(y.size, bool)
    for dy in range(-SEPARATION, SEPARATION + 1):
        for dx in range(-SEPARATION, SEPARATION + 1):
            ny, nx = y + dy, x + dx
            inside = (ny >= 0) & (ny < image.shape[0]) & (nx >= 0) & (nx < image.shape[1])
            there = image[np.where(inside, ny, y), np.where(inside, nx, x)]
            earlier = (dy, dx) < (0, 0)
            here = image[y, x]
            top &= ~inside | ~((there > here) | (earlier & (there == here)))
    return np.stack([y[top], x[top]], axis=1)


def _taps(scale: float) -> NDArray[np.float32]:
    """Return the centre and one side of a Gaussian window cut at 4 deviations, of sum 1."""
    if not 0 < scale < 1000:
        raise ValueError(f"a scale of {scale:g} px is none; it must be above 0 and below 1000")
    side = np.exp(-0.5 * (np.arange(int(4 * scale + 0.5) + 1) / scale) ** 2)
    taps: NDArray[np.float32] = (side / (2 * side.sum() - side[0])).astype(np.float32)
    return taps


def _filtered(
    source: NDArray[np.float32], taps: NDArray[np.float32], wanted: slice
) -> NDArray[np.float32]:
    out = np.empty((wanted.stop - wanted.start, source.shape[1]), np.float32)
    _filter_rows(np.ascontiguousarray(source), taps, wanted.start, out)
    return out


def _normalise(
    k: NDArray[np.float32],
    seen: NDArray[np.float32] | None,
    height: int,
    scale: float,
    wanted: slice,
    *,
    times: bool = False,
) -> None:
    """Divide by √(G² * v), or multiply with it; without holes it is a product of two vectors."""
    squared = _taps(scale) ** 2
    if seen is not None:
        with np.errstate(divide="ignore"):  # nothing valid within reach: NaN anyway
            weight = np.sqrt(_filtered(seen, squared, wanted))
            np.multiply(k, weight if times else np.where(weight > 0, 1 / weight, 0), out=k)
        return
    along_y, along_x = (np.sqrt(_within(squared, n)) for n in (height, k.shape[1]))
    along_y = along_y[wanted]
    k *= (along_y if times else 1 / along_y)[:, None]
    k *= along_x if times else 1 / along_x


def _within(taps: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Return the sum of the taps that fall within the image, at each pixel of an axis."""
    whole = np.concatenate([taps[:0:-1], taps]).astype(np.float64)
    total = np.concatenate([[0.0], np.cumsum(whole)])
    at, r = np.arange(size), len(taps) - 1
    first, last = np.maximum(r - at, 0), np.minimum(r + size - at, 2 * r + 1)
    inside: NDArray[np.float32] = (total[last] - total[first]).astype(np.float32)
    return inside


@njit(nogil=True, cache=True)
def _filter_rows(source: Any, taps: Any, first: int, out: Any) -> None:
    """Filter rows with a symmetric window, down and across; beyond the borders is 0."""
    height, width = source.shape
    r = taps.size - 1
    padded = np.zeros(width + 2 * r, np.float32)
    line = padded[r : r + width]
    for i in range(out.shape[0]):
        y = first + i
        _add(source[y], taps[0], line, True)
        for t in range(1, r + 1):
            if y - t >= 0 and y + t < height:
                _add_pair(source[y - t], source[y + t], taps[t], line)
            elif y - t >= 0:
                _add(source[y - t], taps[t], line, False)
            elif y + t < height:
                _add(source[y + t], taps[t], line, False)
        row = out[i]
        _add(line, taps[0], row, True)
        for t in range(1, r + 1):
            _add_pair(padded[r - t :], padded[r + t :], taps[t], row)


@njit(nogil=True, cache=True)
def _add(a: Any, weight: Any, to: Any, first: bool) -> None:
    if first:
        for j in range(to.size):
            to[j] = weight * a[j]
    else:
        for j in range(to.size):
            to[j] += weight * a[j]


@njit(nogil=True, cache=True)
def _add_pair(a: Any, b: Any, weight: Any, to: Any) -> None:
    for j in range(to.size):
        to[j] += weight * (a[j] + b[j])


@njit(nogil=True, cache=True)
def _keep_larger(k: Any, best: Any) -> None:
    for i in range(k.shape[0]):
        for j in range(k.shape[1]):
            best[i, j] = k[i, j] if abs(k[i, j]) > abs(best[i, j]) else best[i, j]
