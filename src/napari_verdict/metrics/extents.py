"""Size, bounding box and centroid of labelled objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

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
    boxes : (n, 6) ndarray of int64
        z0, z1, y0, y1, x0, x1 in pixels; ends exclusive.
    sums : (n, 3) ndarray of int64
        Sums of the z, y and x coordinates of the pixels.
    """

    ids: NDArray[Any]
    pixels: NDArray[np.int64]
    boxes: NDArray[np.int64]
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

    def grouped(self, starts: NDArray[np.intp]) -> Extents:
        """Merge the rows from each start to the next into one; ids of the first are kept."""
        if not len(starts):
            return Extents(self.ids[:0], self.pixels[:0], self.boxes[:0], self.sums[:0])
        boxes = np.empty((len(starts), 6), np.int64)
        boxes[:, 0::2] = np.minimum.reduceat(self.boxes[:, 0::2], starts)
        boxes[:, 1::2] = np.maximum.reduceat(self.boxes[:, 1::2], starts)
        return Extents(
            self.ids[starts],
            np.add.reduceat(self.pixels, starts),
            boxes,
            np.add.reduceat(self.sums, starts),
        )

    def take(self, rows: NDArray[Any]) -> Extents:
        """Select rows by index or mask."""
        return Extents(self.ids[rows], self.pixels[rows], self.boxes[rows], self.sums[rows])


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
