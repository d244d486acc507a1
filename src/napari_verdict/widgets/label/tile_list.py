"""The tiles in their order, and what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QListWidget
from superqt.utils import signals_blocked

from napari_verdict.annotation.tiles import REALLY_EMPTY, Draw, State

if TYPE_CHECKING:
    from collections.abc import Collection

    from napari_verdict.annotation.tiles import Plan, Tile

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
        #: What each row shows; the others are not written again.
        self._shown: list[tuple[Tile, bool, bool]] = []

    def show_plan(self, plan: Plan | None, current: int, empty: Collection[int]) -> None:
        """Show tiles; finished ones that hold no object now are `empty`."""
        tiles = () if plan is None else plan.tiles
        several, nothing = plan is not None and len(plan.images) > 1, set(empty)
        rows = [(tile, k in nothing, several) for k, tile in enumerate(tiles)]
        with signals_blocked(self):
            while self.count() > len(rows):
                self.takeItem(self.count() - 1)
            self.addItems([""] * (len(rows) - self.count()))
            del self._shown[len(rows) :]
            for k, row in enumerate(rows):
                if k >= len(self._shown) or self._shown[k] != row:
                    self._write(k, *row)
            self._shown = rows
            self.setCurrentRow(current)
        if 0 <= current < self.count():
            self.scrollToItem(self.item(current))

    def _write(self, k: int, tile: Tile, empty: bool, several: bool) -> None:
        became = _became(tile, empty)
        text = f"{k + 1} {_SIGNS[tile.state]} {became}"
        where = f"x {tile.box[4]}–{tile.box[5]}, y {tile.box[2]}–{tile.box[3]}"
        where += f", z {tile.box[0]}–{tile.box[1]}" if tile.box[1] > 1 else ""
        where += "".join(f", frame {i}" for i in tile.frame)
        item = self.item(k)
        item.setText(f"{text} · {tile.image}" if several else text)
        item.setToolTip(f"{became}; {where}")

    def _on_item(self, item: Any) -> None:
        self.chosen.emit(self.row(item))


def _became(tile: Tile, empty: bool) -> str:
    hand = ", chosen by hand" if tile.draw is Draw.HAND else ""
    if tile.state is State.SKIPPED:
        return f"skipped: {tile.reason}{hand}"
    if tile.state is State.FINISHED:
        if not empty:
            return f"done{hand}"
        # objects that were there at the end may have been deleted, merged or painted over since
        said = tile.reason == REALLY_EMPTY
        return f"done, {REALLY_EMPTY if said else 'now empty: look again'}{hand}"
    return f"to do{hand}"
