"""The Gaussian filters of SSIM: along rows, down columns and through planes, slot by slot.

A strip of a row lies in a slot; the slots of a ring, or of a stack of planes, lie in a run.
"""

from __future__ import annotations

from typing import Any

from numba import njit

#: Numbers from one slot to the next, for strips plane by plane and for the narrow ones in 3D: room
#: for a rim, and no multiple of 4096 bytes, or all rows of a column would fall on the same lines
#: of the first cache.
WIDE, NARROW = 528, 184
SLOTS = 16  # rows in the ring, of which 14 are looked at
AGAIN = 10  # slots that stand behind the others once more, so that 14 rows are always in a run

# All fields are filtered in one call, which takes its rows itself: a call costs as much as a
# hundred pixels, and numba counts every row that is handed over.


@njit(nogil=True, cache=True, error_model="numpy")
def _slot(rows: Any, i: int, slot: int, stride: int, m: int) -> Any:
    return rows[i, slot * stride : slot * stride + m]


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def across(padded: Any, k: Any, rows: Any, first: int, slot: int, stride: int, m: int) -> None:
    """Filter padded rows, one a field, horizontally into a slot; the fields begin at `first`."""
    k0, k1, k2, k3, k4, k5 = k[0], k[1], k[2], k[3], k[4], k[5]
    for f in range(padded.shape[0]):
        p, out = padded[f], _slot(rows, first + f, slot, stride, m)
        for j in range(m):
            out[j] = (
                k5 * (p[j] + p[j + 10])
                + k4 * (p[j + 1] + p[j + 9])
                + k3 * (p[j + 2] + p[j + 8])
                + k2 * (p[j + 3] + p[j + 7])
                + k1 * (p[j + 4] + p[j + 6])
                + k0 * p[j + 5]
            )


def _four_at(s: int) -> Any:
    """Make the filter for slots at a distance, which the compiler has to know to vectorise it."""

    @njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
    def filter_four(rows: Any, first: int, slot: int, k: Any, four: Any, m: int) -> None:
        """Filter all fields across 14 slots, for the four that have five on either side."""
        k0, k1, k2, k3, k4, k5 = k[0], k[1], k[2], k[3], k[4], k[5]
        for f in range(four.shape[1]):
            q = rows[first + f, slot * s :]
            u, v, w, x = four[0, f], four[1, f], four[2, f], four[3, f]
            for j in range(m):
                # one array and constant distances, or the compiler would not vectorise this
                q0, q1, q2, q3, q4 = q[j], q[s + j], q[2 * s + j], q[3 * s + j], q[4 * s + j]
                q5, q6, q7, q8 = q[5 * s + j], q[6 * s + j], q[7 * s + j], q[8 * s + j]
                q9, qa, qb = q[9 * s + j], q[10 * s + j], q[11 * s + j]
                qc, qd = q[12 * s + j], q[13 * s + j]
                u[j] = (
                    k5 * (q0 + qa)
                    + k4 * (q1 + q9)
                    + k3 * (q2 + q8)
                    + k2 * (q3 + q7)
                    + k1 * (q4 + q6)
                    + k0 * q5
                )
                v[j] = (
                    k5 * (q1 + qb)
                    + k4 * (q2 + qa)
                    + k3 * (q3 + q9)
                    + k2 * (q4 + q8)
                    + k1 * (q5 + q7)
                    + k0 * q6
                )
                w[j] = (
                    k5 * (q2 + qc)
                    + k4 * (q3 + qb)
                    + k3 * (q4 + qa)
                    + k2 * (q5 + q9)
                    + k1 * (q6 + q8)
                    + k0 * q7
                )
                x[j] = (
                    k5 * (q3 + qd)
                    + k4 * (q4 + qc)
                    + k3 * (q5 + qb)
                    + k2 * (q6 + qa)
                    + k1 * (q7 + q9)
                    + k0 * q8
                )

    return filter_four


_four_wide, _four_narrow = _four_at(WIDE), _four_at(NARROW)


@njit(nogil=True, cache=True, error_model="numpy")
def four_inner(rows: Any, first: int, slot: int, stride: int, k: Any, four: Any, m: int) -> None:
    """Filter all fields across 14 slots, for the four that have five on either side."""
    if stride == WIDE:
        _four_wide(rows, first, slot, k, four, m)
    else:
        _four_narrow(rows, first, slot, k, four, m)


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def through(levels: Any, k: int, taps: Any, out: Any, stride: int, m: int) -> None:
    """Filter all fields along z, for the k-th plane wanted: two pairs of planes at a time."""
    reach = taps.size // 2
    for f in range(levels.shape[0]):
        to, middle, w = out[f], _slot(levels, f, k + reach, stride, m), taps[reach]
        for j in range(m):
            to[j] = w * middle[j]
        for d in range(1, reach, 2):
            a, b = (
                _slot(levels, f, k + reach - d, stride, m),
                _slot(levels, f, k + reach + d, stride, m),
            )
            e, h = (
                _slot(levels, f, k + reach - d - 1, stride, m),
                _slot(levels, f, k + reach + d + 1, stride, m),
            )
            u, v = taps[reach + d], taps[reach + d + 1]
            for j in range(m):
                to[j] = to[j] + u * (a[j] + b[j]) + v * (e[j] + h[j])
        if reach % 2:
            a, b, u = (
                _slot(levels, f, k, stride, m),
                _slot(levels, f, k + 2 * reach, stride, m),
                taps[0],
            )
            for j in range(m):
                to[j] = to[j] + u * (a[j] + b[j])


@njit(nogil=True, cache=True, error_model="numpy")
def put(fields: Any, rows: Any, first: int, slot: int, stride: int, m: int) -> None:
    """Copy a row of each field into a slot."""
    for f in range(fields.shape[0]):
        source, out = fields[f], _slot(rows, first + f, slot, stride, m)
        for j in range(m):
            out[j] = source[j]


@njit(nogil=True, cache=True, error_model="numpy")
def repeat(ring: Any, slot: int, stride: int, m: int) -> None:
    """Let a slot of all fields and planes stand behind the last one too, where it is early."""
    if slot < AGAIN:
        for i in range(ring.shape[0]):
            row, again = _slot(ring, i, slot, stride, m), _slot(ring, i, slot + SLOTS, stride, m)
            for j in range(m):
                again[j] = row[j]
