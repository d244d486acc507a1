"""Is intensity still quantitative? The prediction's intensity over that of the ground truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qtpy.QtCore import Signal

from napari_verdict.widgets.plots.canvas import PlotCanvas, stepped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from napari_verdict.widgets.plots.look import Look

_REACH = 12.0  # pixels of the screen between a click and the point it means


class GainLine(NamedTuple):
    """Of n bins of ground-truth intensity: what a candidate shows there.

    Parameters
    ----------
    truth : (n,) ndarray
        Intensity of the ground truth.
    middle, low, high : (n,) ndarray
        Intensity of the candidate, and between what most of it lies. NaN leaves a gap.
    """

    truth: NDArray[Any]
    middle: NDArray[Any]
    low: NDArray[Any]
    high: NDArray[Any]


class GainCurve(PlotCanvas):
    """Draws a line a candidate, the spread of the one looked at, and objects as points."""

    #: Which object was clicked: its place in the arrays that were shown.
    chosen = Signal(int)

    def __init__(self, viewer: Any) -> None:
        super().__init__(
            viewer, "Intensity curve", "On the dotted line intensity is that of the truth", 290
        )
        self._lines: Mapping[str, GainLine] = {}
        self._candidate, self._unit = "", ""
        self._objects: tuple[NDArray[Any], NDArray[Any]] = (np.empty(0), np.empty(0))
        self._plot: Any = None
        self._ring: Any = None
        self._at = -1
        self.mpl_connect("button_press_event", self._on_press)

    def show_curves(
        self,
        curves: Mapping[str, Any],
        candidate: str,
        unit: str,
        objects: tuple[NDArray[Any], NDArray[Any]] = (np.empty(0), np.empty(0)),
    ) -> None:
        """Draw the curves that a result has of its candidates; the rest as in `show_lines`."""
        lines = {name: GainLine(c.truth, c.mean, c.low, c.high) for name, c in curves.items()}
        self.show_lines(lines, candidate, unit, objects)

    def show_lines(
        self,
        lines: Mapping[str, GainLine],
        candidate: str,
        unit: str,
        objects: tuple[NDArray[Any], NDArray[Any]] = (np.empty(0), np.empty(0)),
    ) -> None:
        """Draw other intensities.

        Parameters
        ----------
        lines : mapping of str to GainLine
            By candidate, in the order of the result.
        candidate : str
            The one that is looked at.
        unit : str
            What intensities are in.
        objects : pair of (m,) ndarray
            Mean intensity of each object in ground truth and candidate, where labels are given.
        """
        self._lines, self._candidate = lines, candidate
        if objects is not self._objects:
            self._at = -1
        self._unit, self._objects = unit, objects
        self.redraw()

    def paint(self, figure: Figure, look: Look) -> None:
        """Draw the line of equal intensity, then what is there."""
        marks = look.candidates(self._lines)
        axes = self._plot = self.axes(figure, look)
        handles: dict[str, Any] = {}
        for name, line in self._lines.items():
            mark, looked_at = marks[name], name == self._candidate
            if looked_at:
                axes.fill_between(
                    line.truth, line.low, line.high, color=mark.colour, alpha=0.25, lw=0
                )
            handles[name] = axes.plot(
                line.truth,
                line.middle,
                color=mark.colour,
                ls=mark.dash,
                lw=1.8 if looked_at else 1.1,
                marker=mark.marker,
                ms=3.2,
                markevery=max(1, len(line.truth) // 12),
            )[0]
        if len(self._objects[0]):
            (handles["objects"],) = axes.plot(*self._objects, ".", ms=4, color=look.text, alpha=0.7)
        axes.axline((0, 0), slope=1, color=look.accent, lw=1, ls=":")
        unit = f" ({self._unit})" if self._unit else ""
        self.name_axes(axes, look, f"ground truth{unit}", f"prediction{unit}")
        self.legend(figure, look, list(handles.values()), list(handles))
        (self._ring,) = axes.plot([], [], "o", ms=11, mew=1.8, mfc="none", color=look.text)
        self._show_ring()
        self.lay_over(self._ring)

    def step(self, by: int) -> None:
        """Point at the next brighter or dimmer object."""
        self._at = stepped(*self._objects, self._at, by)
        self._show_ring()
        self.draw_over()

    def go(self) -> None:
        """Fly to the object that is pointed at."""
        if self._at >= 0:
            self.chosen.emit(self._at)

    def _show_ring(self) -> None:
        if self._ring is not None:
            at = slice(0, 0) if self._at < 0 else slice(self._at, self._at + 1)
            self._ring.set_data(*(side[at] for side in self._objects))

    def _on_press(self, event: Any) -> None:
        x, y = self._objects
        if event.button != 1 or event.inaxes is not self._plot or not len(x):
            return
        places = self._plot.transData.transform(np.column_stack([x, y]))
        distance = np.hypot(*(places - (event.x, event.y)).T)
        nearest = int(np.nanargmin(distance))
        if distance[nearest] <= _REACH * self.devicePixelRatioF():
            self._at = nearest
            self._show_ring()
            self.draw_over()
            self.chosen.emit(nearest)
