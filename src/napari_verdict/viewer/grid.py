"""Side by side in napari's grid, and back to exactly the state before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_verdict.viewer.flip import Hold
from napari_verdict.viewer.fly import View
from napari_verdict.viewer.result_layers import result_layers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence


@dataclass(frozen=True)
class Desk:
    """How layers, grid and camera of a viewer are arranged."""

    layers: tuple[tuple[Any, bool, bool], ...]
    selected: frozenset[Any]
    active: Any
    stride: int
    shape: tuple[int, int]
    spacing: float
    enabled: bool
    background: Any
    view: View

    @classmethod
    def of(cls, viewer: Any) -> Desk:
        """Return how they are now."""
        grid, selection = viewer.canvas.grid, viewer.layers.selection
        return cls(
            tuple((x, bool(x.visible), bool(x.name_overlay.visible)) for x in viewer.layers),
            frozenset(selection),
            selection.active,
            grid.stride,
            grid.shape,
            grid.spacing,
            grid.enabled,
            viewer.canvas.background_color_override,
            View.of(viewer),
        )

    def restore(self, viewer: Any) -> None:
        """Bring all back; layers that came meanwhile stay on top, as they are."""
        grid, layers = viewer.canvas.grid, viewer.layers
        grid.enabled, grid.stride, grid.shape = self.enabled, self.stride, self.shape
        grid.spacing = self.spacing
        viewer.canvas.background_color_override = self.background
        left = [x for x, _, _ in self.layers if x in layers]
        reorder(layers, left)
        for layer, visible, named in self.layers:
            if layer in layers:
                layer.visible, layer.name_overlay.visible = visible, named
        layers.selection = {x for x in self.selected if x in layers}
        if self.active is None or self.active in layers:
            layers.selection.active = self.active
        self.view.restore(viewer)


class SideBySide:
    """Gives layers a panel each, and takes it back.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Whose grid is used.
    """

    #: The state before is back.
    left = Signal()
    #: The panels are there.
    shown = Signal()

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._before: Desk | None = None
        #: What is shown alone while a key is held; it ends where panels come or go.
        self.hold = Hold(viewer)
        #: Makes a layer that lies over a panel; None, or returning None, for nothing there.
        self.lid: Callable[[], Any] | None = None
        self._lids: list[Any] = []
        viewer.canvas.grid.events.enabled.connect(self._on_grid)

    @property
    def is_on(self) -> bool:
        """Whether panels are shown that were asked for here."""
        return self._before is not None and bool(self._viewer.canvas.grid.enabled)

    def show(self, layers: Sequence[Any]) -> None:
        """Show these layers, each in its panel with its name, the first one top left.

        Parameters
        ----------
        layers : sequence of napari layers
            All others are hidden; those that are gone are left out.
        """
        viewer = self._viewer
        wanted = [x for x in layers if x in viewer.layers]
        if not wanted:
            return
        self.hold.release()
        if not self.is_on:
            self._before = Desk.of(viewer)
        view = View.of(viewer)
        self._remove_lids()
        lids = [] if self.lid is None else [self.lid() for _ in wanted]
        self._lids = [x for x in lids if x is not None]
        for layer in viewer.layers:
            layer.visible = layer in wanted or layer in self._lids
            layer.name_overlay.visible = layer in wanted
        # the grid is filled from the bottom of the list
        if self._lids:
            pairs = [x for pair in zip(wanted, lids, strict=True) for x in pair]
            reorder(viewer.layers, [*pairs, *(x for x in viewer.layers if x not in pairs)])
        else:
            reorder(viewer.layers, wanted)
        grid, size = viewer.canvas.grid, np.array(viewer.canvas.viewbox_size(viewer.layers))
        grid.stride, grid.shape, grid.enabled = 2 if self._lids else 1, (-1, -1), True
        if viewer.canvas.background_color_override is None:
            # labels without raw below them, and white outlines, would be lost on a light canvas
            viewer.canvas.background_color_override = "black"
        view.restore(viewer)
        # a panel is smaller than the canvas: show as much in it
        smaller = np.array(viewer.canvas.viewbox_size(viewer.layers)) / np.maximum(size, 1)
        viewer.scene.camera.zoom = view.zoom * float(smaller.min())
        self.shown.emit()

    def leave(self) -> None:
        """Go back to the state before."""
        self.hold.release()
        before, self._before = self._before, None
        if before is not None:
            layers = self._viewer.layers
            lids = [x for x in self._lids if x in layers]
            reorder(layers, [*(x for x in layers if x not in lids), *lids])
            before.restore(self._viewer)
            self._remove_lids()
        else:
            self._viewer.canvas.grid.enabled = False
        self.left.emit()

    def _remove_lids(self) -> None:
        lids, self._lids = self._lids, []
        for layer in lids:
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)

    def _on_grid(self, event: Any = None) -> None:
        if self._before is not None and not self._viewer.canvas.grid.enabled:
            self.leave()  # napari's own button ends it as well


def panels(viewer: Any, roles: Any) -> list[Any]:
    """Return what is worth a panel: raw, predictions, ground truth, and what shows results now.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Maps and overlays that are visible follow the sources, the top one first.
    roles : Roles
        The sources.
    """
    sources = [roles.raw, *roles.predictions, roles.ground_truth]
    shown = [x for x in reversed(result_layers(viewer)) if x.visible]
    # without ground truth raw stands in its place as well
    found = dict.fromkeys(x for x in [*sources, *shown] if x is not None)
    return [x for x in found if x in viewer.layers]


def reorder(layers: Any, wanted: Collection[Any]) -> None:
    """Bring layers of a list into this order among the places they take up now."""
    order = list(layers)
    places = sorted(order.index(x) for x in wanted)
    for place, layer in zip(places, wanted, strict=True):
        order[place] = layer
    for place, layer in enumerate(order):
        if layers[place] is not layer:
            layers.move(layers.index(layer), place)
