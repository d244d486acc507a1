"""A score of the whole, estimated from parts that were drawn at random, with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import expit, logit, stdtrit

from napari_verdict.metrics.values import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: The fewest units that say how much units differ.
LEAST_UNITS = 3


class Interval(NamedTuple):
    """A confidence interval; ends are NaN, with the reason, where there is none."""

    low: float
    high: float
    reason: str | None = None


@dataclass(frozen=True, eq=False)
class Ratio:
    """An estimate Σs / Σk, and what each unit contributes to its error.

    Parameters
    ----------
    value : Value
        NaN with the reason where Σk is 0.
    influence : (n,) ndarray of float64
        By how much each of n units moves the estimate, times n; their sum is 0. Units are drawn
        independently of each other: tiles, or images with all their tiles.
    informative : int
        Units that have anything to count: those with k above 0.
    left : float
        Share of the population that was not drawn, in [0, 1]: where everything was looked at
        there is no error of sampling.
    bounded : bool
        Whether the true value lies in [0, 1].
    """

    value: Value
    influence: NDArray[np.float64]
    informative: int
    left: float = 1.0
    bounded: bool = True

    @property
    def n(self) -> int:
        """Number of units."""
        return len(self.influence)

    @cached_property
    def error(self) -> float:
        """Standard error; NaN with fewer than two informative units."""
        m = self.informative
        if m < 2:
            return math.nan
        spread = float(np.square(self.influence).sum()) / self.n**2
        return math.sqrt(spread * m / (m - 1) * self.left)

    @property
    def kind(self) -> str:
        """How the interval is made, where there is one.

        ``value`` itself where nothing is left to draw, ``binomial`` where every unit is perfect or
        every one fails, else ``t``.
        """
        if self.left == 0:
            return "value"
        return "binomial" if self.bounded and self.value.value in (0, 1) else "t"

    def interval(self, level: float = 0.95) -> Interval:
        """Return the confidence interval, of Student's t over units.

        On the logit scale for values in (0, 1), so that it never leaves [0, 1]. Where every unit
        is perfect, or every one fails, their spread says nothing; the interval is then the exact
        binomial one for the share of units that are otherwise (Clopper and Pearson 1934,
        10.1093/biomet/26.4.404).

        Parameters
        ----------
        level : float
            Confidence, in (0, 1).

        Returns
        -------
        Interval
            None with fewer than three informative units, or where units do not differ at all.
        """
        value, m = self.value.value, self.informative
        if math.isnan(value):
            return Interval(math.nan, math.nan, self.value.reason)
        if self.kind == "value":
            return Interval(value, value)
        if m < LEAST_UNITS:
            return _none(f"only {m} with anything to count, too few to tell how they differ")
        if self.kind == "binomial":
            others = ((1 - level) / 2) ** (1 / m)
            return Interval(others, 1.0) if value == 1 else Interval(0.0, 1 - others)
        if self.error == 0:
            return _none("all units agree exactly, which says nothing of the rest")
        return self._around(float(stdtrit(m - 1, 0.5 + level / 2)) * self.error)

    def more_units(
        self, half_width: float = 0.05, population: int | None = None, level: float = 0.95
    ) -> int | None:
        """Return about how many more units bring the interval to ± `half_width`.

        Units still to come are taken to differ as those so far do, and the estimate to stay.

        Parameters
        ----------
        half_width : float
            Half of what `interval` is to measure, above 0.
        population : int, optional
            How many units there are in all; the answer is never more than those that are left.
        level : float
            Confidence, in (0, 1).

        Returns
        -------
        int or None
            0 where it is reached; None where there is no interval to start from, or no unit left.
        """
        low, high, _ = self.interval(level)
        if math.isnan(low):
            return None
        if high - low <= 2 * half_width:
            return 0
        n, m = self.n, self.informative
        most = 100_000 if population is None else population - n
        if most < 1:
            return None
        # m of n have anything to count, and so will the others
        if self.error == 0:
            wanted = math.ceil(math.log((1 - level) / 2) / math.log(1 - 2 * half_width))
            return min(math.ceil((wanted - m) * n / m), most)

        def left(total: int) -> float:
            return 1.0 if population is None else 1 - total / population

        def enough(more: int) -> bool:
            total = n + more
            error = self.error * math.sqrt(n / total * left(total) / left(n))
            t = float(stdtrit(total * m / n - 1, 0.5 + level / 2))
            low, high, _ = self._around(t * error)
            return high - low <= 2 * half_width

        too_few, wanted = 0, most
        while wanted - too_few > 1:
            middle = (too_few + wanted) // 2
            too_few, wanted = (too_few, middle) if enough(middle) else (middle, wanted)
        return wanted

    def _around(self, half: float) -> Interval:
        """Return the interval of half a width in units of the value, kept within its bounds."""
        value = self.value.value
        if not self.bounded:
            return Interval(value - half, value + half)
        wide = half / (value * (1 - value))
        low, high = expit(logit(value) + np.array([-wide, wide]))
        return Interval(float(low), float(high))


def ratio_estimate(
    s: Sequence[float] | NDArray[np.float64],
    k: Sequence[float] | NDArray[np.float64],
    why_undefined: str,
    *,
    weights: NDArray[np.float64] | None = None,
    groups: Sequence[object] | None = None,
    population: int | None = None,
    bounded: bool = True,
) -> Ratio:
    """Estimate Σs / Σk over a population from units drawn out of it, as Horvitz and Thompson do.

    Numerator and denominator are sums over the sample, each unit weighted by the inverse of its
    probability to be drawn (10.1080/01621459.1952.10483446). The error is that of the ratio to
    first order, from the spread of s - θk between units: objects of a unit are alike, so
    intervals over single objects are far too narrow.

    Parameters
    ----------
    s, k : (n,) array-like of float
        Counts, or sums, of each unit; F1 has s = 2 TP and k = objects of both sides.
    why_undefined : str
        The reason if Σk is 0.
    weights : (n,) ndarray of float, optional
        Inverse of the probability that a unit is drawn, up to a factor; by default all equal.
    groups : sequence of n hashable values, optional
        What stands together: units of one value are one, such as the tiles of an image.
    population : int, optional
        How many units there are in all, where they were drawn without replacement and with equal
        probability from those alone; the error then goes to 0 when all are drawn.
    bounded : bool
        Whether the true value lies in [0, 1].

    Returns
    -------
    Ratio
    """
    a, b = np.asarray(s, np.float64), np.asarray(k, np.float64)
    if weights is not None:
        a, b = a * weights, b * weights
    if groups is not None:
        _, index = np.unique([str(g) for g in groups], return_inverse=True)
        a, b = (np.bincount(index, c).astype(np.float64) for c in (a, b))
    left = 1.0 if population is None else max(0.0, 1 - len(a) / population)
    return _ratio(a, b, why_undefined, left, bounded)


def lure_estimate(
    s: Sequence[float] | NDArray[np.float64],
    k: Sequence[float] | NDArray[np.float64],
    why_undefined: str,
    share: NDArray[np.float64],
    population: int,
    *,
    skipped: tuple[int, float] = (0, 0.0),
    bounded: bool = True,
) -> Ratio:
    """Estimate Σs / Σk from units drawn one by one, without replacement, by unequal chances.

    Both sums are levelled unbiased risk estimates (LURE: Farquhar, Gal and Rainforth 2021, On
    Statistical Bias in Active Learning, arXiv:2101.11665; Kossen et al. 2021, arXiv:2103.05331).
    Its error comes from the terms that make it up, each of which is unbiased given those before
    it.

    Parameters
    ----------
    s, k : (n,) array-like of float
        Counts, or sums, of each unit, in the order in which they were drawn.
    why_undefined : str
        The reason if Σk is 0.
    share : (n,) ndarray of float
        Chance of each unit at the first draw, above 0; the population adds up to 1.
    population : int
        Number of units in all.
    skipped : (int, float)
        How many units were drawn and left out, and the sum of their shares. They are taken out
        of the population: the estimate is of units like the others.
    bounded : bool
        Whether the true value lies in [0, 1].

    Returns
    -------
    Ratio
    """
    a, b = np.asarray(s, np.float64), np.asarray(k, np.float64)
    size, n = population - skipped[0], len(a)
    q = _chances(share, 1 - skipped[1])
    weights = lure_weights(share, population, skipped=skipped)
    plain = _ratio(a * weights, b * weights, why_undefined, 1.0, bounded)
    if math.isnan(plain.value.value) or n >= size:
        return Ratio(plain.value, plain.influence, plain.informative, float(n < size), bounded)
    m = np.arange(1, n + 1)
    residual = (a - plain.value.value * b) / (b * weights).mean()
    before = np.concatenate([[0.0], np.cumsum(residual)[:-1]])
    terms = (before + residual / q) / size
    levels = size * (size - n) / ((size - m) * (size - m + 1.0))
    return Ratio(plain.value, levels * terms, plain.informative, 1.0, bounded)


def lure_weights(
    share: NDArray[np.float64], population: int, *, skipped: tuple[int, float] = (0, 0.0)
) -> NDArray[np.float64]:
    """Return the weight of each unit that was drawn: mean(weight · loss) estimates without bias.

    Parameters are those of `lure_estimate`.

    Returns
    -------
    (n,) ndarray of float64
        1 for equal shares, and for all if everything was drawn; never below 0.
    """
    size, n = population - skipped[0], len(share)
    if n >= size:
        return np.ones(n)
    m = np.arange(1, n + 1)
    q = _chances(share, 1 - skipped[1])
    weights: NDArray[np.float64] = 1 + (size - n) / (size - m) * (1 / ((size - m + 1) * q) - 1)
    return weights


def combined(terms: Sequence[tuple[float, Ratio]]) -> Ratio:
    """Return a sum of estimates over the same units, each times a factor, with its own error.

    Parameters
    ----------
    terms : sequence of (float, Ratio)
        Such as ``[(1, a), (-1, b)]`` for a difference; their units are the same in the same order.

    Returns
    -------
    Ratio
        Not bounded; undefined where one of them is.
    """
    ratios = [ratio for _, ratio in terms]
    undefined = [r.value for r in ratios if math.isnan(r.value.value)]
    value = sum(factor * r.value.value for factor, r in terms)
    influence = np.sum([factor * r.influence for factor, r in terms], axis=0)
    return Ratio(
        undefined[0] if undefined else Value(value),
        influence,
        min(r.informative for r in ratios),
        ratios[0].left,
        bounded=False,
    )


def _ratio(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    why_undefined: str,
    left: float,
    bounded: bool,
) -> Ratio:
    informative, total = int(np.count_nonzero(b)), math.fsum(b.tolist())
    if not total:
        return Ratio(Value(math.nan, why_undefined), np.zeros(len(a)), informative, left, bounded)
    value = math.fsum(a.tolist()) / total
    influence = (a - value * b) * (len(a) / total)
    return Ratio(Value(value), influence, informative, left, bounded)


def _chances(share: NDArray[np.float64], total: float) -> NDArray[np.float64]:
    """Return the chance of each unit at its draw, among those that were left."""
    gone = np.concatenate([[0.0], np.cumsum(share)[:-1]])
    chances: NDArray[np.float64] = share / (total - gone)
    return chances


def _none(reason: str) -> Interval:
    return Interval(math.nan, math.nan, reason)
