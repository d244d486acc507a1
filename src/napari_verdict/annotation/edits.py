"""What an edit changes: pixels of a label image and their new values, within a part of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

#: The part of a label image that an edit may change, such as a tile: one slice an axis, with
#: start and stop. Axes of length 1 do not count as space: a plane of a stack is edited in 2D.
Bounds = tuple[slice, ...]


def bounds_of(axes: str, frame: tuple[int, ...], box: tuple[int, ...]) -> Bounds:
    """Return the part of an image that a box of a frame is, such as a tile.

    Parameters
    ----------
    axes : str
        Of the image, out of ``tczyx``.
    frame : tuple of int
        Index along its axes t and c, in its order.
    box : tuple of int
        z0, z1, y0, y1, x0, x1 in pixels, ends exclusive.
    """
    frames = iter(frame)
    ends = {a: slice(box[2 * k], box[2 * k + 1]) for k, a in enumerate("zyx")}
    return tuple(ends[a] if a in ends else slice(i := next(frames), i + 1) for a in axes)


class EditError(ValueError):
    """The edit cannot be made; the message says why and what to do."""


@dataclass(frozen=True, eq=False)
class Change:
    """Pixels and the values they get: one step, to be undone as one.

    Parameters
    ----------
    at : (n,) ndarray of int64
        Where, as indices into the flattened image (C order); ascending, each once.
    values : (n,) ndarray
        The new labels, in the dtype of the image.
    """

    at: NDArray[np.int64]
    values: NDArray[Any]

    def __len__(self) -> int:
        return len(self.at)

    def indices(self, shape: tuple[int, ...]) -> tuple[NDArray[np.intp], ...]:
        """Return where, one array an axis, as napari's ``Labels.data_setitem`` takes it."""
        return tuple(np.unravel_index(self.at, shape))

    def before(self, labels: NDArray[Any]) -> NDArray[Any]:
        """Return the (n,) values that the pixels have in an image."""
        found: NDArray[Any] = labels[self.indices(labels.shape)]
        return found

    def write(self, labels: NDArray[Any]) -> None:
        """Give the pixels of an image their new values, in place."""
        labels[self.indices(labels.shape)] = self.values


def difference(before: NDArray[Any], labels: NDArray[Any], bounds: Bounds) -> Change:
    """Find what was painted, or undone, since a part of an image was copied.

    Parameters
    ----------
    before : ndarray
        The part of the image as it was, ``labels[bounds]``.
    labels : ndarray of int
        The image as it is.
    bounds : tuple of slice
        The part, with a start and stop along each axis of `labels`.

    Returns
    -------
    Change
        Empty where nothing differs.
    """
    now = labels[bounds]
    return _change(before != now, now, labels.shape, bounds)


