"""First and second moments of two images, exactly mergeable, and the fit that follows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A standard deviation below this share of the mean is rounding, not contrast.
_ROUNDING = 1e-13


@dataclass(frozen=True)
class Moments:
    """Moments of ground truth *g* and candidate *p* over the same n pixels.

    Parameters
    ----------
    n : int
        Pixels.
    mean_g, mean_p : float
        Means; NaN without pixels.
    var_g, var_p, cov : float
        Population variances and covariance.
    """

    n: int
    mean_g: float
    mean_p: float
    var_g: float
    var_p: float
    cov: float

    @property
    def constant_g(self) -> bool:
        """Whether the ground truth has no contrast."""
        return not math.sqrt(self.var_g) > _ROUNDING * abs(self.mean_g)

    @property
    def constant_p(self) -> bool:
        """Whether the candidate has no contrast."""
        return not math.sqrt(self.var_p) > _ROUNDING * abs(self.mean_p)

    @property
    def pearson(self) -> float:
        """Pearson correlation, in [-1, 1]; NaN where either image is constant."""
        if self.constant_g or self.constant_p:
            return float("nan")
        # in this order it is 1 to the last bit for identical images
        r = self.cov / self.var_g * math.sqrt(self.var_g / self.var_p)
        return min(1.0, max(-1.0, r))

    def fit(self) -> tuple[float, float]:
        """Return gain and offset of the least-squares fit of the candidate to the ground truth.

        Returns
        -------
        (float, float)
            For a constant candidate 0 and the mean of the ground truth.
        """
        gain = 0.0 if self.constant_p else self.cov / self.var_p
        return gain, self.mean_g - gain * self.mean_p

    def fit_zerocost(self) -> tuple[float, float]:
        """Return the fit of ZeroCostDL4Mic: covariance over N - 1, variance over N."""
        gain = 0.0 if self.constant_p else self.cov / self.var_p
        gain *= self.n / (self.n - 1) if self.n > 1 else 1.0
        return gain, self.mean_g - gain * self.mean_p


def row_moments(
    g: NDArray[np.float64], p: NDArray[np.float64], valid: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Return the moments of each row of a block.

    Parameters
    ----------
    g, p : (z, y, x) ndarray of float64
        Ground truth and candidate.
    valid : (z, y, x) ndarray of bool, optional
        False where pixels are left out; without it every pixel counts.

    Returns
    -------
    (z * y, 6) ndarray
        n, both means, sums of squares and products about them. Not finite where a pixel
        is not.
    """
    g, p = g.reshape(-1, g.shape[-1]), p.reshape(-1, p.shape[-1])
    rows = np.zeros((len(g), 6))
    if valid is None:
        _row_moments(g, p, rows)
    else:
        v = valid.reshape(g.shape)
        for k in np.flatnonzero(v.any(axis=1)):
            _row_moments(g[k, v[k]][np.newaxis], p[k, v[k]][np.newaxis], rows[k : k + 1])
    return rows


def combine(rows: NDArray[np.float64]) -> Moments:
    """Bring the moments of rows together (Chan et al. 1983, 10.1080/00031305.1983.10483115).

    Values too large to be squared in float64 leave moments that are not finite.
    """
    n = rows[:, 0]
    total = n.sum()
    if total == 0:
        nan = float("nan")
        return Moments(0, nan, nan, nan, nan, nan)
    with np.errstate(over="ignore", invalid="ignore"):
        mean_g, mean_p = (n * rows[:, 1]).sum() / total, (n * rows[:, 2]).sum() / total
        dg, dp = rows[:, 1] - mean_g, rows[:, 2] - mean_p
        sums = [
            (rows[:, 3] + n * dg * dg).sum(),
            (rows[:, 4] + n * dp * dp).sum(),
            (rows[:, 5] + n * dg * dp).sum(),
        ]
    var_g, var_p, cov = (float(s / total) for s in sums)
    return Moments(int(total), float(mean_g), float(mean_p), var_g, var_p, cov)


@njit(nogil=True, cache=True, fastmath={"reassoc"})
def _total(a: Any) -> float:
    s = 0.0
    for j in range(a.size):
        s += a[j]
    return s


@njit(nogil=True, cache=True, fastmath={"reassoc"})
def _products(a: Any, b: Any, mean_a: float, mean_b: float) -> float:
    s = 0.0
    for j in range(a.size):
        s += (a[j] - mean_a) * (b[j] - mean_b)
    return s


@njit(nogil=True, cache=True)
def _row_moments(g: Any, p: Any, out: Any) -> None:
    for i in range(g.shape[0]):
        n = g.shape[1]
        mg, mp = _total(g[i]) / n, _total(p[i]) / n
        out[i, 0], out[i, 1], out[i, 2] = n, mg, mp
        out[i, 3] = _products(g[i], g[i], mg, mg)
        out[i, 4] = _products(p[i], p[i], mp, mp)
        out[i, 5] = _products(g[i], p[i], mg, mp)
