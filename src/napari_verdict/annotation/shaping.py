"""Edits of an object's shape: holes, outline, and the planes between those that are drawn."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from napari_verdict.annotation.edits import EditError, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.annotation.edits import Bounds, Change


#: So far from the outline a pixel lies on it: distances are blended in floating point.
_ON_OUTLINE = 1e-9


def fill_holes(labels: NDArray[Any], bounds: Bounds, label: int) -> Change:
    """Fill the background that an object encloses; objects inside it stay.

    Parameters
    ----------
    labels : ndarray of int
        The ground truth.
    bounds : tuple of slice
        Nothing outside is changed. In a volume a hole is enclosed on all sides; give one plane
        to fill holes of that plane.
    label : int
        The object.

    Returns
    -------
    Change
        Of `labels`; empty where it has no hole.

    Raises
    ------
    EditError
        If the object has no pixel in the tile.
    """
    window = Window(labels, bounds).around(label)
    filled = ndimage.binary_fill_holes(window.mask(label))
    new = window.old.copy()
    new[filled & (window.old == 0)] = label
    return window.change(new)


def smooth(
    labels: NDArray[Any],
    bounds: Bounds,
    label: int,
    sigma: float,
    spacing: tuple[float, ...] | None = None,
) -> Change:
    """Smooth the outline of an object and keep its size.

    The object is blurred, and of its own and background pixels the brightest are taken, as
    many as it had; other objects keep theirs.

    Parameters
    ----------
    labels : ndarray of int
        The ground truth.
    bounds : tuple of slice
        Nothing outside is changed; at its edge an object is taken to go on.
    label : int
        The object.
    sigma : float
        Of the Gaussian, in units of `spacing`: about the size of what is smoothed away.
    spacing : tuple of float, optional
        Size of a pixel along each axis of `labels`.

    Returns
    -------
    Change
        Of `labels`.

    Raises
    ------
    EditError
        If the object has no pixel in the tile.
    """
    window = Window(labels, bounds)
    sigmas = [sigma / s for s in window.spacing(spacing)]
    window = window.around(label, margin=math.ceil(4 * max(sigmas)) + 1)
    mask = window.mask(label)
    blurred = ndimage.gaussian_filter(mask.astype(np.float32), sigmas, mode="nearest")
    open_to = np.flatnonzero(mask | (window.old == 0))
    # of equals those that are the object's already
    order = np.lexsort((~mask.ravel()[open_to], -blurred.ravel()[open_to]))
    new = window.old.copy()
    new[mask] = 0
    new.ravel()[open_to[order[: np.count_nonzero(mask)]]] = label
    return window.change(new)


def interpolate(
    labels: NDArray[Any],
    bounds: Bounds,
    label: int,
    axis: int,
    spacing: tuple[float, ...] | None = None,
) -> Change:
    """Fill the planes between those in which an object is drawn.

    Between two drawn planes the centroid moves in a straight line, and the signed distance to
    the outline, seen from the centroid, changes in equal steps. Pixels of other objects are
    left to them.

    Parameters
    ----------
    labels : ndarray of int
        The ground truth.
    bounds : tuple of slice
        Nothing outside is changed.
    label : int
        The object.
    axis : int
        The axis of `labels` along which planes lie.
    spacing : tuple of float, optional
        Size of a pixel along each axis of `labels`.

    Returns
    -------
    Change
        Of `labels`.

    Raises
    ------
    EditError
        If the object is drawn in fewer than two planes of the tile, or none is missing
        between them.

    Notes
    -----
    Shape-based interpolation after Raya and Udupa (1990), doi:10.1109/42.52980.
    """
    window = Window(labels, bounds)
    mask = window.mask(label)
    if axis not in window.axes or mask.ndim < 3:
        raise EditError("This tile is one plane thick: there is nothing to interpolate between.")
    k = window.axes.index(axis)
    planes = np.moveaxis(mask, k, 0)
    drawn = np.flatnonzero(planes.any(axis=(1, 2))).tolist()
    gaps = [(a, b) for a, b in pairwise(drawn) if b - a > 1]
    if not gaps:
        what = "one plane" if len(drawn) == 1 else "planes without a gap between them"
        raise EditError(
            f"Object {label} is drawn in {what}. Draw it in two planes with others between, and "
            "those are filled."
        )
    new = window.old.copy()
    into = np.moveaxis(new, k, 0)
    sides = window.spacing(spacing)
    in_plane = [s for j, s in enumerate(sides) if j != k]
    for a, b in gaps:
        corner, first, second = _common(planes[a], planes[b])
        shapes = _centred(first, in_plane), _centred(second, in_plane)
        widths = math.sqrt(np.count_nonzero(first)), math.sqrt(np.count_nonzero(second))
        there = tuple(slice(c, c + n) for c, n in zip(corner, first.shape, strict=True))
        for j in range(a + 1, b):
            part = into[j][there]
            way = (j - a) / (b - a)
            area = ((1 - way) * widths[0] + way * widths[1]) ** 2
            part[_between(*shapes, way, area) & (part == 0)] = label
    return window.change(new)


def _common(
    first: NDArray[np.bool_], second: NDArray[np.bool_]
) -> tuple[list[int], NDArray[np.bool_], NDArray[np.bool_]]:
    """Cut two planes to the box that holds what both have; return its corner as well."""
    y, x = np.nonzero(first | second)
    corner = [int(y.min()), int(x.min())]
    box = slice(corner[0], int(y.max()) + 1), slice(corner[1], int(x.max()) + 1)
    return corner, first[box], second[box]


def _centred(
    plane: NDArray[np.bool_], spacing: list[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the signed distance to an outline, positive inside, and the centroid in pixels.

    The distance has one more pixel on all sides, which is outside. The outline runs between
    pixels, so the distance changes by no more from one side to the other than elsewhere.
    """
    half = min(spacing) / 2
    padded = np.pad(plane, 1)
    inside = ndimage.distance_transform_edt(padded, sampling=spacing)
    outside = ndimage.distance_transform_edt(~padded, sampling=spacing)
    return np.where(padded, inside - half, half - outside), np.argwhere(plane).mean(axis=0)


def _between(
    first: tuple[NDArray[np.float64], NDArray[np.float64]],
    second: tuple[NDArray[np.float64], NDArray[np.float64]],
    part: float,
    area: float,
) -> NDArray[np.bool_]:
    """Return the shape at a part of the way from one plane to another.

    Pixels that lie on the outline belong to it where its area is nearer to `area` with them. It
    is never empty, since the object goes on in both planes.
    """
    centre = (1 - part) * first[1] + part * second[1]
    moved = [
        ndimage.shift(distance, centre - own, order=1, mode="nearest")
        for distance, own in (first, second)
    ]
    blended = ((1 - part) * moved[0] + part * moved[1])[1:-1, 1:-1]
    within, with_outline = blended > _ON_OUTLINE, blended >= -_ON_OUTLINE
    if abs(np.count_nonzero(with_outline) - area) <= abs(np.count_nonzero(within) - area):
        within = with_outline
    if not within.any():
        within.flat[np.argmax(blended)] = True
    return np.asarray(within)
