"""Tiles to label: which they are, how they were drawn, and what became of each."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from napari_verdict.annotation.edits import bounds_of
from napari_verdict.comparison.words import counted, sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

#: z0, z1, y0, y1, x0, x1 in pixels; ends exclusive.
Box = tuple[int, int, int, int, int, int]
#: Image, frame and box of a tile.
Place = tuple[str, tuple[int, ...], Box]

#: What is said of a tile finished without an object, and why one by hand is skipped once drawn.
REALLY_EMPTY, DRAWN_TOO = "really empty", "drawn as well"


class Draw(StrEnum):
    """How a tile was chosen."""

    RANDOM = "random"
    IMPORTANCE = "importance"
    HAND = "by hand"


class State(StrEnum):
    """What became of a tile."""

    OPEN = "open"
    FINISHED = "finished"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class TiledImage:
    """One image of those that tiles are drawn from.

    Parameters
    ----------
    name : str
        What its tiles and rows call it; unique among the images of a plan.
    axes : str
        One letter an axis, out of ``tczyx``.
    shape : tuple of int
        Size along each axis.
    condition : str
        What it was taken of, such as a treatment; tiles are spread over conditions.
    """

    name: str
    axes: str
    shape: tuple[int, ...]
    condition: str = ""

    def __post_init__(self) -> None:
        if len(self.axes) != len(self.shape) or not {"y", "x"} <= set(self.axes):
            raise ValueError(f"axes {self.axes!r} do not name the axes of {self.shape}")

    @property
    def volume(self) -> tuple[int, int, int]:
        """Size of one frame as (z, y, x)."""
        z, y, x = (self.size(a) for a in "zyx")
        return z, y, x

    def size(self, axis: str) -> int:
        """Size along an axis; 1 where there is no such axis."""
        return self.shape[self.axes.index(axis)] if axis in self.axes else 1


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of one frame that is labelled completely.

    Parameters
    ----------
    image : str
        Name of the image it is in.
    frame : tuple of int
        Index along the frame axes of the image (t and c, in its order).
    box : tuple of int
        z0, z1, y0, y1, x0, x1 in pixels, ends exclusive.
    draw : Draw
        How it was chosen.
    share : float
        Its chance at the first draw, among all tiles there are; NaN for one chosen by hand.
    state : State
        What became of it.
    reason : str
        Why it was skipped; of a finished one `REALLY_EMPTY`, if a person said so.
    """

    image: str
    frame: tuple[int, ...]
    box: Box
    draw: Draw = Draw.RANDOM
    share: float = math.nan
    state: State = State.OPEN
    reason: str = ""

    @property
    def place(self) -> Place:
        """What no two tiles share, unless one is chosen by hand and drawn later."""
        return self.image, self.frame, self.box


