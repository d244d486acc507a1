"""Regions and ignore masks out of layers and out of the view, in pixels of the ground truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.geometry import pixel_offset, scale_ratio
from napari_verdict.comparison.regions import (
    LabelsElsewhere,
    OnGrid,
    Region,
    regions_of_labels,
)
from napari_verdict.engine.descriptions import describe
from napari_verdict.viewer.layers import kind_of, pixels_of
from napari_verdict.viewer.places import data_position
from napari_verdict.viewer.snapshot import snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Comparison, Input

#: The choice of what the view shows now, in place of a layer.
VIEW = "current view"
#: An ellipse is read as a polygon of so many corners.
CORNERS = 128
#: Shapes that enclose an area.
AREAS = ("rectangle", "polygon", "ellipse")


@dataclass(frozen=True, eq=False)
class Placed(LabelsElsewhere):
    """Labels brought to the grid of the ground truth where they are read; 0 outside of them.

    Parameters
    ----------
    data : array-like
        As the layer has them.
    index : tuple of (n,) ndarray of intp, optional
        For each axis the pixel of `data` at each pixel of the ground truth; below 0 where there
        is none. None where the grids are one.
    lead : int
        How many axes in front `data` does not have: along them it holds everywhere.
    """

    index: tuple[NDArray[np.intp], ...] | None = None
    lead: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape on the grid of the ground truth."""
        shape = self.data.shape if self.index is None else map(len, self.index)
        return tuple(int(n) for n in shape)

    def __getitem__(self, key: Any) -> Any:
        if self.index is None:
            return self.data[key]
        keys = () if key is Ellipsis else key if isinstance(key, tuple) else (key,)
        keys = (*keys, *(slice(None),) * (self.ndim - len(keys)))
        chosen = [np.atleast_1d(i[k]) for i, k in zip(self.index, keys, strict=True)]
        single = tuple(i for i, k in enumerate(keys) if not isinstance(k, slice))
        inside = [c[c >= 0] for c in chosen]
        block = np.zeros(tuple(map(len, chosen)), self.dtype)
        if all(map(len, inside)):
            box = [slice(int(c.min()), int(c.max()) + 1) for c in inside[self.lead :]]
            part = self.data[tuple(box)]
            part = part.compute(scheduler="synchronous") if hasattr(part, "compute") else part
            part = np.asarray(part)[(np.newaxis,) * self.lead]
            found = part[np.ix_(*(c - c.min() for c in inside))]
            block[np.ix_(*(np.flatnonzero(c >= 0) for c in chosen))] = found
        return block.squeeze(axis=single)


def offered(layers: Iterable[Any], taken: Iterable[Any], kinds: tuple[str, ...]) -> list[Any]:
    """Return the layers of some kinds that are neither results nor taken."""
    from napari_verdict.viewer.layers import is_result

    taken = list(taken)
    return [x for x in layers if kind_of(x) in kinds and not is_result(x) and x not in taken]


def limited(
    comparison: Comparison, viewer: Any, truth: Any, region: Any | None, ignore: Any | None
) -> Comparison:
    """Return the comparison limited to what a person chose; reads no pixel.

    Parameters
    ----------
    comparison : Comparison
        Of layers, frozen.
    viewer : napari viewer or ViewerModel
        Whose world and view are meant.
    truth : napari layer
        The ground truth.
    region : napari layer, `VIEW` or None
        Each shape, or each id of labels, is a region. A shape holds on every plane and frame.
    ignore : napari Labels layer, optional
        Pixels with any id are left out.

    Raises
    ------
    ComparisonError
        If it cannot be brought to the pixels of the ground truth, or has no area.
    """
    axes = comparison.ground_truth.axes
    regions: tuple[Region, ...] = ()
    if region == VIEW:
        regions = (_view(viewer, truth, axes),)
    elif region is not None and kind_of(region) == "shapes":
        regions = _shapes(viewer, region, truth, axes)
    elif region is not None:
        placed, axes_there = _placed(region, truth, comparison.ground_truth, whole=False)
        regions = (Region(region.name, labels=placed, value=None, axes=axes_there),)
    left_out = None
    if ignore is not None:
        left_out = _placed(ignore, truth, comparison.ground_truth, whole=True)[0]
    return replace(comparison, regions=regions, ignore=left_out)


