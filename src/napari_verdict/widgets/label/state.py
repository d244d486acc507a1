"""What is labelled in a viewer: the tiles, the one in hand, and the layers they are labelled on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from psygnal import EventedModel

from napari_verdict.annotation.edits import bounds_of
from napari_verdict.comparison.model import Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_verdict.annotation.edits import Bounds
    from napari_verdict.annotation.tiles import Box, Tile

#: napari's tools that draw, the first of which is taken up at the start.
DRAWING = ("paint", "polygon", "fill", "erase")


@dataclass(frozen=True, eq=False)
class Bench:
    """The layers that are worked with; they are chosen once and stay.

    Parameters
    ----------
    raw : napari Image layer
        What is labelled.
    axes : str
        One letter an axis of the labels, out of ``tczyx``; the last two are y and x.
    truth : napari Labels layer
        What is painted on.
    predictions : tuple of napari Labels layers
        What is scored; may be empty.
    confidence : napari Image layer, optional
        What tiles were drawn by, which is hidden with the predictions.
    task : Task
        Instances or foreground, as the predictions spoke for when they were chosen.
    image : str
        What the tiles call the image.
    second : str
        Who gives a second opinion on these layers; empty where the first labels.
    """

    raw: Any
    axes: str
    truth: Any
    predictions: tuple[Any, ...] = ()
    confidence: Any = None
    task: Task = Task.INSTANCES
    image: str = ""
    second: str = ""

    @property
    def frame_axes(self) -> str:
        """Those of the axes along which images are independent."""
        return "".join(a for a in self.axes if a in "tc")

    def bounds(self, frame: tuple[int, ...], box: Box) -> Bounds:
        """Return the part of the labels that a box of a frame is: one slice an axis."""
        return bounds_of(self.axes, frame, box)

    def place(self, low: tuple[int, ...], high: tuple[int, ...]) -> tuple[tuple[int, ...], Box]:
        """Return the frame and the box of a part of one frame; undoes `bounds`."""
        return next(self.places(low, high))

    def places(
        self, low: tuple[int, ...], high: tuple[int, ...]
    ) -> Iterator[tuple[tuple[int, ...], Box]]:
        """Yield each frame, and the box, of a part of the labels."""
        ends = {a: (lo, hi) for a, lo, hi in zip(self.axes, low, high, strict=True)}
        z, y, x = (ends.get(a, (0, 1)) for a in "zyx")
        for frame in product(*(range(*ends[a]) for a in self.frame_axes)):
            yield frame, (*z, *y, *x)


class Labelling(EventedModel):
    """Where the labelling of one viewer stands.

    Parameters
    ----------
    bench : Bench, optional
        The layers; None while nothing is labelled.
    plan : Plan, optional
        The tiles and what became of each.
    current : int
        The one in hand, by its number in ``plan.tiles``; -1 where there is none.
    correcting : bool
        Whether predictions are seen while labelling, so that the score flatters them.
    annotator : str
        Who labels.
    accepted_from : str
        The prediction that an object is taken over from.
    tool : str
        napari's name of the tool that is taken up again after every action.
    message : str
        What the person is told now.
    estimates : mapping of str to Estimated
        What finished tiles say, by prediction.
    """

    bench: Any = None
    plan: Any = None
    current: int = -1
    correcting: bool = False
    annotator: str = ""
    accepted_from: str = ""
    tool: str = DRAWING[0]
    message: str = ""
    estimates: Any = None

    @property
    def tile(self) -> Tile | None:
        """The tile in hand."""
        known = self.plan is not None and 0 <= self.current < len(self.plan.tiles)
        return self.plan.tiles[self.current] if known else None

    @property
    def window(self) -> Bounds | None:
        """The part of the labels that the tile in hand and its margin are."""
        tile = self.tile
        return None if tile is None else self.bench.bounds(tile.frame, self.plan.window(tile))

    @property
    def inner(self) -> Bounds | None:
        """The part of the labels that the tile in hand is."""
        tile = self.tile
        return None if tile is None else self.bench.bounds(tile.frame, tile.box)
