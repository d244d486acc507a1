"""What the docks of one viewer share: the result that is looked at, and the entry in it."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary, proxy

from psygnal import EventedModel

from napari_verdict.comparison.judgements import Judgements
from napari_verdict.viewer.fly import Flight
from napari_verdict.viewer.grid import SideBySide


class Session(EventedModel):
    """What is looked at in one viewer; whoever changes it tells all docks.

    Parameters
    ----------
    result : Result, optional
        The one that is shown, at the threshold that is set.
    roles : Roles, optional
        The layers it was computed from.
    candidate : str
        The prediction that is looked at.
    selected : EntryKey, optional
        The entry that is looked at.
    entries : Entries, optional
        What Inspect lists, all of it.
    wanted : Filter, optional
        What the list of Inspect is asked to show; `docks.open_inspect` opens it.
    grid : SideBySide
        The one arrangement in panels that all docks share.
    judgements : Judgements
        What a person said of entries of the result.
    judged : Comparison, optional
        What they were said of.
    ranking : str
        How the places were ranked that they were said of, such as ``worst 16 px``.
    flight : Flight
        Takes the viewer to places; all docks go back the same way.
    folder : Path, optional
        Where this result was saved last.
    mended : Mended, optional
        The mended copy of the ground truth.
    """

    result: Any = None
    roles: Any = None
    candidate: str = ""
    selected: Any = None
    entries: Any = None
    wanted: Any = None
    grid: Any = None
    flight: Any = None
    judgements: Any = Judgements()
    judged: Any = None
    ranking: str = ""
    folder: Any = None
    mended: Any = None


_SESSIONS: WeakKeyDictionary[Any, Session] = WeakKeyDictionary()


def session_of(viewer: Any) -> Session:
    """Return what the docks of a viewer share."""
    if viewer not in _SESSIONS:
        # weakly: the session must not keep alive what it is found by
        known = proxy(viewer)
        _SESSIONS[viewer] = Session(grid=SideBySide(known), flight=Flight(known))
    return _SESSIONS[viewer]
