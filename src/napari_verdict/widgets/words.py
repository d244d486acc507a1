"""What the rows of the score table are called, and mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_verdict.comparison.conventions import CONVENTIONS
from napari_verdict.comparison.model import Task

if TYPE_CHECKING:
    from napari_verdict.comparison.result import Result
    from napari_verdict.comparison.scores import Score


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Parameters
    ----------
    metric : str
        Metric id.
    title : str
        What it is called.
    best : int
        1 where more is better, -1 where less is, 0 where neither.
    meaning : str
        One plain sentence.
    shows : str
        The map or overlay that a click leads to.
    form : str
        Format of the number.
    pixels : bool
        Whether it counts pixels where objects are compared.
    class_ : int, optional
        The class it is about.
    interval : bool
        Whether its interval is written beside it.
    """

    metric: str
    title: str
    best: int
    meaning: str
    shows: str
    form: str = ".3f"
    pixels: bool = False
    class_: int | None = None
    interval: bool = False


_GT, _PRED, _PIXELS = "ground-truth objects", "predicted objects", "pixels"

_RESTORATION = (
    Row("ssim", "SSIM", 1, "Structure: 1 is the ground truth itself.", "ssim"),
    Row("nrmse", "NRMSE", -1, "Intensity: typical error after the fit, 0 is best.", "rse", ".4f"),
    Row("zc_sqrt_mae", "√MAE", -1, "Root of the mean absolute error, 0 is best.", "rse", ".4f"),
    Row("rmse", "RMSE", -1, "Typical error after the fit, in image units.", "rse", ".4g"),
    Row("psnr", "PSNR (dB)", 1, "The same error in decibels: more is better.", "rse", ".2f"),
    Row("pearson", "Pearson r", 1, "Linear correlation with the ground truth.", "difference"),
    Row("skill", "skill vs raw", 1, "Share of raw's squared error that is gone; below 0 it grew.",
        "gain"),
    Row("area_worse", "area worse", -1, "Share of the area that is farther from the ground truth "
        "than raw is.", "gain", ".1%"),
    Row("signal_worse", "signal worse", -1, "Share of the ground truth's signal, what it has above "
        "its median, where it is farther than raw.", "gain", ".1%"),
    Row("nli", "nonlinearity", -1, "How far its mean intensity is off a line, as a share of the "
        "range: 0 is quantitative.", "difference"),
    Row("slope_ratio", "bright/dark slope", 0, "1 is even; below 1 the bright end is compressed, "
        "above 1 stretched.", "difference", ".3g"),
    Row("gain", "fitted gain", 0, "Factor that brings it to the ground truth.", "difference",
        ".3g"),
    Row("offset", "fitted offset", 0, "Added after the factor.", "difference", ".3g"),
)  # fmt: skip
_INSTANCES = (
    Row("f1", "F1", 1, "Balance of precision and recall of objects.", _PRED),
    Row("pq", "PQ", 1, "Panoptic quality: SQ times RQ.", _PRED),
    Row("sq", "SQ", 1, "Mean IoU of the matched objects.", _GT),
    Row("rq", "RQ", 1, "Share of objects recognised; the same as F1.", _PRED),
    Row("precision", "precision", 1, "Share of predicted objects that are matched.", _PRED),
    Row("recall", "recall", 1, "Share of true objects that are matched.", _GT),
    Row("accuracy", "TP/(TP+FP+FN)", 1, "Matched objects among all that are matched, extra or "
        "missed.", _PRED),
    Row("mean_true_iou", "mean true IoU", 1, "Mean IoU over all true objects, 0 for missed ones.",
        _GT),
    Row("tp", "matched (TP)", 1, "True objects found.", _GT, ".0f"),
    Row("fp", "extra (FP)", -1, "Predicted objects without a true one.", _PRED, ".0f"),
    Row("fn", "missed (FN)", -1, "True objects without a predicted one.", _GT, ".0f"),
    Row("n_pred", "objects", 0, "Objects of the prediction.", _PRED, ".0f"),
    Row("iou", "IoU of pixels", 1, "Foreground in both over foreground in either.", _PIXELS,
        pixels=True),
    Row("dice", "Dice of pixels", 1, "Overlap of the foregrounds.", _PIXELS, pixels=True),
)  # fmt: skip
_FOREGROUND = (
    Row("iou", "IoU", 1, "Foreground in both over foreground in either.", _PIXELS, pixels=True),
    Row("dice", "Dice", 1, "Overlap of the foregrounds.", _PIXELS, pixels=True),
    Row("precision", "precision", 1, "Share of what it marks that is foreground.", _PIXELS,
        pixels=True),
    Row("recall", "recall", 1, "Share of the foreground that it marks.", _PIXELS, pixels=True),
)  # fmt: skip
_DETECTIONS = (
    Row("f1", "F1", 1, "Balance of precision and recall.", "detections"),
    Row("precision", "precision", 1, "Share of predicted points that are matched.", "detections"),
    Row("recall", "recall", 1, "Share of true points that are matched.", "detections"),
    Row("accuracy", "TP/(TP+FP+FN)", 1, "Matched points among all that are matched, extra or "
        "missed.", "detections"),
    Row("tp", "matched (TP)", 1, "True points found.", "detections", ".0f"),
    Row("fp", "extra (FP)", -1, "Predicted points without a true one.", "detections", ".0f"),
    Row("fn", "missed (FN)", -1, "True points without a predicted one.", "detections", ".0f"),
    Row("match_rmse", "distance", -1, "Typical distance of matched points.", "detections", ".3g"),
)  # fmt: skip
_EVIDENCE = (
    Row("shown_without_photons", "∅ no photons", -1, "Places where it shows something for "
        "which raw has no photons.", "evidence", ".0f"),
    Row("photons_not_shown", "γ not shown", -1, "Places where raw has photons for something "
        "that it does not show.", "evidence", ".0f"),
    Row("upsnr", "uPSNR (dB)", 1, "Error against the clean image nobody has, in decibels; known "
        "from further captures.", "error", ".1f", interval=True),
    Row("umse", "uMSE", -1, "Squared error against the clean image nobody has; known from further "
        "captures.", "error", ".3g", interval=True),
    Row("own_noise_kept", "own noise kept", 0, "Share of raw's noise that it shows; known from "
        "further captures.", "residual", ".0%", interval=True),
    Row("residual_variance", "variance", 0, "Of raw minus prediction over what noise "
        "makes: 1 is noise alone, above 1 structure is left, below 1 noise was kept.", "residual"),
    Row("residual_correlation", "autocorrelation", 0, "Correlation of neighbours in raw minus "
        "prediction: 0 is noise alone, above 0 structure is left.", "residual"),
    Row("fitted_gain", "gain vs raw", 0, "Factor that brings it to the grey values of raw.",
        "residual", ".3g"),
)  # fmt: skip
_ROWS = {
    Task.EVIDENCE: _EVIDENCE,
    Task.RESTORATION: _RESTORATION,
    Task.INSTANCES: _INSTANCES,
    Task.FOREGROUND: _FOREGROUND,
    Task.DETECTIONS: _DETECTIONS,
}


