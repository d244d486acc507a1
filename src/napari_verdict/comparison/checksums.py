"""Checksums of arrays that may be larger than memory, read in pieces."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.engine.chunks import edges_of
from napari_verdict.engine.descriptions import describe, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_verdict.engine.cancel import CancelToken

_HASH_BYTES, _SLAB_BYTES = 1 << 26, 1 << 29
_SAMPLED = 256


def checksum(data: Any, token: CancelToken | None = None) -> str:
    """Return the SHA-256 of an array's elements, read in pieces.

    Parameters
    ----------
    data : array-like
        numpy, dask or zarr; lazy arrays are never read whole.
    token : CancelToken, optional
        Checked at every piece.

    Returns
    -------
    str
        Hexadecimal; of the elements in C order, least significant byte first, whatever the
        layout of the array in memory.
    """
    digest = hashlib.sha256()
    little = np.dtype(data.dtype).newbyteorder("<")
    for _, piece in pieces(data):
        if token is not None:
            token.check()
        digest.update(np.ascontiguousarray(piece, dtype=little).data)
    return digest.hexdigest()


def sample(data: Any) -> str:
    """Return at once what tells an array from nearly all others, until its checksum is known.

    Parameters
    ----------
    data : array-like
        Of numpy arrays in memory `_SAMPLED` rows are read, evenly spread; nothing is read of
        others, which are known by where they lie.

    Returns
    -------
    str
        Begins with ``sample`` or ``place``, so it is never taken for a checksum.
    """
    where = describe(data)
    if not isinstance(where, np.ndarray):
        name = getattr(where, "name", None)  # dask's tells what it is computed from
        return f"place {name}" if isinstance(name, str) else f"place {where!r}"
    where = np.atleast_2d(where)
    rows = math.prod(where.shape[:-1])
    chosen = np.unique(np.linspace(0, max(rows - 1, 0), min(rows, _SAMPLED)).astype(np.int64))
    picked = where[np.unravel_index(chosen, where.shape[:-1])] if rows else where
    little = np.dtype(where.dtype).newbyteorder("<")
    return f"sample {hashlib.sha256(np.ascontiguousarray(picked, dtype=little).data).hexdigest()}"


def pieces(data: Any) -> Iterator[tuple[tuple[int | slice, ...], NDArray[Any]]]:
    """Cut an array along its leading axes into pieces of at most about `_HASH_BYTES`, and read it.

    Where it lies in chunks a piece is a slab of them, so that none is decoded twice, as long as
    a slab is at most `_SLAB_BYTES`.

    Yields
    ------
    key, piece
        What it is of the array, and its elements, in the order of C.
    """
    data = opened(describe(data))
    shape = tuple(int(n) for n in data.shape)
    if 0 in shape:
        return
    edges = edges_of(data) or [(0, 1)] * len(shape)
    depths = [int(e[1]) for e in edges]
    for key in _cuts(shape, np.dtype(data.dtype).itemsize, depths):
        piece = data[key]
        if hasattr(piece, "compute"):
            piece = piece.compute(scheduler="synchronous")
        yield key, np.asarray(piece)


def _cuts(
    shape: tuple[int, ...], itemsize: int, depths: list[int], before: tuple[int, ...] = ()
) -> Iterator[tuple[int | slice, ...]]:
    k = len(before)
    inner = itemsize * math.prod(shape[k + 1 :])
    if k == len(shape) or inner * shape[k] <= _HASH_BYTES:
        yield before
        return
    slab = depths[k] if inner * depths[k] <= _SLAB_BYTES else 1
    step = max(slab, _HASH_BYTES // inner // slab * slab)
    for i in range(0, shape[k], step):
        if step == 1 and inner > _HASH_BYTES:
            yield from _cuts(shape, itemsize, depths, (*before, i))
        else:
            yield (*before, slice(i, i + step))
