"""Takes a person from tile to tile: view, light, blindfold, brush, and what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_verdict.comparison.model import Task
from napari_verdict.viewer.blind import Blindfold
from napari_verdict.viewer.fly import View
from napari_verdict.viewer.places import data_position
from napari_verdict.viewer.spotlight import Spotlight
from napari_verdict.viewer.truth import AMBIGUOUS, add_labels_like, arm, named_for
from napari_verdict.widgets.label.state import DRAWING
from napari_verdict.widgets.session import session_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from napari_verdict.annotation.tiles import Box, Place, Plan
    from napari_verdict.widgets.label.state import Bench, Labelling


class Desk(QObject):
    """What is in hand in a viewer, and what stands around it.

    Parameters
    ----------
    viewer : napari viewer
        Where tiles are labelled.
    state : Labelling
        Where it stands; changed here and listened to by the boxes.
    parent : QObject
        The dock.
    """

    #: A tile is asked about before it is finished: it has no object.
    doubted = Signal()
    #: A tile is asked about before it is finished: labels that are in several pieces.
    scattered = Signal(object)
    #: A tile is to be taken in hand whose image is not on the desk: its number.
    wanted = Signal(int)
    #: A finished tile holds no object any more, or does again.
    emptied = Signal()
    #: The mask of what nobody can tell was made: the layer, and whether nothing is marked yet.
    masked = Signal(object, bool)

    def __init__(self, viewer: Any, state: Labelling, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer, self.state = viewer, state
        self.spotlight, self._blindfold = Spotlight(viewer), Blindfold(viewer)
        self._blindfold.lifted.connect(self._on_lifted)
        self._blindfold.hidden.connect(self._on_hidden)
        self._before: View | None = None
        self._active: Any = None
        self._ambiguous: Any = None
        #: Finished tiles without an object: the layer they are on, and their place.
        self._empty: set[tuple[Any, Place]] = set()

    # ---- beginning and end

    def remember_view(self) -> None:
        """Remember what is seen and selected now, to be brought back at the end."""
        self._before = View.of(self._viewer)
        self._active = self._viewer.layers.selection.active

    def start(
        self, bench: Bench, plan: Plan, mask: Any, layer: Any, empty: Iterable[Place]
    ) -> None:
        """Begin with the first tile that is open.

        `mask` holds what nobody could tell before; where a `layer` shows that, it is taken up.
        `empty` are the places of finished tiles without an object.
        """
        dims = self._viewer.dims  # tiles are planes along the last two axes
        dims.ndisplay, dims.order = 2, tuple(range(dims.ndim))
        self.state.bench, self._ambiguous = bench, layer
        if mask is not None:
            self.need_ambiguous(mask)
        self.turn_to(bench, plan, plan.next_open() or 0, empty)

    def turn_to(self, bench: Bench, plan: Plan, current: int, empty: Iterable[Place] = ()) -> None:
        """Take up one tile of one person's labels; `empty` are finished ones without an object."""
        for _ in self.turning_to(bench, plan, current, empty):
            pass

    def turning_to(
        self, bench: Bench, plan: Plan, current: int, empty: Iterable[Place] = ()
    ) -> Iterator[None]:
        """Do what `turn_to` does, in steps that are short."""
        self._empty |= {(bench.truth, place) for place in empty}
        state, before = self.state, self.state.bench
        if before is not None:
            before.truth.events.mode.disconnect(self._on_mode)
        state.bench, state.current, state.plan = bench, -1, plan
        bench.truth.events.mode.connect(self._on_mode)
        if before is None or before is bench or before.truth is not bench.truth:
            self.blind()  # else the same layers show another image
        if plan.tiles:
            yield
            yield from self._going(current)
        else:
            state.message = "Bring what you want to label into view, and press Tile by hand."
            self.arm()

    def stop(self) -> None:
        """Bring the view back, show what was hidden, and leave the labels."""
        bench = self.state.bench
        self._blindfold.take_off()
        if bench is not None:
            bench.truth.events.mode.disconnect(self._on_mode)
            if bench.truth in self._viewer.layers:
                bench.truth.mode = "pan_zoom"
        self.spotlight.forget()
        if self._before is not None:
            self._before.restore(self._viewer)
            self._before = None
        if self._active in self._viewer.layers:
            self._viewer.layers.selection.active = self._active
        self._active = None
        self._ambiguous, self._empty = None, set()
        self.state.update({"bench": None, "plan": None, "current": -1, "estimates": None})

    def blind(self) -> None:
        """Hide predictions, or show them where they are to be corrected."""
        bench = self.state.bench
        if bench is None:
            return
        if self.state.correcting:
            if self._blindfold.is_on:
                self._blindfold.lift(bench.predictions)
            return
        kept = [bench.raw, bench.truth, self.ambiguous]
        told = [*bench.predictions, bench.confidence]
        self._blindfold.put_on(
            [x for x in kept if x is not None], [x for x in told if x is not None]
        )

    # ---- from tile to tile

    def go(self, k: int) -> None:
        """Take a tile in hand; where its image is not on the desk it is asked for."""
        for _ in self._going(k):
            pass

    def _going(self, k: int) -> Iterator[None]:
        state = self.state
        if state.plan.tiles[k].image != state.bench.image:
            self.wanted.emit(k)
            return
        state.current, state.message = k, ""
        tile, bench = state.tile, state.bench
        assert tile is not None
        if self._viewer.canvas.grid.enabled:  # in panels nothing lies over anything
            session_of(self._viewer).grid.leave()
        window = state.plan.window(tile)
        self.spotlight.aim(bench.raw, bench.axes, tile.frame, tile.box, window)
        yield
        self.spotlight.light()
        self.arm()

    def touched(self, frame: tuple[int, ...], box: Box) -> None:
        """See whether there are objects in finished tiles that were painted on."""
        plan, bench = self.state.plan, self.state.bench
        painted = plan.finished_at(bench.image, frame, box, margin=False)
        before = [self.has_objects(k) for k in painted]
        if before != [self._look_into(k) for k in painted]:
            self.emptied.emit()

    def step(self, by: int) -> bool:
        """Go to the tile before or after, round at the ends; say whether there is another."""
        state = self.state
        if state.tile is None or len(state.plan.tiles) < 2:
            return False
        self.go((state.current + by) % len(state.plan.tiles))
        return True

    def finish(self, empty: bool = False, whole: bool = False) -> bool:
        """Finish the tile in hand and go to the next that is open, or ask about it first.

        Parameters
        ----------
        empty : bool
            Whether the person has said that it really is empty.
        whole : bool
            Whether they have said that each label is one object, in however many pieces.

        Returns
        -------
        bool
            Whether it is finished.
        """
        state = self.state
        if state.tile is None:
            return False
        is_empty = not self._look_into(state.current)
        if is_empty and not empty:
            self.doubted.emit()
            return False
        if not whole and (scattered := self._in_pieces()):
            self.scattered.emit(scattered)
            return False
        self._settle(state.plan.finish(state.current, is_empty))
        return True

    def skip(self, reason: str) -> bool:
        """Skip the tile in hand for a reason, and go on; say whether that was done."""
        state = self.state
        if state.tile is None or not reason.strip():
            return False
        self._settle(state.plan.skip(state.current, reason))
        return True

    def reopen(self) -> None:
        """Take back that the tile in hand was finished or skipped."""
        if self.state.tile is not None:
            self.state.plan = self.state.plan.reopen(self.state.current)

    def has_objects(self, k: int) -> bool:
        """Whether anything is labelled within a finished tile, as far as is known."""
        return (self.state.bench.truth, self.state.plan.tiles[k].place) not in self._empty

    def _look_into(self, k: int) -> bool:
        """Return whether anything is labelled within a tile of the image, and remember it."""
        bench, tile = self.state.bench, self.state.plan.tiles[k]
        there = bool(np.any(bench.truth.data[bench.bounds(tile.frame, tile.box)]))
        (self._empty.discard if there else self._empty.add)((bench.truth, tile.place))
        return there

    def _in_pieces(self) -> tuple[int, ...]:
        """Return labels of the tile that lie in separate pieces, where objects are compared."""
        from napari_verdict.annotation.pieces import in_pieces

        bench, window, tile = self.state.bench, self.state.window, self.state.inner
        assert window is not None
        assert tile is not None
        if bench.task is Task.FOREGROUND:
            return ()
        return tuple(in_pieces(bench.truth.data, window, tile))

    def in_view(self) -> tuple[tuple[int, ...], Box]:
        """Return the frame, and the box of a tile in the middle of the view, within the image."""
        bench, plan = self.state.bench, self.state.plan
        at = np.array(self._viewer.dims.point, float)
        shown = list(self._viewer.dims.displayed)[-2:]
        at[shown] = self._viewer.scene.camera.center[-2:]
        here = data_position(self._viewer, bench.truth, at)
        low, high = [], []
        for axis, size, centre in zip(bench.axes, bench.truth.data.shape, here, strict=True):
            side = {"y": plan.size, "x": plan.size, "z": plan.depth}.get(axis, 1)
            side = min(side, size)
            first = round(min(max(float(centre) - (side - 1) / 2, 0), size - side))
            low.append(first)
            high.append(first + side)
        frame, box = bench.place(tuple(low), tuple(high))
        return frame, box

    def _settle(self, plan: Plan) -> None:
        state = self.state
        state.plan = plan
        following = plan.next_open(state.current)
        if following is None:
            state.message = "No tile is open any more."
            self.arm()
        else:
            self.go(following)

    # ---- the brush

    def arm(self) -> None:
        """Put the tool that was used last back into the hand."""
        if self.state.bench is not None:
            arm(self._viewer, self.state.bench.truth, self.state.tool)

    @property
    def ambiguous(self) -> Any | None:
        """The mask of what nobody can tell; None before anything was marked."""
        return self._ambiguous if self._ambiguous in self._viewer.layers else None

    def lay_mask_aside(self) -> Any:
        """Have no mask on the desk, and return the one that was there, to be put back."""
        mask, self._ambiguous = self.ambiguous, None
        return mask

    def put_mask_back(self, mask: Any) -> None:
        """Have a mask on the desk again."""
        self._ambiguous = mask

    def need_ambiguous(self, data: Any = None) -> Any:
        """Return the mask of what nobody can tell, made where there is none."""
        if self.ambiguous is None:
            bench = self.state.bench
            name = named_for(AMBIGUOUS, bench.second)
            self._ambiguous = add_labels_like(self._viewer, bench.raw, name, data)
            self._blindfold.keep(self._ambiguous)
            self._ambiguous.visible = True
            self.arm()
            self.masked.emit(self._ambiguous, data is None)
        return self._ambiguous

    # ---- what happens

    def _on_mode(self, event: Any) -> None:
        mode = str(event.source.mode)
        if mode in DRAWING:
            self.state.tool = mode

    def _on_hidden(self, layer: Any) -> None:
        self.state.message = (
            f"“{layer.name}” is hidden while you label blind, since it may tell what a model found."
        )

    def _on_lifted(self, layer: Any) -> None:
        if self.state.bench.second:
            layer.visible = False
            self.state.message = (
                f"“{layer.name}” stays hidden, since a second opinion is given blind. Go back to "
                "the first to see it."
            )
            return
        # whoever has seen a prediction is not blind any more; a key may be held, so all else stays
        self._blindfold.rest()
        self.state.correcting = True
        self.state.message = (
            f"“{layer.name}” was shown, so you are no longer labelling blind. Hide it again and "
            "switch correcting off to go on blind."
        )
