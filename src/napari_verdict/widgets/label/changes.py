"""What an edit changes, of the labels of the tile in hand; nothing is written here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.annotation.edits import EditError
from napari_verdict.viewer.places import value_at

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from napari_verdict.annotation.edits import Bounds, Change
    from napari_verdict.annotation.starting_point import Foreground
    from napari_verdict.widgets.label.state import Labelling

#: Standard deviation of the blur that smooths outlines, in pixels.
SMOOTHING = 1.5


@dataclass(frozen=True, eq=False)
class Predicted:
    """A predicted object at the mouse.

    Parameters
    ----------
    source : str
        The prediction.
    part : ndarray of int
        What it holds in the tile and its margin.
    label : int, optional
        The object; 0 for background, None outside of that part.
    """

    source: str
    part: Any
    label: int | None


class Changes:
    """Makes edits of objects; each raises `EditError` where it cannot be made.

    Parameters
    ----------
    state : Labelling
        The tile in hand, and the layer.
    free : callable
        Yields labels that no object has.
    """

    def __init__(self, state: Labelling, free: Callable[[], Iterator[int]]) -> None:
        self._state, self._free = state, free

    @property
    def _where(self) -> tuple[Any, Any]:
        """The labels, and the part of them that may change."""
        return self._state.bench.truth.data, self._state.window

    @property
    def _selected(self) -> int:
        return int(self._state.bench.truth.selected_label)

    @property
    def _spacing(self) -> tuple[float, ...]:
        return tuple(abs(float(s)) for s in self._state.bench.truth.scale)

    def delete(self, label: int) -> Change:
        """Make an object background."""
        from napari_verdict.annotation.objects import delete

        return delete(*self._where, label)

    def merge(self, label: int) -> Change:
        """Give an object the label that is selected."""
        from napari_verdict.annotation.objects import merge

        return merge(*self._where, self._selected, [label])

    def mark(self, mask: Any, label: int) -> tuple[Change, bool]:
        """Take an object into the ignore mask, or out of it where it is there; say which."""
        from napari_verdict.annotation.objects import mark_ambiguous

        labels, window = self._where
        marked = bool(mask[window][labels[window] == label].any())
        return mark_ambiguous(mask, labels, window, label, 0 if marked else 1), not marked

    def accept(self, predicted: Predicted, *, over: bool = False) -> tuple[Change, bool]:
        """Take a predicted object over, by force where objects are in its way.

        Returns
        -------
        (Change, bool)
            Whether the whole object is taken over; where it reaches the end of the margin, it may
            go on beyond.
        """
        from napari_verdict.annotation.objects import accept

        if predicted.label is None:
            raise EditError("This is outside of the tile and its margin. Accept what is in it.")
        labels, window = self._where
        new, one = next(self._free()), (predicted.part, predicted.label)
        change = accept(labels, window, *one, new, over=over)
        found = predicted.part == predicted.label
        whole = np.count_nonzero(change.values == new) == np.count_nonzero(found)
        return change, whole and not _reaches_end(found, window, labels.shape)

    def separate(self) -> Change:
        """Give each piece of an object that lies in several a label of its own."""
        from napari_verdict.annotation.pieces import separate

        labels, window = self._where
        assert self._state.inner is not None
        return separate(labels, window, self._state.inner, self._free())

    def cut(self, line: Any) -> Change:
        """Split the object that most of a line lies in."""
        from napari_verdict.annotation.splitting import split_by_line

        labels, window = self._where
        crossed = _met_along(labels, line)
        if not crossed:
            raise EditError("The line crosses no object.")
        return split_by_line(labels, window, crossed, line, self._free())

    def split(self, seeds: Any) -> Change:
        """Split an object between places that are in its parts."""
        from napari_verdict.annotation.splitting import split_by_seeds

        labels, window = self._where
        label = value_at(labels, seeds[0]) or 0
        if not label:
            raise EditError("The first click is in no object. Click inside of it.")
        return split_by_seeds(labels, window, label, seeds, self._free(), self._spacing)

    def fill_holes(self) -> Change:
        """Fill the holes of the selected object."""
        from napari_verdict.annotation.shaping import fill_holes

        return fill_holes(*self._where, self._selected)

    def smooth(self) -> Change:
        """Smooth the outline of the selected object."""
        from napari_verdict.annotation.shaping import smooth

        return smooth(*self._where, self._selected, SMOOTHING)

    def interpolate(self) -> Change:
        """Fill the planes between those in which the selected object is drawn."""
        from napari_verdict.annotation.shaping import interpolate

        state = self._state
        if state.plan.depth < 2 or "z" not in state.bench.axes:
            raise EditError(
                "The tiles are single planes, so there is nothing to interpolate between. Draw "
                "tiles of several planes to label in 3D."
            )
        axis = state.bench.axes.index("z")
        return interpolate(*self._where, self._selected, axis, self._spacing)

    def propose(self, image: Any, foreground: Foreground, instead: Collection[int]) -> Change:
        """Propose objects in what is foreground, of which `image` is the part; see there."""
        from napari_verdict.annotation.starting_point import starting_point

        where, free, spacing = self._where, self._free(), self._spacing
        return starting_point(*where, image, foreground, free, instead=instead, spacing=spacing)


def _reaches_end(found: Any, window: Bounds, shape: tuple[int, ...]) -> bool:
    """Whether an object reaches an end of a part of an image that is no end of the image."""
    for axis, (ends, size) in enumerate(zip(window, shape, strict=True)):
        along = np.moveaxis(found, axis, 0)
        if len(along) == 1:
            continue  # a plane is what was meant
        if (ends.start > 0 and along[0].any()) or (ends.stop < size and along[-1].any()):
            return True
    return False


def _met_along(labels: Any, line: Any) -> int:
    """Return the object that most of a line lies in; 0 where it meets none."""
    steps = int(np.abs(np.subtract(*line)).max()) * 2 + 2
    found = [
        value_at(labels, line[0] + share * (line[1] - line[0])) or 0
        for share in np.linspace(0, 1, steps)
    ]
    ids, counts = np.unique([f for f in found if f], return_counts=True)
    return int(ids[counts.argmax()]) if len(ids) else 0
