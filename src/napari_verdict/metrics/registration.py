"""How far one image is shifted against another, to a hundredth of a pixel."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import fft
from scipy.signal.windows import tukey

if TYPE_CHECKING:
    from numpy.typing import NDArray

Spectrum = tuple["NDArray[np.complex64]", tuple[int, int]]


def estimate_shift(
    moving: NDArray[Any], reference: NDArray[Any], upsample: int = 100
) -> tuple[float, float]:
    """Return the shift that, applied to `moving`, brings it onto `reference`.

    The peak of the cross-correlation, found to whole pixels from the spectra and refined
    by evaluating the Fourier series on ever finer grids around it. Amplitudes are kept:
    whitening the spectra lets the noise of smooth predictions decide.

    Parameters
    ----------
    moving, reference : (y, x) ndarray
        Of one shape, any real dtype. Pixels that are not finite count as the mean.
    upsample : int
        Steps in a pixel, at least 1.

    Returns
    -------
    dy, dx : float
        In pixels, rounded to 1 / `upsample`. NaN where an image is constant or has no
        finite pixel, as then there is no peak.

    Raises
    ------
    ValueError
        If the shapes differ.

    References
    ----------
    Guizar-Sicairos, Thurman, Fienup (2008), doi:10.1364/OL.33.000156.
    """
    if moving.shape != reference.shape:
        raise ValueError(f"shapes differ: {moving.shape} and {reference.shape}")
    return shift_between(spectrum(moving), spectrum(reference), upsample)


def spectrum(image: NDArray[Any]) -> Spectrum | None:
    """Return the half spectrum of an image, mean taken off and edges tapered, with its shape.

    None where the image is constant or has no finite pixel. Spectra of a reference are
    shared between all that is compared with it.
    """
    pixels = image.astype(np.float64)
    finite = np.isfinite(pixels)
    if not finite.any():
        return None
    pixels -= pixels.mean(where=finite)
    pixels[~finite] = 0
    largest = np.abs(pixels).max()
    if largest <= 1e-12 * np.abs(image[finite]).max():
        return None
    tapered = (pixels / largest).astype(np.float32)
    for axis, n in enumerate(image.shape):
        window = tukey(n, 0.2).astype(np.float32) if n > 2 else np.ones(n, np.float32)
        tapered *= window[:, None] if axis == 0 else window
    return fft.rfft2(tapered), (image.shape[0], image.shape[1])


def shift_between(
    moving: Spectrum | None, reference: Spectrum | None, upsample: int = 100
) -> tuple[float, float]:
    """Return `estimate_shift` from two spectra; NaN where either is None."""
    if moving is None or reference is None:
        return math.nan, math.nan
    shape = reference[1]
    cross = reference[0] * moving[0].conj()
    correlation = fft.irfft2(cross, s=shape)
    if not correlation.any():
        return math.nan, math.nan
    peak = np.unravel_index(int(correlation.argmax()), shape)
    at = [float(p - n if p > n // 2 else p) for p, n in zip(peak, shape, strict=True)]
    step = 1.0
    while step * upsample > 1.0 + 1e-9:
        finer = max(step / 10, 1 / upsample)
        at = _refine(cross, shape, at, step, finer)
        step = finer
    # an axis of one pixel has no shift
    dy, dx = (
        round(a * upsample) / upsample if n > 1 else 0.0 for a, n in zip(at, shape, strict=True)
    )
    return dy, dx


def _refine(
    cross: NDArray[np.complex64], shape: tuple[int, int], at: list[float], reach: float, step: float
) -> list[float]:
    # the Fourier series of the correlation on a grid of `step` within `reach` of `at`
    steps = np.arange(-round(reach / step), round(reach / step) + 1) * step
    ys, xs = at[0] + steps, at[1] + steps
    fy, fx = np.fft.fftfreq(shape[0]), np.fft.rfftfreq(shape[1])
    weight = np.full(fx.size, 2.0)  # the half that is not stored
    weight[0] = 1.0
    if shape[1] % 2 == 0:
        weight[-1] = 1.0
    along_x = (np.exp(2j * np.pi * np.outer(fx, xs)) * weight[:, None]).astype(np.complex64)
    along_y = np.exp(2j * np.pi * np.outer(ys, fy)).astype(np.complex64)
    values = (along_y @ (cross @ along_x)).real
    iy, ix = np.unravel_index(int(values.argmax()), values.shape)
    return [float(ys[iy]), float(xs[ix])]
