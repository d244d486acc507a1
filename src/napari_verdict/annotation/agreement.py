"""A second opinion: how far two people agree, as a level to hold the model's score against.

Agreement is a reference and no ceiling: a model can be nearer to both people than they are to each
other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.annotation.counting import Counter
from napari_verdict.annotation.edits import bounds_of
from napari_verdict.annotation.sample import Sample
from napari_verdict.annotation.scoring import estimate_from
from napari_verdict.annotation.tiles import Draw, State
from napari_verdict.comparison.words import counted
from napari_verdict.metrics.estimates import Interval, Ratio, combined

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from napari_verdict.annotation.counting import TileCounts
    from napari_verdict.annotation.scoring import Estimated
    from napari_verdict.annotation.tiles import Plan
    from napari_verdict.comparison.model import Comparison, Input, Settings, Task
    from napari_verdict.comparison.scores import Score

#: How many of the finished tiles a second person labels at least, and which part of them.
LEAST_TILES, PART = 3, 0.1
#: Why a second person's plan leaves out tiles that were drawn before the last they are given.
NOT_GIVEN = "not given to the second"


@dataclass(frozen=True, eq=False)
class Both:
    """What a tile holds that two people have finished.

    Parameters
    ----------
    people : TileCounts
        The second person's labels against the first's.
    with_first, with_second : mapping of str to TileCounts
        Each prediction against the labels of each.
    """

    people: TileCounts
    with_first: Mapping[str, TileCounts]
    with_second: Mapping[str, TileCounts]


@dataclass(frozen=True, eq=False)
class Opinions:
    """The same scores between two people, and between the model and each of them.

    Parameters
    ----------
    first, second, model : str
        Names of the first and second person's labels, and of the prediction.
    people : Estimated
        The second person's labels against the first's.
    with_first, with_second : Estimated
        The prediction against the labels of each.
    difference : mapping of str to (Ratio, Interval)
        By metric: mean of the model's two scores, less the score between people, with its
        interval from paired tiles. Above 0 the model agrees with people better than they do with
        each other.
    """

    first: str
    second: str
    model: str
    people: Estimated
    with_first: Estimated
    with_second: Estimated
    difference: Mapping[str, tuple[Ratio, Interval]]

    @property
    def rows(self) -> tuple[Score, ...]:
        """All three sets of scores, each named after the labels it is against."""
        return tuple(
            replace(row, image=against)
            for against, found in (
                (self.first, self.people),
                (self.first, self.with_first),
                (self.second, self.with_second),
            )
            for row in found.rows
        )

    @property
    def sentence(self) -> str:
        """What the agreement says of the model's first score."""
        metric = self.people.first.metric
        name = {"f1": "F1", "iou": "IoU"}[metric]
        ours = [e.first.value for e in (self.with_first, self.with_second)]
        between, tiles = self.people.first, counted(self.people.first.n or 0, "tile")
        delta, interval = self.difference[metric]
        if math.isnan(delta.value.value):
            return f"Agreement is undefined so far: {delta.value.reason} ({tiles})."
        text = (
            f"{self.first} and {self.second} agree with {name} {between.value:.2f} ({tiles}); "
            f"{self.model} agrees with them with {ours[0]:.2f} and {ours[1]:.2f}"
        )
        if math.isnan(interval.low):
            return f"{text}. No interval of the difference: {interval.reason}."
        low, high = interval.low, interval.high
        by = f"by {delta.value.value:+.2f} (95 % {low:+.2f} to {high:+.2f})"
        if low > 0:
            return f"{text}, {by} more than they with each other."
        if high < 0:
            return f"{text}, {by} less than they with each other."
        return f"{text}, {by}: no difference can be told."


def tiles_for_second(plan: Plan) -> tuple[int, ...]:
    """Return which tiles a second person should label: the first in order that are finished.

    These are random if those of the plan are, whatever the first person made of them.

    Returns
    -------
    tuple of int
        Numbers in ``plan.tiles``: one in ten of the finished tiles, at least three where there
        are as many.
    """
    finished = [
        k for k, t in enumerate(plan.tiles) if t.state is State.FINISHED and t.draw is not Draw.HAND
    ]
    return tuple(finished[: max(LEAST_TILES, math.ceil(PART * len(finished)))])


def plan_for_second(plan: Plan) -> Plan:
    """Return the plan of a second person: tiles they are given are open, the others skipped.

    It ends with the last tile they are given and leaves out none drawn before, so that chances
    stay true and drawing goes on where it should.

    Returns
    -------
    Plan
        Without a tile where `tiles_for_second` finds none.
    """
    given = tiles_for_second(plan)
    tiles = plan.tiles[: given[-1] + 1] if given else ()
    theirs = [
        replace(t, state=State.OPEN, reason="")
        if k in given
        else replace(t, state=State.SKIPPED, reason=NOT_GIVEN)
        for k, t in enumerate(tiles)
        if t.draw is not Draw.HAND
    ]
    return replace(plan, tiles=tuple(theirs))


