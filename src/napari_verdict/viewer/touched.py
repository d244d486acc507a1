"""Where strokes, undo and redo may have changed a layer, without looking at the rest of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari_verdict.viewer.strokes import region_of, steps_of

if TYPE_CHECKING:
    from napari_verdict.comparison.objects.following import Part


class Touched:
    """Finds where a layer was painted on, from now on.

    napari tells of undo and redo only that something is drawn anew, as it is when a slider moves,
    and of a hidden layer nothing. So looked for are the steps that came to its history of what may
    be undone, or left it, since the last look.

    Parameters
    ----------
    layer : napari Labels layer
        It is not kept alive.
    """

    def __init__(self, layer: Any) -> None:
        self._steps = steps_of(layer)
        #: What is to be looked at again, since its pixels were perhaps not written yet.
        self._unsettled: list[Part] = []

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
        before, self._steps = self._steps, steps_of(layer)
        parts = self._unsettled + _differing(before, self._steps, layer.data.shape)
        self._unsettled = [] if settled else parts
        return list(parts)


_TOUCHED: WeakKeyDictionary[Any, Touched] = WeakKeyDictionary()


def touched_of(layer: Any) -> Touched:
    """Return what remembers of a layer, as long as there is the layer, from the first call on."""
    if layer not in _TOUCHED:
        _TOUCHED[layer] = Touched(layer)
    return _TOUCHED[layer]


def _differing(before: Any, now: Any, shape: tuple[int, ...]) -> list[Part]:
    """Return where the steps lie that only one of two histories has."""
    whole: Part = tuple(slice(0, n) for n in shape)
    if before is None or now is None:
        return [whole]
    parts = []
    for key in before.keys() ^ now.keys():
        for atom in before.get(key) or now[key]:
            region = region_of(atom, len(shape))
            part = whole if region is None else _within(region, shape)
            if part is not None:
                parts.append(part)
    return parts


def _within(region: tuple[slice, ...], shape: tuple[int, ...]) -> Part | None:
    """Return a region with whole numbers; None where it is of other data, which were larger."""
    if any(s.stop is not None and s.stop > n for s, n in zip(region, shape, strict=True)):
        return None
    return tuple(slice(*s.indices(n)[:2]) for s, n in zip(region, shape, strict=True))
