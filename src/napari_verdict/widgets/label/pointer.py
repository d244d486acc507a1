"""Asks for a place in the image: a click, two clicks, or a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_verdict.viewer.places import data_position

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

#: A mouse that moved less than this, in pixels of the screen, was not dragged.
_STILL = 4.0


class Pointer(QObject):
    """While it waits, mouse presses in the canvas point, and neither paint nor pan.

    Parameters
    ----------
    viewer : napari viewer
        Whose canvas.
    parent : QObject
        Who asks.
    """

    #: Places in pixels of the layer, (n, ndim): one that was clicked, or the ends of a line.
    pointed = Signal(object)

    def __init__(self, viewer: Any, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer, self._layer = viewer, None
        self._click = _click_of(self)

    @property
    def is_waiting(self) -> bool:
        """Whether a place is asked for."""
        return self._layer is not None

    def ask(self, layer: Any) -> None:
        """Ask for places in a layer until `stop`."""
        self.stop()
        self._layer = layer
        self._viewer.layers.selection.active = layer
        layer.mode = "pan_zoom"
        layer.mouse_pan = False  # a line is drawn, the image stays
        self._viewer.mouse_drag_callbacks.append(self._click)

    def stop(self) -> None:
        """Ask no more; who asked takes the tool up again."""
        if self._layer is not None:
            self._layer.mouse_pan = True
            self._layer = None
            if self._click in self._viewer.mouse_drag_callbacks:
                self._viewer.mouse_drag_callbacks.remove(self._click)

    def here(self, layer: Any) -> NDArray[np.float64] | None:
        """Return where the mouse is, in pixels of a layer; None outside of it."""
        at = data_position(self._viewer, layer, self._viewer.cursor.position)
        inside = (np.floor(at + 0.5) >= 0).all() and (np.floor(at + 0.5) < layer.data.shape).all()
        return np.asarray(at) if inside else None

    def point(self, places: list[Any]) -> None:
        """Take places of the viewer's world as pointed at."""
        if self._layer is not None:
            layer = self._layer
            self.pointed.emit(np.array([data_position(self._viewer, layer, p) for p in places]))


def _click_of(pointer: Pointer) -> Any:
    known = ref(pointer)

    def click(viewer: Any, event: Any) -> Generator[None, None, None]:
        """Take a click as a place, and a drag as a line."""
        if event.button != 1:
            return
        event.handled = True
        start, at = event.pos, event.position
        yield
        while event.type == "mouse_move":
            event.handled = True
            yield
        moved = max(abs(float(a) - float(b)) for a, b in zip(start, event.pos, strict=True))
        if (one := known()) is not None:
            one.point([at] if moved < _STILL else [at, event.position])

    return click
