"""Where the camera's noise is known from: folded away, its title saying what holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFormLayout,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible
from superqt.utils import signals_blocked

from napari_verdict.comparison.model import Task
from napari_verdict.viewer.layers import comparable, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_verdict.widgets.state import Choices

_LAYER = Qt.ItemDataRole.UserRole
_CHECKED, _UNCHECKED = Qt.CheckState.Checked, Qt.CheckState.Unchecked
#: Name, label, smallest, largest, decimals, tooltip.
_NUMBERS = (
    ("camera_gain", "Gain", 1e-4, 1e4, 4, "Grey values (ADU) for each photo-electron"),
    ("camera_offset", "Offset", -1e6, 1e6, 2, "Grey value without light, in ADU"),
    ("read_noise", "Read noise", 0.0, 1e4, 3, "Standard deviation without light, in electrons"),
    ("excess", "Excess noise", 1.0, 4.0, 2, "2 for an EMCCD at high gain, 1 for other cameras"),
)


class NoiseBox(QCollapsible):
    """Camera, further captures, dark and lit stacks, and how many false alarms are expected."""

    #: Layers were ticked; they are no longer offered as predictions.
    picked = Signal()

    def __init__(self, choices: Choices, parent: Any = None) -> None:
        super().__init__("Noise", parent)
        self._choices = choices
        self.entered = QCheckBox("Enter the camera's noise")
        self.entered.setAccessibleName("Enter the camera's noise")
        self.entered.setToolTip(
            "By default it is measured: from further captures, else from dark and lit stacks, "
            "else estimated from raw and each prediction, which is circular"
        )
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.addRow(self.entered)
        self.numbers: dict[str, QDoubleSpinBox] = {}
        for name, label, low, high, decimals, tip in _NUMBERS:
            self.numbers[name] = self._number(label, low, high, decimals, tip)
        self.captures = _layer_list(
            "Further captures",
            "Noisy images of the same field, right after raw, that no model was given. Each "
            "tells the noise, and the error against the clean image nobody has",
        )
        self.stacks = _layer_list(
            "Dark and lit stacks",
            "Captures without light, or of an evenly lit field, along the first axis",
        )
        self._form.addRow("Captures", self.captures)
        self._form.addRow("Stacks", self.stacks)
        tip = "Places expected to be listed in an image whose prediction is right"
        self.alarms = self._number("False alarms", 0.001, 100.0, 3, tip)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._form)
        self.setContent(content)
        # a long title is cut off rather than making the dock wider
        self.toggleButton().setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.toggleButton().setAccessibleName("Noise")
        self.collapse(animate=False)
        self.layout().setContentsMargins(0, 0, 0, 0)
        self.entered.toggled.connect(self._store)
        for number in (*self.numbers.values(), self.alarms):
            number.valueChanged.connect(self._store)
        self.captures.itemChanged.connect(self._on_ticked)
        self.stacks.itemChanged.connect(self._on_ticked)

    def refresh(self, layers: Iterable[Any]) -> None:
        """Offer these layers and show what holds; only where raw can be asked."""
        c = self._choices
        task, roles = c.effective_task()[0], c.roles
        asked = task is Task.EVIDENCE or (task is Task.RESTORATION and roles.raw is not None)
        self.setVisible(asked)
        with signals_blocked(self.entered), signals_blocked(self.alarms):
            self.entered.setChecked(c.entered)
            self.alarms.setValue(c.alarms)
        for name, number in self.numbers.items():
            with signals_blocked(number):
                number.setValue(getattr(c, name))
            self._form.setRowVisible(number, c.entered)
        taken = (roles.raw, roles.ground_truth)
        images = [x for x in comparable(layers) if kind_of(x) == "image" and x not in taken]
        _fill(self.captures, [x for x in images if x not in c.stacks], c.captures)
        _fill(self.stacks, [x for x in images if x not in c.captures], c.stacks)
        self.setText(f"Noise: {self._summary()}")
        self.toggleButton().setToolTip(f"{self._summary()}\nClick to change")

    def _summary(self) -> str:
        c = self._choices
        if c.entered:
            source = f"{c.camera_from}, {c.camera_gain:g} ADU per electron"
        elif c.captures:
            source = f"from {len(c.captures)} further capture{'s' * (len(c.captures) > 1)}"
        elif c.stacks:
            source = "from dark and lit stacks"
        else:
            source = "estimated (circular)"
        return f"{source} · {c.alarms:g} false alarms"

    def _number(self, label: str, low: float, high: float, decimals: int, tip: str) -> Any:
        box = QDoubleSpinBox()
        box.setDecimals(decimals)
        box.setRange(low, high)
        box.setKeyboardTracking(False)
        box.setAccessibleName(label)
        box.setToolTip(tip)
        self._form.addRow(label, box)
        return box

    def _store(self) -> None:
        values = {name: number.value() for name, number in self.numbers.items()}
        values |= {"entered": self.entered.isChecked()}
        changed = any(getattr(self._choices, n) != v for n, v in values.items())
        if changed:  # it is a person's own from here on, whatever the metadata say
            picked = self._choices.picked | {"camera"}
            values |= {"camera_from": "entered", "picked": picked}
        self._choices.update({"alarms": self.alarms.value()} | values)

    def _on_ticked(self) -> None:
        picked = self._choices.picked | {"captures"}  # no longer guessed by name
        ticked = {"captures": _ticked(self.captures), "stacks": _ticked(self.stacks)}
        self._choices.update({"picked": picked} | ticked)
        self.picked.emit()


def _layer_list(name: str, tip: str) -> QListWidget:
    found = QListWidget()
    found.setAccessibleName(name)
    found.setToolTip(tip)
    return found


def _fill(box: QListWidget, layers: list[Any], chosen: tuple[Any, ...]) -> None:
    with signals_blocked(box):
        box.clear()
        for layer in layers:
            item = QListWidgetItem(layer.name)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable
                          | Qt.ItemFlag.ItemIsSelectable)  # fmt: skip
            item.setCheckState(_CHECKED if layer in chosen else _UNCHECKED)
            item.setData(_LAYER, layer)
            item.setToolTip(layer.name)
            box.addItem(item)
        if not layers:
            nothing = QListWidgetItem("no other image is open")
            nothing.setFlags(Qt.ItemFlag.NoItemFlags)
            box.addItem(nothing)
    rows = min(max(box.count(), 1), 4)
    height = max(box.sizeHintForRow(0), box.fontMetrics().height())
    box.setFixedHeight(rows * height + 8)


def _ticked(box: QListWidget) -> tuple[Any, ...]:
    items = [box.item(i) for i in range(box.count())]
    return tuple(i.data(_LAYER) for i in items if i.checkState() == _CHECKED)
