"""Exact percentiles with linear interpolation, from values that arrive in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Bins of the coarse histogram: one for each sign, exponent and 7 leading bits of a float32.
_BINS = 1 << 16


def coarse_counts(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Count values in bins that are in the order of the values, whatever their range.

    Parameters
    ----------
    values : ndarray of float64
        Finite, C-contiguous.

    Returns
    -------
    (65536,) ndarray of int64
        Counts of parts may be added.
    """
    counts = np.zeros(_BINS, np.int64)
    _count(values.reshape(-1), counts)
    return counts


def percentiles(
    parts: Sequence[NDArray[Any]], counts: NDArray[np.int64], q: Sequence[float]
) -> list[float]:
    """Return percentiles of all parts together, as numpy's default does, in float64.

    Only values in the bins that hold a wanted rank are looked at.

    Parameters
    ----------
    parts : sequence of ndarray
        The values, of any real dtype; not changed.
    counts : (65536,) ndarray of int64
        `coarse_counts` of all of them.
    q : sequence of float
        In [0, 100].

    Returns
    -------
    list of float
        NaN without values.
    """
    below = np.cumsum(counts)
    n = int(below[-1])
    if not n:
        return [float("nan")] * len(q)
    ranks = [_rank(n, one) for one in q]
    wanted = np.array(sorted({r for low, high, _ in ranks for r in (low, high)}))
    bins = np.unique(np.searchsorted(below, wanted, side="right"))
    looked_at = np.zeros(_BINS, np.bool_)
    looked_at[bins] = True
    # how many values that are not looked at lie below each wanted rank
    skipped = np.cumsum(np.where(looked_at, 0, counts))
    places = wanted - skipped[np.searchsorted(below, wanted, side="right")]
    near = np.concatenate([_values_in(part, looked_at) for part in parts])
    near.partition(places)
    at = dict(zip(wanted.tolist(), near[places].tolist(), strict=True))
    return [_between(at[low], at[high], t) for low, high, t in ranks]


def percentiles_of_counts(counts: NDArray[np.int64], q: Sequence[float]) -> list[float]:
    """Return percentiles of small integers from their histogram.

    Parameters
    ----------
    counts : (k,) ndarray of int64
        How often each of the integers from 0 on occurs.
    q : sequence of float
        In [0, 100].

    Returns
    -------
    list of float
        NaN without values.
    """
    below = np.cumsum(counts)
    n = int(below[-1])
    if not n:
        return [float("nan")] * len(q)

    def at(rank: int) -> float:
        return float(np.searchsorted(below, rank, side="right"))

    return [_between(at(low), at(high), t) for low, high, t in (_rank(n, one) for one in q)]


def _rank(n: int, q: float) -> tuple[int, int, float]:
    rank = (n - 1) * (q / 100)
    low = int(rank)
    return low, min(low + 1, n - 1), rank - low


def _between(a: float, b: float, t: float) -> float:
    # from the nearer end, as numpy does, to the same last bit
    return a + (b - a) * t if t < 0.5 else b - (b - a) * (1 - t)


def _values_in(part: NDArray[Any], bins: NDArray[np.bool_]) -> NDArray[np.float64]:
    dtype = np.float32 if part.dtype == np.float32 else np.float64
    values = np.require(part, dtype, ["C", "W"]).reshape(-1)
    found = np.empty(values.size)
    return found[: _gather(values, bins, found)]


@njit(nogil=True, cache=True, error_model="numpy")
def _bin(value: Any) -> Any:
    # rounding to float32 keeps the order; the bits of negative numbers run backwards
    bits = np.int64(np.float32(value).view(np.int32)) >> 16
    return bits + 0x8000 if bits >= 0 else -1 - bits


@njit(nogil=True, cache=True, error_model="numpy")
def _count(values: Any, counts: Any) -> None:
    for j in range(values.size):
        counts[_bin(values[j])] += 1


@njit(nogil=True, cache=True, error_model="numpy")
def _gather(values: Any, bins: Any, found: Any) -> int:
    n = 0
    for j in range(values.size):
        if bins[_bin(values[j])]:
            found[n] = values[j]
            n += 1
    return n
