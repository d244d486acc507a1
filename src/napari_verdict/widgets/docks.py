"""What all docks of ours have in common; opening one from another, and keeping them together."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary, ref

from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QScrollArea, QVBoxLayout, QWidget

from napari_verdict.widgets.keys import KeyFilter, keys_of

#: By viewer, weak references to its Inspect docks, the one that was opened last at the end.
_OPEN: WeakKeyDictionary[Any, list[Any]] = WeakKeyDictionary()


class Dock(QWidget):
    """A dock: answers to the shortcuts, as the canvas does, and stops when napari takes it away.

    Parameters
    ----------
    napari_viewer : napari viewer
        Whose shortcuts it answers to.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self._viewer, self._docked = napari_viewer, False
        self._keys = KeyFilter(keys_of(napari_viewer))

    def stop(self) -> None:
        """Let go of the viewer, and of keys that are held."""
        self._keys.release_all()

    def keyPressEvent(self, event: Any) -> None:
        """Answer to the shortcuts, as from the canvas."""
        if not self._keys.press(event):
            event.ignore()

    def keyReleaseEvent(self, event: Any) -> None:
        """End what a held key showed."""
        if not self._keys.release(event):
            event.ignore()

    def event(self, event: Any) -> bool:
        """Stop when napari takes the dock away; let go of keys when the window loses focus."""
        if event.type() == QEvent.Type.ParentChange:
            if self._docked and self.parent() is None:
                self.stop()
            self._docked = self.parent() is not None
            gather(self)
        elif event.type() == QEvent.Type.WindowDeactivate:
            self._keys.release_all()
        return bool(super().event(event))

    def _scroll(self, content: QWidget) -> QScrollArea:
        """Fill the dock with what scrolls where it is too low for it."""
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        return area


def open_inspect(viewer: Any) -> Any:
    """Show the Inspect dock of a viewer, opened where it is not.

    Parameters
    ----------
    viewer : napari viewer
        Whose.

    Returns
    -------
    InspectWidget
    """
    from napari_verdict.widgets.inspect import InspectWidget

    widget = inspect_of(viewer)
    if widget is None:
        widget = InspectWidget(viewer)
        # the name that napari's menu gives it, so that the menu finds this one
        viewer.window.add_dock_widget(widget, name="Inspect (Verdict)", area="right", tabify=True)
    raise_dock(widget)
    return widget


def inspect_of(viewer: Any) -> Any:
    """Return the Inspect dock of a viewer that was opened last of those that are still docked."""
    known = [widget for reference in _OPEN.get(viewer, ()) if (widget := reference()) is not None]
    return next((widget for widget in reversed(known) if dock_of(widget) is not None), None)


def opened(viewer: Any, reference: Any) -> None:
    """Remember an Inspect dock; `reference` is a weak one."""
    _OPEN.setdefault(viewer, []).append(reference)


def raise_dock(widget: Any) -> bool:
    """Bring the dock that holds a widget to the front; False where none does any more."""
    dock = dock_of(widget)
    if dock is None:
        return False
    dock.show()
    dock.raise_()
    return True


def dock_of(widget: Any) -> Any:
    """Return the dock that holds a widget; None where none does."""
    holder = widget.parent()
    while holder is not None and not isinstance(holder, QDockWidget):
        holder = holder.parent()
    return holder


def gather(widget: Any) -> None:
    """Put the dock of a widget behind the tabs of our others, once napari has placed it.

    From its menu napari opens a dock below the others, where each is too low to be used.
    """
    if widget.parent() is None:
        return
    known, later = ref(widget), QTimer(widget)

    def stack() -> None:
        later.deleteLater()
        one = known()
        if one is not None and (dock := dock_of(one)) is not None:
            _stack(dock)

    later.timeout.connect(stack)
    later.start(0)


def _stack(dock: Any) -> None:
    window = dock.parent()
    if not isinstance(window, QMainWindow) or dock.isFloating():
        return
    if window.tabifiedDockWidgets(dock):
        return
    area = window.dockWidgetArea(dock)
    for other in window.findChildren(QDockWidget):
        is_ours = other is not dock and other.findChild(Dock) is not None
        if is_ours and window.dockWidgetArea(other) == area:
            window.tabifyDockWidget(other, dock)
            dock.raise_()
            return
