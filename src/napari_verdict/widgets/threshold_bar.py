"""The IoU threshold, live, and the curves of a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_verdict.comparison.model import Task
from napari_verdict.widgets.words import rows_of

if TYPE_CHECKING:
    from napari_verdict.comparison.result import Result
    from napari_verdict.widgets.curve import Curve

_STEPS = 100  # a hundred steps make an IoU of 1


class ThresholdBar(QWidget):
    """A slider for instances; a curve over thresholds, or over planes and frames of a stack."""

    #: The threshold is to be this.
    moved = Signal(float)
    #: A plane or frame was clicked: axis and index.
    plane_clicked = Signal(str, int)

    def __init__(self, viewer: Any, parent: Any = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._result: Any = None
        self._canvas: Any = None
        self._axis = ""
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(5, _STEPS)
        self.slider.setAccessibleName("IoU threshold")
        self.slider.setToolTip("Move it: matching, scores and overlays follow at once")
        self.slider.valueChanged.connect(self._on_slider)
        self._value = QLabel()
        self.curve_button = QPushButton("Curve")
        self.curve_button.setCheckable(True)
        self.curve_button.setAccessibleName("Curve")
        self.curve_button.toggled.connect(self._on_curve)
        self._label = QLabel("IoU")
        row = QHBoxLayout()
        for widget, stretch in (
            (self._label, 0),
            (self.slider, 1),
            (self._value, 0),
            (self.curve_button, 0),
        ):
            row.addWidget(widget, stretch)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addLayout(row)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        # many moves of the mouse make one match
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(15)
        self._pause.timeout.connect(self._emit)

    def set_result(self, result: Result) -> None:
        """Show the threshold and curves of a result."""
        self._result = result
        settings = result.comparison.settings
        instances = result.comparison.task is Task.INSTANCES
        axes = {a for s in result.rows for a in (s.axis_index or {})}
        self._axis = next((a for a in "zt" if a in axes), "")
        for widget in (self._label, self.slider, self._value):
            widget.setVisible(instances)
        self.curve_button.setVisible(instances or bool(self._axis))
        over = "planes" if self._axis == "z" else "frames"
        self.curve_button.setToolTip("Scores over thresholds" if instances else f"Over {over}")
        with signals_blocked(self.slider):
            self.slider.setValue(round(settings.iou_threshold * _STEPS))
        sign = "≥" if settings.iou_inclusive else ">"
        self._value.setText(f"{sign} {settings.iou_threshold:.2f}")
        self._draw()

    def _on_slider(self) -> None:
        if not self._pause.isActive():
            self._pause.start()

    def _emit(self) -> None:
        self.moved.emit(self.slider.value() / _STEPS)

    def _on_curve(self, on: bool) -> None:
        if on and self._canvas is None:
            from napari_verdict.widgets.curve import CurveCanvas

            self._canvas = CurveCanvas(self._viewer.theme)
            self._canvas.moved.connect(self._on_curve_moved)
            self._layout.addWidget(self._canvas)
        if self._canvas is not None:
            self._canvas.setVisible(on)
        self._draw()

    def _draw(self) -> None:
        if self._canvas is None or not self.curve_button.isChecked() or self._result is None:
            return
        self._canvas.set_theme(self._viewer.theme)
        self._canvas.show_curve(self._curve())

    def _curve(self) -> Curve:
        from napari_verdict.widgets.curve import Curve

        if self._result.comparison.task is Task.INSTANCES:
            table = self._result.curve
            lines = {
                str(name): (list(rows["threshold"]), list(rows["f1"]))
                for name, rows in table.groupby("candidate", sort=False)
            }
            here = self._result.comparison.settings.iou_threshold
            return Curve("IoU threshold", "F1", lines, here)
        row = rows_of(self._result)[0]
        points: dict[str, dict[int, float]] = {}
        for s in self._result.rows:
            if s.metric == row.metric and s.axis_index and self._axis in s.axis_index:
                points.setdefault(s.candidate, {})[s.axis_index[self._axis]] = s.value
        lines = {n: (list(p), list(p.values())) for n, p in points.items()}
        return Curve(self._axis, row.title, lines)

    def _on_curve_moved(self, x: float) -> None:
        if self._result.comparison.task is Task.INSTANCES:
            self.slider.setValue(round(x * _STEPS))
        else:
            self._canvas.set_here(round(x))
            self.plane_clicked.emit(self._axis, round(x))
