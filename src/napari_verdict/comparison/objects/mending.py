"""Mending a ground truth that is wrong: which pixels get which label, as one step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.objects.limits import HIDDEN
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
    accepted : bool
        Whether the ground truth holds them already, pixel for pixel, so that accepting them would
        change nothing.
    """

    accept: tuple[int, ...] = ()
    replaced: tuple[int, ...] = ()
    target: int = 0
    accepted: bool = False


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
        accept = [key.id]
        replaced = shared.giving_way({key.id})
        near = [g for g, n in shared.of_pred(key.id) if shared.is_most(g, key.id, n)]
        target = near[0] if near else 0
    else:
        if table.gt_objects.find(key.id) < 0:
            return Offer()
        met = shared.of_gt(key.id)
        accept = [p for p, n in met if shared.is_most(key.id, p, n)] or [p for p, _ in met[:1]]
        # the object is judged wrong itself, so it gives way wherever anything is accepted
        gone = {*shared.giving_way(set(accept)), key.id} if accept else set()
        replaced, target = tuple(sorted(gone)), key.id
    return Offer(tuple(accept), replaced, target, _is_there(result, key, accept, replaced))


def extent(result: LabelResult, key: EntryKey, what: Offer) -> int:
    """Return how many pixels `accepting` and `deleting` look through for an entry."""
    ids = {*what.replaced, *((what.target,) if what.target else ())}
    if not ids and not what.accept:
        return 0
    box = _around(result, key, ids, what.accept)
    return math.prod(s.stop - s.start for s in box)


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
    box = _around(result, key, what.replaced, what.accept)
    now = _ground_truth(result, key.frame)[box]
    found = readers(result.comparison)[1][key.candidate](_block(key.frame, box))[..., box[2]]
    then = np.where(np.isin(now, np.array(what.replaced, now.dtype)), now.dtype.type(0), now)
    for pred, label in labels.items():
        then[found == pred] = label
    return _mend(result, key.frame, box, now, then)


def deleting(result: LabelResult, key: EntryKey, label: int) -> Mend:
    """Take an object of the ground truth away, in the frame of an entry."""
    box = _around(result, key, (label,), ())
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
    dtype = np.dtype(result.comparison.ground_truth.data.dtype)
    candidate = next(iter(result.overlap))
    tables = [t for t, _ in _tables(result, candidate)]
    tables += [hidden for _, hidden in _tables(result, candidate) if hidden is not None]
    label = 1 + max((int(t.gt[-1]) for t in tables if len(t)), default=0)
    label, most = max(label, 1), int(np.iinfo(dtype).max)
    if label > most:
        message = (
            f"The ground truth is stored as {dtype}, whose highest label is {most}, and that "
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
    return result.overlap[key.candidate][_frame(result, key)]


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


def _is_there(
    result: LabelResult, key: EntryKey, accept: Collection[int], replaced: Collection[int]
) -> bool:
    """Whether accepted objects are objects of the ground truth, and no others give way."""
    table, hidden = _tables(result, key.candidate)[_frame(result, key)]
    shared = _Shared(table)
    same: set[int] = set()
    for pred in accept:
        gt = next((g for g, _ in shared.of_pred(pred)), 0)
        alike = (_is_same(t, gt, pred) for t in (table, hidden) if t is not None)
        if not gt or not all(alike):
            return False
        same.add(gt)
    return bool(same) and set(replaced) <= same


def _is_same(table: OverlapTable, gt: int, pred: int) -> bool:
    """Whether two objects have the same pixels, or none, where a table counts."""
    of_gt, of_pred = (table.gt == gt), (table.pred == pred)
    return np.array_equal(of_gt, of_pred) and int(of_gt.sum()) <= 1


def _around(
    result: LabelResult, key: EntryKey, gt: Iterable[int], pred: Iterable[int]
) -> tuple[slice, slice, slice]:
    """Return the part of a frame that holds objects whole, with what is ignored of them."""
    boxes = []
    gt, pred = list(gt), list(pred)
    for table in _tables(result, key.candidate)[_frame(result, key)]:
        if table is not None:
            for objects, ids in ((table.gt_objects, gt), (table.pred_objects, pred)):
                boxes += [objects.boxes[k] for k in map(objects.find, ids) if k >= 0]
    low, high = np.min(boxes, axis=0)[::2].tolist(), np.max(boxes, axis=0)[1::2].tolist()
    z, y, x = (slice(a, b) for a, b in zip(low, high, strict=True))
    return z, y, x


def _tables(result: LabelResult, candidate: str) -> list[tuple[OverlapTable, OverlapTable | None]]:
    """Return the table of each frame, and that of its ignored pixels where there is a mask."""
    tables = result.overlap[candidate]
    hidden = result.parts.get(HIDDEN, {}).get(candidate, (None,) * len(tables))
    return list(zip(tables, hidden, strict=True))


def _frame(result: LabelResult, key: EntryKey) -> int:
    return result.comparison.ground_truth.source.frames.index(tuple(key.frame))


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
