"""How much a camera's noise varies at a mean: variance against mean, and where it is known from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import convolve1d, gaussian_filter, minimum_filter

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from numpy.typing import NDArray

#: Bins of the mean in which a variance is estimated.
BINS = 32
#: A bin with fewer pixels than this says nothing.
LEAST_IN_BIN = 64
#: Second differences, which leave white noise its variance.
_SECOND = np.array([1.0, -2.0, 1.0]) / math.sqrt(6.0)


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
    """

    slope: float
    intercept: float
    floor: float
    source: str = "entered"
    circular: bool = False

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
            Standard deviation without light, in photo-electrons.
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
        # rounding to whole ADU adds 1/12 and keeps the floor above 0
        read = (gain * read_noise) ** 2 + 1 / 12
        slope = excess * gain
        return NoiseModel(slope, read - slope * offset, read, source)

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
        [(float(mean[b].mean()), float(variance[b].mean()), b.size) for b in _bins(mean, bins)]
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


def detail_curve(
    raw: NDArray[Any], prediction: NDArray[Any], valid: NDArray[np.bool_], bins: int = BINS
) -> NoiseCurve:
    """Measure variance against mean from the finest detail of raw, binned by a prediction.

    Second differences along both axes leave white noise its variance, and next to nothing of an
    image that optics made smooth (Immerkaer 1996, Fast Noise Variance Estimation,
    10.1006/cviu.1996.0060). The prediction, under a window of 2 px, only tells bright places from
    dim ones; means are those of raw there. So noise that it kept does not make the camera look
    better, nor does structure that it lost make it look worse; structure as fine as a pixel counts
    as noise. Bins are of equal numbers of pixels; what lies beyond three robust deviations of the
    median, and beyond four steps of grey, is left out, so that edges and hot pixels do not count.

    Parameters
    ----------
    raw, prediction : (y, x) ndarray
        Of the same shape, in ADU.
    valid : (y, x) ndarray of bool
        False where pixels are left out, as saturated ones should be; those not finite are, too.
    bins : int
        How many.

    Returns
    -------
    NoiseCurve
    """
    good = valid & np.isfinite(raw) & np.isfinite(prediction)
    seen = np.where(good, raw, 0).astype(np.float64)
    weight = gaussian_filter(good.astype(np.float64), 2.0, mode="constant")
    shown = np.where(good, prediction, 0).astype(np.float64)
    bright = gaussian_filter(shown, 2.0, mode="constant")
    bright /= np.maximum(weight, 1e-9)
    # a pixel counts if all that it is held against does
    whole = minimum_filter(good, 3, mode="constant", cval=False)
    detail = convolve1d(convolve1d(seen, _SECOND, axis=0), _SECOND, axis=1)[whole]
    step, level, rows = _step(seen[good]), seen[whole], []
    for b in _bins(bright[whole], bins):
        kept, share = _without_outliers(detail[b], step)
        # where raw is far from what is predicted its mean is another's
        near, _ = _without_outliers(level[b] - bright[whole][b], step)
        rows.append((float(level[b][near].mean()), float(detail[b][kept].var() / share), b.size))
    return _curve(rows)


def _bins(by: NDArray[np.float64], bins: int) -> list[NDArray[np.intp]]:
    """Return the places of each bin, from small values to large ones, in equal numbers."""
    order = np.argsort(by, kind="stable")
    return [b for b in np.array_split(order, bins) if b.size]


def _step(values: NDArray[np.float64]) -> float:
    """Return the step of grey values: the smallest difference of two; 0 without two."""
    some = np.unique(values[:: values.size // 2**16 | 1])
    return float(np.diff(some).min()) if some.size > 1 else 0.0


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


def _without_outliers(values: NDArray[np.float64], step: float) -> tuple[NDArray[np.bool_], float]:
    """Return which values are no outliers, and what share of a normal variance they keep."""
    distance = np.abs(values - np.median(values))
    deviation = 1.4826 * float(np.median(distance))
    # where most pixels hold no photon, half of the values may be the same
    most = max(3 * deviation, 4 * step)
    kept: NDArray[np.bool_] = distance <= most
    if most >= 6 * deviation:
        return kept, 1.0
    cut = most / deviation
    beyond = math.sqrt(2 / math.pi) * cut * math.exp(-cut * cut / 2) / math.erf(cut / math.sqrt(2))
    return kept, 1 - beyond


def _line(
    x: NDArray[np.float64], y: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, float]:
    mx, my = np.average(x, weights=weights), np.average(y, weights=weights)
    spread = np.average((x - mx) ** 2, weights=weights)
    slope = np.average((x - mx) * (y - my), weights=weights) / spread if spread > 0 else 0.0
    return float(slope), float(my - slope * mx)
