"""What a score, or a word of the verdict, is made of: the filter that lists it in Inspect."""

from __future__ import annotations

from napari_verdict.comparison.entries import Filter

_UNMATCHED = frozenset({"missed", "extra", "split", "merge", "many-to-many", "inaccurate"})
_TRUE, _PREDICTED = frozenset({"ground truth"}), frozenset({"prediction"})
_MISSED = Filter(kinds=_UNMATCHED, roles=_TRUE)
_EXTRA = Filter(kinds=_UNMATCHED, roles=_PREDICTED)
_MATCHED = Filter(kinds=frozenset({"matched"}), roles=_TRUE)
_WRONG = Filter(kinds=_UNMATCHED)

#: Scores that a list explains: a click on them brings the list of just these to front.
COUNTS = frozenset(
    {"tp", "fp", "fn", "n_pred", "area_worse", "signal_worse", "nli", "slope_ratio", "evidence"}
    | {"shown_without_photons", "photons_not_shown", "disputes", "difference"}
)

_OBJECTS = {
    "tp": _MATCHED,
    "fp": _EXTRA,
    "fn": _MISSED,
    "n_pred": Filter(kinds=_UNMATCHED | {"matched", "not labelled"}, roles=_PREDICTED),
    "precision": _EXTRA,
    "recall": _MISSED,
    "sq": _MATCHED,
    "mean_true_iou": _MISSED,
    "match_rmse": _MATCHED,
    **dict.fromkeys(("f1", "pq", "rq", "accuracy"), _WRONG),
    "matched": _MATCHED,
    "missed": _MISSED,
    "extra": _EXTRA,
}
_ERROR, _WORSE = Filter(by="error"), Filter(by="worse than raw")
_BENT = Filter(by="intensity")
_PLACES = {
    "ssim": Filter(by="structure"),
    **dict.fromkeys(("nrmse", "rmse", "psnr", "zc_sqrt_mae", "pearson", "rse"), _ERROR),
    **dict.fromkeys(("skill", "area_worse", "signal_worse"), _WORSE),
    **dict.fromkeys(("nli", "slope_ratio", "difference"), _BENT),
}
_EVIDENCE = {
    "shown_without_photons": Filter(kinds=frozenset({"shown without photons"})),
    "photons_not_shown": Filter(kinds=frozenset({"photons not shown"})),
    "evidence": Filter(by="evidence"),
    "disputes": Filter(by="disputes"),
}


def filter_of(metric: str, task: str) -> Filter | None:
    """Return what lists the entries that a score is made of.

    Parameters
    ----------
    metric : str
        Metric id, or what the verdict links: ``matched missed extra``, a map.
    task : str
        Of the result.

    Returns
    -------
    Filter or None
        None where there is nothing to list.
    """
    if task == "restoration":
        return _PLACES.get(metric)
    if task == "evidence":
        return _EVIDENCE.get(metric)
    return _OBJECTS.get(metric) if task in ("instances", "detections") else None
