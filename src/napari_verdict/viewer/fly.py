"""Fly to a place and back: camera and sliders."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_verdict.viewer.places import frame_and_crop, world_position

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

#: How much of the view a place takes, and the fewest pixels that are shown across.
SHARE, LEAST = 0.3, 40.0
#: Places one can go back to.
TRAIL = 50


@dataclass(frozen=True)
class View:
    """Where the camera and the sliders of a viewer stand."""

    center: tuple[float, ...]
    zoom: float
    angles: tuple[float, ...]
    point: tuple[float, ...]
    order: tuple[int, ...]
    ndisplay: int

    @classmethod
    def of(cls, viewer: Any) -> View:
        """Return where they stand now."""
        camera, dims = viewer.scene.camera, viewer.dims
        return cls(
            tuple(map(float, camera.center)),
            float(camera.zoom),
            tuple(map(float, camera.angles)),
            tuple(map(float, dims.point)),
            tuple(dims.order),
            int(dims.ndisplay),
        )

    def restore(self, viewer: Any) -> None:
        """Bring them back; sliders only while the viewer has the same dimensions."""
        dims, camera = viewer.dims, viewer.scene.camera
        if dims.ndim == len(self.point):
            dims.order = self.order
            dims.ndisplay = self.ndisplay
            dims.point = self.point
        # last: napari moves the camera with the sliders
        camera.angles, camera.center, camera.zoom = self.angles, self.center, self.zoom


def box_in_layer(result: Any, reference: Any, entries: Any, row: int) -> tuple[Any, Any, Any]:
    """Return the box of an entry, and its middle, in pixels of the ground-truth layer.

    Parameters
    ----------
    result : Result
        What the entries belong to.
    reference : napari layer
        The ground truth.
    entries : Entries
        All of them; or anything that has their frames, boxes and centroids.
    row : int
        The one that is meant.

    Returns
    -------
    (ndarray, ndarray, ndarray)
        The outer edges of its first and last pixel, and its centroid in whole pixels, one
        coordinate an axis of the layer; along frames all are the frame.
    """
    axes, start = frame_and_crop(result, reference)
    frames = dict(
        zip((a for a in result.comparison.ground_truth.axes if a in "tc"),
            entries.frame[row].tolist(), strict=True)
    )  # fmt: skip
    low, high, middle = np.zeros((3, len(axes)))
    for i, axis in enumerate(axes):
        if axis in frames:
            low[i] = high[i] = middle[i] = frames[axis]
        else:
            k = "zyx".index(axis)
            low[i], high[i] = entries.box[row, 2 * k : 2 * k + 2] - 0.5
            middle[i] = round(float(entries.centroid[row, k]))
    return low + start, high + start, middle + start


def channel_slider(viewer: Any, result: Any, entries: Any, row: int) -> dict[int, int]:
    """Return where the slider of channels goes for an entry of an RGB image; {} for others.

    The layer of such an image has no axis for channels, the maps of it have one in front.
    """
    axes = result.comparison.ground_truth.axes
    position = viewer.dims.ndim - len(axes)
    if not axes.endswith("c") or position < 0:
        return {}
    return {position: int(entries.frame[row, -1])}


class Flight:
    """Takes camera and sliders to places, and back to where a person had them.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Whose.
    """

    #: The viewer was taken somewhere, or back.
    moved = Signal()

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._trail: list[View] = []
        self._landed: View | None = None

    @property
    def can_return(self) -> bool:
        """Whether there is a place to go back to."""
        return bool(self._trail)

    def to(
        self,
        layer: Any,
        low: Sequence[float] | NDArray[np.float64],
        high: Sequence[float] | NDArray[np.float64],
        step_to: Sequence[float] | NDArray[np.float64] | None = None,
        *,
        share: float = SHARE,
        sliders: Mapping[int, int] | None = None,
    ) -> None:
        """Centre a box and zoom until it fits with what lies around it.

        Parameters
        ----------
        layer : napari layer
            Whose pixels the box is in.
        low, high : sequence of float
            Its corners, one coordinate an axis of the layer.
        step_to : sequence of float, optional
            Where the sliders go; by default to the middle of the box.
        share : float
            How much of the view the box takes, in (0, 1].
        sliders : mapping of int to int, optional
            Steps of sliders along which the layer does not lie, by axis of the viewer.
        """
        viewer = self._viewer
        here = View.of(viewer)
        if here != self._landed:
            self._trail = [*self._trail[1 - TRAIL :], here]
        corners = np.array(
            [world_position(viewer, layer, c) for c in product(*zip(low, high, strict=True))]
        )
        pixel = world_position(viewer, layer, np.asarray(low) + 1) - corners[0]
        first, last = corners.min(axis=0), corners.max(axis=0)
        middle = (first + last) / 2
        shown = list(viewer.dims.displayed)
        stepped = [i for i in range(len(middle)) if i not in shown]
        if stepped:
            # of an even number of planes the one before the middle
            at = middle - 1e-3 * np.abs(pixel)
            if step_to is not None:
                at = world_position(viewer, layer, step_to)
            viewer.dims.set_point(stepped, [float(at[i]) for i in stepped])
        for axis, step in (sliders or {}).items():
            viewer.dims.set_current_step(axis, step)
        camera = viewer.scene.camera
        center = tuple(float(middle[i]) for i in shown)
        camera.center = (*camera.center[: len(camera.center) - len(center)], *center)
        camera.zoom = self._zoom((last - first)[shown], np.abs(pixel)[shown], share)
        self._landed = View.of(viewer)
        self.moved.emit()

    def back(self) -> bool:
        """Return to where a person had camera and sliders; say whether there was such a place."""
        if not self._trail:
            return False
        self._trail.pop().restore(self._viewer)
        self._landed = None
        self.moved.emit()
        return True

    def _zoom(self, size: Any, pixel: Any, share: float) -> float:
        view = np.array(self._viewer.canvas.viewbox_size(self._viewer.layers), float)
        across = np.maximum(size / share, LEAST * pixel)
        if len(across) == 3:
            return float(view.min() / max(np.linalg.norm(across), 1e-12))
        return float((view / np.maximum(across, 1e-12)).min())
