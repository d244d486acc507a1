"""Structural similarity with a Gaussian window, of all candidates at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.metrics.pixel_rows import pixel_rows, plain
from napari_verdict.metrics.ssim_kernel import STRIP, STRIP_3D, TOGETHER, ssim_kernel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SIGMA = 1.5
#: The window is cut here: 3.5 sigma, rounded; a map is not valid this near to a border.
RADIUS = 5
_K1, _K2 = 0.01, 0.03
_NO_MASK = np.ones((1, 1, 1), np.bool_)


@dataclass(frozen=True)
class Affine:
    """How pixels become comparable: ground truth (g - low) · inverse_range, candidate fitted first.

    The candidate becomes ((gain · p + offset) - low) · inverse_range: the same operations
    in the same order, so identical images stay identical to the last bit.
    """

    low: float = 0.0
    inverse_range: float = 1.0
    gain: float = 1.0
    offset: float = 0.0

    def of_ground_truth(self, value: float) -> float:
        """Return what a value of the ground truth becomes."""
        return (value - self.low) * self.inverse_range

    def of_candidate(self, value: float) -> float:
        """Return what a value of the candidate becomes."""
        return (self.gain * value + self.offset - self.low) * self.inverse_range


def gaussian_taps(sigma: float) -> NDArray[np.float64]:
    """Return the taps of a Gaussian window cut at 3.5 sigma, of sum 1.

    Parameters
    ----------
    sigma : float
        In pixels, above 0.

    Returns
    -------
    (2 · radius + 1,) ndarray
        With radius int(3.5 sigma + 0.5).
    """
    radius = int(3.5 * sigma + 0.5)
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    normalised: NDArray[np.float64] = taps / taps.sum()
    return normalised


def reflected(index: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    """Bring indices beyond a border back by reflection (d c b a | a b c d | d c b a)."""
    index = np.mod(index, 2 * size)
    folded: NDArray[np.intp] = np.where(index < size, index, 2 * size - 1 - index)
    return folded


@dataclass(frozen=True, eq=False)
class Window:
    """Where the windows of the k planes and n rows that are wanted lie in a block.

    Parameters
    ----------
    planes : (k + len(z_taps) - 1,) ndarray of intp
        The planes of the block under the windows; `z_taps` of them for each plane wanted.
    rows : (n + 10,) ndarray of intp
        The rows of the block under the windows.
    z_taps : ndarray of float64
        Weights along z, symmetric; ``[1.0]`` for plane by plane.
    first : int
        Which row of the image the first row wanted is: rows are filtered in fours, and which
        go together must not depend on the block.
    """

    planes: NDArray[np.intp]
    rows: NDArray[np.intp]
    z_taps: NDArray[np.float64]
    first: int = 0


def ssim_block(
    ground_truth: NDArray[Any],
    candidates: Sequence[NDArray[Any]],
    affines: Sequence[Affine],
    means: Sequence[tuple[float, float]],
    data_range: float,
    window: Window,
    *,
    valid: NDArray[np.bool_] | None,
    outs: Sequence[NDArray[np.float32]],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Compute the SSIM maps of a block, all candidates in one go.

    Wang et al. 2004, 10.1109/TIP.2003.819861: Gaussian window of sigma 1.5 px and 11 taps,
    population covariance, images continued by reflection. All arithmetic is in float64,
    second moments are taken about the means. Rows are converted one at a time, so nothing the
    size of the block is allocated.

    Parameters
    ----------
    ground_truth : (z, y, x) ndarray of any real dtype
        A block with its halo, at the full width of the image.
    candidates : sequence of c (z, y, x) ndarray
        Of the same shape.
    affines : sequence of Affine
        Normalisation, which all share, and fit of each candidate.
    means : sequence of (float, float)
        Values near the means of ground truth and candidate, after `affines`; that of the
        ground truth is taken from the first.
    data_range : float
        L in the constants (0.01 L)² and (0.03 L)².
    window : Window
        Which planes and rows are wanted.
    valid : (z, y, x) ndarray of bool, optional
        False where pixels stay out of every window, of all of these candidates.
    outs : sequence of c (k, n, x) ndarray of float32
        Receive the maps; NaN where the pixel itself is not valid.

    Returns
    -------
    sums : (c, k, n) ndarray of float64
        Of each row of the maps, without its left and right rim of 5 px and invalid pixels.
    counts : (c, k, n) ndarray of int64
        How many pixels each sum has.
    """
    shape = (len(candidates), *outs[0].shape[:2])
    sums, counts = np.zeros(shape), np.zeros(shape, np.int64)
    g = pixel_rows(ground_truth)
    every = [pixel_rows(c) for c in candidates]
    width, targets = outs[0].shape[2], [plain(o) for o in outs]
    strip = STRIP if window.z_taps.size == 1 else STRIP_3D
    edges = _edges(width, strip)
    numbers = np.array(
        [
            (a.low, a.inverse_range, a.gain, a.offset, means[0][0], m[1])
            for a, m in zip(affines, means, strict=True)
        ]
    )
    c1, c2 = _K1 * data_range, _K2 * data_range
    for first in range(0, len(candidates), TOGETHER):
        some = slice(first, first + TOGETHER)
        here = every[some]
        ssim_kernel(
            g.raw,
            g.code,
            _filled([p.raw for p in here]),
            np.array([p.code for p in here]),
            len(here),
            _NO_MASK if valid is None else np.require(valid, requirements=["C", "W"]),
            valid is not None,
            window.planes,
            window.rows,
            window.first % 4,
            width,
            strip,
            edges,
            gaussian_taps(SIGMA)[RADIUS:],
            window.z_taps,
            numbers[some],
            np.array([c1 * c1, c2 * c2]),
            _filled(targets[some]),
            sums[some],
            counts[some],
        )
    for out, target in zip(outs, targets, strict=True):
        if target is not out:
            out[...] = target
    return sums, counts


def _filled(arrays: list[NDArray[Any]]) -> tuple[NDArray[Any], ...]:
    """Return a tuple of one length, so that the kernel is compiled once; the rest is not used."""
    return tuple(arrays + arrays[-1:] * (TOGETHER - len(arrays)))


@lru_cache(maxsize=8)
def _edges(width: int, strip: int) -> NDArray[np.intp]:
    """Tell for every strip from where in it each of its columns with rim comes by reflection."""
    strip = min(strip, width)
    starts = np.arange(0, width, strip)
    columns = starts[:, np.newaxis] - RADIUS + np.arange(strip + 2 * RADIUS)
    ends = np.minimum(starts + strip, width)[:, np.newaxis] + RADIUS
    # what a narrow last strip has to spare repeats its last column
    sources = reflected(np.minimum(columns, ends - 1), width)
    places: NDArray[np.intp] = sources - (starts[:, np.newaxis] - RADIUS)
    return places
