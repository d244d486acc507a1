"""On which labels a person goes on, or whether they begin anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox

from napari_verdict.widgets.label.opening import Sitting

if TYPE_CHECKING:
    from collections.abc import Sequence


class TruthRow(QComboBox):
    """A new layer, what was begun before, or one of the Labels layers."""

    def __init__(self) -> None:
        super().__init__()
        self._layers: Sequence[Any] = ()
        self._sittings: tuple[Sitting, ...] = ()

    def show_layers(self, layers: Sequence[Any]) -> None:
        """Offer these layers; what was chosen stays where it is still there."""
        self._layers = layers
        self._fill(self.currentData())

    def offer(self, sittings: tuple[Sitting, ...]) -> None:
        """Offer what was begun before; the newest is chosen, unless a layer is."""
        self._sittings, chosen = sittings, self.layer
        self._fill(next(iter(sittings), None) if chosen is None else chosen)

    @property
    def has_begun(self) -> bool:
        """Whether anything was begun before."""
        return bool(self._sittings)

    @property
    def sitting(self) -> Sitting | None:
        """What was begun before and is to be taken up."""
        chosen = self.currentData()
        return chosen if isinstance(chosen, Sitting) else None

    @property
    def layer(self) -> Any | None:
        """The layer that is to be gone on with."""
        return None if self.sitting is not None else self.currentData()

    def _fill(self, chosen: Any) -> None:
        self.clear()
        self.addItem("a new layer", None)
        for sitting in self._sittings:
            self.addItem(sitting.title, sitting)
            tip = str(sitting.folder)
            self.setItemData(self.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        for layer in self._layers:
            self.addItem(layer.name, layer)
        data = [self.itemData(i) for i in range(self.count())]
        self.setCurrentIndex(next((i for i, x in enumerate(data) if x is chosen), 0))
