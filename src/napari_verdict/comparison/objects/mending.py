"""Mending a ground truth that is wrong: which pixels get which label, as one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.objects.reader import readers
from napari_verdict.engine.blocks import Block
from napari_verdict.engine.sources import SPATIAL_AXES, canonical_view

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from numpy.typing import NDArray

    from napari_verdict.comparison.entries import EntryKey
    from napari_verdict.comparison.objects.labels import LabelResult
    from napari_verdict.metrics.overlap import OverlapTable


@dataclass(frozen=True)
class Offer:
    """What can be done about an entry.

    Parameters
    ----------
    accept : tuple of int
        Predicted objects that can be accepted; empty where none is near.
    replaced : tuple of int
        Ground-truth objects that would give way to them.
    target : int
        The ground-truth object the entry is about, to be deleted or edited; 0 without one.
    """

    accept: tuple[int, ...] = ()
    replaced: tuple[int, ...] = ()
    target: int = 0


@dataclass(frozen=True, eq=False)
class Mend:
    """One change of the ground truth, whole.

    Parameters
    ----------
    indices : tuple of (n,) ndarray of intp
        Pixels that change, one array an axis of the ground truth.
    values : (n,) ndarray
        Their labels then, in its dtype.
    """

    indices: tuple[NDArray[np.intp], ...]
    values: NDArray[Any]


def offer(result: LabelResult, key: EntryKey) -> Offer:
    """Say what can be done about an entry.

    Accepting predicted objects makes ground-truth objects give way: those of which more than
    half lies in them, and those in which they, and no other, lie by more than half. An object
    that is cut by them otherwise keeps the rest of its pixels.

    Parameters
    ----------
    result : LabelResult
        Of the ground truth as it is now.
    key : EntryKey
        An object of either side. Of a ground-truth object those predicted ones are accepted
        that share more than half of either; without any, the one that shares most.

    Returns
    -------
    Offer
        Empty where the object is not there.
    """
    table = _table(result, key)
    shared = _Shared(table)
    if key.role == "prediction":
        if table.pred_objects.find(key.id) < 0:
            return Offer()
        replaced = shared.giving_way({key.id})
        near = [g for g, n in shared.of_pred(key.id) if shared.is_most(g, key.id, n)]
        return Offer((key.id,), replaced, near[0] if near else 0)
    if table.gt_objects.find(key.id) < 0:
        return Offer()
    met = shared.of_gt(key.id)
    accept = [p for p, n in met if shared.is_most(key.id, p, n)] or [p for p, _ in met[:1]]
    # the object is judged wrong itself, so it gives way wherever anything is accepted
    gone = {*shared.giving_way(set(accept)), key.id} if accept else set()
    return Offer(tuple(accept), tuple(sorted(gone)), key.id)


def accepting(result: LabelResult, key: EntryKey, what: Offer) -> Mend:
    """Put predicted objects in the place of ground-truth objects.

    The largest takes the label of the object that it shares most with, the others new ones.

    Parameters
    ----------
    result : LabelResult
        Of the ground truth as it is now.
    key : EntryKey
        Of the frame and candidate.
    what : Offer
        From `offer`.

    Returns
    -------
    Mend

    Raises
    ------
    ComparisonError
        If the dtype of the ground truth has no label left.
    """
    table = _table(result, key)
    labels = _labels_for(result, table, what)
    box = _around(result, table, what.replaced, what.accept)
    now = _ground_truth(result, key.frame)[box]
    found = readers(result.comparison)[1][key.candidate](_block(key.frame, box))[..., box[2]]
    then = np.where(np.isin(now, np.array(what.replaced, now.dtype)), now.dtype.type(0), now)
    for pred, label in labels.items():
        then[found == pred] = label
    return _mend(result, key.frame, box, now, then)


def deleting(result: LabelResult, key: EntryKey, label: int) -> Mend:
    """Take an object of the ground truth away, in the frame of an entry."""
    box = _around(result, _table(result, key), (label,), ())
    now = _ground_truth(result, key.frame)[box]
    then = np.where(now == label, now.dtype.type(0), now)
    return _mend(result, key.frame, box, now, then)


def next_label(result: LabelResult) -> int:
    """Return the smallest label above all of the ground truth.

    Raises
    ------
    ComparisonError
        If its dtype has none left.
    """
    data = result.comparison.ground_truth.data
    label, most = int(data.max(initial=0)) + 1, int(np.iinfo(data.dtype).max)
    if label > most:
        message = (
            f"The ground truth is stored as {data.dtype}, whose highest label is {most}, and that "
            "is taken. Convert the layer to uint32 (right-click it, Convert data type) and "
            "validate again."
        )
        raise ComparisonError([Finding("no-label-left", Severity.ERROR, message)])
    return label


class _Shared:
    """Pixels that objects share, of one overlap table."""

    def __init__(self, table: OverlapTable) -> None:
        self._table = table
        pairs = table.pairs
        self._gt, self._pred = table.gt_objects.ids[pairs.gt], table.pred_objects.ids[pairs.pred]
        self._shared = pairs.intersection

    def of_gt(self, label: int) -> list[tuple[int, int]]:
        """Return predicted objects that one shares with, and how many pixels; most first."""
        return self._sorted(self._pred, self._gt == label)

    def of_pred(self, label: int) -> list[tuple[int, int]]:
        """Return ground-truth objects that one shares with, and how many pixels; most first."""
        return self._sorted(self._gt, self._pred == label)

    def is_most(self, gt: int, pred: int, shared: int) -> bool:
        """Whether that is more than half of either."""
        return 2 * shared > min(self._size(gt, True), self._size(pred, False))

    def giving_way(self, accepted: set[int]) -> tuple[int, ...]:
        """Return the ground-truth objects that accepted ones replace."""
        covered: dict[int, int] = {}
        for pred in accepted:
            for gt, n in self.of_pred(pred):
                covered[gt] = covered.get(gt, 0) + n
        gone = []
        for gt, n in covered.items():
            inside = {p for p, m in self.of_gt(gt) if 2 * m > self._size(p, False)}
            if 2 * n > self._size(gt, True) or (inside and inside <= accepted):
                gone.append(gt)
        return tuple(sorted(gone))

    def _size(self, label: int, gt: bool) -> int:
        objects = self._table.gt_objects if gt else self._table.pred_objects
        return int(objects.pixels[objects.find(label)])

    def _sorted(self, ids: NDArray[Any], rows: NDArray[np.bool_]) -> list[tuple[int, int]]:
        found = zip(ids[rows].tolist(), self._shared[rows].tolist(), strict=True)
        return sorted(found, key=lambda one: (-one[1], one[0]))


def _table(result: LabelResult, key: EntryKey) -> OverlapTable:
    frames = result.comparison.ground_truth.source.frames
    return result.overlap[key.candidate][frames.index(tuple(key.frame))]


def _labels_for(result: LabelResult, table: OverlapTable, what: Offer) -> dict[int, int]:
    """Return which label each accepted object gets."""
    shared, free = _Shared(table), set(what.replaced)
    sizes = table.pred_objects.pixels
    labels: dict[int, int] = {}
    taken = 0
    for pred in sorted(what.accept, key=lambda p: -int(sizes[table.pred_objects.find(p)])):
        label = next((g for g, _ in shared.of_pred(pred) if g in free), 0)
        free.discard(label)
        if not label:
            taken = taken + 1 if taken else next_label(result)
            label = taken
        labels[pred] = label
    return labels


def _around(
    result: LabelResult, table: OverlapTable, gt: Iterable[int], pred: Iterable[int]
) -> tuple[slice, slice, slice]:
    """Return the part of a frame that holds objects whole; all of it where pixels are ignored."""
    comparison = result.comparison
    if comparison.ignore is not None:  # what it hides is in no box
        depth, height, width = comparison.ground_truth.source.shape
        return slice(0, depth), slice(0, height), slice(0, width)
    boxes = [table.gt_objects.boxes[table.gt_objects.find(g)] for g in gt]
    boxes += [table.pred_objects.boxes[table.pred_objects.find(p)] for p in pred]
    low, high = np.min(boxes, axis=0)[::2].tolist(), np.max(boxes, axis=0)[1::2].tolist()
    z, y, x = (slice(a, b) for a, b in zip(low, high, strict=True))
    return z, y, x


def _ground_truth(result: LabelResult, frame: Collection[int]) -> NDArray[Any]:
    truth = result.comparison.ground_truth
    view: NDArray[Any] = canonical_view(truth.data, truth.axes)[tuple(frame)]
    return view


def _block(frame: tuple[int, ...], box: tuple[slice, slice, slice]) -> Block:
    z, y, _ = box
    return Block(tuple(frame), z.start, z.stop, y.start, y.stop)


def _mend(
    result: LabelResult,
    frame: tuple[int, ...],
    box: tuple[slice, slice, slice],
    now: NDArray[Any],
    then: NDArray[Any],
) -> Mend:
    truth = result.comparison.ground_truth
    changed = np.nonzero(now != then)
    at = {a: k + s.start for a, k, s in zip(SPATIAL_AXES, changed, box, strict=True)}
    for axis, index in zip(truth.source.frame_axes, frame, strict=True):
        at[axis] = np.full(len(changed[0]), index, np.intp)
    return Mend(tuple(at[a] for a in truth.axes), then[changed])
