"""Sums over units become scores of restored images, each with its convention."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.comparison.model import RAW, Comparison
from napari_verdict.comparison.restoration.fits import sigma_along_z
from napari_verdict.comparison.restoration.intensity import (
    CONVENTION,
    INTENSITY,
    intensity_values,
)
from napari_verdict.comparison.restoration.units import (
    BESIDE_RAW,
    MAGNITUDES,
    OWN_SQUARES,
    RAW_SQUARES,
    SIGNAL,
    SIGNAL_WORSE,
    SQUARES,
    SSIM,
    SSIM_N,
    WORSE,
    N,
)
from napari_verdict.comparison.restoration.values import (
    CONSTANT,
    NO_BASELINE,
    NO_COMMON,
    NO_PIXELS,
    NO_RANGE,
    NO_SIGNAL,
    NOT_GIVEN,
    OVERFLOW,
    TOO_SMALL,
    Value,
    undefined,
)
from napari_verdict.comparison.scores import Score
from napari_verdict.metrics.errors import psnr, skill
from napari_verdict.metrics.ssim import RADIUS, gaussian_taps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_verdict.comparison.restoration.by_region import Part
    from napari_verdict.comparison.restoration.units import Unit
    from napari_verdict.metrics.linearity import IntensityCurve

_OF_UNITS = ("pearson", "gain", "offset")


def image_rows(
    comparison: Comparison, units: Sequence[Unit], intensity: Mapping[str, IntensityCurve]
) -> tuple[Score, ...]:
    """Score every candidate over the whole, then plane by plane where there are several."""
    rows: list[Score] = []
    for name in comparison.candidates:
        scorer = _Scorer(comparison, name, units)
        rows += scorer.whole()
        rows += scorer.intensity(intensity[name])
        if scorer.is_stack:
            rows += scorer.planes(units)
    return tuple(rows)


def region_rows(comparison: Comparison, units: Sequence[Unit]) -> tuple[Score, ...]:
    """Score every candidate over each region, with the normalisation and fit of the whole."""
    rows: list[Score] = []
    for region in comparison.regions:
        parts = [unit.parts[region.name] for unit in units]
        for name in comparison.candidates:
            rows += _Scorer(comparison, name, parts, region.name).whole()
    return tuple(rows)


class _Scorer:
    """Makes the rows of one candidate."""

    def __init__(
        self,
        comparison: Comparison,
        name: str,
        units: Sequence[Unit | Part],
        region: str | None = None,
    ) -> None:
        self.comparison, self.name, self.units = comparison, name, units
        self.region = region
        self.convention = comparison.settings.convention
        self.beside_raw = RAW in comparison.candidates and name != RAW
        self.sigma_z = sigma_along_z(comparison)
        self.is_stack = sum(len(u.planes) for u in units) > 1
        self.text = self._convention_text()

    # ---- the whole

    def whole(self) -> list[Score]:
        planes, per_unit, pooled = "mean over planes", "mean over planes", "pooled over planes"
        if not self.is_stack:
            planes = pooled = "whole"
        if len(self.units) == 1:
            per_unit = "whole"
        elif len(self.units[0].planes) > 1:
            per_unit = "mean over frames"
        if self.sigma_z:  # the window joins the planes of a volume: it has one mean
            planes = per_unit
            ssim = [self._ssim(u, u.sums[self.name].sum(axis=0)) for u in self.units]
        else:
            ssim = [self._ssim(u, s) for u in self.units for s in u.sums[self.name]]
        rows = [self._score("ssim", _mean(ssim), aggregation=planes)]
        for metric, value in self._errors(self.units).items():
            rows.append(self._score(metric, value, aggregation=pooled))
        # the fit is that of the whole image
        for metric in _OF_UNITS if self.region is None else ("pearson",):
            value = _mean([self._of_unit(metric, u) for u in self.units])
            rows.append(self._score(metric, value, aggregation=per_unit))
        return rows

    def intensity(self, curve: IntensityCurve) -> list[Score]:
        """Score whether intensity is still quantitative, over all units."""
        pooled = "whole"
        if len(self.units) > 1:
            pooled = f"pooled over {'frames' if len(self.units[0].planes) > 1 else 'planes'}"
        values = intensity_values(curve, [u.fits[self.name] for u in self.units])
        return [self._score(m, v, aggregation=pooled) for m, v in values.items()]

    # ---- plane by plane

    def planes(self, units: Sequence[Unit]) -> list[Score]:
        rows = []
        truth = self.comparison.ground_truth
        for unit in units:
            frame = dict(zip(truth.source.frame_axes, unit.frame, strict=True))
            is_volume = len(unit.planes) > 1
            if is_volume and frame:
                rows += self._rows_of_unit(unit, frame)
            for k, z in enumerate(unit.planes):
                index = frame | ({"z": z} if "z" in truth.axes else {})
                rows.append(self._score("ssim", self._ssim(unit, unit.sums[self.name][k]), index))
                for metric, value in self._errors([unit], k).items():
                    rows.append(self._score(metric, value, index))
                if not is_volume:
                    rows += self._rows_of_unit(unit, index)
        return rows

    def _rows_of_unit(self, unit: Unit, index: Mapping[str, int]) -> list[Score]:
        values = {m: self._of_unit(m, unit) for m in _OF_UNITS}
        values |= intensity_values(unit.curves[self.name], [unit.fits[self.name]])
        return [self._score(m, v, index) for m, v in values.items()]

    # ---- values

    def _ssim(self, unit: Unit | Part, sums: NDArray[np.float64]) -> Value:
        if not sums[N]:
            return undefined(NO_PIXELS)
        if not unit.fits[self.name].data_range:
            return undefined(NO_RANGE, sums[N])
        if not sums[SSIM_N]:
            return undefined(TOO_SMALL, sums[N])
        return Value(float(sums[SSIM] / sums[SSIM_N]), int(sums[N]))

    def _of_unit(self, metric: str, unit: Unit | Part) -> Value:
        fit = unit.fits[self.name]
        moments, affine = fit.moments, fit.affine
        if not moments.n:
            return undefined(NO_PIXELS)
        if moments.constant_p:
            return undefined(CONSTANT, moments.n)
        if moments.constant_g if metric == "pearson" else not fit.data_range:
            return undefined(NO_RANGE, moments.n)
        if metric == "pearson":
            return Value(moments.pearson, moments.n)
        if self.convention.fit == "none":
            gain, offset = moments.fit()
        else:
            gain = affine.gain * affine.inverse_range
            offset = (affine.offset - affine.low) * affine.inverse_range
        return Value(gain if metric == "gain" else offset, moments.n)

    def _errors(self, units: Sequence[Unit | Part], plane: int | None = None) -> dict[str, Value]:
        """Return the scores of error, pooled over units, or of one plane of a unit."""
        pool = _Pool(units, self.name, plane)
        reason = pool.reason
        scores = {
            "nrmse": Value(math.sqrt(pool.relative_square), pool.n, reason),
            "rmse": Value(math.sqrt(pool.image_square), pool.n, reason),
            "psnr": Value(psnr(pool.relative_square, 1.0), pool.n, reason),
        }
        if self.convention.fit == "none" and not pool.n:
            # image units need no range
            whole = _Pool(units, self.name, plane, with_range=False)
            scores["rmse"] = Value(math.sqrt(whole.image_square), whole.n, whole.reason)
        if self.convention.fit == "zerocost":
            scores["nrmse"] = scores["rmse"] = undefined(NOT_GIVEN, pool.n)
            scores["zc_sqrt_mae"] = Value(math.sqrt(pool.magnitude), pool.n, reason)
        if self.beside_raw:
            n = int(pool.sums[BESIDE_RAW])
            why = reason or (NO_BASELINE if n else NO_COMMON)
            value = skill(pool.sums[OWN_SQUARES], pool.sums[RAW_SQUARES])
            scores["skill"] = Value(value, n, why)
            scores["area_worse"] = Value(_ratio(pool.sums[WORSE], n), n, why)
            share = _ratio(pool.sums[SIGNAL_WORSE], pool.sums[SIGNAL])
            no_signal = reason or (NO_SIGNAL if n else NO_COMMON)
            scores["signal_worse"] = Value(share, n, no_signal)
        return scores

    # ---- rows

    def _score(
        self,
        metric: str,
        value: Value,
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
            reason=(value.reason or OVERFLOW) if math.isnan(value.value) else None,
            n=value.n,
            axis_index=axis_index or None,
            region=self.region,
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
        c, axes = self.convention, self.comparison.ground_truth.axes
        truth, data_range = "unchanged", " (maximum - minimum)"
        if c.percentiles:
            truth = "percentiles {:g} and {:g} to 0 and 1, not clipped".format(*c.percentiles)
            if not all(u.levels.exact for u in self.units):
                truth += " (within 1.2e-7 of their magnitude)"
            data_range = ""
        candidate = {
            "least-squares": "least-squares gain and offset",
            "zerocost": "centred, scaled by covariance (N-1) over variance (N)",
            "none": "unchanged",
        }[c.fit]
        parts = [
            f"convention={c.id}",
            f"ground truth={truth}",
            f"candidate={candidate}",
            f"unit={'volume' if 'z' in axes and not c.per_plane else 'plane'}",
            f"L={_span(u.fits[self.name].data_range for u in self.units)}{data_range}",
        ]
        if self.comparison.ignore is not None:
            parts.append("ignored=pixels of the ignore mask")
        if self.region is not None:
            parts.append("region=sums over its pixels; normalised and fitted over the whole image")
        return "; ".join(parts)

    def _special(self, metric: str) -> str:
        """Return what only one metric depends on."""
        if metric == "ssim":
            window, rim = "Gaussian sigma 1.5 px, 11 taps", f"{RADIUS} px"
            if self.sigma_z:
                taps = len(gaussian_taps(self.sigma_z))
                window += f"; window along z=Gaussian sigma {self.sigma_z:.4g} px, {taps} taps"
                rim += f", {taps // 2} px along z"
            return f"; window={window}; covariance=population; border=reflected; rim left out={rim}"
        if metric in ("area_worse", "signal_worse"):
            tolerance = _span(round(u.tolerance, 6) for u in self.units)
            worse = f"gain map below -{tolerance} (median error of raw in background or 0.01 L)"
            signal = "; signal=ground truth above its median" if metric[0] == "s" else ""
            return f"; worse={worse}{signal}"
        if metric in INTENSITY:
            return CONVENTION
        if metric in ("gain", "offset") and self.convention.fit == "none":
            return "; least-squares fit to the ground truth, for information, not applied"
        if metric == "pearson":
            return "; pixels=unfitted"
        return ""


class _Pool:
    """Mean errors over units, or over one plane of them; NaN, with the reason, where undefined.

    Units whose ground truth has no range have no part in them, unless `with_range` is False.
    """

    def __init__(
        self,
        units: Sequence[Unit | Part],
        name: str,
        plane: int | None,
        *,
        with_range: bool = True,
    ) -> None:
        sums = np.zeros(11)
        relative = image = 0.0
        pixels = 0
        for unit in units:
            s = unit.sums[name].sum(axis=0) if plane is None else unit.sums[name][plane]
            fit = unit.fits[name]
            pixels += int(s[N])
            if with_range and not fit.data_range:
                continue
            sums += s
            squares = float(s[SQUARES])
            image += squares * fit.to_image * fit.to_image
            # in units of L, so that nrmse and psnr mean the same under all conventions
            relative += squares / fit.data_range / fit.data_range if fit.data_range else 0.0
        self.n = int(sums[N])
        self.reason = None if self.n else NO_RANGE if pixels else NO_PIXELS
        self.sums = sums
        self.magnitude = _ratio(sums[MAGNITUDES], sums[N])
        self.relative_square, self.image_square = _ratio(relative, self.n), _ratio(image, self.n)


def _ratio(total: float, n: float) -> float:
    return float(total / n) if n else math.nan


def _mean(values: Sequence[Value]) -> Value:
    """Return the mean of the defined values, or NaN with the first reason."""
    defined = [v for v in values if not math.isnan(v.value)]
    if not defined:
        return undefined(values[0].reason or OVERFLOW, sum(v.n for v in values))
    return Value(math.fsum(v.value for v in defined) / len(defined), sum(v.n for v in defined))


def _span(values: Iterable[float]) -> str:
    """Return one value, or from where to where, of those that are defined and not 0."""
    found = sorted({v for v in values if v > 0}) or [0.0]
    return f"{found[0]:g}" if len(found) == 1 else f"{found[0]:g} to {found[-1]:g}"
