"""How it is compared: folded away, its title saying what holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QFormLayout, QSizePolicy, QWidget
from superqt import QCollapsible
from superqt.utils import signals_blocked

from napari_verdict.comparison.conventions import CONVENTIONS
from napari_verdict.comparison.model import Task
from napari_verdict.widgets.counted_form import CountedForm

if TYPE_CHECKING:
    from napari_verdict.widgets.state import Choices

_SIGNS = {True: "≥", False: ">"}


class SettingsBox(QCollapsible):
    """Convention, SSIM in 3D, IoU threshold and its side, match radius."""

    def __init__(self, choices: Choices, parent: Any = None) -> None:
        super().__init__("Settings", parent)
        self._choices = choices
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        self.convention = QComboBox()
        for convention in CONVENTIONS.values():
            self.convention.addItem(convention.title, convention.id)
        self.ssim_3d = QCheckBox("SSIM in 3D")
        self.threshold = QDoubleSpinBox()
        self.threshold.setRange(0.05, 1.0)
        self.threshold.setSingleStep(0.05)
        self.side = QComboBox()
        for inclusive, sign in _SIGNS.items():
            self.side.addItem(f"IoU {sign} threshold", inclusive)
        self.radius = QDoubleSpinBox()
        self.radius.setRange(0.0, 1e6)
        self.radius.setDecimals(3)
        self.radius.setSpecialValueText("not set")
        for label, control, tip in (
            ("Convention", self.convention, ""),
            ("", self.ssim_3d, "Filter along z too, instead of plane by plane"),
            ("IoU threshold", self.threshold, "An object is matched at this overlap with its "
             "partner: intersection over union"),
            ("Matched when", self.side, "Whether exactly the threshold matches"),
            ("Radius", self.radius, "The largest distance of a match, in the spatial unit of "
             "the ground truth"),
        ):  # fmt: skip
            control.setToolTip(tip)
            control.setAccessibleName(label or control.text())
            self._form.addRow(label, control)
        self.counted = CountedForm(choices)
        self._form.addRow(self.counted)
        content = QWidget()
        content.setLayout(self._form)
        self.setContent(content)
        # a long title is cut off rather than making the dock wider
        self.toggleButton().setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.toggleButton().setAccessibleName("Settings")
        self.collapse(animate=False)
        self.layout().setContentsMargins(0, 0, 0, 0)
        self._connect()
        choices.events.connect(self.refresh)
        self.refresh()

    def _connect(self) -> None:
        self.convention.activated.connect(self._store)
        self.ssim_3d.toggled.connect(self._store)
        self.threshold.valueChanged.connect(self._store)
        self.side.activated.connect(self._store)
        self.radius.valueChanged.connect(self._store)

    def refresh(self, *_: Any) -> None:
        """Show what holds, and only what matters for the task."""
        c = self._choices
        task = c.effective_task()[0]
        controls = (self.convention, self.ssim_3d, self.threshold, self.side, self.radius)
        with signals_blocked(self.ssim_3d), signals_blocked(self.threshold):
            with signals_blocked(self.radius):
                self.radius.setValue(c.radius or 0.0)
            self.ssim_3d.setChecked(c.ssim_3d)
            self.threshold.setValue(c.iou_threshold)
        self.convention.setCurrentIndex(list(CONVENTIONS).index(c.convention))
        self.convention.setToolTip(CONVENTIONS[c.convention].summary)
        self.side.setCurrentIndex(self.side.findData(c.iou_inclusive))
        wanted = {
            Task.RESTORATION: (self.convention, self.ssim_3d),
            Task.INSTANCES: (self.threshold, self.side),
            Task.DETECTIONS: (self.radius,),
        }.get(task, ())
        for control in controls:
            self._form.setRowVisible(control, control in wanted)
        self.counted.refresh(task)
        counts = self.counted.matters(task)
        self._form.setRowVisible(self.counted, counts)
        self.setVisible(bool(wanted) or counts)
        self.setText(f"Settings: {self._summary(task)}")
        self.toggleButton().setToolTip(f"{self._summary(task)}\nClick to change")

    def _summary(self, task: Task) -> str:
        c = self._choices
        if task is Task.RESTORATION:
            how = "SSIM in 3D" if c.ssim_3d else "per plane"
            return f"{CONVENTIONS[c.convention].title} · {how}"
        counted = self.counted.summary(task)
        if task not in (Task.INSTANCES, Task.DETECTIONS):
            return counted or "all is labelled"
        matched = f"IoU {_SIGNS[c.iou_inclusive]} {c.iou_threshold:.2f}"
        if task is Task.DETECTIONS:
            matched = f"radius {c.radius:g}" if c.radius else "radius not set"
        return f"{matched} · {counted}" if counted else matched

    def _store(self) -> None:
        self._choices.update(
            {
                "convention": self.convention.currentData(),
                "ssim_3d": self.ssim_3d.isChecked(),
                "iou_threshold": round(self.threshold.value(), 6),
                "iou_inclusive": bool(self.side.currentData()),
                "radius": self.radius.value() or None,
            }
        )
