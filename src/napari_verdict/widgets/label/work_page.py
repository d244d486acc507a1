"""What is seen while tiles are labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_verdict.annotation.tiles import State
from napari_verdict.widgets.label.ask_bar import AskBar
from napari_verdict.widgets.label.score_box import ScoreBox
from napari_verdict.widgets.label.tile_list import TileList
from napari_verdict.widgets.label.tools_box import EDITS, STEPS, ToolsBox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_verdict.annotation.tiles import Plan


class WorkPage(QWidget):
    """Tiles, tools, score, and whether it is saved; it only lays out.

    Parameters
    ----------
    viewer : napari viewer
        Whose shortcuts the tools have.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.plan, self.origins, self.saved = QLabel(), QLabel(), QLabel()
        self.agreement = QLabel()
        self.tiles = TileList()
        self.steps, self.edits = ToolsBox(viewer, STEPS, 2), ToolsBox(viewer, EDITS, 3)
        self.bar = AskBar()
        self.score = ScoreBox()
        self.correcting = QCheckBox("Correcting: predictions are shown")
        self.more = QPushButton("More tiles")
        self.by_hand = QPushButton("Tile by hand")
        self.reopen = QPushButton("Reopen tile")
        self.export = QPushButton("Export…")
        self.zarr = QCheckBox("Export as OME-Zarr too")
        self.second = QPushButton("Second annotator…")
        self.leave = QPushButton("Stop labelling")
        self._tips: dict[QWidget, str] = {}
        for control, tip in (
            (self.correcting, "Off: you label blind, and the score is honest. On: predictions are "
             "shown and can be accepted, which flatters them"),
            (self.more, "Draw the next tiles of the same drawing"),
            (self.by_hand, "Add the tile in the middle of the view. It is in no estimate of the "
             "whole, since you chose it"),
            (self.reopen, "This tile is not finished or skipped after all"),
            (self.export, "Write labels, tiles and where each object comes from into a folder"),
            (self.zarr, "Save all labels through napari as ground_truth.ome.zarr as well"),
            (self.second, "Somebody else, or you again, labels finished tiles of one image blind: "
             "agreement is shown beside the score of the model"),
            (self.leave, "Show everything as it was before; the labels stay"),
        ):  # fmt: skip
            control.setToolTip(tip)
            control.setAccessibleName(control.text())
            self._tips[control] = tip
        for label, name in (
            (self.plan, "How the tiles were drawn"),
            (self.origins, "Where objects come from"),
            (self.agreement, "How far two people agree"),
            (self.saved, "Whether it is saved"),
        ):
            label.setWordWrap(True)
            label.setAccessibleName(name)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (
            self.plan, self.tiles, self.steps, self.bar, self.correcting, self.edits,
            self.score, self.agreement, self.origins, self.saved,
        ):  # fmt: skip
            column.addWidget(widget)
        grid = QGridLayout()
        grid.setSpacing(4)
        for k, button in enumerate(
            (self.more, self.by_hand, self.reopen, self.export, self.second, self.leave)
        ):
            grid.addWidget(button, k // 2, k % 2)
        column.addLayout(grid)
        column.addWidget(self.zarr)

    def set_ready(self, ready: bool) -> None:
        """Offer everything, or nothing for a moment."""
        self.setEnabled(ready)
        for tools in (self.steps, self.edits):
            tools.set_ready(ready)

    def show_second(self, is_on: bool, off: Mapping[str, str]) -> None:
        """Offer what somebody can do who gives a second opinion, or the first.

        `off` names what cannot be done, and why, for the tooltips; all else is offered again.
        """
        self.second.setText("Back to the first" if is_on else "Second annotator…")
        self.second.setAccessibleName(self.second.text())
        self.edits.set_off(off)
        for name, control in (
            ("correcting", self.correcting),
            ("more tiles", self.more),
            ("tile by hand", self.by_hand),
        ):
            self._switch(control, off.get(name, ""))

    def _switch(self, control: QWidget, why_not: str) -> None:
        control.setEnabled(not why_not)
        control.setToolTip(why_not or self._tips[control])

    def show_plan(
        self, plan: Plan | None, current: int, has_objects: Callable[[int], bool]
    ) -> None:
        """Show tiles, and how they were drawn; `has_objects` tells of one by its number."""
        tiles = () if plan is None else plan.tiles
        finished = [k for k, t in enumerate(tiles) if t.state is State.FINISHED]
        empty = [k for k in finished if not has_objects(k)]
        self.tiles.show_plan(plan, current, empty)
        self.plan.setText("" if plan is None else plan.sentence)
        known = 0 <= current < len(tiles)
        settled = known and tiles[current].state is not State.OPEN
        self._switch(
            self.reopen, "" if settled else "This tile is open: there is nothing to reopen"
        )
