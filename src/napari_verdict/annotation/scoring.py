"""Scores of the whole estimated from finished tiles, with intervals, and how many more it takes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_verdict.annotation.sample import Sample, of_condition, used_tiles
from napari_verdict.comparison.model import Task
from napari_verdict.comparison.scores import Score
from napari_verdict.comparison.words import counted, sentence
from napari_verdict.metrics.foreground import PixelCounts
from napari_verdict.metrics.instances import InstanceCounts
from napari_verdict.metrics.values import BOTH_EMPTY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from napari_verdict.annotation.counting import TileCounts
    from napari_verdict.annotation.tiles import Plan
    from napari_verdict.comparison.model import Settings
    from napari_verdict.metrics.estimates import Ratio

    #: Counts of tiles by their number in the plan, and then by candidate.
    Counted = Mapping[int, Mapping[str, TileCounts]]

#: Half the width of the interval that one labels for.
GOAL = 0.05


class _Terms(NamedTuple):
    """How a score is made of what a tile holds, or of columns of what many hold."""

    numerator: Callable[[Any], Any]
    denominator: Callable[[Any], Any]
    why_undefined: str


#: How an interval is made, for the convention (see `Ratio.kind`): its level, and the unit.
_INTERVALS = {
    "t": "{0} t over {1}s, logit",
    "binomial": "{0} exact binomial over {1}s",
    "value": "the value itself, every {1} is finished",
}

_OBJECTS, _PIXELS = f"{BOTH_EMPTY} objects", f"{BOTH_EMPTY} foreground"


def _pixels_of_any(c: Any) -> Any:
    return c.pixels.tp + c.pixels.fp + c.pixels.fn


#: Scores of objects, the one that is shown first in front.
OBJECT_SCORES: Mapping[str, _Terms] = {
    "f1": _Terms(
        lambda c: 2 * c.instances.tp, lambda c: c.instances.n_gt + c.instances.n_pred, _OBJECTS
    ),
    "precision": _Terms(
        lambda c: c.instances.tp, lambda c: c.instances.n_pred, "no objects are predicted"
    ),
    "recall": _Terms(
        lambda c: c.instances.tp, lambda c: c.instances.n_gt, "the ground truth has no objects"
    ),
    "accuracy": _Terms(
        lambda c: c.instances.tp,
        lambda c: c.instances.n_gt + c.instances.n_pred - c.instances.tp,
        _OBJECTS,
    ),
    "sq": _Terms(lambda c: c.instances.sum_iou, lambda c: c.instances.tp, "no object is matched"),
    "pq": _Terms(
        lambda c: 2 * c.instances.sum_iou,
        lambda c: c.instances.n_gt + c.instances.n_pred,
        _OBJECTS,
    ),
}

#: Scores of foreground pixels.
PIXEL_SCORES: Mapping[str, _Terms] = {
    "iou": _Terms(lambda c: c.pixels.tp, _pixels_of_any, _PIXELS),
    "dice": _Terms(lambda c: 2 * c.pixels.tp, lambda c: c.pixels.tp + _pixels_of_any(c), _PIXELS),
    "precision": _Terms(
        lambda c: c.pixels.tp, lambda c: c.pixels.tp + c.pixels.fp, "the prediction is empty"
    ),
    "recall": _Terms(
        lambda c: c.pixels.tp, lambda c: c.pixels.tp + c.pixels.fn, "the ground truth is empty"
    ),
}


@dataclass(frozen=True, eq=False)
class Estimated:
    """What finished tiles say of one candidate.

    Parameters
    ----------
    rows : tuple of Score
        Scores of objects (with a threshold) and of foreground, with intervals; then counts of
        objects in the tiles that they rest on.
    ratios : mapping of str to Ratio
        The estimates behind the scores of objects, or of foreground where objects are not
        compared, by metric id.
    more : int, optional
        About how many more units bring the interval of the first score to ± 0.05; None where
        that cannot be told yet.
    unit : str
        What `more` and the intervals count: ``tile`` or ``image``.
    why : str, optional
        Why the first score has no interval.
    cut : int
        Objects counted that the margin was too small for.
    conditions : mapping of str to Estimated
        The same of each condition, where the images are of several.
    """

    rows: tuple[Score, ...]
    ratios: Mapping[str, Ratio]
    more: int | None
    unit: str
    why: str | None
    cut: int
    conditions: Mapping[str, Estimated] = field(default_factory=dict)

    @property
    def all_rows(self) -> tuple[Score, ...]:
        """Rows of everything, then those of each condition."""
        return (*self.rows, *(r for e in self.conditions.values() for r in e.rows))

    @property
    def first(self) -> Score:
        """The score that is shown first: F1 of objects, or IoU of foreground."""
        return self.rows[0]

    @property
    def sentence(self) -> str:
        """Such as "F1 0.81 (95 % 0.74 to 0.86) from 6 tiles; about 9 more tiles for ± 0.05"."""
        score = self.first
        name = {"f1": "F1", "iou": "IoU"}[score.metric]
        tiles = counted(score.n or 0, "tile")
        if math.isnan(score.value):
            return sentence(f"{name} is undefined so far: {score.reason} ({tiles})")
        text = f"{name} {score.value:.2f}"
        if score.ci_low is None or score.ci_high is None:
            return f"{text} from {tiles}, no interval yet: {self.why}"
        text += f" (95 % {score.ci_low:.2f} to {score.ci_high:.2f}) from {tiles}"
        if self.more is None:
            return text
        if not self.more:
            return f"{text}; ± {GOAL:g} is reached"
        return f"{text}; about {counted(self.more, f'more {self.unit}')} for ± {GOAL:g}"


def estimate(
    plan: Plan,
    counts: Counted,
    settings: Settings,
    *,
    task: Task = Task.INSTANCES,
    unit: str = "tile",
    level: float = 0.95,
) -> dict[str, Estimated]:
    """Estimate scores over everything that tiles were drawn from.

    Only tiles count that were drawn and are finished. Where there are none but finished ones
    chosen by hand, these are scored, and every row says that this is no estimate of the rest.

    Parameters
    ----------
    plan : Plan
        How the tiles were drawn and which are finished.
    counts : mapping of int to mapping of str to TileCounts
        Of each finished tile, by its number in ``plan.tiles``, then by candidate.
    settings : Settings
        Threshold of a match and its side, for the convention.
    task : Task
        Instances or foreground.
    unit : str
        ``tile``: the interval is for the images that tiles were drawn from. ``image``: for
        images like them; all tiles of an image are one unit.
    level : float
        Confidence, in (0, 1).

    Returns
    -------
    dict of str to Estimated
        By candidate; where images are of several conditions, with the same of each.

    Raises
    ------
    ValueError
        If the unit is none of these.
    """
    if unit not in ("tile", "image"):
        raise ValueError(f"The unit of an interval is 'tile' or 'image', not {unit!r}.")
    whole = _estimates(plan, counts, settings, task, unit, level)
    conditions = dict.fromkeys(i.condition for i in plan.images)
    if len(conditions) < 2:
        return whole
    parts: dict[str, dict[str, Estimated]] = {name: {} for name in whole}
    for condition in sorted(conditions):
        part, numbers = of_condition(plan, condition)
        mine = {i: counts[k] for i, k in enumerate(numbers) if k in counts}
        title = condition or "no condition"
        for name, found in _estimates(part, mine, settings, task, unit, level).items():
            rows = tuple(replace(r, image=f"{title}: {r.image}") for r in found.rows)
            parts[name][title] = replace(found, rows=rows)
    return {name: replace(e, conditions=parts[name]) for name, e in whole.items()}


def _estimates(
    plan: Plan, counts: Counted, settings: Settings, task: Task, unit: str, level: float
) -> dict[str, Estimated]:
    sample = Sample(plan, tuple(k for k in used_tiles(plan) if k in counts), unit)
    names = dict.fromkeys(name for k in sample.tiles for name in counts[k])
    return {
        name: estimate_from(
            sample, settings, task, name, [counts[k][name] for k in sample.tiles], level
        )
        for name in names
    }


def estimate_from(
    sample: Sample,
    settings: Settings,
    task: Task,
    candidate: str,
    counts: Sequence[TileCounts],
    level: float = 0.95,
) -> Estimated:
    """Estimate the scores of one candidate from the counts of each tile of a sample."""
    return _Estimator(sample, settings, task, level).of(candidate, counts)


class _Estimator:
    """Makes the rows of one candidate."""

    def __init__(self, sample: Sample, settings: Settings, task: Task, level: float) -> None:
        self.sample, self.settings, self.task, self.level = sample, settings, task, level
        images = sample.images
        self.image = images[0] if len(images) == 1 else f"{len(images)} images"

    def of(self, candidate: str, counts: Sequence[TileCounts]) -> Estimated:
        objects = OBJECT_SCORES if self.task is Task.INSTANCES else {}
        columns = _columns(counts)
        of_objects = self._ratios(objects, columns)
        of_pixels = self._ratios(PIXEL_SCORES, columns)
        rows = [self._score(candidate, m, r, self._matched, True) for m, r in of_objects.items()]
        pixels = "counted=pixels of tiles; foreground=every id but 0"
        rows += [self._score(candidate, m, r, pixels, False) for m, r in of_pixels.items()]
        if objects:
            rows += self._counts(candidate, columns.instances)
        ratios = of_objects or of_pixels
        first = next(iter(ratios.values()))
        by_hand, unit = self.sample.by_hand, self.sample.unit
        # what is skipped is labelled by nobody; there are always more images like these
        size = self.sample.left_to_label if unit == "tile" else None
        more = None if by_hand else first.more_units(GOAL, size, self.level)
        why = "chosen by hand" if by_hand else first.interval(self.level).reason
        return Estimated(tuple(rows), ratios, more, unit, why, sum(c.cut for c in counts))

    @property
    def _matched(self) -> str:
        how = self.settings
        space = "3D" if self.sample.plan.depth > 1 else "2D"
        sign = ">=" if how.iou_inclusive else ">"
        return (
            f"match=iou{sign}{how.iou_threshold:g}; "
            "assignment=one-to-one, most matches then highest IoU; "
            f"objects={space}, of the tile their centroid is in"
        )

    def _ratios(self, scores: Mapping[str, _Terms], columns: Any) -> dict[str, Ratio]:
        return {
            metric: self.sample.ratio(
                terms.numerator(columns), terms.denominator(columns), terms.why_undefined
            )
            for metric, terms in scores.items()
        }

    def _score(
        self, candidate: str, metric: str, ratio: Ratio, how: str, has_threshold: bool
    ) -> Score:
        interval = ratio.interval(self.level)
        bounded = not (self.sample.by_hand or math.isnan(interval.low))
        ci = f"ci={_INTERVALS[ratio.kind]}".format(f"{100 * self.level:g} %", self.sample.unit)
        ci = ci if bounded else f"ci=none, {interval.reason or 'chosen by hand'}"
        return Score(
            image=self.image,
            candidate=candidate,
            metric=metric,
            value=ratio.value.value,
            unit="1",
            convention=f"{how}; {self.sample.convention}; {ci}; empty=NaN with reason",
            reason=ratio.value.reason,
            n=len(self.sample.tiles),
            threshold=self.settings.iou_threshold if has_threshold else None,
            aggregation="tiles chosen by hand" if self.sample.by_hand else "estimated from tiles",
            ci_low=interval.low if bounded else None,
            ci_high=interval.high if bounded else None,
        )

    def _counts(self, candidate: str, objects: Any) -> list[Score]:
        sums = (int(column.sum()) for column in (objects.n_gt, objects.n_pred, objects.tp))
        values = InstanceCounts(*sums).scores()
        return [
            Score(
                image=self.image,
                candidate=candidate,
                metric=metric,
                value=values[metric].value,
                unit="1",
                convention=f"{self._matched}; {self.sample.convention}",
                n=len(self.sample.tiles),
                threshold=None if metric.startswith("n_") else self.settings.iou_threshold,
                aggregation="sum over tiles",
            )
            for metric in ("n_gt", "n_pred", "tp", "fp", "fn")
        ]


def _columns(counts: Sequence[TileCounts]) -> Any:
    """Return what tiles hold as a column of each count, under the same names."""

    def each(part: str, kind: type[Any]) -> Any:
        names = [f.name for f in fields(kind)]
        of_all = attrgetter(*(f"{part}.{name}" for name in names))
        table = np.array([of_all(c) for c in counts], np.float64).reshape(-1, len(names))
        return SimpleNamespace(**dict(zip(names, table.T, strict=True)))

    return SimpleNamespace(
        instances=each("instances", InstanceCounts), pixels=each("pixels", PixelCounts)
    )
