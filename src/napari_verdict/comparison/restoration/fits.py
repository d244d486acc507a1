"""How candidates are brought to the ground truth: grey levels, moments, and the convention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.metrics.percentiles import coarse_counts, percentiles, percentiles_of_counts
from napari_verdict.metrics.ssim import SIGMA, Affine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_verdict.comparison.conventions import Convention
    from napari_verdict.comparison.model import Comparison
    from napari_verdict.metrics.moments import Moments

_EPS = 1e-20
_COUNTED_EXACTLY = (np.uint8, np.uint16)


@dataclass(frozen=True)
class Levels:
    """Grey levels of the ground truth over a unit; NaN without valid pixels.

    `low` and `high` are the convention's percentiles, or minimum and maximum where it has none.
    """

    low: float
    high: float
    median: float

    @property
    def spread(self) -> float:
        """From low to high; 0 where nothing can be measured against it."""
        return self.high - self.low if self.high > self.low else 0.0


@dataclass(frozen=True)
class Fit:
    """How a candidate was brought to the ground truth in one unit.

    Parameters
    ----------
    affine : Affine
        Normalisation and fit.
    to_image : float
        What one unit of the maps is in image units.
    data_range : float
        L, in the units of the maps; 0 where the ground truth has no range.
    moments : Moments
        Of the unfitted pixels.
    """

    affine: Affine
    to_image: float
    data_range: float
    moments: Moments


def fit_of(convention: Convention, levels: Levels, moments: Moments) -> Fit:
    """Resolve a convention for one candidate in one unit."""
    spread = levels.spread
    if convention.percentiles is None:
        return Fit(Affine(), 1.0, spread, moments)
    low, (gain, offset) = levels.low, moments.fit()
    if convention.fit == "zerocost":
        low, (gain, offset) = moments.mean_g, moments.fit_zerocost()
    if not spread:
        return Fit(Affine(low, 1.0, gain, offset), 1.0, 0.0, moments)
    return Fit(Affine(low, 1.0 / (spread + _EPS), gain, offset), spread, 1.0, moments)


def sigma_along_z(comparison: Comparison) -> float:
    """Return the sigma of the SSIM window along z in planes; 0 for plane by plane.

    As wide as in the plane, by the size of the voxels, but half a plane at least. A convention
    that fits every plane by itself has no volume to filter.
    """
    settings, truth = comparison.settings, comparison.ground_truth
    if not settings.ssim_3d or "z" not in truth.axes or settings.convention.per_plane:
        return 0.0
    z, y, _ = truth.spacing
    return max(0.5, SIGMA * y / z)


@dataclass(frozen=True)
class LevelCounts:
    """What grey levels are read from: a histogram of a block, and its values where needed."""

    counts: NDArray[np.int64]
    values: NDArray[Any] | None


def count_levels(
    pixels: NDArray[Any], as_float: NDArray[np.float64], ignored: NDArray[np.bool_] | None
) -> LevelCounts:
    """Count the grey levels of a block of the ground truth.

    Parameters
    ----------
    pixels, as_float : (z, y, x) ndarray
        The same pixels as they are, and in float64.
    ignored : (z, y, x) ndarray of bool, optional
        True where pixels are left out, as non-finite ones are.
    """
    if pixels.dtype in _COUNTED_EXACTLY:
        small = pixels.ravel() if ignored is None else pixels[~ignored]
        return LevelCounts(np.bincount(small, minlength=np.iinfo(small.dtype).max + 1), None)
    valid = np.isfinite(as_float)
    if ignored is not None:
        valid &= ~ignored
    if valid.all():
        return LevelCounts(coarse_counts(as_float), pixels)
    return LevelCounts(coarse_counts(as_float[valid]), pixels[valid])


def levels_of(parts: Sequence[LevelCounts], convention: Convention) -> Levels:
    """Bring the counts of a unit's blocks together; exact, in any order of blocks."""
    q = (*(convention.percentiles or (0.0, 100.0)), 50.0)
    counts = np.sum([p.counts for p in parts], axis=0)
    values = [p.values for p in parts if p.values is not None]
    found = percentiles(values, counts, q) if values else percentiles_of_counts(counts, q)
    return Levels(*found)
