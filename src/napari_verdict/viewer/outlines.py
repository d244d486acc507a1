"""Outlines of masks and boxes, as short lines between pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Pixels of one dash and of one gap.
DASH = 2


def outline(mask: NDArray[np.bool_], dashed: bool = False) -> NDArray[np.float64]:
    """Trace the edges of a mask, plane by plane.

    Parameters
    ----------
    mask : (z, y, x) ndarray of bool
        True inside.
    dashed : bool
        Leave every other stretch out.

    Returns
    -------
    (n, 2, 3) ndarray of float64
        Start and direction of n lines along pixel edges; pixel centres are whole numbers.
    """
    padded = np.pad(mask, ((0, 0), (1, 1), (1, 1)))
    upright = np.argwhere(padded[:, 1:-1, 1:] != padded[:, 1:-1, :-1])
    level = np.argwhere(padded[:, 1:, 1:-1] != padded[:, :-1, 1:-1])
    if dashed:
        upright = upright[(upright[:, 1] // DASH) % 2 == 0]
        level = level[(level[:, 2] // DASH) % 2 == 0]
    return np.concatenate([_lines(upright, 1), _lines(level, 2)])


def box_outline(low: Any, high: Any) -> NDArray[np.float64]:
    """Trace a box: a rectangle in every plane, and in depth the edges between.

    Parameters
    ----------
    low, high : (3,) array-like
        Outer edges along z, y, x.

    Returns
    -------
    (n, 2, 3) ndarray of float64
        As `outline` returns them.
    """
    (z0, y0, x0), (z1, y1, x1) = low, high
    lines = []
    for z in np.arange(z0 + 0.5, z1):
        lines += [((z, y, x0), (0, 0, x1 - x0)) for y in (y0, y1)]
        lines += [((z, y0, x), (0, y1 - y0, 0)) for x in (x0, x1)]
    if z1 - z0 > 1:
        lines += [((z0 + 0.5, y, x), (z1 - z0 - 1, 0, 0)) for y in (y0, y1) for x in (x0, x1)]
    return np.array(lines, np.float64).reshape(-1, 2, 3)


def _lines(edges: NDArray[np.intp], axis: int) -> NDArray[np.float64]:
    """Return lines along an axis for the pixel edges at these places; neighbours are joined."""
    across = 3 - axis
    edges = edges[np.lexsort((edges[:, axis], edges[:, across], edges[:, 0]))]
    step = np.zeros(3, np.intp)
    step[axis] = 1
    first = np.ones(len(edges), bool)
    first[1:] = (np.diff(edges, axis=0) != step).any(axis=1)
    starts = np.flatnonzero(first)
    lines = np.zeros((len(starts), 2, 3))
    lines[:, 0] = edges[starts]
    lines[:, 0, 1:] -= 0.5
    lines[:, 1, axis] = np.diff(np.append(starts, len(edges)))
    return lines
