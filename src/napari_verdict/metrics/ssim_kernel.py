"""The loops of SSIM: strips of columns, rows filtered into a ring, all candidates at once.

What depends on the ground truth alone is formed once for all candidates. Rows are filtered
vertically four at a time, so that each is read three and a half times, not eleven.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from napari_verdict.metrics.pixel_rows import load
from napari_verdict.metrics.ssim_filters import (
    AGAIN,
    NARROW,
    SLOTS,
    WIDE,
    across,
    four_inner,
    put,
    repeat,
    through,
)

#: As many candidates are compared in one go; what Python hands over is filled up to this.
TOGETHER = 4
#: Columns in a strip, plane by plane and in 3D, where all planes have a ring of their own. The
#: sum of a row is one over its strips, so this may not depend on how work is cut.
STRIP, STRIP_3D = 512, 172

# the next two must not be contracted: for identical images variance and covariance have to
# stay the same to the last bit


@njit(nogil=True, cache=True, error_model="numpy")
def _form(padded: Any, i: int, left: int, m: int, affines: Any) -> None:
    """Bring a candidate's row to the ground truth, about its mean, and form its fields."""
    a = affines[i]
    low, inverse, gain, offset, mean = a[0], a[1], a[2], a[3], a[5]
    x, y = padded[0, left : left + m], padded[1 + 3 * i, left : left + m]
    squares, products = padded[2 + 3 * i, left : left + m], padded[3 + 3 * i, left : left + m]
    for j in range(m):
        v = ((gain * y[j] + offset) - low) * inverse - mean
        y[j] = v
        squares[j] = x[j] * x[j] + v * v
        products[j] = x[j] * v


@njit(nogil=True, cache=True, error_model="numpy")
def _similarity(
    fields: Any, i: int, affines: Any, c: Any, m: int, row: Any, out: Any, k: int, y: int, j0: int
) -> None:
    mean_g, mean_p, c1, c2 = affines[i, 4], affines[i, 5], c[0], c[1]
    fx, fy, fs, fp = fields[0], fields[1 + 3 * i], fields[2 + 3 * i], fields[3 + 3 * i]
    target = out[k, y, j0 : j0 + m]
    for j in range(m):
        x, p = fx[j], fy[j]
        variances = fs[j] - (x * x + p * p)
        covariance = 2.0 * (fp[j] - x * p)
        # what rounding leaves outside of what is possible is brought back
        variances = variances if variances > 0.0 else 0.0
        covariance = covariance if covariance < variances else variances
        covariance = covariance if covariance > -variances else -variances
        x += mean_g
        p += mean_p
        value = ((2.0 * (x * p) + c1) * (covariance + c2)) / (
            (x * x + p * p + c1) * (variances + c2)
        )
        row[j] = value
        target[j] = value


@njit(nogil=True, cache=True, error_model="numpy")
def _ground_truth(padded: Any, left: int, m: int, affines: Any) -> None:
    x, low, inverse, mean = padded[0, left : left + m], affines[0, 0], affines[0, 1], affines[0, 4]
    for j in range(m):
        x[j] = (x[j] - low) * inverse - mean


@njit(nogil=True, cache=True, error_model="numpy")
def _leave_out(
    valid: Any, z: int, y: int, first: int, last: int, left: int, n_fields: int, padded: Any
) -> None:
    """Set what is not valid to 0 in all fields; the last field says what is."""
    here, weights = valid[z, y], padded[n_fields - 1]
    for j in range(first, last):
        weights[left + j - first] = 1.0 if here[j] else 0.0
        if not here[j]:
            for f in range(n_fields - 1):
                padded[f, left + j - first] = 0.0


@njit(nogil=True, cache=True, error_model="numpy")
def _reflect(padded: Any, left: int, m: int, edges: Any, s: int) -> None:
    """Fill what hangs out of the image at either side; `edges` says from where."""
    for f in range(padded.shape[0]):
        for i in range(left):
            padded[f, i] = padded[f, edges[s, i]]
        for i in range(left + m, edges.shape[1]):
            padded[f, i] = padded[f, edges[s, i]]


@njit(nogil=True, cache=True, error_model="numpy")
def _divide(fields: Any, m: int) -> None:
    """Turn sums over the valid part of each window into means over it."""
    last = fields.shape[0] - 1
    for f in range(last):
        for j in range(m):
            fields[f, j] = fields[f, j] / fields[last, j]


@njit(nogil=True, cache=True, fastmath={"reassoc"})
def _sum(row: Any, first: int, last: int) -> float:
    a, s = row[first:last], 0.0
    for j in range(a.size):
        s += a[j]
    return s


@njit(nogil=True, cache=True)
def _count(row: Any, j0: int, m: int, width: int, valid: Any, z: int, y: int) -> Any:
    """Return sum and number of the valid pixels off the rim."""
    here, total, n = valid[z, y], 0.0, 0
    for j in range(max(j0, 5), min(j0 + m, width - 5)):
        if here[j]:
            total += row[j - j0]
            n += 1
    return total, n


