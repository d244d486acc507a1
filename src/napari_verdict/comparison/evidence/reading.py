"""The pixels of an inquiry: where they lie, and rows of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from napari_verdict.comparison.model import RAW
from napari_verdict.engine.sources import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from napari_verdict.comparison.evidence.model import Inquiry


@dataclass(frozen=True)
class Pixels:
    """Raw, predictions, captures and ignore mask as descriptions.

    Parameters
    ----------
    sources : mapping of str to Source
        `RAW` and predictions by name.
    captures : tuple of Source
        Further captures of the field of raw.
    ignore : Source, optional
        True where pixels are left out.
    """

    sources: Mapping[str, Source]
    captures: tuple[Source, ...] = ()
    ignore: Source | None = None

    @staticmethod
    def of(inquiry: Inquiry) -> Pixels:
        """Describe the pixels of an inquiry; none is read."""
        named = {RAW: inquiry.ground_truth} | {p.name: p for p in inquiry.predictions}
        ignore = inquiry.ignore
        return Pixels(
            {n: replace(i.source, rows=4) for n, i in named.items()},
            tuple(replace(c.source, rows=4) for c in inquiry.captures),
            None if ignore is None else Source(ignore, inquiry.ground_truth.axes, 4),
        )

    @property
    def raw(self) -> Source:
        """Raw."""
        return self.sources[RAW]

    @property
    def in_memory(self) -> bool:
        """Whether all of them are there already."""
        return all(s.in_memory for s in (*self.sources.values(), *self.captures))

    def read(self, source: Source, frame: tuple[int, ...], z: int, y: slice) -> NDArray[Any]:
        """Read rows (y, x) of a plane of raw's, in the dtype they are stored in."""
        block = source.read(_frame_of(source, self.raw, frame), slice(z, z + 1), y)
        plane: NDArray[Any] = block[0]
        return plane

    def corner(self, side: int = 512) -> NDArray[Any]:
        """Read the first pixels of the middle plane of raw, at most so many along either axis."""
        frames, (depth, *_) = self.raw.frames, self.raw.shape
        rows = self.read(self.raw, frames[len(frames) // 2], depth // 2, slice(0, side))
        return rows[:, :side]

    def ignored(self, frame: tuple[int, ...], z: int, y: slice) -> NDArray[np.bool_] | None:
        """Read rows of the ignore mask; None where there is none."""
        if self.ignore is None:
            return None
        plane: NDArray[np.bool_] = self.ignore.read(frame, slice(z, z + 1), y)[0].astype(bool)
        return plane


def _frame_of(source: Source, raw: Source, frame: tuple[int, ...]) -> tuple[int, ...]:
    """Return a frame of raw in the order of the frame axes of another source."""
    at = dict(zip(raw.frame_axes, frame, strict=True))
    return tuple(at[a] for a in source.frame_axes)
