"""Undo over several Labels layers: the last step of all is taken back first."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from app_model.types import KeyCode, KeyMod

if TYPE_CHECKING:
    from collections.abc import Callable

#: Steps that napari keeps of each layer.
MOST = 100
#: napari's keys for undo and redo of labels, which are in no settings.
_UNDO = KeyMod.CtrlCmd | KeyCode.KeyZ
_REDO = KeyMod.CtrlCmd | KeyMod.Shift | KeyCode.KeyZ


class SharedUndo:
    """Answers napari's own undo and redo keys for layers that are painted on together.

    napari undoes the active layer. A person who marks an object, which is a step of another layer,
    means that step with the next undo.
    """

    def __init__(self) -> None:
        self._layers: list[Any] = []
        self._done: deque[Any] = deque(maxlen=MOST)
        self._undone: list[Any] = []

    def add(self, layer: Any) -> None:
        """Let a Labels layer take part."""
        self._layers.append(layer)
        layer.events.paint.connect(self._on_step)
        self._bind(layer, self.undo, self.redo)

    def remove(self, layer: Any) -> None:
        """Leave a layer to napari again."""
        if layer in self._layers:
            self._layers.remove(layer)
            layer.events.paint.disconnect(self._on_step)
            self._bind(layer, None, None)
            self._done = deque((x for x in self._done if x is not layer), MOST)
            self._undone = [x for x in self._undone if x is not layer]

    def stop(self) -> None:
        """Leave all layers to napari again."""
        for layer in tuple(self._layers):
            self.remove(layer)

    def undo(self, layer: Any) -> None:
        """Take back the last step, or where none is known that of the layer that was asked."""
        last = self._done.pop() if self._done else layer
        if _has_steps(last, "_undo_history"):
            self._undone.append(last)
            last.undo()

    def redo(self, layer: Any) -> None:
        """Do the step again that was taken back last."""
        last = self._undone.pop() if self._undone else layer
        if _has_steps(last, "_redo_history"):
            self._done.append(last)
            last.redo()

    def _on_step(self, event: Any) -> None:
        self._done.append(event.source)
        self._undone.clear()

    def _bind(
        self,
        layer: Any,
        undo: Callable[[Any], None] | None,
        redo: Callable[[Any], None] | None,
    ) -> None:
        for key, function in ((_UNDO, undo), (_REDO, redo)):
            layer.bind_key(key, function, overwrite=True)


def _has_steps(layer: Any, history: str) -> bool:
    steps = getattr(layer, history, None)
    return steps is None or len(steps) > 0  # where napari keeps none there it may have one
