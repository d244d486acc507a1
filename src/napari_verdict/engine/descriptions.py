"""Where an array lies, said so that any process can open it: a store, a file, a place in it."""

from __future__ import annotations

import math
import mmap
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ZarrArray:
    """A zarr array in a folder.

    Parameters
    ----------
    store : str
        The folder.
    path : str
        The array within it; empty for the store itself.
    shape : tuple of int
        Its shape.
    dtype : numpy.dtype
        Its dtype.
    """

    store: str
    path: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def open(self) -> Any:
        """Return the array, to be read only; opened once in a process."""
        return _open_zarr(self)


@lru_cache(maxsize=64)
def _open_zarr(description: ZarrArray) -> Any:
    import zarr

    return zarr.open_array(description.store, path=description.path, mode="r")


@dataclass(frozen=True)
class MappedFile:
    """An array that lies in a file as it would in memory, such as an uncompressed TIFF or .npy.

    Parameters
    ----------
    file : str
        The file.
    offset : int
        Of the first element, in bytes.
    shape : tuple of int
        Shape of the array.
    dtype : numpy.dtype
        Its dtype.
    order : str
        ``C`` or ``F``.
    """

    file: str
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    order: Literal["C", "F"] = "C"

    def open(self) -> MappedFile:
        """Return itself: the file is opened whenever a part is read."""
        return self

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Read a part into memory. Pages of the file that were touched are let go of again."""
        mapped = np.memmap(self.file, self.dtype, "r", self.offset, self.shape, self.order)
        return np.array(mapped[key])


@dataclass(frozen=True)
class TiffPages:
    """A series of a TIFF, compressed or not: a page is read when a part of it is asked for.

    Parameters
    ----------
    file : str
        The file.
    series : int
        Which of its series.
    shape : tuple of int
        Of the series; the last axes are those of a page.
    dtype : numpy.dtype
        Its dtype.
    page : tuple of int
        Shape of a page.
    """

    file: str
    series: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    page: tuple[int, ...]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def chunks(self) -> tuple[int, ...]:
        """What is decoded at a time: a page."""
        return (1,) * (len(self.shape) - len(self.page)) + self.page

    def open(self) -> TiffPages:
        """Return itself: the file is opened whenever a page is read."""
        return self

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Read a part of one page, or of several, into memory."""
        import tifffile

        keys = key if isinstance(key, tuple) else (key,)
        keys += (slice(None),) * (len(self.shape) - len(keys))
        leading = len(self.shape) - len(self.page)
        numbers = np.arange(math.prod(self.shape[:leading])).reshape(self.shape[:leading])
        wanted = np.asarray(numbers[keys[:leading]])
        with tifffile.TiffFile(self.file) as file:
            pages = file.series[self.series].pages
            parts = [pages[int(n)].asarray().reshape(self.page) for n in wanted.ravel()]
        kept = (slice(None),) * wanted.ndim + keys[leading:]
        return np.array(np.reshape(parts, (*wanted.shape, *self.page))[kept])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read everything."""
        return np.asarray(self[()], dtype=dtype)


Description = ZarrArray | MappedFile | TiffPages


def describe(data: Any) -> Any:
    """Return where an array lies, or the array itself where only it can say.

    Parameters
    ----------
    data : array-like
        A zarr array in a folder and a numpy array mapped from a file become descriptions of
        a few hundred bytes. Arrays in memory, dask arrays and all else stay what they are.
    """
    if isinstance(data, np.ndarray):
        return _mapped(data) or data
    store, path = getattr(data, "store", None), getattr(data, "path", None)
    root = getattr(store, "root", None)
    if isinstance(root, Path) and isinstance(path, str) and hasattr(data, "chunks"):
        return ZarrArray(str(root.absolute()), path, tuple(data.shape), np.dtype(data.dtype))
    return data


def opened(data: Any) -> Any:
    """Return what a description describes, or the array itself."""
    return data.open() if isinstance(data, Description) else data


def _mapped(data: NDArray[Any]) -> MappedFile | None:
    """Describe a gapless part of a file that numpy has mapped; None for all other arrays."""
    root: Any = data
    while isinstance(root.base, np.ndarray):
        root = root.base
    if not isinstance(root, np.memmap) or not isinstance(root.base, mmap.mmap):
        return None
    # writing to a private copy, mode "c", does not reach the file
    if root.filename is None or root.mode == "c" or data.dtype.hasobject or not data.size:
        return None
    c, f = data.flags.c_contiguous, data.flags.f_contiguous
    if not c and not f:
        return None
    start, first = (x.__array_interface__["data"][0] for x in (root, data))
    file = str(Path(root.filename).absolute())
    return MappedFile(file, root.offset + first - start, data.shape, data.dtype, "C" if c else "F")
