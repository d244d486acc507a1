"""Arrays derived from inputs without copying them: cropped, or changed pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.engine.chunks import edges_of
from napari_verdict.engine.descriptions import describe, opened

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class DerivedArray:
    """A window on an array, changed by a function whenever a part of it is read.

    Parameters
    ----------
    data : array-like
        What is read, only where it is asked for.
    start : tuple of int
        First pixel of the window along each axis.
    shape : tuple of int
        Size of the window.
    dtype : numpy.dtype
        Dtype of what is read.
    function : callable, optional
        Called with every part that is read; pixel by pixel, so that parts do not matter.
    """

    data: Any
    start: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    function: Callable[[NDArray[Any]], NDArray[Any]] | None = None

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def chunks(self) -> tuple[tuple[int, ...], ...] | None:
        """Sizes, along each axis, of the parts in which the array is decoded; None without."""
        edges = edges_of(opened(self.data))
        if edges is None:
            return None
        windows = zip(edges, self.start, self.shape, strict=True)
        cut = (np.unique(np.clip(e - start, 0, n)) for e, start, n in windows)
        return tuple(tuple(np.diff(e).tolist()) for e in cut)

    def __getitem__(self, key: int | slice | tuple[int | slice, ...]) -> NDArray[Any]:
        """Read a part named by integers and slices of step 1."""
        keys = key if isinstance(key, tuple) else (key,)
        keys += (slice(None),) * (self.ndim - len(keys))
        data = opened(self.data)
        part = data[tuple(map(_moved, keys, self.start, self.shape))]
        if hasattr(part, "compute"):
            part = part.compute(scheduler="synchronous")
        part = np.asarray(part)
        return part if self.function is None else self.function(part)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read everything."""
        return np.array(self[()], dtype=dtype, copy=copy)


@dataclass(frozen=True, eq=False)
class TakenArray:
    """One index along one axis of an array, read where it is asked for.

    Parameters
    ----------
    data : array-like
        What is read.
    axis, index : int
        Which axis is left out, and where along it.
    shape : tuple of int
        Of what is left.
    dtype : numpy.dtype
        That of the array.
    """

    data: Any
    axis: int
    index: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __getitem__(self, key: int | slice | tuple[int | slice, ...]) -> NDArray[Any]:
        """Read a part named by integers and slices of step 1."""
        keys = key if isinstance(key, tuple) else (key,)
        keys += (slice(None),) * (self.ndim - len(keys))
        keys = (*keys[: self.axis], self.index, *keys[self.axis :])
        return np.asarray(opened(self.data)[keys])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read everything."""
        return np.array(self[()], dtype=dtype, copy=copy)


def taken(data: Any, axis: int, index: int) -> Any:
    """Return one index along one axis: a view for numpy and dask, read when asked for otherwise."""
    if isinstance(data, np.ndarray) or hasattr(data, "compute"):
        return data[(slice(None),) * axis + (index,)]
    shape = tuple(int(n) for n in data.shape)
    left = shape[:axis] + shape[axis + 1 :]
    return TakenArray(describe(data), axis, index, left, np.dtype(data.dtype))


def _moved(key: int | slice, start: int, size: int) -> int | slice:
    if isinstance(key, slice):
        first, last, step = key.indices(size)
        if step != 1:
            raise IndexError(f"slices of step 1 only, not {step}")
        return slice(start + first, start + max(first, last))
    if not -size <= key < size:
        raise IndexError(f"index {key} is out of the {size} there are")
    return start + key % size


def crop(data: Any, start: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """Return a window on an array: a view for numpy and dask, read when asked for otherwise."""
    if isinstance(data, np.ndarray) or hasattr(data, "compute"):
        return data[tuple(slice(s, s + n) for s, n in zip(start, shape, strict=True))]
    return DerivedArray(describe(data), start, shape, np.dtype(data.dtype))


def read_part(data: Any, start: tuple[int, ...], shape: tuple[int, ...]) -> NDArray[Any]:
    """Read a window on an array, in this thread; a view of what is in memory."""
    part = crop(data, start, shape)
    return np.asarray(part.compute(scheduler="synchronous") if hasattr(part, "compute") else part)


def changed(
    data: Any, function: Callable[[NDArray[Any]], NDArray[Any]], dtype: np.dtype[Any]
) -> DerivedArray:
    """Return the array as it is after a pixel-by-pixel function, computed where it is read."""
    shape = tuple(int(n) for n in data.shape)
    return DerivedArray(describe(data), (0,) * len(shape), shape, dtype, function)
