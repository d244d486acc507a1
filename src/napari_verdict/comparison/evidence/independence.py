"""Whether the noise of raw is independent from pixel to pixel, and what is done where it is not."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.findings import Finding, Severity
from napari_verdict.metrics.compression import block_rounding
from napari_verdict.metrics.correlation import background_noise, stripes, whitening
from napari_verdict.metrics.noise import LEAST_IN_BIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_verdict.comparison.evidence.standard import Standard
    from napari_verdict.metrics.correlation import Background
    from napari_verdict.metrics.noise import NoiseCurve, NoiseModel

#: Correlation of neighbouring pixels that is worth a correction.
CORRELATED = 0.05
#: Correlation of neighbouring pixels that has to be found, since it makes false places: ten times
#: as many as independent noise where it was tried.
HARMFUL = 0.1
#: Standard error of a correlation with which it is found in the finest detail, of which it leaves
#: 0.35 (see `Background.unevenness`).
WHITE = 0.35 * HARMFUL / 3
#: Lines that vary so many times more than independent pixels would are striped.
STRIPED = 3.0
#: Coefficients of blocks of 8 px that keep so much to steps are those of JPEG.
COMPRESSED = 0.2
#: The finest detail of raw may differ from the noise model by this factor.
AGREES = 1.4
#: Parts of the curve that are held against the model, by brightness.
_PARTS = ("dim", "of middle brightness", "bright")


def check_compressed(plane: NDArray[Any]) -> Iterator[Finding]:
    """Find raw that was compressed, by a plane of it from its first pixel on."""
    if block_rounding(plane) > COMPRESSED:
        text = (
            "Raw was compressed as JPEG: in blocks of 8 px its frequencies come in steps, which "
            "changes noise block by block. What is left of it cannot be a witness. Use the image "
            "as the camera gave it."
        )
        yield Finding("compressed", Severity.ERROR, text)


def independent(
    raw: NDArray[np.float64],
    expected: NDArray[np.float64],
    ignored: NDArray[np.bool_],
    flat: NDArray[np.bool_],
    standard: Standard,
) -> tuple[Standard, Background, list[Finding]]:
    """Return what makes residuals independent, and what the noise of raw is like.

    Parameters
    ----------
    raw, expected : (y, x) ndarray of float64
        Of the sample; the prediction in the grey values of raw.
    ignored, flat : (y, x) ndarray of bool
        What is left out, and where the prediction is dark and flat.
    standard : Standard
        With the noise of the camera.
    """
    z = standard.residual(raw, expected, ignored)
    standard, found = _without_lines(z, standard)
    if standard.taken_off:
        shared = z - standard.residual(raw, expected, ignored)
        shared[~np.isfinite(shared)] = 0
        raw = raw - shared * np.sqrt(standard.noise.variance(np.nan_to_num(expected)))
    background = _background(raw, expected, flat & np.isfinite(z))
    kernel, said = _without_neighbours(background)
    if kernel is not None and standard.noise.circular:
        # detail that was smoothed varies by less than the whole
        standard = replace(standard, noise=standard.noise.times(1 / background.detail))
    return replace(standard, kernel=kernel), background, [*found, *said]


def _without_lines(z: NDArray[np.float32], standard: Standard) -> tuple[Standard, list[Finding]]:
    """Find columns and rows of a standardised residual that share noise, to be taken off."""
    down, across = stripes(z, 0), stripes(z, 1)
    columns, rows, found = None, None, []
    if down.excess > STRIPED:
        columns = down.offsets
        text = (
            "Columns of raw share noise, as of sCMOS cameras: each differs from its neighbours by "
            f"{columns.std():.2g} standard deviations. It was measured and taken off."
        )
        found.append(Finding("column-noise", Severity.INFO, text))
    if across.excess > STRIPED:
        rows = across.level
        text = (
            "Rows of raw share noise, as of a scanned line or an amplifier for each row. It was "
            "measured and taken off."
        )
        found.append(Finding("row-noise", Severity.INFO, text))
    return replace(standard, columns=columns, rows=rows), found


def _background(
    raw: NDArray[np.float64], expected: NDArray[np.float64], flat: NDArray[np.bool_]
) -> Background:
    """Measure the noise of raw where the prediction shows nothing.

    Where raw shows much there too, what the prediction says of it is taken off.
    """
    found = background_noise(raw, flat)
    if not abs(found.largest) > CORRELATED or found.is_structure:
        return found
    without = background_noise(raw - expected, flat)
    return without if abs(without.largest) < abs(found.largest) else found


def _without_neighbours(
    background: Background,
) -> tuple[NDArray[np.float64] | None, list[Finding]]:
    """Find noise that neighbouring pixels share, and a filter that makes it independent."""
    error = 1 / math.sqrt(max(background.pairs, 1))
    # of many lags the largest is chance up to five errors, of the next pixels up to three
    chance = abs(background.largest) <= max(CORRELATED, 5 * error)
    next_ones = max(CORRELATED, 3 * error)
    none = chance and max(map(abs, background.nearest)) <= next_ones <= HARMFUL
    if background.pairs and (none or (background.is_structure and error <= WHITE)):
        return None, []
    unknown = not background.pairs or math.isnan(background.largest)
    if unknown or chance or background.is_structure:
        text = (
            "Raw has too little background without structure to tell whether the noise of "
            "neighbouring pixels is independent. It is taken to be, as of an image that was not "
            "processed."
        )
        return None, [Finding("independence-unknown", Severity.WARNING, text)]
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
        return None, [Finding("not-independent", Severity.ERROR, text)]
    text = (
        f"The noise of raw is not quite independent from pixel to pixel (correlation {measured}), "
        "as after a small interpolation or slight smoothing. It was made independent by a filter "
        "measured in the background; small shifts of the camera's own noise remain possible."
    )
    return kernel, [Finding("correlated", Severity.WARNING, text)]


def kept_of(
    raw: NDArray[np.float64],
    expected: NDArray[np.float64],
    flat: NDArray[np.bool_],
    background: Background,
) -> float:
    """Return the variance of the residual over that of raw where the prediction shows nothing."""
    if not background.variance > 0 or not background.pairs:
        return float("nan")
    if abs(background.largest) <= CORRELATED:
        own = background.variance
    elif background.is_structure:
        own = background.variance * background.detail
    else:
        return float("nan")  # noise that is not independent
    return float(np.square(raw - expected)[flat].mean()) / own


def check_noise(
    detail: NoiseCurve,
    noise: NoiseModel,
    z: NDArray[np.float32],
    expected: NDArray[np.float64],
) -> Iterator[Finding]:
    """Find a noise model that raw contradicts, where it is dim, of middle brightness or bright.

    Structure as fine as a pixel adds to the finest detail of raw, and structure that a prediction
    lost to its residual: raw is said to vary by more where both do.
    """
    good = (detail.n >= LEAST_IN_BIN) & (detail.variance > 0)
    valid = np.isfinite(z)
    if noise.circular or np.count_nonzero(good) < len(_PARTS):
        return
    order = np.array_split(np.argsort(expected[valid], kind="stable"), len(_PARTS))
    bins = np.array_split(np.flatnonzero(good), len(_PARTS))
    found: list[tuple[float, str, float, float]] = []
    for part, b, pixels in zip(_PARTS, bins, order, strict=True):
        varies, model = detail.variance[b], noise.variance(detail.mean[b])
        ratio = float(np.median(varies / model))
        left = float((1.4826 * np.median(np.abs(z[valid][pixels]))) ** 2)
        if ratio > 1:
            ratio = max(1.0, min(ratio, left))
        found.append((ratio, part, float(np.median(varies)), float(np.median(model))))
    ratio, part, seen, said = max(found, key=lambda f: abs(math.log(f[0])))
    if abs(math.log(ratio)) < math.log(AGREES):
        return
    why = (
        "raw was perhaps binned or averaged, or saved in other units"
        if ratio < 1
        else "perhaps the gain or the read noise is another, or light flickers"
    )
    text = (
        f"Where it is {part} the finest detail of raw varies by {seen:.3g} ADU², where the noise "
        f"model ({noise.source}) says {said:.3g}: {why}. What follows rests on that model, so "
        "check it first."
    )
    yield Finding("noise-disagrees", Severity.WARNING, text)
