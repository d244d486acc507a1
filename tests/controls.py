"""What a person can press, choose or type into in a dock, and what it says of itself."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QScrollBar,
    QWidget,
)

CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
)


def controls_of(dock: QWidget) -> list[QWidget]:
    """Return the controls of a dock, hidden ones too; parts of a control are not among them."""
    return [w for w in dock.findChildren(QWidget) if isinstance(w, CONTROLS) and not _inner(w)]


def mute(dock: QWidget) -> list[str]:
    """Return the controls of a dock that have no tooltip or no name."""
    return [
        f"{type(w).__name__} {w.accessibleName()!r} {w.toolTip()!r}"
        for w in controls_of(dock)
        if not w.toolTip() or not (w.accessibleName() or _text(w))
    ]


def _inner(widget: QWidget) -> bool:
    """Whether a widget is a part of a control, which speaks for it."""
    if isinstance(widget, QScrollBar | QHeaderView) or widget.objectName().startswith("qt_"):
        return True
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QAbstractItemView | QComboBox | QAbstractSpinBox | QLineEdit):
            return True
        if "QComboBoxPrivate" in type(parent).__name__:
            return True
        parent = parent.parentWidget()
    return False


def _text(widget: Any) -> str:
    text = getattr(widget, "text", None)
    return str(text()) if callable(text) and isinstance(widget, QAbstractButton) else ""
