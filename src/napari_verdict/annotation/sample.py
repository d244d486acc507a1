"""Finished tiles as a sample: how they stand for everything that they were drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.annotation.same import Same
from napari_verdict.annotation.sampling import Grid
from napari_verdict.annotation.tiles import Draw, State
from napari_verdict.metrics.estimates import Ratio, lure_estimate, lure_weights, ratio_estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_verdict.annotation.tiles import Plan, Tile, TiledImage


def used_tiles(plan: Plan) -> tuple[int, ...]:
    """Return which tiles scores rest on: finished and drawn, or if there are none those by hand."""
    finished = [k for k, t in enumerate(plan.tiles) if t.state is State.FINISHED]
    drawn = [k for k in finished if plan.tiles[k].draw is not Draw.HAND]
    return tuple(drawn or finished)


def of_condition(plan: Plan, condition: str) -> tuple[Plan, tuple[int, ...]]:
    """Return the part of a plan that is of the images of one condition.

    Tiles that were drawn are a sample of each condition as well: in the order in which they came
    they were drawn from its tiles, with chances in proportion to theirs.

    Parameters
    ----------
    plan : Plan
        Of all conditions.
    condition : str
        One of those of its images.

    Returns
    -------
    (Plan, tuple of int)
        The part, and the numbers that its tiles have in the whole.
    """
    stratum = _stratum(
        Same(plan.images), Same(plan.weights), plan.size, plan.depth, plan.by, condition
    )
    total = stratum.total
    mine = tuple(k for k, t in enumerate(plan.tiles) if t.image in stratum.names)
    part = replace(
        plan,
        images=stratum.images,
        population=stratum.population,
        weights=stratum.weights,
        tiles=tuple(replace(plan.tiles[k], share=plan.tiles[k].share / total) for k in mine),
    )
    return part, mine


def remember_conditions(plan: Plan) -> None:
    """Find, in a worker, what of all tiles there are belongs to each condition.

    Where chances follow priorities the grid has to be built for it, which takes its time.
    """
    conditions = {i.condition for i in plan.images}
    if len(conditions) > 1:
        for condition in conditions:
            of_condition(plan, condition)


@dataclass(frozen=True, eq=False)
class _Stratum:
    """What belongs to one condition, of all there is to draw from."""

    images: tuple[TiledImage, ...]
    names: frozenset[str]
    population: int
    total: float
    weights: tuple[float, ...] = ()


@lru_cache(maxsize=64)
def _stratum(
    images: Same, weights: Same, size: int, depth: int, by: tuple[str, ...], condition: str
) -> _Stratum:
    inside = [i.condition == condition for i in images.it]
    of = tuple(i for i, is_in in zip(images.it, inside, strict=True) if is_in)
    names = frozenset(i.name for i in of)
    grid = Grid(images.it, size, depth, by)
    if not weights.it:
        population = len(Grid(of, size, depth, by))
        return _Stratum(of, names, population, population / len(grid))
    chances = np.array(weights.it)[np.array(inside)[grid.image_numbers]]
    total = float(chances.sum())
    return _Stratum(of, names, len(chances), total, tuple((chances / total).tolist()))


@dataclass(frozen=True)
class Sample:
    """Finished tiles of a plan, and how they stand for the rest.

    What follows from the plan is found once, for all scores of all candidates.

    Parameters
    ----------
    plan : Plan
        How they were drawn.
    tiles : tuple of int
        Their numbers in ``plan.tiles``, in the order in which they were drawn.
    unit : str
        ``tile`` or ``image``.
    """

    plan: Plan
    tiles: tuple[int, ...]
    unit: str = "tile"

    @property
    def images(self) -> tuple[str, ...]:
        """Names of the images that they are of, each once."""
        return tuple(dict.fromkeys(t.image for t in self._used))

    @cached_property
    def by_hand(self) -> bool:
        """Whether a person chose them, so that they stand for nothing but themselves."""
        return any(t.draw is Draw.HAND for t in self._used)

    def ratio(
        self,
        s: Sequence[float] | NDArray[np.float64],
        k: Sequence[float] | NDArray[np.float64],
        why_undefined: str,
    ) -> Ratio:
        """Estimate Σs / Σk over everything from one s and one k of each tile."""
        plan = self.plan
        if self.unit == "image":
            weights = None if not plan.weights or self.by_hand else self._weights()
            images = [t.image for t in self._used]
            return ratio_estimate(s, k, why_undefined, weights=weights, groups=images)
        if plan.weights and not self.by_hand:
            found = lure_estimate(
                s, k, why_undefined, self._share, plan.population, skipped=self._skipped
            )
            unseen = 1 - len(self.tiles) / self.left_to_label
            return found if found.left else replace(found, left=unseen)
        # what was left open is still part of what the score is of
        size = None if self.by_hand else self.left_to_label
        return ratio_estimate(s, k, why_undefined, population=size)

    @property
    def left_to_label(self) -> int:
        """How many tiles there are without those that were skipped."""
        skipped = sum(t.state is State.SKIPPED for t in self.plan.drawn)
        return self.plan.population - skipped

    @cached_property
    def convention(self) -> str:
        """What of it a score depends on, as ``key=value`` pairs."""
        gone = [t.state for t in self._passed_over] if not self.by_hand else []
        skipped = gone.count(State.SKIPPED)
        left_open = len(gone) - skipped
        return "; ".join(
            (
                f"sampling={self._sampling}",
                *([f"skipped={skipped}"] if skipped else []),
                *([f"left open={left_open}"] if left_open else []),
                f"unit={self.unit}",
                f"margin={'x'.join(map(str, self.plan.margin))} px",
            )
        )

    @property
    def _sampling(self) -> str:
        plan = self.plan
        if self.by_hand:
            return "tiles chosen by hand, not an unbiased estimate"
        n = f"{len(self.tiles)} of {plan.population} tiles"
        if plan.weights:
            part = f"{plan.uniform_part:.0%}".replace("%", " %")
            return f"{n}, drawn by {plan.priority} with {part} equal chances, weighted by LURE"
        return f"{n}, evenly at random over {', '.join((*plan.by, 'area'))}"

    @cached_property
    def _used(self) -> tuple[Tile, ...]:
        return tuple(self.plan.tiles[k] for k in self.tiles)

    @cached_property
    def _share(self) -> NDArray[np.float64]:
        return np.array([t.share for t in self._used])

    @cached_property
    def _passed_over(self) -> list[Tile]:
        """Return tiles that were skipped, or are open while others drawn after them are used."""
        used = set(self.tiles)
        last = max(used, default=-1)
        return [
            t
            for k, t in enumerate(self.plan.tiles)
            if k not in used and t.draw is not Draw.HAND and (k < last or t.state is State.SKIPPED)
        ]

    @cached_property
    def _skipped(self) -> tuple[int, float]:
        gone = self._passed_over
        return len(gone), math.fsum(t.share for t in gone)

    def _weights(self) -> NDArray[np.float64]:
        return lure_weights(self._share, self.plan.population, skipped=self._skipped)
