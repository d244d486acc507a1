"""Open a dock of ours from another one, once for a viewer."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

_OPEN: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


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

    known = _OPEN.get(viewer)
    widget = known() if known is not None else None
    if widget is None or not raise_dock(widget):
        widget = InspectWidget(viewer)
        # the name that napari's menu gives it, so that the menu finds this one
        viewer.window.add_dock_widget(widget, name="Inspect (Verdict)", area="right", tabify=True)
        raise_dock(widget)
    return widget


def opened(viewer: Any, reference: Any) -> None:
    """Remember the dock that was opened last; `reference` is a weak one."""
    _OPEN[viewer] = reference


def raise_dock(widget: Any) -> bool:
    """Bring the dock that holds a widget to the front; False where none does any more."""
    from qtpy.QtWidgets import QDockWidget

    dock = widget.parent()
    while dock is not None and not isinstance(dock, QDockWidget):
        dock = dock.parent()
    if dock is None:
        return False
    dock.show()
    dock.raise_()
    return True
