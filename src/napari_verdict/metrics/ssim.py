"""Structural similarity, row by row, with a Gaussian window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIGMA = 1.5
#: The window is cut here: 3.5 sigma, rounded; a map is not valid this near to a border.
RADIUS = 5
_K1, _K2 = 0.01, 0.03
_NO_MASK = np.ones((1, 1, 1), np.bool_)


@dataclass(frozen=True)
class Affine:
    """How pixels become comparable: ground truth (g - low) · inverse_range, candidate fitted first.

    The candidate becomes ((gain · p + offset) - low) · inverse_range: the same operations
    in the same order, so identical images stay identical to the last bit.
    """

    low: float = 0.0
    inverse_range: float = 1.0
    gain: float = 1.0
    offset: float = 0.0

    def of_ground_truth(self, value: float) -> float:
        """Return what a value of the ground truth becomes."""
        return (value - self.low) * self.inverse_range

    def of_candidate(self, value: float) -> float:
        """Return what a value of the candidate becomes."""
        return (self.gain * value + self.offset - self.low) * self.inverse_range


def gaussian_taps(sigma: float) -> NDArray[np.float64]:
    """Return the taps of a Gaussian window cut at 3.5 sigma, of sum 1.

    Parameters
    ----------
    sigma : float
        In pixels, above 0.

    Returns
    -------
    (2 · radius + 1,) ndarray
        With radius int(3.5 sigma + 0.5).
    """
    radius = int(3.5 * sigma + 0.5)
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    normalised: NDArray[np.float64] = taps / taps.sum()
    return normalised


def reflected(index: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    """Bring indices beyond a border back by reflection (d c b a | a b c d | d c b a)."""
    index = np.mod(index, 2 * size)
    folded: NDArray[np.intp] = np.where(index < size, index, 2 * size - 1 - index)
    return folded


def ssim_rows(
    ground_truth: NDArray[np.float64],
    candidate: NDArray[np.float64],
    affine: Affine,
    means: tuple[float, float],
    data_range: float,
    *,
    planes: NDArray[np.intp],
    rows: NDArray[np.intp],
    z_taps: NDArray[np.float64],
    valid: NDArray[np.bool_] | None,
    out: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Compute the SSIM map of some rows of one plane.

    Wang et al. 2004, 10.1109/TIP.2003.819861: Gaussian window of sigma 1.5 px and 11 taps,
    population covariance, images continued by reflection. All arithmetic is in float64,
    second moments are taken about the means.

    Parameters
    ----------
    ground_truth, candidate : (z, y, x) ndarray of float64
        A block with its halo, C-contiguous, at the full width of the image.
    affine : Affine
        Normalisation and fit.
    means : (float, float)
        Values near the means of ground truth and candidate, after `affine`.
    data_range : float
        L in the constants (0.01 L)² and (0.03 L)².
    planes : (len(z_taps),) ndarray of intp
        The planes of the block under each z tap.
    rows : (n + 10,) ndarray of intp
        The rows of the block under the window of the n rows wanted.
    z_taps : ndarray of float64
        Weights along z; ``[1.0]`` for plane by plane.
    valid : (z, y, x) ndarray of bool, optional
        False where pixels stay out of every window.
    out : (n, x) ndarray of float32
        Receives the map; NaN where the pixel itself is not valid.

    Returns
    -------
    sums : (n,) ndarray of float64
        Of each row of the map, without its left and right rim of 5 px and invalid pixels.
    counts : (n,) ndarray of int64
        How many pixels each sum has.
    """
    n, width = out.shape
    sums, counts = np.zeros(n), np.zeros(n, np.int64)
    columns = reflected(np.arange(-RADIUS, width + RADIUS), width)
    edge = np.r_[columns[:RADIUS], columns[-RADIUS:]]
    a, c1, c2 = affine, _K1 * data_range, _K2 * data_range
    _ssim_rows(
        ground_truth,
        candidate,
        _NO_MASK if valid is None else valid,
        valid is not None,
        planes,
        z_taps,
        rows,
        gaussian_taps(SIGMA)[RADIUS:],
        edge,
        (a.low, a.inverse_range, a.gain, a.offset, means[0], means[1]),
        (c1 * c1, c2 * c2),
        out,
        sums,
        counts,
    )
    return sums, counts


@njit(nogil=True, cache=True, error_model="numpy")
def _form(
    g: Any, p: Any, v: Any, masked: bool, weight: float, first: bool, affine: Any, q: Any
) -> None:
    """Add a row's fields to the ring: both images, sum of their squares, product, validity."""
    low, inverse, gain, offset, mean_g, mean_p = affine
    fx, fy, fs, fp, fw = q[0], q[1], q[2], q[3], q[4]
    for j in range(g.size):
        x = (g[j] - low) * inverse - mean_g
        y = ((gain * p[j] + offset) - low) * inverse - mean_p
        if masked and not v[j]:
            x = y = 0.0
        if first:
            fx[j] = weight * x
            fy[j] = weight * y
            fs[j] = weight * (x * x + y * y)
            fp[j] = weight * (x * y)
        else:
            fx[j] += weight * x
            fy[j] += weight * y
            fs[j] += weight * (x * x + y * y)
            fp[j] += weight * (x * y)
    if masked:
        for j in range(g.size):
            w = weight if v[j] else 0.0
            fw[j] = w if first else fw[j] + w


