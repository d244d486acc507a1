"""Somebody at the window: finds things by their names, clicks, types, drags and looks.

Every event goes to the top window at a place of the screen, as from a mouse, so a control that
is hidden, covered or cut off cannot be used.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDockWidget,
    QScrollArea,
    QTabBar,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Callable

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
#: Longest that a person waits for anything.
PATIENCE = 60.0


class Person:
    """Uses a napari window.

    Parameters
    ----------
    viewer : napari.Viewer
        Shown on a display.
    """

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.window.resize(1500, 950)
        self.window.show()
        self.wait(lambda: self.window.windowHandle().isExposed(), "the window")

    @property
    def window(self) -> Any:
        """The main window; not kept, since napari's fixture counts who holds it."""
        return self.viewer.window._qt_window

    # ---- seeing

    def find(self, name: str, kind: type[QWidget] = QWidget) -> Any:
        """Return the control of that accessible name or text, once it can be seen."""
        self.wait(lambda: self.sees(name, kind), f"something called {name!r}")
        return next(w for w in self.window.findChildren(kind) if _is_seen(w, name))

    def sees(self, name: str, kind: type[QWidget] = QWidget) -> bool:
        """Whether a control of that name can be seen."""
        return any(_is_seen(w, name) for w in self.window.findChildren(kind))

    def wait(self, until: Callable[[], Any], what: str) -> None:
        """Wait for something; fail when patience ends."""
        end = time.monotonic() + PATIENCE
        while not until():
            assert time.monotonic() < end, f"waited in vain for {what}"
            QTest.qWait(20)

    def pause(self, milliseconds: int = 200) -> None:
        """Let the window settle."""
        QTest.qWait(milliseconds)

    def look(self) -> Any:
        """Return what the window shows, as an RGBA image."""
        return self.viewer.screenshot(canvas_only=False, flash=False)

    # ---- the mouse

    def click(self, target: str | QWidget, at: QPoint | None = None) -> None:
        """Click a control, in its middle unless said otherwise."""
        widget = self._bring(target)
        self._press(widget, widget.rect().center() if at is None else at)

    def turn_to(self, tab: str) -> None:
        """Click the tab of a dock that lies behind another."""
        for bar in self.window.findChildren(QTabBar):
            for i in range(bar.count()):
                if bar.isVisible() and tab in bar.tabText(i):
                    self._press(bar, bar.tabRect(i).center())
                    return
        raise AssertionError(f"no tab says {tab!r}")

    def choose(self, chooser: str, text: str) -> None:
        """Open a combo box and click an entry."""
        combo = self._bring(self.find(chooser, QComboBox))
        self._press(combo, combo.rect().center())
        view = combo.view()
        self.wait(view.isVisible, f"the list of {chooser}")
        row = combo.findText(text, Qt.MatchFlag.MatchContains)
        assert row >= 0, f"{chooser} does not offer {text!r}"
        QTest.qWait(QApplication.doubleClickInterval())  # Qt passes over a second click till then
        rect = view.visualRect(view.model().index(row, combo.modelColumn()))
        QTest.mouseClick(view.viewport(), LEFT, NONE, rect.center())
        self.wait(lambda: not view.isVisible(), f"the list of {chooser} to close")

    def click_cell(self, table: str, row: int, column: int) -> None:
        """Click a cell of a table or list."""
        view = self._bring(self.find(table, QAbstractItemView))
        rect = view.visualRect(view.model().index(row, column))
        self._press(view.viewport(), rect.center())

    def drag(self, target: str | QWidget, start: QPoint, *way: QPoint) -> None:
        """Press at a place of a control, move along a way, let go at its end."""
        widget = self._bring(target)
        window = self.window.windowHandle()
        QTest.mousePress(window, LEFT, NONE, self._at(widget, start))
        for place in way:
            QTest.mouseMove(window, self._at(widget, place))
            QTest.qWait(20)
        QTest.mouseRelease(window, LEFT, NONE, self._at(widget, way[-1]))
        QTest.qWait(50)

    def click_image(self, layer: Any, *place: float) -> None:
        """Click the canvas where a layer has a pixel (y, x of what is shown)."""
        canvas = self.viewer.window._qt_viewer.canvas.native
        self._press(canvas, self.on_canvas(layer, *place))

    def hover_image(self, layer: Any, *place: float) -> None:
        """Move the mouse over the canvas to where a layer has a pixel."""
        canvas = self.viewer.window._qt_viewer.canvas.native
        window = self.window.windowHandle()
        QTest.mouseMove(window, self._at(canvas, self.on_canvas(layer, *place)))
        QTest.qWait(50)

    def drag_image(self, layer: Any, *places: tuple[float, float]) -> None:
        """Press on the canvas at a pixel of a layer, move along others, and let go."""
        canvas = self.viewer.window._qt_viewer.canvas.native
        self.drag(canvas, *(self.on_canvas(layer, *place) for place in places))

    def encircle(self, layer: Any, *places: tuple[float, float]) -> None:
        """Click with the right button and go around something: napari's brush fills it."""
        canvas = self.viewer.window._qt_viewer.canvas.native
        window, button = self.window.windowHandle(), Qt.MouseButton.RightButton
        way = [self._at(canvas, self.on_canvas(layer, *place)) for place in places]
        QTest.mouseMove(window, way[0])
        QTest.mouseClick(window, button, NONE, way[0])
        for point in way[1:]:
            QTest.mouseMove(window, point)
            QTest.qWait(5)

    def focus_canvas(self) -> None:
        """Give the canvas the keyboard, as a click in it would."""
        self.viewer.window._qt_viewer.canvas.native.setFocus()
        QTest.qWait(20)

    def on_canvas(self, layer: Any, *place: float) -> QPoint:
        """Return where on the canvas a pixel of a layer is shown."""
        viewer = self.viewer
        data = np.array([*viewer.dims.current_step[-layer.ndim :]], float)
        data[-2:] = place
        world = np.asarray(layer.data_to_world(data))[-2:]
        shared = viewer.layers.units
        if shared is not None:
            world *= [
                (1 * mine).to(theirs).magnitude
                for mine, theirs in zip(layer.units[-2:], shared[-2:], strict=True)
            ]
        camera = viewer.scene.camera
        canvas = viewer.window._qt_viewer.canvas.native
        offset = (world - np.asarray(camera.center)[-2:]) * camera.zoom
        centre = canvas.rect().center()
        return QPoint(round(centre.x() + offset[1]), round(centre.y() + offset[0]))

    # ---- the keyboard

    def press(
        self, key: Qt.Key, *, held: bool = False, times: int = 1, shift: bool = False
    ) -> None:
        """Press a key where the focus is, or press and hold it."""
        target = self._focus
        modifier = Qt.KeyboardModifier.ShiftModifier if shift else NONE
        for _ in range(times):
            (QTest.keyPress if held else QTest.keyClick)(target, key, modifier)
            QTest.qWait(30)

    def release(self, key: Qt.Key) -> None:
        """Let go of a key."""
        QTest.keyRelease(self._focus, key)
        QTest.qWait(30)

    def type(self, text: str) -> None:
        """Type where the focus is."""
        QTest.keyClicks(self._focus, text)

    # ---- hands

    @property
    def _focus(self) -> QWidget:
        # a window that the window manager has not made active has a focus of its own
        return QApplication.focusWidget() or self.window.focusWidget() or self.window

    def _bring(self, target: str | QWidget) -> QWidget:
        """Scroll until a control can be seen, as with the wheel."""
        widget = self.find(target) if isinstance(target, str) else target
        area = _scroll_area_of(widget)
        for _ in range(200):
            if area is None or not (turn := _out_of_sight(widget, area)):
                break
            centre = QPointF(area.viewport().rect().center())
            wheel = QWheelEvent(
                centre,
                QPointF(area.viewport().mapToGlobal(centre.toPoint())),
                QPoint(),
                QPoint(0, turn),
                Qt.MouseButton.NoButton,
                NONE,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            )
            QApplication.sendEvent(area.viewport(), wheel)
            QTest.qWait(5)
        return widget

    def _press(self, widget: QWidget, place: QPoint) -> None:
        at = self._at(widget, place)
        hit = self.window.childAt(at)
        assert hit is widget or widget.isAncestorOf(hit), f"{_names(widget)} is covered by {hit}"
        QTest.mouseClick(self.window.windowHandle(), LEFT, NONE, at)
        QTest.qWait(50)

    def _at(self, widget: QWidget, place: QPoint) -> QPoint:
        return widget.mapTo(self.window, place)


def _is_seen(widget: QWidget, name: str) -> bool:
    if not widget.isVisible() or name not in _names(widget):
        return False
    dock: QWidget | None = widget
    while dock is not None and not isinstance(dock, QDockWidget):
        dock = dock.parentWidget()
    # Qt keeps docks behind another's tab out of the window instead of hiding them
    return dock is None or dock.isWindow() or dock.geometry().right() > 0


def _names(widget: QWidget) -> tuple[str, ...]:
    text = getattr(widget, "text", None)
    shown = text() if callable(text) else ""
    return widget.accessibleName(), shown.replace("&", "") if isinstance(shown, str) else ""


def _scroll_area_of(widget: QWidget) -> QScrollArea | None:
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QScrollArea):
        parent = parent.parentWidget()
    return parent


def _out_of_sight(widget: QWidget, area: QScrollArea) -> int:
    """Return how the wheel is to turn to see the middle of a widget; 0 where it is seen."""
    y = widget.mapTo(area.viewport(), widget.rect().center()).y()
    if y < 10:
        return 60
    return -60 if y > area.viewport().height() - 10 else 0
