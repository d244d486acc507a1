"""Where it is evaluated: the whole image, or regions, without what is ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QWidget

from napari_verdict.viewer.regions import VIEW, offered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_verdict.widgets.state import Choices


class RegionChoice(QWidget):
    """Two combo boxes; emits what a person picks."""

    #: The name of the choice, ``region`` or ``ignore``, and a layer, the view or None.
    picked = Signal(str, object)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.region = _combo(
            "Region",
            "Scores of parts of the image, beside those of the whole: each shape of a Shapes "
            "layer, each id of a Labels layer, or what is seen now",
        )
        self.ignore = _combo(
            "Ignore",
            "A Labels layer: pixels painted on it, with any id, are left out of all scores",
        )
        form = self._form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Region", self.region)
        form.addRow("Ignore", self.ignore)
        self.region.activated.connect(lambda i: self.picked.emit("region", self.region.itemData(i)))
        self.ignore.activated.connect(lambda i: self.picked.emit("ignore", self.ignore.itemData(i)))

    def offer_regions(self, offered: bool) -> None:
        """Offer regions, where scores can have them."""
        self._form.setRowVisible(self.region, offered)

    def show_choices(self, layers: Iterable[Any], choices: Choices) -> None:
        """Offer these layers and show what is chosen. Emits nothing."""
        roles, layers = choices.roles, list(layers)
        taken = (roles.ground_truth, roles.raw)
        drawn = offered(layers, taken, ("shapes", "labels"))
        _fill(self.region, "whole image", [(VIEW, VIEW)], drawn, choices.region)
        _fill(self.ignore, "nothing", [], offered(layers, taken, ("labels",)), choices.ignore)


def _fill(
    combo: QComboBox, nothing: str, first: list[tuple[str, Any]], layers: list[Any], chosen: Any
) -> None:
    combo.clear()
    entries = [(nothing, None), *first, *((layer.name, layer) for layer in layers)]
    for k, (text, value) in enumerate(entries):
        combo.addItem(text, value)
        if value is chosen:
            combo.setCurrentIndex(k)


def _combo(name: str, tip: str) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    combo.setToolTip(tip)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(12)
    return combo
