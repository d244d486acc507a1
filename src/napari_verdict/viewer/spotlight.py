"""The tile that is labelled, in light, and the rest in the dark: a layer of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.viewer.fly import Flight
from napari_verdict.viewer.layers import MARK
from napari_verdict.viewer.places import data_position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    #: z0, z1, y0, y1, x0, x1 in pixels; ends exclusive.
    Box = tuple[int, int, int, int, int, int]

#: What the metadata of the layer says it shows, and what it is called.
NAME, TITLE = "tile", "tile to label"
#: How dark it is beyond the margin, in the margin, and on planes that are not the tile's.
FAR, NEAR, ELSEWHERE = 0.6, 0.25, 0.75
#: How much of the view a tile and its margin take.
SHARE = 0.92
#: Thickness of the frame on the screen, in its pixels, and its colour.
WIDTH, FRAME = 2.0, (1.0, 0.88, 0.29, 1.0)


class Spotlight:
    """Frames a tile: camera, sliders, and all but the tile dimmed.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Where; its layer is taken away by `remove`.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._flight = Flight(viewer)
        self._raw: Any = None
        self._axes = ""
        self._frame: tuple[int, ...] = ()
        self._tile: Box | None = None
        self._window: Box | None = None
        self._inside: bool | None = None
        #: Colours of faces and edges as they were drawn last.
        self._colours: list[Any] = []

    @property
    def layer(self) -> Any | None:
        """The layer that dims; None where there is none."""
        return next(filter(is_spotlight, self._viewer.layers), None)

    def show(self, raw: Any, axes: str, frame: tuple[int, ...], tile: Box, window: Box) -> None:
        """Go to a tile and light it; see `aim`."""
        self.aim(raw, axes, frame, tile, window)
        self.light()

    def aim(self, raw: Any, axes: str, frame: tuple[int, ...], tile: Box, window: Box) -> None:
        """Go to a tile, which is lit by `light`.

        Parameters
        ----------
        raw : napari layer
            In whose pixels boxes are; its last two axes are y and x.
        axes : str
            One letter an axis of the layer.
        frame : tuple of int
            Index along the frame axes, in the order of `axes`.
        tile, window : tuple of int
            The tile, and it with its margin, which is dimmed a little.
        """
        self._raw, self._axes, self._frame = raw, axes, frame
        self._tile, self._window, self._inside = tile, window, None
        events = self._viewer.dims.events
        events.current_step.disconnect(self._on_step)  # on the way nothing is drawn
        events.ndisplay.disconnect(self._on_step)
        self.go()

    def light(self) -> None:
        """Light the tile that was gone to."""
        events = self._viewer.dims.events
        events.current_step.connect(self._on_step)
        events.ndisplay.connect(self._on_step)
        self._draw()

    def go(self) -> None:
        """Bring the tile back into view, planes and frames too."""
        if self._window is None or self._tile is None:
            return
        low, high = self._ends(self._window)
        first, last = self._ends(self._tile)
        self._flight.to(self._raw, low, high, np.floor((first + last) / 2), share=SHARE)

    def remove(self) -> None:
        """Take the layer away; the camera stays."""
        self.forget()
        layer = self.layer
        if layer is not None:
            self._viewer.layers.remove(layer)

    def forget(self) -> None:
        """Light no tile any more; the layer is hidden."""
        self._viewer.dims.events.current_step.disconnect(self._on_step)
        self._viewer.dims.events.ndisplay.disconnect(self._on_step)
        self._tile = self._window = None
        layer = self.layer
        if layer is not None:
            layer.visible = False

    @property
    def is_inside(self) -> bool:
        """Whether the plane and frame that are shown are the tile's."""
        if self._tile is None:
            return False
        here = data_position(self._viewer, self._raw, self._viewer.dims.point)
        frames = iter(self._frame)
        for axis, position in zip(self._axes[:-2], np.floor(here + 0.5)[:-2], strict=True):
            if axis == "z":
                if not self._tile[0] <= position < self._tile[1]:
                    return False
            elif position != next(frames):
                return False
        return True

    def _ends(self, box: Box) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the outer edges of a box, one coordinate an axis of the layer."""
        frames = iter(self._frame)
        low, high = [], []
        for axis in self._axes:
            if axis in "zyx":
                k = "zyx".index(axis)
                low.append(box[2 * k] - 0.5)
                high.append(box[2 * k + 1] - 0.5)
            else:
                at = float(next(frames))
                low.append(at)
                high.append(at)
        return np.array(low), np.array(high)

    def _on_step(self, event: Any = None) -> None:
        if self._tile is not None and self._inside is not self.is_inside:
            self._draw()
        layer = self.layer
        if layer is not None and self._tile is not None:
            flat = self._viewer.dims.ndisplay == 2  # in 3D it would be one dark plane
            if layer.visible is not flat:
                layer.visible = flat

    def _draw(self) -> None:
        assert self._tile is not None
        assert self._window is not None
        if self._viewer.dims.ndisplay == 3:  # napari cannot change flat shapes there
            self._inside = None
            return
        self._inside = self.is_inside
        size = self._raw.extent.data[1][-2:] + 1
        everything = (0, round(float(size[0])), 0, round(float(size[1])))
        if self._inside:
            tile, window = self._tile[2:], self._window[2:]
            parts = [(b, FAR) for b in _around(window, everything)]
            parts += [(b, NEAR) for b in _around(tile, window)]
        else:
            tile, parts = None, [(everything, ELSEWHERE)]
        corners = [_corners(b) for b, _ in parts]
        faces = [(0.0, 0.0, 0.0, dark) for _, dark in parts]
        edges = [(0.0, 0.0, 0.0, 0.0)] * len(parts)
        if tile is not None:
            corners.append(_corners(tile))
            faces.append((0.0, 0.0, 0.0, 0.0))
            edges.append(FRAME)
        self._put(corners, faces, edges)

    def _put(self, corners: Sequence[Any], faces: Sequence[Any], edges: Sequence[Any]) -> None:
        from napari.layers import Shapes

        viewer, old = self._viewer, self.layer
        chosen, active = set(viewer.layers.selection), viewer.layers.selection.active
        zoom = float(viewer.scene.camera.zoom)
        pixel = float(np.abs(np.asarray(self._raw.scale)[-2:]).min())
        width = WIDTH / max(zoom * pixel, 1e-12)
        looks = {
            "shape_type": "rectangle",
            "face_color": np.array(faces),
            "edge_color": np.array(edges),
            "edge_width": width,
        }
        before, self._colours = self._colours, [*faces, *edges]
        if old is not None and before == self._colours and len(old.data) == len(corners):
            old.data = list(corners)  # which is quicker, and keeps colours
            old.edge_width = [width] * len(corners)
            old.visible = viewer.dims.ndisplay == 2
        elif old is not None:
            # the shapes of a layer are replaced by adding; an empty layer keeps no colours
            old.data = []
            old.add(list(corners), **looks)
            old.selected_data = set()
            old.visible = viewer.dims.ndisplay == 2
        else:
            center = viewer.scene.camera.center
            layer = Shapes(
                list(corners),
                name=TITLE,
                opacity=1.0,
                metadata={MARK: {"candidate": "", "name": NAME}},
                **looks,
                **_placement(self._raw),
            )
            layer.editable = False
            viewer.add_layer(layer)
            viewer.scene.camera.center, viewer.scene.camera.zoom = center, zoom
        viewer.layers.selection = {x for x in chosen if x in viewer.layers}
        viewer.layers.selection.active = active


def is_spotlight(layer: Any) -> bool:
    """Whether a layer is the one that dims."""
    return bool(layer.metadata.get(MARK, {}).get("name") == NAME)


def _placement(raw: Any) -> dict[str, Any]:
    """Return what places a layer of y and x just over one that may have more axes."""
    origin = np.asarray(raw.data_to_world(np.zeros(raw.ndim)))[-2:]
    affine = np.eye(3)
    affine[:2, 2] = origin
    for k, step in enumerate(np.eye(raw.ndim)[-2:]):
        affine[:2, k] = np.asarray(raw.data_to_world(step))[-2:] - origin
    return {"affine": affine, "units": raw.units[-2:], "axis_labels": raw.axis_labels[-2:]}


def _around(inner: Sequence[int], outer: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """Return the parts of a rectangle that lie around another within it."""
    y0, y1, x0, x1 = inner
    top, bottom, left, right = outer
    parts = (
        (top, y0, left, right),
        (y1, bottom, left, right),
        (y0, y1, left, x0),
        (y0, y1, x1, right),
    )
    return [p for p in parts if p[0] < p[1] and p[2] < p[3]]


def _corners(box: Sequence[int]) -> NDArray[np.float64]:
    y0, y1, x0, x1 = (end - 0.5 for end in box)
    return np.array([[y0, x0], [y0, x1], [y1, x1], [y1, x0]])
