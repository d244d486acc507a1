"""Sums over units become scores of restored images, each with its convention."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.comparison.model import RAW, Comparison
from napari_verdict.comparison.scores import Score
from napari_verdict.metrics.errors import psnr, rms, skill

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_verdict.comparison.image_units import Fit, UnitScores

NO_PIXELS = "no pixel is valid in both images"
NO_RANGE = "the ground truth has no range to measure against: its grey levels are all the same"
CONSTANT = "the candidate is constant"
NOT_GIVEN = "not given by this convention; zc_sqrt_mae stands in its place"
TOO_SMALL = "no pixel lies outside the rim of the SSIM window"

# columns of UnitScores.sums
_SSIM, _SSIM_N, _N, _SQUARES, _MAGNITUDES, _WORSE = range(6)


def image_rows(comparison: Comparison, units: Sequence[UnitScores]) -> tuple[Score, ...]:
    """Score every candidate over the whole, then plane by plane where there are several."""
    rows: list[Score] = []
    for name in comparison.candidates:
        scorer = _Scorer(comparison, name, units)
        rows += scorer.whole()
        if sum(len(u.sums[name]) for u in units) > 1:
            rows += scorer.planes()
    return tuple(rows)


class _Scorer:
    """Makes the rows of one candidate."""

    def __init__(self, comparison: Comparison, name: str, units: Sequence[UnitScores]) -> None:
        self.comparison, self.name, self.units = comparison, name, units
        self.convention = comparison.settings.convention
        self.has_raw = RAW in comparison.candidates and name != RAW
        source = comparison.ground_truth.source
        self.frame_axes = source.frame_axes
        self.stack = len(source.frames) * source.shape[0] > 1
        self.text = self._convention_text()

    # ---- the whole

    def whole(self) -> list[Score]:
        sums = np.concatenate([u.sums[self.name] for u in self.units]).sum(axis=0)
        n = int(sums[_N])
        mean = "mean over planes" if self.stack else "whole"
        pooled = "pooled over planes" if self.stack else "whole"
        rows = [self._score("ssim", *self._mean_ssim(), n, aggregation=mean)]
        for metric, (value, reason) in self._errors(range(len(self.units)), None).items():
            rows.append(self._score(metric, value, reason, n, aggregation=pooled))
        for metric in ("pearson", "gain", "offset"):
            values = [self._of_fit(metric, u.fits[self.name]) for u in self.units]
            rows.append(self._score(metric, *_mean(values), n, aggregation=mean))
        return rows

    def _mean_ssim(self) -> tuple[float, str | None]:
        values = [
            self._ssim(u.fits[self.name], plane) for u in self.units for plane in u.sums[self.name]
        ]
        return _mean(values)

    # ---- plane by plane

    def planes(self) -> list[Score]:
        rows = []
        has_z = "z" in self.comparison.ground_truth.axes
        for k, unit in enumerate(self.units):
            frame = dict(zip(self.frame_axes, unit.frame, strict=True))
            per_unit: tuple[str, ...] = ("pearson", "gain", "offset")
            if has_z and len(unit.sums[self.name]) > 1:
                if frame:
                    rows += [self._unit_score(m, unit, frame) for m in per_unit]
                per_unit = ()
            for z, plane in enumerate(unit.sums[self.name]):
                index = frame | ({"z": unit.z0 + z} if has_z else {})
                n = int(plane[_N])
                ssim, reason = self._ssim(unit.fits[self.name], plane)
                rows.append(self._score("ssim", ssim, reason, n, index))
                for metric, (value, why) in self._errors([k], z).items():
                    rows.append(self._score(metric, value, why, n, index))
                rows += [self._unit_score(m, unit, index) for m in per_unit]
        return rows

    def _unit_score(self, metric: str, unit: UnitScores, index: Mapping[str, int]) -> Score:
        fit = unit.fits[self.name]
        return self._score(metric, *self._of_fit(metric, fit), fit.moments.n, index)

    # ---- values

    def _ssim(self, fit: Fit, plane: NDArray[np.float64]) -> tuple[float, str | None]:
        if not plane[_N]:
            return math.nan, NO_PIXELS
        if not fit.data_range:
            return math.nan, NO_RANGE
        if not plane[_SSIM_N]:
            return math.nan, TOO_SMALL
        return float(plane[_SSIM] / plane[_SSIM_N]), None

    def _of_fit(self, metric: str, fit: Fit) -> tuple[float, str | None]:
        moments = fit.moments
        if not moments.n:
            return math.nan, NO_PIXELS
        if metric == "pearson":
            if moments.constant_g or moments.constant_p:
                return math.nan, CONSTANT if moments.constant_p else NO_RANGE
            return moments.pearson, None
        if moments.constant_p:
            return math.nan, CONSTANT
        if self.convention.fit == "none":
            return moments.fit()[metric == "offset"], None
        if not fit.data_range:
            return math.nan, NO_RANGE
        a = fit.affine
        if metric == "gain":
            return a.gain * a.inverse_range, None
        return (a.offset - a.low) * a.inverse_range, None

    def _errors(
        self, units: Sequence[int], plane: int | None
    ) -> dict[str, tuple[float, str | None]]:
        """Scores of error, pooled over the planes of the units that are asked for."""
        pools = [_Pool(self.units[k], self.name, plane) for k in units]
        n, squares = sum(p.n for p in pools), sum(p.squares for p in pools)
        rmse = rms(sum(p.image_squares for p in pools), n)
        no_range = not all(p.fit.data_range for p in pools if p.n)
        reason = NO_PIXELS if not n else NO_RANGE if no_range else None
        relative = rms(sum(p.relative_squares for p in pools), n)
        scores: dict[str, tuple[float, str | None]] = {
            "nrmse": (relative, reason),
            "rmse": (rmse, None if n else NO_PIXELS),
            "psnr": (psnr(relative**2, 1.0) if not reason else math.nan, reason),
        }
        if self.convention.fit == "zerocost":
            mean = sum(p.magnitudes for p in pools) / n if n else math.nan
            scores["nrmse"] = scores["rmse"] = math.nan, NOT_GIVEN
            scores["zc_sqrt_mae"] = math.sqrt(mean) if mean >= 0 else math.nan, reason
        if self.has_raw:
            baseline = sum(_Pool(self.units[k], RAW, plane).squares for k in units)
            scores["skill"] = skill(squares, baseline), reason or "raw has no error"
            worse = sum(p.worse for p in pools)
            scores["area_worse"] = worse / n if n else math.nan, reason
        return {
            metric: (math.nan if reason and metric not in ("rmse",) else value, why)
            if value != value or (reason and metric != "rmse")
            else (value, None)
            for metric, (value, why) in scores.items()
        }

    # ---- rows

    def _score(
        self,
        metric: str,
        value: float,
        reason: str | None,
        n: int,
        axis_index: Mapping[str, int] | None = None,
        *,
        aggregation: str = "plane",
    ) -> Score:
        return Score(
            image=self.comparison.ground_truth.name,
            candidate=self.name,
            metric=metric,
            value=value,
            unit=self._unit_of(metric),
            convention=self.text + self._special(metric),
            reason=reason,
            n=n,
            axis_index=axis_index or None,
            aggregation=aggregation,
        )

    def _unit_of(self, metric: str) -> str:
        normalised = "normalised units" if self.convention.percentiles else "image units"
        return {
            "psnr": "dB",
            "rmse": "image units",
            "nrmse": normalised if self.convention.percentiles else "1",
            "gain": f"{normalised} per image unit" if self.convention.percentiles else "1",
            "offset": normalised,
        }.get(metric, "1")

    def _convention_text(self) -> str:
        c, comparison = self.convention, self.comparison
        volume = "z" in comparison.ground_truth.axes and not c.per_plane
        parts = [f"convention={c.id}"]
        if c.percentiles:
            low, high = c.percentiles
            parts.append(f"ground truth=percentiles {low:g} and {high:g} to 0 and 1, not clipped")
        else:
            parts.append("ground truth=unchanged")
        parts.append(
            {
                "least-squares": "candidate=least-squares gain and offset",
                "zerocost": "candidate=centred, scaled by covariance (N-1) over variance (N)",
                "none": "candidate=unchanged",
            }[c.fit]
        )
        parts.append(f"unit={'volume' if volume else 'plane'}")
        ranges = sorted({u.fits[self.name].data_range for u in self.units})
        text = f"{ranges[0]:g}" if len(ranges) == 1 else f"{ranges[0]:g} to {ranges[-1]:g}"
        parts.append(f"L={text}" + ("" if c.percentiles else " (maximum - minimum)"))
        if comparison.ignore is not None:
            parts.append("ignored=pixels of the ignore mask")
        return "; ".join(parts)

    def _special(self, metric: str) -> str:
        """Return what only one metric depends on."""
        if metric == "ssim":
            three_d = self.comparison.settings.ssim_3d and "z" in self.comparison.ground_truth.axes
            return (
                "; window=Gaussian sigma 1.5 px, 11 taps"
                + (", and along z by the voxel's aspect" if three_d else "")
                + "; covariance=population; border=reflected; rim left out=5 px"
            )
        if metric == "area_worse":
            values = sorted({round(u.tolerance, 6) for u in self.units})
            text = f"{values[0]:g}" if len(values) == 1 else f"{values[0]:g} to {values[-1]:g}"
            return f"; worse=gain map below -{text} (median error of raw in background or 0.01 L)"
        if metric in ("gain", "offset") and self.convention.fit == "none":
            return "; least-squares fit to the ground truth, for information, not applied"
        if metric == "pearson":
            return "; pixels=unfitted"
        return ""


class _Pool:
    """Sums of one unit, or of one plane of it."""

    def __init__(self, unit: UnitScores, name: str, plane: int | None) -> None:
        sums = unit.sums[name]
        s = sums.sum(axis=0) if plane is None else sums[plane]
        self.fit = unit.fits[name]
        self.n, self.squares, self.worse = float(s[_N]), float(s[_SQUARES]), float(s[_WORSE])
        self.magnitudes = float(s[_MAGNITUDES])
        self.image_squares = self.squares / self.fit.affine.inverse_range**2
        # in units of the data range, so that nrmse and psnr mean the same under all conventions
        self.relative_squares = self.squares / (self.fit.data_range or math.nan) ** 2


def _mean(values: list[tuple[float, str | None]]) -> tuple[float, str | None]:
    """Return the mean of the defined values, or NaN with the first reason."""
    defined = [v for v, _ in values if not math.isnan(v)]
    if defined:
        return math.fsum(defined) / len(defined), None
    return math.nan, next((r for _, r in values if r), NO_PIXELS)
