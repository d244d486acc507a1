"""Exact percentiles with linear interpolation, without sorting what is far from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_BINS = 1 << 16


def order_histogram(values: NDArray[Any]) -> NDArray[np.int64]:
    """Count finite values in 65536 bins that are in the order of the values.

    A bin is what shares sign, exponent and 7 bits of the mantissa in float32; rounding to
    float32 keeps the order, so this holds for any dtype. Histograms of parts add up.
    """
    counts = np.zeros(_BINS, np.int64)
    _count(_bits(values), counts)
    return counts


def percentiles(
    parts: Sequence[NDArray[Any]], counts: NDArray[np.int64], q: Sequence[float]
) -> list[float]:
    """Return percentiles of values, as numpy's default does, computed in float64.

    Only values in the bins that hold the wanted ranks are put in order.

    Parameters
    ----------
    parts : sequence of (n,) ndarray
        Finite values of one dtype, read twice and not changed.
    counts : (65536,) ndarray of int64
        The sum of their `order_histogram`.
    q : sequence of float
        In [0, 100]. Without values every percentile is NaN.
    """
    below = np.cumsum(counts)
    n = int(below[-1])
    if not n:
        return [float("nan")] * len(q)
    ranks = [_rank(n, one) for one in q]
    needed = np.unique([rank for low, high, _ in ranks for rank in (low, high)])
    bins = np.searchsorted(below, needed, side="right")
    wanted = np.zeros(_BINS, np.bool_)
    wanted[bins] = True
    near = np.concatenate([part[_in_bins(_bits(part), wanted)] for part in parts])
    skipped = np.cumsum(np.where(wanted, 0, counts))[bins]
    places = needed - skipped
    near.partition(places)
    at = dict(zip(needed.tolist(), near[places].tolist(), strict=True))
    return [_between(float(at[low]), float(at[high]), t) for low, high, t in ranks]


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


def _bits(values: NDArray[Any]) -> NDArray[np.uint32]:
    with np.errstate(over="ignore"):  # beyond float32 is infinity, which keeps the order too
        return values.astype(np.float32).view(np.uint32)


@njit(nogil=True, cache=True)
def _bin(bits: Any) -> Any:
    top = bits >> np.uint32(16)
    # negative numbers run backwards, and come first
    return top ^ np.uint32(0xFFFF) if bits >> np.uint32(31) else top | np.uint32(0x8000)


@njit(nogil=True, cache=True)
def _count(bits: Any, counts: Any) -> None:
    for i in range(bits.size):
        counts[_bin(bits[i])] += 1


@njit(nogil=True, cache=True)
def _in_bins(bits: Any, wanted: Any) -> Any:
    inside = np.empty(bits.size, np.bool_)
    for i in range(bits.size):
        inside[i] = wanted[_bin(bits[i])]
    return inside
