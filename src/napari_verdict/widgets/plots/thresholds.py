"""F1, PQ and recall over the IoU threshold, with a line to drag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal

from napari_verdict.widgets.plots import HEIGHT
from napari_verdict.widgets.plots.canvas import PlotCanvas

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.figure import Figure

    from napari_verdict.widgets.plots.look import Look

SCORES = {"f1": "F1", "pq": "PQ", "recall": "recall"}
_LOWEST, _HIGHEST = 0.05, 1.0


class ThresholdCurve(PlotCanvas):
    """Draws what another threshold would give; dragging asks for it."""

    #: The threshold that the line was dragged to.
    moved = Signal(float)

    def __init__(self, viewer: Any) -> None:
        super().__init__(
            viewer, "Scores over thresholds", "Drag the line to another IoU threshold", HEIGHT
        )
        self._tables: Mapping[str, pd.DataFrame] = {}
        self._here = 0.5
        self._lines: list[Any] = []
        self._panels: list[Any] = []
        self.mpl_connect("button_press_event", self._on_mouse)
        self.mpl_connect("motion_notify_event", self._on_mouse)

    def show_curves(self, tables: Mapping[str, pd.DataFrame]) -> None:
        """Draw other curves: by candidate a table with ``threshold`` and a column a score."""
        self._tables = tables
        self.redraw()

    def move_to(self, threshold: float) -> None:
        """Move the line."""
        self._here = threshold
        for line in self._lines:
            line.set_xdata([threshold, threshold])
        self.draw_over()

    def paint(self, figure: Figure, look: Look) -> None:
        """Draw one panel a score, below one another."""
        marks = look.candidates(self._tables)
        self._lines, self._panels, handles = [], [], {}
        for i, (score, title) in enumerate(SCORES.items()):
            first = self._panels[0] if self._panels else None
            axes = self.axes(figure, look, len(SCORES), 1, i + 1, sharex=first)
            for name, table in self._tables.items():
                mark = marks[name]
                handles[name] = axes.plot(
                    table["threshold"],
                    table[score],
                    color=mark.colour,
                    ls=mark.dash,
                    lw=1.4,
                    marker=mark.marker,
                    ms=3.2,
                    markevery=2,
                )[0]
            axes.set_xlim(_LOWEST - 0.02, _HIGHEST + 0.02)
            axes.set_ylim(-0.03, 1.05)
            axes.set_yticks([0, 0.5, 1])
            last = i == len(SCORES) - 1
            axes.tick_params(labelbottom=last)
            self.name_axes(axes, look, "IoU threshold" if last else "", title)
            self._lines.append(axes.axvline(self._here, color=look.accent, lw=1.2))
            self._panels.append(axes)
        figure.align_ylabels(self._panels)
        self.legend(figure, look, list(handles.values()), list(handles))
        self.lay_over(*self._lines)

    def step(self, by: int) -> None:
        """Move the threshold by a hundredth."""
        self._ask(self._here + by / 100)

    def _on_mouse(self, event: Any) -> None:
        if event.button == 1 and self._panels:
            # beyond the axes too: who drags to the end drags past it
            self._ask(float(self._panels[0].transData.inverted().transform((event.x, 0))[0]))

    def _ask(self, threshold: float) -> None:
        threshold = min(_HIGHEST, max(_LOWEST, round(threshold, 2)))
        if threshold != self._here:
            self.move_to(threshold)
            self.moved.emit(threshold)
