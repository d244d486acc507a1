"""Where a prediction is nearer to the ground truth than raw is, and where farther."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

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


def gain_rows(
    raw_difference: NDArray[np.float32], difference: NDArray[np.float32], tolerance: float
) -> NDArray[np.float64]:
    """Return sums by row over the pixels that are valid in raw and in the prediction.

    Parameters
    ----------
    raw_difference, difference : (y, x) ndarray of float32
        As for `gain_map`.
    tolerance : float
        The change of error that counts.

    Returns
    -------
    (y, 4) ndarray of float64
        For each row: pixels, those whose gain is below minus the tolerance, sums of squares of
        the difference of raw and of the prediction.
    """
    sums = np.zeros((len(difference), 4))
    _gain_rows(
        np.require(raw_difference, np.float32, ["C", "W"]),
        np.require(difference, np.float32, ["C", "W"]),
        -tolerance,
        sums,
    )
    return sums


def background_errors(
    differences: NDArray[np.float32],
    g: NDArray[np.float64],
    background: float,
    data_range: float,
) -> NDArray[np.int64]:
    """Count magnitudes in bins of 1/4096 of the data range; the last bin takes all above 3 L.

    Parameters
    ----------
    differences : ndarray of float32
        Signed differences of raw to the ground truth; NaN is not counted.
    g : ndarray of float64
        The ground truth.
    background : float
        Pixels count where the ground truth is at or below this.
    data_range : float
        L.
    """
    counts = np.zeros(_BINS + 1, np.int64)
    _background_errors(
        np.ascontiguousarray(differences).reshape(-1),
        np.ascontiguousarray(g).reshape(-1),
        background,
        _BINS_PER_RANGE / data_range,
        counts,
    )
    return counts[:-1]


def tolerance(counts: NDArray[np.int64], data_range: float) -> float:
    """Return the change of error that counts as a change.

    Parameters
    ----------
    counts : (n,) ndarray of int64
        `background_errors` of raw.
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


@njit(nogil=True, cache=True)
def _background_errors(d: Any, g: Any, background: float, scale: float, counts: Any) -> None:
    nowhere = counts.size - 1
    for i in range(d.size):
        magnitude = abs(d[i]) * scale
        k = int(magnitude) if magnitude < nowhere else nowhere - 1
        # a branch that no processor could predict would cost more than counting in vain
        counts[k if g[i] <= background and magnitude == magnitude else nowhere] += 1


@njit(nogil=True, cache=True, fastmath={"reassoc"})
def _gain_rows(raw: Any, p: Any, lowest: Any, sums: Any) -> None:
    for i in range(p.shape[0]):
        n, worse = 0, 0
        of_raw, of_p = 0.0, 0.0
        for j in range(p.shape[1]):
            r, d = raw[i, j], p[i, j]
            gained = abs(r) - abs(d)
            seen = gained == gained
            n += seen
            worse += np.float64(gained) < lowest
            of_raw += np.float64(r) * np.float64(r) if seen else 0.0
            of_p += np.float64(d) * np.float64(d) if seen else 0.0
        sums[i, 0], sums[i, 1], sums[i, 2], sums[i, 3] = n, worse, of_raw, of_p
