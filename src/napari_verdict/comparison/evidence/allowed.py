"""Whether raw can be a witness: of the same field, on the same grid, in like grey values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_verdict.comparison.findings import Finding, Severity
from napari_verdict.comparison.geometry import (
    OFFSET_TOLERANCE,
    pixel_offset,
    pixel_size,
    same_scale,
    same_units,
    sizes_of,
)
from napari_verdict.comparison.model import RAW
from napari_verdict.comparison.preflight.alignment import SMALLEST, confirmed, correlation, probe
from napari_verdict.comparison.words import called, sentence, times
from napari_verdict.metrics.registration import estimate_shift

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_verdict.comparison.evidence.camera import Fit
    from napari_verdict.comparison.evidence.model import Inquiry
    from napari_verdict.comparison.evidence.sample import Sample
    from napari_verdict.comparison.model import Input

#: Images that correlate less, under a window of 4 px, show different things.
UNLIKE = 0.3
#: Shifts above this many pixels are warned of.
SHIFTED = 0.25


def check_geometry(inquiry: Inquiry) -> list[Finding]:
    """Find what forbids holding predictions against raw; no pixel is read."""
    raw = inquiry.ground_truth
    if "?" in raw.axes:
        text = f"Raw has axes that nobody named ({raw.axes}). Say what they are, as in zyx or tyx."
        return [Finding("axes-unknown", Severity.ERROR, text)]
    if not inquiry.predictions:
        text = "No prediction was chosen, so there is nothing that raw could support."
        return [Finding("nothing", Severity.ERROR, text)]
    if 0 in raw.shape:
        text = (
            f"Raw has {times(raw.shape)} pixels: it is empty. Choose the image that was denoised."
        )
        return [Finding("empty", Severity.ERROR, text)]
    found = [f for p in inquiry.predictions for f in _geometry(raw, p, called(p.name), p.name)]
    for k, capture in enumerate(inquiry.captures):
        found += _geometry(raw, capture, f"capture {k + 1}", None)
    if inquiry.ignore is not None and tuple(inquiry.ignore.shape) != raw.shape:
        text = (
            f"The mask of ignored pixels is {times(tuple(inquiry.ignore.shape))}, raw "
            f"{times(raw.shape)}. Choose a mask of raw's shape."
        )
        found.append(Finding("ignore-shape", Severity.ERROR, text))
    for stack in inquiry.calibration:
        if len(stack.shape) < 2 or stack.shape[0] < 2:
            text = (
                f"The stack {stack.name!r} has {times(stack.shape)} pixels. Its first axis must "
                "count captures, and there must be two or more."
            )
            found.append(Finding("stack-too-short", Severity.ERROR, text))
    return found


def _geometry(raw: Input, other: Input, who: str, name: str | None) -> Iterator[Finding]:
    if "?" in other.axes or sorted(other.axes) != sorted(raw.axes):
        text = (
            f"{sentence(who)} has the axes {other.axes}, raw {raw.axes}. Choose images with the "
            "same axes."
        )
        yield Finding("axes-mismatch", Severity.ERROR, text, name)
        return
    mine, theirs = sizes_of(other), sizes_of(raw)
    if mine == theirs:
        yield from _elsewhere(raw, other, who, name)
        return
    ratios = {a: mine[a] / theirs[a] for a in "yx"}
    shapes = f"{sentence(who)} is {times(other.shape)}, raw {times(raw.shape)}. "
    if name is not None and min(ratios.values()) > 1.2:
        text = (
            f"{shapes}It looks like super-resolution: each of its pixels would have to be held "
            "against light that raw has spread over several, which needs a model of the optics. "
            "This is not offered. Compare it with a ground truth of its own resolution."
        )
        yield Finding("super-resolution", Severity.ERROR, text, name)
        return
    text = f"{shapes}Nothing was resized. Choose images of the same shape."
    yield Finding("shape-mismatch", Severity.ERROR, text, name)


def _elsewhere(raw: Input, other: Input, who: str, name: str | None) -> Iterator[Finding]:
    """Find an image of raw's shape whose scale or position says that it lies elsewhere."""
    if not (same_scale(other, raw) and same_units(other, raw)):
        text = (
            f"A pixel of {who} is {pixel_size(other)}, of raw {pixel_size(raw)}. Shapes agree, so "
            "they are held against each other pixel by pixel. Correct the scale that is wrong."
        )
        yield Finding("scale-mismatch", Severity.WARNING, text, name)
        return
    offsets = {a: o for a, o in pixel_offset(other, raw).items() if abs(o) > OFFSET_TOLERANCE}
    if offsets:
        where = ", ".join(f"{o:+.4g} px along {a}" for a, o in offsets.items())
        text = (
            f"By its position {who} lies elsewhere than raw: {where}. Nothing was moved: they are "
            "held against each other from the first pixel of each. Correct the position, or crop "
            "both to what they share."
        )
        yield Finding("translate-mismatch", Severity.WARNING, text, name)


