"""What lies under the cursor, in words, in napari's status bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_verdict.comparison.entries import ROLES
from napari_verdict.viewer.under import (
    compared_pixel,
    entry_under,
    has_lazy_labels,
    keys_under,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_verdict.comparison.entries import Entries, EntryKey
    from napari_verdict.comparison.result import Result


class Hover:
    """Follows the cursor and says which objects are under it and what became of them.

    Ids are looked up in the labels that were compared, since overlays hold classes; those that
    are not in memory somebody else reads. Places of a restoration and detections are those that
    are listed.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Its status is written to.
    """

    #: Labels have to be read: a pixel that was compared, and its frame.
    asked = Signal(object)

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._result: Result | None = None
        self._reference: Any = None
        self._candidate = ""
        self._text = ""
        self._entries: Entries | None = None
        self._read: tuple[Any, list[EntryKey]] = (None, [])

    def follow(self, result: Result, reference: Any, candidate: str) -> None:
        """Describe this candidate's objects from now on; `reference` is the ground-truth layer."""
        if self._result is None:
            self._viewer.cursor.events.position.connect(self._on_cursor)
            self._viewer.events.status.connect(self._on_status)
            self._viewer.events.mouse_over_canvas.connect(self._on_canvas)
        self._result, self._reference, self._candidate = result, reference, candidate
        self._read = (None, [])

    def stop(self) -> None:
        """Leave the status bar alone."""
        if self._result is not None:
            self._viewer.cursor.events.position.disconnect(self._on_cursor)
            self._viewer.events.status.disconnect(self._on_status)
            self._viewer.events.mouse_over_canvas.disconnect(self._on_canvas)
        self._result = self._reference = None
        self._text = ""

    def describe(self, world: Any) -> str:
        """Return what is at a position of the viewer's world; "" where nothing is."""
        if self._result is None:
            return ""
        if not self._result.comparison.task.is_labels:
            return self._listed(world)
        result: Any = self._result
        found = [
            result.lookup(self._candidate, x.role, x.id, x.frame) for x in self._objects(world)
        ]
        return " · ".join(info.describe() for info in found if info is not None)

    def tell(self, where: Any, keys: Sequence[EntryKey]) -> None:
        """Take what was read at a pixel; it is said if the mouse is still there."""
        self._read = (where, [*keys])
        if self._result is not None and where == self._where(self._viewer.cursor.position):
            self._on_cursor()

    def _objects(self, world: Any) -> Sequence[EntryKey]:
        """Return the objects at a position, as far as they are known, and ask for the rest."""
        at = self._viewer, self._result, self._reference
        flat = len(self._viewer.dims.displayed) == 2
        if flat and has_lazy_labels(self._result, self._candidate):
            where = self._where(world)
            if where is not None and where == self._read[0]:
                return self._read[1]
            if where is not None:
                self.asked.emit(where)
        return keys_under(*at, self._candidate, world)

    def _where(self, world: Any) -> Any:
        """Return the pixel, as whole numbers, and the frame of a position; None where unknown."""
        found = compared_pixel(self._viewer, self._result, self._reference, world)
        if found is None:
            return None
        return tuple(int(i) for i in np.floor(np.asarray(found[0]) + 0.5)), found[1]

    def list(self, entries: Entries | None) -> None:
        """Describe these places or detections; objects are looked up in their labels."""
        self._entries = entries

    def _listed(self, world: Any) -> str:
        """Return what the list says of a position."""
        entries = self._entries
        if entries is None or entries.candidate != self._candidate:
            return ""
        row = entry_under(self._viewer, self._result, self._reference, entries, world)
        if row < 0:
            return ""
        value = float(entries.value[row])
        said = f"{entries.kinds[entries.kind[row]]}: {ROLES[entries.role[row]]} {entries.id[row]}"
        return said if value != value else f"{said}, {entries.value_name} {value:.3g}"

    def _on_cursor(self, event: Any = None) -> None:
        self._text = self.describe(self._viewer.cursor.position)
        if self._text:
            self._viewer.status = self._text

    def _on_canvas(self, event: Any = None) -> None:
        if self._text and not self._viewer.mouse_over_canvas:
            self._text = ""  # first: whatever is said from now on stays
            self._viewer.status = ""

    def _on_status(self, event: Any = None) -> None:
        # napari writes its own text after every move, from a thread of its own
        if self._text and self._viewer.status != self._text:
            self._viewer.status = self._text
