"""Grey levels of the ground truth, and how a candidate is brought to it under a convention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.metrics.percentiles import order_histogram, percentiles, percentiles_of_counts
from napari_verdict.metrics.ssim import Affine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.comparison.conventions import Convention
    from napari_verdict.metrics.moments import Moments

_EPS = 1e-20


@dataclass(frozen=True)
class Levels:
    """Grey levels of the ground truth over a unit; NaN without valid pixels."""

    low: float
    high: float
    median: float
    minimum: float
    maximum: float


@dataclass(frozen=True)
class Fit:
    """How a candidate was brought to the ground truth in one unit.

    `data_range` is L; 0 where the ground truth has no range.
    """

    affine: Affine
    data_range: float
    moments: Moments


@dataclass(frozen=True)
class LevelCounts:
    """What a block adds to the grey levels of its unit.

    Parameters
    ----------
    counts : ndarray of int64
        Of every grey level for 8 and 16 bits, else the `order_histogram`.
    values : ndarray, optional
        The valid pixels, where the histogram alone is not exact.
    """

    counts: NDArray[np.int64]
    values: NDArray[Any] | None


def level_counts(pixels: NDArray[Any], ignored: NDArray[np.bool_] | None) -> LevelCounts:
    """Count the valid pixels of a block."""
    values = pixels.reshape(-1) if ignored is None else pixels[~ignored]
    if values.dtype in (np.uint8, np.uint16):
        size = int(np.iinfo(values.dtype).max) + 1
        return LevelCounts(np.bincount(values, minlength=size), None)
    if values.dtype.kind != "f":
        values = values.astype(np.float64)
    elif not (finite := np.isfinite(values)).all():
        values = values[finite]
    return LevelCounts(order_histogram(values), values)


def levels_of(parts: list[LevelCounts], convention: Convention) -> Levels:
    """Bring the counts of blocks together."""
    low, high = convention.percentiles or (0.0, 100.0)
    q = (low, high, 50.0, 0.0, 100.0)
    counts = np.sum([p.counts for p in parts], axis=0)
    values = [p.values for p in parts if p.values is not None]
    return Levels(
        *(percentiles(values, counts, q) if values else percentiles_of_counts(counts, 0, q))
    )


def fit_of(convention: Convention, levels: Levels, moments: Moments) -> Fit:
    """Resolve the convention for one candidate in one unit."""
    if convention.percentiles is None:
        spread = levels.maximum - levels.minimum
        return Fit(Affine(), spread if spread > 0 else 0.0, moments)
    low, spread = levels.low, levels.high - levels.low
    gain, offset = moments.fit()
    if convention.fit == "zerocost":
        gain, offset = moments.fit_zerocost()
        low = moments.mean_g
    if not spread > 0:
        return Fit(Affine(low, 1.0, gain, offset), 0.0, moments)
    return Fit(Affine(low, 1.0 / (spread + _EPS), gain, offset), 1.0, moments)
