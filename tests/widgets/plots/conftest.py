"""Hands for plots: real mouse events at places of the data."""

from __future__ import annotations

from typing import Any

import pytest
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
        self.qtbot.mouseClick(
            canvas, Qt.MouseButton.LeftButton, pos=self.place(canvas, axes, x, y)
        )

    def drag(self, canvas: Any, axes: Any, *places: tuple[float, float]) -> None:
        points = [self.place(canvas, axes, *p) for p in places]
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


@pytest.fixture
def hand(qtbot):
    return Hand(qtbot)


@pytest.fixture
def show(qtbot):
    """Show a plot in a window of its own, and wait until it is drawn."""

    def shown(canvas: Any) -> Any:
        qtbot.addWidget(canvas)
        canvas.resize(340, canvas.height())
        with qtbot.waitExposed(canvas):
            canvas.show()
        canvas.draw()
        return canvas

    return shown
