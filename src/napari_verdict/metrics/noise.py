"""How much a camera's noise varies at a mean: variance against mean, and where it is known from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from numpy.typing import NDArray

#: Bins of the mean in which a variance is estimated.
BINS = 32
#: A bin with fewer pixels than this says nothing.
LEAST_IN_BIN = 64
#: The smallest floor, in squares of the slope: so many photons.
_LEAST_FLOOR = 1e-3


@dataclass(frozen=True)
class NoiseModel:
    """Variance of a pixel as a straight line of its mean, never below a floor.

    Photons give a variance that grows with the mean by the gain, electronics one that does
    not: Var = excess · gain · (mean - offset) + read noise² (Janesick 2007, Photon Transfer,
    10.1117/3.725073). Line and floor are all that tests of a residual need, so a model that was
    estimated without knowing the offset is as good as one that was entered.

    Parameters
    ----------
    slope : float
        Variance for each grey value of the mean: excess times gain, in ADU per photo-electron.
    intercept : float
        Variance that the line has at a mean of 0, in ADU²; negative where there is an offset.
    floor : float
        The smallest variance, in ADU², above 0.
    source : str
        Where it is from, in words.
    circular : bool
        Whether it was estimated from the prediction that it is to test.
    rounding : float
        What of intercept and floor is there because grey values are whole, in ADU².
    """

    slope: float
    intercept: float
    floor: float
    source: str = "entered"
    circular: bool = False
    rounding: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.slope) and math.isfinite(self.intercept) and self.slope >= 0):
            raise ValueError(
                f"The noise model has a slope of {self.slope:g} and an intercept of "
                f"{self.intercept:g}; both must be finite and the slope not negative."
            )
        if not self.floor > 0:
            raise ValueError(f"The smallest variance is {self.floor:g}; it must be above 0.")

    @staticmethod
    def of_camera(
        gain: float, offset: float, read_noise: float, excess: float = 1.0, source: str = "entered"
    ) -> NoiseModel:
        """Return the model of a calibrated camera.

        Parameters
        ----------
        gain : float
            ADU per photo-electron, above 0.
        offset : float
            Grey value without light, in ADU.
        read_noise : float
            Standard deviation without light, in photo-electrons; 0 of what counts photons.
        excess : float
            Factor by which multiplication adds to the variance of photons: 2 for an EMCCD at
            high gain, 1 otherwise.
        source : str
            Where the values are from.

        Raises
        ------
        ValueError
            If a value is out of range.
        """
        if not (gain > 0 and read_noise >= 0 and excess >= 1):
            raise ValueError(
                f"The gain is {gain:g} ADU per electron, the read noise {read_noise:g} electrons "
                f"and the excess noise factor {excess:g}; they must be above 0, at least 0 and "
                "at least 1."
            )
        # counts of photons are whole before they are rounded
        counts = read_noise == 0 and excess == 1 and gain % 1 == offset % 1 == 0
        rounding = 0.0 if counts else 1 / 12
        slope = excess * gain
        # never 0: a photon where none is expected would weigh without end
        read = max((gain * read_noise) ** 2 + rounding, _LEAST_FLOOR * slope**2)
        return NoiseModel(slope, read - slope * offset, read, source, rounding=rounding)

    def unrounded(self) -> NoiseModel:
        """Return the model of the same camera where grey values were never rounded."""
        floor = max(self.floor - self.rounding, _LEAST_FLOOR * self.slope**2)
        return replace(
            self, intercept=self.intercept + floor - self.floor, floor=floor, rounding=0.0
        )

    def times(self, factor: float) -> NoiseModel:
        """Return the model of so many times the variance at every mean."""
        scaled = {n: factor * getattr(self, n) for n in ("slope", "intercept", "floor")}
        return replace(self, **scaled)

    def variance(self, mean: NDArray[Any]) -> NDArray[np.float64]:
        """Return the variance at each mean, both in ADU (squared)."""
        line: NDArray[np.float64] = np.multiply(mean, self.slope, dtype=np.float64)
        line += self.intercept
        return np.maximum(line, self.floor, out=line)


@dataclass(frozen=True, eq=False)
class NoiseCurve:
    """Variance against mean as measured, to be fitted and plotted.

    Parameters
    ----------
    mean, variance : (k,) ndarray of float64
        Of each bin, in ADU and ADU².
    n : (k,) ndarray of int64
        Pixels in each bin; of stacks, degrees of freedom.
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    n: NDArray[np.int64]

    def times(self, factor: float) -> NoiseCurve:
        """Return the curve of so many times the variance."""
        return replace(self, variance=factor * self.variance)

    def fit(self, source: str, *, circular: bool = False) -> NoiseModel:
        """Fit a line by weighted least squares; the darkest bins give the floor.

        A variance that was measured from n pixels has a relative error of √(2/n), so bins
        are weighted by n over the square of the variance that the line has there, three
        times over. A slope below 0 is no noise of photons: the variance is then constant.

        Raises
        ------
        ValueError
            Without a bin of enough pixels.
        """
        ok = (self.n >= LEAST_IN_BIN) & np.isfinite(self.variance) & (self.variance > 0)
        if not ok.any():
            raise ValueError("no grey value has pixels enough to measure its variance")
        m, v, n = self.mean[ok], self.variance[ok], self.n[ok].astype(float)
        dark = slice(max(1, len(v) // 8))
        floor = float(np.average(v[dark]))
        slope, intercept, expected = 0.0, float(np.average(v, weights=n)), v
        for _ in range(3):
            slope, intercept = _line(m, v, n / expected**2)
            expected = np.maximum(slope * m + intercept, floor / 4)
        if slope <= 0:
            level = float(np.average(v, weights=n))
            return NoiseModel(0.0, level, level, source, circular)
        line = slope * m[dark] + intercept
        # the line may pass below what the darkest pixels show, and pass 0
        least = float(line[0]) if (line > v[dark] / 2).all() else floor
        return NoiseModel(slope, intercept, least, source, circular)


def photon_transfer(
    captures: NDArray[Any], saturation: float | None = None, bins: int = BINS
) -> NoiseCurve:
    """Measure variance against mean from captures of the same field.

    Parameters
    ----------
    captures : (m, ...) ndarray
        At least two captures, in ADU, of a field that did not move or bleach.
    saturation : float, optional
        Pixels that reach it in any capture are left out.
    bins : int
        How many bins of the mean there are, of equal numbers of pixels.

    Returns
    -------
    NoiseCurve

    Raises
    ------
    ValueError
        With fewer than two captures.
    """
    values = _good(captures, saturation)
    mean, variance = values.mean(axis=0), values.var(axis=0, ddof=1)
    return _curve(
        [(float(mean[b].mean()), float(variance[b].mean()), b.size) for b in equal_bins(mean, bins)]
    )


def stacks_curve(stacks: Sequence[Any], saturation: float | None = None) -> NoiseCurve:
    """Measure variance against mean from stacks without structure: dark, and evenly lit.

    Each stack is one bin. Variance is taken from capture to capture in each pixel, so uneven
    light does not matter; what the whole of a capture has more or less, as of a lamp that
    flickers, is taken off first.

    Parameters
    ----------
    stacks : sequence of (m, ...) array
        Two captures or more each, in ADU, of one illumination each. One capture is read at a time,
        so they need not be in memory.
    saturation : float, optional
        Pixels that reach it in any capture are left out.

    Returns
    -------
    NoiseCurve
        Darkest first; a stack without a valid pixel is left out.

    Raises
    ------
    ValueError
        If a stack has fewer than two captures.
    """
    reading = read_stacks(stacks, saturation)
    while True:
        try:
            next(reading)
        except StopIteration as end:
            curve: NoiseCurve = end.value
            return curve


def read_stacks(
    stacks: Sequence[Any], saturation: float | None = None
) -> Generator[None, None, NoiseCurve]:
    """Do as `stacks_curve`, and pause after every capture: 2 m - 1 times for a stack of m."""
    rows = []
    for stack in stacks:
        rows.append((yield from _stack_row(stack, saturation)))
    return _curve(sorted(row for row in rows if row is not None))


def _stack_row(
    stack: Any, saturation: float | None
) -> Generator[None, None, tuple[float, float, int] | None]:
    """Return mean, variance and degrees of freedom of a stack; pause at every capture."""
    m = int(stack.shape[0])
    if m < 2:
        raise ValueError(f"a variance needs two captures or more of a field, not {m}")
    first = np.asarray(stack[0], np.float64)
    good = np.ones(first.shape, bool)
    for k in range(m):
        values = np.asarray(stack[k], np.float64)
        good &= np.isfinite(values) & (True if saturation is None else values < saturation)
        yield
    n = int(np.count_nonzero(good))
    if n < 2:
        return None
    # what each capture has more than the first: light that is uneven takes no part
    base, total, squares = first[good], np.zeros(n), 0.0
    means = np.zeros(m)
    for k in range(1, m):
        more = np.asarray(stack[k], np.float64)[good] - base
        means[k] = more.mean()
        more -= means[k]
        total += more
        squares += float(more @ more)
        yield
    spread = (squares - float(total @ total) / m) / ((m - 1) * (n - 1))
    return float(base.mean() + means.mean()), spread, (m - 1) * (n - 1)


def equal_bins(by: NDArray[np.float64], bins: int) -> list[NDArray[np.intp]]:
    """Return the places of each bin, from small values to large ones, in equal numbers."""
    order = np.argsort(by, kind="stable")
    return [b for b in np.array_split(order, bins) if b.size]


def _curve(rows: Sequence[tuple[float, float, int]]) -> NoiseCurve:
    table = np.array(rows, float).reshape(-1, 3)
    return NoiseCurve(table[:, 0], table[:, 1], table[:, 2].astype(np.int64))


def _good(captures: NDArray[Any], saturation: float | None) -> NDArray[np.float64]:
    """Return captures × pixels, those pixels that are finite and not saturated in every one."""
    if len(captures) < 2:
        raise ValueError(f"a variance needs two captures or more of a field, not {len(captures)}")
    values = np.asarray(captures, np.float64).reshape(len(captures), -1)
    good = np.isfinite(values).all(axis=0)
    if saturation is not None:
        good &= (values < saturation).all(axis=0)
    return values[:, good]


def _line(
    x: NDArray[np.float64], y: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, float]:
    mx, my = np.average(x, weights=weights), np.average(y, weights=weights)
    spread = np.average((x - mx) ** 2, weights=weights)
    slope = np.average((x - mx) * (y - my), weights=weights) / spread if spread > 0 else 0.0
    return float(slope), float(my - slope * mx)
