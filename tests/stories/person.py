"""Somebody at the window: finds things by their names, clicks, types, drags and looks.

Every event goes to the top window at a place of the screen, as from a mouse, so a control that
is hidden, covered or cut off cannot be used.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDockWidget,
    QFileDialog,
    QLineEdit,
    QMenu,
    QScrollArea,
    QTabBar,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Callable

LEFT = Qt.MouseButton.LeftButton
NONE, SHIFT, CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)
#: Longest that a person waits for anything; the first run on a machine compiles kernels.
PATIENCE = 180.0
#: A folder for pictures of every step, and napari's theme in them: for who wants to look.
PICTURES, THEME = os.environ.get("STORY_PICTURES"), os.environ.get("STORY_THEME", "dark")


class Person:
    """Uses a napari window.

    Parameters
    ----------
    viewer : napari.Viewer
        Shown on a display.
    """

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.pictures = self.clicks = 0
        viewer.theme = THEME
        self.window.resize(1500, 950)
        self.window.show()
        self.wait(lambda: self.window.windowHandle().isExposed(), "the window")
        self.window.activateWindow()
        self.wait(self.window.isActiveWindow, "the window to take the keys")

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

    def look(self, what: str) -> None:
        """Take a picture of the window where pictures are wanted; `what` names it."""
        if PICTURES is None:
            return
        self.pause(400)
        self.pictures += 1
        name = f"{what.split()[0]}_{self.pictures:02}_{'_'.join(what.split()[1:])}_{THEME}.png"
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        self.window.grab().save(str(Path(PICTURES) / name))

    def reads(self, table: str) -> list[list[str]]:
        """Return the text of a table's cells, row by row."""
        model = self.find(table, QAbstractItemView).model()
        return [
            [str(model.data(model.index(r, c)) or "") for c in range(model.columnCount())]
            for r in range(model.rowCount())
        ]

    @property
    def state(self) -> list[Any]:
        """All of the viewer that a person would see changed."""
        viewer = self.viewer
        return [
            [(layer.name, layer.visible, layer.opacity) for layer in viewer.layers],
            list(viewer.layers.selection),
            tuple(viewer.scene.camera.center),
            viewer.scene.camera.zoom,
            viewer.dims.current_step,
            viewer.canvas.grid.enabled,
        ]

    @property
    def shown(self) -> set[str]:
        """The names of the layers that are visible."""
        return {layer.name for layer in self.viewer.layers if layer.visible}

    # ---- files

    def drop(self, *files: Path) -> None:
        """Let files fall on the canvas, each a layer."""
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
        canvas = self.viewer.window._qt_viewer.canvas.native
        middle, copy = canvas.rect().center(), Qt.DropAction.CopyAction
        before = len(self.viewer.layers)
        QApplication.sendEvent(canvas, QDragEnterEvent(middle, copy, mime, LEFT, NONE))
        QApplication.sendEvent(canvas, QDropEvent(QPointF(middle), copy, mime, LEFT, NONE))
        self.wait(lambda: len(self.viewer.layers) == before + len(files), "the files")

    def name_folder(self, click: str, folder: Path) -> None:
        """Click what asks for a folder, and paste its path."""

        def answer() -> None:
            dialog = QApplication.activeModalWidget()
            if not isinstance(dialog, QFileDialog):
                QTimer.singleShot(50, answer)
                return
            line = dialog.findChild(QLineEdit, "fileNameEdit")
            line.selectAll()
            QApplication.clipboard().setText(str(folder))
            QTest.keyClick(line, Qt.Key.Key_V, CTRL)
            if dialog.selectedFiles() == [str(folder)]:
                QTest.keyClick(line, Qt.Key.Key_Return)
            else:
                dialog.reject()

        QTimer.singleShot(50, answer)
        self.click(click)

    # ---- the mouse

    def click(self, target: str | QWidget, at: QPoint | None = None, modifier: Any = NONE) -> None:
        """Click a control, in its middle unless said otherwise."""
        widget = self._bring(target)
        self._press(widget, widget.rect().center() if at is None else at, modifier)

    def menu(self, *path: str) -> None:
        """Go through the menus: click the first and the last, point at those between."""
        bar = self.window.menuBar()
        action = _action(bar, path[0])
        self._press(bar, bar.actionGeometry(action).center())
        for name in path[1:]:
            menu: QMenu = action.menu()
            self.wait(menu.isVisible, f"the menu {action.text()}")
            action = _action(menu, name)
            at = menu.actionGeometry(action).center()
            QTest.mouseMove(menu, at)
            (self.pause if action.menu() else lambda: None)()
            if not action.menu():
                self.clicks += 1
                QTest.mouseClick(menu, LEFT, NONE, at)
        self.pause()

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
        # until then Qt takes a release for that of the click which opened the list
        self.pause(QApplication.doubleClickInterval() + 100)
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

    def press(self, key: str, *, held: bool = False, times: int = 1) -> None:
        """Press a key, such as ``N``, ``Shift+E`` or ``Return``, where the focus is; or hold it."""
        *modifiers, letter = key.split("+")
        with_ = NONE
        for modifier in modifiers:
            with_ |= {"Shift": SHIFT, "Ctrl": CTRL}[modifier]
        for _ in range(times):
            (QTest.keyPress if held else QTest.keyClick)(self._focus, _key(letter), with_)
            QTest.qWait(30)

    def tab_to(self, name: str) -> None:
        """Press Tab until a control of that name has the focus."""
        for _ in range(200):
            if name in _names(self._focus):
                return
            self.press("Tab")
        raise AssertionError(f"Tab never comes to {name!r}")

    def release(self, key: str) -> None:
        """Let go of a key."""
        QTest.keyRelease(self._focus, _key(key))
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

    def _press(self, widget: QWidget, place: QPoint, modifier: Any = NONE) -> None:
        at = self._at(widget, place)
        hit = self.window.childAt(at)
        assert hit is widget or widget.isAncestorOf(hit), f"{_names(widget)} is covered by {hit}"
        self.clicks += 1
        QTest.mouseClick(self.window.windowHandle(), LEFT, modifier, at)
        QTest.qWait(50)

    def _at(self, widget: QWidget, place: QPoint) -> QPoint:
        return widget.mapTo(self.window, place)


def _key(name: str) -> Qt.Key:
    return getattr(Qt.Key, f"Key_{name}")  # type: ignore[no-any-return]


def _action(menu: Any, name: str) -> Any:
    texts = {a.text().replace("&", ""): a for a in menu.actions()}
    assert name in texts, f"the menu offers {sorted(texts)}, not {name!r}"
    return texts[name]


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