def own_limits(comparison: Comparison) -> Comparison:
    """Copy what a person may paint on and tell regions apart by id; for a worker.

    Raises
    ------
    ComparisonError
        If a layer of regions has none, or one for every object.
    """
    if not comparison.regions and comparison.ignore is None:
        return comparison

    def own(placed: Any) -> Any:
        # what lies in a file may be larger than memory
        if isinstance(placed, LabelsElsewhere) and isinstance(describe(placed.data), np.ndarray):
            return replace(placed, data=placed.data.copy())
        return placed

    regions: list[Region] = []
    for region in comparison.regions:
        if region.labels is None or region.value is not None:
            regions.append(region)
            continue
        try:
            found = regions_of_labels(region.name, own(region.labels), region.axes)
        except ValueError as error:
            raise _refusal("region-labels", str(error)) from error
        if not found:
            raise _refusal(
                "region-empty",
                f"“{region.name}” holds no label on the ground truth, so it limits the evaluation "
                "to nothing. Paint a region on it, or choose the whole image.",
            )
        regions += found
    return replace(comparison, regions=tuple(regions), ignore=own(comparison.ignore))


def vertices_of(layer: Any) -> tuple[Any, ...]:
    """Return copies of the corners of all shapes, to notice later that one was moved."""
    return tuple(np.array(corners) for corners in layer.data)


def as_compared(comparison: Comparison, name: str, corners: Any) -> Any:
    """Return what a layer held when it was compared: corners of shapes, or labels.

    Parameters
    ----------
    comparison : Comparison
        As it was asked for, with copies of its own.
    name : str
        ``region`` or ``ignore``: what the layer was chosen as.
    corners
        Those of a Shapes layer; None for labels.
    """
    if corners is not None:
        return corners
    placed: Any = comparison.ignore if name == "ignore" else comparison.regions[0].labels
    return placed.data


# ---- shapes and the view


def _shapes(viewer: Any, layer: Any, truth: Any, axes: str) -> tuple[Region, ...]:
    drawn = [
        (k, _corners(kind, np.asarray(data, float)))
        for k, (kind, data) in enumerate(zip(layer.shape_type, layer.data, strict=True), 1)
        if kind in AREAS
    ]
    if not drawn:
        raise _refusal(
            "region-shapes",
            f"“{layer.name}” has no shape that encloses an area. Draw a rectangle, an ellipse or a "
            "polygon on it, or choose the whole image.",
        )
    regions = []
    for k, corners in drawn:
        name = layer.name if len(layer.data) == 1 else f"{layer.name} {k}"
        world = [_world(viewer, layer, corner) for corner in corners]
        regions.append(_polygon(name, viewer, truth, axes, world))
    return tuple(regions)


def _corners(kind: str, data: NDArray[np.float64]) -> NDArray[np.float64]:
    if kind != "ellipse":
        return data
    # napari gives the corners of the box around it, in their order
    middle, one, other = (data[0] + data[2]) / 2, (data[1] - data[0]) / 2, (data[3] - data[0]) / 2
    angle = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)[:, np.newaxis]
    ellipse: NDArray[np.float64] = middle + np.cos(angle) * one + np.sin(angle) * other
    return ellipse