class Window:
    """A part of a label image as an edit sees it.

    Parameters
    ----------
    labels : ndarray of int
        The image; it is not changed.
    bounds : tuple of slice
        The part.

    Attributes
    ----------
    old : ndarray
        The part without its axes of length 1 (two are kept); a view, not to be written to.
    """

    def __init__(self, labels: NDArray[Any], bounds: Bounds) -> None:
        self._labels = labels
        self._bounds = tuple(
            slice(*b.indices(n)[:2]) for b, n in zip(bounds, labels.shape, strict=True)
        )
        part = labels[self._bounds]
        long = [k for k, n in enumerate(part.shape) if n > 1]
        rest = [k for k in range(part.ndim) if part.shape[k] <= 1]
        while len(long) < min(2, part.ndim):
            long.append(rest.pop())
        self.axes = tuple(sorted(long))
        self.old = self.seen(part)

    def seen(self, part: NDArray[Any]) -> NDArray[Any]:
        """Return the same part of another image, ``image[bounds]``, with the axes of `old`."""
        return part.reshape([part.shape[k] for k in self.axes]) if part.size else part

    def spacing(self, spacing: tuple[float, ...] | None) -> tuple[float, ...]:
        """Return the spacing along the axes of the part; 1 where none is given."""
        return tuple(abs(float(spacing[k])) if spacing else 1.0 for k in self.axes)

    def inside(self, points: Any) -> NDArray[np.float64]:
        """Return (n, all axes) coordinates in the image as coordinates in the part."""
        points = np.atleast_2d(np.asarray(points, float))
        start = np.array([b.start for b in self._bounds], float)
        shifted: NDArray[np.float64] = (points - start)[:, self.axes]
        return shifted

    def mask(self, label: int) -> NDArray[np.bool_]:
        """Return where the part has a label.

        Raises
        ------
        EditError
            If it has no pixel of it, or the label is the background.
        """
        if label == 0:
            raise EditError("There is no object here, only background. Choose an object first.")
        where: NDArray[np.bool_] = self.old == label
        if not where.any():
            raise EditError(f"Object {label} has no pixel in this tile.")
        return where

    def open_ends(self) -> NDArray[np.bool_]:
        """Return where the part ends and the image goes on; axes of length 1 have no end."""
        ends = np.zeros(self.old.shape, bool)
        for k, axis in enumerate(self.axes):
            along, bounds = np.moveaxis(ends, k, 0), self._bounds[axis]
            if len(along) > 1:
                along[0] |= bounds.start > 0
                along[-1] |= bounds.stop < self._labels.shape[axis]
        return ends

    def around(self, label: int, margin: int = 1) -> Window:
        """Return the part that holds a label and at least one pixel around it, if the part goes on.

        Raises
        ------
        EditError
            As `mask`.
        """
        where, bounds = self.mask(label), list(self._bounds)
        for k, axis in enumerate(self.axes):
            others = tuple(j for j in range(where.ndim) if j != k)
            along = np.flatnonzero(where.any(axis=others))
            first, stop = bounds[axis].start, bounds[axis].stop
            low, high = first + int(along[0]) - margin, first + int(along[-1]) + 1 + margin
            bounds[axis] = slice(max(first, low), min(stop, high))
        return Window(self._labels, tuple(bounds))

    def change(self, new: NDArray[Any]) -> Change:
        """Return what differs between the part and an array of its shape."""
        different = new != self.old
        whole = tuple(b.stop - b.start for b in self._bounds)
        return _change(
            different.reshape(whole), new.reshape(whole), self._labels.shape, self._bounds
        )


def parted(
    old: NDArray[Any], pieces: NDArray[Any], ends: NDArray[np.bool_], free: Iterator[int]
) -> NDArray[Any]:
    """Return labels in which all pieces of an object but one have a label of their own.

    Parameters
    ----------
    old : ndarray of int
        The labels.
    pieces : ndarray of int
        Of the same shape: which piece is where; 0 is no piece, and stays as it is.
    ends : ndarray of bool
        From `Window.open_ends`. The largest of the pieces that lie here keeps the label, since
        elsewhere the object would be cut where the part ends; the largest of all where none does.
    free : iterator of int
        Labels that no object has.

    Returns
    -------
    ndarray of int
        A new one.

    Raises
    ------
    EditError
        If there are not enough free labels.
    """
    sizes, new = np.bincount(pieces.ravel()), old.copy()
    sizes[0] = 0
    going = np.zeros_like(sizes)
    there = np.unique(pieces[ends])
    going[there] = sizes[there]
    keeps = int((going if going.any() else sizes).argmax())
    for piece in np.flatnonzero(sizes).tolist():
        if piece != keeps:
            new[pieces == piece] = next(free)
    return new


def _change(
    different: NDArray[np.bool_], new: NDArray[Any], shape: tuple[int, ...], bounds: Bounds
) -> Change:
    start = [b.indices(n)[0] for b, n in zip(bounds, shape, strict=True)]
    where = np.nonzero(different)
    moved = tuple(w + s for w, s in zip(where, start, strict=True))
    at = np.ravel_multi_index(moved, shape) if different.size else np.zeros(0, np.intp)
    return Change(np.asarray(at, np.int64), new[where])
