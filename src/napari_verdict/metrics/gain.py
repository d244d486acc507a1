"""Where a prediction is nearer to the ground truth than raw is, and where farther."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from napari_verdict.metrics.pixel_rows import load, pixel_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Bins per data range of the histogram that the tolerance is read from, and how many there are.
_BINS_PER_RANGE, _BINS = 4096, 3 * 4096
#: The tolerance is never below this share of the data range.
LEAST_TOLERANCE = 0.01


def gain_map(
    raw_difference: NDArray[np.float32], difference: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return how much nearer to the ground truth the prediction is than raw.

    Parameters
    ----------
    raw_difference, difference : ndarray of float32
        Signed differences of raw and of the prediction to the ground truth.

    Returns
    -------
    ndarray of float32
        Above 0 the prediction is nearer, below 0 farther; NaN where either is.
    """
    gained: NDArray[np.float32] = np.abs(raw_difference)
    with np.errstate(invalid="ignore"):  # differences beyond float32 are infinite
        gained -= np.abs(difference)
    return gained


def beside_raw_rows(
    raw_difference: NDArray[np.float32],
    difference: NDArray[np.float32],
    tolerance: float,
    g: NDArray[Any],
    background: float,
) -> NDArray[np.float64]:
    """Compare a prediction with raw, row by row, on the pixels that are valid in both.

    Parameters
    ----------
    raw_difference, difference : (z, y, x) ndarray of float32
        Signed differences of raw and of the prediction to the ground truth.
    tolerance : float
        A pixel got worse where the gain map is below minus this.
    g : (z, y, x) ndarray of any real dtype
        Ground truth.
    background : float
        Signal is what the ground truth has above this, in its own units; 0 below it.

    Returns
    -------
    (z, y, 6) ndarray of float64
        Pixels that count, those that got worse, sums of squares of raw and of the prediction,
        and the signal in the pixels that count and in those that got worse.
    """
    shape, width = raw_difference.shape[:2], raw_difference.shape[2]
    raw, mine = (np.ascontiguousarray(d).reshape(-1, width) for d in (raw_difference, difference))
    sums, truth = np.empty((len(raw), 6)), pixel_rows(g)
    bytes_of = truth.raw.reshape(len(raw), truth.raw.shape[2])
    _beside_raw_rows(raw, mine, tolerance, bytes_of, truth.code, background, sums)
    return sums.reshape(*shape, 6)


def error_histogram(differences: NDArray[np.float32], data_range: float) -> NDArray[np.int64]:
    """Count magnitudes in bins of 1/4096 of the data range; the last bin takes all above 3 L."""
    bins = np.abs(differences[np.isfinite(differences)])
    with np.errstate(over="ignore"):
        bins *= _BINS_PER_RANGE / data_range
    counts: NDArray[np.int64] = np.bincount(
        np.minimum(bins, _BINS - 1).astype(np.intp), minlength=_BINS
    )
    return counts


def tolerance(counts: NDArray[np.int64], data_range: float) -> float:
    """Return the change of error that counts as a change.

    Parameters
    ----------
    counts : (n,) ndarray of int64
        `error_histogram` of raw over the background.
    data_range : float
        L.

    Returns
    -------
    float
        The median magnitude, to within 1/8192 of the data range, or 0.01 L, whichever is
        larger.
    """
    least = LEAST_TOLERANCE * data_range
    if not counts.sum():
        return least
    middle = int(np.searchsorted(np.cumsum(counts), (counts.sum() + 1) // 2))
    return max(least, (middle + 0.5) * data_range / _BINS_PER_RANGE)


@njit(nogil=True, cache=True, error_model="numpy")
def _beside_raw_rows(
    raw: Any, mine: Any, tolerance: float, truth: Any, code: int, background: float, sums: Any
) -> None:
    g = np.empty(raw.shape[1])
    for i in range(raw.shape[0]):
        load(truth[i], code, 0, g)
        _beside_raw(raw[i], mine[i], tolerance, g, background, sums[i])


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc"})
def _beside_raw(
    raw: Any, mine: Any, tolerance: float, g: Any, background: float, sums: Any
) -> None:
    n = worse = 0
    its = own = signal = lost = 0.0
    for j in range(raw.size):
        r, m = np.float64(raw[j]), np.float64(mine[j])
        gained, above = abs(r) - abs(m), max(g[j] - background, 0.0)
        valid = gained == gained
        n += 1 if valid else 0
        worse += 1 if gained < -tolerance else 0
        its += r * r if valid else 0.0
        own += m * m if valid else 0.0
        signal += above if valid else 0.0
        lost += above if gained < -tolerance else 0.0
    sums[0], sums[1], sums[2], sums[3], sums[4], sums[5] = n, worse, its, own, signal, lost