def count_both(
    plan: Plan,
    tiles: Iterable[int],
    comparison: Comparison,
    second: Input,
    ignore: Any | None = None,
) -> dict[int, Both]:
    """Count tiles of one image that two people have finished.

    What either of them marked as ambiguous is left out of all counts alike, as the ignore mask of
    a comparison is, so that all three scores are of the same objects.

    Parameters
    ----------
    plan : Plan
        How the tiles were drawn.
    tiles : iterable of int
        Their numbers in ``plan.tiles``.
    comparison : Comparison
        Predictions against the first person's labels, with the first person's ignore mask.
    second : Input
        The second person's labels, of the axes and shape of the first's.
    ignore : array, optional
        The second person's ignore mask: not 0 where ambiguous.

    Returns
    -------
    dict of int to Both
        By the number of the tile.
    """
    tiles = tuple(tiles)
    left_out = _either(plan, tiles, comparison, ignore)
    other = replace(second, name=_free_name(second.name, comparison.candidates))
    of_first = replace(comparison, predictions=(*comparison.predictions, other), ignore=left_out)
    of_second = replace(comparison, ground_truth=second, ignore=left_out)
    ours, theirs = Counter(plan, of_first), Counter(plan, of_second)
    counted_tiles = {}
    for k in tiles:
        with_first = ours.count(plan.tiles[k])
        people = with_first.pop(other.name)
        counted_tiles[k] = Both(people, with_first, theirs.count(plan.tiles[k]))
    return counted_tiles


def opinions(
    plan: Plan,
    tiles: tuple[int, ...],
    comparison: Comparison,
    second: Input,
    *,
    ignore: Any | None = None,
    level: float = 0.95,
) -> dict[str, Opinions]:
    """Compare the labels of two people with each other and with predictions.

    Parameters
    ----------
    plan, tiles, comparison, second, ignore
        As `count_both` takes them: tiles that both people have finished, all of one image.
    level : float
        Confidence, in (0, 1).

    Returns
    -------
    dict of str to Opinions
        By prediction.
    """
    counts = count_both(plan, tiles, comparison, second, ignore)
    names = comparison.ground_truth.name, second.name
    return opinions_from(plan, counts, names, comparison.settings, comparison.task, level=level)


def opinions_from(
    plan: Plan,
    counts: Mapping[int, Both],
    names: tuple[str, str],
    settings: Settings,
    task: Task,
    *,
    unit: str = "tile",
    level: float = 0.95,
) -> dict[str, Opinions]:
    """Say how far two people agree, from counts of tiles of any number of images.

    Parameters
    ----------
    plan : Plan
        How the tiles were drawn.
    counts : mapping of int to Both
        By the number of the tile in ``plan.tiles``.
    names : (str, str)
        Of the first and the second person.
    settings, task
        Of the comparison.
    unit : str
        ``tile`` or ``image``; see `napari_verdict.annotation.scoring.estimate`.
    level : float
        Confidence, in (0, 1).

    Returns
    -------
    dict of str to Opinions
        By prediction.
    """
    sample = Sample(plan, tuple(sorted(counts)), unit)
    both = [counts[k] for k in sample.tiles]

    def estimated(name: str, found: list[TileCounts]) -> Estimated:
        return estimate_from(sample, settings, task, name, found, level)

    models = dict.fromkeys(name for b in both for name in b.with_first)
    people = estimated(_free_name(names[1], models), [b.people for b in both])
    return {
        name: _opinions(
            *names,
            name,
            (
                people,
                estimated(name, [b.with_first[name] for b in both]),
                estimated(name, [b.with_second[name] for b in both]),
            ),
            level,
        )
        for name in models
    }


def _opinions(
    first: str,
    second: str,
    model: str,
    scores: tuple[Estimated, Estimated, Estimated],
    level: float,
) -> Opinions:
    people, with_first, with_second = scores
    difference = {}
    for metric, between in people.ratios.items():
        terms = [(0.5, with_first.ratios[metric]), (0.5, with_second.ratios[metric]), (-1, between)]
        delta = combined(terms)
        difference[metric] = (delta, delta.interval(level))
    return Opinions(first, second, model, people, with_first, with_second, difference)


def _either(
    plan: Plan, tiles: tuple[int, ...], comparison: Comparison, ignore: Any | None
) -> Any | None:
    """Return what the one or the other marked, as far as tiles are looked at; None for nothing."""
    masks = [m for m in (comparison.ignore, ignore) if m is not None]
    if len(masks) < 2:
        return masks[0] if masks else None
    truth = comparison.ground_truth
    either = np.zeros(truth.shape, bool)  # takes no memory but where it is written to
    for tile in (plan.tiles[k] for k in tiles):
        at = bounds_of(truth.axes, tile.frame, plan.window(tile))
        either[at] = np.logical_or(*(np.asarray(m[at]) != 0 for m in masks))
    return either


def _free_name(name: str, taken: Container[str]) -> str:
    while name in taken:
        name += " (second person)"
    return name
