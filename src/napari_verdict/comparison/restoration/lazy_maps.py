"""Maps that are computed where they are looked at: nothing is stored but what was seen last."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.model import RAW
from napari_verdict.engine.blocks import Block
from napari_verdict.engine.chunks import Remembered
from napari_verdict.engine.sources import FRAME_AXES
from napari_verdict.metrics.gain import gain_map

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.comparison.restoration.passes import Fitted
    from napari_verdict.comparison.restoration.units import Units

#: Pixels of a map that are computed at once: a plane, or a band of rows of a larger one.
TILE_PIXELS = 1 << 22
#: Bytes of planes that the maps of one result remember together: 16 of 2048 x 2048.
REMEMBERED_BYTES = 1 << 28


@dataclass(frozen=True, eq=False)
class MapPlan:
    """How to compute any part of the maps of a result: sources, fits, and where they hold.

    Parameters
    ----------
    axes, shape : str, tuple of int
        Of the ground truth, and so of every map.
    fitted : mapping
        What computes the maps, by frame and first plane of the unit.
    planes : int
        Planes of a unit.
    remembered : Remembered
        What was computed last.
    """

    axes: str
    shape: tuple[int, ...]
    fitted: Mapping[tuple[tuple[int, ...], int], Fitted]
    planes: int
    remembered: Remembered

    def compute(self, name: str, what: str, block: Block) -> NDArray[np.float32]:
        """Return ``ssim`` or ``difference`` of one candidate in one plane, by the run's kernels."""
        fitted = self.fitted[block.frame, block.z0 - block.z0 % self.planes]
        halo = fitted.around(block)
        pair = fitted.pair(name, halo, *fitted.read_truth(halo))
        return (fitted.ssim if what == "ssim" else fitted.difference)(name, pair)[0]

    def tile(self, name: str, what: str, block: Block) -> NDArray[np.float32]:
        """Return a block of a map, remembered for a while. Not to be written to."""
        if what == "rse":
            magnitude: NDArray[np.float32] = np.abs(self.tile(name, "difference", block))
            return magnitude
        if what == "gain":
            mine = self.tile(name, "difference", block)
            return gain_map(self.tile(RAW, "difference", block), mine)
        key = name, what, block
        return self.remembered.get(key, lambda: self.compute(name, what, block))


@dataclass(frozen=True, eq=False)
class LazyMap:
    """A map as an array that computes what is read of it, with the numbers of a stored one.

    Parameters
    ----------
    plan : MapPlan
        How it is computed.
    candidate, name : str
        Whose map it is, and which.
    """

    plan: MapPlan
    candidate: str
    name: str

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the ground truth."""
        return self.plan.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of pixels."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """float32."""
        return np.dtype(np.float32)

    @property
    def nbytes(self) -> int:
        """What it would take in memory."""
        return self.size * 4

    @property
    def chunks(self) -> tuple[int, ...]:
        """What is computed at a time: a plane, or a band of a large one."""
        sizes = {"y": self._band(), "x": self._size("x")}
        return tuple(sizes.get(a, 1) for a in self.plan.axes)

    def is_remembered(self, key: Any) -> bool:
        """Whether reading this part would compute nothing."""
        what = "ssim" if self.name == "ssim" else "difference"
        names = (self.candidate, RAW) if self.name == "gain" else (self.candidate,)
        return all(
            (name, what, block) in self.plan.remembered
            for block in self._blocks(self._indices(key))
            for name in names
        )

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        """Compute the part named by integers, slices and an ellipsis."""
        indices = self._indices(key)
        lengths = [len(i) for i in indices.values()]
        part = np.empty(lengths, np.float32)
        order = [self.plan.axes.index(a) for a in (*self._frame_axes, *self._space)]
        view = part.transpose(order)  # frames, then z, y, x of those there are
        for block in self._blocks(indices):
            tile = self.plan.tile(self.candidate, self.name, block)[0]
            where: list[Any] = [
                indices[a].index(i) for a, i in zip(self._frame_axes, block.frame, strict=True)
            ]
            if "z" in self.plan.axes:
                where.append(indices["z"].index(block.z0))
            rows = [k for k, y in enumerate(indices["y"]) if block.y0 <= y < block.y1]
            inside = np.asarray(indices["y"])[rows] - block.y0
            target = view[tuple(where)]
            target[rows[0] : rows[-1] + 1] = tile[inside][:, np.asarray(indices["x"], np.intp)]
        found: NDArray[np.float32] = part[self._dropped(key)]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Compute everything."""
        return np.asarray(self[...], dtype=dtype)

    def __len__(self) -> int:
        return self.shape[0]

    def transpose(self, axes: Any) -> _Transposed:
        """Return the map with its axes in another order, as lazy as before."""
        return _Transposed(self, tuple(axes))

    # ---- what a key means

    @property
    def _frame_axes(self) -> list[str]:
        return [a for a in self.plan.axes if a in FRAME_AXES]

    @property
    def _space(self) -> list[str]:
        return [a for a in "zyx" if a in self.plan.axes]

    def _size(self, axis: str) -> int:
        return self.shape[self.plan.axes.index(axis)] if axis in self.plan.axes else 1

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
        for axis, k, size in zip(self.plan.axes, self._keys(key), self.shape, strict=True):
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


@dataclass(frozen=True, eq=False)
class _Transposed:
    """A lazy map with its axes in another order."""

    map: LazyMap
    axes: tuple[int, ...]

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
    def dtype(self) -> np.dtype[np.float32]:
        return self.map.dtype

    def _there(self, key: Any) -> tuple[Any, ...]:
        keys = self.map._keys(key)
        return tuple(keys[self.axes.index(a)] for a in range(self.ndim))

    def is_remembered(self, key: Any) -> bool:
        return self.map.is_remembered(self._there(key))

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        there = self._there(key)
        part = self.map[there]
        left = [a for a in range(self.ndim) if isinstance(there[a], slice)]
        return part.transpose([left.index(a) for a in self.axes if a in left])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[...], dtype=dtype)


def lazy_maps(comparison: Comparison, units: Units) -> dict[str, dict[str, LazyMap]]:
    """Return the maps that the others follow from, by candidate, as `LazyMap`."""
    truth = comparison.ground_truth
    fitted = {key: unit.fitted for key, unit in units.every.items()}
    plan = MapPlan(truth.axes, truth.shape, fitted, units.planes, Remembered(REMEMBERED_BYTES))
    return {
        name: {what: LazyMap(plan, name, what) for what in ("ssim", "difference")}
        for name in comparison.candidates
    }
