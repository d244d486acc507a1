"""What there is to look at in a result, of any task but restoration."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_verdict.comparison.entries import Entries
    from napari_verdict.comparison.result import Result


def entries_of(result: Result, candidate: str) -> Entries | None:
    """List the objects of a candidate, worst first.

    Parameters
    ----------
    result : Result
        Of any task.
    candidate : str
        One of its candidates.

    Returns
    -------
    Entries or None
        None for tasks without objects: restorations, foreground and classes.
        Without ground truth, where raw contradicts it.
    """
    if candidate not in result.comparison.candidates:
        return None
    if result.comparison.task == "instances":
        from napari_verdict.comparison.objects.listing import object_entries

        return object_entries(result, candidate)  # type: ignore[arg-type]
    if result.comparison.task == "detections":
        from napari_verdict.comparison.objects.point_listing import point_entries

        return point_entries(result, candidate)  # type: ignore[arg-type]
    if result.comparison.task == "evidence":
        return result.entries(candidate)  # type: ignore[attr-defined, no-any-return]
    return None
