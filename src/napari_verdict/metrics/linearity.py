"""Is intensity still quantitative? The mean of a candidate at every intensity of the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit

from napari_verdict.metrics.pixel_rows import load, pixel_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.metrics.moments import Moments

#: Equally wide bins of the ground truth between its low and its high level.
BINS = 32
#: Levels of the candidate: so many to the range, from one range below the low level on.
PER_RANGE, LEVELS = 128, 4 * 128
#: A bin counts with so many pixels, and where the standard error of its mean is at most this.
LEAST_PIXELS, MOST_ERROR = 25, 0.02
#: Between which shares of the candidate the spread of a bin lies.
SPREAD = (0.05, 0.95)
#: The darkest and the brightest share of the range, whose slopes are compared, and their bins.
END, LEAST_BINS = 1 / 3, 3

# sums are of whole numbers, which come out the same in any order; 2^38 pixels cannot overflow them
_ONE, _FARTHEST = 1 << 15, float(1 << 25)
# shifts instead of divisions: by what a bin and a level are wide, and by the levels of a bin
_BIN_BITS, _LEVEL_BITS, _PLACE_BITS = 10, 8, 9
#: What sums are rounded to, a pixel at a time, in shares of the range.
STEP = 1 / _ONE
_NO_MASK = np.ones((1, 1, 1), np.bool_)


class Axes(NamedTuple):
    """How ground truth and candidate become shares of the range of the ground truth.

    Parameters
    ----------
    low, inverse_range : float
        The ground truth: (g - low) * inverse_range.
    zero, gain : float
        The candidate: (p - zero) * gain, so that its line on the ground truth is the identity.
    """

    low: float
    inverse_range: float
    zero: float
    gain: float


def axes_of(moments: Moments, low: float, spread: float) -> Axes | None:
    """Return how a candidate is laid beside the ground truth.

    Its own least-squares line on the ground truth, P = a + b G, is taken off. The fit of the
    scores is another, of the ground truth on the candidate: noise in the candidate flattens that.

    Parameters
    ----------
    moments : Moments
        Of the unfitted pixels.
    low, spread : float
        Of the ground truth: what becomes 0, and what becomes 1 above it.

    Returns
    -------
    Axes or None
        None where the ground truth has no range, the candidate is constant, or the line does
        not rise.
    """
    if not spread or not moments.n or moments.constant_g or moments.constant_p:
        return None
    slope = moments.cov / moments.var_g
    if not 0 < slope < math.inf:
        return None
    zero = moments.mean_p - slope * (moments.mean_g - low)
    return Axes(low, 1 / spread, zero, 1 / slope / spread)


class Tally(NamedTuple):
    """Whole numbers of pixels, which add up to the same bits in any order.

    Parameters
    ----------
    counts : (BINS, LEVELS) ndarray of int64
        Pixels by bin of the ground truth and level of the candidate; the first and the last of
        either take all that lies beyond.
    sums : (BINS, 2) ndarray of int64
        Sums of ground truth and candidate, in 2^-15 of the range.
    """

    counts: NDArray[np.int64]
    sums: NDArray[np.int64]

    def plus(self, other: Tally) -> Tally:
        """Return the tally of both."""
        return Tally(self.counts + other.counts, self.sums + other.sums)


def tally(
    g: NDArray[Any], p: NDArray[Any], axes: Axes, valid: NDArray[np.bool_] | None = None
) -> Tally:
    """Count a block.

    Parameters
    ----------
    g, p : (z, y, x) ndarray of any real dtype
        Ground truth and candidate.
    axes : Axes
        How they become shares of the range.
    valid : (z, y, x) ndarray of bool, optional
        False where pixels are left out; without it all have to be finite.
    """
    truth, candidate = pixel_rows(g), pixel_rows(p)
    counts = np.zeros(BINS * LEVELS, np.int64)
    sums = np.zeros((4, BINS, 2), np.int64)
    _tally(
        truth.raw,
        truth.code,
        candidate.raw,
        candidate.code,
        g.shape[2],
        tuple(axes),
        _NO_MASK if valid is None else np.require(valid, requirements=["C", "W"]),
        valid is not None,
        counts,
        sums,
    )
    return Tally(counts.reshape(BINS, LEVELS), sums.sum(axis=0))


def whole_shares(values: NDArray[Any], zero: float, scale: float) -> NDArray[np.float64]:
    """Return (values - zero) * scale in whole multiples of `STEP`, as in a tally.

    So many as 2^27 pixels add up to the same bits in any order, in float64.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        shares = np.floor((np.asarray(values, np.float64) - zero) * scale * _ONE + 0.5)
    return np.clip(shares, -_FARTHEST, _FARTHEST)


