"""Size, bounding box and centroid of labelled objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from napari_verdict.metrics.runs import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Extents:
    """How large each of n objects is and where it lies.

    Parameters
    ----------
    ids : (n,) ndarray of int64 or uint64
        Ascending, each once.
    pixels : (n,) ndarray of int64
        Number of pixels, above 0.
    boxes : (n, 6) ndarray of int32
        z0, z1, y0, y1, x0, x1 in pixels; ends exclusive.
    sums : (n, 3) ndarray of int64
        Sums of the z, y and x coordinates of the pixels.
    """

    ids: NDArray[Any]
    pixels: NDArray[np.int64]
    boxes: NDArray[np.int32]
    sums: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def centroids(self) -> NDArray[np.float64]:
        """Mean z, y and x of each object, in pixels; shape (n, 3)."""
        return self.sums / self.pixels[:, np.newaxis]

    def find(self, object_id: int) -> int:
        """Return the index of an id, or -1 where there is no such object."""
        # compared as Python ints: no id is rounded or wrapped
        if not len(self) or not int(self.ids[0]) <= object_id <= int(self.ids[-1]):
            return -1
        i = int(np.searchsorted(self.ids, self.ids.dtype.type(object_id)))
        return i if int(self.ids[i]) == object_id else -1

    def grouped(self, order: NDArray[np.intp], starts: NDArray[np.intp]) -> Extents:
        """Bring rows together.

        Parameters
        ----------
        order : (k,) ndarray of intp
            Which rows, those of a group in succession.
        starts : (m,) ndarray of intp
            Where in `order` each group begins.

        Returns
        -------
        Extents
            One row a group, with the id of its first row.
        """
        columns = (plain(c) for c in (self.pixels, self.boxes, self.sums))
        return Extents(self.ids[order[starts]], *_grouped(order, starts, *columns))


def joined_boxes(one: NDArray[np.int32], other: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the smallest boxes around pairs of boxes; all of shape (n, 6)."""
    boxes = np.minimum(one, other)
    boxes[:, 1::2] = np.maximum(one[:, 1::2], other[:, 1::2])
    return boxes


def group_starts(*keys: NDArray[Any]) -> NDArray[np.intp]:
    """Return where a new value begins in arrays that are sorted together.

    Examples
    --------
    >>> group_starts(np.array([1, 1, 2, 5, 5])).tolist()
    [0, 2, 3]
    """
    if not len(keys[0]):
        return np.empty(0, np.intp)
    new = np.zeros(len(keys[0]), bool)
    new[0] = True
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(new)


@njit(nogil=True, cache=True)
def _grouped(
    order: NDArray[Any],
    starts: NDArray[Any],
    pixels: NDArray[Any],
    boxes: NDArray[Any],
    sums: NDArray[Any],
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Add up pixels and sums, and join the boxes, of each group of rows."""
    n = len(starts)
    of_pixels = np.zeros(n, np.int64)
    of_boxes = np.empty((n, 6), np.int32)
    of_sums = np.zeros((n, 3), np.int64)
    for k in range(n):
        end = starts[k + 1] if k + 1 < n else len(order)
        of_boxes[k] = boxes[order[starts[k]]]
        for i in range(starts[k], end):
            row = order[i]
            of_pixels[k] += pixels[row]
            for a in range(3):
                of_sums[k, a] += sums[row, a]
                of_boxes[k, 2 * a] = min(of_boxes[k, 2 * a], boxes[row, 2 * a])
                of_boxes[k, 2 * a + 1] = max(of_boxes[k, 2 * a + 1], boxes[row, 2 * a + 1])
    return of_pixels, of_boxes, of_sums
