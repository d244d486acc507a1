"""From images and their predictions to a plan: how much margin objects need, what is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.annotation.plan_text import to_json
from napari_verdict.annotation.sampling import STRATA, Grid, draw_tiles
from napari_verdict.annotation.tiles import Plan
from napari_verdict.comparison.result import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from napari_verdict.annotation.tiles import TiledImage
    from napari_verdict.comparison.model import Input
    from napari_verdict.engine.cancel import CancelToken

#: In how many images predicted objects are looked at for the margin.
LOOKED_AT = 8


@dataclass(frozen=True, eq=False)
class Wanted:
    """What tiles are wanted, of one image or several.

    Parameters
    ----------
    images : tuple of TiledImage
        What is labelled.
    predictions : callable
        Takes the name of an image and reads its predictions: labels of the same shape and axes,
        or none.
    size, depth : int
        Side and planes of a tile in pixels.
    number : int
        How many; 0 draws none, for tiles that are chosen by hand.
    seed : int
        Of the drawing.
    priority : str
        What chances follow (see `priorities`); empty where all are equal.
    confidence : Input, optional
        Probabilities, for ``low confidence`` of one image.
    by : tuple of str
        See `Grid`.
    """

    images: tuple[TiledImage, ...]
    predictions: Callable[[str], tuple[Input, ...]]
    size: int
    depth: int
    number: int
    seed: int
    priority: str = ""
    confidence: Input | None = None
    by: tuple[str, ...] = STRATA


def planning(wanted: Wanted, token: CancelToken) -> Generator[Progress, None, Plan]:
    """Look at predicted objects and draw tiles; a generator of `Progress` that returns the plan.

    Parameters
    ----------
    wanted : Wanted
        What is asked for.
    token : CancelToken
        Checked after every prediction and tile.

    Raises
    ------
    ValueError
        If chances are to follow what is not given.
    Cancelled
        If the token was set.
    """
    margin = yield from _margin(wanted, token)
    grid = Grid(wanted.images, wanted.size, wanted.depth, wanted.by)
    if not wanted.number:
        return Plan(
            grid.images,
            grid.size,
            grid.depth,
            margin,
            wanted.seed,
            grid.strata,
            population=len(grid),
        )
    chances = None
    if wanted.priority:
        from napari_verdict.annotation.priorities import LOW_CONFIDENCE, priorities

        read, confidence = wanted.predictions, wanted.confidence
        if wanted.priority == LOW_CONFIDENCE and confidence is not None:
            read = lambda _: (confidence,)  # noqa: E731
        chances = yield from priorities(grid, wanted.priority, read, margin=margin, token=token)
    plan = draw_tiles(
        grid,
        wanted.number,
        margin=margin,
        seed=wanted.seed,
        priorities=chances,
        priority=wanted.priority or "priority",
    )
    to_json(plan)  # remembers how chances are written, which nobody waits for here
    return plan


def spread(images: tuple[TiledImage, ...]) -> tuple[TiledImage, ...]:
    """Return the images that objects are looked at in: a few, evenly out of all."""
    n = min(LOOKED_AT, len(images))
    return tuple(images[k * len(images) // n] for k in range(n))


def _margin(wanted: Wanted, token: CancelToken) -> Generator[Progress, None, tuple[int, int, int]]:
    """Return the largest margin that the objects of any prediction need."""
    from napari_verdict.annotation.counting import LEAST_MARGIN, proposed_margin

    margins = [(0, LEAST_MARGIN, LEAST_MARGIN)]
    looked_at = spread(wanted.images)
    for done, image in enumerate(looked_at):
        yield Progress(done, len(looked_at), "looking at predicted objects")
        for prediction in wanted.predictions(image.name):
            token.check()
            margins.append(proposed_margin(prediction, wanted.depth))
    z, y, x = np.max(margins, axis=0).tolist()
    return z, y, x
