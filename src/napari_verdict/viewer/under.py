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
    """Return which place or point of a list lies at a position; in 3D along the line of sight.

    Parameters
    ----------
    viewer, result, reference
        As in `objects_under`.
    entries : Entries
        Places have boxes, and the first one that is met counts; of points the nearest does, if it
        is within the radius of the match.
    world, direction
        As in `keys_under`.

    Returns
    -------
    int
        Its row; -1 where there is none.
    """
    comparison = result.comparison
    axes = comparison.ground_truth.axes
    start: Any = None
    if len(viewer.dims.displayed) == 2:
        if (found := compared_pixel(viewer, result, reference, world)) is not None:
            start = end = found[0]
    else:
        start, end = _sight(viewer, reference, world, direction)
        if start is not None and len(axes) == reference.ndim:
            crop = frame_and_crop(result, reference)[1]
            start, end = np.asarray(start) - crop, np.asarray(end) - crop
    if start is None or len(axes) != reference.ndim:
        return -1
    frame = [round(float(p)) for a, p in zip(axes, start, strict=True) if a in "tc"]
    here = (entries.frame == np.array(frame, np.intp)).all(axis=1)
    at = {a: (float(p), float(q)) for a, p, q in zip(axes, start, end, strict=True)}
    ends = np.array([at.get(a, (0.0, 0.0)) for a in "zyx"])
    if comparison.task == "detections":
        spacing = np.array(comparison.ground_truth.spacing)
        first, last = ends.T * spacing
        apart = _distances(entries.centroid * spacing, first, last)
        rank = np.where(here & (apart <= comparison.settings.radius), apart, np.inf)
    else:
        rank = np.where(here, _reached(entries.box, ends), np.inf)
    row = int(rank.argmin()) if len(rank) else 0  # of several the one that is listed first
    return row if len(rank) and np.isfinite(rank[row]) else -1


def _reached(box: Any, ends: Any) -> Any:
    """Return after which share of a line from end to end each box is met; inf where it is not."""
    near, far = np.zeros(len(box)), np.ones(len(box))
    for k, (start, end) in enumerate(ends):
        low, high = box[:, 2 * k] - 0.5, box[:, 2 * k + 1] - 0.5
        if abs(end - start) < 1e-9:
            far[(start < low) | (start > high)] = -1
            continue
        first, second = (low - start) / (end - start), (high - start) / (end - start)
        near = np.maximum(near, np.minimum(first, second))
        far = np.minimum(far, np.maximum(first, second))
    return np.where(near <= far, near, np.inf)


def _distances(points: Any, start: Any, end: Any) -> Any:
    """Return how far points are from a line from end to end."""
    along = end - start
    length = float(along @ along)
    share = np.clip((points - start) @ along / length, 0, 1) if length else np.zeros(len(points))
    return np.linalg.norm(points - start - share[:, np.newaxis] * along, axis=1)


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
