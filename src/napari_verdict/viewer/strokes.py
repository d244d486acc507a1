"""What was painted on a layer, whichever way: strokes, undo, redo, edits of ours, new data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_verdict.annotation.edits import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    Region = tuple[slice, ...]


#: Where a Labels layer keeps the steps that can be undone; it tells of no undo in another way.
_HISTORY = "_undo_history"
#: How many pixels are compared before a worker can be stopped.
_SLAB = 1 << 22


@dataclass(frozen=True, eq=False)
class Painted:
    """What is not as it was at the last look.

    Parameters
    ----------
    change : Change
        Pixels and the labels they have now.
    before : (n,) ndarray
        Labels that they had.
    low, high : tuple of int
        The box that holds them all, one coordinate an axis; ends exclusive.
    undone : bool
        Whether napari's undo or redo did it, rather than a stroke.
    """

    change: Change
    before: NDArray[Any]
    low: tuple[int, ...]
    high: tuple[int, ...]
    undone: bool


class Strokes:
    """Compares a layer with a shadow of it, where something may have been painted.

    napari tells of strokes, but of undo and redo only that something is drawn anew; a shadow
    tells what changed either way. Compared are the regions that are watched, and where a step
    came to napari's history of what may be undone, or left it, since the last look. So a look
    takes milliseconds on any volume, however much was painted before.

    Parameters
    ----------
    layer : napari Labels layer
        Of numpy labels.
    shadow : ndarray, optional
        What the labels are now, in an array of its own; by default copied, which takes its time
        for large volumes.
    """

    #: Something was, or may have been, painted: `look` tells what. True while a stroke goes on.
    stirred = Signal(bool)

    def __init__(self, layer: Any, shadow: NDArray[Any] | None = None) -> None:
        self.layer = layer
        self._shadow = np.array(layer.data) if shadow is None else shadow
        self._watched: list[Region] = []
        #: Where something may have been painted since the last look that was settled.
        self._suspects: list[Region] = []
        self._steps = steps_of(layer)
        self._all = self._stroke = False
        layer.events.paint.connect(self._on_paint)
        layer.events.set_data.connect(self._on_drawn)
        layer.events.labels_update.connect(self._on_update)
        layer.events.data.connect(self._on_data)

    @property
    def shadow(self) -> NDArray[Any]:
        """What the labels were at the last look; the next one changes it in place."""
        return self._shadow

    def watch(self, regions: Iterable[Region]) -> None:
        """Compare these regions at every look."""
        self._watched = list(regions)

    def suspect(self, regions: Iterable[Region] | None = None) -> None:
        """Compare these regions at the next look too, as if painted in; None compares all."""
        if regions is None:
            self._all = True
        else:
            self._suspects += regions
        self._stroke = True

    def search(self) -> Iterator[Region | None]:
        """Return what looks, in a worker, for regions that are not as they were.

        It yields them, and None where it goes on. What is painted meanwhile is told by napari.
        """
        return _differing_regions(self.layer.data, self._shadow)

    def look(self, *, settled: bool = True) -> Painted | None:
        """Return what is not as it was at the last look; None where nothing is.

        Parameters
        ----------
        settled : bool
            False while napari is in the middle of something: of the two events of an edit one may
            come before its pixels are written, so what was stirred is looked at again.

        Raises
        ------
        ValueError
            If the layer's data have another shape, or are no longer in memory.
        """
        data = self.layer.data
        if not isinstance(data, np.ndarray) or data.shape != self._shadow.shape:
            raise ValueError(
                f"“{self.layer.name}” was given other data, which are no labels of this image."
            )
        if data.dtype != self._shadow.dtype:  # converted, so that there is room for more objects
            self._shadow = self._shadow.astype(data.dtype)
        self._take_steps()
        whole: list[Region] = [(slice(None),) * data.ndim]
        regions = whole if self._all else [*self._watched, *self._suspects]
        undone = not self._stroke
        found = [self._differing(data, region) for region in regions]
        parts = [f for f in found if len(f)]
        if parts or settled:
            self._all = self._stroke = False
        if settled:
            self._suspects = []
        if not parts:
            return None
        flat = np.unique(np.concatenate(parts))
        at = np.unravel_index(flat, data.shape)
        before, after = self._shadow[at], data[at].copy()
        self._shadow[at] = after
        low = tuple(int(i.min()) for i in at)
        high = tuple(int(i.max()) + 1 for i in at)
        return Painted(Change(flat, after), before, low, high, undone)

    def stop(self) -> None:
        """Watch no more."""
        events = self.layer.events
        events.paint.disconnect(self._on_paint)
        events.set_data.disconnect(self._on_drawn)
        events.labels_update.disconnect(self._on_update)
        events.data.disconnect(self._on_data)

    def _differing(self, data: NDArray[Any], region: Region) -> NDArray[np.int64]:
        """Return the flat indices at which a region differs from the shadow."""
        at = np.nonzero(data[region] != self._shadow[region])
        starts = [s.indices(n)[0] for s, n in zip(region, data.shape, strict=True)]
        shifted = tuple(i + start for i, start in zip(at, starts, strict=True))
        return np.ravel_multi_index(shifted, data.shape).astype(np.int64)

    def _take_steps(self) -> None:
        """Suspect where steps lie that were done, undone or done again."""
        before, self._steps = self._steps, steps_of(self.layer)
        if self._steps is None or before is None:
            self._all = True
            return
        for key in before.keys() ^ self._steps.keys():
            for atom in before.get(key) or self._steps[key]:
                region = region_of(atom, self._shadow.ndim)
                if region is None:
                    self._all = True
                elif not any(_within(region, w) for w in self._watched):
                    self._suspects.append(region)

    def _on_paint(self, event: Any) -> None:
        self._stroke = True
        self.stirred.emit(False)

    def _on_drawn(self, event: Any = None) -> None:
        self.stirred.emit(False)

    def _on_update(self, event: Any = None) -> None:
        self._stroke = True
        self.stirred.emit(True)

    def _on_data(self, event: Any = None) -> None:
        self._all = self._stroke = True
        self.stirred.emit(False)


def _differing_regions(data: NDArray[Any], shadow: NDArray[Any]) -> Iterator[Region | None]:
    step = max(1, _SLAB * len(shadow) // max(1, shadow.size))
    for first in range(0, len(shadow), step):
        found = np.nonzero(data[first : first + step] != shadow[first : first + step])
        yield None
        if len(found[0]):
            low, *rest = (slice(int(i.min()), int(i.max()) + 1) for i in found)
            yield (slice(first + low.start, first + low.stop), *rest)


def apply(layer: Any, change: Change) -> None:
    """Write an edit to a Labels layer as one step of napari's own undo."""
    if len(change):
        layer.data_setitem(change.indices(layer.data.shape), change.values)


def steps_of(layer: Any) -> dict[frozenset[int], Any] | None:
    """Return the steps that napari could undo, each by its atoms; None if it keeps none there.

    Undo and redo turn a step round, so it is known by the outermost two.
    """
    history = getattr(layer, _HISTORY, None)
    if history is None:
        return None
    return {frozenset((id(step[0]), id(step[-1]))): step for step in history}


def region_of(atom: Any, ndim: int) -> Region | None:
    """Return where an atom of napari's history painted; None if it does not tell."""
    where = atom[0]
    if len(where) != ndim:
        return None
    region = []
    for one in where:
        if isinstance(one, slice):
            region.append(slice(int(one.start or 0), None if one.stop is None else int(one.stop)))
        else:
            index = np.asarray(one)
            if not index.size:
                return None
            region.append(slice(int(index.min()), int(index.max()) + 1))
    return tuple(region)


def _within(inner: Region, outer: Region) -> bool:
    return all(
        (o.start or 0) <= (i.start or 0)
        and (o.stop is None or (i.stop is not None and i.stop <= o.stop))
        for i, o in zip(inner, outer, strict=True)
    )
