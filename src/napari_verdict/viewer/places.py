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


def index_along(viewer: Any, axes: str, axis: str) -> int:
    """Return at which plane or frame the viewer's slider of a named axis stands."""
    position = axes.index(axis) - len(axes) + viewer.dims.ndim
    return int(viewer.dims.current_step[position]) if position >= 0 else 0
