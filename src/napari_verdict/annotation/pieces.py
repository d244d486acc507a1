"""Labels that lie in several pieces, which are often several objects painted with one label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from napari_verdict.annotation.edits import Window, parted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_verdict.annotation.edits import Bounds, Change


def in_pieces(labels: NDArray[Any], bounds: Bounds, tile: Bounds) -> tuple[int, ...]:
    """Return labels of a tile that lie in several pieces.

    Parameters
    ----------
    labels : ndarray of int
        The ground truth.
    bounds : tuple of slice
        What is looked at: the tile and its margin.
    tile : tuple of slice
        Labels without a pixel here are left out.

    Returns
    -------
    tuple of int
        Ascending. Pixels that touch at a corner are of one piece; so are those that reach an end
        of the part where the image goes on, since they may be one beyond it.
    """
    return tuple(label for label, _, _ in _scattered(Window(labels, bounds), labels[tile]))


def separate(labels: NDArray[Any], bounds: Bounds, tile: Bounds, free: Iterator[int]) -> Change:
    """Give each piece but one a label of its own: the largest keeps it, or what goes on beyond.

    Pieces that reach an end of the part where the image goes on would be cut there.

    Parameters
    ----------
    labels, bounds, tile
        See `in_pieces`.
    free : iterator of int
        Labels that no object has.

    Returns
    -------
    Change
        Of `labels`; empty where every label is in one piece.

    Raises
    ------
    EditError
        If there are not enough free labels.
    """
    window = Window(labels, bounds)
    result, ends = window.old.copy(), window.open_ends()
    for _, box, pieces in _scattered(window, labels[tile]):
        result[box] = parted(result[box], pieces, ends[box], free)
    return window.change(result)


def _scattered(
    window: Window, tile: NDArray[Any]
) -> Iterator[tuple[int, tuple[slice, ...], NDArray[Any]]]:
    """Yield labels in several pieces, the box that they are in, and which piece is where in it."""
    ids, places = np.unique(window.old, return_inverse=True)
    boxes = ndimage.find_objects(places.reshape(window.old.shape) + 1)
    here, ends = np.isin(ids, np.unique(tile)), window.open_ends()
    for label, box, inside in zip(ids.tolist(), boxes, here, strict=True):
        if not label or not inside:
            continue
        touching = np.ones((3,) * window.old.ndim)
        pieces, _ = ndimage.label(window.old[box] == label, touching)
        beyond = np.unique(pieces[ends[box] & (pieces > 0)])
        if len(beyond):
            pieces[np.isin(pieces, beyond)] = beyond[0]
        if np.count_nonzero(np.bincount(pieces.ravel())[1:]) > 1:
            yield label, box, pieces
