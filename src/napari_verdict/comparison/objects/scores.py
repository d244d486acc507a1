"""Overlap tables become scores, each with its convention."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.comparison.exclusions import without_dense
from napari_verdict.comparison.model import Comparison, Task
from napari_verdict.comparison.objects.limits import described, with_ignored, within
from napari_verdict.comparison.scores import Rows, Score
from napari_verdict.metrics.classes import confusion_of
from napari_verdict.metrics.error_kinds import Kind
from napari_verdict.metrics.foreground import pixel_counts
from napari_verdict.metrics.instances import instance_counts, kinds_within
from napari_verdict.metrics.matching import match
from napari_verdict.metrics.overlap import merge
from napari_verdict.metrics.values import Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from napari_verdict.comparison.objects.limits import Parts
    from napari_verdict.comparison.regions import Region
    from napari_verdict.metrics.instances import Within
    from napari_verdict.metrics.matching import Matching
    from napari_verdict.metrics.overlap import OverlapTable

#: Instance scores that no threshold changes.
THRESHOLD_FREE = ("n_gt", "n_pred", "mean_best_iou")

#: Kinds of error that are counted, by metric id; the objects of both sides.
KIND_COUNTS = {
    f"n_{kind.name.lower()}": kind for kind in Kind if kind not in (Kind.MATCHED, Kind.IGNORED)
}

# from whole numbers: 0.5 + 2 * 0.05 is not 0.6
CURVE_THRESHOLDS = tuple(k / 100 for k in range(50, 100, 5))
CURVE_COLUMNS = (
    *("candidate", "threshold", "f1", "precision", "recall", "accuracy"),
    *("sq", "pq", "tp", "fp", "fn"),
)


def label_rows(
    comparison: Comparison,
    overlap: Mapping[str, tuple[OverlapTable, ...]],
    matchings: Mapping[str, tuple[Matching, ...]],
    parts: Parts,
) -> Rows:
    """Score every candidate, pooled over the frames, and then, once asked for, frame by frame.

    Regions follow the whole.

    Instance scores come before foreground scores, so that `Result.score` finds the
    precision and recall of objects; those of pixels are the rows without a threshold.
    """
    source = comparison.ground_truth.source
    scorers = {name: _Scorer(comparison, name) for name in overlap}

    def frames() -> tuple[Score, ...]:
        rows: list[Score] = []
        for name, tables in overlap.items():
            for k, frame in enumerate(source.frames if source.frame_axes else ()):
                index = dict(zip(source.frame_axes, frame, strict=True))
                here = tables[k : k + 1], matchings.get(name, ())[k : k + 1]
                rows += scorers[name].rows(*here, index)
        return tuple(rows)

    whole: list[Score] = []
    for name, scorer in scorers.items():
        whole += scorer.rows(overlap[name], matchings.get(name, ()), None)
        for region in comparison.regions:
            limited = _Scorer(comparison, name, region)
            whole += limited.rows(parts[region.name][name], matchings.get(name, ()), None)
    return Rows(tuple(whole), frames)


class _Scorer:
    """Makes the rows of one candidate."""

    def __init__(
        self, comparison: Comparison, candidate: str, region: Region | None = None
    ) -> None:
        self.comparison, self.candidate, self.region = comparison, candidate, region
        axes = comparison.ground_truth.axes
        self.pooled = "pooled over frames" if set(axes) & set("tc") else "whole"
        self.tail = f"{described(comparison)}; empty=NaN with reason"
        self.objects = "objects=3D over z" if "z" in axes else "objects=2D"
        if region is not None:
            self.objects += "; region=objects whose centroid lies in it, whole; matched before"

    def rows(
        self,
        tables: Sequence[OverlapTable],
        matchings: Sequence[Matching],
        index: Mapping[str, int] | None,
    ) -> list[Score]:
        task = self.comparison.task
        if task is Task.SEMANTIC:
            return self._classes(tables, index)
        instances = self._instances(matchings, index) if task is Task.INSTANCES else []
        return instances + self._foreground(tables, index)

    def _instances(
        self, matchings: Sequence[Matching], index: Mapping[str, int] | None
    ) -> list[Score]:
        settings = self.comparison.settings
        limits = [self._within(m, k) for k, m in enumerate(matchings)]
        counts = reduce(add, map(instance_counts, matchings, limits))
        values = self._known(counts.scores() | _kind_counts(matchings, limits))
        sign = ">=" if settings.iou_inclusive else ">"
        match = (
            f"match=iou{sign}{_decimals(settings.iou_threshold)}; "
            "assignment=one-to-one, most matches then highest IoU; "
        )
        return [
            self._score(
                metric,
                value,
                ("" if metric in THRESHOLD_FREE else match) + self.objects,
                counts.n_gt + counts.n_pred,
                index,
                threshold=None if metric in THRESHOLD_FREE else settings.iou_threshold,
            )
            for metric, value in values.items()
        ]

    def _within(self, matching: Matching, k: int) -> Within | None:
        return None if self.region is None else within(self.comparison, self.region, matching, k)

    def _known(self, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """Return what a ground truth that may be sparse lets be known."""
        return without_dense(values) if self.comparison.settings.exclusions.sparse else values

    def _foreground(
        self, tables: Sequence[OverlapTable], index: Mapping[str, int] | None
    ) -> list[Score]:
        counts = reduce(add, map(pixel_counts, tables))
        n = _pixels(tables)
        return [
            self._score(metric, value, "counted=pixels; foreground=every id but 0", n, index)
            for metric, value in self._known(counts.scores()).items()
        ]

    def _classes(
        self, tables: Sequence[OverlapTable], index: Mapping[str, int] | None
    ) -> list[Score]:
        confusion = confusion_of(merge(tables))
        n = _pixels(tables)
        mean = "counted=pixels; mean over classes present in either; background=excluded"
        miou = self._known({"miou": confusion.miou()})["miou"]
        rows = [self._score("miou", miou, mean, n, index)]
        for class_, value in confusion.iou().items():
            iou = self._known({"iou": value})["iou"]
            rows.append(self._score("iou", iou, "counted=pixels", n, index, class_=class_))
        return rows

    def _score(
        self,
        metric: str,
        value: Value,
        convention: str,
        n: int,
        index: Mapping[str, int] | None,
        *,
        threshold: float | None = None,
        class_: int | None = None,
    ) -> Score:
        return Score(
            image=self.comparison.ground_truth.name,
            candidate=self.candidate,
            metric=metric,
            value=float(value.value),
            unit="1",
            convention=convention + self.tail,
            reason=value.reason,
            n=n,
            threshold=threshold,
            axis_index=index,
            region=None if self.region is None else self.region.name,
            class_=class_,
            aggregation=self.pooled if index is None else None,
        )


def _kind_counts(
    matchings: Sequence[Matching], limits: Sequence[Within | None]
) -> dict[str, Value]:
    counts = np.sum(
        [kinds_within(m, w).counts() for m, w in zip(matchings, limits, strict=True)], axis=0
    )
    return {metric: Value(int(counts[kind])) for metric, kind in KIND_COUNTS.items()}


def _decimals(threshold: float) -> str:
    return f"{threshold:.2f}" if round(threshold, 2) == threshold else f"{threshold:g}"


def _pixels(tables: Sequence[OverlapTable]) -> int:
    return sum(int(t.pixels.sum()) for t in tables)


def curve_table(
    comparison: Comparison,
    overlap: Mapping[str, tuple[OverlapTable, ...]],
    parts: Parts,
    thresholds: Sequence[float] = CURVE_THRESHOLDS,
) -> pd.DataFrame:
    """Tabulate instance scores over thresholds, pooled over frames.

    Returns
    -------
    DataFrame
        One row a candidate and threshold: `CURVE_COLUMNS`. Undefined scores are NaN.
    """
    import pandas as pd

    rows = []
    how = comparison.settings
    for name, tables in overlap.items():
        for threshold in thresholds:
            matchings = [
                with_ignored(comparison, match(t, threshold, how.iou_inclusive), parts, name, k)
                for k, t in enumerate(tables)
            ]
            scores = reduce(add, map(instance_counts, matchings)).scores()
            scores = without_dense(scores) if how.exclusions.sparse else scores
            found = {c: scores[c].value for c in CURVE_COLUMNS if c in scores}
            rows.append({"candidate": name, "threshold": threshold} | found)
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)