def rows_of(result: Result) -> tuple[Row, ...]:
    """Return the rows of the table: those that the result has scores for."""
    task = result.comparison.task
    if task is Task.SEMANTIC:
        classes = sorted({s.class_ for s in result.rows if s.class_ is not None})
        return (
            Row("miou", "mean IoU", 1, "Mean over the classes, background left out.", _PIXELS),
            *(
                Row("iou", f"IoU of class {c}", 1, f"Overlap of class {c}.", _PIXELS, class_=c)
                for c in classes
            ),
        )
    if task is Task.EVIDENCE:
        known = {s.metric for s in result.rows}
        return tuple(row for row in _EVIDENCE if row.metric in known)
    convention = result.comparison.settings.convention.id
    absent = {"nrmse", "rmse"} if convention == "zerocostdl4mic" else {"zc_sqrt_mae"}
    if result.comparison.raw is None:
        absent |= {"skill", "area_worse", "signal_worse"}
    return tuple(row for row in _ROWS[task] if row.metric not in absent)


def score_in(result: Result, row: Row, candidate: str, region: str | None = None) -> Score | None:
    """Return the score of the whole, or of a region, that a row shows of a candidate, or None."""
    for score in result.rows:
        if (score.candidate, score.region) == (candidate, region) and _is_of(score, row, result):
            return score
    return None


def scores_by_region(result: Result, row: Row) -> dict[tuple[str, str | None], Score]:
    """Return the scores that a row shows, by candidate and region; None stands for the whole."""
    found: dict[tuple[str, str | None], Score] = {}
    for score in result.rows:
        # first what leaves most of them out: there are many of frames and of thresholds
        if score.axis_index is None and _is_of(score, row, result):
            found.setdefault((score.candidate, score.region), score)
    return found


