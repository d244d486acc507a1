"""The buttons of the hunt, and the keys that do the same from the canvas and from any dock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from napari_verdict.widgets.keys import SHORTCUTS, hint, keys_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_verdict.widgets.entry_table import EntryTable
    from napari_verdict.widgets.hunt import Hunt


class HuntBar(QWidget):
    """Steps through a table and back, and answers to the shortcuts of the viewer.

    Parameters
    ----------
    viewer : napari viewer
        Whose shortcuts.
    table : EntryTable
        What is stepped through.
    hunt : Hunt
        What takes the viewer there.
    freshen : callable
        Brings the table to what holds now; called before a step.
    """

    def __init__(
        self, viewer: Any, table: EntryTable, hunt: Hunt, freshen: Callable[[], None]
    ) -> None:
        super().__init__()
        self._table, self._hunt, self._keys = table, hunt, keys_of(viewer)
        self._freshen = freshen
        self.previous, self.next = _button("Previous", "previous"), _button("Next", "next")
        self.same, self.back = _button("Same kind", "next kind"), _button("Back", "back")
        #: For the head of the dock.
        self.grid = _button("Side by side", "side by side")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for button in (self.previous, self.next, self.same, self.back):
            layout.addWidget(button)
        for action, button, answer in (
            ("previous", self.previous, self.go_previous),
            ("next", self.next, self.go_next),
            ("next kind", self.same, self.go_next_kind),
            ("back", self.back, self.go_back),
            ("side by side", self.grid, self.side_by_side),
        ):
            button.clicked.connect(lambda _=False, answer=answer: answer(True))
            self._keys.add(action, answer)
        hunt.flight.moved.connect(self.update_enabled)
        self._keys.add("hold raw", self.hold_raw)
        self._keys.add("hold ground truth", self.hold_truth)
        self._keys.add("hold prediction", self.hold_prediction)

    def update_enabled(self) -> None:
        """Offer what can be done now."""
        for button in (self.previous, self.next, self.same):
            button.setEnabled(bool(self._table.entry_model.rowCount()))
        self.back.setEnabled(self._hunt.flight.can_return)
        self.grid.setEnabled(self._hunt.can_compare)

    def stop(self) -> None:
        """Answer to no key any more."""
        self._hunt.flight.moved.disconnect(self.update_enabled)
        self._keys.remove(self)

    # ---- answers: True on press, False on release; they say whether there was something to do

    def go_next(self, pressed: bool) -> bool:
        """Go to the next row, from the top again at the end."""
        return pressed and self._step(1)

    def go_previous(self, pressed: bool) -> bool:
        """Go to the row before."""
        return pressed and self._step(-1)

    def go_next_kind(self, pressed: bool) -> bool:
        """Go to the next row of the same kind."""
        if not pressed:
            return False
        self._freshen()
        here = self._table.position
        if here < 0:
            return self._step(1)
        self._table.choose(self._table.entry_model.next_of_kind(here))
        return True

    def go_back(self, pressed: bool) -> bool:
        """Go back to where camera and sliders were."""
        return pressed and self._hunt.back()

    def side_by_side(self, pressed: bool) -> bool:
        """Switch the panels on or off."""
        return pressed and self._hunt.toggle_side_by_side()

    def hold_raw(self, pressed: bool) -> bool:
        """Show raw alone while the key is held."""
        return self._hunt.hold("raw", pressed)

    def hold_truth(self, pressed: bool) -> bool:
        """Show the ground truth alone while the key is held."""
        return self._hunt.hold("ground truth", pressed)

    def hold_prediction(self, pressed: bool) -> bool:
        """Show the prediction alone while the key is held."""
        return self._hunt.hold("prediction", pressed)

    def _step(self, by: int) -> bool:
        self._freshen()
        rows, here = self._table.entry_model.rowCount(), self._table.position
        if not rows:
            return False
        first = 0 if by > 0 else rows - 1
        self._table.choose(first if here < 0 else (here + by) % rows)
        return True


def _button(text: str, action: str) -> QPushButton:
    does = next(s.does for s in SHORTCUTS if s.action == action)
    button = QPushButton(text)
    button.setAccessibleName(text)
    button.setToolTip(f"{does} {hint(action)}")
    return button
