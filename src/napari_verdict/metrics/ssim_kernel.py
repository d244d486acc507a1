"""The loops of SSIM: strips of columns, rows filtered into a ring, all candidates at once.

What depends on the ground truth alone is formed once for all candidates. A strip is narrow
enough for its ring of eleven rows to stay in cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from napari_verdict.metrics.pixel_rows import load

#: As many candidates are compared in one go; what Python hands over is filled up to this.
TOGETHER = 4


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
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


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
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
    for j in range(out.size):
        out[j] = k5 * (a5[j] + b5[j]) + k4 * (a4[j] + b4[j]) + k3 * (a3[j] + b3[j])
    for j in range(out.size):
        out[j] = out[j] + k2 * (a2[j] + b2[j]) + k1 * (a1[j] + b1[j]) + k0 * c[j]


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def _through(planes: Any, k: int, f: int, taps: Any, out: Any) -> None:
    """Filter a field along z, for the k-th plane wanted: two pairs of planes at a time."""
    reach = taps.size // 2
    middle, w = planes[k + reach, f], taps[reach]
    for j in range(out.size):
        out[j] = w * middle[j]
    for d in range(1, reach, 2):
        a, b, u = planes[k + reach - d, f], planes[k + reach + d, f], taps[reach + d]
        e, h, v = planes[k + reach - d - 1, f], planes[k + reach + d + 1, f], taps[reach + d + 1]
        for j in range(out.size):
            out[j] = out[j] + u * (a[j] + b[j]) + v * (e[j] + h[j])
    if reach % 2:
        a, b, u = planes[k, f], planes[k + 2 * reach, f], taps[0]
        for j in range(out.size):
            out[j] = out[j] + u * (a[j] + b[j])


# the next two must not be contracted: for identical images variance and covariance have to
# stay the same to the last bit


@njit(nogil=True, cache=True, error_model="numpy")
def _form(x: Any, y: Any, squares: Any, products: Any, a: Any) -> None:
    """Bring a candidate's row to the ground truth, about its mean, and form its fields."""
    low, inverse, gain, offset, mean = a[0], a[1], a[2], a[3], a[5]
    for j in range(y.size):
        v = ((gain * y[j] + offset) - low) * inverse - mean
        y[j] = v
        squares[j] = x[j] * x[j] + v * v
        products[j] = x[j] * v


@njit(nogil=True, cache=True, error_model="numpy")
def _similarity(
    fx: Any, fy: Any, fs: Any, fp: Any, mean_g: float, mean_p: float, c: Any, out: Any
) -> None:
    c1, c2 = c[0], c[1]
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


@njit(nogil=True, cache=True, error_model="numpy")
def _ground_truth(x: Any, a: Any) -> None:
    low, inverse, mean = a[0], a[1], a[4]
    for j in range(x.size):
        x[j] = (x[j] - low) * inverse - mean


@njit(nogil=True, cache=True, error_model="numpy")
def _leave_out(valid: Any, first: int, last: int, left: int, n_fields: int, padded: Any) -> None:
    """Set what is not valid to 0 in all fields; the last field says what is."""
    weights = padded[n_fields - 1]
    for j in range(first, last):
        here = valid[j]
        weights[left + j - first] = 1.0 if here else 0.0
        if not here:
            for f in range(n_fields - 1):
                padded[f, left + j - first] = 0.0


@njit(nogil=True, cache=True, error_model="numpy")
def _reflect(row: Any, left: int, m: int, edge: Any) -> None:
    """Fill what hangs out of the image at either side; `edge` says from where."""
    for i in range(left):
        row[i] = row[edge[i]]
    for i in range(left + m, row.size):
        row[i] = row[edge[i]]


@njit(nogil=True, cache=True, error_model="numpy")
def _divide(field: Any, weights: Any) -> None:
    """Turn sums over the valid part of each window into means over it."""
    for j in range(field.size):
        field[j] = field[j] / weights[j]


@njit(nogil=True, cache=True, fastmath={"reassoc"})
def _sum(a: Any) -> float:
    s = 0.0
    for j in range(a.size):
        s += a[j]
    return s


@njit(nogil=True, cache=True)
def _put(row: Any, first: int, last: int, width: int, here: Any, masked: bool, out: Any) -> Any:
    """Write a strip of a row into the map; return sum and number of what lies off the rim."""
    a, b = max(first, 5), min(last, width - 5)
    if not masked:
        for j in range(first, last):
            out[j] = row[j - first]
        return (_sum(row[a - first : b - first]), b - a) if b > a else (0.0, 0)
    total, n = 0.0, 0
    for j in range(first, last):
        out[j] = row[j - first] if here[j] else np.nan
        if here[j] and a <= j < b:
            total += row[j - first]
            n += 1
    return total, n


@njit(nogil=True, cache=True, error_model="numpy")
def ssim_kernel(
    g: Any,
    g_code: int,
    candidates: Any,
    codes: Any,
    n: int,
    valid: Any,
    masked: bool,
    planes: Any,
    rows: Any,
    width: int,
    strip: int,
    edges: Any,
    taps: Any,
    z_taps: Any,
    affines: Any,
    constants: Any,
    outs: Any,
    sums: Any,
    counts: Any,
) -> None:
    """Fill the maps, sums and counts of a block; the arguments are made by `ssim_block`."""
    reach = z_taps.size // 2
    depth = planes.size - 2 * reach
    n_fields = 1 + 3 * n + (1 if masked else 0)
    padded = np.zeros((n_fields, strip + 10))
    levels = np.zeros((planes.size if reach else 0, n_fields, strip))
    ring = np.zeros((depth, 11, n_fields, strip))
    fields = np.zeros((n_fields, strip))
    row = np.zeros(strip)
    for s in range(edges.shape[0]):
        j0 = s * strip
        j1 = min(j0 + strip, width)
        first, last = max(0, j0 - 5), min(width, j1 + 5)
        left, m = first - (j0 - 5), last - first
        for r in range(rows.size):
            y = rows[r]
            for t in range(planes.size):
                z = planes[t]
                x = padded[0][left : left + m]
                load(g[z, y], g_code, first, x)
                _ground_truth(x, affines[0])
                for i in range(n):
                    p = padded[1 + 3 * i][left : left + m]
                    load(candidates[i][z, y], codes[i], first, p)
                    _form(
                        x,
                        p,
                        padded[2 + 3 * i][left : left + m],
                        padded[3 + 3 * i][left : left + m],
                        affines[i],
                    )
                if masked:
                    _leave_out(valid[z, y], first, last, left, n_fields, padded)
                for f in range(n_fields):
                    _reflect(padded[f], left, m, edges[s])
                    _across(padded[f], taps, levels[t, f] if reach else ring[t, r % 11, f])
            for k in range(depth):
                if reach:
                    for f in range(n_fields):
                        _through(levels, k, f, z_taps, ring[k, r % 11, f])
                if r < 10:
                    continue
                for f in range(n_fields):
                    _down(ring[k], r, f, taps, fields[f])
                if masked:
                    for f in range(n_fields - 1):
                        _divide(fields[f], fields[n_fields - 1])
                here = valid[planes[k + reach], rows[r - 5]] if masked else valid[0, 0]
                for i in range(n):
                    _similarity(
                        fields[0],
                        fields[1 + 3 * i],
                        fields[2 + 3 * i],
                        fields[3 + 3 * i],
                        affines[i, 4],
                        affines[i, 5],
                        constants,
                        row,
                    )
                    total, count = _put(row, j0, j1, width, here, masked, outs[i][k, r - 10])
                    sums[i, k, r - 10] += total
                    counts[i, k, r - 10] += count
