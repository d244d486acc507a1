"""Exact percentiles with linear interpolation, from values or from a histogram."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def percentiles(values: NDArray[Any], q: Sequence[float]) -> list[float]:
    """Return percentiles of values, as numpy's default does, computed in float64.

    Parameters
    ----------
    values : (n,) ndarray
        Finite; reordered in place. Without values every percentile is NaN.
    q : sequence of float
        In [0, 100].
    """
    if not values.size:
        return [float("nan")] * len(q)
    ranks = [_rank(values.size, one) for one in q]
    values.partition(sorted({i for low, high, _ in ranks for i in (low, high)}))
    return [_between(float(values[low]), float(values[high]), t) for low, high, t in ranks]


def percentiles_of_counts(counts: NDArray[np.int64], first: int, q: Sequence[float]) -> list[float]:
    """Return percentiles of integers from their histogram; exact.

    Parameters
    ----------
    counts : (k,) ndarray of int64
        How often each of the integers from `first` on occurs.
    first : int
        The integer that ``counts[0]`` counts.
    q : sequence of float
        In [0, 100].
    """
    below = np.cumsum(counts)
    n = int(below[-1])
    if not n:
        return [float("nan")] * len(q)

    def at(rank: int) -> float:
        return float(first + int(np.searchsorted(below, rank, side="right")))

    return [_between(at(low), at(high), t) for low, high, t in (_rank(n, one) for one in q)]


def _rank(n: int, q: float) -> tuple[int, int, float]:
    rank = (n - 1) * (q / 100)
    low = int(rank)
    return low, min(low + 1, n - 1), rank - low


def _between(a: float, b: float, t: float) -> float:
    # from the nearer end, as numpy does, to the same last bit
    return a + (b - a) * t if t < 0.5 else b - (b - a) * (1 - t)
