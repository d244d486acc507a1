"""What lies at a position of the viewer: objects, by their ids in the labels compared."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_verdict.comparison.entries import EntryKey
from napari_verdict.viewer.lazy_planes import is_lazy
from napari_verdict.viewer.places import data_position, frame_and_crop, index_along, value_at


def objects_under(
    viewer: Any, result: Any, reference: Any, candidate: str, world: Any
) -> list[EntryKey]:
    """Return the objects at a position, that of the ground truth first.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Its world is what `world` is in.
    result : Result
        Of labels; ids are looked up in what was compared, since overlays hold classes.
    reference : napari layer
        The ground truth.
    candidate : str
        The prediction that is looked at.
    world : sequence of float
        As many coordinates as the viewer has dimensions.

    Returns
    -------
    list of EntryKey
        Empty in the background, outside, and where labels are lazy.
    """
    comparison = result.comparison
    found = compared_pixel(viewer, result, reference, world)
    if found is None or candidate not in comparison.candidates:
        return []
    pixel, frame = found
    inputs = (
        ("ground truth", comparison.ground_truth),
        ("prediction", comparison.candidates[candidate]),
    )
    return [
        EntryKey(candidate, role, frame, label)
        for role, one in inputs
        # what is lazy would be read here, on the main thread, at every move of the mouse
        if not is_lazy(one.data) and (label := value_at(one.data, pixel))
    ]


def place_under(entries: Any, pixel: Any, axes: str, frame: tuple[int, ...]) -> int:
    """Return the first row whose box holds a pixel; -1 where none does.

    Parameters
    ----------
    entries : Entries
        Boxes and frames.
    pixel : sequence of float
        One coordinate an axis.
    axes : str
        One letter an axis of `pixel`.
    frame : tuple of int
        As in `EntryKey`.
    """
    inside = (entries.frame == np.array(frame, np.intp)).all(axis=1)
    for position, axis in zip(pixel, axes, strict=True):
        if axis in "zyx":
            k = "zyx".index(axis)
            inside &= entries.box[:, 2 * k] - 0.5 <= position
            inside &= position <= entries.box[:, 2 * k + 1] - 0.5
    rows = np.flatnonzero(inside)
    return int(rows[0]) if len(rows) else -1


def compared_pixel(
    viewer: Any, result: Any, reference: Any, world: Any
) -> tuple[Any, tuple[int, ...]] | None:
    """Return a position of the world in the pixels compared, and its frame.

    Returns
    -------
    (ndarray, tuple of int) or None
        None where the layer's axes are no longer those compared.
    """
    axes = result.comparison.ground_truth.axes
    rgb = axes.endswith("c") and len(axes) == reference.ndim + 1
    if len(axes) != reference.ndim and not rgb:
        return None
    # the compared pixels may begin later than the layer's, where they were cropped
    pixel = data_position(viewer, reference, world) - frame_and_crop(result, reference)[1]
    if rgb:  # the layer has no axis for channels, the maps of it have one in front
        pixel = np.append(pixel, index_along(viewer, f"c{axes[:-1]}", "c"))
    frame = tuple(round(float(p)) for a, p in zip(axes, pixel, strict=True) if a in "tc")
    return pixel, frame


def keys_under(
    viewer: Any, result: Any, reference: Any, candidate: str, world: Any, direction: Any = None
) -> list[EntryKey]:
    """Return the objects under the mouse; in 3D the first ones along the line of sight.

    Parameters
    ----------
    viewer, result, reference, candidate
        As in `objects_under`.
    world : sequence of float
        Where the mouse is, as in `objects_under`.
    direction : sequence of float, optional
        In 3D where one looks from there, as the viewer has dimensions; by default as the camera
        does.
    """
    if len(viewer.dims.displayed) == 2:  # also in 3D, where all that is left is flat
        return objects_under(viewer, result, reference, candidate, world)
    comparison, axes = result.comparison, result.comparison.ground_truth.axes
    start, end = _sight(viewer, reference, world, direction)
    if start is None or len(axes) != reference.ndim or candidate not in comparison.candidates:
        return []
    steps = int(np.abs(np.asarray(end) - start).max()) * 2 + 1
    along = start + np.linspace(0, 1, steps)[:, np.newaxis] * (np.asarray(end) - start)
    pixels = np.floor(along - frame_and_crop(result, reference)[1] + 0.5).astype(np.intp)
    inputs = (
        ("ground truth", comparison.ground_truth.data),
        ("prediction", comparison.candidates[candidate].data),
    )
    found = []
    for role, data in inputs:
        if is_lazy(data):
            continue
        there = pixels[((pixels >= 0) & (pixels < data.shape)).all(axis=1)]
        labels = data[tuple(there.T)]
        for k in np.flatnonzero(labels)[:1]:
            frame = tuple(int(i) for a, i in zip(axes, there[k], strict=True) if a in "tc")
            found.append(EntryKey(candidate, role, frame, int(labels[k])))
    return found


def _sight(viewer: Any, reference: Any, world: Any, direction: Any) -> tuple[Any, Any]:
    """Return where the line of sight enters and leaves the pixels of a layer."""
    shown = list(viewer.dims.displayed)
    if direction is None:
        direction = viewer.scene.camera.calculate_nd_view_direction(viewer.dims.ndim, shown)
    shift = viewer.dims.ndim - reference.ndim
    if not 0 <= shift <= min(shown):  # flat, or no longer among those of the viewer
        return None, None
    to_own = np.ones(viewer.dims.ndim)
    if (shared := viewer.layers.units) is not None:
        for i, (mine, theirs) in enumerate(
            zip(reference.units, shared[-reference.ndim :], strict=True)
        ):
            to_own[shift + i] = (1 * theirs).to(mine).magnitude
    start, end = reference.get_ray_intersections(
        position=(np.asarray(world) * to_own)[shift:],
        view_direction=(np.asarray(direction) * to_own)[shift:],
        dims_displayed=[d - shift for d in shown],
        world=True,
    )
    return start, end