def check_raw(sample: Sample) -> Iterator[Finding]:
    """Find raw that has one value everywhere, and so no noise."""
    raw = sample.images[RAW][~sample.ignored]
    raw = raw[np.isfinite(raw)]
    if raw.size and raw.min() == raw.max():
        text = (
            f"Raw is constant: every pixel that was looked at is {raw.flat[0]:.6g}. An image "
            "without noise counted no photons, so it supports nothing. Check that the right image "
            "was chosen."
        )
        yield Finding("raw-constant", Severity.ERROR, text)


@dataclass(frozen=True, eq=False)
class Likeness:
    """How much a prediction and raw show the same, in the middle of the middle plane.

    Parameters
    ----------
    prediction, raw : (y, x) ndarray
        What was looked at.
    correlation : float
        Pearson's r under a window of 4 px, where noise is averaged out; NaN where one is
        constant.
    raw_shows : bool
        Whether raw varies by more than its noise does.
    """

    prediction: NDArray[np.generic]
    raw: NDArray[np.generic]
    correlation: float
    raw_shows: bool

    @property
    def fits(self) -> bool:
        """Whether grey values can be fitted: not to noise alone."""
        return self.raw_shows or self.correlation >= UNLIKE


def likeness(inquiry: Inquiry, name: str) -> Likeness:
    """Look at how much a prediction shows what raw shows."""
    prediction = next(p for p in inquiry.predictions if p.name == name)
    a, b = probe(prediction), probe(inquiry.ground_truth)
    smooth_a, smooth_b = (gaussian_filter(_filled(i), 4.0) for i in (a, b))
    return Likeness(a, b, correlation(smooth_a, smooth_b), _shows_something(b, smooth_b))


def check_alike(alike: Likeness, name: str, fit: Fit) -> Iterator[Finding]:
    """Find predictions that show something else, are inverted, shifted or in other units."""
    a, b, r = alike.prediction, alike.raw, alike.correlation
    who = sentence(called(name))
    if math.isnan(fit.measured_gain):
        text = (
            f"{who} is constant, or has no pixel that counts. Raw is tested against its value, "
            "but check that the right image was chosen."
        )
        yield Finding("constant", Severity.WARNING, text, name)
        return
    if r < -UNLIKE:
        text = (
            f"{who} is dark where raw is bright (gain {fit.measured_gain:.3g}, correlation "
            f"{r:.2f}). Photons cannot be counted against an inverted image. Check that it is the "
            "right one, or invert it."
        )
        yield Finding("inverted", Severity.ERROR, text, name)
        return
    if r < UNLIKE and alike.raw_shows:
        text = (
            f"{who} does not show what raw shows (correlation {r:.2f} where noise is averaged "
            "out), so it looks like a translation into another stain or kind of microscopy. "
            "The photons of raw say nothing of such an image: this is not offered. Compare it with "
            "a ground truth."
        )
        yield Finding("translation", Severity.ERROR, text, name)
        return
    if fit.applied:
        text = (
            f"{who} is not in the grey values of raw: it was multiplied by {fit.gain:.4g} and "
            f"{fit.offset:+.4g} added. A bias that is such a straight line cannot be seen any more."
        )
        yield Finding("other-units", Severity.WARNING, text, name)
    if min(b.shape) >= SMALLEST and r > UNLIKE:
        shift = estimate_shift(a, b)
        if math.hypot(*shift) > SHIFTED and confirmed(a, b, shift):
            text = (
                f"{who} lies {math.hypot(*shift):.2f} px off raw ({-shift[0] + 0.0:+.2f} px along "
                f"y, {-shift[1] + 0.0:+.2f} px along x). Edges will look as if shown without "
                "photons on one side and not shown on the other. Shift it back first."
            )
            yield Finding("shifted", Severity.WARNING, text, name)


def _filled(image: NDArray[np.generic]) -> NDArray[np.float32]:
    """Return an image with its mean where it is not finite."""
    pixels = image.astype(np.float32)
    good = np.isfinite(pixels)
    mean = pixels[good].mean(dtype=np.float64) if good.any() else 0.0
    return np.where(good, pixels, np.float32(mean))


def _shows_something(raw: NDArray[np.generic], smooth: NDArray[np.float32]) -> bool:
    """Whether raw varies by more than noise leaves under a window of 4 px."""
    if raw.shape[1] < 2:
        return False
    noise = np.square(np.diff(_filled(raw), axis=1)).mean(dtype=np.float64) / 2
    mean, varies = smooth.mean(dtype=np.float64), smooth.var(dtype=np.float64)
    # what is left of it, and of rounding
    left = noise / (4 * math.pi * 4.0**2) + 1e-12 * mean**2
    return bool(varies > 3 * left)
