"""Tiles drawn at random: evenly over all that there is, or more often where it matters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.annotation.tiles import Draw, Plan, Tile, TiledImage
from napari_verdict.engine.sources import FRAME_AXES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: What tiles may be spread over, in the order that is usual.
STRATA = ("condition", "image", "t", "c", "z")

#: How much of every chance is equal where the rest follows priorities.
UNIFORM_PART = 0.5


@dataclass(frozen=True, eq=False)
class Grid:
    """All tiles there are, in strata: neighbours in the list are neighbours in the images.

    Images are cut into tiles of nearly equal size that cover them without overlap.

    Parameters
    ----------
    images : tuple of TiledImage
        What is cut.
    size, depth : int
        About the side of a tile along y and x, and along z, in pixels.
    by : tuple of str
        What the list is sorted by first, second ...; out of `STRATA`. What is left of them
        follows, then y and x, interleaved so that stretches of the list are compact areas.
    """

    images: tuple[TiledImage, ...]
    size: int
    depth: int = 1
    by: tuple[str, ...] = STRATA

    def __post_init__(self) -> None:
        if self.size < 1 or self.depth < 1:
            raise ValueError("A tile needs a size of at least one pixel.")
        names = [i.name for i in self.images]
        if not names or len(set(names)) < len(names):
            raise ValueError("Tiles are drawn from one image or more, each with a name of its own.")
        if unknown := set(self.by) - set(STRATA):
            raise ValueError(f"Tiles can be spread over {', '.join(STRATA)}; not {unknown}.")

    def __len__(self) -> int:
        return sum(math.prod(self._counts(image)) for image in self.images)

    @cached_property
    def _cells(self) -> NDArray[np.int64]:
        """Image, t, c, and number of the tile along z, y and x; one row a tile."""
        parts = []
        for k, image in enumerate(self.images):
            cells = np.indices(self._counts(image)).reshape(5, -1).T
            parts.append(np.column_stack([np.full(len(cells), k), cells]))
        cells = np.concatenate(parts)
        conditions = sorted({i.condition for i in self.images})
        of_image = np.array([conditions.index(i.condition) for i in self.images])
        columns = {"condition": of_image[cells[:, 0]], "image": cells[:, 0]}
        columns |= {"t": cells[:, 1], "c": cells[:, 2], "z": cells[:, 3]}
        keys = [columns[s] for s in self.strata] + [_interleaved(cells[:, 4], cells[:, 5])]
        return cells[np.lexsort(keys[::-1])]

    def _counts(self, image: TiledImage) -> tuple[int, ...]:
        """Return how many tiles there are along t, c, z, y and x."""
        return image.size("t"), image.size("c"), *map(len, self._cuts(image))

    def _cuts(self, image: TiledImage) -> list[list[tuple[int, int]]]:
        """Return where the tiles begin and end along z, y and x."""
        cuts = []
        for length, size in zip(image.volume, (self.depth, self.size, self.size), strict=True):
            n = max(1, round(length / size))
            ends = [k * length // n for k in range(n + 1)]
            cuts.append(list(pairwise(ends)))
        return cuts

    @property
    def strata(self) -> tuple[str, ...]:
        """What tiles are spread over, of what there is more than one of."""
        there = {"condition": len({i.condition for i in self.images}), "image": len(self.images)}
        there |= {a: max(i.size(a) for i in self.images) for a in "tcz"}
        order = [*self.by, *(s for s in STRATA if s not in self.by)]
        return tuple(s for s in order if there[s] > 1)

    @property
    def image_numbers(self) -> NDArray[np.int64]:
        """Which of the images each tile is in."""
        return self._cells[:, 0]

    def by_image(self) -> list[tuple[int, Tile]]:
        """Return the number of every tile and the tile, those of an image together."""
        order = np.argsort(self.image_numbers, kind="stable").tolist()
        return [(k, self.tile(k)) for k in order]

    @cached_property
    def _all_cuts(self) -> list[list[list[tuple[int, int]]]]:
        return [self._cuts(image) for image in self.images]

    def tile(self, k: int, draw: Draw = Draw.RANDOM, share: float = math.nan) -> Tile:
        """Return the k-th tile."""
        i, t, c, *zyx = self._cells[k].tolist()
        image, at = self.images[i], {"t": t, "c": c}
        frame = tuple(at[a] for a in image.axes if a in FRAME_AXES)
        (z0, z1), (y0, y1), (x0, x1) = (
            cuts[j] for cuts, j in zip(self._all_cuts[i], zyx, strict=True)
        )
        return Tile(image.name, frame, (z0, z1, y0, y1, x0, x1), draw, share)


def draw_tiles(
    grid: Grid,
    n: int,
    *,
    margin: tuple[int, int, int],
    seed: int,
    priorities: Sequence[float] | NDArray[np.float64] | None = None,
    priority: str = "priority",
    uniform_part: float = UNIFORM_PART,
) -> Plan:
    """Draw tiles at random, so that any number of the first of them is a sample by itself.

    By default evenly: from a random start on, one in each half of the list, then one in each
    quarter, each eighth ... of it, and so over its strata. Every tile is as likely as any other
    to be the k-th, for every k, so the first k are in an estimate with equal weights, whichever
    k one stops at.

    With priorities, one after another among those that are left, with chances in proportion to
    ``uniform_part / N + (1 - uniform_part) * priority / sum of priorities``: above 0 for every
    tile. Estimates have to be weighted for that.

    Parameters
    ----------
    grid : Grid
        All N tiles.
    n : int
        How many to draw, at least 1; all where there are fewer.
    margin : (int, int, int)
        See `Plan`.
    seed : int
        The same seed draws the same tiles.
    priorities : (N,) array-like of float, optional
        How much each tile is wanted, at least 0, in the order of the grid; see
        `napari_verdict.annotation.priorities`.
    priority : str
        What the priorities are, in a word.
    uniform_part : float
        In (0, 1].

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        If no tile is asked for, or the priorities or the uniform part are out of range.
    """
    weights: tuple[float, ...] = ()
    if priorities is None:
        priority, uniform_part = "", 1.0
    else:
        weights = _chances(np.asarray(priorities, np.float64), len(grid), uniform_part)
    plan = Plan(
        grid.images,
        grid.size,
        grid.depth,
        margin,
        seed,
        grid.strata,
        len(grid),
        priority,
        uniform_part,
        weights,
    )
    return draw_more(plan, n)


def draw_more(plan: Plan, n: int) -> Plan:
    """Draw the next n tiles that are not drawn yet; all that are left where there are fewer.

    Having been chosen by hand keeps no tile from being drawn, or those that look bad would be in no
    score. What was chosen is then skipped, and what became of it holds for the tile that was drawn.

    Raises
    ------
    ValueError
        If no tile is asked for.
    """
    if n < 1:
        raise ValueError(f"Draw one tile or more, not {n}.")
    grid = Grid(plan.images, plan.size, plan.depth, plan.by)
    chances = np.array(plan.weights) if plan.weights else np.full(len(grid), 1 / len(grid))
    rng = np.random.default_rng(plan.seed)
    order = _by_chance(chances, rng) if plan.weights else _systematic(len(grid), rng)
    draw = Draw.IMPORTANCE if plan.weights else Draw.RANDOM
    known = {t.place for t in plan.drawn}
    first = order[: len(known) + n].tolist()  # no more than those known are passed over
    tiles = (grid.tile(k, draw, float(chances[k])) for k in first)
    new = islice((t for t in tiles if t.place not in known), n)
    return plan.with_more(tuple(new))


def _chances(priorities: NDArray[np.float64], size: int, uniform_part: float) -> tuple[float, ...]:
    if priorities.shape != (size,) or not (
        np.isfinite(priorities).all() and (priorities >= 0).all()
    ):
        raise ValueError(f"Priorities must be one number of at least 0 for each of {size} tiles.")
    if not 0 < uniform_part <= 1:
        raise ValueError(
            f"The part of each chance that is equal is {uniform_part:g}; it must be above 0 and at "
            "most 1, since a tile that cannot be drawn biases every estimate."
        )
    total = priorities.sum()
    follows = priorities / total if total > 0 else np.full(size, 1 / size)
    return tuple((uniform_part / size + (1 - uniform_part) * follows).tolist())


def _systematic(size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return all of range(size), evenly spread at every stage.

    From a random start on, the first two places are one in each half, the first four one in each
    quarter, and so on, at random within it: places at equal distances would be a sample out of
    very few, and their intervals as often far too wide as too narrow. Beyond as many
    as there are without two in one place, places that were taken are passed over. Adding
    one to the start moves the whole order by one, so every place is equally likely to come k-th.
    """
    bits = (size - 1).bit_length()
    turn = np.arange(1 << bits)
    spread = np.zeros_like(turn)
    for level in range(bits):
        # which half of its stretch a turn comes to first is drawn for each stretch
        stretch = spread >> (bits - level)
        half = ((turn >> level) & 1) ^ rng.integers(0, 2, 1 << level)[stretch]
        spread |= half << (bits - 1 - level)
    start = int(rng.integers(size << bits))
    places = ((start + spread * size) % (size << bits)) >> bits
    _, first = np.unique(places, return_index=True)
    order: NDArray[np.int64] = places[np.sort(first)]
    return order


def _by_chance(chances: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return all places, drawn one by one among those left by their chances.

    Waiting times with these rates come in that order.
    """
    order: NDArray[np.int64] = np.argsort(rng.exponential(size=len(chances)) / chances)
    return order


def _interleaved(y: NDArray[np.int64], x: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return places along a curve that keeps to compact areas: the bits of y and x in turn."""
    code = np.zeros_like(y)
    for bit in range(24):
        code |= ((x >> bit) & 1) << (2 * bit) | ((y >> bit) & 1) << (2 * bit + 1)
    return code
