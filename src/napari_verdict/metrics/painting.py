"""Label images repainted by a code for each object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray


def paint(labels: NDArray[Any], ids: NDArray[Any], codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Replace every id by its code.

    Parameters
    ----------
    labels : (z, y, x) ndarray of int or bool
        Any integer dtype.
    ids : (n,) ndarray of int64 or uint64
        Ids, ascending.
    codes : (n,) ndarray of uint8
        The code of each.

    Returns
    -------
    (z, y, x) ndarray of uint8
        0 where the id is 0 or not among `ids`.
    """
    wide = np.int64 if labels.dtype.kind == "i" else np.uint64
    bits = ids.astype(wide).view(np.uint64)
    order = np.argsort(bits)
    # one width for the kernel's sake: a block is small, and sign and value are kept
    block = np.require(labels.astype(wide, copy=False), requirements=["C", "W"]).view(np.uint64)
    return _paint(block, bits[order], codes[order])  # type: ignore[no-any-return]


@njit(nogil=True, cache=True)
def _paint(labels: NDArray[Any], ids: NDArray[Any], codes: NDArray[Any]) -> NDArray[Any]:
    painted = np.zeros(labels.shape, np.uint8)
    depth, height, width = labels.shape
    for z in range(depth):
        for y in range(height):
            x = 0
            while x < width:
                start, label = x, labels[z, y, x]
                x += 1
                while x < width and labels[z, y, x] == label:
                    x += 1
                if label == 0:
                    continue
                i = np.searchsorted(ids, label)
                if i < len(ids) and ids[i] == label:
                    painted[z, y, start:x] = codes[i]
    return painted