@njit(nogil=True, cache=True, error_model="numpy")
def _form_plain(g: Any, p: Any, affine: Any, q: Any) -> None:
    """Fill a row's fields where there is one plane and no mask: the common case, fast."""
    low, inverse, gain, offset, mean_g, mean_p = affine
    fx, fy, fs, fp = q[0], q[1], q[2], q[3]
    for j in range(g.size):
        x = (g[j] - low) * inverse - mean_g
        y = ((gain * p[j] + offset) - low) * inverse - mean_p
        fx[j] = x
        fy[j] = y
        fs[j] = x * x + y * y
        fp[j] = x * y


@njit(nogil=True, cache=True, error_model="numpy")
def _down(ring: Any, r: int, f: int, k: Any, out: Any) -> None:
    """Filter a field vertically; rows r - 10 to r are in the ring."""
    a5, b5 = ring[(r - 10) % 11, f], ring[r % 11, f]
    a4, b4 = ring[(r - 9) % 11, f], ring[(r - 1) % 11, f]
    a3, b3 = ring[(r - 8) % 11, f], ring[(r - 2) % 11, f]
    a2, b2 = ring[(r - 7) % 11, f], ring[(r - 3) % 11, f]
    a1, b1 = ring[(r - 6) % 11, f], ring[(r - 4) % 11, f]
    c = ring[(r - 5) % 11, f]
    k0, k1, k2, k3, k4, k5 = k[0], k[1], k[2], k[3], k[4], k[5]
    # two loops: more streams than these at a time keep the compiler from vectorising
    for j in range(c.size):
        out[j] = k5 * (a5[j] + b5[j]) + k4 * (a4[j] + b4[j]) + k3 * (a3[j] + b3[j])
    for j in range(c.size):
        out[j] = out[j] + k2 * (a2[j] + b2[j]) + k1 * (a1[j] + b1[j]) + k0 * c[j]


@njit(nogil=True, cache=True, error_model="numpy")
def _across(p: Any, k: Any, out: Any) -> None:
    """Filter a padded row horizontally."""
    k0, k1, k2, k3, k4, k5 = k[0], k[1], k[2], k[3], k[4], k[5]
    for j in range(out.size):
        out[j] = (
            k5 * (p[j] + p[j + 10])
            + k4 * (p[j + 1] + p[j + 9])
            + k3 * (p[j + 2] + p[j + 8])
            + k2 * (p[j + 3] + p[j + 7])
            + k1 * (p[j + 4] + p[j + 6])
            + k0 * p[j + 5]
        )


@njit(nogil=True, cache=True, error_model="numpy")
def _divide(fields: Any) -> None:
    """Turn sums over the valid part of each window into means over it."""
    w = fields[4]
    for f in range(4):
        a = fields[f]
        for j in range(w.size):
            a[j] = a[j] / w[j]


@njit(nogil=True, cache=True, error_model="numpy")
def _similarity(fields: Any, mean_g: float, mean_p: float, c1: float, c2: float, out: Any) -> None:
    fx, fy, fs, fp = fields[0], fields[1], fields[2], fields[3]
    for j in range(out.size):
        x, y = fx[j], fy[j]
        variances = fs[j] - (x * x + y * y)
        covariance = 2.0 * (fp[j] - x * y)
        # what rounding leaves outside of what is possible is brought back
        variances = variances if variances > 0.0 else 0.0
        covariance = covariance if covariance < variances else variances
        covariance = covariance if covariance > -variances else -variances
        x += mean_g
        y += mean_p
        out[j] = ((2.0 * (x * y) + c1) * (covariance + c2)) / (
            (x * x + y * y + c1) * (variances + c2)
        )


@njit(nogil=True, cache=True, fastmath={"reassoc"})
def _sum(a: Any) -> float:
    s = 0.0
    for j in range(a.size):
        s += a[j]
    return s


@njit(nogil=True, cache=True, error_model="numpy")
def _ssim_rows(
    g: Any,
    p: Any,
    valid: Any,
    masked: bool,
    planes: Any,
    z_taps: Any,
    rows: Any,
    k: Any,
    edge: Any,
    affine: Any,
    constants: Any,
    out: Any,
    sums: Any,
    counts: Any,
) -> None:
    width = g.shape[2]
    n_fields = 5 if masked else 4
    ring = np.empty((11, 5, width))
    padded = np.empty(width + 10)
    fields = np.empty((5, width))
    row = np.empty(width)
    for r in range(rows.size):
        q, y = ring[r % 11], rows[r]
        if planes.size == 1 and not masked:
            _form_plain(g[planes[0], y], p[planes[0], y], affine, q)
        else:
            for t in range(planes.size):
                z = planes[t]
                v = valid[z, y] if masked else valid[0, 0]
                _form(g[z, y], p[z, y], v, masked, z_taps[t], t == 0, affine, q)
        if r < 10:
            continue
        for f in range(n_fields):
            _down(ring, r, f, k, padded[5 : 5 + width])
            for i in range(5):
                padded[i] = padded[5 + edge[i]]
                padded[5 + width + i] = padded[5 + edge[5 + i]]
            _across(padded, k, fields[f])
        if masked:
            _divide(fields)
        _similarity(fields, affine[4], affine[5], constants[0], constants[1], row)
        line = out[r - 10]
        if masked:
            here = valid[planes[planes.size // 2], rows[r - 5]]
            for j in range(width):
                line[j] = row[j] if here[j] else np.nan
                if here[j] and 5 <= j < width - 5:
                    sums[r - 10] += row[j]
                    counts[r - 10] += 1
            continue
        for j in range(width):
            line[j] = row[j]
        if width > 10:
            sums[r - 10] = _sum(row[5 : width - 5])
            counts[r - 10] = width - 10
