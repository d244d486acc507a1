"""Where in a plane errors are locally large, and larger than such a place lets one expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

#: Boxes are placed in steps of this share of their side.
STEPS_PER_BOX = 4
#: A box is looked at where at least this share of it is valid.
LEAST_VALID = 0.5
#: Squared errors that are expected are never below this share of their mean over the plane.
LEAST_EXPECTED = 0.6
#: Squared errors count as at most so many times the expected one, so that few rule nothing.
MOST_UNUSUAL = 9.0
#: Rounds in which expectations and their weights are brought into line, and squares looked at.
ROUNDS, ENOUGH = 4, 20_000
#: Sigma of the Gaussian windows, in sides of a box.
SIGMAS = (1 / 8, 1 / 4, 1 / 2)
#: What `deviations` tells apart, in the order of its planes.
TERMS = ("mean, fine", "mean", "mean, coarse", "spread", "shift")

_NORMAL, _RAYLEIGH = 0.6745, 1.1774  # medians of |N(0, 1)| and of the length of two of them


def binned(plane: NDArray[np.float32], step: int) -> tuple[Plane, Plane]:
    """Average a plane in squares of `step` pixels, leaving out what is not finite.

    Parameters
    ----------
    plane : (y, x) ndarray of float32
        NaN and infinite pixels are left out.
    step : int
        Side of a square; those at the end may be smaller.

    Returns
    -------
    means, shares : (ceil(y / step), ceil(x / step)) ndarray of float32
        The mean, 0 where no pixel is valid; and the valid pixels of a whole square's.
    """
    valid = np.isfinite(plane)
    filled = np.where(valid, plane, np.float32(0))
    padding = [(0, -n % step) for n in plane.shape]
    total = _summed(np.pad(filled, padding), step)
    count = _summed(np.pad(valid, padding).astype(np.float32), step)
    means = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    return means, count / np.float32(step * step)


def box_means(means: Plane, shares: Plane, side: int) -> Plane:
    """Return the mean over every box of `side` × `side` squares that lies in the plane.

    Parameters
    ----------
    means, shares : (y, x) ndarray of float32
        See `binned`.
    side : int
        At most y and x.

    Returns
    -------
    (y - side + 1, x - side + 1) ndarray of float32
        By the first square of the box; NaN where less than half of it is valid.
    """
    weight = _boxes(shares, side)
    found = np.full_like(weight, np.nan)
    total = _boxes(means * shares, side)
    return np.divide(total, weight, out=found, where=weight >= LEAST_VALID)


def deviations(truth: Plane, difference: Plane, shares: Plane, side: float) -> Plane:
    """Return by how much errors exceed what is expected in such places.

    Each of the `TERMS` is a field of the plane. The first three are the mean difference in
    Gaussian windows of three sizes, with its sign, over the root mean square error expected
    there. The fourth is the root mean square difference over the expected one. The fifth is
    the part of it that a shift of the ground truth explains (differences that follow its
    gradient), over the expected one. Each is then divided by its own usual size in the
    plane, the median brought to a standard deviation; the fourth is counted from its median.

    Parameters
    ----------
    truth, difference, shares : (y, x) ndarray of float32
        Ground truth, signed difference to it, and valid pixels; see `binned`.
    side : float
        Of a box, in the pixels of these.

    Returns
    -------
    (5, y, x) ndarray of float32
        0 where nothing is valid and in a plane without error.
    """
    found = np.zeros((len(TERMS), *truth.shape), np.float32)
    there = shares > 0
    size = float(np.abs(difference).max(initial=0))
    if not there.any() or not size:
        return found
    d = difference / np.float32(size)  # so that squares stay within float32
    g = _scaled(truth, there)
    squares = expected_squares(g, d, shares)
    windows = [_Window(shares, sigma * side) for sigma in SIGMAS]
    usual = [np.sqrt(w.mean(squares)) for w in windows]
    for k, window in enumerate(windows):
        found[k] = _over(window.mean(d), usual[k])
    found[3] = _over(np.sqrt(windows[1].mean(d * d)), usual[1])
    found[3] -= np.median(_some(found[3][there]))
    found[4] = _over(np.sqrt(_explained_by_shift(g, d, windows[2])), usual[2])
    for k, window in enumerate((*windows, *windows[1:])):
        found[k] *= window.trust
        sizes = np.abs(found[k][there])
        # a shift is only known where the ground truth is steep
        found[k] /= _usual(sizes, _NORMAL) if k < 4 else _usual(sizes[sizes > 0], _RAYLEIGH)
    found[3:] = np.maximum(found[3:], 0)
    found[:, ~there] = 0
    return found


def expected_squares(truth: Plane, difference: Plane, shares: Plane) -> Plane:
    """Return the squared error that is usual where the ground truth is as bright and as uneven.

    The expectation is a + b·I + c·V, where I is the smoothed ground truth above its 1st
    percentile, for noise grows with light; V is the smoothed square of what smoothing takes
    from the ground truth, for details are what a restoration loses; and a, b, c ≥ 0 are fitted
    to the squared differences by least squares, weighted by the inverse square of the
    expectation.

    Parameters
    ----------
    truth, difference, shares : (y, x) ndarray of float32
        See `deviations`.

    Returns
    -------
    (y, x) ndarray of float32
        The expectation, and `LEAST_EXPECTED` of the mean over the plane on top. Above 0 where
        any difference is. While fitting, no square counts as more than `MOST_UNUSUAL` times
        the expectation of the round before.
    """
    there = shares > 0
    window = _Window(shares, 1)
    smooth = window.mean(truth)
    uneven = window.mean((truth - smooth) ** 2)
    bright = np.maximum(smooth - np.quantile(_some(smooth[there]), 0.01), 0)
    mean = max(float((difference[there] ** 2).mean(dtype=np.float64)), 1e-30)
    terms = [np.ones_like(truth), *(f / (f[there].mean() or 1) for f in (bright, uneven))]
    every = max(1, np.count_nonzero(there) // ENOUGH)
    table = np.stack([t[there][::every] for t in terms], axis=1).astype(np.float64)
    squares = (difference[there][::every].astype(np.float64) ** 2) / mean
    expected = np.ones_like(squares)
    for k in range(ROUNDS):
        ratio = squares / expected
        factors = _least_squares(
            table / expected[:, np.newaxis], np.minimum(ratio, MOST_UNUSUAL) if k else ratio
        )
        expected = np.einsum("ij,j->i", table, factors) + LEAST_EXPECTED
    found: Plane = sum((f * np.float32(a) for f, a in zip(terms, factors, strict=True)),
                       np.full_like(truth, LEAST_EXPECTED))  # fmt: skip
    return (found * np.float32(mean)).astype(np.float32)


def _least_squares(table: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve few unknowns that are not negative; einsum, as BLAS would start threads."""
    from scipy.optimize import nnls

    own = np.einsum("ij,ik->jk", table, table)
    own += 1e-12 * np.trace(own) * np.eye(len(own))
    root = np.linalg.cholesky(own)
    found: NDArray[np.float64] = nnls(
        root.T, np.linalg.solve(root, np.einsum("ij,i->j", table, wanted))
    )[0]
    return found


