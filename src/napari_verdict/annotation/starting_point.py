"""A starting point where there are no labels: threshold, then watershed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from napari_verdict.annotation.edits import EditError, Window
from napari_verdict.comparison.derived import read_part
from napari_verdict.engine.descriptions import describe

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    from napari_verdict.annotation.edits import Bounds, Change

#: Pixels that a threshold is found from.
_SAMPLE = 1 << 20
#: Side of a place that is read of an image in a file.
_SIDE = 256
#: Classes of brightness that the commonest is found among.
_BINS = 64
_COLOURS = ("red", "green", "blue")


@dataclass(frozen=True)
class Foreground:
    """What parts objects from the background of a whole image.

    Parameters
    ----------
    threshold : float
        Between the two.
    darker : bool
        Whether objects are darker than it; else they are brighter.
    channel : int, optional
        Of an RGB image: which of its channels is looked at.
    """

    threshold: float
    darker: bool = False
    channel: int | None = None

    @property
    def other(self) -> Foreground:
        """The other side of the same threshold."""
        return replace(self, darker=not self.darker)

    @property
    def words(self) -> str:
        """Such as "darker than 143 in the red channel"."""
        where = "" if self.channel is None else f" in the {_COLOURS[self.channel]} channel"
        return f"{'darker' if self.darker else 'brighter'} than {self.threshold:.4g}{where}"


def foreground_of(image: Any, *, rgb: bool = False) -> Foreground:
    """Return what parts objects from the background, from about a million pixels at most.

    Of the whole image, since a tile without objects has a threshold too, in its noise. The
    background is what has the commonest brightness, and objects are what lies beyond the threshold
    from there: they are darker where it is bright, as in transmitted light.

    Parameters
    ----------
    image : array-like
        Any number of axes; pixels that are not finite are left out. What lies in a file (mapped,
        dask, zarr) is read in sixteen places that are spread over it.
    rgb : bool
        Whether the last axis is red, green and blue. The channel is taken that its threshold parts
        best: with the largest share of the variance between the two sides.

    Returns
    -------
    Foreground
        With Otsu's threshold.

    Raises
    ------
    EditError
        If all pixels are alike.

    Notes
    -----
    Otsu (1979), doi:10.1109/TSMC.1979.4310076. Where many thresholds part the image in the same
    way it is the middle between the two means, so that blur moves outlines as little as can be.
    """
    samples = [_finite(s) for s in _samples(image, rgb)]
    parted = {k: _parted(s) for k, s in enumerate(samples) if s.size and s.min() < s.max()}
    if not parted:
        raise EditError("All pixels of the image are alike, so no threshold parts them.")
    best = max(parted, key=lambda k: parted[k][1])
    threshold = parted[best][0]
    darker = _commonest(samples[best]) > threshold
    return Foreground(threshold, darker, best if rgb else None)


def _parted(sample: NDArray[Any]) -> tuple[float, float]:
    """Return Otsu's threshold, and the share of the variance that lies between its two sides."""
    from skimage.filters import threshold_otsu

    low = sample <= threshold_otsu(sample)
    share = np.count_nonzero(low) / low.size
    below, above = float(sample[low].mean()), float(sample[~low].mean())
    between = share * (1 - share) * (above - below) ** 2
    return below / 2 + above / 2, between / float(sample.var(dtype=np.float64))


def _commonest(sample: NDArray[Any]) -> float:
    """Return the brightness that most pixels have, without the few that are far out."""
    counts, edges = np.histogram(sample, _BINS, np.percentile(sample, (0.1, 99.9)))
    top = int(counts.argmax())
    return float(edges[top] / 2 + edges[top + 1] / 2)


def _finite(sample: NDArray[Any]) -> NDArray[Any]:
    return sample.view(np.uint8) if sample.dtype == bool else sample[np.isfinite(sample)]


