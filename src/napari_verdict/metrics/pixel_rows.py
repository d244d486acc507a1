"""Pixels of any dtype, read by kernels a row at a time, so that no block is converted whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The dtypes that kernels read themselves; others are converted to float64 before.
_CODES = {
    np.dtype(t): code
    for code, t in enumerate(
        (np.float32, np.float64, np.uint8, np.uint16, np.int16, np.uint32, np.int32, np.int8)
    )
}


class PixelRows(NamedTuple):
    """A block (z, y, x) as bytes, so that a kernel is compiled once for all dtypes.

    Parameters
    ----------
    raw : (z, y, x * itemsize) ndarray of uint8
        C-contiguous.
    code : int
        Which dtype the bytes are.
    """

    raw: NDArray[np.uint8]
    code: int


def pixel_rows(pixels: NDArray[Any]) -> PixelRows:
    """View a block as bytes; only what kernels cannot read in place is copied.

    Parameters
    ----------
    pixels : (z, y, x) ndarray of any real dtype
        Big-endian, strided and read-only ones are copied.
    """
    dtype = pixels.dtype if pixels.dtype in _CODES else np.dtype(np.float64)
    plain = np.require(pixels, dtype, ["C", "W"])
    return PixelRows(plain.view(np.uint8), _CODES[dtype])


def plain(out: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return an array that a kernel can write to: this one, or one to be copied into it."""
    return out if out.flags.c_contiguous and out.flags.aligned else np.empty(out.shape, out.dtype)


@njit(nogil=True, cache=True, error_model="numpy")
def load(row: Any, code: int, first: int, out: Any) -> None:
    """Write the pixels of a row from `first` on into `out`, as float64."""
    last = first + out.size
    if code == 0:
        _copy(row.view(np.float32)[first:last], out)
    elif code == 1:
        _copy(row.view(np.float64)[first:last], out)
    elif code == 2:
        _copy(row[first:last], out)
    elif code == 3:
        _copy(row.view(np.uint16)[first:last], out)
    elif code == 4:
        _copy(row.view(np.int16)[first:last], out)
    elif code == 5:
        _copy(row.view(np.uint32)[first:last], out)
    elif code == 6:
        _copy(row.view(np.int32)[first:last], out)
    else:
        _copy(row.view(np.int8)[first:last], out)


@njit(nogil=True, cache=True, error_model="numpy")
def _copy(values: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] = values[j]
