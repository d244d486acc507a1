"""How tiles are drawn: their size and number, what they are spread over, and by whom labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel, QLineEdit, QSpinBox
from superqt.utils import signals_blocked

from napari_verdict.widgets.label.asked import DRAWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_verdict.annotation.tile_size import Proposed

#: What tiles may be spread over, in words.
STRATA = {"condition": "conditions", "image": "images", "t": "times", "c": "channels", "z": "depth"}


class DrawRows(QObject):
    """Rows of a form.

    Parameters
    ----------
    form : QFormLayout
        Where they are added.
    parent : QObject
        The box that holds the form.
    """

    #: Something was chosen that may stand in the way, or no longer does.
    changed = Signal()

    def __init__(self, form: QFormLayout, parent: QObject) -> None:
        super().__init__(parent)
        self._form = form
        self.size, self.depth, self.number = QSpinBox(), QSpinBox(), QSpinBox()
        self.draw, self.by, self.confidence = QComboBox(), QComboBox(), QComboBox()
        self.seed, self.annotator, self.why_size = QSpinBox(), QLineEdit(), QLabel()
        #: Whether a person has set the size, so that none is proposed any more.
        self._own_size = False
        for spin, low, high, value, suffix in (
            (self.size, 16, 4096, 128, " px"),
            (self.depth, 1, 512, 1, " planes"),
            (self.number, 1, 999, 8, ""),
            (self.seed, 0, 999_999, 1, ""),
        ):
            spin.setRange(low, high)
            spin.setValue(value)
            spin.setSuffix(suffix)
        self.depth.setSpecialValueText("1 plane")
        for key, (title, tip) in DRAWS.items():
            self.draw.addItem(title, key)
            self.draw.setItemData(self.draw.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.why_size.setWordWrap(True)
        self.why_size.setAccessibleName("Why tiles of this size")
        self.draw.activated.connect(self.changed)
        self.confidence.activated.connect(self.changed)
        self.size.valueChanged.connect(self._on_size)
        self.depth.valueChanged.connect(self._on_size)

    def rows(self) -> tuple[tuple[str, Any, str], ...]:
        """Return label, control and tooltip of each row."""
        return (
            ("Tile size", self.size, "Side of a tile: a few objects wide"),
            ("Tile depth", self.depth, "One plane labels objects of planes; several label in 3D"),
            ("", self.why_size, "Set another size, and it stays"),
            ("Tiles", self.number, "How many to begin with; more can be drawn later"),
            ("Drawn", self.draw, "How tiles are chosen decides what the score stands for"),
            ("Spread over", self.by, "What every few tiles are spread over first, so that each is "
             "among them as often as it is there; then over the rest, then over the area"),
            ("Confidence", self.confidence, "An image of probabilities of foreground: 0 to 1"),
            ("Seed", self.seed, "The same seed draws the same tiles"),
            ("Annotator", self.annotator, "Who labels, for the record; may be left empty"),
        )  # fmt: skip

    def show(self, begun: bool, axes: str, one: bool) -> None:
        """Show what is asked for; nothing of it where labelling was begun before.

        `one` says that one image is labelled: maps of several are in a folder.
        """
        draw = self.draw.currentData()
        drawn = not begun and draw != "hand"
        for control, wanted in (
            (self.draw, not begun),
            (self.size, not begun),
            (self.depth, not begun and "z" in axes),
            (self.why_size, not begun and bool(self.why_size.text())),
            (self.confidence, one and not begun and draw == "low confidence"),
            (self.number, drawn),
            (self.by, drawn and draw == "random" and self.by.count() > 1),
            (self.seed, drawn),
            (self.annotator, not begun),
        ):
            self._form.setRowVisible(control, wanted)

    def offer_strata(self, there: Mapping[str, int]) -> None:
        """Offer to spread tiles over what there is more than one of."""
        offered = [s for s in STRATA if there.get(s, 1) > 1]
        if offered == [self.by.itemData(i) for i in range(self.by.count())]:
            return
        chosen = self.by.currentData()
        self.by.clear()
        for stratum in offered:
            self.by.addItem(f"{STRATA[stratum]} first ({there[stratum]})", stratum)
        self.by.setCurrentIndex(max(0, self.by.findData(chosen)))

    def offer_maps(self, maps: Sequence[Any]) -> None:
        """Offer images as the map of probabilities; none is chosen unasked."""
        fill(self.confidence, "choose…", maps, self.confidence.currentData())

    @property
    def strata(self) -> tuple[str, ...]:
        """What tiles are spread over first; the usual order follows."""
        chosen = self.by.currentData()
        return (chosen,) if chosen else ()

    # ---- the size of a tile

    def begin_anew(self, shape: Sequence[int]) -> None:
        """Guess a size for another image, until one is proposed."""
        self._own_size = False
        self._set(int(min(256, max(64, min(shape[-2:]) // 4))), 1, "")

    def propose(self, proposed: Proposed) -> None:
        """Take a size that was proposed, unless a person has set one."""
        if not self._own_size:
            self._set(proposed.size, proposed.depth, f"{proposed.sentence}.")
            self.changed.emit()

    def _set(self, size: int, depth: int, why: str) -> None:
        with signals_blocked(self.size), signals_blocked(self.depth):
            self.size.setValue(size)
            self.depth.setValue(depth)
        self.why_size.setText(why)

    def _on_size(self) -> None:
        self._own_size = True
        self.why_size.setText("")
        self._form.setRowVisible(self.why_size, False)


def fill(combo: QComboBox, nothing: str | None, layers: Sequence[Any], chosen: Any) -> None:
    """Offer layers, `nothing` before them where that is a choice; `chosen` stays chosen."""
    combo.clear()
    if nothing is not None:
        combo.addItem(nothing, None)
    for layer in layers:
        combo.addItem(layer.name, layer)
    index = next((i for i in range(combo.count()) if combo.itemData(i) is chosen), 0)
    combo.setCurrentIndex(index)
