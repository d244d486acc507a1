"""Two sorted overlap tables become one: the kernel of merging, on their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    #: Columns gt, pred, pixels, boxes and sums of an overlap table.
    Columns = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]


@njit(nogil=True, cache=True)
def merge_two(a: Columns, b: Columns) -> Columns:
    """Merge two tables, each sorted by its first two columns, without room for anything else.

    Parameters
    ----------
    a, b : tuple of ndarray
        Columns of an `OverlapTable`, of equal dtypes.

    Returns
    -------
    tuple of ndarray
        The same columns: pairs that both have are one row, with pixels and sums added up and
        the boxes joined.
    """
    rows = _walk(a, b, a, False)
    out = (
        np.empty(rows, a[0].dtype),
        np.empty(rows, a[1].dtype),
        np.empty(rows, np.int64),
        np.empty((rows, 6), np.int32),
        np.empty((rows, 3), np.int64),
    )
    _walk(a, b, out, True)
    return out


@njit(nogil=True, cache=True)
def _walk(a: Columns, b: Columns, out: Columns, write: bool) -> int:
    """Go through both tables in order; return how many pairs there are, and write them."""
    i = j = row = 0
    n, m = len(a[0]), len(b[0])
    while i < n or j < m:
        first = j == m or (
            i < n and (a[0][i] < b[0][j] or (a[0][i] == b[0][j] and a[1][i] <= b[1][j]))
        )
        second = i == n or (
            j < m and (b[0][j] < a[0][i] or (b[0][j] == a[0][i] and b[1][j] <= a[1][i]))
        )
        if write:
            if first:
                _put(a, i, out, row)
                if second:
                    _add(b, j, out, row)
            else:
                _put(b, j, out, row)
        i, j, row = i + first, j + second, row + 1
    return row


@njit(nogil=True, cache=True)
def _put(table: Columns, i: int, out: Columns, row: int) -> None:
    out[0][row], out[1][row], out[2][row] = table[0][i], table[1][i], table[2][i]
    for c in range(6):
        out[3][row, c] = table[3][i, c]
    for c in range(3):
        out[4][row, c] = table[4][i, c]


@njit(nogil=True, cache=True)
def _add(table: Columns, i: int, out: Columns, row: int) -> None:
    out[2][row] += table[2][i]
    for c in range(3):
        out[3][row, 2 * c] = min(out[3][row, 2 * c], table[3][i, 2 * c])
        out[3][row, 2 * c + 1] = max(out[3][row, 2 * c + 1], table[3][i, 2 * c + 1])
        out[4][row, c] += table[4][i, c]
