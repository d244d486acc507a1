"""Edits of whole objects: accept a predicted one, delete, merge, mark as ambiguous."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.annotation.edits import EditError, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from napari_verdict.annotation.edits import Bounds, Change


def free_labels(labels: NDArray[Any], above: int = 0) -> Iterator[int]:
    """Yield labels that no object has: those above the highest first, then the gaps.

    Parameters
    ----------
    labels : ndarray of int
        The whole image.
    above : int
        No label up to this one is given before the gaps are, such as one that is chosen
        for the brush and not painted yet.

    Raises
    ------
    EditError
        When every label the dtype holds is taken.
    """
    highest = max(int(labels.max(initial=0)), above)
    last = int(np.iinfo(labels.dtype).max)
    yield from range(highest + 1, last + 1)
    taken = np.unique(labels)
    following = 1
    for label in taken[taken > 0].tolist():
        yield from range(following, label)
        following = label + 1
    raise EditError(
        f"Labels of type {labels.dtype} end at {last}, and all are taken. Convert the layer "
        "to a larger integer type, such as int32, to draw more objects."
    )


def next_free_label(labels: NDArray[Any], above: int = 0) -> int:
    """Return the first of `free_labels`."""
    return next(free_labels(labels, above))


def accept(
    labels: NDArray[Any],
    bounds: Bounds,
    predicted: NDArray[Any],
    label: int,
    new: int,
    *,
    over: bool = False,
) -> Change:
    """Take a predicted object into the ground truth, as far as it lies in the tile.

    Parameters
    ----------
    labels : ndarray of int
        The ground truth.
    bounds : tuple of slice
        Nothing outside is changed.
    predicted : ndarray of int
        The same part of the prediction, ``prediction[bounds]``.
    label : int
        The predicted object.
    new : int
        Its label in the ground truth.
    over : bool
        Whether it takes pixels from objects that are there. If not, they keep their pixels, and an
        object of which they have more than half is refused. If so, an object that loses more
        than half of its pixels in the tile is removed, since what is left of it is no object.

    Returns
    -------
    Change
        Of `labels`.

    Raises
    ------
    EditError
        If there is no such object in the tile, or it is refused.
    """
    window = Window(labels, bounds)
    if label == 0:
        raise EditError("The prediction has no object here, only background.")
    found = window.seen(predicted) == label
    n = np.count_nonzero(found)
    if n == 0:
        raise EditError(f"Predicted object {label} has no pixel in this tile.")
    result = window.old.copy()
    taken = found & (window.old != 0)
    if over:
        for there in np.unique(window.old[taken]).tolist():
            own = window.old == there
            if 2 * np.count_nonzero(own & found) > np.count_nonzero(own):
                result[own] = 0
    elif 2 * np.count_nonzero(taken) > n:
        ids, counts = np.unique(window.old[taken], return_counts=True)
        raise EditError(
            f"Object {ids[counts.argmax()]} is already here: {np.count_nonzero(taken)} of the {n} "
            "pixels of the predicted object are taken. Delete what is there, or accept over it."
        )
    result[found if over else found & ~taken] = new
    return window.change(result)


def delete(labels: NDArray[Any], bounds: Bounds, label: int) -> Change:
    """Make the pixels of an object background.

    Raises
    ------
    EditError
        If the object has no pixel in the tile.
    """
    window = Window(labels, bounds)
    result = window.old.copy()
    result[window.mask(label)] = 0
    return window.change(result)


def merge(labels: NDArray[Any], bounds: Bounds, into: int, others: Iterable[int]) -> Change:
    """Give objects the label of another one; they need not touch.

    Parameters
    ----------
    labels : ndarray of int
        The ground truth.
    bounds : tuple of slice
        Nothing outside is changed.
    into : int
        The label that all have afterwards.
    others : iterable of int
        The labels of the others.

    Returns
    -------
    Change
        Of `labels`.

    Raises
    ------
    EditError
        If one of them has no pixel in the tile, or there is no other.
    """
    window = Window(labels, bounds)
    others = [o for o in dict.fromkeys(others) if o != into]
    if not others:
        raise EditError("Merging takes two objects. Choose a second one.")
    window.mask(into)
    result = window.old.copy()
    for other in others:
        result[window.mask(other)] = into
    return window.change(result)


def mark_ambiguous(
    ignore: NDArray[Any], labels: NDArray[Any], bounds: Bounds, label: int, value: int = 1
) -> Change:
    """Take an object into the ignore mask, or out of it; the object stays as it is.

    Parameters
    ----------
    ignore : ndarray of int
        The ignore mask: 1 where nobody can tell what is right.
    labels : ndarray of int
        The ground truth, of the same shape.
    bounds : tuple of slice
        Nothing outside is changed.
    label : int
        The object.
    value : {1, 0}
        Whether it is ambiguous.

    Returns
    -------
    Change
        Of `ignore`.

    Raises
    ------
    EditError
        If the object has no pixel in the tile.
    """
    where = Window(labels, bounds).mask(label)
    window = Window(ignore, bounds)
    result = window.old.copy()
    result[where] = value
    return window.change(result)
