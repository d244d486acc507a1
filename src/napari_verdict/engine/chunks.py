"""Parts of arrays that lie in chunks: none is decoded again while it is still in use."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from numpy.typing import NDArray

    Key = tuple[int | slice, ...]

#: Bytes of decoded chunks that may always be remembered, and how many at most for each
#: full-width row of chunks that is wanted.
LEAST_BYTES, ROW_BYTES = 1 << 23, 7 << 23


class Remembered:
    """Arrays by key, the ones used last, up to some bytes; shared by threads.

    An array that two threads ask for at the same time is made once.

    Parameters
    ----------
    limit : int
        Bytes. What is larger than that by itself is made, and not remembered.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._bytes = 0

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            entry = self._entries.get(key)
            return entry is not None and entry.array is not None

    def get(self, key: Hashable, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """Return the array of a key, made if it is not remembered. Not to be written to."""
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
        with entry.lock:
            if entry.array is None:
                made = make()
                with self._lock:
                    entry.array = made
                    if self._entries.get(key) is entry:
                        self._bytes += made.nbytes
                    self._forget()
            return entry.array

    def _forget(self) -> None:
        if self._bytes <= self.limit:
            return
        for key in list(self._entries):
            if self._bytes <= self.limit:
                return
            array = self._entries[key].array
            if array is not None:
                self._bytes -= array.nbytes
                del self._entries[key]


class _Entry:
    __slots__ = ("array", "lock")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.array: NDArray[Any] | None = None


class ChunkReader:
    """Reads parts of an array chunk by chunk, and remembers the chunks it has decoded.

    Parameters
    ----------
    data : array-like
        dask, zarr, or anything whose `chunks` are the size of a chunk along each axis.
    edges : tuple of ndarray
        Along each axis where chunks begin, and the end of the last one.
    limit : int, optional
        Bytes of chunks to remember.
    """

    def __init__(
        self, data: Any, edges: tuple[NDArray[np.int64], ...], limit: int = LEAST_BYTES
    ) -> None:
        self._data, self._edges = data, edges
        self.chunks = Remembered(limit)

    def __getitem__(self, key: Key) -> NDArray[Any]:
        """Read the part named by integers and slices of step 1, one for each axis."""
        spans = [
            (k, k + 1) if isinstance(k, int) else k.indices(int(e[-1]))[:2]
            for k, e in zip(key, self._edges, strict=True)
        ]
        shape = tuple(max(0, b - a) for a, b in spans)
        squeeze = tuple(0 if isinstance(k, int) else slice(None) for k in key)
        ranges = [
            range(*np.searchsorted(e, (a + 1, b), side="left") - (1, 0))
            for e, (a, b) in zip(self._edges, spans, strict=True)
        ]
        if 0 in shape:
            return np.empty(shape, self._data.dtype)[squeeze]
        if math.prod(map(len, ranges)) == 1:
            index = tuple(r[0] for r in ranges)
            return self._chunk(index)[self._within(index, spans)][squeeze]
        part = np.empty(shape, self._data.dtype)
        for index in product(*ranges):
            begin = [int(e[i]) for e, i in zip(self._edges, index, strict=True)]
            end = [int(e[i + 1]) for e, i in zip(self._edges, index, strict=True)]
            to = tuple(
                slice(max(b, s) - s, min(e, t) - s)
                for b, e, (s, t) in zip(begin, end, spans, strict=True)
            )
            part[to] = self._chunk(index)[self._within(index, spans)]
        return part[squeeze]

    def _within(self, index: tuple[int, ...], spans: list[tuple[int, int]]) -> tuple[slice, ...]:
        return tuple(
            slice(max(int(e[i]), s) - int(e[i]), min(int(e[i + 1]), t) - int(e[i]))
            for e, i, (s, t) in zip(self._edges, index, spans, strict=True)
        )

    def _chunk(self, index: tuple[int, ...]) -> NDArray[Any]:
        return self.chunks.get(index, lambda: self._decode(index))

    def _decode(self, index: tuple[int, ...]) -> NDArray[Any]:
        if hasattr(self._data, "compute"):  # dask: in this thread, ours are the threads
            chunk = self._data.blocks[index].compute(scheduler="synchronous")
        else:
            at = (slice(int(e[i]), int(e[i + 1])) for e, i in zip(self._edges, index, strict=True))
            chunk = self._data[tuple(at)]
        decoded = np.asarray(chunk).view()
        decoded.flags.writeable = False
        return decoded


def edges_of(data: Any) -> tuple[NDArray[np.int64], ...] | None:
    """Return where the chunks of an array begin along each axis; None where it has none.

    Arrays in memory have none, nor have those whose chunks dask does not know yet.
    """
    chunks = getattr(data, "chunks", None)
    shape = tuple(data.shape)
    if isinstance(data, np.ndarray) or not isinstance(chunks, tuple) or len(chunks) != len(shape):
        return None
    edges = []
    for size, chunk in zip(shape, chunks, strict=True):
        if isinstance(chunk, tuple):  # dask
            if any(math.isnan(n) for n in chunk):
                return None
            edges.append(np.cumsum((0, *chunk), dtype=np.int64))
        else:
            edges.append(np.array([*range(0, int(size), max(1, int(chunk))), size], np.int64))
    return tuple(edges)
