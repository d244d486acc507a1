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


def repaint(
    painted: NDArray[np.uint8],
    labels: NDArray[Any],
    boxes: NDArray[np.integer[Any]],
    ids: NDArray[Any],
    codes: NDArray[np.uint8],
) -> None:
    """Give some objects other codes, in place; pixels that hold 0 keep it.

    Parameters
    ----------
    painted : (z, y, x) ndarray of uint8
        From `paint`, or a part of that, such as outlines.
    labels : (z, y, x) ndarray of int or bool
        What was painted. Any integer dtype.
    boxes : (n, 6) ndarray of int
        z0, z1, y0, y1, x0, x1 of each object; ends exclusive.
    ids : (n,) ndarray of int64 or uint64
        Which objects.
    codes : (n,) ndarray of uint8
        The new code of each.
    """
    bits, plain = _narrow(labels)
    _repaint(painted, plain, boxes, ids.astype(labels.dtype).view(bits), codes)


def keep_outlines(painted: NDArray[np.uint8], labels: NDArray[Any], top: int, bottom: int) -> None:
    """Set what lies inside objects to 0, so that outlines two pixels wide remain; in place.

    Parameters
    ----------
    painted : (z, y, x) ndarray of uint8
        From `paint`; each plane is outlined on its own.
    labels : (z, top + y + bottom, x) ndarray of int or bool
        What was painted, with up to two rows more on either side, where there are such.
    top, bottom : int
        How many rows more. An object is outlined at the edge of the image too.
    """
    _, plain = _narrow(labels)
    _keep_outlines(painted, plain, top, bottom)


def _narrow(labels: NDArray[Any]) -> tuple[str, NDArray[Any]]:
    """View labels as unsigned integers, so that kernels are compiled for four types."""
    bits = f"u{labels.dtype.itemsize}"
    return bits, np.require(labels, requirements=["C", "W"]).view(bits)


@njit(nogil=True, cache=True)
def _repaint(
    painted: NDArray[Any], labels: NDArray[Any], boxes: NDArray[Any], ids: NDArray[Any], codes: Any
) -> None:
    for i in range(len(ids)):
        z0, z1, y0, y1, x0, x1 = boxes[i]
        label, code = ids[i], codes[i]
        for z in range(z0, z1):
            for y in range(y0, y1):
                row, colours = labels[z, y, x0:x1], painted[z, y, x0:x1]
                for x in range(len(row)):
                    if row[x] == label and colours[x] != 0:
                        colours[x] = code


@njit(nogil=True, cache=True)
def _keep_outlines(painted: NDArray[Any], labels: NDArray[Any], top: int, bottom: int) -> None:
    depth, height, width = painted.shape
    rows = height + top + bottom
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                if painted[z, y, x] == 0:
                    continue
                label, r = labels[z, y + top, x], y + top
                if r < 2 or x < 2 or r >= rows - 2 or x >= width - 2:
                    continue
                inside = (
                    labels[z, r, x - 2] == label
                    and labels[z, r, x + 2] == label
                    and labels[z, r - 2, x] == label
                    and labels[z, r + 2, x] == label
                    and labels[z, r, x - 1] == label
                    and labels[z, r, x + 1] == label
                )
                for dx in range(-1, 2):
                    inside = inside and labels[z, r - 1, x + dx] == label
                    inside = inside and labels[z, r + 1, x + dx] == label
                if inside:
                    painted[z, y, x] = 0
