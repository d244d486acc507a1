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

    from napari_verdict.engine.cancel import CancelToken

_HASH_BYTES, _SLAB_BYTES = 1 << 26, 1 << 29


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
    for piece in pieces(data):
        if token is not None:
            token.check()
        piece = piece.compute(scheduler="synchronous") if hasattr(piece, "compute") else piece
        digest.update(np.ascontiguousarray(piece, dtype=little).data)
    return digest.hexdigest()


def pieces(data: Any) -> Iterator[Any]:
    """Cut an array along its leading axes into pieces of at most about `_HASH_BYTES`.

    Where it lies in chunks a piece is a slab of them, so that none is decoded twice, as long as
    a slab is at most `_SLAB_BYTES`.
    """
    data = opened(describe(data))
    shape = tuple(int(n) for n in data.shape)
    if 0 in shape:
        return
    edges = edges_of(data) or [(0, 1)] * len(shape)
    depths = [int(e[1]) for e in edges]
    for key in _cuts(shape, np.dtype(data.dtype).itemsize, depths):
        yield data[key]


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
