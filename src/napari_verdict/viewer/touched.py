"""Where strokes, undo and redo may have changed a layer, without looking at the rest of it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from napari_verdict.viewer.strokes import region_of

if TYPE_CHECKING:
    from napari_verdict.comparison.objects.following import Part

#: napari undoes as many strokes.
MOST = 100


@dataclass(eq=False)
class _Stroke:
    """What is known of one step of napari's undo.

    Parameters
    ----------
    parts : list of tuple of slice
        All that it touched.
    pixel : tuple of int, optional
        One that it changed; undo and redo show in it. None where it says nothing any more.
    before : int
        What that pixel was.
    seen : int, optional
        What it was at the last look.
    """

    parts: list[Part]
    pixel: tuple[int, ...] | None
    before: int
    seen: int | None = None


class Touched:
    """Remembers what strokes touched on a layer, from now on.

    napari tells of a stroke what it touched, but of undo and redo only that something is drawn
    anew, as it is when a slider moves. So one pixel of each stroke is looked at.

    Parameters
    ----------
    layer : napari Labels layer
        It does not keep the layer alive.
    """

    def __init__(self, layer: Any) -> None:
        self._strokes: deque[_Stroke] = deque(maxlen=MOST)
        self._fresh: list[_Stroke] = []
        layer.events.paint.connect(self._on_paint)

    def parts(self, layer: Any, *, settled: bool = True) -> list[Part]:
        """Return what may have changed since the last look.

        Parameters
        ----------
        layer : napari Labels layer
            The same.
        settled : bool
            False while pixels of a stroke that was told of may not be written yet: it is
            looked at again then.
        """
        parts = [part for stroke in self._fresh for part in stroke.parts]
        if not settled:
            return parts
        fresh, self._fresh = self._fresh, []
        for stroke in self._strokes:
            value = None if stroke.pixel is None else int(layer.data[stroke.pixel])
            if stroke not in fresh and (value is None or value != stroke.seen):
                parts += stroke.parts
            stroke.seen = value
        return parts

    def suspect(self, layer: Any) -> None:
        """Look at all that can be undone, from now on: the layer was given other data."""
        shape = layer.data.shape
        fits = [s for s in self._strokes if all(map(_fits, s.parts, [shape] * len(s.parts)))]
        self._strokes = deque(fits, maxlen=MOST)
        self._fresh = []
        for stroke in self._strokes:
            stroke.pixel = stroke.seen = None

    def _on_paint(self, event: Any) -> None:
        layer = event.source
        shape = layer.data.shape
        regions = [region_of(atom, len(shape)) for atom in event.value]
        parts = [
            tuple(slice(*s.indices(n)[:2]) for s, n in zip(region, shape, strict=True))
            for region in regions
            if region is not None
        ]
        if not parts:
            return
        # as in napari, what was undone cannot be redone from here on
        left = (s for s in self._strokes if s.seen is None or s.seen != s.before)
        self._strokes = deque(left, maxlen=MOST)
        stroke = _Stroke(parts, *_pixel_of(event.value[0]))
        self._strokes.append(stroke)
        self._fresh.append(stroke)


_TOUCHED: WeakKeyDictionary[Any, Touched] = WeakKeyDictionary()


def touched_of(layer: Any) -> Touched:
    """Return what remembers of a layer, as long as there is the layer, from the first call on."""
    if layer not in _TOUCHED:
        _TOUCHED[layer] = Touched(layer)
    return _TOUCHED[layer]


def _fits(part: Part, shape: tuple[int, ...]) -> bool:
    return len(part) == len(shape) and all(s.stop <= n for s, n in zip(part, shape, strict=True))


def _pixel_of(atom: Any) -> tuple[tuple[int, ...], int]:
    """Return a pixel that an atom of napari's history changed, and what it was."""
    where = atom[0]
    if not isinstance(where[0], slice):
        return tuple(int(np.asarray(i).flat[0]) for i in where), int(np.asarray(atom[1]).flat[0])
    pixel = np.array([s.start or 0 for s in where])
    if atom[1] is not None:  # a mask of what changed
        pixel += np.unravel_index(int(np.argmax(atom[1])), atom[1].shape)
    return tuple(pixel.tolist()), int(atom[2].flat[0])
