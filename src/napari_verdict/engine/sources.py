"""Where pixels come from: numpy, dask and zarr arrays read block by block."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.engine import chunks
from napari_verdict.engine.chunks import ChunkReader, edges_of
from napari_verdict.engine.descriptions import describe, opened

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAME_AXES = "tc"
SPATIAL_AXES = "zyx"


@dataclass(frozen=True, eq=False)
class Source:
    """An array with named axes, read as (z, y, x) blocks of one frame.

    It may be sent to another process: what lies in a file or in a zarr store goes as its
    description, and is opened where it is read.

    Parameters
    ----------
    data : array-like or description
        Anything with `shape`, `dtype` and slicing: numpy, dask, zarr; kept as a description
        where there is one. It is read, never written, and lazy arrays are never read whole.
    axes : str
        One letter for each axis of `data`, in its order, out of ``t`` and
        ``c`` (frames: independent images) and ``z``, ``y``, ``x`` (space).
        ``y`` and ``x`` are always there.
    rows : int
        How many full-width rows of chunks are remembered: as many as a block and its halo
        reach, and one more for threads that are ahead.
    """

    data: Any
    axes: str
    rows: int = 2

    def __post_init__(self) -> None:
        known = set(FRAME_AXES + SPATIAL_AXES)
        if len(self.axes) != len(self.data.shape) or len(set(self.axes)) != len(self.axes):
            raise ValueError(f"axes {self.axes!r} do not name the {len(self.data.shape)} axes once")
        if not set(self.axes) <= known or not {"y", "x"} <= set(self.axes):
            raise ValueError(f"axes {self.axes!r} must include y and x and be out of t, c, z, y, x")
        object.__setattr__(self, "data", describe(self.data))

    def __reduce__(self) -> tuple[Any, ...]:
        return Source, (self.data, self.axes, self.rows)

    def _size(self, axis: str) -> int:
        return int(self.data.shape[self.axes.index(axis)]) if axis in self.axes else 1

    @cached_property
    def frame_axes(self) -> str:
        """The frame axes there are, in the order of the array."""
        return "".join(a for a in self.axes if a in FRAME_AXES)

    @cached_property
    def frames(self) -> tuple[tuple[int, ...], ...]:
        """Every frame index, in order; one empty tuple where there are no frame axes."""
        return tuple(product(*(range(self._size(a)) for a in self.frame_axes)))

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Size of one frame as (z, y, x)."""
        return self._size("z"), self._size("y"), self._size("x")

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the pixels."""
        dtype: np.dtype[Any] = np.dtype(self.data.dtype)
        return dtype

    @property
    def in_memory(self) -> bool:
        """Whether the pixels are there already, so that reading them again costs nothing."""
        return isinstance(self.data, np.ndarray)

    @property
    def grain(self) -> tuple[int, int]:
        """How many planes and rows are decoded at once; (1, 1) where there are no chunks."""
        if self._edges is None:
            return 1, 1
        edges = (self._edges[self.axes.index(a)] if a in self.axes else (0, 1) for a in "zy")
        z, y = (max(1, int(e[1]) - int(e[0])) if len(e) > 1 else 1 for e in edges)
        return z, y

    @cached_property
    def _opened(self) -> Any:
        return opened(self.data)

    @cached_property
    def _edges(self) -> Any:
        return edges_of(self._opened)

    @cached_property
    def _reader(self) -> Any:
        if self._edges is None:
            return self._opened
        sizes = (
            int(e[-1] if a == "x" else e[1]) for a, e in zip(self.axes, self._edges, strict=True)
        )
        row = math.prod(sizes) * self.dtype.itemsize
        limit = min(max(self.rows * row, chunks.LEAST_BYTES), self.rows * chunks.ROW_BYTES)
        return ChunkReader(self._opened, self._edges, limit)

    def read(self, frame: tuple[int, ...], z: slice, y: slice) -> NDArray[Any]:
        """Read the full-width block (z, y, x) of a frame, a view where the array allows.

        Parameters
        ----------
        frame : tuple of int
            One of `frames`.
        z, y : slice
            Ranges within `shape`, step 1, not negative.

        Returns
        -------
        ndarray
            Shape (z, y, x), in the dtype of the array. Not to be written to.
        """
        at = dict(zip(self.frame_axes, frame, strict=True)) | {"z": z, "y": y, "x": slice(None)}
        block = self._reader[tuple(at[a] for a in self.axes)]
        if hasattr(block, "compute"):  # dask whose chunks nobody knows; in this thread
            block = block.compute(scheduler="synchronous")
        block = np.asarray(block)
        left = [a for a in self.axes if a in SPATIAL_AXES]
        if "z" not in left:
            block, left = block[np.newaxis], ["z", *left]
        return block.transpose([left.index(a) for a in SPATIAL_AXES])


def canonical_view(array: NDArray[Any], axes: str) -> NDArray[Any]:
    """View an array with its axes in the order (frames..., z, y, x); z is made where missing.

    The view shares memory, so writing to it writes into `array`.
    """
    frames = [axes.index(a) for a in axes if a in FRAME_AXES]
    space = [axes.index(a) for a in SPATIAL_AXES if a in axes]
    view = array.transpose(frames + space)
    if "z" not in axes:
        view = view[(slice(None),) * len(frames) + (np.newaxis,)]
    return view
