"""The tiles in their order, and what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QListWidget
from superqt.utils import signals_blocked

from napari_verdict.annotation.tiles import Draw, State

if TYPE_CHECKING:
    from collections.abc import Collection

    from napari_verdict.annotation.tiles import Plan

_SIGNS = {State.OPEN: "○", State.FINISHED: "●", State.SKIPPED: "✕"}
#: Rows that are seen at once.
ROWS = 5


class TileList(QListWidget):
    """A row a tile; choosing one goes there."""

    #: The number of a tile that was clicked, or entered with the keyboard.
    chosen = Signal(int)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Tiles")
        self.setToolTip("○ to do, ● done, ✕ skipped; click to go there")
        self.itemClicked.connect(self._on_item)
        self.itemActivated.connect(self._on_item)
        self.setFixedHeight(ROWS * (self.fontMetrics().height() + 6))

    def show_plan(self, plan: Plan | None, current: int, empty: Collection[int]) -> None:
        """Show tiles; those that were finished without an object are `empty`."""
        tiles = () if plan is None else plan.tiles
        several = plan is not None and len(plan.images) > 1
        with signals_blocked(self):
            while self.count() > len(tiles):
                self.takeItem(self.count() - 1)
            for k, tile in enumerate(tiles):
                if k == self.count():
                    self.addItem("")
                text = f"{k + 1} {_SIGNS[tile.state]} {_became(tile, k in empty)}"
                text += f" · {tile.image}" if several else ""
                where = f"x {tile.box[4]}–{tile.box[5]}, y {tile.box[2]}–{tile.box[3]}"
                where += f", z {tile.box[0]}–{tile.box[1]}" if tile.box[1] > 1 else ""
                where += "".join(f", frame {i}" for i in tile.frame)
                item = self.item(k)
                if item.text() != text:
                    item.setText(text)
                item.setToolTip(f"{_became(tile, k in empty)}; {where}")
            self.setCurrentRow(current)
        if 0 <= current < self.count():
            self.scrollToItem(self.item(current))

    def _on_item(self, item: Any) -> None:
        self.chosen.emit(self.row(item))


def _became(tile: Any, empty: bool) -> str:
    hand = ", chosen by hand" if tile.draw is Draw.HAND else ""
    if tile.state is State.SKIPPED:
        return f"skipped: {tile.reason}{hand}"
    if tile.state is State.FINISHED:
        return ("done, really empty" if empty else "done") + hand
    return f"to do{hand}"