@dataclass(frozen=True, eq=False)
class IntensityCurve:
    """What a candidate shows at n intensities of the ground truth, in shares of its range.

    Both are without unit: 0 is the low level of the ground truth and 1 the high one, and the
    candidate is so laid that its least-squares line on the ground truth is the identity.

    Parameters
    ----------
    n : (BINS,) ndarray of int64
        Pixels by bin.
    truth, mean : (BINS,) ndarray of float64
        Mean of the ground truth and of the candidate; NaN in bins that do not count.
    low, high : (BINS,) ndarray of float64
        5 and 95 percentiles of the candidate, to within 1/128; at most -1 and 3.
    """

    n: NDArray[np.int64]
    truth: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def counts(self) -> NDArray[np.bool_]:
        """Which bins count."""
        return np.isfinite(self.mean)

    @property
    def nli(self) -> float:
        """Nonlinearity index: the farthest that a bin is off the line; NaN below three bins."""
        if self.counts.sum() < LEAST_BINS:
            return math.nan
        return float(np.nanmax(np.abs(self.mean - self.truth)))

    @property
    def slopes(self) -> tuple[float, float]:
        """Slopes in the darkest and in the brightest third of the range; 1 is that of the line.

        Least squares through the bins that count, weighted by their pixels; NaN below three.
        """
        dark, bright = self.truth < END, self.truth > 1 - END
        return self._slope(dark & self.counts), self._slope(bright & self.counts)

    @property
    def slope_ratio(self) -> float:
        """Slope at the bright end over that at the dark end; NaN where the latter is not above 0.

        Below 1 intensity is compressed at the bright end, above 1 it is stretched.
        """
        dark, bright = self.slopes
        return bright / dark if dark > 0 else math.nan

    def _slope(self, bins: NDArray[np.bool_]) -> float:
        if bins.sum() < LEAST_BINS:
            return math.nan
        x, y, n = self.truth[bins], self.mean[bins], self.n[bins]
        x, y = x - np.average(x, weights=n), y - np.average(y, weights=n)
        return float((n * x * y).sum() / (n * x * x).sum())


def curve_of(found: Tally | None) -> IntensityCurve:
    """Return the curve of a tally; of None one without a pixel."""
    if found is None:
        nothing = np.full(BINS, np.nan)
        return IntensityCurve(np.zeros(BINS, np.int64), nothing, nothing, nothing, nothing)
    n = found.counts.sum(axis=1)
    # where there are no pixels at all, what is made here does not count
    at_least_one = np.maximum(n, 1)
    truth, mean = (found.sums / at_least_one[:, np.newaxis] / _ONE).T
    middles = (np.arange(LEVELS) + 0.5) / PER_RANGE - 1
    about = middles - mean[:, np.newaxis]
    squares = (found.counts * about * about).sum(axis=1)
    error = np.sqrt(squares) / at_least_one
    out = (n < LEAST_PIXELS) | (error > MOST_ERROR)
    low, high = (_quantile(found.counts, n, q) for q in SPREAD)
    for values in (truth, mean, low, high):
        values[out] = np.nan
    return IntensityCurve(n, truth, mean, low, high)


