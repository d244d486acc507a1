"""Pairs that are certain to be in a best assignment, found without solving it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A chain of pairs that depend on each other may need as many rounds as it is long.
ROUNDS = 64


@njit(nogil=True, cache=True)
def certain_pairs(
    rows: NDArray[Any], columns: NDArray[Any], gains: NDArray[Any], n: int, m: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Choose pairs worth at least as much as the best rivals of both sides together.

    Whatever an assignment chooses for the two objects of such a pair, the pair itself is
    worth as much; so some best assignment has it. Once it is chosen its rivals are
    gone, and others may become certain.

    Parameters
    ----------
    rows, columns : (k,) ndarray of intp
        The two sides of each pair, below `n` and `m`; no pair twice.
    gains : (k,) ndarray of float64
        What each pair is worth, above 0.
    n, m : int
        How many rows and columns there are.

    Returns
    -------
    chosen, left : ndarray of intp
        The pairs that are certain, and those still to be decided.
    """
    row_free, column_free = np.ones(n, np.bool_), np.ones(m, np.bool_)
    chosen, taken = np.empty(min(n, m), np.intp), 0
    left = np.arange(len(rows))
    for _ in range(ROUNDS):
        before = taken
        of_rows = _two_best(rows, gains, left, n)
        of_columns = _two_best(columns, gains, left, m)
        for k in left:
            i, j = rows[k], columns[k]
            if row_free[i] and column_free[j]:
                rival = of_rows[i, 1] if gains[k] == of_rows[i, 0] else of_rows[i, 0]
                rival += of_columns[j, 1] if gains[k] == of_columns[j, 0] else of_columns[j, 0]
                if gains[k] >= rival:
                    row_free[i] = column_free[j] = False
                    chosen[taken] = k
                    taken += 1
        if taken == before:
            break
        kept = 0
        for k in left:
            if row_free[rows[k]] and column_free[columns[k]]:
                left[kept] = k
                kept += 1
        left = left[:kept]
    return chosen[:taken], left


@njit(nogil=True, cache=True)
def _two_best(side: NDArray[Any], gains: NDArray[Any], pairs: NDArray[Any], n: int) -> NDArray[Any]:
    """Return the two largest gains of each object of one side; equal ones count twice."""
    best = np.zeros((n, 2))
    for k in pairs:
        i = side[k]
        if gains[k] > best[i, 0]:
            best[i, 1] = best[i, 0]
            best[i, 0] = gains[k]
        elif gains[k] > best[i, 1]:
            best[i, 1] = gains[k]
    return best
