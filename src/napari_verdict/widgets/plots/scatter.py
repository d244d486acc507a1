"""Size against IoU, a point an object; a click on a point leads to the object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import LogLocator, NullLocator
from qtpy.QtCore import Signal

from napari_verdict.comparison.entries import ROLES
from napari_verdict.widgets.plots.canvas import PlotCanvas, stepped

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from napari_verdict.comparison.entries import Entries
    from napari_verdict.widgets.plots.look import Look

_REACH = 12.0  # pixels of the screen between a click and the point it means
_CELLS = (400, 200)  # points that fall together on the screen are drawn once


class SizeScatter(PlotCanvas):
    """Draws ground-truth objects, and predicted ones that have no partner."""

    #: The row of the entry whose point was clicked.
    chosen = Signal(int)
    gives = "point"  # what `chosen` names

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer, "Size against IoU", "Click a point to fly to its object", 280)
        self._entries: Entries | None = None
        self._rows = np.empty(0, np.intp)
        self._x: NDArray[np.floating[Any]] = np.empty(0)
        self._y: NDArray[np.floating[Any]] = np.empty(0)
        self._unit, self._threshold, self._selected = "pixels", 0.5, -1
        self._plot: Any = None
        self._ring: Any = None
        self.mpl_connect("button_press_event", self._on_press)

    def show_entries(
        self, entries: Entries, threshold: float, pixel: float = 1.0, unit: str = "pixels"
    ) -> None:
        """Draw other entries.

        Parameters
        ----------
        entries : Entries
            Of objects.
        threshold : float
            At which they are matched.
        pixel : float
            Size of one pixel, in `unit`.
        unit : str
            What sizes are written in.
        """
        mine = entries.role == ROLES.index("ground truth")
        self._rows = np.flatnonzero(mine | (entries.partner == 0))
        self._entries, self._threshold, self._unit = entries, threshold, unit
        self._x = entries.size[self._rows] * pixel
        self._y = np.nan_to_num(entries.value[self._rows])
        self._selected = -1
        self.redraw()

    def select(self, row: int) -> None:
        """Put a ring around the point of an entry; -1 around none."""
        at = np.flatnonzero(self._rows == row)
        self._selected = int(at[0]) if at.size else -1
        self._show_ring()
        self.draw_over()

    def paint(self, figure: Figure, look: Look) -> None:
        """Draw a mark a point, one kind over another: what is wrong on top."""
        axes = self._plot = self.axes(figure, look)
        axes.set_xscale("log")
        axes.set_ylim(-0.04, 1.04)
        decades = 1.0
        if self._x.size:
            low, high = self._x.min() / 1.3, self._x.max() * 1.3
            axes.set_xlim(low, high)
            decades = np.log10(high / low)
        ticks = (1, 2, 5) if decades < 2 else (1,)
        axes.xaxis.set_major_locator(LogLocator(10, ticks, numticks=12))
        axes.xaxis.set_major_formatter(lambda size, _: f"{size:g}")
        axes.xaxis.set_minor_locator(NullLocator())  # a third of the time to draw
        handles, names = [], []
        for kind, at in self._by_kind():
            mark = look.kind(kind)
            (points,) = axes.plot(
                *(self._x[at], self._y[at], mark.marker),
                ms=3 if kind == "matched" else 4.5,
                mew=0.9,
                color=mark.colour,
                mfc=mark.colour if kind == "matched" else "none",
            )
            handles.append(points)
            names.append(kind)
        axes.axhline(self._threshold, color=look.accent, lw=1)
        self.name_axes(axes, look, f"object size ({self._unit})", "IoU with the best partner")
        self.legend(figure, look, handles, names)
        (self._ring,) = axes.plot([], [], "o", ms=11, mew=1.8, mfc="none", color=look.text)
        self._show_ring()
        self.lay_over(self._ring)

    def step(self, by: int) -> None:
        """Point at the next larger or smaller object."""
        self._selected = stepped(self._x, self._y, self._selected, by)
        self._show_ring()
        self.draw_over()

    def go(self) -> None:
        """Fly to the object that is pointed at."""
        if self._selected >= 0:
            self.chosen.emit(int(self._rows[self._selected]))

    def _by_kind(self) -> list[tuple[str, NDArray[np.intp]]]:
        """Return which points of each kind are drawn: one of those that fall together."""
        if self._entries is None or not self._x.size:
            return []
        x = np.log(self._x)
        columns = (x - x.min()) / max(float(np.ptp(x)), 1e-9) * _CELLS[0]
        cells = columns.astype(np.int64) * (_CELLS[1] + 1) + (self._y * _CELLS[1]).astype(np.int64)
        kind = self._entries.kind[self._rows]
        shown = []
        for k, name in enumerate(self._entries.kinds):
            of_kind = np.flatnonzero(kind == k)
            if of_kind.size:
                shown.append((name, of_kind[np.unique(cells[of_kind], return_index=True)[1]]))
        return sorted(shown, key=lambda one: one[0] != "matched")

    def _show_ring(self) -> None:
        if self._ring is not None:
            at = slice(0, 0) if self._selected < 0 else slice(self._selected, self._selected + 1)
            self._ring.set_data(self._x[at], self._y[at])

    def _on_press(self, event: Any) -> None:
        if event.button != 1 or event.inaxes is not self._plot or not self._x.size:
            return
        places = self._plot.transData.transform(np.column_stack([self._x, self._y]))
        distance = np.hypot(*(places - (event.x, event.y)).T)
        nearest = int(distance.argmin())
        if distance[nearest] <= _REACH * self.devicePixelRatioF():
            self.chosen.emit(int(self._rows[nearest]))
