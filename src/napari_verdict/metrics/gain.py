"""Where a prediction is nearer to the ground truth than raw is, and where farther."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
    gained -= np.abs(difference)
    return gained


def worse_rows(
    raw_difference: NDArray[np.float32], difference: NDArray[np.float32], tolerance: float
) -> NDArray[np.int64]:
    """Count, row by row, where the prediction is farther from the ground truth than raw is.

    Parameters
    ----------
    raw_difference, difference : (z, y, x) ndarray of float32
        Signed differences of raw and of the prediction to the ground truth.
    tolerance : float
        The gain map has to be below minus this.

    Returns
    -------
    (z, y, 2) ndarray of int64
        Pixels that got worse, and pixels where the gain map is defined.
    """
    gained = gain_map(raw_difference, difference)
    worse = np.count_nonzero(gained < -tolerance, axis=-1)
    return np.stack([worse, np.count_nonzero(gained == gained, axis=-1)], axis=-1)


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
