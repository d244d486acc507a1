"""What makes a tile worth labelling: many objects, predictions that differ, or low confidence.

Tiles drawn by these find errors sooner. Scores have to be weighted for that, which
`napari_verdict.annotation.scoring` does; see `napari_verdict.annotation.sampling`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.annotation.counting import count_window, part_of
from napari_verdict.annotation.tiles import Plan
from napari_verdict.comparison.model import Settings
from napari_verdict.comparison.objects.reader import LabelReader
from napari_verdict.comparison.result import Progress
from napari_verdict.engine.cancel import CancelToken
from napari_verdict.engine.sources import FRAME_AXES

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_verdict.annotation.sampling import Grid
    from napari_verdict.annotation.tiles import Tile, TiledImage
    from napari_verdict.comparison.model import Input
    from napari_verdict.comparison.objects.reader import Reader
    from napari_verdict.engine.blocks import Block

DENSITY, DISAGREEMENT, LOW_CONFIDENCE = "density", "disagreement", "low confidence"

#: How many inputs of an image each priority takes: predictions, or a map of probabilities.
INPUTS = {DENSITY: 1, DISAGREEMENT: 2, LOW_CONFIDENCE: 1}


def priorities(
    grid: Grid,
    priority: str,
    inputs: Mapping[str, Sequence[Input]] | Callable[[str], Sequence[Input]],
    *,
    margin: tuple[int, int, int] = (0, 0, 0),
    settings: Settings | None = None,
    token: CancelToken | None = None,
) -> Generator[Progress, None, NDArray[np.float64]]:
    """Tell how much each tile of a grid is wanted.

    Parameters
    ----------
    grid : Grid
        Of N tiles.
    priority : str
        ``density``: predicted objects that touch the tile. ``disagreement``: objects of two
        predictions without a partner in the other. ``low confidence``: the sum of 1 - abs(2p - 1)
        over the tile, for a probability p of foreground.
    inputs : mapping of str to sequence of Input, or callable
        By the name of the image, as many as `INPUTS` says; what is called is called once for
        each image, one after another.
    margin : (int, int, int)
        That of the tiles, so that objects are compared whole.
    settings : Settings, optional
        When objects of two predictions are partners; by default at an IoU of 0.5.
    token : CancelToken, optional
        Stops the work.

    Yields
    ------
    Progress
        After every 32 tiles.

    Returns
    -------
    (N,) ndarray of float64
        At least 0, as `draw_tiles` takes them.

    Raises
    ------
    ValueError
        If there is no such priority, an image lacks inputs, or probabilities are not in [0, 1].
    """
    if priority not in INPUTS:
        raise ValueError(f"Tiles can be drawn by {', '.join(INPUTS)}; not by {priority!r}.")
    plan = Plan(grid.images, grid.size, grid.depth, margin, 0, grid.by, len(grid))
    read = inputs if callable(inputs) else lambda name: inputs.get(name, ())
    token = token or CancelToken()
    wanted = np.zeros(len(grid))
    done = 0
    for name, group in groupby(grid.by_image(), key=lambda at: at[1].image):
        image = plan.image(name)
        weigher = _Weigher(plan, priority, settings or Settings(), image, read(name))
        for k, tile in group:
            token.check()
            wanted[k] = weigher.weigh(tile)
            done += 1
            if done % 32 == 0 or done == len(grid):
                yield Progress(done, len(grid), "looking at tiles")
    return wanted


class _Weigher:
    """Tells how much tiles of one image are wanted."""

    def __init__(
        self,
        plan: Plan,
        priority: str,
        settings: Settings,
        image: TiledImage,
        inputs: Sequence[Input],
    ) -> None:
        if len(inputs) < INPUTS[priority]:
            raise ValueError(
                f"Drawing by {priority} takes {INPUTS[priority]} for each image, but {image.name} "
                f"has {len(inputs)}. Add what is missing, or draw tiles at random."
            )
        self.plan, self.settings, self.shape = plan, settings, image.volume
        frame_axes = "".join(a for a in image.axes if a in FRAME_AXES)
        reader = _Values if priority == LOW_CONFIDENCE else LabelReader
        used = inputs[: INPUTS[priority]]
        self.readers: list[Reader] = [reader(i.source, frame_axes) for i in used]
        self.names = [i.name for i in used]
        self.weigh = {
            DENSITY: self._density,
            DISAGREEMENT: self._disagreement,
            LOW_CONFIDENCE: self._low_confidence,
        }[priority]

    def _density(self, tile: Tile) -> float:
        ids = np.unique(part_of(self.readers[0], tile.frame, tile.box))
        return float(np.count_nonzero(ids))

    def _disagreement(self, tile: Tile) -> float:
        window = self.plan.window(tile)
        one, other = (part_of(read, tile.frame, window) for read in self.readers)
        counts = count_window(one, other, window, tile.box, self.shape, self.settings).instances
        return float(counts.fp + counts.fn)

    def _low_confidence(self, tile: Tile) -> float:
        p = part_of(self.readers[0], tile.frame, tile.box).astype(np.float64)
        p = p[np.isfinite(p)]
        if p.size and not 0 <= p.min() <= p.max() <= 1:
            raise ValueError(
                f"{self.names[0]} has values from {p.min():g} to {p.max():g}; probabilities are "
                "between 0 and 1. Choose the map of probabilities, or scale it to that."
            )
        return float((1 - np.abs(2 * p - 1)).sum())


@dataclass(frozen=True, eq=False)
class _Values:
    """Reads a block of pixels as they are, of the frame that the block names."""

    source: Any
    frame_axes: str

    def __call__(self, block: Block) -> NDArray[Any]:
        at = dict(zip(self.frame_axes, block.frame, strict=True))
        frame = tuple(at[a] for a in self.source.frame_axes)
        pixels: NDArray[Any] = self.source.read(frame, block.z, block.y)
        return pixels
