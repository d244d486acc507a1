"""Which objects count: border, size, and whether the ground truth has them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QCheckBox, QFormLayout, QSpinBox, QWidget
from superqt.utils import signals_blocked

from napari_verdict.comparison.model import Task

if TYPE_CHECKING:
    from napari_verdict.widgets.state import Choices


class CountedForm(QWidget):
    """A part of the settings: what is ignored after matching, and what is labelled."""

    def __init__(self, choices: Choices, parent: Any = None) -> None:
        super().__init__(parent)
        self._choices = choices
        self.border = QCheckBox("Ignore objects at the border")
        self.size = QSpinBox()
        self.size.setRange(0, 1_000_000_000)
        self.size.setSuffix(" px")
        self.size.setSpecialValueText("any size")
        self.sparse = QCheckBox("Sparse ground truth")
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        for label, control, tip in (
            ("", self.border, "Objects that touch the border of the image are neither right nor "
             "wrong. They are matched first, so their partners are no errors"),
            ("Smallest", self.size, "Smaller objects are ignored, after matching"),
            ("", self.sparse, "Only some objects are labelled: scores that need all of them are "
             "left undefined"),
        ):  # fmt: skip
            control.setToolTip(tip)
            control.setAccessibleName(label + " object" if label else control.text())
            self._form.addRow(label, control)
        self.border.toggled.connect(self._store)
        self.size.valueChanged.connect(self._store)
        self.sparse.toggled.connect(self._store)

    def refresh(self, task: Task) -> None:
        """Show what holds, and only what matters for the task."""
        c = self._choices
        with signals_blocked(self.border), signals_blocked(self.size), signals_blocked(self.sparse):
            self.border.setChecked(c.border == "ignore")
            self.size.setValue(c.min_size)
            self.sparse.setChecked(c.sparse)
        for control in (self.border, self.size):
            self._form.setRowVisible(control, task is Task.INSTANCES)
        self._form.setRowVisible(self.sparse, self.matters(task))

    def matters(self, task: Task) -> bool:
        """Whether any of it does."""
        return task.is_labels or task is Task.DETECTIONS

    def summary(self, task: Task) -> str:
        """Return what differs from counting everything, to stand in a title."""
        c, objects = self._choices, task is Task.INSTANCES
        said = [
            *(["border ignored"] if objects and c.border == "ignore" else []),
            *([f"from {c.min_size} px"] if objects and c.min_size > 1 else []),
            *(["sparse"] if self.matters(task) and c.sparse else []),
        ]
        return " · ".join(said)

    def _store(self) -> None:
        self._choices.update(
            {
                "border": "ignore" if self.border.isChecked() else "keep",
                "min_size": self.size.value(),
                "sparse": self.sparse.isChecked(),
            }
        )
