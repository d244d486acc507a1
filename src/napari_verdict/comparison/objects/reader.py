"""Label images read block by block as integers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.engine.sources import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.engine.blocks import Block

    Reader = Callable[[Block], NDArray[Any]]


def label_reader(source: Source, frame_axes: str) -> Reader:
    """Return a function that reads a block as (z, y, x) labels.

    Parameters
    ----------
    source : Source
        Labels; float-valued ones are read as int64, bool stays bool.
    frame_axes : str
        The frame axes in the order in which blocks name their frame.
    """

    def read(block: Block) -> NDArray[Any]:
        at = dict(zip(frame_axes, block.frame, strict=True))
        pixels = source.read(tuple(at[a] for a in source.frame_axes), block.z, block.y)
        if pixels.dtype.kind == "f":
            with np.errstate(invalid="ignore"):
                return pixels.astype(np.int64)
        return pixels

    return read


def readers(comparison: Comparison) -> tuple[Reader, dict[str, Reader], Reader | None]:
    """Return the readers of the ground truth, of the candidates by name and of the ignore mask."""
    truth = comparison.ground_truth.source
    ignore = None
    if comparison.ignore is not None:
        mask = label_reader(Source(comparison.ignore, truth.axes), truth.frame_axes)

        def ignore(block: Block) -> NDArray[np.bool_]:
            return mask(block).astype(bool, copy=False)

    candidates = {
        name: label_reader(c.source, truth.frame_axes) for name, c in comparison.candidates.items()
    }
    return label_reader(truth, truth.frame_axes), candidates, ignore
