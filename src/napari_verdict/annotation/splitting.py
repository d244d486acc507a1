"""An object becomes several: along a line, or around seeds."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from napari_verdict.annotation.edits import EditError, Window, parted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_verdict.annotation.edits import Bounds, Change


def split_by_line(
    labels: NDArray[Any], bounds: Bounds, label: int, line: Any, free: Iterator[int]
) -> Change:
    """Cut an object along a line.

    In a volume the line cuts through all planes of the tile: only its last two coordinates count.
    Pixels on the line go to the nearest piece, so none is lost.

    Parameters
    ----------
    labels : ndarray of int
        The ground truth.
    bounds : tuple of slice
        Nothing outside is changed.
    label : int
        The object. Its largest piece keeps the label, as do parts that the line does not meet; of
        pieces that go on beyond `bounds` the largest keeps it.
    line : (n, ndim) array-like
        Corners of the line in pixels, n >= 2; they may lie outside the tile.
    free : iterator of int
        Labels for the other pieces, as from `objects.free_labels`.

    Returns
    -------
    Change
        Of `labels`.

    Raises
    ------
    EditError
        If the line does not part the object.
    """
    from skimage.draw import line as pixels_between

    window = Window(labels, bounds).around(label)
    mask = window.mask(label)
    corners = np.rint(window.inside(line)).astype(int)[:, -2:]
    cut = np.zeros(mask.shape, bool)
    for (y0, x0), (y1, x1) in pairwise(corners):
        y, x = pixels_between(y0, x0, y1, x1)
        there = (y >= 0) & (y < mask.shape[-2]) & (x >= 0) & (x < mask.shape[-1])
        cut[..., y[there], x[there]] = True
    cut &= mask
    # pieces touch by their faces: a line of pixels that touch by corners parts them
    parts, _ = ndimage.label(mask)
    met = np.isin(parts, np.unique(parts[cut])) & mask
    pieces, n = ndimage.label(met & ~cut)
    if n < 2 or not _parts_one(parts, pieces):
        raise EditError(
            f"The line does not cut object {label} in two. Draw it across the whole object, "
            "from background to background."
        )
    nearest = ndimage.distance_transform_edt(
        pieces == 0, return_distances=False, return_indices=True
    )
    pieces = np.where(met, pieces[tuple(nearest)], 0)
    return window.change(parted(window.old, pieces, window.open_ends(), free))


def split_by_seeds(
    labels: NDArray[Any],
    bounds: Bounds,
    label: int,
    seeds: Any,
    free: Iterator[int],
    spacing: tuple[float, ...] | None = None,
) -> Change:
    """Split an object around seeds, along its necks: a watershed of the distance to its border.

    Parameters
    ----------
    labels : ndarray of int
        The ground truth.
    bounds : tuple of slice
        Nothing outside is changed.
    label : int
        The object; its largest piece keeps the label, of those that go on beyond `bounds` if any.
    seeds : (n, ndim) array-like
        Points in pixels; those outside the object are left out.
    free : iterator of int
        Labels for the other pieces, as from `objects.free_labels`.
    spacing : tuple of float, optional
        Size of a pixel along each axis of `labels`.

    Returns
    -------
    Change
        Of `labels`.

    Raises
    ------
    EditError
        If fewer than two seeds are in the object.
    """
    from skimage.segmentation import watershed

    window = Window(labels, bounds).around(label)
    mask = window.mask(label)
    points = np.rint(window.inside(seeds)).astype(int)
    points = points[((points >= 0) & (points < mask.shape)).all(axis=1)]
    points = points[mask[tuple(points.T)]]
    points = np.unique(points, axis=0)
    if len(points) < 2:
        raise EditError(
            f"Splitting takes two seeds in object {label}, and there "
            f"{'is one' if len(points) else 'is none'}. Click once in each part of it."
        )
    markers = np.zeros(mask.shape, np.int32)
    markers[tuple(points.T)] = np.arange(1, len(points) + 1)
    depth = ndimage.distance_transform_edt(mask, sampling=window.spacing(spacing))
    # parts of the object without a seed are not reached, and keep the label
    pieces = watershed(-depth, markers, mask=mask)
    return window.change(parted(window.old, pieces, window.open_ends(), free))


def _parts_one(parts: NDArray[Any], pieces: NDArray[Any]) -> bool:
    """Whether some connected part was cut in two, and not only nibbled at."""
    there = pieces > 0
    pairs = np.unique(np.stack([parts[there], pieces[there]]), axis=1)
    return bool(np.unique(pairs[0], return_counts=True)[1].max(initial=0) > 1)
