"""Where the cursor is, in the pixels that were compared."""

from __future__ import annotations

from typing import Any

import numpy as np


def data_position(viewer: Any, layer: Any, world: Any) -> Any:
    """Return a position of the viewer's world in the pixels of a layer.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Its world is in `viewer.layers.units`, where all layers agree on units.
    layer : napari layer
        Its own transform gives its own units, so the two are brought together here.
    world : sequence of float
        As many coordinates as the viewer has dimensions.

    Returns
    -------
    ndarray
        One coordinate an axis of the layer.
    """
    own = np.array(world[-layer.ndim :], dtype=float)
    shared = viewer.layers.units
    if shared is not None:
        for i, (mine, theirs) in enumerate(zip(layer.units, shared[-layer.ndim :], strict=True)):
            own[i] *= (1 * theirs).to(mine).magnitude
    return np.asarray(layer.world_to_data(own))


def value_at(data: Any, position: Any) -> int | None:
    """Return the pixel an array holds at a position; None outside it or where it is lazy."""
    if not isinstance(data, np.ndarray):
        return None
    index = tuple(int(i) for i in np.floor(np.asarray(position) + 0.5))
    if len(index) != data.ndim or any(
        not 0 <= i < n for i, n in zip(index, data.shape, strict=True)
    ):
        return None
    return int(data[index])


def go_to_index(viewer: Any, axes: str, axis: str, index: int) -> None:
    """Move the viewer's slider of a named axis to a plane or frame.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Its last axes are those of the compared images.
    axes : str
        The axes of the ground truth.
    axis : str
        The one to move along.
    index : int
        Which plane or frame, from 0.
    """
    position = axes.index(axis) - len(axes) + viewer.dims.ndim
    if position >= 0:
        viewer.dims.set_current_step(position, index)


def world_position(viewer: Any, layer: Any, position: Any) -> Any:
    """Return a position in the pixels of a layer in the viewer's world: undoes `data_position`.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Axes that the layer does not have stay where the sliders are.
    layer : napari layer
        Its transform gives its own units; the world is in those that the layers share.
    position : sequence of float
        One coordinate an axis of the layer.

    Returns
    -------
    ndarray
        As many coordinates as the viewer has dimensions.
    """
    own = np.array(layer.data_to_world(position), dtype=float)
    shared = viewer.layers.units
    if shared is not None:
        for i, (mine, theirs) in enumerate(zip(layer.units, shared[-layer.ndim :], strict=True)):
            own[i] *= (1 * mine).to(theirs).magnitude
    world = np.array(viewer.dims.point, dtype=float)
    if len(world) < layer.ndim:  # the layer is no longer among those of the viewer
        return own[-len(world) :]
    world[len(world) - layer.ndim :] = own
    return world


def frame_and_crop(result: Any, reference: Any) -> tuple[str, Any]:
    """Return the axes of the ground-truth layer, and where the compared pixels begin in it.

    Parameters
    ----------
    result : Result
        Its inputs may have been cropped.
    reference : napari layer
        The ground truth; an RGB layer has no axis for its channels.

    Returns
    -------
    (str, ndarray)
        One letter and one offset in pixels an axis of the layer.
    """
    asked = result.request or result.comparison
    truth, before = result.comparison.ground_truth, asked.ground_truth
    start = (np.array(truth.translate) - np.array(before.translate)) / np.array(truth.scale)
    return truth.axes[: reference.ndim], start[: reference.ndim]


def index_along(viewer: Any, axes: str, axis: str) -> int:
    """Return at which plane or frame the viewer's slider of a named axis stands."""
    position = axes.index(axis) - len(axes) + viewer.dims.ndim
    return int(viewer.dims.current_step[position]) if position >= 0 else 0
