"""What further noisy captures of a field say of a prediction: its error, and noise it kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.stats import t as student

from napari_verdict.metrics.registration import shift_between, spectrum
from napari_verdict.metrics.values import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_verdict.metrics.noise import NoiseModel

#: Side of the blocks that intervals are taken over, in pixels, and the fewest there may be.
BLOCK = 32
LEAST_BLOCKS = 8


class Interval(NamedTuple):
    """A mean with its confidence interval; ends are NaN with too few blocks."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class OwnNoise:
    """How much of raw's own noise a prediction kept.

    Parameters
    ----------
    own, independent : float
        Mean squares of the residuals of raw and of another capture, over the noise variance.
        Both are 1 for the true image.
    kept : Interval
        Share of raw's noise that is in the prediction: half the difference of the mean squares,
        over the mean variance. 1 for a copy of raw, 0 for what knows nothing of it; a sound
        denoiser keeps a little, a filter the weight of its central pixel.
    """

    own: float
    independent: float
    kept: Interval


@dataclass(frozen=True)
class Drift:
    """What changed from raw to another capture.

    Parameters
    ----------
    dy, dx : float
        Shift that brings the capture onto raw, in pixels; NaN where an image is constant.
    brightness : float
        Mean of the capture over that of raw, both above the offset.
    """

    dy: float
    dx: float
    brightness: float


def squared_error(
    prediction: NDArray[Any],
    captures: Sequence[NDArray[Any]],
    *,
    raw: NDArray[Any] | None = None,
    noise: NoiseModel | None = None,
) -> NDArray[np.float64]:
    """Estimate, without bias, the squared error of each pixel against the image nobody has.

    With captures of the same field that the prediction was not made from, noise that is not
    shared cancels on average (Marcos-Morales et al. 2023, Evaluating Unsupervised Denoising
    Requires Unsupervised Metrics, PMLR 202). Of two or more, a pixel is (m - P)² - s²/k, with
    mean m and variance s² of the k captures: for two that is (a - P)(b - P). Of one, the
    variance of its noise comes from raw, as (a - P)² - (raw - a)²/2, or without raw from the
    line of the noise model.

    Parameters
    ----------
    prediction : ndarray
        In ADU, of the gain and offset of the captures. Raw itself may be given.
    captures : sequence of ndarray
        One or more, of the same shape, in ADU, none of them what the prediction was made from.
    raw : ndarray, optional
        What the prediction was made from; used if there is one capture.
    noise : NoiseModel, optional
        Used if there is one capture and no raw.

    Returns
    -------
    ndarray of float64
        In ADU². A single pixel may be below 0: only means are meaningful. NaN where an input is
        not finite.

    Raises
    ------
    ValueError
        Without a capture, with one and neither raw nor a noise model, or if shapes differ.
    """
    if not captures:
        raise ValueError("no further capture is given, so an error cannot be estimated")
    partner = raw if len(captures) == 1 else None
    for other in (*captures, *([] if partner is None else [partner])):
        if other.shape != prediction.shape:
            raise ValueError(f"shapes differ: {other.shape} and {prediction.shape}")
    p = _finite(prediction)
    k = len(captures)
    if k > 1:
        stack = np.stack([_finite(c) for c in captures])
        mean = stack.mean(axis=0)
        error: NDArray[np.float64] = (mean - p) ** 2 - stack.var(axis=0, ddof=1) / k
        return error
    a = _finite(captures[0])
    if partner is not None:
        return (a - p) ** 2 - (_finite(partner) - a) ** 2 / 2
    if noise is None:
        raise ValueError(
            "one further capture needs raw or a noise model, to know how much of the "
            "difference is noise"
        )
    # the line, not the floor: it is right on average at noisy values too
    return (a - p) ** 2 - (noise.slope * a + noise.intercept)


def mean_with_interval(
    values: NDArray[np.float64], level: float = 0.95, block: int = BLOCK
) -> Interval:
    """Return the mean over finite pixels, with an interval over blocks of the image.

    Pixels near to each other are not independent, so the interval is of Student's t over the
    means of blocks, weighted by their pixels. What differs from place to place in the image counts
    as variation too, so it is rather too wide than too narrow.

    Parameters
    ----------
    values : (y, x) ndarray
        NaN pixels are left out.
    level : float
        Confidence, between 0 and 1.
    block : int
        Side of a block, in pixels.

    Returns
    -------
    Interval
        Ends are NaN with fewer than 8 blocks that have pixels, everything NaN without any.
    """
    finite = np.isfinite(values)
    sums, counts = (
        _blocks(a, block) for a in (np.where(finite, values, 0.0), finite.astype(np.float64))
    )
    n, total = np.count_nonzero(counts), counts.sum()
    if not total:
        return Interval(math.nan, math.nan, math.nan)
    mean = float(sums.sum() / total)
    if n < LEAST_BLOCKS:
        return Interval(mean, math.nan, math.nan)
    spread = ((sums - mean * counts) ** 2).sum() * n / (n - 1)
    half = float(student.ppf(0.5 + level / 2, n - 1) * math.sqrt(spread) / total)
    return Interval(mean, mean - half, mean + half)


