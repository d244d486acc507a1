"""Sample data that opens offline: made as a microscope makes it, restored and segmented for real.

Structures are drawn on a grid, blurred by the point-spread function and photographed by a
camera with shot noise, gain, offset and read noise. The predictions are what well-known
algorithms make of the noisy image alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = 512
_GAIN, _OFFSET, _READ_NOISE = 2.2, 100.0, 1.6  # ADU per electron, ADU, electrons


class Sample(TypedDict):
    """A raw image, what it truly shows, and what algorithms make of it; all (y, x)."""

    raw: NDArray[np.uint16]
    ground_truth: NDArray[np.uint16]
    predictions: dict[str, NDArray[Any]]
    pixel_size: float


def denoising_triplet() -> Sample:
    """Make a cell full of filaments, exposed briefly (raw) and sixty times longer.

    Returns
    -------
    Sample
        `raw` and `ground_truth` in camera units; predictions, as float32 in the units of
        `raw`, by non-local means, total variation and a Gaussian that is too wide on
        purpose; `pixel_size` in micrometres. 512 × 512, the same at every call.
    """
    from skimage.restoration import denoise_nl_means, denoise_tv_chambolle

    rng = np.random.default_rng(2021)
    light = _cell(rng)
    raw = _expose(light, 30.0, rng)
    stable = _stabilise(raw)  # noise of standard deviation 1 everywhere
    return {
        "raw": raw,
        "ground_truth": _expose(light, 1800.0, rng),
        "predictions": {
            "non-local means": _unstabilise(
                denoise_nl_means(stable, patch_size=5, patch_distance=7, h=0.7, sigma=1.0)
            ),
            "total variation": _unstabilise(denoise_tv_chambolle(stable, weight=1.3)),
            "Gaussian, σ 3": ndimage.gaussian_filter(raw.astype(np.float32), 3.0),
        },
        "pixel_size": 0.1,
    }


class Unproven(TypedDict):
    """A raw image, another capture of its field, and predictions that nobody can score; (y, x)."""

    raw: NDArray[np.uint16]
    capture: NDArray[np.uint16]
    predictions: dict[str, NDArray[np.float32]]
    made_up: tuple[int, int]
    erased: tuple[int, int]
    pixel_size: float


def denoising_without_truth() -> Unproven:
    """Expose the cell of `denoising_triplet` twice, and denoise it carefully and inventively.

    Returns
    -------
    Unproven
        `raw` and `capture` in camera units; predictions, as float32 in the units of `raw`, by
        total variation: *careful* as it is, *inventive* with a filament more in the nucleus,
        around `made_up` (y, x), and one vesicle less, at `erased`; `pixel_size` in micrometres.
        512 × 512, the same at every call.
    """
    from skimage.restoration import denoise_tv_chambolle

    rng = np.random.default_rng(2021)
    light = _cell(rng)
    raw, capture = _expose(light, 30.0, rng), _expose(light, 30.0, rng)
    careful = _unstabilise(denoise_tv_chambolle(_stabilise(raw), weight=1.3))
    made_up = (300, 215)
    filament = np.zeros((SIZE, SIZE))
    along = np.linspace(-1, 1, 60)
    _splat(filament, made_up[0] + 12 * along, made_up[1] + 16 * along + 4 * along**2, 1.0)
    filament = ndimage.gaussian_filter(filament, 1.5)
    spots = ndimage.gaussian_filter(careful, 2.0)[20:-20, 20:-20]
    row, column = np.unravel_index(int(spots.argmax()), spots.shape)
    erased = (int(row) + 20, int(column) + 20)
    y, x = np.mgrid[:SIZE, :SIZE]
    near = np.exp(-((np.hypot(y - erased[0], x - erased[1]) / 6.0) ** 4))
    around = ndimage.percentile_filter(careful, 20, 21)
    inventive = careful + 30.0 * filament / filament.max()
    inventive = near * around + (1 - near) * inventive
    return {
        "raw": raw,
        "capture": capture,
        "predictions": {"careful": careful, "inventive": inventive.astype(np.float32)},
        "made_up": made_up,
        "erased": erased,
        "pixel_size": 0.1,
    }


def segmentation_pair() -> Sample:
    """Make nuclei, many of them touching, and segment them in two classical ways.

    Returns
    -------
    Sample
        `raw` in camera units; `ground_truth` and the predictions (Otsu's threshold with
        connected components, and with a watershed of the distance transform) as uint16
        labels; `pixel_size` in micrometres. 512 × 512, the same at every call.
    """
    from skimage.feature import peak_local_max
    from skimage.filters import threshold_otsu
    from skimage.measure import label
    from skimage.morphology import remove_small_objects
    from skimage.segmentation import watershed

    rng = np.random.default_rng(2022)
    truth, light = _nuclei(rng)
    raw = _expose(light, 60.0, rng)

    smooth = ndimage.gaussian_filter(raw.astype(np.float32), 1.0)
    mask = remove_small_objects(smooth > threshold_otsu(smooth), max_size=30)
    mask = ndimage.binary_fill_holes(mask)
    distance = ndimage.gaussian_filter(ndimage.distance_transform_edt(mask), 1.0)
    seeds = np.zeros(mask.shape, np.int32)
    peaks = peak_local_max(distance, min_distance=7, labels=label(mask), exclude_border=False)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return {
        "raw": raw,
        "ground_truth": truth,
        "predictions": {
            "Otsu, components": label(mask, connectivity=1).astype(np.uint16),
            "Otsu, watershed": watershed(-distance, seeds, mask=mask).astype(np.uint16),
        },
        "pixel_size": 0.325,
    }


def _expose(
    light: NDArray[np.float64], photons: float, rng: np.random.Generator
) -> NDArray[np.uint16]:
    """Photograph relative brightness with `photons` electrons where it is 1."""
    electrons = rng.poisson(light * photons) + rng.normal(0.0, _READ_NOISE, light.shape)
    image: NDArray[np.uint16] = np.rint(electrons * _GAIN + _OFFSET).clip(0, 65535).astype("u2")
    return image


def _stabilise(image: NDArray[Any]) -> NDArray[np.float64]:
    """Give camera noise unit variance (generalised Anscombe, doi:10.1109/TIP.2012.2202675)."""
    electrons = (image - _OFFSET) / _GAIN
    return 2.0 * np.sqrt(np.maximum(electrons + 0.375 + _READ_NOISE**2, 0.0))


def _unstabilise(image: NDArray[Any]) -> NDArray[np.float32]:
    """Invert `_stabilise`, with the offset that is right on average for many photons."""
    electrons = (image / 2.0) ** 2 - 0.125 - _READ_NOISE**2
    result: NDArray[np.float32] = (electrons * _GAIN + _OFFSET).astype(np.float32)
    return result


def _cell(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw filaments that leave a dim nucleus, and vesicles; about 1 where bright."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(float)
    nucleus = ((y - 285) / 75) ** 2 + ((x - 240) / 95) ** 2
    edge = ndimage.gaussian_filter(rng.normal(size=(SIZE, SIZE)), 45)
    body = ((y - 265) / 245) ** 2 + ((x - 255) / 265) ** 2 + 0.12 * edge / edge.std()
    inside = 1.0 / (1.0 + np.exp((body - 0.85) / 0.03))

    lines = np.zeros((SIZE, SIZE))
    for _ in range(190):
        angle = rng.uniform(0, 2 * np.pi)
        steps = rng.integers(180, 520)
        turns = ndimage.gaussian_filter1d(rng.normal(0, 0.11, steps), 6)
        heading = angle + rng.normal(0, 0.35) + np.cumsum(turns)
        out = rng.choice([1.0, rng.uniform(1.0, 2.2)])  # from the nucleus's rim or beyond it
        start = np.array([285 + 75 * out * np.sin(angle), 240 + 95 * out * np.cos(angle)])
        rows = start[0] + np.cumsum(np.sin(heading)) * 0.7
        cols = start[1] + np.cumsum(np.cos(heading)) * 0.7
        _splat(lines, rows, cols, rng.uniform(0.4, 1.4))
    spots = np.zeros((SIZE, SIZE))
    _splat(spots, rng.uniform(0, SIZE, 160), rng.uniform(0, SIZE, 160), 9.0)

    sharp = ndimage.gaussian_filter(lines + spots * (nucleus > 1.1), 1.3)
    haze = ndimage.gaussian_filter(lines, 9.0)
    light = inside * (sharp + 0.35 * haze + 0.02) * np.where(nucleus < 1, 0.8, 1.0)
    scaled: NDArray[np.float64] = light / np.percentile(light, 99.5) + 0.06
    return scaled


def _splat(
    image: NDArray[np.float64], rows: NDArray[Any], cols: NDArray[Any], weight: float
) -> None:
    """Add weighted points to an image, each shared among its four pixels."""
    r, c = np.floor(rows).astype(int), np.floor(cols).astype(int)
    fr, fc = rows - r, cols - c
    for dr, wr in ((0, 1 - fr), (1, fr)):
        for dc, wc in ((0, 1 - fc), (1, fc)):
            rr, cc = r + dr, c + dc
            ok = (rr >= 0) & (rr < image.shape[0]) & (cc >= 0) & (cc < image.shape[1])
            np.add.at(image, (rr[ok], cc[ok]), weight * (wr * wc)[ok])


def _nuclei(rng: np.random.Generator) -> tuple[NDArray[np.uint16], NDArray[np.float64]]:
    """Draw nuclei of many sizes, some alone, most beside one another; labels and light."""
    labels = np.zeros((SIZE, SIZE), np.uint16)
    light = np.zeros((SIZE, SIZE))
    y, x = np.mgrid[:SIZE, :SIZE].astype(float)
    chromatin = ndimage.gaussian_filter(rng.normal(size=(SIZE, SIZE)), 2.2)
    chromatin /= chromatin.std()
    centres: list[tuple[float, float, float]] = []
    clusters = rng.uniform(30, SIZE - 30, (26, 2))
    for _ in range(900):
        if len(centres) == 115:
            break
        row, col = rng.choice(clusters) + rng.normal(0, 26, 2)
        radius = rng.uniform(8.0, 16.5)
        if any(np.hypot(row - r, col - c) < 0.88 * (radius + s) for r, c, s in centres):
            continue
        if not (-4 < row < SIZE + 4 and -4 < col < SIZE + 4):
            continue
        top, left = max(0, int(row) - 32), max(0, int(col) - 32)
        box = slice(top, int(row) + 32), slice(left, int(col) + 32)
        outline, nucleolus = _nucleus(y[box] - row, x[box] - col, radius, rng)
        shape = outline & (labels[box] == 0)
        if shape.sum() < 60:
            continue
        centres.append((row, col, radius))
        labels[box][shape] = len(centres)
        texture = 1.0 + 0.15 * chromatin[box] - 0.4 * nucleolus
        light[box][shape] = rng.lognormal(-0.35, 0.3) * texture[shape]
    labels = _largest_pieces(labels)
    light[labels == 0] = 0.0
    blurred = ndimage.gaussian_filter(light, 1.4) + 0.22 * ndimage.gaussian_filter(light, 14.0)
    shading = 1.0 - 0.25 * (((y - 240) / SIZE) ** 2 + ((x - 280) / SIZE) ** 2)
    return labels, shading * (blurred + 0.05)


def _nucleus(
    dy: NDArray[Any], dx: NDArray[Any], radius: float, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Draw one nucleus, an ellipse with a slightly wavy outline, and its nucleoli."""
    tilt, stretch = rng.uniform(0, np.pi), rng.uniform(1.0, 1.25)
    u = (dx * np.cos(tilt) + dy * np.sin(tilt)) / stretch
    v = (dy * np.cos(tilt) - dx * np.sin(tilt)) * stretch
    phase = np.arctan2(v, u)
    wave = 1.0 + sum(
        rng.normal(0, 0.09 / k**1.5) * np.cos(k * phase + rng.uniform(0, 2 * np.pi))
        for k in (2, 3, 4)
    )
    nucleoli = np.zeros(u.shape, bool)
    for r, c in rng.normal(0, 0.35 * radius, (2, 2)):
        nucleoli |= np.hypot(u - c, v - r) < 0.16 * radius
    return np.hypot(u, v) < radius * wave, nucleoli


def _largest_pieces(labels: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Drop what a neighbour has cut off, so that every object is in one piece."""
    result = np.zeros_like(labels)
    boxes = ndimage.find_objects(labels)
    for k in range(1, int(labels.max()) + 1):
        box = boxes[k - 1]
        pieces, _ = ndimage.label(labels[box] == k)
        sizes = np.bincount(pieces.ravel())[1:]
        result[box][pieces == 1 + int(sizes.argmax())] = k
    return result
