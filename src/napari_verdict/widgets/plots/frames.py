"""A score over the planes or frames of a stack; a click steps there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal

from napari_verdict.widgets.plots.canvas import PlotCanvas

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from napari_verdict.comparison.result import Result
    from napari_verdict.widgets.plots.look import Look
    from napari_verdict.widgets.words import Row

    Lines = Mapping[str, tuple[list[int], list[float]]]

AXIS_NAMES = {"t": "frame (t)", "z": "plane (z)"}


def lines_over(result: Result, row: Row, axis: str) -> Lines:
    """Return a score over an axis by candidate; of channels, should there be any, the first."""
    found: dict[str, dict[int, float]] = {}
    pixels = row.pixels and result.comparison.task == "instances"
    for s in result.rows:
        index = dict(s.axis_index or {})
        wanted = row.metric, row.class_, None
        if (s.metric, s.class_, s.region) != wanted or axis not in index:
            continue
        at = index.pop(axis)
        if not any(index.values()) and not (pixels and s.threshold is not None):
            found.setdefault(s.candidate, {}).setdefault(at, s.value)
    return {name: (list(points), list(points.values())) for name, points in found.items()}


class FrameCurve(PlotCanvas):
    """Draws a score over an axis, and where the viewer is."""

    #: The plane or frame that was clicked.
    chosen = Signal(int)
    gives = "frame"  # what `chosen` names

    def __init__(self, viewer: Any) -> None:
        super().__init__(
            viewer, "Score over planes or frames", "Click to step to a plane or frame", 220
        )
        self._lines: Lines = {}
        self._names = ("", "")
        self._here, self._last = 0, 0
        self._marker: Any = None
        self._plot: Any = None
        self.mpl_connect("button_press_event", self._on_mouse)
        self.mpl_connect("motion_notify_event", self._on_mouse)

    def show_lines(self, lines: Lines, axis: str, title: str) -> None:
        """Draw another score: by candidate the indices along the axis, and the values."""
        self._lines, self._names = lines, (AXIS_NAMES.get(axis, axis), title)
        self._last = max((k for x, _ in lines.values() for k in x), default=0)
        self.redraw()

    def move_to(self, index: int) -> None:
        """Say where the viewer is."""
        self._here = index
        if self._marker is not None:
            self._marker.set_xdata([index, index])
            self.draw_over()

    def paint(self, figure: Figure, look: Look) -> None:
        """Draw a line a candidate; gaps are undefined scores."""
        marks = look.candidates(self._lines)
        axes = self._plot = self.axes(figure, look)
        many = self._last > 40
        handles = []
        for name, (x, y) in self._lines.items():
            mark = marks[name]
            every = max(1, len(x) // 12)
            handles += axes.plot(
                x,
                y,
                color=mark.colour,
                ls=mark.dash,
                lw=1.4,
                marker=mark.marker,
                ms=3.2,
                markevery=every if many else 1,
            )
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_xlim(-0.4, self._last + 0.4)
        self.name_axes(axes, look, *self._names)
        self.legend(figure, look, handles, list(self._lines))
        self._marker = axes.axvline(self._here, color=look.accent, lw=1.2)
        self.lay_over(self._marker)

    def step(self, by: int) -> None:
        """Step to the next plane or frame."""
        self._ask(self._here + by)

    def _on_mouse(self, event: Any) -> None:
        if event.button == 1 and self._plot is not None:
            self._ask(round(float(self._plot.transData.inverted().transform((event.x, 0))[0])))

    def _ask(self, index: int) -> None:
        index = min(self._last, max(0, index))
        if index != self._here:
            self.move_to(index)
            self.chosen.emit(index)
