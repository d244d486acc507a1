"""What preflight found, with a button for every way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_verdict.comparison.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

#: A sign for each severity, since colour alone would not tell them apart.
_SIGNS = {Severity.ERROR: "✖", Severity.WARNING: "⚠", Severity.INFO: "ℹ"}
_ORDER = list(_SIGNS)


class FindingsList(QWidget):
    """Findings, gravest first; a click on a remedy accepts it."""

    #: Id of the remedy that was accepted.
    accepted = Signal(str)
    #: All accepted remedies are to be forgotten.
    forgotten = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Findings")
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._shown: tuple[tuple[Finding, ...], tuple[str, ...]] = ((), ())
        self.setVisible(False)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is shown."""
        return self._shown[0]

    def show_findings(self, findings: Iterable[Finding], decisions: tuple[str, ...] = ()) -> None:
        """Show findings instead of those before; and a way back, where remedies were accepted."""
        unique = dict.fromkeys(sorted(findings, key=lambda f: _ORDER.index(f.severity)))
        if (tuple(unique), decisions) == self._shown:
            return
        self._shown = (tuple(unique), decisions)
        while (item := self._layout.takeAt(0)) is not None:
            item.widget().hide()
            item.widget().deleteLater()
        for finding in unique:
            self._layout.addWidget(_sentence(f"{_SIGNS[finding.severity]} {finding.message}"))
            for remedy in finding.remedies:
                if remedy.id not in decisions:
                    self._add_button(remedy.label, remedy.id)
        if decisions:
            undo = _button("Forget the accepted remedies", ", ".join(decisions))
            undo.clicked.connect(self.forgotten)
            self._layout.addWidget(undo)
        self.setVisible(bool(self._shown[0] or decisions))

    def _add_button(self, label: str, remedy: str) -> None:
        button = _button(label, f"{label}. Recorded with the result; your layers stay as they are")
        button.setProperty("remedy", remedy)
        button.clicked.connect(self._on_click)
        self._layout.addWidget(button)

    def _on_click(self) -> None:
        self.accepted.emit(self.sender().property("remedy"))


def _sentence(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setToolTip(text)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return label


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAccessibleName(text)
    button.setMinimumWidth(40)  # a long text must not widen the dock
    return button
