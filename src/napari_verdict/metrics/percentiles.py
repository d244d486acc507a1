"""Percentiles with linear interpolation, exact, from values that arrive in parts.

Parts that are in memory are kept and looked at once more (`percentiles`). Parts that are not
are read again, once or twice, and never kept (`Search`).
"""

from __future__ import annotations

from dataclasses import dataclass
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


#: No more values than these are kept by a `Search`.
KEPT = 1 << 22


@dataclass(frozen=True)
class Net:
    """What one round of a `Search` catches out of a part: values in some ranges.

    Parameters
    ----------
    low, high : ndarray of int64
        Ranges, ends exclusive, of the values rounded to float32 and numbered in their order.
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64]

    def catch(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values that lie in one of the ranges; finite ones go in, C-contiguous."""
        flat = values.reshape(-1)
        found = np.empty(flat.size)
        return found[: _catch(flat, self.low, self.high, found)].copy()


class Search:
    """Finds percentiles of parts that are read again, round by round, and not kept.

    While `net` is not None every part goes through it, what it catches goes to `add`, and
    `next_round` ends the round. The first round counts float32 numbers within the bins that
    hold a wanted rank: this is exact for float32 and for integers up to 2^24. Where other
    values round to one float32 number, a second round keeps those of the numbers in question.

    Parameters
    ----------
    counts : (65536,) ndarray of int64
        `coarse_counts` of all parts.
    q : sequence of float
        In [0, 100].
    kept : int
        The second round is given up if more values than these would have to be kept.
    """

    def __init__(self, counts: NDArray[np.int64], q: Sequence[float], kept: int = KEPT) -> None:
        below = np.cumsum(counts)
        n = int(below[-1])
        self._ranks = [_rank(n, one) for one in q] if n else []
        self._q, self._kept_at_most = len(q), kept
        self._found: dict[int, float] = {}
        #: False where a percentile may be off by as much as neighbouring float32 numbers are apart.
        self.exact = True
        wanted = sorted({r for low, high, _ in self._ranks for r in (low, high)})
        at = np.searchsorted(below, wanted, side="right").astype(np.int64)
        self._places = {
            r: (int(b), int(r - (below[b - 1] if b else 0)))
            for r, b in zip(wanted, at, strict=True)
        }
        bins = np.unique(at)
        self._bins, self._kept = bins, []  # type: tuple[NDArray[np.int64], list[Any]]
        self._tables: tuple[NDArray[Any], ...] = ()
        #: What the coming round catches; None when all is found.
        self.net: Net | None = Net(bins << 16, (bins + 1) << 16) if len(bins) else None
        self._counting = True

    def add(self, caught: NDArray[np.float64]) -> None:
        """Take what the net caught in one part; parts in any order."""
        if self._counting:
            if not self._tables:
                shape = len(self._bins), _BINS
                least, most = np.full(shape, np.inf), np.full(shape, -np.inf)
                self._tables = np.zeros(shape, np.int64), least, most
            _count_within(caught, self._bins, *self._tables)
        else:
            self._kept.append(caught)

    def next_round(self) -> None:
        """End a round: `net` is then what is to be caught next."""
        if self._counting:
            self._counting = False
            self._end_counting()
        else:
            values = np.sort(np.concatenate(self._kept))
            self._kept = []
            keys = np.array([_key(v) for v in values], np.int64)
            for rank, (key, place) in self._places.items():
                self._found[rank] = float(values[np.searchsorted(keys, key) + place])
            self.net = None

    def result(self) -> list[float]:
        """Return the percentiles; NaN without values."""
        if not self._ranks:
            return [float("nan")] * self._q
        return [_between(self._found[low], self._found[high], t) for low, high, t in self._ranks]

    def _end_counting(self) -> None:
        open_places: dict[int, tuple[int, int]] = {}
        sizes: dict[int, int] = {}
        between: dict[int, float] = {}
        counts, leasts, mosts = self._tables
        for rank, (coarse, place) in self._places.items():
            i = int(np.searchsorted(self._bins, coarse))
            below = np.cumsum(counts[i])
            fine = int(np.searchsorted(below, place, side="right"))
            size, place = int(counts[i, fine]), place - int(below[fine - 1] if fine else 0)
            least, most = float(leasts[i, fine]), float(mosts[i, fine])
            if least == most or place == 0:
                self._found[rank] = least
            elif place == size - 1:
                self._found[rank] = most
            else:
                open_places[rank] = (coarse << 16) + fine, place
                sizes[(coarse << 16) + fine] = size
                between[rank] = _between(least, most, place / (size - 1))
        self._places, self._tables, self.net = open_places, (), None
        if sum(sizes.values()) > self._kept_at_most:
            self.exact = False
            self._found |= between
        elif sizes:
            keys = np.array(sorted(sizes), np.int64)
            self.net = Net(keys, keys + 1)


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
def _key(value: Any) -> Any:
    # rounding to float32 keeps the order; the bits of negative numbers run backwards
    bits = np.int64(np.float32(value).view(np.int32))
    return bits + 0x80000000 if bits >= 0 else -1 - bits


@njit(nogil=True, cache=True, error_model="numpy")
def _bin(value: Any) -> Any:
    return _key(value) >> 16


@njit(nogil=True, cache=True, error_model="numpy")
def _catch(values: Any, low: Any, high: Any, found: Any) -> int:
    n = 0
    for j in range(values.size):
        key = _key(values[j])
        for i in range(low.size):
            if low[i] <= key < high[i]:
                found[n] = values[j]
                n += 1
                break
    return n


@njit(nogil=True, cache=True, error_model="numpy")
def _count_within(values: Any, bins: Any, counts: Any, least: Any, most: Any) -> None:
    for j in range(values.size):
        v = values[j]
        key = _key(v)
        i = np.searchsorted(bins, key >> 16)
        fine = key & 0xFFFF
        counts[i, fine] += 1
        least[i, fine] = min(v, least[i, fine])
        most[i, fine] = max(v, most[i, fine])


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
