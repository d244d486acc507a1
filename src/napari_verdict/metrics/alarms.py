"""How often noise alone makes a peak of evidence: simulated once, stated for a whole image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from napari_verdict.metrics.evidence import SCALES, evidence_map, peaks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from napari_verdict.metrics.noise import NoiseModel

#: Peaks are counted above this height; the tail is fitted from here on.
LOWEST = 3.25
#: Tiles along an axis of a simulated image, their size, and images simulated.
_TILES, _TILE, _IMAGES = 4, 128, 16
#: Noise levels are rounded to powers of this, so that like images share a simulation.
_STEP = math.sqrt(2.0)
#: About as many pixels, or up to twice as many, are looked at to find the levels.
_SAMPLE = 2**17
#: The skewness of the tail is held within this: the tail must go on falling to a height of 8.
_MOST_SKEWED = 0.04


@dataclass(frozen=True)
class Tail:
    """Peaks per pixel above a height t: rate · (t/t₀) · exp(-(t²-t₀²)/2 + skew · (t³-t₀³)).

    For Gaussian noise the first two factors are what the expected Euler characteristic of an
    excursion set says (Adler 1981, The Geometry of Random Fields); the third is what the third
    cumulant of photons adds, and both free parameters are read from simulated peaks.

    Parameters
    ----------
    rate : float
        Peaks per pixel above t₀ = 3.25.
    skew : float
        Above 0 where the tail is heavier than a Gaussian's.
    """

    rate: float
    skew: float

    def above(self, height: float) -> float:
        """Return peaks per pixel above a height of at least 3.25."""
        return math.exp(self._log(height))

    def height(self, rate: float) -> float:
        """Return the height that `rate` peaks per pixel exceed; 3.25 for all larger rates."""
        if self.above(LOWEST) <= rate:
            return LOWEST
        # beyond its last inflection a skewed tail would rise again
        top = 40.0 if self.skew <= 0 else min(40.0, 1 / (3 * self.skew))
        sought = math.log(rate)
        if self._log(top) >= sought:
            return top
        return float(brentq(lambda t: self._log(t) - sought, LOWEST, top))

    def _log(self, t: float) -> float:
        t0 = LOWEST
        gaussian = math.log(self.rate * t / t0) - (t * t - t0 * t0) / 2
        return gaussian + self.skew * (t**3 - t0**3)


@dataclass(frozen=True)
class FalseAlarms:
    """How many peaks of noise are expected beyond thresholds.

    Parameters
    ----------
    low, high : Tail
        Of peaks below 0 and above 0: shown without photons, photons not shown.
    """

    low: Tail
    high: Tail

    def thresholds(self, pixels: int, expected: float = 0.1) -> tuple[float, float]:
        """Return the thresholds below and above 0 that noise alone exceeds so many times.

        Parameters
        ----------
        pixels : int
            Valid pixels of the image.
        expected : float
            False alarms per image, half of them on either side; above 0.

        Returns
        -------
        low, high : float
            At least 3.25 away from 0: expecting more false alarms than there are peaks beyond
            it lowers them no further.

        Raises
        ------
        ValueError
            If there is no pixel, or `expected` is not above 0.
        """
        if not (pixels > 0 and expected > 0):
            raise ValueError(
                f"{expected:g} false alarms in {pixels} pixels set no threshold; both must be "
                "above 0"
            )
        half = expected / 2 / pixels
        return -self.low.height(half), self.high.height(half)

    def expected(self, pixels: int, low: float, high: float) -> float:
        """Return false alarms expected per image beyond two thresholds at least 3.25 from 0."""
        return pixels * (self.low.above(-low) + self.high.above(high))


def false_alarms(
    prediction: NDArray[Any],
    noise: NoiseModel,
    scales: Sequence[float] = SCALES,
    valid: NDArray[np.bool_] | None = None,
    check: Callable[[], None] | None = None,
) -> FalseAlarms:
    """Simulate how often noise makes a peak, at the noise levels of a prediction.

    Photons are few where it is dark, so noise is skewed there and its tails differ. The prediction
    is taken as 16 levels, each for a 16th of its pixels; images of tiles of these are
    simulated, 4 million pixels, and their peaks found as in an image. The levels are rounded, the
    seed is fixed and the result is remembered: images alike in scales and levels share it.

    Parameters
    ----------
    prediction : ndarray
        In ADU.
    noise : NoiseModel
        Of the camera.
    scales : sequence of float
        Of `evidence_map`.
    valid : ndarray of bool, optional
        False where pixels are left out.
    check : callable, optional
        Called before each of the 16 images that are simulated; what it raises ends the work.

    Returns
    -------
    FalseAlarms

    Raises
    ------
    ValueError
        If no pixel is valid.
    """
    good = np.isfinite(prediction) if valid is None else np.isfinite(prediction) & valid
    means = prediction[good]
    if not means.size:
        raise ValueError("no pixel of the prediction is valid, so there is no noise to simulate")
    if noise.slope == 0:
        return _remembered(tuple(scales), (), 0.0, check)
    n = _TILES * _TILES
    # the levels are rounded, so a sample of pixels will do; an odd step goes through all columns
    means = means[:: means.size // _SAMPLE | 1]
    levels = np.quantile(means.astype(np.float64), (np.arange(n) + 0.5) / n)
    # in steps of the slope, the variance of the line above its floor is a number of photons
    photons = (noise.variance(levels) - noise.floor) / noise.slope**2
    read = _rounded(noise.floor / noise.slope**2)
    return _remembered(tuple(scales), tuple(_rounded(p) for p in photons), read, check)


def _rounded(value: float) -> float:
    """Round to a power of √2; what is next to nothing becomes 0, a thousand is as good as more."""
    if value < 0.02:
        return 0.0
    return float(_STEP ** round(math.log(min(value, 1024.0), _STEP)))


#: The last simulations by what they are of.
_KNOWN: dict[tuple[tuple[float, ...], tuple[float, ...], float], FalseAlarms] = {}
_MOST_KNOWN = 64


def _remembered(
    scales: tuple[float, ...],
    photons: tuple[float, ...],
    read: float,
    check: Callable[[], None] | None,
) -> FalseAlarms:
    known = _KNOWN.get((scales, photons, read))
    if known is None:
        known = _simulated(scales, photons, read, check or (lambda: None))
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.pop(next(iter(_KNOWN)), None)
        _KNOWN[scales, photons, read] = known
    return known


def _simulated(
    scales: tuple[float, ...], photons: tuple[float, ...], read: float, check: Callable[[], None]
) -> FalseAlarms:
    rng = np.random.default_rng(20210701)
    size = _TILES * _TILE
    heights = []
    for _ in range(_IMAGES):
        check()
        if photons:
            tiles = rng.permutation(np.array(photons)).reshape(_TILES, _TILES)
            mean = np.repeat(np.repeat(tiles, _TILE, axis=0), _TILE, axis=1)
            z = rng.poisson(mean) - mean + math.sqrt(read) * rng.standard_normal(mean.shape)
            z /= np.sqrt(np.maximum(mean + read, 1e-12))  # where nothing is, nothing varies
        else:
            z = rng.standard_normal((size, size))
        heights.append(peaks(evidence_map(z.astype(np.float32), scales), -LOWEST, LOWEST)[1])
    found = np.concatenate(heights).astype(np.float64)
    return _fitted(found, _IMAGES * size * size)


def _fitted(found: NDArray[np.float64], pixels: int) -> FalseAlarms:
    """Fit tails: their rates are the peaks there were, their skewness is of maximum likelihood.

    A third cumulant makes one side heavier by what it makes the other lighter, so both
    sides share it, with opposite signs.
    """
    cubes, squares = np.abs(found) ** 3 - LOWEST**3, found**2

    def cost(skew: float) -> float:
        sided = skew * np.sign(found)
        hazard = np.abs(found) - 1 / np.abs(found) - 3 * sided * squares
        return float(-(np.log(np.maximum(hazard, 1e-9)) + sided * cubes).sum())

    skew = 0.0
    if found.size:
        bounds = (-_MOST_SKEWED, _MOST_SKEWED)
        skew = float(minimize_scalar(cost, bounds=bounds, method="bounded").x)
    # half a peak where there is none: a rate of 0 would be a claim
    low, high = (max(int((side > 0).sum()), 0.5) / pixels for side in (-found, found))
    return FalseAlarms(Tail(low, -skew), Tail(high, skew))