def _quantile(counts: NDArray[np.int64], n: NDArray[np.int64], q: float) -> NDArray[np.float64]:
    """Return a quantile of every row of a histogram, pixels spread evenly over their level."""
    below = np.cumsum(counts, axis=1)
    rank = q * n
    level = np.minimum((below < rank[:, np.newaxis]).sum(axis=1), LEVELS - 1)
    rows = np.arange(len(n))
    here = np.maximum(counts[rows, level], 1)
    within = (rank - (below[rows, level] - counts[rows, level])) / here
    quantiles: NDArray[np.float64] = (level + within) / PER_RANGE - 1
    return quantiles


@njit(nogil=True, cache=True, error_model="numpy")
def _tally(
    truth: Any,
    truth_code: int,
    candidate: Any,
    candidate_code: int,
    width: int,
    axes: Any,
    valid: Any,
    masked: bool,
    counts: Any,
    sums: Any,
) -> None:
    # in steps over a row, of which all but the last are done several pixels at a time
    g, p, at = np.empty(width), np.empty(width), np.empty(width, np.uint32)
    x, y = np.empty(width, np.int32), np.empty(width, np.int32)
    low, inverse, zero, gain = axes
    for k in range(truth.shape[0]):
        for i in range(truth.shape[1]):
            load(truth[k, i], truth_code, 0, g)
            load(candidate[k, i], candidate_code, 0, p)
            n = width
            if masked:
                n = _gather(g, p, valid[k, i])
            _scaled(g[:n], low, inverse, x[:n])
            _scaled(p[:n], zero, gain, y[:n])
            _places(x[:n], y[:n], at[:n])
            _count(at[:n], x[:n], y[:n], counts, sums)


@njit(nogil=True, cache=True, error_model="numpy")
def _gather(g: Any, p: Any, valid: Any) -> int:
    n = 0
    for j in range(g.size):
        if valid[j]:
            g[n], p[n] = g[j], p[j]
            n += 1
    return n


@njit(nogil=True, cache=True, error_model="numpy")
def _scaled(values: Any, zero: float, scale: float, out: Any) -> None:
    for j in range(values.size):
        whole = np.floor((values[j] - zero) * scale * _ONE + 0.5)
        out[j] = np.int32(min(max(whole, -_FARTHEST), _FARTHEST))


@njit(nogil=True, cache=True, error_model="numpy")
def _places(x: Any, y: Any, out: Any) -> None:
    for j in range(x.size):
        b = min(max(x[j] >> _BIN_BITS, 0), BINS - 1)
        level = min(max((y[j] >> _LEVEL_BITS) + PER_RANGE, 0), LEVELS - 1)
        out[j] = b * LEVELS + level


@njit(nogil=True, cache=True, error_model="numpy")
def _count(at: Any, x: Any, y: Any, counts: Any, sums: Any) -> None:
    # neighbours are alike, and one sum would have to wait for the other: so four take turns
    whole = at.size - at.size % 4
    for j in range(0, whole, 4):
        a, b, c, d = at[j], at[j + 1], at[j + 2], at[j + 3]
        counts[a] += 1
        counts[b] += 1
        counts[c] += 1
        counts[d] += 1
        a, b, c, d = a >> _PLACE_BITS, b >> _PLACE_BITS, c >> _PLACE_BITS, d >> _PLACE_BITS
        sums[0, a, 0] += x[j]
        sums[0, a, 1] += y[j]
        sums[1, b, 0] += x[j + 1]
        sums[1, b, 1] += y[j + 1]
        sums[2, c, 0] += x[j + 2]
        sums[2, c, 1] += y[j + 2]
        sums[3, d, 0] += x[j + 3]
        sums[3, d, 1] += y[j + 3]
    for j in range(whole, at.size):
        a = at[j] >> _PLACE_BITS
        counts[at[j]] += 1
        sums[0, a, 0] += x[j]
        sums[0, a, 1] += y[j]
