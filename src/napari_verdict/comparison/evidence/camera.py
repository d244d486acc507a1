"""The noise of the camera, from the best source, and predictions in the grey values of raw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.model import RAW
from napari_verdict.comparison.result import Progress
from napari_verdict.comparison.words import sentence
from napari_verdict.metrics.noise import (
    NoiseCurve,
    NoiseModel,
    photon_transfer,
    read_stacks,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from numpy.typing import NDArray

    from napari_verdict.comparison.evidence.model import EvidenceSettings, Inquiry
    from napari_verdict.comparison.evidence.sample import Sample
    from napari_verdict.engine.cancel import CancelToken

#: Where noise can be known from, best first.
ENTERED = "entered"
CAPTURES = "captures of the same field"
STACKS = "dark and evenly lit stacks"
ESTIMATED = "estimated from raw and prediction"
#: Gains within this factor of 1 are errors of the prediction, others are other grey values.
NEAR = 1.25
#: So are offsets of less than this share of the prediction's standard deviation.
NEAR_OFFSET = 0.25
#: So many pixels, and this share of all, heap up where a camera is saturated.
_HEAP, _HEAP_SHARE = 8, 1e-5
_NO_SLOPE = (
    "In the stacks noise does not grow with light, as where all are dark or of one brightness, so "
    "they do not say how much noise photons make. Add a stack of an evenly lit field, or enter the "
    "camera's gain, offset and read noise."
)


@dataclass(frozen=True)
class Fit:
    """How a prediction is brought to the grey values of raw in one frame.

    Parameters
    ----------
    gain, offset : float
        What is applied.
    measured_gain, measured_offset : float
        Of the line of least squares; NaN where the prediction is constant.
    """

    gain: float
    offset: float
    measured_gain: float
    measured_offset: float

    @property
    def applied(self) -> bool:
        """Whether grey values are changed."""
        return (self.gain, self.offset) != (1.0, 0.0)


def fit_of(
    raw: NDArray[np.float64],
    prediction: NDArray[np.float64],
    valid: NDArray[np.bool_],
    wanted: bool | None,
) -> Fit:
    """Fit a prediction to raw by gain and offset; apply that where it is wanted, or far off.

    A prediction in the units of raw is left as it is, so that it can be found to be biased.
    """
    good = valid & np.isfinite(raw) & np.isfinite(prediction)
    r, p = raw[good], prediction[good]
    if not r.size or p.min() == p.max():
        return Fit(1.0, 0.0, float("nan"), float("nan"))
    mean_r, mean_p, spread = float(r.mean()), float(p.mean()), float(p.std())
    gain = float(((r - mean_r) * (p - mean_p)).mean()) / spread**2
    offset = mean_r - gain * mean_p
    near = 1 / NEAR < gain < NEAR and abs(mean_r - mean_p) < NEAR_OFFSET * spread
    if wanted is False or (wanted is None and near):
        return Fit(1.0, 0.0, gain, offset)
    return Fit(gain, offset, gain, offset)


def saturation_of(raw: NDArray[np.float64], dtype: np.dtype[np.generic]) -> float | None:
    """Return where raw is saturated: the largest value a camera can hold, if pixels heap up."""
    if dtype.kind not in "ui":
        return None
    values = raw[np.isfinite(raw)]
    if not values.size:
        return None
    top = float(values.max())
    full = {float(2**bits - 1) for bits in (8, 10, 11, 12, 14, 15, 16)}
    heap = np.count_nonzero(values == top)
    return top if top in full and heap >= max(_HEAP, _HEAP_SHARE * values.size) else None


@dataclass(frozen=True, eq=False)
class Camera:
    """The noise of the camera where it is known without a prediction.

    Parameters
    ----------
    noise : NoiseModel, optional
        None where it has to be estimated with each prediction.
    curve : NoiseCurve, optional
        What it was fitted to.
    saturation : float, optional
        From here on pixels of raw are left out.
    """

    noise: NoiseModel | None
    curve: NoiseCurve | None
    saturation: float | None

    def with_prediction(self, detail: NoiseCurve, name: str) -> tuple[NoiseModel, NoiseCurve]:
        """Return the noise to test a prediction with, and variance against mean to show.

        Parameters
        ----------
        detail : NoiseCurve
            Of the finest detail of raw, by the prediction.
        name : str
            The prediction.

        Raises
        ------
        ComparisonError
            If there are too few pixels to estimate the noise from.
        """
        if self.noise is not None:
            return self.noise, self.curve or detail
        try:
            return detail.fit(ESTIMATED, circular=True), detail
        except ValueError as error:
            text = (
                f"The noise of raw cannot be estimated from {name}: {error}. Enter the camera's "
                "gain, offset and read noise, or take another capture of the same field."
            )
            raise ComparisonError([Finding("noise-unknown", Severity.ERROR, text, name)]) from error


def camera_of(
    inquiry: Inquiry, sample: Sample, steady: Sequence[NDArray[np.float64]], token: CancelToken
) -> Generator[Progress, None, Camera]:
    """Choose where the noise is known from: entered, captures, stacks, or each prediction.

    Parameters
    ----------
    inquiry : Inquiry
        What is asked.
    sample : Sample
        Of its pixels.
    steady : sequence of (y, x) ndarray
        The captures of the sample that neither moved nor bleached.
    token : CancelToken
        Checked at every capture of a stack.

    Yields
    ------
    Progress
        While stacks are read.
    """
    settings: EvidenceSettings = inquiry.evidence
    raw = np.where(sample.ignored, np.nan, sample.images[RAW])
    dtype = np.dtype(inquiry.ground_truth.data.dtype)
    saturation = settings.saturation or saturation_of(raw, dtype)
    if settings.noise is not None:
        whole = raw[np.isfinite(raw)]
        rounded = dtype.kind in "uib" or np.array_equal(whole, np.rint(whole))
        noise = settings.noise if rounded else settings.noise.unrounded()
        return Camera(noise, None, saturation)
    if steady:
        curve = photon_transfer(np.stack([raw, *steady]), saturation)
        return Camera(_fitted(curve, CAPTURES), curve, saturation)
    if inquiry.calibration:
        curve = yield from _stacks(inquiry, saturation, token)
        noise = _fitted(curve, STACKS)
        if noise.slope == 0:
            raise ComparisonError([Finding("noise-unknown", Severity.ERROR, _NO_SLOPE)])
        return Camera(noise, curve, saturation)
    return Camera(None, None, saturation)


def _stacks(
    inquiry: Inquiry, saturation: float | None, token: CancelToken
) -> Generator[Progress, None, NoiseCurve]:
    """Read dark and lit stacks, a capture at a time."""
    stacks = [s.data for s in inquiry.calibration]
    reading, done = read_stacks(stacks, saturation), 0
    total = sum(2 * int(stack.shape[0]) - 1 for stack in stacks)
    while True:
        token.check()
        try:
            next(reading)
        except StopIteration as end:
            curve: NoiseCurve = end.value
            return curve
        done += 1
        yield Progress(done, total, "stacks")


def _fitted(curve: NoiseCurve, source: str) -> NoiseModel:
    try:
        return curve.fit(source)
    except ValueError as error:
        text = (
            f"The noise cannot be measured from the {source}: {error}. Leave them out, or enter "
            "the camera's gain, offset and read noise."
        )
        raise ComparisonError([Finding("noise-unknown", Severity.ERROR, text)]) from error


def describe(noise: NoiseModel) -> str:
    """Say what the noise is and where it is known from."""
    circular = ", and so circular" if noise.circular else ""
    return sentence(
        f"{noise.source}{circular}: variance = {noise.slope:.3g} · mean {noise.intercept:+.3g} "
        f"ADU², at least {noise.floor:.3g}"
    )
