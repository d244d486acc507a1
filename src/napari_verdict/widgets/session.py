"""What the docks of one viewer share: the result that is looked at, and the entry in it."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from psygnal import EventedModel


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
    wanted : Filter, optional
        What the list of Inspect is asked to show; it opens by `docks.open_inspect`.
    """

    result: Any = None
    roles: Any = None
    candidate: str = ""
    selected: Any = None
    wanted: Any = None


_SESSIONS: WeakKeyDictionary[Any, Session] = WeakKeyDictionary()


def session_of(viewer: Any) -> Session:
    """Return what the docks of a viewer share."""
    if viewer not in _SESSIONS:
        _SESSIONS[viewer] = Session()
    return _SESSIONS[viewer]
