"""What is measured before evidence is gathered: noise, independence, signatures, thresholds."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.evidence.allowed import check_alike, likeness
from napari_verdict.comparison.evidence.camera import Camera, Fit, fit_of
from napari_verdict.comparison.evidence.independence import check_noise, independent, kept_of
from napari_verdict.comparison.evidence.standard import Gathering, Standard
from napari_verdict.comparison.findings import ComparisonError, Finding, Severity, blocking
from napari_verdict.comparison.model import RAW
from napari_verdict.comparison.words import called, sentence
from napari_verdict.metrics.alarms import false_alarms
from napari_verdict.metrics.correlation import Background, flat_pixels
from napari_verdict.metrics.detail import detail_curve
from napari_verdict.metrics.evidence import evidence_map
from napari_verdict.metrics.residuals import Signatures, signatures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_verdict.comparison.evidence.model import Inquiry
    from napari_verdict.comparison.evidence.sample import Sample
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.metrics.noise import NoiseCurve, NoiseModel


@dataclass(frozen=True, eq=False)
class Conditions:
    """What is known of one prediction against raw.

    Parameters
    ----------
    fits : mapping
        By frame.
    noise : NoiseModel
        What it is tested with.
    curve : NoiseCurve
        Variance against mean, to be shown with it.
    standard : Standard
        Of no frame in particular: gain 1 and offset 0.
    background : Background
        Noise of raw where the prediction is dark and flat.
    kept : float
        Variance of the residual in that background, over that of raw: below 1 where the
        prediction follows raw's noise. NaN where it is unknown.
    whole : Signatures
        Of all pixels of the sample, those left out where evidence passes a threshold.
    levels : mapping of str to Signatures
        The same of each of `LEVELS`.
    bounds : (float, float)
        Grey values between dark, middle and bright.
    gathering : Gathering
        Scales and thresholds.
    """

    fits: Mapping[tuple[int, ...], Fit]
    noise: NoiseModel
    curve: NoiseCurve
    standard: Standard
    background: Background
    kept: float
    whole: Signatures
    levels: Mapping[str, Signatures]
    bounds: tuple[float, float]
    gathering: Gathering

    def of_frame(self, frame: tuple[int, ...]) -> Standard:
        """Return what becomes of rows of a frame."""
        fit = self.fits[frame]
        return replace(self.standard, gain=fit.gain, offset=fit.offset)


def conditions_of(
    inquiry: Inquiry,
    sample: Sample,
    camera: Camera,
    name: str,
    frames: Sequence[tuple[int, ...]],
    token: CancelToken,
) -> tuple[Conditions, list[Finding]]:
    """Measure the conditions of one prediction.

    Raises
    ------
    ComparisonError
        If they forbid that raw is a witness.
    """
    raw = sample.images[RAW]
    seen = _not_saturated(raw, camera.saturation) & ~sample.ignored
    alike = likeness(inquiry, name)
    wanted = inquiry.evidence.fit if alike.fits else False
    fits = _fits(sample, name, seen, frames, wanted)
    found = list(check_alike(alike, name, fits[frames[len(frames) // 2]]))
    found += _check_frames(sample, name, fits, frames)
    _stop_at(found)
    expected = _expected(sample, name, fits, frames)
    if not (seen & np.isfinite(expected)).any():
        text = f"{sentence(called(name))} and raw have no pixel in common that counts."
        raise ComparisonError([Finding("not-finite", Severity.ERROR, text, name)])
    flat = flat_pixels(expected, seen & np.isfinite(expected))
    detail = detail_curve(raw, expected, seen)
    noise, curve = camera.with_prediction(detail, name)
    standard = Standard(1.0, 0.0, noise, camera.saturation)
    standard, background, said = independent(raw, expected, sample.ignored, flat, standard)
    found += said
    _stop_at(found)
    noise = standard.noise
    z = standard.residual(raw, expected, sample.ignored)
    # where neighbours share noise some of the detail is gone
    whole = detail if standard.kernel is None else detail.times(1 / background.detail)
    found += check_noise(whole, noise, z, expected)
    settings = inquiry.evidence
    alarms = false_alarms(expected, noise, settings.scales, np.isfinite(z), token.check)
    low, high = alarms.thresholds(math.prod(inquiry.ground_truth.shape), settings.alarms)
    rest = _without_places(z, settings.scales, low, high)
    levels, bounds = _by_level(rest, expected)
    return Conditions(
        fits,
        noise,
        curve,
        standard,
        background,
        kept_of(raw, expected, flat, background),
        signatures(rest, expected),
        levels,
        bounds,
        Gathering(settings.scales, settings.limit_scale, low, high),
    ), found


def _expected(
    sample: Sample,
    name: str,
    fits: Mapping[tuple[int, ...], Fit],
    frames: Sequence[tuple[int, ...]],
) -> NDArray[np.float64]:
    """Return a prediction in the grey values of raw; NaN between the bands."""
    prediction = sample.images[name]
    expected = np.full(prediction.shape, np.nan)
    for k, frame in enumerate(frames):
        here = sample.frames == k
        expected[here] = fits[frame].gain * prediction[here] + fits[frame].offset
    return expected


def _without_places(
    z: NDArray[np.float32], scales: Sequence[float], low: float, high: float
) -> NDArray[np.float32]:
    """Leave out what passes a threshold: a few places must not speak for the rest."""
    evidence = evidence_map(z, scales)
    wrong = (evidence < low) | (evidence > high)
    if 2 * np.count_nonzero(wrong) > np.count_nonzero(np.isfinite(z)):
        return z
    return np.where(wrong, np.float32(np.nan), z)


def _fits(
    sample: Sample,
    name: str,
    seen: NDArray[np.bool_],
    frames: Sequence[tuple[int, ...]],
    wanted: bool | None,
) -> dict[tuple[int, ...], Fit]:
    """Fit every frame that is in the sample; those that are not take the fit of all."""
    raw, prediction = sample.images[RAW], sample.images[name]
    whole = fit_of(raw, prediction, seen, wanted)
    fits = dict.fromkeys(frames, whole)
    if whole.applied and len(frames) > 1:
        for k, frame in enumerate(frames):
            here = sample.frames == k
            if (seen & here[:, np.newaxis]).any():
                one = fit_of(raw[here], prediction[here], seen[here], True)
                fits[frame] = one if one.gain > 0 else whole
    return fits


def _check_frames(
    sample: Sample,
    name: str,
    fits: Mapping[tuple[int, ...], Fit],
    frames: Sequence[tuple[int, ...]],
) -> list[Finding]:
    """Say where frames were fitted that nobody looked at."""
    seen = set(sample.frames[~sample.ignored.all(axis=1)].tolist())
    if len(seen) == len(frames) or not fits[frames[0]].applied:
        return []
    text = (
        f"{sentence(called(name))} was brought to the grey values of raw by {len(seen)} of "
        f"{len(frames)} frames; the others were given the gain and offset of these together. If "
        "each frame was scaled by itself, ask of a few frames at a time."
    )
    return [Finding("frames-together", Severity.WARNING, text, name)]


def _not_saturated(raw: NDArray[np.float64], saturation: float | None) -> NDArray[np.bool_]:
    good: NDArray[np.bool_] = np.isfinite(raw)
    return good if saturation is None else good & (raw < saturation)


def _by_level(
    z: NDArray[np.float32], expected: NDArray[np.float64]
) -> tuple[dict[str, Signatures], tuple[float, float]]:
    valid = np.isfinite(z)
    low, high = (float(q) for q in np.quantile(expected[valid], (1 / 3, 2 / 3)))
    parts: dict[str, Any] = {
        "dark": expected <= low,
        "middle": (expected > low) & (expected <= high),
        "bright": expected > high,
    }
    nothing = np.float32(np.nan)
    return {
        name: signatures(np.where(part, z, nothing), expected, levels=1)
        for name, part in parts.items()
    }, (low, high)


def _stop_at(found: list[Finding]) -> None:
    if bad := blocking(found):
        raise ComparisonError(bad)
