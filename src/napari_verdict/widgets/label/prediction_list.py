"""Which predictions are scored while labelling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QListWidget, QListWidgetItem
from superqt.utils import signals_blocked

from napari_verdict.viewer.layers import is_called_prediction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LAYER = Qt.ItemDataRole.UserRole
_CHECKED, _UNCHECKED = Qt.CheckState.Checked, Qt.CheckState.Unchecked
#: Rows that are seen at once, at most.
_ROWS = 4


class PredictionList(QListWidget):
    """A row a Labels layer; ticked ones are predictions."""

    def show_layers(self, layers: Iterable[Any]) -> None:
        """Offer these layers; what was ticked or not stays so, others as they are called."""
        known = {id(i.data(_LAYER)): i.checkState() == _CHECKED for i in self._items()}
        with signals_blocked(self):
            self.clear()
            for layer in layers:
                checked = known.get(id(layer), is_called_prediction(layer))
                item = QListWidgetItem(layer.name)
                item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable
                              | Qt.ItemFlag.ItemIsSelectable)  # fmt: skip
                item.setCheckState(_CHECKED if checked else _UNCHECKED)
                item.setData(_LAYER, layer)
                item.setToolTip(layer.name)
                self.addItem(item)
        rows = min(max(self.count(), 1), _ROWS)
        height = max(self.sizeHintForRow(0), self.fontMetrics().height())
        self.setFixedHeight(rows * height + 8)

    def chosen(self) -> tuple[Any, ...]:
        """Return the layers that are ticked."""
        return tuple(i.data(_LAYER) for i in self._items() if i.checkState() == _CHECKED)

    def _items(self) -> Iterator[QListWidgetItem]:
        return (self.item(i) for i in range(self.count()))
