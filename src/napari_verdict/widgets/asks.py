"""What a score, or a word of the verdict, is made of: the filter that lists it in Inspect."""

from __future__ import annotations

from napari_verdict.comparison.entries import Filter

_UNMATCHED = frozenset({"missed", "extra", "split", "merge", "many-to-many", "inaccurate"})
_TRUE, _PREDICTED = frozenset({"ground truth"}), frozenset({"prediction"})
_MISSED = Filter(kinds=_UNMATCHED, roles=_TRUE)
_EXTRA = Filter(kinds=_UNMATCHED, roles=_PREDICTED)
_MATCHED = Filter(kinds=frozenset({"matched"}), roles=_TRUE)
_WRONG = Filter(kinds=_UNMATCHED)

#: Scores that count objects: a click on them lists just these.
COUNTS = frozenset({"tp", "fp", "fn", "n_pred"})

_OBJECTS = {
    "tp": _MATCHED,
    "fp": _EXTRA,
    "fn": _MISSED,
    "n_pred": Filter(kinds=_UNMATCHED | {"matched"}, roles=_PREDICTED),
    "precision": _EXTRA,
    "recall": _MISSED,
    "sq": _MATCHED,
    "mean_true_iou": _MISSED,
    **dict.fromkeys(("f1", "pq", "rq", "accuracy"), _WRONG),
    "matched": _MATCHED,
    "missed": _MISSED,
    "extra": _EXTRA,
}


def filter_of(metric: str, task: str) -> Filter | None:
    """Return what lists the entries that a score is made of.

    Parameters
    ----------
    metric : str
        Metric id, or a word that the verdict links: ``matched missed extra``.
    task : str
        Of the result.

    Returns
    -------
    Filter or None
        None where there is nothing to list.
    """
    return _OBJECTS.get(metric) if task in ("instances", "detections") else None
