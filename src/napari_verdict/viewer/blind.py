"""What a person must not see while they label: hidden, and brought back as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_verdict.viewer.layers import is_result, kind_of, names_model
from napari_verdict.viewer.spotlight import is_spotlight

if TYPE_CHECKING:
    from collections.abc import Collection


class Blindfold:
    """Hides predictions, and all that is made from them, from whoever labels.

    Images stay, since what is labelled is seen in them; predictions do not, images or not. Those
    that were not named as such are known by what they are called.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Only the visibility of its layers is touched, and brought back by `take_off`.
    """

    #: A hidden layer was shown by other means: the layer.
    lifted = Signal(object)
    #: A layer that came later was hidden: the layer.
    hidden = Signal(object)

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        #: Layers that are hidden, or were, and whether they were visible before.
        self._before: list[tuple[Any, bool]] = []
        self._kept: list[Any] = []
        self._predictions: list[Any] = []

    @property
    def is_on(self) -> bool:
        """Whether it hides anything, or would."""
        return bool(self._kept)

    def put_on(self, keep: Collection[Any], predictions: Collection[Any] = ()) -> None:
        """Hide all that could tell what a model found.

        Parameters
        ----------
        keep : collection of napari layers
            What stays as it is, such as the labels being painted; what marks the tile stays too.
        predictions : collection of napari layers
            What is hidden of whatever kind it is.
        """
        self.take_off()
        self._kept, self._predictions = list(keep), list(predictions)
        for layer in self._viewer.layers:
            self._hide(layer)
        self._viewer.layers.events.inserted.connect(self._on_inserted)

    def keep(self, layer: Any) -> None:
        """Let one more layer stay, and be as it was before it was hidden."""
        if not self.is_on or layer in self._kept:
            return
        self._kept.append(layer)
        for hidden, visible in self._before:
            if hidden is layer:
                layer.events.visible.disconnect(self._on_visible)
                layer.visible = visible
        self._before = [(x, visible) for x, visible in self._before if x is not layer]

    def lift(self, show: Collection[Any]) -> None:
        """Hide nothing any more; `show` these, and others as they were, until `take_off`."""
        self.rest()
        for layer, visible in self._before:
            if layer in self._viewer.layers:
                layer.visible = visible or layer in show

    def take_off(self) -> None:
        """Show and hide each layer as it was; one that is gone is left out."""
        self.rest()
        before, self._before = self._before, []
        for layer, visible in before:
            if layer in self._viewer.layers:
                layer.visible = visible

    def rest(self) -> None:
        """Hide nothing more, and leave what is seen as it is, until `take_off`."""
        if self.is_on:
            self._viewer.layers.events.inserted.disconnect(self._on_inserted)
            for layer, _ in self._before:
                layer.events.visible.disconnect(self._on_visible)
        self._kept, self._predictions = [], []

    def _hide(self, layer: Any) -> bool:
        tells = layer in self._predictions or is_result(layer) or kind_of(layer) != "image"
        tells = tells or names_model(layer)
        tells = tells and not is_spotlight(layer)
        if layer in self._kept or not tells or any(layer is x for x, _ in self._before):
            return False
        self._before.append((layer, bool(layer.visible)))
        layer.visible = False
        layer.events.visible.connect(self._on_visible)
        return True

    def _on_inserted(self, event: Any) -> None:
        if not _is_empty(event.value) and self._hide(event.value):
            self.hidden.emit(event.value)

    def _on_visible(self, event: Any) -> None:
        if event.source.visible:
            self.lifted.emit(event.source)


def _is_empty(layer: Any) -> bool:
    """Whether a layer tells nothing, such as one that was just made to draw in."""
    data = layer.data
    if kind_of(layer) == "labels":
        return isinstance(data, np.ndarray) and not data.any()
    return kind_of(layer) in ("points", "shapes") and len(data) == 0
