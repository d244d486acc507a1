"""What lies under the cursor, in words, in napari's status bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.viewer.lazy_planes import is_lazy
from napari_verdict.viewer.places import data_position, value_at

if TYPE_CHECKING:
    from napari_verdict.comparison.result import Result


class Hover:
    """Follows the cursor and says which objects are under it and what became of them.

    Ids are looked up in the labels that were compared, since overlays hold classes; of labels
    that are not in memory nothing is said.

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

    def follow(self, result: Result, reference: Any, candidate: str) -> None:
        """Describe this candidate's objects from now on; `reference` is the ground-truth layer."""
        if self._result is None:
            self._viewer.cursor.events.position.connect(self._on_cursor)
            self._viewer.events.status.connect(self._on_status)
        self._result, self._reference, self._candidate = result, reference, candidate

    def stop(self) -> None:
        """Leave the status bar alone."""
        if self._result is not None:
            self._viewer.cursor.events.position.disconnect(self._on_cursor)
            self._viewer.events.status.disconnect(self._on_status)
        self._result = self._reference = None
        self._text = ""

    def describe(self, world: Any) -> str:
        """Return what is at a position of the viewer's world; "" where nothing is."""
        if self._result is None or not hasattr(self._result, "lookup"):
            return ""
        comparison = self._result.comparison
        asked = self._result.request or comparison
        truth, before = comparison.ground_truth, asked.ground_truth
        position = data_position(self._viewer, self._reference, world)
        if len(position) != len(truth.axes):
            return ""
        # the compared pixels may begin later than the layer's, where they were cropped
        start = (np.array(truth.translate) - np.array(before.translate)) / np.array(truth.scale)
        position = position - start
        frame = tuple(
            round(float(p)) for a, p in zip(truth.axes, position, strict=True) if a in "tc"
        )
        found = []
        predicted = comparison.candidates[self._candidate]
        for role, data in (("ground truth", truth.data), ("prediction", predicted.data)):
            if is_lazy(data):  # would be read here, on the main thread, at every move
                continue
            label = value_at(data, position)
            info = self._result.lookup(self._candidate, role, label, frame) if label else None
            if info is not None:
                found.append(info.describe())
        return " · ".join(found)

    def _on_cursor(self, event: Any = None) -> None:
        self._text = self.describe(self._viewer.cursor.position)
        if self._text:
            self._viewer.status = self._text

    def _on_status(self, event: Any = None) -> None:
        # napari writes its own text after every move, from a thread of its own
        if self._text and self._viewer.status != self._text:
            self._viewer.status = self._text
