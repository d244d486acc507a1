"""The verdict on segmentations and detections: what is missed and what is not there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from napari_verdict.comparison.model import Task
from napari_verdict.comparison.verdict.sentence import Part, defined, score_of, why
from napari_verdict.comparison.words import subject

if TYPE_CHECKING:
    from napari_verdict.comparison.result import Result
    from napari_verdict.comparison.scores import Score

#: So many predictions are described, best first; of more it is said how many there are.
DESCRIBED = 3
#: Foreground that agrees at least so well, with an F1 below it, points to merges or splits.
GOOD_FOREGROUND = 0.7


def judge(result: Result) -> list[list[Part]]:
    """Return the sentences of the verdict on labels or points."""
    task = result.comparison.task
    metric = {Task.FOREGROUND: "iou", Task.SEMANTIC: "miou"}.get(task, "f1")
    has_objects = task in (Task.INSTANCES, Task.DETECTIONS)
    sparse = result.comparison.settings.exclusions.sparse and has_objects
    metric = "recall" if sparse else metric
    found = _labelled_objects if sparse else _objects
    describe = {Task.FOREGROUND: _foreground, Task.SEMANTIC: _classes}.get(task, found)
    names = [p.name for p in result.comparison.predictions]
    ranks = {name: _rank(score_of(result, metric, name)) for name in names}
    names.sort(key=lambda name: -ranks[name])  # stable: ties stay in the order of choice
    sentences: list[list[Part]] = []
    for name in names[:DESCRIBED]:
        score = score_of(result, metric, name)
        if score is not None and defined(score):
            sentences += describe(result, name, score)
        else:
            sentences.append([(f"{subject(name)} cannot be judged: {why(score)}.", None)])
    if len(names) > DESCRIBED:
        sentences.append([(f"{len(names) - DESCRIBED} more in the table do no better.", None)])
    return sentences


def _rank(score: Score | None) -> float:
    return -math.inf if score is None or math.isnan(score.value) else score.value


# ---- objects and points


def _objects(result: Result, name: str, f1: Score) -> list[list[Part]]:
    points = result.comparison.task is Task.DETECTIONS
    thing = "point" if points else "object"
    counts = [score_of(result, metric, name) for metric in ("n_gt", "fn", "fp")]
    value = f"F1 {f1.value:.2f} {_condition(result)}"
    if not all(defined(c) for c in counts):
        return [[(f"{subject(name)} reaches an {value}.", None)]]
    n, missed, extra = (round(c.value) for c in counts if c is not None)
    parts: list[Part] = [(f"{subject(name)} ", None), *_missed(name, missed, n, thing)]
    parts += [(" and ", None), *_extra(name, extra), (f" ({value}).", None)]
    return [parts, *([] if points else _merged(result, name, f1))]


def _labelled_objects(result: Result, name: str, recall: Score) -> list[list[Part]]:
    n, missed = (score_of(result, metric, name) for metric in ("n_gt", "fn"))
    if n is None or missed is None:
        return []
    value = f"recall {recall.value:.2f} {_condition(result)}"
    thing = "labelled point" if result.comparison.task is Task.DETECTIONS else "labelled object"
    found = _missed(name, round(missed.value), round(n.value), thing)
    tail = f" ({value}). What it adds cannot be judged: the ground truth is sparse."
    return [[(f"{subject(name)} ", None), *found, (tail, None)]]


def _condition(result: Result) -> str:
    settings = result.comparison.settings
    if result.comparison.task is not Task.DETECTIONS:
        return f"at IoU {'≥' if settings.iou_inclusive else '>'} {settings.iou_threshold:.2f}"
    unit = result.comparison.ground_truth.units[-1]
    return f"within {settings.radius:g} {'px' if unit == 'pixel' else unit}"


def _missed(name: str, missed: int, n: int, thing: str) -> list[Part]:
    if n == 0:
        return [(f"has no {thing} to find", None)]
    if missed == 0:
        every = f"all {n:,} {thing}s" if n > 1 else f"the only {thing}"
        return [("finds ", None), (every, ("matched", name))]
    if missed == n:
        every = f"all {n:,} {thing}s" if n > 1 else f"the only {thing}"
        return [(f"misses {every}", ("missed", name))]
    return [(f"misses {missed:,} of {n:,} {thing}s", ("missed", name))]


def _extra(name: str, extra: int) -> list[Part]:
    if extra == 0:
        return [("adds none", None)]
    return [(f"adds {extra:,} that {'is' if extra == 1 else 'are'} not there", ("extra", name))]


def _merged(result: Result, name: str, f1: Score) -> list[list[Part]]:
    iou = score_of(result, "iou", name)
    n, predicted = score_of(result, "n_gt", name), score_of(result, "n_pred", name)
    if iou is None or n is None or predicted is None or f1.value >= GOOD_FOREGROUND:
        return []
    if not iou.value >= GOOD_FOREGROUND or n.value == predicted.value:
        return []
    kind = "merged" if predicted.value < n.value else "split"
    text = f"Its foreground agrees better (IoU {iou.value:.2f}), so objects may be {kind}: look at "
    return [[(text, None), ("what is missed", ("missed", name)), (".", None)]]


# ---- pixels


def _foreground(result: Result, name: str, iou: Score) -> list[list[Part]]:
    recall, precision = score_of(result, "recall", name), score_of(result, "precision", name)
    value = f"IoU {iou.value:.2f}"
    parts: list[Part] = [(f"{subject(name)} ", None)]
    if recall is None or precision is None or not (defined(recall) and defined(precision)):
        words = "shares no pixel with the ground truth's foreground"
        return [[*parts, (words, ("pixels", name)), (f" ({value}).", None)]]
    parts.append((f"misses {_percent(1 - recall.value)} of the foreground", ("missed", name)))
    parts.append((", and ", None))
    parts.append((f"{_percent(1 - precision.value)} of what it marks", ("extra", name)))
    return [[*parts, (f" is not there ({value}).", None)]]


def _percent(share: float) -> str:
    if 0 < share < 0.01:
        return "less than 1 %"
    return f"{100 * share:.0f} %"


def _classes(result: Result, name: str, miou: Score) -> list[list[Part]]:
    of_class = [
        s
        for s in result.rows
        if (s.metric, s.candidate, s.region) == ("iou", name, None)
        and s.class_ is not None
        and not s.axis_index
    ]
    known = [s for s in of_class if defined(s) and s.class_ != 0]
    parts: list[Part] = [(f"{subject(name)} reaches a ", None), ("mean IoU", ("pixels", name))]
    parts.append((f" of {miou.value:.2f}", None))
    if len(known) > 1:
        parts.append((f" over {len(known)} classes", None))
        worst = min(known, key=lambda s: s.value)
        parts.append((f"; the weakest is class {worst.class_} (IoU {worst.value:.2f})", None))
    return [[*parts, (".", None)]]
