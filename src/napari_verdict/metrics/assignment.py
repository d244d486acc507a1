"""One-to-one assignment on a sparse set of pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def best_assignment(
    rows: NDArray[Any], columns: NDArray[Any], gains: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Choose pairs so that no row or column is taken twice and the sum of gains is largest.

    Parameters
    ----------
    rows, columns : (k,) ndarray of int
        The two sides of each pair; no pair twice.
    gains : (k,) ndarray of float
        What each pair is worth, above 0.

    Returns
    -------
    (m,) ndarray of intp
        Which pairs are chosen, ascending.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    if not len(rows):
        return np.empty(0, np.intp)
    row_ids, i = np.unique(rows, return_inverse=True)
    column_ids, j = np.unique(columns, return_inverse=True)
    n, m = len(row_ids), len(column_ids)
    # a row that is left out takes a column of its own; costs stay above 0: 0 would be no pair
    top = float(gains.max()) + 1
    own = np.arange(n)
    costs = csr_array(
        (np.r_[top - gains, np.full(n, top)], (np.r_[i, own], np.r_[j, m + own])), shape=(n, m + n)
    )
    _, taken = min_weight_full_bipartite_matching(costs)
    return np.flatnonzero(taken[i] == j)
