"""Whether raw can be a witness: independent noise, and predictions that match it."""

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
from napari_verdict.metrics.correlation import stripes, whitening
from napari_verdict.metrics.registration import estimate_shift

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_verdict.comparison.evidence.camera import Fit
    from napari_verdict.comparison.evidence.model import Inquiry
    from napari_verdict.comparison.evidence.sample import Sample
    from napari_verdict.comparison.model import Input
    from napari_verdict.metrics.correlation import Background
    from napari_verdict.metrics.noise import NoiseModel

#: Correlation of neighbouring pixels that is worth a correction.
CORRELATED = 0.05
#: Lines that vary so many times more than independent pixels would are striped.
STRIPED = 3.0
#: Steps across blocks of 8 px against those within, from which an image was compressed.
BLOCKY = 1.15
#: Noise in the background may differ from the model by this factor.
AGREES = 1.4
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


@dataclass(frozen=True, eq=False)
class Independence:
    """What the noise of raw shares between pixels, and how it is taken off.

    Parameters
    ----------
    columns : (x,) ndarray of float64, optional
        What columns share, in standard deviations.
    rows : float, optional
        What all rows have in common, where each has something of its own.
    kernel : (11, 11) ndarray of float64, optional
        Makes noise that neighbours share independent.
    """

    columns: NDArray[np.float64] | None = None
    rows: float | None = None
    kernel: NDArray[np.float64] | None = None


def lines_of(z: NDArray[np.float32]) -> tuple[Independence, list[Finding]]:
    """Find columns and rows of a standardised residual that share noise."""
    down, across = stripes(z, 0), stripes(z, 1)
    columns, found = None, []
    if down.excess > STRIPED:
        columns = down.offsets
        text = (
            "Columns of raw share noise, as of sCMOS cameras: each differs from its neighbours by "
            f"{columns.std():.2g} standard deviations. It was measured and taken off."
        )
        found.append(Finding("column-noise", Severity.INFO, text))
    if across.excess > STRIPED:
        text = (
            "Rows of raw share noise, as of a scanned line or an amplifier for each row. It was "
            "measured and taken off."
        )
        found.append(Finding("row-noise", Severity.INFO, text))
    rows = across.level if across.excess > STRIPED else None
    return Independence(columns, rows), found


def neighbours_of(
    background: Background, lines: Independence
) -> tuple[Independence, list[Finding]]:
    """Find noise that neighbouring pixels share, and how to make it independent."""
    if background.blockiness > BLOCKY:
        text = (
            "Raw jumps at every eighth pixel: it was compressed as JPEG, which changes noise "
            "block by block. What is left of it cannot be a witness. Use the image as the camera "
            "gave it."
        )
        return lines, [Finding("compressed", Severity.ERROR, text)]
    if not background.pairs or math.isnan(background.largest) or background.is_structure:
        text = (
            "Raw has too little background without structure to tell whether the noise of "
            "neighbouring pixels is independent. It is taken to be, as of an image that was not "
            "processed."
        )
        return lines, [Finding("independence-unknown", Severity.WARNING, text)]
    if abs(background.largest) <= max(CORRELATED, 5 / math.sqrt(background.pairs)):
        return lines, []
    y, x = background.nearest
    kernel = whitening(background)
    measured = f"{y:+.2f} with the next pixel along y, {x:+.2f} along x"
    if kernel is None:
        text = (
            f"The noise of raw is not independent from pixel to pixel (correlation {measured}): "
            "raw was enlarged, registered by interpolation, smoothed or deconvolved. Some of its "
            "frequencies are all but gone, so it cannot be a witness. Use the image as the camera "
            "gave it."
        )
        return lines, [Finding("not-independent", Severity.ERROR, text)]
    text = (
        f"The noise of raw is not quite independent from pixel to pixel (correlation {measured}), "
        "as after a small interpolation or slight smoothing. It was made independent by a filter "
        "measured in the background; small shifts of the camera's own noise remain possible."
    )
    found = [Finding("correlated", Severity.WARNING, text)]
    return Independence(lines.columns, lines.rows, kernel), found


def check_noise(background: Background, noise: NoiseModel) -> Iterator[Finding]:
    """Find a noise model that the background of raw contradicts."""
    if noise.circular or not background.variance > 0:
        return
    expected = float(noise.variance(np.array([background.level]))[0])
    ratio = background.variance / expected
    if 1 / AGREES < ratio < AGREES:
        return
    why = (
        "raw was perhaps binned or averaged, or saved in other units"
        if ratio < 1
        else "perhaps the gain or the read noise is another, or light flickers"
    )
    text = (
        f"In dark, flat background raw varies by {background.variance:.3g} ADU², where the noise "
        f"model ({noise.source}) says {expected:.3g}: {why}. What follows rests on that model, so "
        "check it first."
    )
    yield Finding("noise-disagrees", Severity.WARNING, text)
