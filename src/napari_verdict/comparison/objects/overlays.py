"""Overlays: what is right and what is wrong, as class codes on the pixels."""

from __future__ import annotations

from enum import IntEnum
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.lazy import LazyArray
from napari_verdict.comparison.model import Task
from napari_verdict.comparison.objects.outcomes import Role, side_of
from napari_verdict.comparison.objects.reader import readers
from napari_verdict.engine.blocks import Block, blocks_of
from napari_verdict.engine.sources import SPATIAL_AXES, canonical_view
from napari_verdict.metrics.error_kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.objects.labels import LabelResult
    from napari_verdict.engine.sources import Source
    from napari_verdict.metrics.matching import Matching

    Index = tuple[int | slice, ...]


class Code(IntEnum):
    """What a pixel of an overlay says; 0 says nothing."""

    TRUE_POSITIVE = 1
    FALSE_POSITIVE = 2
    FALSE_NEGATIVE = 3
    WRONG_CLASS = 4
    #: In the prediction alone, where the ground truth is sparse.
    NOT_LABELLED = 5


#: Overlays of objects: the role they show and the code of an object without a partner.
OBJECT_OVERLAYS: Mapping[str, tuple[Role, Code]] = {
    "ground-truth objects": ("ground truth", Code.FALSE_NEGATIVE),
    "predicted objects": ("prediction", Code.FALSE_POSITIVE),
}


def overlays(result: LabelResult, candidate: str) -> Mapping[str, Any]:
    """Paint the overlays of one candidate.

    Parameters
    ----------
    result : LabelResult
        Whose matching is shown.
    candidate : str
        Name of the prediction.

    Returns
    -------
    dict of str to ndarray of uint8
        `Code`, shaped and with axes as the ground truth: ``pixels``, and before it for
        instances ``ground-truth objects`` and ``predicted objects``. Ignored pixels and objects
        are 0. Of labels that are not in memory, a `LazyOverlay` each, painted where it is read.
    """
    painter, truth = Painter(result, candidate), result.comparison.ground_truth
    if not painter.in_memory:
        return {name: LazyOverlay(painter, name) for name in painter.names}
    arrays = {name: np.zeros(truth.shape, np.uint8) for name in painter.names}
    views: dict[str, Any] = {name: canonical_view(a, truth.axes) for name, a in arrays.items()}
    for frame in truth.source.frames:
        for block in blocks_of(frame, truth.source.shape):
            for name, codes in painter.paint(block, painter.names).items():
                views[name][(*frame, block.z, block.y)] = codes
    return arrays


class Painter:
    """Paints any block of the overlays of one candidate."""

    def __init__(self, result: LabelResult, candidate: str) -> None:
        comparison = self.comparison = result.comparison
        self._read_gt, read_pred, self._read_ignore = readers(comparison)
        self._read_pred = read_pred[candidate]
        objects = OBJECT_OVERLAYS if comparison.task is Task.INSTANCES else ()
        #: Of the overlays there are.
        self.names = [*objects, "pixels"]
        frames = comparison.ground_truth.source.frames
        matchings = result.matchings.get(candidate, ())
        instances = comparison.task is Task.INSTANCES
        self._sparse = instances and comparison.settings.exclusions.sparse
        self._codes = {
            frame: {n: _codes(matchings[k], n, self._sparse) for n in objects}
            for k, frame in enumerate(frames)
        }
        inputs = comparison.ground_truth, comparison.candidates[candidate]
        self.in_memory = all(item.source.in_memory for item in inputs)

    def paint(self, block: Block, names: Iterable[str]) -> dict[str, NDArray[np.uint8]]:
        """Return the codes of a block by overlay."""
        # numba comes with it; the codes above are wanted without
        from napari_verdict.metrics.painting import paint

        gt, pred = self._read_gt(block), self._read_pred(block)
        painted = {}
        for name in names:
            if name == "pixels":
                painted[name] = _pixels(gt, pred, self.comparison.task is Task.SEMANTIC)
                if self._sparse:
                    painted[name][painted[name] == Code.FALSE_POSITIVE] = Code.NOT_LABELLED
                continue
            of = gt if OBJECT_OVERLAYS[name][0] == "ground truth" else pred
            painted[name] = paint(of, *self._codes[block.frame][name])
        if self._read_ignore:
            left_out = self._read_ignore(block)
            for codes in painted.values():
                codes[left_out] = 0
        return painted


class LazyOverlay(LazyArray):
    """An overlay of labels that are not in memory, painted where it is read."""

    def __init__(self, painter: Painter, name: str) -> None:
        truth = painter.comparison.ground_truth
        self.axes, self.shape, self.dtype = truth.axes, truth.shape, np.dtype(np.uint8)
        self._painter, self._name = painter, name

    def tile(self, block: Block) -> NDArray[np.uint8]:
        """Paint one block of one plane."""
        return self._painter.paint(block, (self._name,))[self._name]


