"""What all plots share: napari's colours, drawing only what is seen, a line that moves fast."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from qtpy.QtCore import QSize, Qt

from napari_verdict.widgets.plots.look import look_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.widgets.plots.look import Look

_SMALL, _SMALLER = 8.5, 8.0  # points


class PlotCanvas(FigureCanvasQTAgg):
    """A plot that follows the viewer's theme.

    Subclasses draw all of it in `paint`, and what moves with the mouse as overlay artists,
    which are drawn over a picture of the rest: some milliseconds instead of tens.

    Parameters
    ----------
    viewer : napari viewer
        Whose theme it follows.
    name, tip : str
        Accessible name, and what a click does.
    height : int
        In pixels of the screen.
    """

    def __init__(self, viewer: Any, name: str, tip: str, height: int) -> None:
        self._figure = Figure(figsize=(3.4, height / 100))
        super().__init__(self._figure)  # type: ignore[no-untyped-call]
        self._viewer = viewer
        self._height = height
        self._old = True
        self._legend_rows = 0
        self._under: Any = None
        self._over: list[Any] = []
        self.setFixedHeight(height)
        self.setMinimumWidth(200)
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.mpl_connect("draw_event", self._on_drawn)
        viewer.events.theme.connect(self.redraw)

    @abstractmethod  # for who reads it: Qt's classes cannot be abstract
    def paint(self, figure: Figure, look: Look) -> None:
        """Draw everything on an empty figure."""

    def redraw(self, event: Any = None) -> None:
        """Draw again what has changed: now where it is seen, otherwise when it is."""
        self._old = True
        if self.isVisible():
            self._paint()

    def stop(self) -> None:
        """Let go of the viewer."""
        self._viewer.events.theme.disconnect(self.redraw)

    # ---- for subclasses

    def axes(self, figure: Figure, look: Look, *args: Any, **options: Any) -> Any:
        """Add axes in the colours of the theme."""
        axes = figure.add_subplot(*args, **options)
        axes.set_facecolor(look.background)
        axes.tick_params(colors=look.text, labelsize=_SMALLER, length=3)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(look.faint)
        axes.grid(visible=True, axis="y", color=look.faint, lw=0.5, alpha=0.5)
        axes.set_axisbelow(True)
        return axes

    def name_axes(self, axes: Any, look: Look, x: str = "", y: str = "") -> None:
        """Write what the axes show."""
        axes.set_xlabel(x, color=look.text, fontsize=_SMALL)
        axes.set_ylabel(y, color=look.text, fontsize=_SMALL)

    def legend(self, figure: Figure, look: Look, handles: Any, names: list[str]) -> None:
        """Name what is drawn, above the data rather than on it."""
        names = [n if len(n) <= 20 else f"{n[:9]}…{n[-9:]}" for n in names]
        columns = 1 if max(map(len, names), default=0) > 18 else 2 if len(names) != 3 else 3
        if sum(map(len, names)) > 27 and columns == 3:
            columns = 2
        figure.legend(
            handles,
            names,
            loc="upper left",
            ncols=columns,
            fontsize=_SMALLER,
            frameon=False,
            labelcolor=look.text,
            handlelength=2.4,
            columnspacing=1.2,
            borderaxespad=0.3,
            borderpad=0.2,
            labelspacing=0.35,
        )
        self._legend_rows = -(-len(names) // columns)

    def lay_over(self, *artists: Any) -> None:
        """Say what is drawn over the rest, and moves."""
        self._over = list(artists)
        for artist in artists:
            artist.set_animated(True)

    def draw_over(self) -> None:
        """Draw the overlay artists where they are now."""
        if self._under is None:
            return
        self.restore_region(self._under)  # type: ignore[no-untyped-call]
        for artist in self._over:
            artist.axes.draw_artist(artist)
        # not blit, which would bring the whole window to the screen at once, canvas included
        self.update()

    # ---- drawing

    def _paint(self) -> None:
        self._old, self._under, self._over = False, None, []
        look = look_of(self._viewer.theme)
        self._figure.clear()
        self._figure.set_facecolor(look.background)
        self._legend_rows = 0
        self.paint(self._figure, look)
        self._arrange()
        self.draw_idle()  # type: ignore[no-untyped-call]

    def _arrange(self) -> None:
        """Leave room for names and numbers; matplotlib's own layout doubles the time to draw."""
        width, height = (max(1.0, n) for n in self._figure.get_size_inches() * 72)  # points
        left, right, bottom, row = 45, 9, 32, 13
        top = row * self._legend_rows + 8
        if width > left + right and height > top + bottom:
            self._figure.subplots_adjust(
                left=left / width,
                right=1 - right / width,
                bottom=bottom / height,
                top=1 - top / height,
                hspace=0.2,
            )

    def resizeEvent(self, event: Any) -> None:
        """Keep the margins as wide as they are."""
        super().resizeEvent(event)  # type: ignore[no-untyped-call]
        self._arrange()

    def _on_drawn(self, event: Any) -> None:
        self._under = self.copy_from_bbox(self._figure.bbox)  # type: ignore[no-untyped-call]
        for artist in self._over:
            artist.axes.draw_artist(artist)

    def showEvent(self, event: Any) -> None:
        """Draw what changed while it was hidden."""
        super().showEvent(event)  # type: ignore[no-untyped-call]
        if self._old:
            self._paint()

    def sizeHint(self) -> QSize:
        """Ask for no more width than the dock has."""
        return QSize(320, self._height)

    def minimumSizeHint(self) -> QSize:
        """Let the dock be narrow."""
        return QSize(200, self._height)

    # ---- keys

    def keyPressEvent(self, event: Any) -> None:
        """Step with the arrow keys, go there on Return; leave the rest to napari."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if event.key() in steps:
            self.step(steps[event.key()])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.go()
        else:
            event.ignore()

    def keyReleaseEvent(self, event: Any) -> None:
        """Leave it to the dock, which ends what a held key showed."""
        event.ignore()

    def step(self, by: int) -> None:
        """Move one step to the left (-1) or right (1)."""

    def go(self) -> None:
        """Do what a click does, where the keys have led."""


def stepped(x: NDArray[Any], y: NDArray[Any], here: int, by: int) -> int:
    """Return the next of some points from left to right, or from right to left; -1 without any.

    Parameters
    ----------
    x, y : (n,) ndarray
        Where the points are.
    here : int
        The point that is pointed at; -1 for none.
    by : int
        1 to the right, -1 to the left.
    """
    order = np.lexsort((y, x))
    if not order.size:
        return -1
    at = np.flatnonzero(order == here)
    if not at.size:
        return int(order[0 if by > 0 else -1])
    return int(order[min(order.size - 1, max(0, int(at[0]) + by))])
