"""Overlays: what is right and what is wrong, as class codes on the pixels."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.lazy import LazyArray
from napari_verdict.comparison.model import Task
from napari_verdict.comparison.objects.outcomes import Role, side_of
from napari_verdict.comparison.objects.reader import readers
from napari_verdict.engine.blocks import Block, blocks_of
from napari_verdict.engine.sources import FRAME_AXES, canonical_view
from napari_verdict.metrics.error_kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.comparison.objects.labels import LabelResult
    from napari_verdict.metrics.matching import Matching

    Index = tuple[int | slice, ...]


class Code(IntEnum):
    """What a pixel of an overlay says; 0 says nothing."""

    TRUE_POSITIVE = 1
    FALSE_POSITIVE = 2
    FALSE_NEGATIVE = 3
    WRONG_CLASS = 4


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
        self._codes = {
            frame: {n: _codes(matchings[k], n) for n in objects} for k, frame in enumerate(frames)
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


def _codes(matching: Matching, overlay: str) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """Return ids and codes of the objects of an overlay."""
    role, alone = OBJECT_OVERLAYS[overlay]
    side = side_of(matching, role)
    codes = np.where(side.partners >= 0, Code.TRUE_POSITIVE, alone)
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
        From `overlays`; the object overlays are written to in place.

    Returns
    -------
    list of (str, tuple)
        Name of the overlay and index, along the axes of the ground truth, of every box
        rewritten.
    """
    comparison = new.comparison
    read_gt, read_pred, read_ignore = readers(comparison)
    truth = comparison.ground_truth
    rewritten: list[tuple[str, Index]] = []
    for name in OBJECT_OVERLAYS:
        if name not in arrays or comparison.task is not Task.INSTANCES:
            continue
        read = read_gt if OBJECT_OVERLAYS[name][0] == "ground truth" else read_pred[candidate]
        view: Any = canonical_view(arrays[name], truth.axes)
        for block, x, label, code in _changes(old, new, candidate, name):
            here = read(block)[..., x] == label
            if read_ignore:
                here &= ~read_ignore(block)[..., x]
            view[(*block.frame, block.z, block.y, x)][here] = code
            rewritten.append((name, _index(comparison, block, x)))
    return rewritten


def _changes(
    old: LabelResult, new: LabelResult, candidate: str, overlay: str
) -> Iterator[tuple[Block, slice, Any, Any]]:
    """Yield box, id and new code of every object whose outcome changed."""
    frames = new.comparison.ground_truth.source.frames
    pairs = zip(frames, old.matchings[candidate], new.matchings[candidate], strict=True)
    for frame, before, after in pairs:
        ids, codes = _codes(after, overlay)
        changed = np.flatnonzero(codes != _codes(before, overlay)[1])
        boxes = side_of(after, OBJECT_OVERLAYS[overlay][0]).objects.boxes
        for i, (z0, z1, y0, y1, x0, x1) in zip(changed, boxes[changed].tolist(), strict=True):
            yield Block(frame, z0, z1, y0, y1), slice(x0, x1), ids[i], codes[i]


def _index(comparison: Comparison, block: Block, x: slice) -> Index:
    axes = comparison.ground_truth.axes
    frame_axes = [a for a in axes if a in FRAME_AXES]
    at: dict[str, int | slice] = dict(zip(frame_axes, block.frame, strict=True))
    at |= {"z": block.z, "y": block.y, "x": x}
    return tuple(at[a] for a in axes)
