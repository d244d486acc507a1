"""Between the list and the viewer: go there, outline, hold, side by side, and what was clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_verdict.comparison.result import Progress
from napari_verdict.viewer.fly import box_in_layer, channel_slider
from napari_verdict.viewer.grid import panels
from napari_verdict.viewer.highlight import Highlight, outlines_of
from napari_verdict.viewer.layers import kind_of
from napari_verdict.viewer.places import frame_and_crop
from napari_verdict.viewer.result_layers import find
from napari_verdict.viewer.under import (
    compared_pixel,
    entry_under,
    has_lazy_labels,
    keys_under,
    read_objects,
)
from napari_verdict.widgets.job import Job
from napari_verdict.widgets.session import session_of
from napari_verdict.widgets.state import choices_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.comparison.entries import Entries
    from napari_verdict.engine.cancel import CancelToken

#: Modes in which a click asks what lies there, rather than paints or adds.
_LOOKING = ("pan_zoom", "pick")
#: A mouse that moved less than this, in pixels of the screen, was not dragged.
_STILL = 4.0


class Hunt(QObject):
    """Takes the viewer to entries, and tells which entry was clicked in it.

    Parameters
    ----------
    viewer : napari viewer
        Whose session is followed.
    parent : QObject
        The dock.
    """

    #: Entries that a person pointed at in the image, the likeliest first: list of EntryKey.
    picked = Signal(object)
    #: There is one view again, in which something can be outlined.
    regained = Signal()

    def __init__(self, viewer: Any, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer, self._session = viewer, session_of(viewer)
        self.entries: Entries | None = None
        self.flight, self.highlight = self._session.flight, Highlight(viewer)
        self._sources: list[Any] = []
        self._reader = Job(self)
        self._reader.done.connect(self._on_read)
        self._flying = False
        self._click = _click_of(self)
        viewer.mouse_drag_callbacks.append(self._click)
        viewer.scene.camera.events.zoom.connect(self._on_zoom)
        viewer.canvas.grid.events.enabled.connect(self._on_grid)
        self._session.grid.left.connect(self._on_left)
        self._session.grid.shown.connect(self._on_left)
        self.share()

    def share(self) -> None:
        """Outline what is looked at side by side too."""
        self._session.grid.lid = _lid_of(self)

    # ---- to the image

    def go(self, row: int, title: str) -> None:
        """Fly to an entry and outline it."""
        result, reference = self._known()
        if result is None or self.entries is None:
            return
        self._flying = True
        try:
            box = box_in_layer(result, reference, self.entries, row)
            channel = channel_slider(self._viewer, result, self.entries, row)
            self.flight.to(reference, *box, sliders=channel)
        finally:
            self._flying = False
        self.outline(row, title)

    def outline(self, row: int, title: str) -> None:
        """Outline an entry and its partner where they are."""
        result, reference = self._known()
        if result is None or self.entries is None:
            return
        key = self.entries.key(row)
        outlines = outlines_of(result, self.entries, row)
        self.highlight.show(result, reference, outlines, key.frame, title)

    @property
    def start(self) -> dict[str, int]:
        """By axis, where in the ground-truth layer the compared pixels begin."""
        result, reference = self._known()
        if reference is None:
            return {}
        axes, start = frame_and_crop(result, reference)
        return dict(zip(axes, np.rint(start).astype(int).tolist(), strict=True))

    @property
    def can_compare(self) -> bool:
        """Whether there are layers to put side by side."""
        return bool(panels(self._viewer, self._roles()))

    def back(self) -> bool:
        """Go back to where camera and sliders were before the jump."""
        return bool(self.flight.back())

    def hold(self, role: str, pressed: bool) -> bool:
        """Show raw, ground truth or prediction alone while a key is held."""
        if not pressed:
            self._session.grid.hold.release()
            return True
        alone = self._layers_of(role)
        if not alone:
            return False
        if (layer := self.highlight.layer) is not None and layer.visible:
            alone = [*alone, layer]
        return bool(self._session.grid.hold.press(alone))

    def toggle_side_by_side(self) -> bool:
        """Give sources and results a panel each, or go back to the state before."""
        grid = self._session.grid
        if grid.is_on or self._viewer.canvas.grid.enabled:
            grid.leave()
            return True
        grid.show(panels(self._viewer, self._roles()))
        return bool(grid.is_on)

    def follow_sources(self) -> None:
        """Listen to the label layers of the result that is looked at."""
        self._forget_sources()
        roles = self._session.roles
        if self._session.result is not None and roles is not None:
            layers = (roles.ground_truth, self._prediction())
            self._sources = [x for x in layers if x is not None and kind_of(x) == "labels"]
        for layer in self._sources:
            layer.events.selected_label.connect(self._on_label)

    def stop(self) -> None:
        """Leave the viewer alone; the outline goes."""
        self._reader.cancel()
        self._forget_sources()
        if self._click in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._click)
        self._viewer.scene.camera.events.zoom.disconnect(self._on_zoom)
        self._viewer.canvas.grid.events.enabled.disconnect(self._on_grid)
        self._session.grid.left.disconnect(self._on_left)
        self._session.grid.shown.disconnect(self._on_left)
        self._session.grid.lid = None
        self._session.grid.hold.release()
        self.highlight.clear()

    # ---- from the image

    def pick_at(self, event: Any) -> None:
        """Say which entries lie where the mouse was clicked."""
        result, reference = self._known()
        active = self._viewer.layers.selection.active
        looking = active is None or str(getattr(active, "mode", "pan_zoom")) in _LOOKING
        if result is None or self.entries is None or not looking:
            return
        candidate, at = self.entries.candidate, (event.position, event.view_direction)
        flat = len(self._viewer.dims.displayed) == 2
        if flat and has_lazy_labels(result, candidate):
            self._read_at(result, candidate, reference, event.position)
            return
        if result.comparison.task.is_labels:
            keys = keys_under(self._viewer, result, reference, candidate, *at)
        else:
            row = entry_under(self._viewer, result, reference, self.entries, *at)
            keys = [self.entries.key(row)] if row >= 0 else []
        if keys:
            self.picked.emit(keys)

    def _read_at(self, result: Any, candidate: str, reference: Any, position: Any) -> None:
        """Read in a worker which objects lie at a position, then say so."""
        found = compared_pixel(self._viewer, result, reference, position)
        if found is None:
            return
        pixel = tuple(int(i) for i in np.floor(np.asarray(found[0]) + 0.5))

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            yield Progress(0, 1, "labels")
            return read_objects(result, candidate, pixel, found[1])

        self._reader.start(steps, "Reading what was clicked")

    def _on_read(self, outcome: Any) -> None:
        if isinstance(outcome, list) and outcome:
            self.picked.emit(outcome)

    def _on_label(self, event: Any) -> None:
        layer = event.source
        if self.entries is None or str(layer.mode) not in _LOOKING:
            return
        from napari_verdict.comparison.entries import EntryKey

        truth = self._session.roles.ground_truth
        here = compared_pixel(self._viewer, self._session.result, truth, self._viewer.dims.point)
        if here is not None:
            role = "ground truth" if layer is truth else "prediction"
            label = int(layer.selected_label)
            self.picked.emit([EntryKey(self.entries.candidate, role, here[1], label)])

    # ---- who is who

    def _known(self) -> tuple[Any, Any]:
        """Return the result and the ground-truth layer; None where there is no result."""
        result, roles = self._session.result, self._session.roles
        return (None, None) if result is None or roles is None else (result, roles.ground_truth)

    def _roles(self) -> Any:
        return self._session.roles or choices_of(self._viewer).roles

    def _prediction(self) -> Any:
        """Return the layer of the candidate that is looked at; the first one for raw."""
        result, roles = self._session.result, self._roles()
        names = []
        if result is not None:
            names = [p.name for p in (result.request or result.comparison).predictions]
        by_name = dict(zip(names, roles.predictions, strict=False))
        return by_name.get(self._session.candidate, next(iter(roles.predictions), None))

    def _layers_of(self, role: str) -> list[Any]:
        roles, result = self._roles(), self._session.result
        if role == "ground truth" and result is not None and result.comparison.task == "evidence":
            # there is none: what raw leaves of the prediction is looked at instead
            residual = find(self._viewer, self._session.candidate, "residual")
            return [] if residual is None else [residual]
        layer = self._prediction() if role == "prediction" else getattr(
            roles, role.replace(" ", "_"))  # fmt: skip
        if layer is None or layer not in self._viewer.layers:
            return []
        # labels and points alone would lie on black
        below = [roles.raw] if roles.raw is not None and kind_of(layer) != "image" else []
        return [layer, *below]

    def _forget_sources(self) -> None:
        for layer in self._sources:
            layer.events.selected_label.disconnect(self._on_label)
        self._sources = []

    def _on_zoom(self, event: Any = None) -> None:
        reference = None if self._flying else self._known()[1]
        if reference is not None and any(x.visible for x in self.highlight.layers):
            self.highlight.set_width(reference)

    def over_panel(self) -> Any:
        """Make a layer that outlines what is looked at over one panel; None without a result."""
        reference = self._known()[1]
        return None if reference is None else self.highlight.over_panel(reference)

    def _on_grid(self, event: Any = None) -> None:
        if not self._viewer.canvas.grid.enabled:
            self._on_left()
        elif not self.highlight.layers:
            self.highlight.clear()

    def _on_left(self) -> None:
        self.regained.emit()


def _lid_of(hunt: Hunt) -> Any:
    known = ref(hunt)
    return lambda: hunt.over_panel() if (hunt := known()) is not None else None


def _click_of(hunt: Hunt) -> Any:
    known = ref(hunt)

    def click(viewer: Any, event: Any) -> Generator[None, None, None]:
        """Select what lies under a click that was not a drag."""
        start = event.pos
        yield
        while event.type == "mouse_move":
            yield
        moved = max(abs(float(a) - float(b)) for a, b in zip(start, event.pos, strict=True))
        if (hunt := known()) is not None and moved < _STILL and event.button == 1:
            hunt.pick_at(event)

    return click