@dataclass(frozen=True)
class Plan:
    """Tiles in the order in which they are to be labelled, and all that their drawing rests on.

    Any number of the first tiles drawn is a sample by itself, so one may stop anywhere; see
    `napari_verdict.annotation.sampling`. Every change gives a new plan.

    Parameters
    ----------
    images : tuple of TiledImage
        What is drawn from.
    size : int
        Side of a tile along y and x, about: images are cut into tiles of nearly equal size.
    depth : int
        Planes of a tile; 1 labels single planes, and objects are those of planes.
    margin : (int, int, int)
        How many pixels around a tile, along z, y and x, are looked at as well, so that the
        objects that touch the tile are whole; 0 along z for tiles of one plane.
    seed : int
        Of the drawing.
    by : tuple of str
        What tiles are spread over first, second ...: out of ``condition``, ``image``, ``t``,
        ``c`` and ``z``, those of which there is more than one.
    population : int
        Number of tiles there are to draw from.
    priority : str
        What unequal chances follow, such as ``density``; empty where all are equal.
    uniform_part : float
        How much of each chance is equal, in (0, 1]; the rest follows the priorities.
    weights : tuple of float
        Chance of each tile of the population at the first draw; empty where all are equal.
    tiles : tuple of Tile
        Drawn tiles in their order; tiles chosen by hand stand between them where they were added.
    """

    images: tuple[TiledImage, ...]
    size: int
    depth: int
    margin: tuple[int, int, int]
    seed: int
    by: tuple[str, ...]
    population: int
    priority: str = ""
    uniform_part: float = 1.0
    weights: tuple[float, ...] = ()
    tiles: tuple[Tile, ...] = ()

    def image(self, name: str) -> TiledImage:
        """Return an image by its name.

        Raises
        ------
        KeyError
            If there is none.
        """
        if name not in self._by_name:
            raise KeyError(f"no image {name!r} among those that tiles were drawn from")
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, TiledImage]:
        return {i.name: i for i in self.images}

    def window(self, tile: Tile) -> Box:
        """Return the box of a tile and its margin, as far as the image goes."""
        ends = []
        volume = self.image(tile.image).volume
        for axis, (size, margin) in enumerate(zip(volume, self.margin, strict=True)):
            first, last = tile.box[2 * axis : 2 * axis + 2]
            ends += [max(0, first - margin), min(size, last + margin)]
        z0, z1, y0, y1, x0, x1 = ends
        return z0, z1, y0, y1, x0, x1

    def finished_at(
        self, image: str, frame: tuple[int, ...], box: Box, *, margin: bool
    ) -> tuple[int, ...]:
        """Return the finished tiles that a part of a frame meets, with or without their margin."""
        (z0, z1, y0, y1, x0, x1), (z, y, x) = box, self.margin if margin else (0, 0, 0)
        return tuple(
            k
            for k, t in enumerate(self.tiles)
            if t.state is State.FINISHED
            and (t.frame, t.image) == (frame, image)
            and t.box[0] - z < z1
            and t.box[1] + z > z0
            and t.box[2] - y < y1
            and t.box[3] + y > y0
            and t.box[4] - x < x1
            and t.box[5] + x > x0
        )

    def finished_empty(self, image: str, axes: str, labels: NDArray[Any]) -> tuple[Place, ...]:
        """Return the places of the finished tiles of an image in which nothing is labelled.

        Parameters
        ----------
        image : str
            Which of the images.
        axes : str
            Of the labels, out of ``tczyx``.
        labels : ndarray of int
            The ground truth of the image.
        """
        mine = (t for t in self.tiles if t.state is State.FINISHED and t.image == image)
        return tuple(t.place for t in mine if not labels[bounds_of(axes, t.frame, t.box)].any())

    @property
    def drawn(self) -> tuple[Tile, ...]:
        """Tiles that were drawn, in order, whatever became of them."""
        return tuple(t for t in self.tiles if t.draw is not Draw.HAND)

    def next_open(self, after: int = -1) -> int | None:
        """Return the first open tile after one, else the first of all; None where none is open."""
        open_ = [k for k, t in enumerate(self.tiles) if t.state is State.OPEN]
        later = [k for k in open_ if k > after]
        return next(iter(later or open_), None)

    def finish(self, k: int, empty: bool = False) -> Plan:
        """Return the plan with a tile finished: all is labelled, or it was said to be `empty`."""
        return self._with(k, State.FINISHED, REALLY_EMPTY if empty else "")

    def reopen(self, k: int) -> Plan:
        """Return the plan with a finished or skipped tile open again."""
        return self._with(k, State.OPEN, "")

    def skip(self, k: int, reason: str) -> Plan:
        """Return the plan with a tile skipped.

        Raises
        ------
        ValueError
            Without a reason.
        """
        if not reason.strip():
            raise ValueError(
                "A tile is skipped without a reason. What is left out changes what the score is "
                "of, so say why, such as: out of focus."
            )
        return self._with(k, State.SKIPPED, reason.strip())

    def skip_open(self, reasons: Mapping[str, str]) -> Plan:
        """Return the plan with the open tiles of some images skipped.

        Parameters
        ----------
        reasons : mapping of str to str
            Why, by the name of the image.
        """
        tiles = (
            replace(t, state=State.SKIPPED, reason=reasons[t.image])
            if t.image in reasons and t.state is State.OPEN
            else t
            for t in self.tiles
        )
        return replace(self, tiles=tuple(tiles))

    def with_more(self, tiles: tuple[Tile, ...]) -> Plan:
        """Return the plan with further tiles drawn, if they are not in it as such.

        One chosen by hand is skipped from then on, and what became of it holds for the one drawn.
        """
        known = {t.place for t in self.drawn}
        chosen = {t.place: k for k, t in enumerate(self.tiles) if t.draw is Draw.HAND}
        every = [*self.tiles]
        for tile in (t for t in tiles if t.place not in known):
            k, new = chosen.get(tile.place), tile
            if k is not None and every[k].reason != DRAWN_TOO:
                new = replace(tile, state=every[k].state, reason=every[k].reason)
                every[k] = replace(every[k], state=State.SKIPPED, reason=DRAWN_TOO)
            every.append(new)
        return replace(self, tiles=tuple(every))

    def by_hand(self, image: str, frame: tuple[int, ...], box: Box) -> Plan:
        """Return the plan with a tile added that a person chose; it is in no estimate.

        Raises
        ------
        ValueError
            If the box is not within the image, or the tile is there already.
        KeyError
            If there is no such image.
        """
        tile = Tile(image, tuple(frame), box, Draw.HAND)
        ends = zip(box[::2], box[1::2], self.image(image).volume, strict=True)
        if not all(0 <= a < b <= n for a, b, n in ends):
            raise ValueError(f"The tile {box} does not lie within the image {image}.")
        if tile.place in {t.place for t in self.tiles}:
            raise ValueError("This tile is in the list already.")
        return replace(self, tiles=(*self.tiles, tile))

    def _with(self, k: int, state: State, reason: str) -> Plan:
        tile = replace(self.tiles[k], state=state, reason=reason)
        return replace(self, tiles=(*self.tiles[:k], tile, *self.tiles[k + 1 :]))

    @property
    def sentence(self) -> str:
        """Such as "4 of 12 tiles finished, 1 skipped; drawn at random out of 64, seed 7"."""
        states = [t.state for t in self.tiles]
        done, skipped = states.count(State.FINISHED), states.count(State.SKIPPED)
        text = f"{done} of {counted(len(self.tiles), 'tile')} finished"
        text += f", {skipped} skipped" if skipped else ""
        hand = len(self.tiles) - len(self.drawn)
        if self.drawn:
            how = f"by {self.priority}" if self.priority else "at random"
            text += f"; drawn {how} out of {self.population:,}, seed {self.seed}"
        if hand:
            text += f"; {hand} chosen by hand, which no estimate takes in"
        return sentence(text)

    def rows(self) -> list[dict[str, Any]]:
        """Return tiles as flat rows of plain values, in order, for a table.

        ``inclusion`` is the probability that a tile is among those drawn so far; null for
        unequal chances, where it has no closed form (``share`` is what weights rest on), and
        for tiles chosen by hand.
        """
        n = len(self.drawn)
        rows = []
        for order, tile in enumerate(self.tiles, start=1):
            box = dict(zip(("z0", "z1", "y0", "y1", "x0", "x1"), tile.box, strict=True))
            equal = tile.draw is Draw.RANDOM
            rows.append(
                {"order": order, "image": tile.image, "frame": list(tile.frame)}
                | box
                | {
                    "drawn": str(tile.draw),
                    "share": None if math.isnan(tile.share) else tile.share,
                    "inclusion": n / self.population if equal else None,
                    "state": str(tile.state),
                    "reason": tile.reason or None,
                }
            )
        return rows