def fold_to_boxes(field: Plane, side: int) -> Plane:
    """Give every value of a plane to the box around it, near the rim to the nearest one.

    Parameters
    ----------
    field : (y, x) ndarray of float32
        Without NaN.
    side : int
        At most y and x.

    Returns
    -------
    (y - side + 1, x - side + 1) ndarray
        By the first pixel of the box, the largest value that it is given.
    """
    before = side // 2
    for _ in range(2):
        last = len(field) - side
        kept = field[before : before + last + 1].copy()
        kept[0] = field[: before + 1].max(axis=0)
        kept[-1] = np.maximum(kept[-1], field[before + last :].max(axis=0))
        field = kept.T
    return np.ascontiguousarray(field)


def separate_peaks(
    score: Plane, side: int, n: int, *, shadow: float = 0
) -> list[tuple[int, int, float]]:
    """Find the boxes with the highest scores of which no two overlap.

    Parameters
    ----------
    score : (y, x) ndarray of float32
        By the first pixel of the box; NaN where there is none.
    side : int
        Of a box.
    n : int
        How many at most.
    shadow : float
        Boxes next to a found one are left out where they score less than this share of it:
        windows that reach into it are all they show.

    Returns
    -------
    list of (int, int, float)
        Row, column and score; the highest first, equal ones in reading order.
    """
    left = np.where(np.isnan(score), np.float32(-np.inf), score)
    found: list[tuple[int, int, float]] = []
    while left.size and len(found) < n:
        y, x = (int(i) for i in np.unravel_index(int(left.argmax()), left.shape))
        if left[y, x] == -np.inf:
            break
        peak = float(left[y, x])
        found.append((y, x, peak))
        beside = left[_around(y, 2 * side), _around(x, 2 * side)]
        beside[beside < shadow * peak] = -np.inf
        left[_around(y, side), _around(x, side)] = -np.inf
    return found


