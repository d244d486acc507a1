"""How well each ground-truth object is found: a histogram of IoU whose bars can be clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Signal

from napari_verdict.comparison.entries import ROLES
from napari_verdict.widgets.plots.canvas import PlotCanvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from napari_verdict.comparison.entries import Entries
    from napari_verdict.widgets.plots.look import Look

_BARS = 20


class IouHistogram(PlotCanvas):
    """Counts ground-truth objects by IoU: with the partner, without one the best with any."""

    #: From and to which IoU a bar reaches that was clicked, and the rows of its entries.
    chosen = Signal(float, float, object)
    gives = "bar"  # what `chosen` names

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer, "Histogram of IoU", "Click a bar to list its objects", 230)
        self._rows = np.empty(0, np.intp)
        self._bar = np.empty(0, np.intp)
        self._matched = np.empty(0, bool)
        self._threshold = 0.5
        self._at = -1
        self._plot: Any = None
        self._frame: Any = None
        self._text: Any = None
        self.mpl_connect("button_press_event", self._on_press)
        self.mpl_connect("motion_notify_event", self._on_move)
        self.mpl_connect("figure_leave_event", lambda _: self._point_at(-1))

    def show_entries(self, entries: Entries, threshold: float) -> None:
        """Draw other entries, matched at a threshold."""
        counted = np.array([kind != "ignored" for kind in entries.kinds], bool)[entries.kind]
        self._rows = np.flatnonzero(counted & (entries.role == ROLES.index("ground truth")))
        values = np.nan_to_num(entries.value[self._rows])
        self._bar = np.minimum((values * _BARS + 1e-9).astype(np.intp), _BARS - 1)
        self._matched = entries.partner[self._rows] != 0
        self._threshold = threshold
        self.redraw()

    def counts(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return how many objects of each bar are matched, and how many are not."""
        matched = np.bincount(self._bar[self._matched], minlength=_BARS)
        return matched, np.bincount(self._bar[~self._matched], minlength=_BARS)

    def paint(self, figure: Figure, look: Look) -> None:
        """Draw the bars, the unmatched ones hatched."""
        matched, alone = self.counts()
        middle, width = (np.arange(_BARS) + 0.5) / _BARS, 0.88 / _BARS
        axes = self._plot = self.axes(figure, look)
        some = alone > 0
        handles = [
            axes.bar(middle, matched, width, color=look.colours[0], lw=0),
            axes.bar(
                *(middle[some], alone[some], width, matched[some]),
                facecolor=look.background,
                edgecolor=look.colours[1],
                hatch="////",
                lw=0.8,
            ),
        ]
        axes.set_xlim(-0.01, 1.01)
        axes.set_ylim(0, max(1, (matched + alone).max(initial=0)) * 1.12)
        axes.yaxis.get_major_locator().set_params(integer=True)
        self.name_axes(axes, look, "IoU with the partner, or else the best", "ground-truth objects")
        axes.axvline(self._threshold, color=look.accent, lw=1.2)
        self.legend(figure, look, handles, ["matched", "missed"])
        self._frame = axes.axvspan(0, 1 / _BARS, color=look.text, alpha=0.2, lw=0)
        self._text = axes.text(
            *(0.02, 0.97, ""),
            transform=axes.transAxes,
            va="top",
            color=look.text,
            fontsize=8,
            bbox={"fc": look.background, "ec": "none", "pad": 1.5},
        )
        self.lay_over(self._frame, self._text)
        self._point_at(self._at)

    def step(self, by: int) -> None:
        """Point at the next bar."""
        self._point_at(min(_BARS - 1, max(0, self._at + by)))

    def go(self) -> None:
        """List the objects of the bar that is pointed at."""
        self._choose(self._at)

    def _bar_at(self, event: Any) -> int:
        if event.inaxes is not self._plot or self._plot is None:
            return -1
        return int(min(_BARS - 1, max(0, event.xdata * _BARS)))

    def _on_move(self, event: Any) -> None:
        self._point_at(self._bar_at(event))

    def _on_press(self, event: Any) -> None:
        if event.button == 1:
            self._choose(self._bar_at(event))

    def _point_at(self, bar: int) -> None:
        self._at = bar
        if self._frame is None:
            return
        self._frame.set_visible(bar >= 0)
        self._text.set_text("")
        if bar >= 0:
            matched, alone = (int(c[bar]) for c in self.counts())
            self._frame.set_x(bar / _BARS)
            self._text.set_text(
                f"{bar / _BARS:.2f} to {(bar + 1) / _BARS:.2f}: {matched} matched, {alone} missed"
            )
        self.draw_over()

    def _choose(self, bar: int) -> None:
        if bar >= 0 and (inside := self._rows[self._bar == bar]).size:
            self.chosen.emit(bar / _BARS, (bar + 1) / _BARS, inside)
