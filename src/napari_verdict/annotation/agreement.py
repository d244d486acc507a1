"""A second opinion: how far two people agree, as a level to hold the model's score against.

Agreement is a reference and no ceiling: a model can be nearer to both people than they are to each
other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_verdict.annotation.counting import Counter
from napari_verdict.annotation.sample import Sample
from napari_verdict.annotation.scoring import estimate_from
from napari_verdict.annotation.tiles import Draw, State
from napari_verdict.comparison.words import counted
from napari_verdict.metrics.estimates import Interval, Ratio, combined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_verdict.annotation.counting import TileCounts
    from napari_verdict.annotation.scoring import Estimated
    from napari_verdict.annotation.tiles import Plan
    from napari_verdict.comparison.model import Comparison, Input
    from napari_verdict.comparison.scores import Score

#: How many of the finished tiles a second person labels at least, and which part of them.
LEAST_TILES, PART = 3, 0.1
#: Why a second person's plan leaves out tiles that were drawn before the last they are given.
NOT_GIVEN = "not given to the second"


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


def opinions(
    plan: Plan,
    tiles: tuple[int, ...],
    comparison: Comparison,
    second: Input,
    *,
    level: float = 0.95,
) -> dict[str, Opinions]:
    """Compare the labels of two people with each other and with predictions.

    Parameters
    ----------
    plan : Plan
        How the tiles were drawn.
    tiles : tuple of int
        Tiles both people have finished, by their numbers in ``plan.tiles``, all of one image.
    comparison : Comparison
        Predictions against the first person's labels.
    second : Input
        The second person's labels, of the axes and shape of the first's.
    level : float
        Confidence, in (0, 1).

    Returns
    -------
    dict of str to Opinions
        By prediction.
    """
    other = replace(second, name=_free_name(second.name, comparison))
    of_first = replace(comparison, predictions=(*comparison.predictions, other))
    of_second = replace(comparison, ground_truth=second)
    ours, theirs = Counter(plan, of_first), Counter(plan, of_second)
    first_counts = {k: ours.count(plan.tiles[k]) for k in tiles}
    second_counts = {k: theirs.count(plan.tiles[k]) for k in tiles}
    sample = Sample(plan, tuple(sorted(tiles)))

    def estimated(counts: Mapping[int, Mapping[str, TileCounts]], name: str) -> Estimated:
        found = [counts[k][name] for k in sample.tiles]
        return estimate_from(sample, comparison.settings, comparison.task, name, found, level)

    people = estimated(first_counts, other.name)
    return {
        p.name: _opinions(
            comparison.ground_truth.name,
            second.name,
            p.name,
            (people, estimated(first_counts, p.name), estimated(second_counts, p.name)),
            level,
        )
        for p in comparison.predictions
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


def _free_name(name: str, comparison: Comparison) -> str:
    taken = set(comparison.candidates)
    while name in taken:
        name += " (second person)"
    return name