def psnr_of(error: float, data_range: float) -> Value:
    """Return the uPSNR in dB that a mean squared error has: 10 log₁₀(L² / uMSE).

    NaN with the reason where the estimate is not above 0: the error is then too small to tell from
    none.
    """
    if math.isnan(error) or not data_range > 0:
        return Value(math.nan, "no valid pixel, or no data range")
    if error <= 0:
        return Value(math.nan, "the estimated error is not above 0: too small to be measured")
    return Value(10 * math.log10(data_range**2 / error))


def local_error(error: NDArray[np.float64], sigma: float = 8.0) -> NDArray[np.float32]:
    """Return the mean of `squared_error` around each pixel, under a Gaussian window.

    Parameters
    ----------
    error : (y, x) ndarray of float64
        NaN pixels stay out of every window.
    sigma : float
        In pixels.

    Returns
    -------
    (y, x) ndarray of float32
        In ADU²; below 0 where it is too small to be measured, NaN where `error` is.
    """
    valid = np.isfinite(error)
    weight = gaussian_filter(valid.astype(np.float64), sigma, mode="constant")
    mean = gaussian_filter(np.where(valid, error, 0.0), sigma, mode="constant")
    np.divide(mean, weight, where=valid, out=mean)
    mean[~valid] = np.nan
    local: NDArray[np.float32] = mean.astype(np.float32)
    return local


def own_noise(
    prediction: NDArray[Any],
    raw: NDArray[Any],
    capture: NDArray[Any],
    noise: NoiseModel,
    level: float = 0.95,
) -> OwnNoise:
    """Tell a denoiser from one that has fitted the noise it was given.

    Parameters
    ----------
    prediction, raw, capture : (y, x) ndarray
        In ADU; the capture is another one of the field of raw.
    noise : NoiseModel
        Of the camera, best measured from captures.
    level : float
        Confidence of the interval.

    Returns
    -------
    OwnNoise
        NaN where no pixel is finite in all three.
    """
    p, r, a = _finite(prediction), _finite(raw), _finite(capture)
    valid = np.isfinite(p + r + a)
    variance = noise.variance(np.where(valid, p, 0.0))
    own, independent = (np.where(valid, (c - p) ** 2, np.nan) for c in (r, a))
    # the line, not the floor: it is right on average at a noisy prediction too
    level_of_noise = noise.slope * mean_with_interval(np.where(valid, p, np.nan)).value
    twice = 2 * max(level_of_noise + noise.intercept, noise.floor)
    kept = mean_with_interval(independent - own, level)
    return OwnNoise(
        mean_with_interval(own / variance).value,
        mean_with_interval(independent / variance).value,
        Interval(*(end / twice for end in kept)),
    )


def drift(raw: NDArray[Any], capture: NDArray[Any], offset: float = 0.0) -> Drift:
    """Measure how far another capture moved and whether it bleached, before it is trusted.

    Parameters
    ----------
    raw, capture : (y, x) ndarray
        Of one shape, in ADU.
    offset : float
        Grey value without light.

    Returns
    -------
    Drift
        With a brightness of NaN where raw is not brighter than the offset.
    """
    dy, dx = shift_between(spectrum(capture), spectrum(raw))
    r, a = _finite(raw), _finite(capture)
    both = np.isfinite(r) & np.isfinite(a)
    light = float((r[both] - offset).sum())
    brightness = float((a[both] - offset).sum()) / light if light > 0 else math.nan
    return Drift(dy, dx, brightness)


def drift_by_noise(raw: NDArray[Any], capture: NDArray[Any], repeats: int = 16) -> float:
    """Return the shift in pixels that noise alone makes `drift` find, as a root mean square.

    What two captures have in common, under a window of 1.5 px, is given noise twice that
    was drawn, with a fixed seed, from their difference: a pair that holds still.

    Parameters
    ----------
    raw, capture : (y, x) ndarray
        As in `drift`.
    repeats : int
        Pairs.

    Returns
    -------
    float
        NaN where an image is constant.
    """
    r, c = (np.nan_to_num(i, nan=float(np.nanmean(i))) for i in (_finite(raw), _finite(capture)))
    still, noise = gaussian_filter((r + c) / 2, 1.5), (r - c).ravel()
    rng = np.random.default_rng(20210701)
    squares = []
    for _ in range(repeats):
        a, b = (
            spectrum(still + rng.permutation(noise).reshape(r.shape) / math.sqrt(2))
            for _ in range(2)
        )
        shift = shift_between(a, b)
        squares.append(shift[0] ** 2 + shift[1] ** 2)
    return math.sqrt(float(np.mean(squares)))


def _finite(image: NDArray[Any]) -> NDArray[np.float64]:
    """Return an image in float64 with NaN where it is not finite."""
    pixels: NDArray[np.float64] = np.array(image, np.float64)
    pixels[~np.isfinite(pixels)] = np.nan
    return pixels


def _blocks(image: NDArray[np.float64], block: int) -> NDArray[np.float64]:
    """Return the sum of each block; those at the far borders may be smaller."""
    rows = np.add.reduceat(image, np.arange(0, image.shape[0], block), axis=0)
    sums: NDArray[np.float64] = np.add.reduceat(rows, np.arange(0, image.shape[1], block), axis=1)
    return sums
