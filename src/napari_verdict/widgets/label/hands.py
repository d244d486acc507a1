"""What is done to objects: each edit one step of napari's undo, and the brush armed afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_verdict.annotation.edits import EditError
from napari_verdict.annotation.origins import Action, Origin
from napari_verdict.viewer.layers import pixels_of
from napari_verdict.viewer.places import value_at
from napari_verdict.viewer.strokes import apply
from napari_verdict.widgets.label.changes import Changes, Predicted
from napari_verdict.widgets.label.pointer import Pointer
from napari_verdict.widgets.label.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_verdict.annotation.edits import Change
    from napari_verdict.annotation.starting_point import Foreground
    from napari_verdict.widgets.label.desk import Desk
    from napari_verdict.widgets.label.state import Labelling
    from napari_verdict.widgets.label.work import Work

_BLIND = (
    "You are labelling blind, so there is no predicted object to accept. Switch correcting on to "
    "accept predicted objects; the share that is accepted unchanged is reported with the score."
)
_UNSEEN = "No prediction is seen. Show the one whose objects you want to accept."
_NOTHING = "There is no object here. Draw it first, then mark it."
_NO_PLACE = {
    "accept": "Click the predicted object to accept.",
    "delete": "Click the object to delete.",
    "merge": "Click the object that belongs to the selected one.",
    "mark ambiguous": "Click the object that nobody can tell.",
    "split": "Drag a line across the object, or click once in each of two parts of it.",
}


@dataclass(frozen=True, eq=False)
class _Proposed:
    """What objects were proposed last: the image, the part of it, what they are, their labels."""

    pixels: Any
    window: Any
    foreground: Foreground
    labels: tuple[int, ...]


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
        self._work: Work | None = None
        self.pointer, self.reader = Pointer(viewer, self), Reader(self)
        self.pointer.pointed.connect(self._on_pointed)
        self.reader.failed.connect(self._on_failed)
        self._asking, self._places = "", []  # type: tuple[str, list[Any]]
        self._refused: Predicted | None = None
        self._proposed: _Proposed | None = None

    @property
    def work(self) -> Work | None:
        """Who keeps what is edited; nothing is edited without."""
        return self._work

    @work.setter
    def work(self, work: Work | None) -> None:
        self._work = work
        if work is None:  # an image that is not labelled any more is not to stay in memory
            self.reader.forget()
            self._proposed = None

    @property
    def _state(self) -> Labelling:
        return self._desk.state

    @property
    def _changes(self) -> Changes:
        assert self.work is not None
        return Changes(self._state, self.work.free_labels)

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
        elif name == "new object":
            self._new_object()
        elif name == "threshold":
            self._propose()
        else:
            self._try(getattr(self._changes, name.replace(" ", "_")), name)
        self._desk.arm()
        return True

    def accept_over(self) -> None:
        """Accept the predicted object that was refused, over what is there."""
        refused, self._refused = self._refused, None
        if refused is not None:
            self._take_over(refused, over=True)
            self._desk.arm()

    def separate(self) -> None:
        """Give each piece of an object that lies in several a label of its own."""
        self._try(self._changes.separate, "split")
        self._desk.arm()

    def cancel(self) -> None:
        """Ask for no place any more, and wait for nothing that is read."""
        self.reader.stop()
        self.pointer.stop()
        self._asking, self._places, self._refused = "", [], None

    def _on_failed(self, why: str) -> None:
        self._state.message = why

    def _on_pointed(self, places: Any) -> None:
        name, before = self._asking, self._places
        if name == "split" and len(before) + len(places) < 2:
            self._places = [places[0]]
            self._state.message = "Now click in the other part of the object."
            return
        self.cancel()
        if name != "split":
            self._at(name, places[0])
        elif len(places) == 2:
            self._try(lambda: self._changes.cut(places), name)
        else:
            self._try(lambda: self._changes.split(np.array([*before, *places])), name)
        self._desk.arm()

    def _at(self, name: str, place: Any) -> None:
        if name == "accept":
            self._accept(place)
            return
        label = value_at(self._state.bench.truth.data, place) or 0
        if name == "mark ambiguous":
            self._mark(label)
        else:
            self._try(lambda: getattr(self._changes, name)(label), name)

    # ---- edits

    def _try(self, make: Callable[[], Change], name: str) -> Change | None:
        """Make an edit, write it and return it, or say why it cannot be made."""
        assert self.work is not None
        self._state.message = ""
        try:
            change = make()
        except EditError as error:
            self._state.message = str(error)
            return None
        if len(change):
            self.work.watch.edit(change, Action(name))
        else:
            self._state.message = "Nothing was to be changed."
        return change

    def _new_object(self) -> None:
        assert self.work is not None
        try:
            self._state.bench.truth.selected_label = next(self.work.free_labels())
        except EditError as error:
            self._state.message = str(error)

    def _accept(self, place: Any) -> None:
        """Accept the object at a place, of the first prediction that is seen and has one there."""
        window = self._state.window
        assert window is not None
        seen = [p for p in self._state.bench.predictions if p.visible]
        if not seen:
            self._state.message = _UNSEEN
            return
        at = np.floor(np.asarray(place) + 0.5) - [w.start for w in window]

        def take(parts: list[Any]) -> None:
            found = [
                Predicted(layer.name, part, value_at(part, at))
                for layer, part in zip(seen, parts, strict=True)
            ]
            there = next((f for f in found if f.label), found[0])
            self._take_over(there)

        self.reader.parts(seen, window, take)
        self._wait_for("the prediction")

    def _take_over(self, predicted: Predicted, *, over: bool = False) -> None:
        assert self.work is not None
        try:
            change, whole = self._changes.accept(predicted, over=over)
        except EditError as error:
            self._state.message = str(error)
            if predicted.label:  # others are in its way
                self._refused = predicted
                self.refused.emit(str(error))
            return
        self._state.update({"message": "", "accepted_from": predicted.source})
        self.work.watch.edit(change, Action.ACCEPT if whole else Action.ACCEPT_PART)

    def _mark(self, label: int) -> None:
        if not label:
            self._state.message = _NOTHING
            return
        mask = self._desk.need_ambiguous()
        try:
            change, marked = self._changes.mark(mask.data, label)
        except EditError as error:
            self._state.message = str(error)
            return
        apply(mask, change)
        what = "is left out of scores" if marked else "counts again"
        self._state.message = f"Object {label} {what}."

    def _propose(self) -> None:
        """Propose objects by a threshold of the whole image, which a tile alone does not tell.

        Asked again, what was proposed and not changed gives way to what is beyond the threshold.
        """
        raw, window, last = self._state.bench.raw, self._state.window, self._proposed
        pixels, instead = pixels_of(raw), self._unchanged(window)
        assert window is not None

        def with_foreground(found: Foreground) -> None:
            known = last.foreground if last is not None and last.pixels is pixels else found
            side = known.other if instead else known
            self.reader.parts([raw], window, lambda parts: with_part(parts[0], side))
            self._wait_for("the image")

        def with_part(part: Any, side: Foreground) -> None:
            change = self._try(lambda: self._changes.propose(part, side, instead), "threshold")
            labels = () if change is None else tuple(np.unique(change.values).tolist())
            self._proposed = _Proposed(pixels, window, side, labels)
            if labels:
                opposite = "darker" if side.other.darker else "brighter"
                self._state.message = (
                    f"Proposed what is {side.words}. Once more takes what is {opposite} instead."
                )

        self.reader.foreground(raw, with_foreground)
        self._wait_for("the image")

    def _unchanged(self, window: Any) -> list[int]:
        """Return the objects that were proposed last, in this tile, and are as they were."""
        assert self.work is not None
        last, known = self._proposed, self.work.keeper.origins.objects
        if last is None or last.window != window:
            return []
        return [k for k in last.labels if k in known and known[k].pixels
                and known[k].origin is Origin.THRESHOLD]  # fmt: skip

    def _wait_for(self, what: str) -> None:
        if self.reader.is_busy:
            self._state.message = f"Reading {what} …"
