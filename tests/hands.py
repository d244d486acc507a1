"""A hand with a mouse: real events, at places of a widget or of the data of a plot."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication


class Hand:
    """Presses, moves and releases the left button over a plot."""

    def __init__(self, qtbot: Any) -> None:
        self.qtbot = qtbot

    def place(self, canvas: Any, axes: Any, x: float, y: float) -> QPoint:
        """Where a point of the data lies in the widget."""
        at = axes.transData.transform((x, y)) / canvas.devicePixelRatioF()
        return QPoint(round(at[0]), round(canvas.height() - at[1]))

    def click(self, canvas: Any, axes: Any, x: float, y: float) -> None:
        self.qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=self.place(canvas, axes, x, y))

    def drag(self, canvas: Any, axes: Any, *places: tuple[float, float]) -> None:
        self.drag_points(canvas, *(self.place(canvas, axes, *p) for p in places))

    def drag_points(self, canvas: Any, *points: QPoint) -> None:
        self.qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=points[0])
        for point in points[1:]:
            event = QMouseEvent(
                QEvent.Type.MouseMove,
                QPointF(point),
                QPointF(canvas.mapToGlobal(point)),
                Qt.MouseButton.NoButton,
                Qt.MouseButton.LeftButton,
                Qt.KeyboardModifier.NoModifier,
            )
            QApplication.sendEvent(canvas, event)
        self.qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=points[-1])
