"""How work is cut: full-width bands of rows, or slabs of whole planes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Pixels in a block: small enough to cancel within tens of milliseconds and to stay out
#: of memory's way, large enough that Python's part of the work does not show.
BLOCK_PIXELS = 1 << 19


@dataclass(frozen=True, slots=True)
class Block:
    """Planes `z0` to `z1` and rows `y0` to `y1` (ends exclusive) of one frame, full width.

    Rows are never cut, so whatever is summed row by row has the same bits
    whatever the size of the blocks.
    """

    frame: tuple[int, ...]
    z0: int
    z1: int
    y0: int
    y1: int

    @property
    def shape(self) -> tuple[int, int]:
        """How many planes and rows."""
        return self.z1 - self.z0, self.y1 - self.y0

    @property
    def planes(self) -> tuple[int, int]:
        """The first plane, and the one after the last."""
        return self.z0, self.z1

    @property
    def z(self) -> slice:
        """The planes."""
        return slice(self.z0, self.z1)

    @property
    def y(self) -> slice:
        """The rows."""
        return slice(self.y0, self.y1)


def blocks_of(
    frame: tuple[int, ...],
    shape: tuple[int, int, int],
    pixels: int = BLOCK_PIXELS,
    *,
    grain: tuple[int, int] = (1, 1),
    planes: int | None = None,
) -> Iterator[Block]:
    """Cut one frame into blocks of about `pixels` pixels.

    Parameters
    ----------
    frame : tuple of int
        Index of the frame, passed through.
    shape : (int, int, int)
        Size of the frame as (z, y, x).
    pixels : int
        Wanted size of a block; a block has at least one row.
    grain : (int, int)
        Planes and rows that are decoded at once, by which the frame is cut first, so that
        what has been decoded is used up before the next is.
    planes : int, optional
        The most planes that a block may have.

    Yields
    ------
    Block
        In reading order where the grain is (1, 1), else within one slab of chunks after the
        other; the rows of any one plane always come in their order.
    """
    depth, height, width = shape
    deep, high = grain if max(grain) > 1 else (max(1, depth), max(1, height))
    rows = max(1, pixels // max(1, width))
    for slab in range(0, depth, deep):
        for band in range(0, height, high):
            last, end = min(slab + deep, depth), min(band + high, height)
            if rows < end - band:
                for z in range(slab, last):
                    for y in range(band, end, rows):
                        yield Block(frame, z, z + 1, y, min(y + rows, end))
                continue
            step = min(rows // (end - band), planes or depth)
            for z in range(slab, last, step):
                yield Block(frame, z, min(z + step, last), band, end)


def deep_blocks_of(
    frame: tuple[int, ...], shape: tuple[int, int, int], *, planes: int, rows: int
) -> Iterator[Block]:
    """Cut one frame into bands of many planes, for windows that reach over z as well.

    Parameters
    ----------
    frame : tuple of int
        Index of the frame, passed through.
    shape : (int, int, int)
        Size of the frame as (z, y, x).
    planes, rows : int
        Of a block: the more of either, the less of it is halo.
    """
    depth, height, _ = shape
    for z in range(0, depth, planes):
        for y in range(0, height, rows):
            yield Block(frame, z, min(z + planes, depth), y, min(y + rows, height))


def grain_of(grains: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Return the grain that suits several sources: the coarsest along each axis."""
    z, y = zip((1, 1), *grains, strict=True)
    return max(z), max(y)
