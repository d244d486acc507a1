"""Result layers whose planes are computed when they are looked at, by somebody else.

napari reads the plane it shows on the main thread. What it reads here answers at once: with
the plane if it is known, else with nothing (NaN, or 0 for labels), and asks for it.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Part = tuple[Any, ...]

#: Bytes of planes that one layer remembers; the newest is remembered whatever its size.
REMEMBERED_BYTES = 1 << 27
#: Parts with more pixels, such as whole volumes for a 3D view, are not computed.
LARGEST_PART = 1 << 27


def is_lazy(data: Any) -> bool:
    """Whether reading an array means computing it or fetching it from somewhere."""
    return not isinstance(data, np.ndarray)


class LazyPlanes:
    """An array for a layer to show, the parts of which come when they are ready.

    Parameters
    ----------
    source : array-like
        Slow to read; never read but by `compute` and by turning it into an array.
    """

    #: A part is missing; the newest one is `wanted`.
    asked = Signal(object)

    def __init__(self, source: Any) -> None:
        self._source = source
        self.shape = tuple(int(n) for n in source.shape)
        self.ndim, self.size = len(self.shape), math.prod(self.shape)
        self.dtype = np.dtype(source.dtype)
        self._parts: OrderedDict[Part, NDArray[Any]] = OrderedDict()
        #: The part that was looked at last and is not there yet.
        self.wanted: Part | None = None

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Return a part if it is known, else nothing in its shape, and ask for it."""
        part = _normalised(key, self.shape)
        if part in self._parts:
            self._parts.move_to_end(part)
            self.wanted = None
            return self._parts[part]
        shape = tuple(len(range(*k)) for k in part if isinstance(k, tuple))
        nothing = self.dtype.type(np.nan if self.dtype.kind == "f" else 0)
        # napari slices with tuples; a bare data[0] is how it looks at the dtype of labels
        if isinstance(key, tuple) and 0 < math.prod(shape) <= LARGEST_PART:
            self.wanted = part
            self.asked.emit(self)
        return np.broadcast_to(nothing, shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Compute everything, as saving the layer needs."""
        return np.asarray(self._source, dtype=dtype)

    def compute(self, part: Part) -> NDArray[Any]:
        """Compute a part. For a worker."""
        key = tuple(slice(*k) if isinstance(k, tuple) else k for k in part)
        return np.asarray(self._source[key])

    def keep(self, part: Part, pixels: NDArray[Any]) -> None:
        """Remember a part that was computed."""
        self._parts[part] = pixels
        while len(self._parts) > 1 and self._bytes() > REMEMBERED_BYTES:
            self._parts.popitem(last=False)
        if self.wanted == part:
            self.wanted = None

    def _bytes(self) -> int:
        return sum(p.nbytes for p in self._parts.values())


def _normalised(key: Any, shape: tuple[int, ...]) -> Part:
    """Return an index as integers and (start, stop, step), which can be compared and hashed."""
    keys = key if isinstance(key, tuple) else (key,)
    if any(k is Ellipsis for k in keys):
        at = next(i for i, k in enumerate(keys) if k is Ellipsis)
        keys = keys[:at] + (slice(None),) * (len(shape) - len(keys) + 1) + keys[at + 1 :]
    keys += (slice(None),) * (len(shape) - len(keys))
    return tuple(
        _span(k, n) if isinstance(k, slice) else range(n)[int(k)]
        for k, n in zip(keys, shape, strict=True)
    )


def _span(key: slice, size: int) -> tuple[int, int, int]:
    start, stop, step = key.indices(size)
    if step < 0:
        raise IndexError("slices of positive step only")
    return start, max(start, stop), step
