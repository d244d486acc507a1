"""What a person asks for with the buttons and keys, and what they are asked back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_verdict.widgets.label.more_tiles import MoreTiles

if TYPE_CHECKING:
    from napari_verdict.widgets.label.desk import Desk
    from napari_verdict.widgets.label.hands import Hands
    from napari_verdict.widgets.label.work_page import WorkPage

#: Reasons that are often given for skipping a tile.
_REASONS = ("out of focus", "nothing can be told apart", "artefact or debris", "damaged image")


class Talk(QObject):
    """Between the page, and desk and hands.

    Parameters
    ----------
    page : WorkPage
        Its buttons, and where questions stand.
    desk : Desk
        Goes from tile to tile.
    hands : Hands
        Edits objects.
    parent : QObject
        The dock.
    """

    #: Labelling is to end.
    left = Signal()

    def __init__(self, page: WorkPage, desk: Desk, hands: Hands, parent: QObject) -> None:
        super().__init__(parent)
        self._page, self._desk, self._hands, self._state = page, desk, hands, desk.state
        #: What is not saved, in a sentence; asked about before labelling ends.
        self.worry = ""
        page.tiles.chosen.connect(self._on_chosen)
        page.bar.cleared.connect(self._on_cleared)
        desk.state.events.current.connect(self._on_current)
        page.steps.asked.connect(self._on_step)
        page.edits.asked.connect(self._on_edit)
        page.edits.refused.connect(self._on_off)
        page.correcting.toggled.connect(self._on_correcting)
        page.more.clicked.connect(MoreTiles(page, desk, self).draw)
        page.by_hand.clicked.connect(self._on_by_hand)
        page.reopen.clicked.connect(desk.reopen)
        page.leave.clicked.connect(self._on_leave)
        desk.doubted.connect(self._on_doubted)
        desk.scattered.connect(self._on_scattered)
        desk.emptied.connect(self._on_emptied)
        hands.refused.connect(self._on_refused)

    def _on_chosen(self, k: int) -> None:
        self._hands.cancel()
        self._desk.go(k)

    def _on_current(self, _: int) -> None:
        # what was asked was asked of the tile before
        self._hands.cancel()
        self._page.bar.clear()

    def _on_cleared(self) -> None:
        self._state.message = ""  # so that the same can be said again

    def _on_step(self, name: str, _: bool) -> None:
        self._hands.cancel()
        if name == "finish tile":
            self._desk.finish()
        elif name == "skip tile":
            self._page.bar.ask(
                "Why is this tile left out? What is left out changes what the score is of.",
                {"Skip it": self._on_skip, "Keep it": self._desk.arm},
                reason=_REASONS,
            )
        else:
            self._desk.step(1 if name == "next tile" else -1)

    def _on_skip(self) -> None:
        if not self._desk.skip(self._page.bar.reason.currentText()):
            self._state.message = "A tile is skipped for a reason. Choose or write one."

    def _on_edit(self, name: str, pointed: bool) -> None:
        self._page.bar.clear()
        self._hands.act(name, pointed)

    def _on_off(self, why: str) -> None:
        self._state.message = f"{why}."

    def _on_doubted(self) -> None:
        self._page.bar.ask(
            "This tile has no object. Really empty?",
            {
                "Yes, it is empty": lambda: self._desk.finish(empty=True),
                "No, go on": self._desk.arm,
            },
        )

    def _on_emptied(self) -> None:
        state = self._state
        self._page.show_plan(state.plan, state.current, self._desk.has_objects)

    def _on_scattered(self, labels: Any) -> None:
        which = f"Label {labels[0]} lies" if len(labels) == 1 else f"{len(labels)} labels lie"
        self._page.bar.ask(
            f"{which} in separate pieces, which count as one object. Is each piece an object?",
            {
                "Separate them": self._on_separate,
                "One object": lambda: self._desk.finish(whole=True),
                "Go on": self._desk.arm,
            },
        )

    def _on_separate(self) -> None:
        self._hands.separate()
        self._desk.finish(whole=True)

    def _on_refused(self, why: str) -> None:
        self._page.bar.ask(
            why, {"Accept over it": self._hands.accept_over, "Leave it": self._desk.arm}
        )

    def _on_correcting(self, on: bool) -> None:
        self._state.correcting = on
        self._desk.blind()
        self._desk.arm()

    def _on_by_hand(self) -> None:
        state = self._state
        try:
            state.plan = state.plan.by_hand(state.bench.image, *self._desk.in_view())
        except ValueError as error:
            state.message = str(error)
            return
        self._desk.go(len(state.plan.tiles) - 1)

    def _on_leave(self) -> None:
        if self.worry:
            self._page.bar.ask(
                self.worry, {"Stop anyway": self.left.emit, "Go on labelling": self._desk.arm}
            )
        else:
            self.left.emit()
