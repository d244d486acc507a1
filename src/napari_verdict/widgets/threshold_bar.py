"""The IoU threshold, live, and the curves of a result."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_verdict.comparison.model import Task
from napari_verdict.comparison.result import Progress
from napari_verdict.viewer.places import go_to_index, index_along
from napari_verdict.widgets.job import Job
from napari_verdict.widgets.plots import HEIGHT
from napari_verdict.widgets.words import axis_over, rows_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.comparison.result import Result
    from napari_verdict.engine.cancel import CancelToken

_STEPS = 100  # a hundred steps make an IoU of 1
#: Where the curve is computed: 0.05, 0.10 ... 1.
CURVE = tuple(k / 100 for k in range(5, 101, 5))


class ThresholdBar(QWidget):
    """A slider for instances; a curve over thresholds, or over planes and frames of a stack."""

    #: The threshold is to be this.
    moved = Signal(float)

    def __init__(self, viewer: Any, parent: Any = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._result: Any = None
        self._axis = ""
        self._drawn: Any = None
        self.curve: Any = None
        self.frames: Any = None
        self._job = Job(self)
        self._job.done.connect(self._on_curve_computed)
        self._touched = False  # whether a person decided about the curve
        self._loader = Job(self)
        self._loader.done.connect(self._on_loaded)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(5, _STEPS)
        self.slider.setAccessibleName("IoU threshold")
        self.slider.setToolTip("Move it: matching, scores and overlays follow at once")
        self.slider.valueChanged.connect(self._on_slider)
        self._value = QLabel()
        self.curve_button = QPushButton("Curve")
        self.curve_button.setCheckable(True)
        self.curve_button.setAccessibleName("Curve")
        self.curve_button.setToolTip("Scores over thresholds, planes or frames")
        self.curve_button.toggled.connect(self._on_curve)
        self.curve_button.clicked.connect(self._on_clicked)
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
        viewer.dims.events.current_step.connect(self._on_step)

    def set_result(self, result: Result, *, move: bool = True) -> None:
        """Show the threshold and curves of a result; the slider stays where it is on request."""
        self._result = result
        settings = result.comparison.settings
        instances = result.comparison.task is Task.INSTANCES
        self._axis = axis_over(result)
        for widget in (self._label, self.slider, self._value):
            widget.setVisible(instances)
        self.curve_button.setVisible(instances or bool(self._axis))
        over = "planes" if self._axis == "z" else "frames"
        self.curve_button.setToolTip("Scores over thresholds" if instances else f"Over {over}")
        if move:  # who drags may be further by now
            with signals_blocked(self.slider):
                self.slider.setValue(round(settings.iou_threshold * _STEPS))
            self._write_value(settings.iou_threshold)
        self._draw()

    def ask(self, threshold: float) -> None:
        """Ask for a threshold, as if the slider were moved there."""
        with signals_blocked(self.slider):
            self.slider.setValue(round(threshold * _STEPS))
        self._write_value(threshold)
        self.moved.emit(threshold)

    def stop(self) -> None:
        """Let go of the viewer."""
        self._job.cancel()
        self._loader.cancel()
        self._viewer.dims.events.current_step.disconnect(self._on_step)
        for canvas in (self.curve, self.frames):
            if canvas is not None:
                canvas.stop()

    def _on_slider(self) -> None:
        if self.curve is not None:
            self.curve.move_to(self.slider.value() / _STEPS)
        if self._result is not None:
            self._write_value(self.slider.value() / _STEPS)
            # at once: of moves that wait in the queue, Qt tells only the newest
            self.moved.emit(self.slider.value() / _STEPS)

    def _write_value(self, threshold: float) -> None:
        sign = "≥" if self._result.comparison.settings.iou_inclusive else ">"
        self._value.setText(f"{sign} {threshold:.2f}")

    # ---- curves

    def open_if_fits(self, room: int) -> None:
        """Open the curve over thresholds where there is room, unless a person decided.

        Parameters
        ----------
        room : int
            Pixels of the screen that the dock has left.
        """
        instances = self._result is not None and self._result.comparison.task is Task.INSTANCES
        if not instances or self._touched or self.curve_button.isChecked() or room < HEIGHT:
            return

        def steps(token: CancelToken) -> Generator[Progress, None, bool]:
            yield Progress(0, 1, "plots")
            # matplotlib takes its time to load, which is not the window's
            import_module("napari_verdict.widgets.plots.thresholds")
            return True

        self._loader.start(steps, "Loading plots")

    def _on_loaded(self, outcome: Any) -> None:
        if outcome is True and not self._touched:
            self.curve_button.setChecked(True)

    def _on_clicked(self) -> None:
        self._touched = True

    def _on_curve(self, on: bool) -> None:
        self._draw()
        if on:
            QTimer.singleShot(0, self._bring_into_sight)

    def _bring_into_sight(self) -> None:
        """Scroll the dock so far that the curve can be seen as a whole."""
        area = self.parentWidget()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        for canvas in (self.curve, self.frames):
            if area is not None and canvas is not None and canvas.isVisible():
                area.ensureWidgetVisible(canvas, 0, 0)

    def _draw(self) -> None:
        on = self.curve_button.isChecked() and self._result is not None
        instances = on and self._result.comparison.task is Task.INSTANCES
        if instances:
            self._draw_curve()
        elif on and self._axis:
            self._draw_frames()
        for canvas, wanted in ((self.curve, instances), (self.frames, on and not instances)):
            if canvas is not None:
                canvas.setVisible(wanted)

    def _draw_curve(self) -> None:
        if self.curve is None:
            from napari_verdict.widgets.plots.thresholds import ThresholdCurve

            self.curve = ThresholdCurve(self._viewer)
            self.curve.moved.connect(lambda x: self.slider.setValue(round(x * _STEPS)))
            self._layout.addWidget(self.curve)
        result = self._result
        self.curve.move_to(self.slider.value() / _STEPS)
        if self._drawn is not result.overlap:
            self._drawn = result.overlap  # no threshold changes it

            def steps(token: CancelToken) -> Generator[Progress, None, Any]:
                from pandas import concat

                parts = []
                for k, threshold in enumerate(CURVE):
                    token.check()
                    yield Progress(k, len(CURVE), "curve")
                    parts.append(result.curve_at((threshold,)))
                return concat(parts)

            self._job.start(steps, "Scores over thresholds")

    def _on_curve_computed(self, table: Any) -> None:
        if hasattr(table, "groupby"):
            self.curve.show_curves(dict(iter(table.groupby("candidate", sort=False))))

    def _draw_frames(self) -> None:
        from napari_verdict.widgets.plots.frames import FrameCurve, lines_over

        if self.frames is None:
            self.frames = FrameCurve(self._viewer)
            self.frames.chosen.connect(self._on_frame)
            self._layout.addWidget(self.frames)
        row = rows_of(self._result)[0]
        self._on_step()
        self.frames.show_lines(lines_over(self._result, row, self._axis), self._axis, row.title)

    def _on_frame(self, index: int) -> None:
        axes = self._result.comparison.ground_truth.axes
        go_to_index(self._viewer, axes, self._axis, index)

    def _on_step(self, event: Any = None) -> None:
        if self.frames is not None and self._axis:
            axes = self._result.comparison.ground_truth.axes
            self.frames.move_to(index_along(self._viewer, axes, self._axis))
