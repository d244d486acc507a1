"""Hands of a person at a window, and their patience."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication

if TYPE_CHECKING:
    from collections.abc import Callable


class Hands:
    """Real mouse events, sent while the event loop turns."""

    app: Any

    def settle(self, seconds: float = 0.3) -> None:
        """Let napari finish what it does by itself."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            self.app.processEvents()
            time.sleep(0.002)

    def until(self, holds: Callable[[], Any], patience: float = 300) -> float:
        """Turn the event loop until something holds; return when it did."""
        end = time.perf_counter() + patience
        while not holds():
            if time.perf_counter() > end:
                raise TimeoutError
            self.app.processEvents()
        return time.perf_counter()

    def mouse(self, widget: Any, kind: Any, at: QPoint, down: bool = True) -> None:
        """Send a real event of the left button."""
        button = Qt.MouseButton.LeftButton
        none = Qt.MouseButton.NoButton
        event = QMouseEvent(
            kind,
            QPointF(at),
            QPointF(widget.mapToGlobal(at)),
            none if kind == QEvent.Type.MouseMove else button,
            button if down else none,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(widget, event)

    def drag(self, widget: Any, places: list[QPoint], each: Callable[[Callable[[], None]], None]):
        """Press, move from place to place, release; `each` measures one move."""
        self.mouse(widget, QEvent.Type.MouseButtonPress, places[0])
        self.settle()
        for place in places[1:]:
            each(lambda p=place: self.mouse(widget, QEvent.Type.MouseMove, p))
        self.mouse(widget, QEvent.Type.MouseButtonRelease, places[-1], down=False)
        self.settle()
