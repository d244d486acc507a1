"""How raw and a prediction become a standardised residual, and that becomes maps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.metrics.correlation import LAGS, row_middles, whitened
from napari_verdict.metrics.evidence import detection_limit, evidence_map, reach
from napari_verdict.metrics.residuals import standardised_residual

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.metrics.noise import NoiseModel

#: What a blob under squared weights of its own shape is of its amplitude, on average.
_MEAN_OF_BLOB = 2 / 3


@dataclass(frozen=True, eq=False)
class Standard:
    """What is known of raw and one prediction in one frame, and what follows for rows of them.

    Parameters
    ----------
    gain, offset : float
        Which bring the prediction to the grey values of raw.
    noise : NoiseModel
        Of the camera.
    saturation : float, optional
        Pixels of raw that reach it are left out.
    columns : (x,) ndarray of float64, optional
        What columns of raw share, in standard deviations: taken off.
    rows : float, optional
        What all rows have in common, where what a row has beside it is measured and taken off.
    kernel : (11, 11) ndarray of float64, optional
        Makes correlated noise independent.
    """

    gain: float
    offset: float
    noise: NoiseModel
    saturation: float | None = None
    columns: NDArray[np.float64] | None = None
    rows: float | None = None
    kernel: NDArray[np.float64] | None = None

    @property
    def reach(self) -> int:
        """Rows around a row that decide on its residual."""
        return LAGS * (self.kernel is not None)

    @property
    def taken_off(self) -> tuple[str, ...]:
        """What pixels of raw share and is taken off: ``columns``, ``rows``, ``neighbours``."""
        taken = (part is not None for part in (self.columns, self.rows, self.kernel))
        names = ("columns", "rows", "neighbours")
        return tuple(n for n, t in zip(names, taken, strict=True) if t)

    def expected(self, prediction: NDArray[Any]) -> NDArray[np.float64]:
        """Return the prediction in the grey values of raw."""
        mean: NDArray[np.float64] = np.multiply(prediction, self.gain, dtype=np.float64)
        mean += self.offset
        return mean

    def valid(
        self,
        raw: NDArray[Any],
        expected: NDArray[np.float64],
        ignored: NDArray[np.bool_] | None,
    ) -> NDArray[np.bool_]:
        """Tell which pixels count.

        Where saturation is within four deviations of what is expected, only the dimmer half of
        the noise would be left, so those pixels are left out as well.
        """
        good: NDArray[np.bool_] = np.isfinite(raw) & np.isfinite(expected)
        if self.saturation is not None:
            mean = np.where(good, expected, 0.0)
            brightest = mean + 4 * np.sqrt(self.noise.variance(mean))
            good &= (raw < self.saturation) & (brightest < self.saturation)
        if ignored is not None:
            good &= ~ignored
        return good

    def residual(
        self,
        raw: NDArray[Any],
        expected: NDArray[np.float64],
        ignored: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.float32]:
        """Return the standardised residual; right from `reach` rows within where rows go on."""
        z = standardised_residual(raw, expected, self.noise, self.valid(raw, expected, ignored))
        if self.columns is not None:
            z -= self.columns.astype(np.float32)
        if self.rows is not None:
            z -= (row_middles(z) - self.rows).astype(np.float32)[:, np.newaxis]
        return z if self.kernel is None else whitened(z, self.kernel)


@dataclass(frozen=True)
class Gathering:
    """How residuals are gathered into maps.

    Parameters
    ----------
    scales : tuple of float
        Of the windows of the evidence, in pixels.
    limit_scale : float
        Of the blob that the limit is of.
    low, high : float
        Thresholds below and above 0.
    """

    scales: tuple[float, ...]
    limit_scale: float
    low: float
    high: float

    @property
    def reach(self) -> int:
        """Rows around a row that decide on its evidence and its limit."""
        return reach((*self.scales, self.limit_scale))

    def evidence(self, z: NDArray[np.float32], rows: slice) -> NDArray[np.float32]:
        """Return the evidence of some rows; z has a halo of `reach` where the image goes on."""
        return evidence_map(z, self.scales, rows)

    def limit(
        self,
        expected: NDArray[np.float64],
        valid: NDArray[np.bool_],
        noise: NoiseModel,
        rows: slice,
    ) -> NDArray[np.float32]:
        """Return the smallest blob that would have been noticed, in ADU.

        It is the larger of two: a blob of raw that the prediction does not show, and one that
        the prediction shows and raw has not. The second makes the prediction brighter, so more
        noise is expected there and more is forgiven: with A₀ of the first,
        A² = A₀² + A · t² · slope · (2/3) / (π s²).
        """
        deviation = np.sqrt(noise.variance(expected)).astype(np.float32)
        deviation[~valid | ~np.isfinite(expected)] = np.nan
        threshold = max(-self.low, self.high)
        first = detection_limit(deviation, self.limit_scale, threshold, rows)
        more = threshold**2 * noise.slope * _MEAN_OF_BLOB / (math.pi * self.limit_scale**2) / 2
        limit: NDArray[np.float32] = np.sqrt(first * first + np.float32(more * more))
        limit += np.float32(more)
        return limit