def _samples(image: Any, rgb: bool) -> list[NDArray[Any]]:
    """Return at most about `_SAMPLE` pixels of each channel of an image, in one row."""
    shape = tuple(int(n) for n in (image.shape[:-1] if rgb else image.shape))
    if isinstance(describe(image), np.ndarray):
        # a step that shares no factor with rows, so that no column is preferred
        step = max(1, math.prod(shape) // _SAMPLE) | 1
        channels = [image[..., k] for k in range(3)] if rgb else [image]
        flat = (c.reshape(-1) if c.flags.c_contiguous else c.flat for c in channels)
        return [np.asarray(f[::step]) for f in flat]
    colours: tuple[int, ...] = (3,) if rgb else ()
    first = (0,) * len(colours)
    side = tuple(min(_SIDE, n) if k >= len(shape) - 2 else 1 for k, n in enumerate(shape))
    places = np.random.default_rng(0).random((_SAMPLE // _SIDE**2, len(shape)))
    corners = (places * (np.subtract(shape, side) + 1)).astype(int).tolist()
    if math.prod(shape) <= _SAMPLE:
        side, corners = shape, [[0] * len(shape)]
    read = [read_part(image, (*corner, *first), (*side, *colours)) for corner in corners]
    return list(np.concatenate([part.reshape(-1, 3 if rgb else 1) for part in read]).T)


def starting_point(
    labels: NDArray[Any],
    bounds: Bounds,
    image: NDArray[Any],
    foreground: Foreground,
    free: Iterator[int],
    *,
    instead: Collection[int] = (),
    sigma: float = 1.0,
    diameter: float | None = None,
    min_size: int = 10,
    spacing: tuple[float, ...] | None = None,
) -> Change:
    """Propose objects in a tile, to be corrected by hand: its foreground, cut at its necks.

    Parameters
    ----------
    labels : ndarray of int
        The ground truth. Objects that are there stay as they are.
    bounds : tuple of slice
        Nothing outside is changed.
    image : ndarray
        The same part of raw, ``raw[bounds]``; of RGB with its channels.
    foreground : Foreground
        What objects are, as from `foreground_of`.
    free : iterator of int
        Labels for the objects, as from `objects.free_labels`.
    instead : collection of int
        Objects that the new ones take the place of.
    sigma : float
        Of a Gaussian against noise, in pixels along the finest axis.
    diameter : float, optional
        Of an object, in units of `spacing`: centres are half of it apart or more. By default
        what its parts have at their thickest, in the median.
    min_size : int
        Smaller objects are left out, in pixels.
    spacing : tuple of float, optional
        Size of a pixel along each axis of `labels`.

    Returns
    -------
    Change
        Of `labels`.

    Raises
    ------
    EditError
        If nothing large enough is foreground.
    """
    from skimage.segmentation import watershed

    window = Window(labels, bounds)
    sides = np.array(window.spacing(spacing))
    sigmas = sigma * sides.min() / sides
    channel = foreground.channel
    pixels = window.seen(image if channel is None else image[..., channel]).astype(np.float32)
    smooth = ndimage.gaussian_filter(pixels, sigmas, mode="nearest")
    level = foreground.threshold
    kept = np.where(np.isin(window.old, list(instead)), 0, window.old)
    there = (smooth < level if foreground.darker else smooth > level) & (kept == 0)
    depth = ndimage.distance_transform_edt(there, sampling=sides)
    parts, n = ndimage.label(there)
    if diameter is None and n:
        diameter = 2 * float(np.median(ndimage.maximum(depth, parts, np.arange(1, n + 1))))
    hills = ndimage.gaussian_filter(depth, sides.min() / sides)
    tops = _tops(hills, parts, np.maximum(1, np.round((diameter or 0) / 2 / sides)))
    markers = np.zeros(there.shape, np.int32)
    markers[tuple(tops.T)] = np.arange(1, len(tops) + 1)
    found = watershed(-hills, markers, mask=there)
    large = np.bincount(found.ravel()) >= min_size
    large[0] = False
    if not large.any():
        raise EditError(
            f"Nothing in this tile is {foreground.words} and has {min_size} pixels or more. "
            "Draw by hand."
        )
    names = np.zeros(len(large), labels.dtype)
    for k in np.flatnonzero(large).tolist():
        names[k] = next(free)
    return window.change(np.where(large[found], names[found], kept))


def _tops(hills: NDArray[Any], parts: NDArray[Any], apart: NDArray[Any]) -> NDArray[np.intp]:
    """Return the highest places of each part, (n, axes), `apart` pixels along each axis or more."""
    from scipy.spatial import cKDTree
    from skimage.feature import peak_local_max

    around = np.ones((2 * apart + 1).astype(int), bool)
    tops: NDArray[np.intp] = peak_local_max(
        hills, min_distance=1, footprint=around, labels=parts, exclude_border=False
    )
    if len(tops) < 2:
        return tops
    # of a flat top only one place counts
    part, stays = parts[tuple(tops.T)], np.ones(len(tops), bool)
    close = cKDTree(tops / apart).query_pairs(1, p=np.inf, output_type="ndarray")
    for k, other in close[np.lexsort(close.T[::-1])].tolist():
        if stays[k] and part[k] == part[other]:
            stays[other] = False
    return tops[stays]
