"""A score: a number that never travels without its convention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: Columns of the scores table and of every `results.json`, in this order.
SCORE_COLUMNS = (
    *("image", "candidate", "metric", "value", "unit", "convention", "reason", "n", "threshold"),
    *("axis_index", "region", "class", "aggregation", "ci_low", "ci_high"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One number with all it depends on; fields are null where they do not apply.

    Parameters
    ----------
    image : str
        Name of the ground truth it was computed against.
    candidate : str
        ``raw`` or the prediction's name.
    metric : str
        Metric id, e.g. ``ssim`` or ``f1``.
    value : float
        NaN where undefined, never 0 instead; `reason` says why.
    unit : str
        ``1`` for ratios and counts, ``dB``, ``image units``, ``normalised units`` ...
    convention : str
        What the number depends on, as ``key=value`` pairs joined by "; ".
    reason : str, optional
        Why the value is undefined.
    n : int, optional
        How many pixels or objects it rests on.
    threshold : float, optional
        IoU threshold or match radius.
    axis_index : mapping, optional
        None for the whole; {"t": 3} or {"z": 7} for a frame or plane.
    region : str, optional
        The region it is limited to.
    class_ : int, optional
        The class, for scores of one class.
    aggregation : str, optional
        How planes or frames were brought together: ``pooled``, ``mean over planes`` ...
    ci_low, ci_high : float, optional
        Confidence interval.
    """

    image: str
    candidate: str
    metric: str
    value: float
    unit: str
    convention: str
    reason: str | None = None
    n: int | None = None
    threshold: float | None = None
    axis_index: Mapping[str, int] | None = None
    region: str | None = None
    class_: int | None = None
    aggregation: str | None = None
    ci_low: float | None = None
    ci_high: float | None = None

    def __post_init__(self) -> None:
        if math.isnan(self.value) and not self.reason:
            raise ValueError(f"{self.metric} of {self.candidate} is undefined without a reason")

    def as_row(self) -> dict[str, Any]:
        """Return the score as a row keyed by `SCORE_COLUMNS`."""
        return {c: getattr(self, "class_" if c == "class" else c) for c in SCORE_COLUMNS}


class Rows(Sequence[Score]):
    """Scores of which those of planes and frames are made when they are first asked for.

    Parameters
    ----------
    whole : tuple of Score
        Those that are there at once, and come first.
    parts : callable
        Returns the others; called once at most.
    """

    def __init__(self, whole: tuple[Score, ...], parts: Callable[[], tuple[Score, ...]]) -> None:
        self._whole, self._make = whole, parts

    @cached_property
    def _parts(self) -> tuple[Score, ...]:
        return self._make()

    def __iter__(self) -> Iterator[Score]:
        yield from self._whole
        yield from self._parts

    def __len__(self) -> int:
        return len(self._whole) + len(self._parts)

    @overload
    def __getitem__(self, at: int) -> Score: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Score, ...]: ...
    def __getitem__(self, at: int | slice) -> Score | tuple[Score, ...]:
        if isinstance(at, int) and 0 <= at < len(self._whole):
            return self._whole[at]
        return (*self._whole, *self._parts)[at]
