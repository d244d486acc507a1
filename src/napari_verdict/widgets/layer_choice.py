"""Which layer is the ground truth, which raw, and which are predictions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QListWidget, QListWidgetItem, QWidget
from superqt.utils import signals_blocked

from napari_verdict.viewer.layers import Roles, comparable, kind_of, may_predict

if TYPE_CHECKING:
    from collections.abc import Iterable

_LAYER = Qt.ItemDataRole.UserRole
_CHECKED, _UNCHECKED = Qt.CheckState.Checked, Qt.CheckState.Unchecked


class LayerChoice(QWidget):
    """Two combo boxes and a list to tick; emits what a person picks."""

    #: The role that was picked by hand, and all roles.
    picked = Signal(str, object)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._roles = Roles()
        self.ground_truth = self._combo(
            "Ground truth", "What is true: every prediction, and raw, is compared with it"
        )
        self.predictions = QListWidget()
        self.predictions.setAccessibleName("Predictions")
        self.predictions.setToolTip("Tick every prediction to validate, side by side")
        self.predictions.itemChanged.connect(self._on_predictions)
        self.raw = self._combo(
            "Raw", "The image that was restored: the baseline a model has to beat. May be none"
        )
        self.ground_truth.activated.connect(self._on_ground_truth)
        self.raw.activated.connect(self._on_raw)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Ground truth", self.ground_truth)
        form.addRow("Predictions", self.predictions)
        form.addRow("Raw", self.raw)

    def show_roles(self, layers: Iterable[Any], roles: Roles) -> None:
        """Offer these layers and show these roles. Emits nothing."""
        layers = comparable(layers)
        self._roles = roles
        images = [x for x in layers if kind_of(x) == "image"]
        with signals_blocked(self.predictions):
            self._fill(self.ground_truth, layers, roles.ground_truth, "choose…")
            self._fill(self.raw, images, roles.raw, "none")
            self._list(may_predict(layers, roles))
            for item in self._items():
                ticked = item.data(_LAYER) in roles.predictions
                item.setCheckState(_CHECKED if ticked else _UNCHECKED)
        rows = min(max(self.predictions.count(), 1), 6)
        height = max(self.predictions.sizeHintForRow(0), self.fontMetrics().height())
        self.predictions.setFixedHeight(rows * height + 8)

    def _items(self) -> list[QListWidgetItem]:
        return [self.predictions.item(i) for i in range(self.predictions.count())]

    def _list(self, layers: list[Any]) -> None:
        """List layers, unless they are listed; who goes through them by keys stays at theirs."""
        if [(i.data(_LAYER), i.text()) for i in self._items()] == [(x, x.name) for x in layers]:
            return
        here = self.predictions.currentItem()
        before = None if here is None else here.data(_LAYER)
        self.predictions.clear()
        for layer in layers:
            item = QListWidgetItem(layer.name)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable
                          | Qt.ItemFlag.ItemIsSelectable)  # fmt: skip
            item.setData(_LAYER, layer)
            item.setToolTip(f"{layer.name} ({kind_of(layer)} layer)")
            self.predictions.addItem(item)
            if layer is before:
                self.predictions.setCurrentItem(item)

    def _combo(self, name: str, tip: str) -> QComboBox:
        combo = QComboBox()
        combo.setAccessibleName(name)
        combo.setToolTip(tip)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(12)
        return combo

    def _fill(self, combo: QComboBox, layers: list[Any], chosen: Any, nothing: str) -> None:
        combo.clear()
        combo.addItem(nothing, None)
        for layer in layers:
            combo.addItem(layer.name, layer)
        combo.setCurrentIndex(layers.index(chosen) + 1 if chosen in layers else 0)

    def _on_ground_truth(self, index: int) -> None:
        truth = self.ground_truth.itemData(index)
        raw = None if self._roles.raw is truth else self._roles.raw
        others = tuple(x for x in self._roles.predictions if x is not truth)
        self.picked.emit("ground_truth", Roles(truth, raw, others))

    def _on_raw(self, index: int) -> None:
        raw = self.raw.itemData(index)
        truth = None if self._roles.ground_truth is raw else self._roles.ground_truth
        others = tuple(x for x in self._roles.predictions if x is not raw)
        self.picked.emit("raw", Roles(truth, raw, others))

    def _on_predictions(self) -> None:
        ticked = tuple(i.data(_LAYER) for i in self._items() if i.checkState() == _CHECKED)
        self.picked.emit("predictions", replace(self._roles, predictions=ticked))
