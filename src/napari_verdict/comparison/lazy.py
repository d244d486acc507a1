"""Arrays that compute what is read of them, a plane or a band of rows at a time."""

from __future__ import annotations

import math
import operator
from abc import ABC, abstractmethod
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.engine.blocks import Block
from napari_verdict.engine.sources import FRAME_AXES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

#: Pixels that are computed at once: a plane, or a band of rows of a larger one.
TILE_PIXELS = 1 << 22


class LazyArray(ABC):
    """An array with named axes whose blocks are computed when a part of them is read.

    Subclasses say how, in `tile`, and have `axes`, `shape` and `dtype`.
    """

    axes: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @abstractmethod
    def tile(self, block: Block) -> NDArray[Any]:
        """Return one block (1, y, x) of one plane. Not to be written to."""

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of pixels."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """What it would take in memory."""
        return self.size * self.dtype.itemsize

    @property
    def chunks(self) -> tuple[int, ...]:
        """What is computed at a time: a plane, or a band of a large one."""
        sizes = {"y": self._band(), "x": self._size("x")}
        return tuple(sizes.get(a, 1) for a in self.axes)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Compute the part named by integers, slices and an ellipsis."""
        indices = self._indices(key)
        lengths = [len(i) for i in indices.values()]
        part = np.empty(lengths, self.dtype)
        order = [self.axes.index(a) for a in (*self._frame_axes, *self._space)]
        view = part.transpose(order)  # frames, then z, y, x of those there are
        for block in self._blocks(indices):
            tile = self.tile(block)[0]
            where: list[Any] = [
                indices[a].index(i) for a, i in zip(self._frame_axes, block.frame, strict=True)
            ]
            if "z" in self.axes:
                where.append(indices["z"].index(block.z0))
            rows = [k for k, y in enumerate(indices["y"]) if block.y0 <= y < block.y1]
            inside = np.asarray(indices["y"])[rows] - block.y0
            target = view[tuple(where)]
            target[rows[0] : rows[-1] + 1] = tile[inside][:, np.asarray(indices["x"], np.intp)]
        found: NDArray[Any] = part[self._dropped(key)]
        return found

    def blocks(self, key: Any) -> Iterator[Block]:
        """Return the blocks that reading a part needs."""
        return self._blocks(self._indices(key))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Compute everything."""
        return np.asarray(self[...], dtype=dtype)

    def __len__(self) -> int:
        return self.shape[0]

    def transpose(self, axes: Any) -> _Transposed:
        """Return the array with its axes in another order, as lazy as before."""
        return _Transposed(self, tuple(axes))

    # ---- what a key means

    @property
    def _frame_axes(self) -> list[str]:
        return [a for a in self.axes if a in FRAME_AXES]

    @property
    def _space(self) -> list[str]:
        return [a for a in "zyx" if a in self.axes]

    def _size(self, axis: str) -> int:
        return self.shape[self.axes.index(axis)] if axis in self.axes else 1

    def _band(self) -> int:
        return max(1, min(self._size("y"), TILE_PIXELS // max(1, self._size("x"))))

    def _keys(self, key: Any) -> tuple[Any, ...]:
        keys = key if isinstance(key, tuple) else (key,)
        if Ellipsis in keys:
            at = keys.index(Ellipsis)
            filled = (slice(None),) * (self.ndim - len(keys) + 1)
            keys = keys[:at] + filled + keys[at + 1 :]
        return keys + (slice(None),) * (self.ndim - len(keys))

    def _indices(self, key: Any) -> dict[str, range]:
        indices = {}
        for axis, k, size in zip(self.axes, self._keys(key), self.shape, strict=True):
            if isinstance(k, slice):
                indices[axis] = range(size)[k]
            else:
                i = operator.index(k)
                indices[axis] = range(range(size)[i], range(size)[i] + 1)
        return indices

    def _dropped(self, key: Any) -> tuple[Any, ...]:
        return tuple(slice(None) if isinstance(k, slice) else 0 for k in self._keys(key))

    def _blocks(self, indices: dict[str, range]) -> Iterator[Block]:
        height, band = self._size("y"), self._band()
        if not all(map(len, indices.values())):
            return
        bands = sorted({y - y % band for y in indices["y"]})
        for frame in product(*(indices[a] for a in self._frame_axes)):
            for z in indices.get("z", range(1)):
                for y in bands:
                    yield Block(frame, z, z + 1, y, min(y + band, height))


class _Transposed:
    """A lazy array with its axes in another order."""

    def __init__(self, lazy: LazyArray, axes: tuple[int, ...]) -> None:
        self.map, self.axes = lazy, axes

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.map.shape[a] for a in self.axes)

    @property
    def ndim(self) -> int:
        return self.map.ndim

    @property
    def size(self) -> int:
        return self.map.size

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.map.dtype

    def _there(self, key: Any) -> tuple[Any, ...]:
        keys = self.map._keys(key)
        return tuple(keys[self.axes.index(a)] for a in range(self.ndim))

    def __getitem__(self, key: Any) -> NDArray[Any]:
        there = self._there(key)
        part = self.map[there]
        left = [a for a in range(self.ndim) if isinstance(there[a], slice)]
        return part.transpose([left.index(a) for a in self.axes if a in left])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[...], dtype=dtype)
