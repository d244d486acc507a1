"""The result of a comparison: frozen, and naming the comparison it answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from napari_verdict.comparison.scores import SCORE_COLUMNS, Score

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    import pandas as pd

    from napari_verdict.comparison.findings import Finding
    from napari_verdict.comparison.model import Comparison

R = TypeVar("R")

#: One row for each object in `Result.objects`; centroid and box columns follow, by axis.
OBJECT_COLUMNS = [
    *("candidate", "role", "id", "outcome", "kind", "partner", "iou", "size", "frame"),
]


@dataclass(frozen=True)
class Progress:
    """How far a run is: `done` of `total` blocks of the step that `what` names."""

    done: int
    total: int
    what: str


def complete(steps: Generator[Progress, None, R]) -> R:
    """Run a generator of progress to its end and return what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False)
class Result:
    """Scores, and what stands behind them, of one `Comparison`.

    Subclasses add maps (restoration), objects and overlays (labels, detections).

    Parameters
    ----------
    comparison : Comparison
        What was compared, with accepted remedies (such as cropping) applied.
    rows : sequence of Score
        Every score, in long form.
    findings : tuple of Finding
        What preflight had to say.
    seconds : float
        How long the run took.
    request : Comparison, optional
        The comparison as it was asked for, before accepted remedies were applied; a result
        whose request is no longer the current one is dropped.
    """

    comparison: Comparison
    rows: Sequence[Score]
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0
    request: Comparison | None = None

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Every score as a row of `SCORE_COLUMNS`."""
        import pandas as pd

        return pd.DataFrame([s.as_row() for s in self.rows], columns=SCORE_COLUMNS)

    def score(
        self, metric: str, candidate: str, *, threshold: float | None = None, **where: Any
    ) -> Score:
        """Return one score of the whole, or of the plane, frame or class that is named.

        Parameters
        ----------
        metric, candidate : str
            Metric id and candidate name.
        threshold : float, optional
            IoU threshold or radius; by default the one of the settings.
        **where
            `class_`, `axis_index` and `region`; None by default.

        Raises
        ------
        KeyError
            If there is no such score.
        """
        want = {"class_": None, "axis_index": None, "region": None} | where
        if threshold is None and self.comparison.task == "instances":
            threshold = self.comparison.settings.iou_threshold
        for s in self.rows:
            if (s.metric, s.candidate) != (metric, candidate):
                continue
            if all(getattr(s, k) == v for k, v in want.items()) and (
                s.threshold is None or threshold is None or abs(s.threshold - threshold) < 1e-9
            ):
                return s
        raise KeyError(f"no score {metric!r} of {candidate!r} with {want}")

    @property
    def maps(self) -> Mapping[str, Mapping[str, Any]]:
        """Maps by candidate and name (``ssim rse difference gain``), shaped as the ground truth."""
        return MappingProxyType({})

    @property
    def objects(self) -> pd.DataFrame:
        """One row an object (`OBJECT_COLUMNS`); empty for restorations."""
        import pandas as pd

        return pd.DataFrame(columns=OBJECT_COLUMNS)

    def overlays(self, candidate: str) -> Mapping[str, Any]:
        """Overlays of one candidate by name, as class codes (uint8) shaped as the ground truth."""
        del candidate
        return {}

    @cached_property
    def verdict(self) -> str:
        """What the scores mean, in a sentence or two of plain words."""
        from napari_verdict.comparison.verdict.sentence import verdict

        return verdict(self)

    def to_record(self) -> dict[str, Any]:
        """Return the record of the run, as in `results.json`."""
        from napari_verdict.comparison.record import record_of

        return record_of(self)

    def to_json(self) -> str:
        """Return the record of the run as the text of a `results.json`."""
        from napari_verdict.comparison.record import to_json

        return to_json(self.to_record())
