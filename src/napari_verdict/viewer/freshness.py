"""Whether the layers a result was computed from have changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_verdict.viewer.layers import kind_of, pixels_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.viewer.layers import Roles

#: Arrays up to this size are compared pixel by pixel, so that undoing an edit is noticed.
COMPARED = 1 << 24


class Freshness:
    """Watches source layers for painting, new data, undo and redo.

    Undo and redo say no more than "the display changed", so labels are compared with the
    copy that was taken when the comparison was frozen.
    """

    changed = Signal(bool)

    def __init__(self) -> None:
        self._watched: list[tuple[Any, Any]] = []
        self._stale: set[int] = set()

    @property
    def stale(self) -> list[Any]:
        """The layers that have changed since."""
        return [layer for layer, _ in self._watched if id(layer) in self._stale]

    def watch(self, sources: Iterable[tuple[Any, Any]]) -> None:
        """Watch (layer, array it was compared with) pairs instead of those before."""
        self.stop()
        self._watched = list(sources)
        for layer, _ in self._watched:
            for event in _events_of(layer):
                event.connect(self._on_change)
        self._on_change()

    def stop(self) -> None:
        """Watch nothing."""
        for layer, _ in self._watched:
            for event in _events_of(layer):
                event.disconnect(self._on_change)
        self._watched, self._stale = [], set()

    def _on_change(self, event: Any = None) -> None:
        before = bool(self._stale)
        source = getattr(event, "source", None)
        for layer, then in self._watched:
            if source is None or layer is source:
                self._note(layer, then, getattr(event, "type", ""))
        if bool(self._stale) != before:
            self.changed.emit(bool(self._stale))

    def _note(self, layer: Any, then: Any, event: str) -> None:
        if kind_of(layer) == "shapes":
            same = len(layer.data) == len(then) and all(map(np.array_equal, layer.data, then))
            (self._stale.discard if same else self._stale.add)(id(layer))
            return
        now = pixels_of(layer)
        if kind_of(layer) == "image":
            same = now is then or (
                isinstance(now, np.ndarray)
                and isinstance(then, np.ndarray)
                # RGB is compared as a view of it, labels in an image as a copy
                and (np.may_share_memory(now, then) or _are_equal(now, then))
            )
        elif isinstance(now, np.ndarray) and isinstance(then, np.ndarray):
            if now.size > COMPARED and event not in ("data", "labels_update"):
                return
            same = _are_equal(now, then)
        else:
            same = now is then
        (self._stale.discard if same else self._stale.add)(id(layer))


def compared_layers(roles: Roles, comparison: Comparison) -> list[tuple[Any, Any]]:
    """Return the layers that were compared, each with the array it was compared with."""
    inputs = (comparison.ground_truth, *comparison.predictions, comparison.raw)
    layers = (roles.ground_truth, *roles.predictions, roles.raw)
    compared = {
        layer: one.data  # without ground truth raw stands in its place as well
        for layer, one in zip(layers, inputs, strict=True)
        if layer is not None and one is not None
    }
    return list(compared.items())


def _are_equal(now: Any, then: Any) -> bool:
    return bool(now.size <= COMPARED and np.array_equal(now, then))


def _events_of(layer: Any) -> list[Any]:
    # of the two events of a stroke, "paint" may come before the pixels are written
    events = [layer.events.data, layer.events.set_data]
    return [*events, layer.events.labels_update] if kind_of(layer) == "labels" else events
