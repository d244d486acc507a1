"""What a labelled tile holds, counted so that tile edges bias nothing.

Objects are matched in the window of a tile, which is the tile and a margin around it, and an
object belongs to the tile that its centroid is in (the associated-point rule: Miles 1978, The
sampling, by quadrats, of planar aggregates, 10.1111/j.1365-2818.1978.tb00104.x). So every object
of an image is in one tile exactly, and is compared whole; cutting labels at tile edges instead
would change the IoU of all that lie across them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.objects.reader import LabelReader, readers
from napari_verdict.engine.blocks import Block
from napari_verdict.metrics.exclusions import ignore_objects
from napari_verdict.metrics.foreground import PixelCounts, pixel_counts
from napari_verdict.metrics.instances import InstanceCounts, instance_counts
from napari_verdict.metrics.matching import match
from napari_verdict.metrics.overlap import tabulate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from napari_verdict.annotation.tiles import Box, Plan, Tile
    from napari_verdict.comparison.model import Comparison, Input, Settings
    from napari_verdict.comparison.objects.reader import Reader
    from napari_verdict.metrics.extents import Extents

#: How far a convex object can reach from its centroid, as a part of its extent (in 3D).
REACH = 0.75
#: The share of objects that a margin is made for.
COVERED = 0.99
#: A margin in pixels that is never gone below.
LEAST_MARGIN = 8
#: How many planes are looked at for it.
SLAB = 64


@dataclass(frozen=True)
class TileCounts:
    """What a tile holds of one candidate; those of several tiles are pooled with ``+``.

    Parameters
    ----------
    instances : InstanceCounts
        Objects whose centroid is in the tile; a matched pair counts by its ground-truth object.
    pixels : PixelCounts
        Foreground pixels within the tile.
    cut : int
        Objects counted that reach the end of the window, not of the image: they may be larger than
        what was compared, so the margin is too small for them.
    """

    instances: InstanceCounts = field(default_factory=InstanceCounts)
    pixels: PixelCounts = field(default_factory=PixelCounts)
    cut: int = 0

    def __add__(self, other: TileCounts) -> TileCounts:
        return TileCounts(
            self.instances + other.instances,
            self.pixels + other.pixels,
            self.cut + other.cut,
        )


def count_window(
    gt: NDArray[Any],
    pred: NDArray[Any],
    window: Box,
    tile: Box,
    shape: tuple[int, int, int],
    settings: Settings,
    ignore: NDArray[np.bool_] | None = None,
) -> TileCounts:
    """Count what a tile holds, from the labels of its window.

    Parameters
    ----------
    gt, pred : (z, y, x) ndarray of int or bool
        Labels of the window. In `gt` all objects that touch the tile are labelled, also the part
        of them that is in the margin.
    window, tile : tuple of int
        z0, z1, y0, y1, x0, x1 in pixels of the image; the tile lies within the window.
    shape : (int, int, int)
        Size of the image.
    settings : Settings
        Threshold of a match, its side, and the smallest size of an object that counts. Objects
        at the border of the image are ignored as these say; a tile's edge is none.
    ignore : (z, y, x) ndarray of bool, optional
        True where pixels are ambiguous. Objects that lie in them by more than a quarter are ignored
        after matching.

    Returns
    -------
    TileCounts
    """
    z0, _, y0, _, x0, _ = window
    overlap = tabulate(gt, pred, ignore, z0=z0, y0=y0, x0=x0)
    hidden = None if ignore is None else tabulate(gt, pred, ~ignore)
    how = settings.exclusions
    matching = ignore_objects(
        match(overlap, settings.iou_threshold, settings.iou_inclusive),
        hidden=hidden,
        edges=shape if how.border == "ignore" else None,
        min_size=how.min_size,
    )
    within = _inside(overlap.gt_objects, tile), _inside(overlap.pred_objects, tile)
    cut = sum(
        int(np.count_nonzero(_cut(objects, window, shape) & mine))
        for objects, mine in zip((overlap.gt_objects, overlap.pred_objects), within, strict=True)
    )
    here = tuple(
        slice(tile[2 * a] - window[2 * a], tile[2 * a + 1] - window[2 * a]) for a in range(3)
    )
    inner = tabulate(gt[here], pred[here], None if ignore is None else ignore[here])
    return TileCounts(instance_counts(matching, within), pixel_counts(inner), cut)


class Counter:
    """Counts the tiles of one image, again after every stroke.

    The predictions in a window and the ignore mask are read once and remembered; ground truth is
    read anew each time, since it is painted on.

    Parameters
    ----------
    plan : Plan
        Whose tiles are counted.
    comparison : Comparison
        The labels being painted as ground truth, and predictions; of task instances or foreground.
    """

    def __init__(self, plan: Plan, comparison: Comparison) -> None:
        self.plan, self.comparison = plan, comparison
        self._read_gt, self._read_pred, self._read_ignore = readers(comparison)
        self._known: dict[Any, Mapping[str, NDArray[Any]]] = {}

    def count(self, tile: Tile) -> dict[str, TileCounts]:
        """Count one tile as it is now, by candidate."""
        window = self.plan.window(tile)
        predictions = self._predictions(tile, window)
        gt = part_of(self._read_gt, tile.frame, window)
        ignore = self._read_ignore and part_of(self._read_ignore, tile.frame, window)
        shape = self.comparison.ground_truth.source.shape
        return {
            name: count_window(gt, p, window, tile.box, shape, self.comparison.settings, ignore)
            for name, p in predictions.items()
        }

    def differences(self) -> Iterator[bool]:
        """Yield of each window that is remembered whether predictions are no longer as read."""
        for (frame, window), known in tuple(self._known.items()):
            yield any(
                not np.array_equal(part_of(read, frame, window), known[name])
                for name, read in self._read_pred.items()
            )

    def _predictions(self, tile: Tile, window: Box) -> Mapping[str, NDArray[Any]]:
        key = tile.frame, window
        if key not in self._known:
            self._known[key] = {
                name: np.array(part_of(read, tile.frame, window))
                for name, read in self._read_pred.items()
            }
        return self._known[key]


def margin_for(objects: Extents, depth: int = 1) -> tuple[int, int, int]:
    """Propose the margin of tiles from objects like those to be labelled.

    A convex object whose centroid is in a tile reaches no farther beyond it than three quarters
    of its extent.

    Parameters
    ----------
    objects : Extents
        Such as the predicted ones.
    depth : int
        Planes of a tile.

    Returns
    -------
    (int, int, int)
        Pixels along z, y and x: three quarters of what 99 in 100 objects measure along z, and
        along the longer of y and x, at least 8; 0 along z for tiles of one plane.
    """
    along_z, along_yx = 0, LEAST_MARGIN
    if len(objects):
        sides = np.diff(objects.boxes.reshape(-1, 3, 2), axis=2)[:, :, 0]
        large = REACH * np.quantile(sides, COVERED, axis=0)
        along_z = math.ceil(large[0]) if depth > 1 else 0
        along_yx = max(LEAST_MARGIN, math.ceil(large[1:].max()))
    return along_z, along_yx, along_yx


def proposed_margin(prediction: Input, depth: int = 1) -> tuple[int, int, int]:
    """Return `margin_for` the objects of a prediction, as its middle planes show them.

    Parameters
    ----------
    prediction : Input
        Labels.
    depth : int
        Planes of a tile; objects are looked at in one plane, or whole in up to 64.
    """
    source = prediction.source
    z, height, width = source.shape
    planes = min(z, SLAB) if depth > 1 else 1
    first = (z - planes) // 2
    box = (first, first + planes, 0, height, 0, width)
    frame = source.frames[len(source.frames) // 2]
    labels = part_of(LabelReader(source, source.frame_axes), frame, box)
    return margin_for(tabulate(labels, labels).gt_objects, depth)


def load_kernels() -> None:
    """Load compiled code, in a worker: in the middle of drawing it would hold up the window."""
    nothing = np.zeros((1, 2, 2), np.uint16)
    tabulate(nothing, nothing)


def _inside(objects: Extents, tile: Box) -> NDArray[np.bool_]:
    """Return which objects have their centroid, to the nearest pixel, in a tile."""
    # halves go up, so that the same centroid is always in the same pixel
    pixels = np.floor(objects.centroids + 0.5)
    within = (pixels >= tile[::2]) & (pixels < tile[1::2])
    inside: NDArray[np.bool_] = np.all(within, axis=1)
    return inside


def _cut(objects: Extents, window: Box, shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Return which objects reach an end of the window that is no end of the image.

    A window of one plane is what was meant: its objects are those of the plane.
    """
    cut: NDArray[np.bool_] = np.zeros(len(objects), bool)
    for axis, size in enumerate(shape):
        first, last = window[2 * axis : 2 * axis + 2]
        if axis == 0 and last - first == 1:
            continue
        if first > 0:
            cut = cut | (objects.boxes[:, 2 * axis] == first)
        if last < size:
            cut = cut | (objects.boxes[:, 2 * axis + 1] == last)
    return cut


def part_of(read: Reader, frame: tuple[int, ...], box: Box) -> NDArray[Any]:
    """Read a box of a frame as (z, y, x)."""
    z0, z1, y0, y1, x0, x1 = box
    return read(Block(frame, z0, z1, y0, y1))[..., x0:x1]
