"""What is found row by row, brought together in reading order whatever the blocks were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.engine.blocks import Block


class Rows:
    """Collects rows of numbers by plane.

    Parameters
    ----------
    planes : range
        Which planes there are.
    """

    def __init__(self, planes: range) -> None:
        self._first = planes.start
        self._planes: list[list[NDArray[np.float64]]] = [[] for _ in planes]

    def add(
        self, block: Block, rows: NDArray[np.float64], kept: NDArray[np.bool_] | None = None
    ) -> None:
        """Take the (z, y, n) rows of a block, or those `kept`; of one plane they come in order."""
        for k in range(*block.planes):
            of_plane = rows[k - block.z0]
            if kept is not None:
                of_plane = of_plane[kept[k - block.z0]]
            self._planes[k - self._first].append(of_plane)

    def planes(self, n: int) -> list[NDArray[np.float64]]:
        """Return the rows of each plane, `n` numbers each, and forget them."""
        planes = [np.concatenate([np.empty((0, n)), *plane]) for plane in self._planes]
        self._planes = [[] for _ in self._planes]
        return planes

    def in_reading_order(self) -> NDArray[np.float64]:
        """Return all rows, and forget them."""
        rows = np.concatenate([part for plane in self._planes for part in plane])
        self._planes = [[] for _ in self._planes]
        return rows

    def by_plane(self) -> NDArray[np.float64]:
        """Return the sum of each plane, and forget its rows."""
        sums = np.array([np.concatenate(plane).sum(axis=0) for plane in self._planes])
        self._planes = [[] for _ in self._planes]
        return sums
