"""Label images read block by block as integers; readers go to other processes as descriptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.engine.sources import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.comparison.regions import Region
    from napari_verdict.engine.blocks import Block

    Reader = Callable[[Block], NDArray[Any]]


@dataclass(frozen=True)
class LabelReader:
    """Reads a block as (z, y, x) labels.

    Parameters
    ----------
    source : Source
        Labels; float-valued ones are read as int64, bool stays bool.
    frame_axes : str
        The frame axes in the order in which blocks name their frame.
    """

    source: Source
    frame_axes: str

    def __call__(self, block: Block) -> NDArray[Any]:
        """Read one block."""
        at = dict(zip(self.frame_axes, block.frame, strict=True))
        pixels = self.source.read(tuple(at[a] for a in self.source.frame_axes), block.z, block.y)
        if pixels.dtype.kind == "f":
            with np.errstate(invalid="ignore"):
                return pixels.astype(np.int64)
        return pixels


@dataclass(frozen=True)
class IgnoreReader:
    """Reads where pixels are ignored, as (z, y, x) bool."""

    mask: LabelReader

    def __call__(self, block: Block) -> NDArray[np.bool_]:
        """Read one block."""
        return self.mask(block).astype(bool, copy=False)


@dataclass(frozen=True)
class Counted:
    """Reads where pixels are not ignored: what is left out of the table of ignored pixels."""

    ignored: Reader

    def __call__(self, block: Block) -> NDArray[np.bool_]:
        """Read one block."""
        counted: NDArray[np.bool_] = ~self.ignored(block)
        return counted


@dataclass(frozen=True)
class Beyond:
    """Reads what is left out of a region: all that lies beyond it, or is ignored.

    Parameters
    ----------
    region : Region
        In pixels of the ground truth.
    truth : Source
        The ground truth; its pixels are not read.
    ignored : callable, optional
        Reads the ignore mask.
    """

    region: Region
    truth: Source
    ignored: Reader | None

    def __call__(self, block: Block) -> NDArray[np.bool_]:
        """Read one block."""
        beyond: NDArray[np.bool_] = ~self.region.read(self.truth, block.frame, block.z, block.y)
        return beyond if self.ignored is None else beyond | self.ignored(block)


def readers(comparison: Comparison) -> tuple[Reader, dict[str, Reader], Reader | None]:
    """Return the readers of the ground truth, of the candidates by name and of the ignore mask."""
    truth = comparison.ground_truth.source
    ignore = None
    if comparison.ignore is not None:
        mask = Source(comparison.ignore, truth.axes)
        ignore = IgnoreReader(LabelReader(mask, truth.frame_axes))
    candidates: dict[str, Reader] = {
        name: LabelReader(c.source, truth.frame_axes) for name, c in comparison.candidates.items()
    }
    return LabelReader(truth, truth.frame_axes), candidates, ignore
