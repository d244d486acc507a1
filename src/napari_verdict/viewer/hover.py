"""What lies under the cursor, in words, in napari's status bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_verdict.comparison.entries import ROLES
from napari_verdict.viewer.under import entry_under, keys_under

if TYPE_CHECKING:
    from napari_verdict.comparison.entries import Entries
    from napari_verdict.comparison.result import Result


class Hover:
    """Follows the cursor and says which objects are under it and what became of them.

    Ids are looked up in the labels that were compared, since overlays hold classes; of labels
    that are not in memory nothing is said. Places of a restoration and detections are those that
    are listed.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Its status is written to.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._result: Result | None = None
        self._reference: Any = None
        self._candidate = ""
        self._text = ""
        self._entries: Entries | None = None

    def follow(self, result: Result, reference: Any, candidate: str) -> None:
        """Describe this candidate's objects from now on; `reference` is the ground-truth layer."""
        if self._result is None:
            self._viewer.cursor.events.position.connect(self._on_cursor)
            self._viewer.events.status.connect(self._on_status)
            self._viewer.events.mouse_over_canvas.connect(self._on_canvas)
        self._result, self._reference, self._candidate = result, reference, candidate

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
            result.lookup(self._candidate, x.role, x.id, x.frame)
            for x in keys_under(self._viewer, self._result, self._reference, self._candidate, world)
        ]
        return " · ".join(info.describe() for info in found if info is not None)

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
