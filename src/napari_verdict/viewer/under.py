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


def has_lazy_labels(result: Any, candidate: str) -> bool:
    """Whether the labels of either side would have to be computed or fetched to be looked at."""
    comparison = result.comparison
    sides = (comparison.ground_truth, comparison.candidates.get(candidate))
    return bool(comparison.task.is_labels) and any(x and is_lazy(x.data) for x in sides)


def read_objects(
    result: Any, candidate: str, pixel: tuple[int, ...], frame: tuple[int, ...]
) -> list[EntryKey]:
    """Return the objects of a pixel, that of the ground truth first. For a worker: it reads.

    Parameters
    ----------
    result : Result
        Of labels.
    candidate : str
        The prediction that is looked at.
    pixel : tuple of int
        In the pixels compared; one index an axis.
    frame : tuple of int
        As in `EntryKey`.
    """
    comparison = result.comparison
    found = []
    for role in ("ground truth", "prediction"):
        truth = role == "ground truth"
        data = (comparison.ground_truth if truth else comparison.candidates[candidate]).data
        if all(0 <= i < n for i, n in zip(pixel, data.shape, strict=True)):
            part = data[tuple(slice(i, i + 1) for i in pixel)]
            part = part.compute(scheduler="synchronous") if hasattr(part, "compute") else part
            found.append(EntryKey(candidate, role, frame, int(np.asarray(part).ravel()[0])))
    return found


def entry_under(
    viewer: Any, result: Any, reference: Any, entries: Any, world: Any, direction: Any = None
) -> int:
    """Return the row of a place or detection under the mouse; -1 where there is none.

    In 2D that is the first place that holds the position, in 3D the one that the line of sight
    enters first; of detections the nearest within the match radius, as far as can be seen.

    Parameters
    ----------
    viewer, result, reference, world, direction
        As in `keys_under`.
    entries : Entries
        Places of an image, or detections.
    """
    found = compared_pixel(viewer, result, reference, world)
    if found is None or not len(entries):
        return -1
    truth, at = result.comparison.ground_truth, found[0]
    step = np.zeros(len(at))
    if len(viewer.dims.displayed) == 3:
        further = np.asarray(world) + _direction(viewer, direction)
        step[: reference.ndim] = data_position(viewer, reference, further)
        step[: reference.ndim] -= data_position(viewer, reference, world)
    if result.comparison.task != "detections":
        return _first_box(*_extents(entries, truth.axes), at, step)
    shift = viewer.dims.ndim - reference.ndim
    shown = np.isin(np.arange(len(at)), [d - shift for d in viewer.dims.displayed])
    middle = _along(entries.frame, entries.centroid, truth.axes)
    here = (np.abs(middle - at) <= 0.5)[:, ~shown].all(axis=1)
    scale = np.array(truth.scale)[shown]
    return _nearest((middle - at)[:, shown] * scale, step[shown] * scale, here,
                    result.comparison.settings.radius)  # fmt: skip


def _first_box(low: Any, high: Any, at: Any, step: Any) -> int:
    """Return the box that a line through a point enters first; the first that holds it."""
    along = step != 0
    inside = ((low <= at) & (at <= high))[:, ~along].all(axis=1)
    ends = np.sort(np.stack([low - at, high - at])[..., along] / step[along], axis=0)
    enters = ends[0].max(axis=1, initial=-np.inf)
    inside &= enters <= ends[1].min(axis=1, initial=np.inf)
    rows = np.flatnonzero(inside)
    return int(rows[np.argmin(enters[rows])]) if len(rows) else -1


def _nearest(offsets: Any, sight: Any, here: Any, reach: float) -> int:
    """Return the offset nearest to a line through 0, of those that are here and in reach."""
    if sight.any():
        offsets = offsets - np.outer(offsets @ sight, sight) / (sight @ sight)
    distance = np.where(here, np.linalg.norm(offsets, axis=1), np.inf)
    row = int(np.argmin(distance))
    return row if distance[row] <= reach else -1


def _extents(entries: Any, axes: str) -> tuple[Any, Any]:
    """Return the outer edges of boxes, one column an axis; a frame reaches half a step."""
    low = _along(entries.frame - 0.5, entries.box[:, ::2] - 0.5, axes)
    return low, _along(entries.frame + 0.5, entries.box[:, 1::2] - 0.5, axes)


def _along(frame: Any, space: Any, axes: str) -> Any:
    """Return columns of frames and of z, y, x as one column an axis."""
    frames = iter(np.asarray(frame).T)
    return np.column_stack([space[:, "zyx".index(a)] if a in "zyx" else next(frames) for a in axes])


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


def _direction(viewer: Any, direction: Any) -> Any:
    """Return where one looks, in the world; without a direction as the camera does."""
    if direction is None:
        shown = list(viewer.dims.displayed)
        direction = viewer.scene.camera.calculate_nd_view_direction(viewer.dims.ndim, shown)
    return np.asarray(direction, float)


def _sight(viewer: Any, reference: Any, world: Any, direction: Any) -> tuple[Any, Any]:
    """Return where the line of sight enters and leaves the pixels of a layer."""
    shown = list(viewer.dims.displayed)
    direction = _direction(viewer, direction)
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
