"""A small curve: a score over thresholds, planes or frames. Imported when first opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from napari.utils.theme import get_theme
from qtpy.QtCore import Signal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Lines differ by dash and marker too, not by colour alone.
_LINES = (
    ("#56b4e9", "-", "o"),
    ("#e69f00", "--", "s"),
    ("#cc79a7", "-.", "^"),
    ("#009e73", ":", "D"),
    ("#f0e442", (0, (5, 1, 1, 1)), "v"),
)


@dataclass(frozen=True)
class Curve:
    """What is drawn: y over x for each candidate, and where we are."""

    xlabel: str
    ylabel: str
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]] = field(default_factory=dict)
    here: float | None = None


class CurveCanvas(FigureCanvasQTAgg):
    """Draws one `Curve` in the colours of napari's theme."""

    #: The x that was clicked or dragged to.
    moved = Signal(float)

    def __init__(self, theme: str) -> None:
        self._figure = Figure(figsize=(3.2, 1.9), layout="constrained")
        super().__init__(self._figure)  # type: ignore[no-untyped-call]
        self.setFixedHeight(190)
        self.setAccessibleName("Curve")
        self.setToolTip("Click or drag to go there")
        self._theme = theme
        self._marker: Any = None
        self._axes = self._figure.add_subplot()
        self.mpl_connect("button_press_event", self._on_mouse)
        self.mpl_connect("motion_notify_event", self._on_mouse)

    def set_theme(self, theme: str) -> None:
        """Take on the colours of a napari theme when drawn next."""
        self._theme = theme

    def show_curve(self, curve: Curve) -> None:
        """Draw another curve."""
        theme = get_theme(self._theme)
        text, back = theme.text.as_hex(), theme.background.as_hex()
        axes = self._axes
        axes.clear()
        self._figure.set_facecolor(back)
        axes.set_facecolor(back)
        for i, (name, (x, y)) in enumerate(curve.lines.items()):
            colour, dash, marker = _LINES[i % len(_LINES)]
            axes.plot(x, y, color=colour, ls=dash, marker=marker, ms=3, lw=1.5, label=name)
        axes.set_xlabel(curve.xlabel, color=text, fontsize=8)
        axes.set_ylabel(curve.ylabel, color=text, fontsize=8)
        axes.tick_params(colors=text, labelsize=7)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(text)
        if curve.lines:
            axes.legend(fontsize=7, frameon=False, labelcolor=text)
        self._marker = None
        if curve.here is not None:
            self._marker = axes.axvline(curve.here, color=text, lw=1)
        self.draw_idle()  # type: ignore[no-untyped-call]

    def set_here(self, x: float) -> None:
        """Move the line that says where we are."""
        if self._marker is not None:
            self._marker.set_xdata([x, x])
            self.draw_idle()  # type: ignore[no-untyped-call]

    def _on_mouse(self, event: Any) -> None:
        if event.inaxes is self._axes and event.button == 1:
            self.moved.emit(float(event.xdata))