@njit(nogil=True, cache=True)
def _blank(valid: Any, z: int, y: int, out: Any, k: int, i: int, j0: int, m: int) -> None:
    for j in range(j0, j0 + m):
        if not valid[z, y, j]:
            out[k, i, j] = np.nan


@njit(nogil=True, cache=True, error_model="numpy")
def _fill(
    padded: Any,
    g: Any,
    g_code: int,
    candidates: Any,
    codes: Any,
    n: int,
    valid: Any,
    masked: bool,
    z: int,
    y: int,
    first: int,
    last: int,
    left: int,
    edges: Any,
    s: int,
    affines: Any,
) -> None:
    """Form all fields of a strip of one row, with what hangs out of the image."""
    m = last - first
    load(g[z, y], g_code, first, padded[0, left : left + m])
    _ground_truth(padded, left, m, affines)
    for i in range(n):
        load(candidates[i][z, y], codes[i], first, padded[1 + 3 * i, left : left + m])
        _form(padded, i, left, m, affines)
    if masked:
        _leave_out(valid, z, y, first, last, left, padded.shape[0], padded)
    if left or left + m < edges.shape[1]:
        _reflect(padded, left, m, edges, s)


@njit(nogil=True, cache=True, error_model="numpy")
def _finish(
    fields: Any,
    n: int,
    m: int,
    valid: Any,
    masked: bool,
    z: int,
    y: int,
    affines: Any,
    constants: Any,
    row: Any,
    j0: int,
    width: int,
    outs: Any,
    k: int,
    i: int,
    sums: Any,
    counts: Any,
) -> None:
    """Turn the filtered fields of a strip of row i of plane k into SSIM, of all candidates."""
    if masked:
        _divide(fields, m)
    a, b = max(j0, 5), min(j0 + m, width - 5)
    for c in range(n):
        _similarity(fields, c, affines, constants, m, row, outs[c], k, i, j0)
        if masked:
            _blank(valid, z, y, outs[c], k, i, j0, m)
            total, count = _count(row, j0, m, width, valid, z, y)
        else:
            total, count = (_sum(row, a - j0, b - j0), b - a) if b > a else (0.0, 0)
        sums[c, k, i] += total
        counts[c, k, i] += count


@njit(nogil=True, cache=True, error_model="numpy")
def _between_planes(
    levels: Any, depth: int, z_taps: Any, ring: Any, slot: int, stride: int, m: int, four: Any
) -> None:
    """Filter one row of all planes along z, into a slot of each plane wanted."""
    n_fields, whole = levels.shape[0], z_taps.size == 11
    for k in range(depth):
        if not whole:
            through(levels, k, z_taps, four[0], stride, m)
            put(four[0], ring, k * n_fields, slot, stride, m)
            continue
        if k % 4 == 0:
            four_inner(levels, 0, k, stride, z_taps[5:], four, m)
        put(four[k % 4], ring, k * n_fields, slot, stride, m)


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
    phase: int,
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
    """Fill the maps, sums and counts of a block; the arguments are made by `ssim_block`.

    Rows are finished in fours that begin at a multiple of four in the image (`phase` tells where
    the block begins), so that a row has the same bits whatever the block.
    """
    reach = z_taps.size // 2
    depth, n_rows = planes.size - 2 * reach, rows.size - 10
    n_fields = 1 + 3 * n + (1 if masked else 0)
    stride = NARROW if reach else WIDE
    padded = np.zeros((n_fields, stride))
    levels = np.zeros((n_fields, (planes.size + 3) * stride if reach else 1))
    ring = np.zeros((depth * n_fields, (SLOTS + AGAIN) * stride))
    done, row = np.zeros((4, n_fields, stride)), np.zeros(stride)
    for s in range(edges.shape[0]):
        j0, m = s * strip, min(strip, width - s * strip)
        first, last = max(0, j0 - 5), min(width, j0 + m + 5)
        left = first - (j0 - 5)
        # of four rows that are not all wanted the others are not looked at
        for r in range(phase, rows.size + phase + 3):
            at, slot = r - phase, r % SLOTS
            for t in range(planes.size if at < rows.size else 0):
                _fill(padded, g, g_code, candidates, codes, n, valid, masked, planes[t], rows[at],
                      first, last, left, edges, s, affines)  # fmt: skip
                if reach:
                    across(padded, taps, levels, 0, t, stride, m)
                else:
                    across(padded, taps, ring, t * n_fields, slot, stride, m)
            if reach and at < rows.size:
                _between_planes(levels, depth, z_taps, ring, slot, stride, m, done)
            repeat(ring, slot, stride, m)
            y0 = at - 13  # of the first of four rows, in the block
            if r % 4 != 1 or y0 <= -4 or y0 >= n_rows:
                continue
            for k in range(depth):
                four_inner(ring, k * n_fields, (r + 3) % SLOTS, stride, taps, done, m)
                for y in range(max(y0, 0), min(y0 + 4, n_rows)):
                    _finish(done[y - y0], n, m, valid, masked, planes[k + reach], rows[y + 5],
                            affines, constants, row, j0, width, outs, k, y, sums,
                            counts)  # fmt: skip
