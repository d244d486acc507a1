"""Masks as the lengths of their runs: exact, and short enough for a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def runs_of(pieces: Iterable[Any], value: int | None = None) -> tuple[int, ...]:
    """Return how long the runs of a mask are, in C order.

    Parameters
    ----------
    pieces : iterable of array-like
        The mask in pieces, in C order.
    value : int, optional
        Inside is what equals it; what is not 0 where it is None.

    Returns
    -------
    tuple of int
        Outside and inside by turns, beginning with outside (which may be 0 long).
    """
    runs = [0]
    for piece in pieces:
        part = piece.compute(scheduler="synchronous") if hasattr(piece, "compute") else piece
        flat = np.asarray(part).ravel()
        if not len(flat):
            continue
        inside = flat != 0 if value is None else flat == value
        ends = np.append(np.flatnonzero(inside[1:] != inside[:-1]) + 1, len(inside))
        lengths = np.diff(ends, prepend=0).tolist()
        if bool(inside[0]) == (len(runs) % 2 == 0):  # goes on with the run before
            runs[-1] += lengths.pop(0)
        runs += lengths
    return tuple(runs)


def mask_of(runs: tuple[int, ...], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the mask that has these runs, see `runs_of`."""
    inside = np.arange(len(runs)) % 2 == 1
    return np.repeat(inside, runs).reshape(shape)
