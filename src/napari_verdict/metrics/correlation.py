"""Whether the noise of an image is independent from pixel to pixel, and how to make it so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import fft
from scipy.ndimage import convolve, gaussian_filter, uniform_filter

from napari_verdict.metrics.noise import LEAST_IN_BIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Lags that are measured, in pixels, along either axis.
LAGS = 5
#: Side of the window whose mean is taken off before noise is looked at.
_WINDOW = 15
#: A spectrum that falls below this share of white noise cannot be made white again.
_LEAST_POWER = 0.05
#: Second differences of white noise against themselves, at lags of -2 to 2 px.
_DIFFERENCES = np.array([1.0, -4.0, 6.0, -4.0, 1.0]) / 6


@dataclass(frozen=True, eq=False)
class Background:
    """What the noise of an image is like where it shows nothing.

    Parameters
    ----------
    n : int
        Pixels.
    variance : float
        Of the noise, in ADU²; NaN where there are too few pixels.
    level : float
        Mean grey value there.
    correlation : (6, 11) ndarray of float64
        At lags of 0 to 5 px along y and -5 to 5 px along x; 1 at lag (0, 0).
    pairs : int
        Pairs of pixels the lags of 1 px rest on: the standard error is about 1/√pairs. 0 where
        the correlation is unknown.
    """

    n: int
    variance: float
    level: float
    correlation: NDArray[np.float64]
    pairs: int

    @property
    def nearest(self) -> tuple[float, float]:
        """Correlation with the next pixel along y, and along x."""
        return float(self.correlation[1, LAGS]), float(self.correlation[0, LAGS + 1])

    @property
    def detail(self) -> float:
        """Share of the variance that second differences along both axes leave.

        1 of white noise; less where an image adds to the variance, which it does at lower
        frequencies, and where noise was smoothed.
        """
        return self._detail(0, 0)

    @property
    def unevenness(self) -> float:
        """Correlation of neighbours in the finest detail, less that of white noise.

        Of both axes the larger. An image that optics made smooth leaves it at 0; neighbours of
        which the correlation is r make it about 0.35 r. Its standard error is about 1/√pairs.
        """
        first = self.detail
        ends = (self._detail(*at) / first + 2 / 3 for at in ((1, 0), (0, 1)))
        return max(ends, key=abs)

    @property
    def is_structure(self) -> bool:
        """Whether what correlates is an image under white noise rather than the noise itself.

        The finest detail of white noise stays white under an image, while noise that was
        interpolated, smoothed or deconvolved has none, or detail that is not white; sharpened noise
        has more than its share. Where the image is finer than that: white noise takes a share
        of the variance that no other lag has, and from the first lag on an image falls slowly.
        """
        if self.detail < 1.03 and abs(self.unevenness) < 3 / math.sqrt(max(self.pairs, 1)):
            return True
        firsts = ((1, LAGS), (0, LAGS + 1))
        seconds = ((2, LAGS), (0, LAGS + 2))
        one, two = (float(np.mean([self.correlation[k] for k in at])) for at in (firsts, seconds))
        return one > 0 and two > 0.6 * one and 2 * one - two < 0.9

    def _detail(self, dy: int, dx: int) -> float:
        """Return the covariance of second differences at a lag of 0 or 1, over the variance."""
        every = np.concatenate([self.correlation[:0:-1, ::-1], self.correlation])
        y, x = LAGS + dy, LAGS + dx
        return float(_DIFFERENCES @ every[y - 2 : y + 3, x - 2 : x + 3] @ _DIFFERENCES)

    @property
    def largest(self) -> float:
        """The correlation of largest magnitude at any lag but 0, signed; NaN where unknown."""
        others = np.delete(self.correlation.ravel(), LAGS)
        return float(others[np.nanargmax(np.abs(others))]) if self.pairs else float("nan")


def flat_pixels(
    prediction: NDArray[Any], valid: NDArray[np.bool_], share: float = 0.25
) -> NDArray[np.bool_]:
    """Return where an image is dark and flat, and so shows little but the camera's noise.

    Parameters
    ----------
    prediction : (y, x) ndarray
        Denoised, so that its gradient is that of structure.
    valid : (y, x) ndarray of bool
        False where pixels are left out.
    share : float
        Of all pixels, how many to return at most.

    Returns
    -------
    (y, x) ndarray of bool
    """
    smooth = gaussian_filter(np.where(valid, prediction, 0).astype(np.float32), 2.0)
    if min(smooth.shape) < 2 or not valid.any():
        return np.zeros(valid.shape, bool)
    steep = np.hypot(*np.gradient(smooth))
    dark = valid & (smooth <= np.quantile(smooth[valid], min(1.0, 2 * share)))
    flat: NDArray[np.bool_] = dark & (steep <= np.quantile(steep[dark], 0.5))
    return flat


def background_noise(
    raw: NDArray[Any], flat: NDArray[np.bool_], unit: NDArray[Any] | None = None
) -> Background:
    """Measure the noise of an image where it is flat.

    The mean of a window of 15 px is taken off, so that uneven light is not taken for
    correlation; that lowers each correlation by about 1/225.

    Parameters
    ----------
    raw : (y, x) ndarray
        In ADU; or the difference of two captures, which is noise everywhere.
    flat : (y, x) ndarray of bool
        Where it is looked at.
    unit : (y, x) ndarray, optional
        Standard deviation that is expected; correlations are then of raw over it.

    Returns
    -------
    Background
    """
    flat = flat & np.isfinite(raw)
    n = int(np.count_nonzero(flat))
    none = np.full((LAGS + 1, 2 * LAGS + 1), np.nan)
    if n < LEAST_IN_BIN:
        return Background(n, float("nan"), float("nan"), none, 0)
    pixels = np.where(flat, raw, 0).astype(np.float64)
    weight = uniform_filter(flat.astype(np.float64), _WINDOW, mode="constant")
    around = uniform_filter(pixels, _WINDOW, mode="constant") / np.maximum(weight, 1e-9)
    noise = np.where(flat, pixels - around, 0.0)
    # the mean of as many pixels took its share of the variance with it
    lost = 1 - float((1 / np.maximum(weight[flat] * _WINDOW**2, 2)).mean())
    variance = float((noise**2).sum() / n / lost)
    level = float(pixels.sum() / n)
    if variance <= 1e-12 * level**2:  # without noise, what is left is rounding
        return Background(n, variance, level, none, 0)
    if unit is not None:
        noise = np.where(flat, noise / np.where(flat, unit, 1), 0.0)
    correlation, pairs = _correlation(noise, flat)
    return Background(n, variance, level, correlation, pairs)


def _correlation(
    noise: NDArray[np.float64], flat: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], int]:
    """Return means of products over pairs of flat pixels, over the variance; and pairs."""
    shape = [fft.next_fast_len(n + LAGS, real=True) for n in noise.shape]
    sums, counts = (_products(a, shape) for a in (noise, flat.astype(np.float64)))
    counts = np.rint(counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.where(counts >= LEAST_IN_BIN, sums / counts, np.nan)
        return means / means[0, LAGS], int(min(counts[1, LAGS], counts[0, LAGS + 1]))


def _products(image: NDArray[np.float64], shape: list[int]) -> NDArray[np.float64]:
    power = np.abs(fft.rfft2(image, shape)) ** 2
    every = fft.irfft2(power, shape)
    lags: NDArray[np.float64] = np.roll(every, LAGS, axis=1)[: LAGS + 1, : 2 * LAGS + 1]
    return lags


def whitening(background: Background) -> NDArray[np.float64] | None:
    """Return a filter after which noise of this correlation is independent again.

    It is symmetric, so nothing moves, and keeps the variance: the inverse root of the power
    spectrum, cut at 5 px. What all lags have in common, the light that is left, and what is within
    the error of measurement is taken for none.

    Parameters
    ----------
    background : Background
        With the correlation.

    Returns
    -------
    (11, 11) ndarray of float64, or None
        None where some frequencies are next to missing, as of an image that was enlarged or
        smoothed: what is not there cannot be made white. Also where the correlation is unknown.
    """
    measured = background.correlation
    if not np.isfinite(measured).all():
        return None
    common = float(np.median(measured[-2:]))
    cleared = (measured - common) / (1 - common)
    cleared[np.abs(cleared) < max(0.02, 4 / np.sqrt(background.pairs))] = 0
    size = 64
    whole = np.zeros((size, size))
    for dy in range(LAGS + 1):
        for dx in range(-LAGS, LAGS + 1):
            whole[dy, dx] = whole[-dy, -dx] = cleared[dy, dx + LAGS]
    power = fft.fft2(whole).real
    if power.min() < _LEAST_POWER:
        return None
    taps = np.fft.fftshift(fft.ifft2(1 / np.sqrt(power)).real)
    middle = slice(size // 2 - LAGS, size // 2 + LAGS + 1)
    kernel: NDArray[np.float64] = taps[middle, middle]
    return kernel


def whitened(z: NDArray[np.float32], kernel: NDArray[np.float64]) -> NDArray[np.float32]:
    """Filter a standardised residual; NaN pixels count as 0 and stay NaN."""
    valid = np.isfinite(z)
    out = convolve(np.where(valid, z, 0).astype(np.float32), kernel, mode="reflect")
    out[~valid] = np.nan
    result: NDArray[np.float32] = out.astype(np.float32, copy=False)
    return result


@dataclass(frozen=True, eq=False)
class Stripes:
    """Noise that whole columns or rows share, as of sCMOS cameras and of scanned lines.

    Parameters
    ----------
    middles : (x,) or (y,) ndarray of float64
        Median of each line, in standard deviations of the noise; the level without a valid pixel.
    level : float
        What all lines have in common: the median of the middles.
    excess : float
        Variance of a line against its neighbours, over what independent pixels would have: 1
        where lines share nothing.
    """

    middles: NDArray[np.float64]
    level: float
    excess: float

    @property
    def offsets(self) -> NDArray[np.float64]:
        """What each line has that the others have not."""
        return self.middles - self.level


def stripes(z: NDArray[np.float32], axis: int) -> Stripes:
    """Measure what whole lines of a standardised residual have in common.

    A line is held against the two beside it, so that what is smooth across lines, as structure
    is, does not count; its middle is the median, so that what a few pixels show does not.

    Parameters
    ----------
    z : (y, x) ndarray of float32
        NaN pixels are left out.
    axis : int
        Along which the lines run: 0 for columns, 1 for rows.

    Returns
    -------
    Stripes
        With an excess of NaN where lines of at least 64 px are fewer than 16.
    """
    middles, counts = _middles(z, axis)
    good = counts >= LEAST_IN_BIN
    level = float(np.median(middles[good])) if good.any() else 0.0
    middles[counts == 0] = level
    inside = good[1:-1] & good[:-2] & good[2:]
    if np.count_nonzero(inside) < 16:
        return Stripes(middles, level, float("nan"))
    against = middles[1:-1] - (middles[:-2] + middles[2:]) / 2
    # the median of n normal values varies by π/2n, a line less half of two others 3/2 times so
    expected = 1.5 * np.pi / 2 / counts[1:-1][inside]
    return Stripes(middles, level, float((against[inside] ** 2 / expected).mean()))


def row_middles(z: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the median of each row; 0 without a valid pixel."""
    return _middles(z, 1)[0]


def _middles(z: NDArray[np.float32], axis: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the median of the valid pixels of each line, 0 without any, and how many."""
    lines = np.sort(z, axis=axis)  # NaN last
    lines = lines.T if axis == 0 else lines
    counts = np.isfinite(lines).sum(axis=1)
    at = np.arange(len(lines))
    low, high = (lines[at, np.maximum((counts - k) // 2, 0)] for k in (1, 0))
    middles = np.where(counts > 0, (low.astype(np.float64) + high) / 2, 0.0)
    return middles, counts