def _is_of(score: Score, row: Row, result: Result) -> bool:
    """Whether a row shows a score, of whichever candidate and region."""
    pixels = row.pixels and result.comparison.task is Task.INSTANCES
    return (
        (score.metric, score.class_) == (row.metric, row.class_)
        and score.axis_index is None
        and (not pixels or score.threshold is None)
    )


def text_of(score: Score | None, row: Row) -> str:
    """Write a score; a dash where it does not apply, "undefined" where it has no value."""
    if score is None:
        return "–"
    if math.isnan(score.value):
        known = row.interval and score.ci_low is not None
        return f"> {score.ci_low:{row.form}}" if known else "undefined"
    if math.isinf(score.value):
        return "∞" if score.value > 0 else "−∞"
    text = f"{score.value:{row.form}}"
    if row.interval and score.ci_low is not None:
        text += _interval(score, row)
    return text.replace("-", "−")


def _interval(score: Score, row: Row) -> str:
    """Write an interval in few letters; hovering tells both of its ends."""
    assert score.ci_low is not None
    if score.ci_high is None:
        return f" (> {score.ci_low:{row.form}})"
    half = max(score.ci_high - score.value, score.value - score.ci_low)
    return f"±{half:.0%}" if row.form.endswith("%") else f"±{half:.1g}"


def explain(score: Score | None, row: Row, result: Result) -> str:
    """Say what a number means, what it depends on, and why it is undefined where it is."""
    lines = [f"{row.title}: {row.meaning}"]
    if score is None:
        return "\n".join([*lines, "It does not apply here."])
    if score.reason:
        lines.append(f"Undefined: {score.reason}")
    settings = result.comparison.settings
    if result.comparison.task is Task.RESTORATION:
        convention = CONVENTIONS[settings.convention.id]
        lines.append(f"{convention.title}: {convention.summary}")
    if score.ci_low is not None and score.ci_high is not None:
        lines.append(f"95 % interval: {score.ci_low:.4g} to {score.ci_high:.4g}")
    lines.append(f"Convention: {score.convention}")
    if score.aggregation:
        lines.append(f"Over: {score.aggregation}")
    return "\n".join(lines)


def best_candidate(result: Result, row: Row, region: str | None = None) -> str | None:
    """Return the candidate with the best value of a row; None where there is no one best.

    Where intervals are known the best is one whose interval meets none of the others.
    """
    values, ends = {}, {}
    for candidate in result.comparison.candidates:
        score = score_in(result, row, candidate, region)
        if score is None:
            continue
        value = score.value
        if math.isnan(value) and row.interval and row.best > 0 and score.ci_low is not None:
            value = score.ci_low  # better than that, but by how much is not known
        if not math.isnan(value):
            values[candidate] = row.best * value
            low, high = value, value
            if row.interval and score.ci_low is not None:
                low, high = score.ci_low, math.inf if score.ci_high is None else score.ci_high
            ends[candidate] = (row.best * low, row.best * high)
    if not row.best or len(values) < 2:
        return None
    top = max(values.values())
    winners = [c for c, v in values.items() if v == top]
    if len(winners) != 1:
        return None
    best = winners[0]
    apart = all(min(ends[best]) > max(e) for c, e in ends.items() if c != best)
    return best if apart else None


def best_of(result: Result) -> str:
    """Return the prediction that is looked at first: the one that the first row ranks highest."""
    if result.comparison.task is Task.EVIDENCE:
        # the one that raw contradicts most: where there is something to look at
        worst = {n: max((abs(p.height) for p in at), default=0.0)
                 for n, at in result.places.items()}  # type: ignore[attr-defined]  # fmt: skip
        return str(max(worst, key=lambda n: worst[n]))
    row = rows_of(result)[0]
    scores = {p.name: score_in(result, row, p.name) for p in result.comparison.predictions}
    values = {n: s.value for n, s in scores.items() if s is not None and s.value == s.value}
    return max(values, key=lambda n: values[n]) if values else next(iter(scores))


def axis_over(result: Result) -> str:
    """Return the axis, z or t, over which a result has scores; "" where there is none."""
    truth = result.comparison.ground_truth
    if result.comparison.task is Task.EVIDENCE:
        return ""
    if result.comparison.task is Task.RESTORATION:
        axes = {axis for score in result.rows for axis in (score.axis_index or {})}
    else:
        axes = set(truth.axes) & set("t")  # objects are matched over z
    return next((axis for axis in "zt" if axis in axes), "")
