"""Why there is nothing in the list, in a sentence that says the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_verdict.viewer.kinds import FINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_verdict.comparison.entries import Entries


def why_empty(
    result: Any, entries: Entries | None, counts: Mapping[str, int], narrowed: bool, ranking: str
) -> str:
    """Say why no entry is listed.

    Parameters
    ----------
    result : Result or None
        What is looked at.
    entries : Entries or None
        All there are to list; None without objects, and while places are looked for.
    counts : mapping of str to int
        By kind, of what the rest of the filter keeps.
    narrowed : bool
        Whether more than kinds is filtered by.
    ranking : str
        What places are ranked by.
    """
    if result is None:
        return "Validate first: what is wrong is listed here, worst first."
    restored = result.comparison.task == "restoration"
    if entries is None:
        return (
            "Looking for the worst places…"
            if restored
            else "This task compares pixels: there are no objects to list."
        )
    if not len(entries):
        if result.comparison.task == "evidence":
            return (
                "The predictions differ nowhere by more than raw could tell."
                if ranking == "disputes"
                else "Raw contradicts it nowhere by more than noise could. That is no proof that "
                "it is right: the limit shows what could not have been seen."
            )
        if not restored:
            return "There are no objects, neither in the ground truth nor in the prediction."
        return {
            "worse than raw": "No place is worse than raw.",
            "intensity": "No place is off the line, or there is none: nonlinearity says why.",
        }.get(ranking, "No place differs from the ground truth.")
    if not narrowed and not any(n for k, n in counts.items() if k not in FINE):
        settings = result.comparison.settings
        at = f" at IoU {settings.iou_threshold:.2f}" if entries.value_name == "IoU" else ""
        return f"Nothing is wrong{at}."
    return "Nothing is left by the filter. Reset lists all that is wrong."
