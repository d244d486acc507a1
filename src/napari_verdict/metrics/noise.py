"""How much a camera's noise varies at a mean: variance against mean, and where it is known from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Bins of the mean in which a variance is estimated.
BINS = 32
#: A bin with fewer pixels than this says nothing.
LEAST_IN_BIN = 64


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

    def variance(self, mean: NDArray[Any]) -> NDArray[np.float64]:
        """Return the variance at each mean, both in ADU (squared)."""
        line = np.multiply(mean, self.slope, dtype=np.float64)
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
        Pixels in each bin.
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    n: NDArray[np.int64]

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
        floor = float(np.average(v[: max(1, len(v) // 8)]))
        slope, intercept, expected = 0.0, float(np.average(v, weights=n)), v
        for _ in range(3):
            slope, intercept = _line(m, v, n / expected**2)
            expected = np.maximum(slope * m + intercept, floor / 4)
        if slope <= 0:
            level = float(np.average(v, weights=n))
            return NoiseModel(0.0, level, level, source, circular)
        at_darkest = slope * float(m[0]) + intercept
        # the line may pass below what the darkest pixels show, and pass 0
        least = at_darkest if at_darkest > floor / 2 else floor
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
    if len(captures) < 2:
        raise ValueError(f"photon transfer needs two captures or more, not {len(captures)}")
    stack = np.asarray(captures, np.float64).reshape(len(captures), -1)
    good = np.isfinite(stack).all(axis=0)
    if saturation is not None:
        good &= (stack < saturation).all(axis=0)
    mean, variance = stack[:, good].mean(axis=0), stack[:, good].var(axis=0, ddof=1)
    return _binned(mean, variance, bins, robust=False)


def residual_curve(
    raw: NDArray[Any], prediction: NDArray[Any], valid: NDArray[np.bool_], bins: int = BINS
) -> NoiseCurve:
    """Measure variance against mean from what a prediction leaves of raw.

    It is circular: a prediction that smooths structure away adds that to the variance, one
    that keeps noise takes it away. Bins are of equal numbers of pixels of the prediction;
    within a bin the variance comes from the median absolute deviation, which a few places
    that are wrong do not move.

    Parameters
    ----------
    raw, prediction : ndarray
        Of the same shape, in ADU.
    valid : ndarray of bool
        False where pixels are left out, as saturated ones should be.
    bins : int
        How many.

    Returns
    -------
    NoiseCurve
    """
    mean = np.asarray(prediction, np.float64)[valid]
    residual = np.asarray(raw, np.float64)[valid] - mean
    return _binned(mean, residual, bins, robust=True)


def _binned(
    mean: NDArray[np.float64], values: NDArray[np.float64], bins: int, *, robust: bool
) -> NoiseCurve:
    order = np.argsort(mean, kind="stable")
    cuts = np.linspace(0, len(order), bins + 1).astype(int)
    rows = []
    for a, b in zip(cuts, cuts[1:], strict=False):
        if b > a:
            here = order[a:b]
            spread = _robust_variance(values[here]) if robust else float(values[here].mean())
            rows.append((float(mean[here].mean()), spread, b - a))
    table = np.array(rows, float).reshape(-1, 3)
    return NoiseCurve(table[:, 0], table[:, 1], table[:, 2].astype(np.int64))


def _robust_variance(values: NDArray[np.float64]) -> float:
    """Return the variance of what lies within three robust deviations, made whole again."""
    middle = np.median(values)
    spread = 1.4826 * np.median(np.abs(values - middle))
    kept = values[np.abs(values - middle) <= 3 * spread] if spread > 0 else values
    # a normal distribution cut at three deviations keeps 0.97334 of its variance
    return float(kept.var() / 0.9733369)


def _line(
    x: NDArray[np.float64], y: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, float]:
    mx, my = np.average(x, weights=weights), np.average(y, weights=weights)
    spread = np.average((x - mx) ** 2, weights=weights)
    slope = np.average((x - mx) * (y - my), weights=weights) / spread if spread > 0 else 0.0
    return float(slope), float(my - slope * mx)