def _around(start: int, reach: int) -> slice:
    """Return where boxes begin less than `reach` away."""
    return slice(max(0, start - reach + 1), start + reach)


class _Window:
    """Gaussian means of fields over what is valid and in the image.

    Parameters
    ----------
    shares : (y, x) ndarray of float32
        Valid pixels of a whole square's.
    sigma : float
        Of the Gaussian.

    Attributes
    ----------
    trust : (y, x) ndarray of float32
        Root of the weight that is left: means of less scatter by that much more.
    """

    def __init__(self, shares: Plane, sigma: float) -> None:
        self._shares, self._sigma = shares, sigma
        self._weight: Plane = np.maximum(self._filtered(shares), np.float32(1e-6))
        self.trust: Plane = np.sqrt(self._weight)

    def mean(self, field: Plane) -> Plane:
        """Return the mean around every pixel."""
        return self._filtered(field * self._shares) / self._weight

    def _filtered(self, field: Plane) -> Plane:
        from scipy.ndimage import gaussian_filter

        smooth: Plane = gaussian_filter(field, self._sigma, mode="constant", truncate=3)
        return smooth


def _explained_by_shift(g: Plane, d: Plane, window: _Window) -> Plane:
    """Return the mean square that is left out of d by the best local shift of g."""
    gy, gx = (np.gradient(g, axis=a) if g.shape[a] > 1 else np.zeros_like(g) for a in (0, 1))
    yy, xx, yx = window.mean(gy * gy), window.mean(gx * gx), window.mean(gy * gx)
    dy, dx = window.mean(d * gy), window.mean(d * gx)
    # gradients that noise could have made explain nothing
    least = 0.5 * float(np.mean(yy + xx)) + 1e-12
    steep = yy + xx > least
    yy, xx = yy + 0.02 * least, xx + 0.02 * least
    explained: Plane = (xx * dy * dy - 2 * yx * dy * dx + yy * dx * dx) / (yy * xx - yx * yx)
    explained[~steep | (explained < 0)] = 0
    return explained


def _usual(sizes: Plane, median: float) -> np.float32:
    """Return what a size is divided by; for planes that are mostly without error, from the mean."""
    sizes = _some(sizes)
    if not sizes.size:
        return np.float32(1)
    return np.float32(max(float(np.median(sizes)) / median, 0.1 * float(sizes.mean()), 1e-12))


def _over(field: Plane, other: Plane) -> Plane:
    """Divide; 0 where there is nothing around."""
    return np.divide(field, other, out=np.zeros_like(field), where=other > 0)


def _some(values: Plane) -> Plane:
    """Return enough of many values to tell their quantiles by."""
    sample: Plane = values[:: max(1, values.size // 30_000)]
    return sample


def _scaled(truth: Plane, there: NDArray[np.bool_]) -> Plane:
    values = truth[there].astype(np.float64)
    low, spread = float(values.min()), float(np.ptp(values))
    scaled = (truth.astype(np.float64) - low) / (spread or 1)
    return np.where(there, scaled, 0).astype(np.float32)


def _boxes(field: Plane, side: int) -> Plane:
    from scipy.ndimage import uniform_filter

    before = side // 2
    means: Plane = uniform_filter(field.astype(np.float64), side, mode="constant")
    kept = means[tuple(slice(before, before + n - side + 1) for n in field.shape)]
    return kept.astype(np.float32)


def _summed(field: Plane, step: int) -> Plane:
    rows = field[::step].copy()
    for k in range(1, step):
        rows += field[k::step]
    total = rows[:, ::step].copy()
    for k in range(1, step):
        total += rows[:, k::step]
    return total
