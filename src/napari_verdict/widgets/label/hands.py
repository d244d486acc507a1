"""What is done to objects: each edit one step of napari's undo, and the brush armed afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_verdict.annotation.edits import EditError
from napari_verdict.annotation.origins import Action
from napari_verdict.viewer.layers import pixels_of
from napari_verdict.viewer.places import value_at
from napari_verdict.widgets.label.pointer import Pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_verdict.annotation.edits import Change
    from napari_verdict.widgets.label.desk import Desk
    from napari_verdict.widgets.label.state import Labelling
    from napari_verdict.widgets.label.work import Work

#: Standard deviation of the blur that smooths outlines, in pixels.
SMOOTHING = 1.5

_BLIND = (
    "You are labelling blind, so there is no predicted object to accept. Switch correcting on to "
    "accept predicted objects; the share that is accepted unchanged is reported with the score."
)
_NO_PLACE = {
    "accept": "Click the predicted object to accept.",
    "delete": "Click the object to delete.",
    "merge": "Click the object that belongs to the selected one.",
    "mark ambiguous": "Click the object that nobody can tell.",
    "split": "Drag a line across the object, or click once in each of two parts of it.",
}


class Hands(QObject):
    """Edits objects of the tile in hand.

    Parameters
    ----------
    viewer : napari viewer
        Where the mouse is.
    desk : Desk
        What is in hand.
    parent : QObject
        The dock.
    """

    #: A predicted object is in the way of others: the question to ask.
    refused = Signal(str)

    def __init__(self, viewer: Any, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self.work: Work | None = None
        self.pointer = Pointer(viewer, self)
        self.pointer.pointed.connect(self._on_pointed)
        self._asking, self._places = "", []  # type: tuple[str, list[Any]]
        self._wanted, self._source = 0, None  # type: tuple[int, Any]

    @property
    def _state(self) -> Labelling:
        return self._desk.state

    # ---- asked for by key or button; at the mouse, or where is clicked next

    def act(self, name: str, pointed: bool) -> bool:
        """Do something to an object.

        Parameters
        ----------
        name : str
            One of the tools.
        pointed : bool
            Whether the mouse is at the object; if not, it is asked for.

        Returns
        -------
        bool
            Whether anything is in hand.
        """
        state = self._state
        if self.work is None or state.tile is None:
            return False
        asked_before = self._asking
        self.cancel()
        state.message = ""
        if name == asked_before:
            pass  # the same again takes it back
        elif name == "accept" and not state.correcting:
            state.message = _BLIND
        elif name in _NO_PLACE:
            place = self.pointer.here(state.bench.truth) if pointed and name != "split" else None
            if place is None:
                self._asking = name
                self.pointer.ask(state.bench.truth)
                state.message = _NO_PLACE[name]
                return True
            self._at(name, place)
        else:
            self._try(getattr(self, "_" + name.replace(" ", "_")), name)
        self._desk.arm()
        return True

    def accept_over(self) -> None:
        """Accept the predicted object that was refused, over what is there."""
        if self._wanted:
            self._try(lambda: self._accept(self._wanted, over=True), "accept")
            self._desk.arm()

    def cancel(self) -> None:
        """Ask for no place any more."""
        self.pointer.stop()
        self._asking, self._places = "", []

    def _on_pointed(self, places: Any) -> None:
        name = self._asking
        if name == "split":
            if len(places) == 1:
                self._places.append(places[0])
                if len(self._places) < 2:
                    self._state.message = "Now click in the other part of the object."
                    return
                self._split_at(np.array(self._places))
            else:
                self._cut(places)
        else:
            self._at(name, places[0])
        self.cancel()
        self._desk.arm()

    def _at(self, name: str, place: Any) -> None:
        state = self._state
        truth = state.bench.truth
        if name == "accept":
            predicted = self._predicted(place)
            self._try(lambda: self._accept(predicted), name)
            return
        label = value_at(truth.data, place) or 0
        if name == "merge":
            into = int(truth.selected_label)
            self._try(lambda: self._edits().merge(*self._where, into, [label]), name)
        elif name == "delete":
            self._try(lambda: self._edits().delete(*self._where, label), name)
        elif name == "mark ambiguous":
            self._mark(label)

    # ---- edits

    @property
    def _where(self) -> tuple[Any, Any]:
        """The labels, and the part of them that may change."""
        return self._state.bench.truth.data, self._state.window

    def _edits(self) -> Any:
        from napari_verdict.annotation import objects

        return objects

    def _try(self, make: Callable[[], Change | None], name: str) -> None:
        """Make an edit and write it, or say why it cannot be made."""
        assert self.work is not None
        try:
            change = make()
        except EditError as error:
            self._state.message = str(error)
            return
        if change is not None and not len(change):
            self._state.message = "Nothing was to be changed."
        elif change is not None:
            self.work.watch.edit(change, Action(name))

    def _new_object(self) -> None:
        self._state.bench.truth.selected_label = next(self._free)

    @property
    def _free(self) -> Iterator[int]:
        """Labels that no object has."""
        assert self.work is not None
        return self.work.free_labels()

    def _predicted(self, place: Any) -> int:
        """Return the object at a place, of the first prediction that is seen and has one there."""
        seen = [p for p in self._state.bench.predictions if p.visible]
        self._source, found = next(iter(seen), None), 0
        for layer in seen:
            if found := value_at(pixels_of(layer), place) or 0:
                self._source = layer
                break
        return found

    def _accept(self, predicted: int, *, over: bool = False) -> Change:
        if self._source is None:
            raise EditError("No prediction is seen. Show the one whose objects you want to accept.")
        prediction = pixels_of(self._source)
        self._state.accepted_from = self._source.name
        if not isinstance(prediction, np.ndarray):
            raise EditError(
                "The prediction is read from a file piece by piece, so its objects cannot be "
                "accepted. Load it into memory, or draw the object."
            )
        labels, window = self._where
        edits = self._edits()
        new = next(self._free)
        try:
            change: Change = edits.accept(labels, window, prediction, predicted, new, over=over)
        except EditError as error:
            there = bool((prediction[window] == predicted).any()) and predicted
            self._wanted = predicted if there and not over else 0
            if self._wanted:
                self.refused.emit(str(error))
            raise
        return change

    def _mark(self, label: int) -> None:
        state = self._state
        labels, window = self._where
        mask = self._desk.need_ambiguous()
        try:
            if not label:
                raise EditError("There is no object here. Draw it first, then mark it.")
            marked = bool(mask.data[window][labels[window] == label].any())
            change = self._edits().mark_ambiguous(
                mask.data, labels, window, label, 0 if marked else 1
            )
        except EditError as error:
            state.message = str(error)
            return
        from napari_verdict.viewer.strokes import apply

        apply(mask, change)
        state.message = (
            f"Object {label} counts again." if marked else f"Object {label} is left out of scores."
        )

    def _cut(self, line: Any) -> None:
        from napari_verdict.annotation.splitting import split_by_line

        labels, window = self._where
        crossed = _met_along(labels, line)

        def make() -> Change:
            if not crossed:
                raise EditError("The line crosses no object.")
            return split_by_line(labels, window, crossed, line, self._free)

        self._try(make, "split")

    def _split_at(self, seeds: Any) -> None:
        from napari_verdict.annotation.splitting import split_by_seeds

        labels, window = self._where
        label = value_at(labels, seeds[0]) or 0

        def make() -> Change:
            if not label:
                raise EditError("The first click is in no object. Click inside of it.")
            return split_by_seeds(labels, window, label, seeds, self._free, self._spacing)

        self._try(make, "split")

    @property
    def _spacing(self) -> tuple[float, ...]:
        return tuple(abs(float(s)) for s in self._state.bench.truth.scale)

    def _fill_holes(self) -> Change:
        from napari_verdict.annotation.shaping import fill_holes

        return fill_holes(*self._where, int(self._state.bench.truth.selected_label))

    def _smooth(self) -> Change:
        from napari_verdict.annotation.shaping import smooth

        return smooth(*self._where, int(self._state.bench.truth.selected_label), SMOOTHING)

    def _interpolate(self) -> Change:
        from napari_verdict.annotation.shaping import interpolate

        state = self._state
        if state.plan.depth < 2 or "z" not in state.bench.axes:
            raise EditError(
                "The tiles are single planes, so there is nothing to interpolate between. Draw "
                "tiles of several planes to label in 3D."
            )
        axis = state.bench.axes.index("z")
        label = int(state.bench.truth.selected_label)
        return interpolate(*self._where, label, axis, self._spacing)

    def _threshold(self) -> Change:
        from napari_verdict.annotation.starting_point import otsu, starting_point

        labels, window = self._where
        image = pixels_of(self._state.bench.raw)
        if getattr(self._state.bench.raw, "rgb", False) or not isinstance(image, np.ndarray):
            raise EditError(
                "A starting point takes an image of one channel that is in memory. Split the "
                "channels, or load the image."
            )
        if image.dtype == bool:
            image = image.view(np.uint8)
        return starting_point(labels, window, image, otsu(image), self._free, spacing=self._spacing)


def _met_along(labels: Any, line: Any) -> int:
    """Return the object that most of a line lies in; 0 where it meets none."""
    steps = int(np.abs(np.subtract(*line)).max()) * 2 + 2
    found = [
        value_at(labels, line[0] + share * (line[1] - line[0])) or 0
        for share in np.linspace(0, 1, steps)
    ]
    ids, counts = np.unique([f for f in found if f], return_counts=True)
    return int(ids[counts.argmax()]) if len(ids) else 0
