"""How candidates are brought to the ground truth: grey levels, moments, and the convention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.metrics.percentiles import (
    Net,
    Search,
    coarse_counts,
    percentiles,
    percentiles_of_counts,
)
from napari_verdict.metrics.ssim import SIGMA, Affine

if TYPE_CHECKING:
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
    Where they are not `exact` they are off by less than 1.2e-7 of their magnitude.
    """

    low: float
    high: float
    median: float
    exact: bool = True

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

    @property
    def means(self) -> tuple[float, float]:
        """The means of ground truth and candidate as they are compared."""
        a, m = self.affine, self.moments
        return a.of_ground_truth(m.mean_g), a.of_candidate(m.mean_p)

    @property
    def ground_truth(self) -> tuple[float, float, float]:
        """What the ground truth becomes: the same for all candidates of which the same counts."""
        return self.affine.low, self.affine.inverse_range, self.means[0]


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
    pixels: NDArray[Any],
    as_float: NDArray[np.float64],
    ignored: NDArray[np.bool_] | None,
    *,
    keep: bool = True,
) -> LevelCounts:
    """Count the grey levels of a block of the ground truth.

    Parameters
    ----------
    pixels, as_float : (z, y, x) ndarray
        The same pixels as they are, and in float64.
    ignored : (z, y, x) ndarray of bool, optional
        True where pixels are left out, as non-finite ones are.
    keep : bool
        Whether the values may be kept, because they are in memory anyway.
    """
    if pixels.dtype in _COUNTED_EXACTLY:
        small = pixels.ravel() if ignored is None else pixels[~ignored]
        return LevelCounts(np.bincount(small, minlength=np.iinfo(small.dtype).max + 1), None)
    valid = _valid(as_float, ignored)
    if valid.all():
        return LevelCounts(coarse_counts(as_float), pixels if keep else None)
    return LevelCounts(coarse_counts(as_float[valid]), pixels[valid] if keep else None)


def catch_levels(
    net: Net, pixels: NDArray[np.float64], ignored: NDArray[np.bool_] | None
) -> NDArray[np.float64]:
    """Return the valid pixels of a block that a `Search` asks for."""
    valid = _valid(pixels, ignored)
    return net.catch(pixels if valid.all() else pixels[valid])


def _valid(pixels: NDArray[np.float64], ignored: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    valid: NDArray[np.bool_] = np.isfinite(pixels)
    if ignored is not None:
        valid &= ~ignored
    return valid


class LevelSums:
    """Brings the counts of a unit's blocks together to its grey levels.

    Small integers are known from their histogram, values in memory are looked at once more;
    all others are searched for in further rounds over the blocks, as long as `net` says so.
    """

    def __init__(self, convention: Convention) -> None:
        self._q = (*(convention.percentiles or (0.0, 100.0)), 50.0)
        self.counts: NDArray[np.int64] | None = None
        self._values: list[NDArray[Any]] = []
        self._small = False
        self._search: Search | None = None

    def add(self, part: LevelCounts) -> None:
        """Take what was counted in a block."""
        if self.counts is None:
            self.counts = np.zeros_like(part.counts)
        self.counts += part.counts
        if part.values is not None:
            self._values.append(part.values)

    def end(self, small: bool) -> None:
        """End the count; `small` integers were counted one by one."""
        self._small = small
        if self.counts is not None and not small and not self._values:
            self._search, self.counts = Search(self.counts, self._q), None

    @property
    def net(self) -> Net | None:
        """What a further round is to catch; None where nothing is left to be found."""
        return None if self._search is None else self._search.net

    def catch(self, caught: NDArray[np.float64]) -> None:
        """Take what a round caught in a block."""
        assert self._search is not None
        self._search.add(caught)

    def next_round(self) -> None:
        """End a round."""
        assert self._search is not None
        self._search.next_round()

    def levels(self) -> Levels:
        """Return the grey levels; NaN without pixels."""
        counts = np.zeros(1, np.int64) if self.counts is None else self.counts
        if self._search is not None:
            low, high, median = self._search.result()
            return Levels(low, high, median, self._search.exact)
        if self._small:
            low, high, median = percentiles_of_counts(counts, self._q)
            return Levels(low, high, median)
        values, self._values = self._values, []
        low, high, median = percentiles(values, counts, self._q)
        return Levels(low, high, median)


def counted_exactly(dtype: np.dtype[Any]) -> bool:
    """Whether every grey level of the dtype has a bin of its own."""
    return dtype in _COUNTED_EXACTLY
