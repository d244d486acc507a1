"""Sums over units become scores of restored images, each with its convention."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from napari_verdict.comparison.model import RAW, Comparison
from napari_verdict.comparison.scores import Score
from napari_verdict.metrics.errors import psnr, rms, skill

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_verdict.comparison.image_fit import Fit
    from napari_verdict.comparison.image_units import UnitScores

NO_PIXELS = "no pixel is valid in both images"
NO_RANGE = "the ground truth has no range to measure against: its grey levels are all the same"
CONSTANT = "the candidate is constant"
NOT_GIVEN = "not given by this convention; zc_sqrt_mae stands in its place"
NO_RAW_ERROR = "raw has no error that could be made smaller"
TOO_SMALL = "no pixel lies outside the rim of the SSIM window"

OVERFLOW = "the grey levels are too large to be squared in 64 bits"
OF_FIT = ("pearson", "gain", "offset")

# columns of UnitScores.sums
_SSIM, _SSIM_N, _N, _SQUARES, _MAGNITUDES, _JOINT, _WORSE, _RAW_SQUARES, _OWN_SQUARES = range(9)


def image_rows(comparison: Comparison, units: Sequence[UnitScores]) -> tuple[Score, ...]:
    """Score every candidate over the whole, then plane by plane where there are several."""
    rows: list[Score] = []
    for name in comparison.candidates:
        scorer = _Scorer(comparison, name, units)
        rows += scorer.whole()
        if sum(len(u.sums[name]) for u in units) > 1:
            rows += scorer.planes()
    return tuple(rows)


class _Value(NamedTuple):
    """A score's value, the reason where it is undefined, and the pixels it rests on."""

    value: float
    reason: str | None
    n: float


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
        mean = "mean over planes" if self.stack else "whole"
        pooled = "pooled over planes" if self.stack else "whole"
        planes = [(u.fits[self.name], sums) for u in self.units for sums in u.sums[self.name]]
        rows = [self._score("ssim", _mean([_ssim(*p) for p in planes]), aggregation=mean)]
        for metric, value in self._errors(range(len(self.units)), None).items():
            rows.append(self._score(metric, value, aggregation=pooled))
        for metric in OF_FIT:
            values = [self._of_fit(metric, u.fits[self.name]) for u in self.units]
            rows.append(self._score(metric, _mean(values), aggregation=mean))
        return rows

    # ---- plane by plane

    def planes(self) -> list[Score]:
        rows = []
        has_z = "z" in self.comparison.ground_truth.axes
        for k, unit in enumerate(self.units):
            fit, planes = unit.fits[self.name], unit.sums[self.name]
            of_fit = {m: self._of_fit(m, fit) for m in OF_FIT}
            frame = dict(zip(self.frame_axes, unit.frame, strict=True))
            volume = has_z and len(planes) > 1
            if volume and frame:
                rows += [self._score(m, v, frame) for m, v in of_fit.items()]
            for z, sums in enumerate(planes):
                values = {"ssim": _ssim(fit, sums)} | self._errors([k], z)
                if not volume:
                    values |= of_fit
                index = frame | ({"z": unit.z0 + z} if has_z else {})
                rows += [self._score(m, v, index) for m, v in values.items()]
        return rows

    # ---- values

    def _of_fit(self, metric: str, fit: Fit) -> _Value:
        moments, affine = fit.moments, fit.affine
        if not moments.n:
            return _Value(math.nan, NO_PIXELS, 0)
        if moments.constant_p:
            return _Value(math.nan, CONSTANT, moments.n)
        if metric == "pearson":
            return _Value(moments.pearson, NO_RANGE if moments.constant_g else None, moments.n)
        if self.convention.fit == "none":
            return _Value(moments.fit()[metric == "offset"], None, moments.n)
        if not fit.data_range:
            return _Value(math.nan, NO_RANGE, moments.n)
        if metric == "gain":
            return _Value(affine.gain * affine.inverse_range, None, moments.n)
        return _Value((affine.offset - affine.low) * affine.inverse_range, None, moments.n)

    def _errors(self, units: Sequence[int], plane: int | None) -> dict[str, _Value]:
        """Scores of error, pooled over the planes of the units that are asked for."""
        pools = [p for k in units if (p := _Pool(self.units[k], self.name, plane)).n]
        ranged = [p for p in pools if p.fit.data_range]
        n, n_ranged = sum(p.n for p in pools), sum(p.n for p in ranged)
        reason = NO_PIXELS if not n else None if ranged else NO_RANGE
        relative = rms(sum(p.relative_squares for p in ranged), n_ranged)
        ratio = math.nan if reason else psnr(relative * relative, 1.0)
        scores = {
            "nrmse": _Value(relative, reason, n_ranged),
            "rmse": _Value(rms(sum(p.image_squares for p in pools), n), None if n else reason, n),
            "psnr": _Value(ratio, reason, n_ranged),
        }
        if self.convention.fit == "zerocost":
            scores["nrmse"] = scores["rmse"] = _Value(math.nan, NOT_GIVEN, n)
            magnitudes = sum(float(p.sums[_MAGNITUDES]) for p in ranged)
            value = math.nan if reason else math.sqrt(magnitudes / n_ranged)
            scores["zc_sqrt_mae"] = _Value(value, reason, n_ranged)
        if self.has_raw:
            scores |= self._beside_raw(ranged, reason)
        return scores

    def _beside_raw(self, pools: Sequence[_Pool], reason: str | None) -> dict[str, _Value]:
        """Scores over the pixels that are valid in raw as well."""
        joint, worse, raw, own = (
            sum(float(p.sums[i]) for p in pools)
            for i in (_JOINT, _WORSE, _RAW_SQUARES, _OWN_SQUARES)
        )
        reason = reason or (None if joint else NO_PIXELS)
        if reason:
            return {m: _Value(math.nan, reason, joint) for m in ("skill", "area_worse")}
        return {
            "skill": _Value(skill(own, raw), None if raw else NO_RAW_ERROR, joint),
            "area_worse": _Value(worse / joint, None, joint),
        }

    # ---- rows

    def _score(
        self,
        metric: str,
        value: _Value,
        axis_index: Mapping[str, int] | None = None,
        *,
        aggregation: str = "plane",
    ) -> Score:
        return Score(
            image=self.comparison.ground_truth.name,
            candidate=self.name,
            metric=metric,
            value=value.value,
            unit=self._unit_of(metric),
            convention=self.text + self._special(metric),
            reason=value.reason or (OVERFLOW if math.isnan(value.value) else None),
            n=int(value.n),
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
        self.sums = sums.sum(axis=0) if plane is None else sums[plane]
        self.fit = unit.fits[name]
        self.n, squares = float(self.sums[_N]), float(self.sums[_SQUARES])
        inverse, data_range = self.fit.affine.inverse_range, self.fit.data_range or math.nan
        self.image_squares = squares / inverse / inverse
        # in units of the data range, so that nrmse and psnr mean the same under all conventions
        self.relative_squares = squares / data_range / data_range


def _ssim(fit: Fit, sums: NDArray[np.float64]) -> _Value:
    n = float(sums[_N])
    if not n:
        return _Value(math.nan, NO_PIXELS, n)
    if not fit.data_range:
        return _Value(math.nan, NO_RANGE, n)
    if not sums[_SSIM_N]:
        return _Value(math.nan, TOO_SMALL, n)
    return _Value(float(sums[_SSIM] / sums[_SSIM_N]), None, n)


def _mean(values: list[_Value]) -> _Value:
    """Return the mean of the defined values, or NaN with the first reason."""
    defined = [v for v in values if v.reason is None]
    if not defined:
        return _Value(math.nan, values[0].reason, sum(v.n for v in values))
    mean = math.fsum(v.value for v in defined) / len(defined)
    return _Value(mean, None, sum(v.n for v in defined))