def _view(viewer: Any, truth: Any, axes: str) -> Region:
    if viewer.dims.ndisplay != 2:
        raise _refusal(
            "region-view",
            "The current view is in 3D, where it has no edges in the image. Switch to 2D, or "
            "choose a Shapes or Labels layer as the region.",
        )
    camera = viewer.scene.camera
    half = np.array(viewer.canvas.viewbox_size(viewer.layers), float) / camera.zoom / 2
    middle = np.array(camera.center[-2:], float)
    world = []
    for sign in ((-1, -1), (-1, 1), (1, 1), (1, -1)):
        corner = np.array(viewer.dims.point, float)
        corner[list(viewer.dims.displayed)] = middle + half * sign
        world.append(corner)
    return _polygon(VIEW, viewer, truth, axes, world)


def _world(viewer: Any, layer: Any, position: Any) -> NDArray[np.float64]:
    """Return a position in a layer in the viewer's world, in the unit that layers share."""
    own = np.array(layer.data_to_world(position), float)
    shared = viewer.layers.units
    if shared is not None:
        for i, (mine, theirs) in enumerate(zip(layer.units, shared[-layer.ndim :], strict=True)):
            own[i] *= (1 * mine).to(theirs).magnitude
    world = np.array(viewer.dims.point, float)
    world[len(world) - len(own) :] = own
    return world


def _polygon(name: str, viewer: Any, truth: Any, axes: str, world: list[Any]) -> Region:
    there = np.array([data_position(viewer, truth, corner) for corner in world])
    polygon = there[:, [axes.index("y"), axes.index("x")]]
    y, x = (polygon - polygon.mean(axis=0)).T
    if not abs(np.sum(y * np.roll(x, -1) - x * np.roll(y, -1))) > 0:
        raise _refusal(
            "region-flat",
            f"“{name}” has no area in the planes (y, x) of the ground truth. Draw it while they "
            "are what is seen, or choose the whole image.",
        )
    return Region(name, (polygon,))


# ---- labels


def _placed(layer: Any, like: Any, truth: Input, *, whole: bool) -> tuple[Placed | OnGrid, str]:
    """Bring a Labels layer to the pixels of the ground truth, and name its axes."""
    given = snapshot(layer, like=like)
    n = len(given.axes)
    if n > len(truth.axes):
        raise _refusal(
            "region-axes",
            f"“{layer.name}” has {n} axes, the ground truth {len(truth.axes)}. Choose a layer of "
            "the same image.",
        )
    axes = truth.axes[len(truth.axes) - n :]
    given = replace(given, axes=axes)
    last = slice(len(truth.axes) - n, None)
    ours = replace(
        given, scale=truth.scale[last], translate=truth.translate[last], units=truth.units[last]
    )
    ratio, offset = scale_ratio(given, ours), pixel_offset(given, ours)
    if kind_of(like) == "points":
        steps, starts = (tuple(by[a] for a in axes) for by in (ratio, offset))
        return OnGrid(given.data, steps, starts), axes
    lengths = dict(zip(truth.axes, truth.shape, strict=True))
    index = tuple(
        _nearest(lengths[a], int(size), offset[a], ratio[a])
        for a, size in zip(axes, given.shape, strict=True)
    )
    same = all(
        len(i) == n and np.array_equal(i, np.arange(n))
        for i, n in zip(index, given.shape, strict=True)
    )
    data = pixels_of(layer)
    if not whole or n == len(truth.axes):
        return Placed(data, None if same else index), axes
    # a mask in the plane is left out on every plane and frame
    lead = truth.axes[: len(truth.axes) - n]
    more = tuple(np.zeros(lengths[a], np.intp) for a in lead)
    return Placed(data, (*more, *index), len(lead)), truth.axes


def _nearest(n: int, size: int, offset: float, ratio: float) -> NDArray[np.intp]:
    """Return the nearest of `size` pixels at each of n, -1 outside of them."""
    at = np.floor((np.arange(n) - offset) / ratio + 0.5)
    return np.where((at >= 0) & (at < size), at, -1).astype(np.intp)


def _refusal(code: str, message: str) -> ComparisonError:
    return ComparisonError([Finding(code, Severity.ERROR, message)])
