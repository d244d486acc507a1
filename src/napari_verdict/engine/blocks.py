"""How work is cut: full-width bands of rows, or slabs of whole planes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    def z(self) -> slice:
        """The planes."""
        return slice(self.z0, self.z1)

    @property
    def y(self) -> slice:
        """The rows."""
        return slice(self.y0, self.y1)


def blocks_of(
    frame: tuple[int, ...], shape: tuple[int, int, int], pixels: int = BLOCK_PIXELS
) -> Iterator[Block]:
    """Cut one frame into blocks of about `pixels` pixels, in reading order.

    Parameters
    ----------
    frame : tuple of int
        Index of the frame, passed through.
    shape : (int, int, int)
        Size of the frame as (z, y, x).
    pixels : int
        Wanted size of a block; a block has at least one row.
    """
    depth, height, width = shape
    rows = max(1, pixels // max(1, width))
    if rows >= height:
        planes = max(1, rows // max(1, height))
        for z in range(0, depth, planes):
            yield Block(frame, z, min(z + planes, depth), 0, height)
        return
    for z in range(depth):
        for y in range(0, height, rows):
            yield Block(frame, z, z + 1, y, min(y + rows, height))
