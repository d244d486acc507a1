"""A starting point where there are no labels: threshold, then watershed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from napari_verdict.annotation.edits import EditError, Window
from napari_verdict.comparison.derived import read_part
from napari_verdict.engine.descriptions import describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_verdict.annotation.edits import Bounds, Change

#: Pixels that a threshold is found from.
_SAMPLE = 1 << 20
#: Side of a place that is read of an image in a file.
_SIDE = 256


def otsu(image: Any) -> float:
    """Return Otsu's threshold of a whole image, from at most about a million of its pixels.

    Of the whole, since a tile without objects has a threshold too, in its noise.

    Parameters
    ----------
    image : array-like
        Any number of axes; pixels that are not finite are left out. What lies in a file (mapped,
        dask, zarr) is read in sixteen places that are spread over it.

    Returns
    -------
    float
        Brighter pixels are foreground.

    Raises
    ------
    EditError
        If all pixels are alike.

    Notes
    -----
    Otsu (1979), doi:10.1109/TSMC.1979.4310076. Where many thresholds part the image in the same
    way it is the middle between the two means, so that blur moves outlines as little as can be.
    """
    from skimage.filters import threshold_otsu

    sample = _sample(image)
    sample = sample.view(np.uint8) if sample.dtype == bool else sample[np.isfinite(sample)]
    if sample.size == 0 or sample.min() == sample.max():
        raise EditError("All pixels of the image are alike, so no threshold parts them.")
    low = sample <= threshold_otsu(sample)
    return float(sample[low].mean() / 2 + sample[~low].mean() / 2)


def _sample(image: Any) -> NDArray[Any]:
    """Return at most about `_SAMPLE` pixels of an image, in one row."""
    if isinstance(describe(image), np.ndarray):
        # a step that shares no factor with rows, so that no column is preferred
        step = max(1, image.size // _SAMPLE) | 1
        flat = image.reshape(-1) if image.flags.c_contiguous else image.flat
        return np.asarray(flat[::step])
    shape = tuple(int(n) for n in image.shape)
    if math.prod(shape) <= _SAMPLE:
        return read_part(image, (0,) * len(shape), shape).ravel()
    side = tuple(min(_SIDE, n) if k >= len(shape) - 2 else 1 for k, n in enumerate(shape))
    places = np.random.default_rng(0).random((_SAMPLE // _SIDE**2, len(shape)))
    room = np.subtract(shape, side) + 1
    corners = (places * room).astype(int).tolist()
    return np.concatenate([read_part(image, tuple(corner), side).ravel() for corner in corners])


def starting_point(
    labels: NDArray[Any],
    bounds: Bounds,
    image: NDArray[Any],
    threshold: float,
    free: Iterator[int],
    *,
    sigma: float = 1.0,
    diameter: float | None = None,
    min_size: int = 10,
    spacing: tuple[float, ...] | None = None,
) -> Change:
    """Propose objects in a tile, to be corrected by hand: bright parts, cut at their necks.

    Parameters
    ----------
    labels : ndarray of int
        The ground truth. Objects that are there stay as they are.
    bounds : tuple of slice
        Nothing outside is changed.
    image : ndarray
        The same part of raw, ``raw[bounds]``.
    threshold : float
        The foreground is brighter, as from `otsu`.
    free : iterator of int
        Labels for the objects, as from `objects.free_labels`.
    sigma : float
        Of a Gaussian against noise, in pixels along the finest axis.
    diameter : float, optional
        Of an object, in units of `spacing`: centres are half of it apart or more. By default
        what bright parts have at their thickest, in the median.
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
        If nothing is bright and large enough.
    """
    from skimage.feature import peak_local_max
    from skimage.segmentation import watershed

    window = Window(labels, bounds)
    sides = np.array(window.spacing(spacing))
    sigmas = sigma * sides.min() / sides
    pixels = window.seen(image).astype(np.float32)
    bright = ndimage.gaussian_filter(pixels, sigmas, mode="nearest") > threshold
    bright &= window.old == 0
    depth = ndimage.distance_transform_edt(bright, sampling=sides)
    parts, n = ndimage.label(bright)
    if diameter is None and n:
        diameter = 2 * float(np.median(ndimage.maximum(depth, parts, np.arange(1, n + 1))))
    apart = max(1, round((diameter or 0) / 2 / sides.min()))
    hills = ndimage.gaussian_filter(depth, sides.min() / sides)
    tops = peak_local_max(hills, min_distance=apart, labels=parts, exclude_border=False)
    markers = np.zeros(bright.shape, np.int32)
    markers[tuple(tops.T)] = np.arange(1, len(tops) + 1)
    found = watershed(-hills, markers, mask=bright)
    large = np.bincount(found.ravel()) >= min_size
    large[0] = False
    if not large.any():
        raise EditError(
            f"Nothing in this tile is brighter than {threshold:g} and has {min_size} pixels or "
            "more. Lower the threshold, or draw by hand."
        )
    names = np.zeros(len(large), labels.dtype)
    for k in np.flatnonzero(large).tolist():
        names[k] = next(free)
    return window.change(np.where(large[found], names[found], window.old))
