"""From images and predictions to tiles: how much margin objects need, and what is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.annotation.sampling import STRATA, Grid, draw_tiles
from napari_verdict.annotation.tiles import Plan
from napari_verdict.comparison.result import Progress
from napari_verdict.engine.blocks import Block

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.annotation.tiles import TiledImage
    from napari_verdict.comparison.model import Input
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.metrics.extents import Extents

#: Planes, or frames of volumes, from which the size of predicted objects is read.
LOOKED_AT = 5


@dataclass(frozen=True, eq=False)
class Wanted:
    """What tiles are wanted of one image.

    Parameters
    ----------
    image : TiledImage
        What is labelled.
    predictions : tuple of Input
        Labels of the same shape and axes, or none.
    size, depth : int
        Side and planes of a tile in pixels.
    number : int
        How many; 0 draws none, for tiles that are chosen by hand.
    seed : int
        Of the drawing.
    by : tuple of str
        See `Grid`.
    """

    image: TiledImage
    predictions: tuple[Input, ...]
    size: int
    depth: int
    number: int
    seed: int
    by: tuple[str, ...] = STRATA


def planning(wanted: Wanted, token: CancelToken) -> Generator[Progress, None, Plan]:
    """Read how large objects are and draw tiles; a generator of `Progress` that returns the plan.

    Parameters
    ----------
    wanted : Wanted
        What is asked for.
    token : CancelToken
        Checked after every plane that is read.

    Raises
    ------
    Cancelled
        If the token was set.
    """
    margin = yield from _margin(wanted, token)
    grid = Grid((wanted.image,), wanted.size, wanted.depth, wanted.by)
    if wanted.number:
        return draw_tiles(grid, wanted.number, margin=margin, seed=wanted.seed)
    return Plan(
        grid.images, grid.size, grid.depth, margin, wanted.seed, grid.by, population=len(grid)
    )


def _margin(wanted: Wanted, token: CancelToken) -> Generator[Progress, None, tuple[int, int, int]]:
    """Return the largest margin that the objects of any prediction need."""
    from napari_verdict.annotation.counting import margin_for

    blocks = _sampled(wanted)
    total, done = len(blocks) * len(wanted.predictions), 0
    margins = [margin_for(_nothing(), wanted.depth)]
    for prediction in wanted.predictions:
        for block in blocks:
            yield Progress(done, total, "looking at predicted objects")
            token.check()
            margins.append(margin_for(_objects(prediction, block), wanted.depth))
            done += 1
    z, y, x = np.max(margins, axis=0).tolist()
    return z, y, x


def _sampled(wanted: Wanted) -> list[Block]:
    """Return planes, or whole frames for tiles of several planes, spread over the image."""
    image = wanted.image
    frame_axes = [a for a in image.axes if a in "tc"]
    frames = list(np.ndindex(*(image.size(a) for a in frame_axes)))
    depth, height, _ = image.volume
    slabs = [(0, depth)] if wanted.depth > 1 else [(z, z + 1) for z in range(depth)]
    blocks = [Block(f, z0, z1, 0, height) for f in frames for z0, z1 in slabs]
    chosen = np.unique(np.linspace(0, len(blocks) - 1, LOOKED_AT).round().astype(int))
    return [blocks[k] for k in chosen]


def _objects(prediction: Input, block: Block) -> Extents:
    from napari_verdict.comparison.objects.reader import label_reader
    from napari_verdict.metrics.overlap import tabulate

    source = prediction.source
    labels: Any = label_reader(source, source.frame_axes)(block)
    return tabulate(labels, labels).gt_objects


def _nothing() -> Extents:
    from napari_verdict.metrics.overlap import tabulate

    empty = np.zeros((1, 1, 1), np.uint8)
    return tabulate(empty, empty).gt_objects