def _codes(
    matching: Matching, overlay: str, sparse: bool
) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """Return ids and codes of the objects of an overlay."""
    role, alone = OBJECT_OVERLAYS[overlay]
    side = side_of(matching, role)
    codes = np.where(side.partners >= 0, Code.TRUE_POSITIVE, alone)
    if sparse:
        codes[side.kinds == Kind.EXTRA] = Code.NOT_LABELLED
    codes[side.kinds == Kind.IGNORED] = 0
    return side.objects.ids, codes.astype(np.uint8)


def _pixels(gt: NDArray[Any], pred: NDArray[Any], classes: bool) -> NDArray[np.uint8]:
    true, found = gt != 0, pred != 0
    # looked up by (in the ground truth) + 2 (in the prediction)
    table = [0, Code.FALSE_NEGATIVE, Code.FALSE_POSITIVE, Code.TRUE_POSITIVE]
    codes: NDArray[np.uint8] = np.array(table, np.uint8)[true + 2 * found.view(np.uint8)]
    if classes:
        codes[true & found & (gt != pred)] = Code.WRONG_CLASS
    return codes


def rewrite(
    old: LabelResult, new: LabelResult, candidate: str, arrays: Mapping[str, NDArray[np.uint8]]
) -> list[tuple[str, Index]]:
    """Bring overlays up to date after `LabelResult.at`, only where an outcome changed.

    Parameters
    ----------
    old, new : LabelResult
        Of the same overlap; `arrays` show `old`.
    candidate : str
        Name of the prediction.
    arrays : mapping of str to ndarray of uint8
        From `overlays` or `outline`; the object overlays are written to in place.

    Returns
    -------
    list of (str, tuple)
        Name of the overlay and index, along the axes of the ground truth, of every box
        rewritten.
    """
    # numba comes with it
    from napari_verdict.metrics.painting import repaint

    comparison = new.comparison
    read_gt, read_pred, _ = readers(comparison)
    truth = comparison.ground_truth
    sparse = comparison.settings.exclusions.sparse
    rewritten: list[tuple[str, Index]] = []
    for name, (role, _) in OBJECT_OVERLAYS.items():
        if name not in arrays or comparison.task is not Task.INSTANCES:
            continue
        read = read_gt if role == "ground truth" else read_pred[candidate]
        view: Any = canonical_view(arrays[name], truth.axes)
        pairs = zip(old.matchings[candidate], new.matchings[candidate], strict=True)
        for frame, (before, after) in zip(truth.source.frames, pairs, strict=True):
            ids, codes = _codes(after, name, sparse)
            changed = np.flatnonzero(codes != _codes(before, name, sparse)[1])
            boxes = side_of(after, role).objects.boxes[changed]
            depth, height, _ = truth.source.shape
            labels = read(Block(frame, 0, depth, 0, height))
            # what is painted 0 is ignored, or inside an outline
            repaint(view[frame], labels, boxes, ids[changed], codes[changed])
            rewritten += zip(repeat(name), _indices(truth.source, frame, boxes))
    return rewritten


def outline(result: LabelResult, candidate: str, painted: NDArray[np.uint8]) -> None:
    """Keep the outlines of predicted objects, two pixels wide, in place.

    Parameters
    ----------
    result : LabelResult
        Of instances.
    candidate : str
        Name of the prediction.
    painted : ndarray of uint8
        ``predicted objects`` from `overlays`; `rewrite` brings outlines up to date as well.
    """
    from napari_verdict.metrics.painting import keep_outlines

    truth = result.comparison.ground_truth
    read = readers(result.comparison)[1][candidate]
    view: Any = canonical_view(painted, truth.axes)
    height = truth.source.shape[1]
    for frame in truth.source.frames:
        for block in blocks_of(frame, truth.source.shape):
            top, bottom = min(2, block.y0), min(2, height - block.y1)
            wider = Block(frame, block.z0, block.z1, block.y0 - top, block.y1 + bottom)
            keep_outlines(view[(*frame, block.z, block.y)], read(wider), top, bottom)


def _indices(
    source: Source, frame: tuple[int, ...], boxes: NDArray[np.integer[Any]]
) -> Iterator[Index]:
    """Return boxes of a frame as indices along the axes of an array."""
    ends = boxes.T.tolist()
    along: dict[str, Iterable[int | slice]] = {
        axis: map(slice, ends[2 * k], ends[2 * k + 1]) for k, axis in enumerate(SPATIAL_AXES)
    }
    along |= {axis: repeat(at) for axis, at in zip(source.frame_axes, frame, strict=True)}
    return zip(*(along[axis] for axis in source.axes), strict=False)
