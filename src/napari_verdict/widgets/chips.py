"""Chips: kinds of entries with their counts, to be switched on and off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QApplication, QPushButton, QSizePolicy, QWidget
from superqt import QFlowLayout
from superqt.utils import signals_blocked

from napari_verdict.viewer.kinds import FINE, style_of
from napari_verdict.widgets.entry_model import swatch

if TYPE_CHECKING:
    from collections.abc import Mapping


class Chips(QWidget):
    """One chip a kind; those that are pressed in are listed."""

    #: The kinds that are listed.
    changed = Signal(frozenset)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.chips: dict[str, QPushButton] = {}
        self._layout = QFlowLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds that are listed."""
        return frozenset(k for k, chip in self.chips.items() if chip.isChecked())

    def set_kinds(self, kinds: frozenset[str]) -> None:
        """List these kinds."""
        for kind, chip in self.chips.items():
            with signals_blocked(chip):
                chip.setChecked(kind in kinds)

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """Write counts; chips of new kinds are pressed in unless nothing is wrong with those."""
        if tuple(counts) != tuple(self.chips):
            self._make(tuple(counts))
        for kind, n in counts.items():
            chip = self.chips[kind]
            # a single & would underline a letter
            chip.setText(f"{style_of(kind).sign} {kind} {n:,}".replace("&", "&&"))
            chip.setAccessibleName(f"{kind}: {n}")
            # a kind that does not occur takes no room
            chip.setVisible(n > 0 or kind in ("missed", "extra"))
        self._flow()

    def _flow(self) -> None:
        """Lay out what is not hidden, what is wrong first; the layout leaves gaps otherwise."""
        shown = [c for k, c in self.chips.items() if k not in FINE and not c.isHidden()]
        shown += [c for k, c in self.chips.items() if k in FINE and not c.isHidden()]
        laid = [self._layout.itemAt(i).widget() for i in range(self._layout.count())]
        if shown != laid:
            while self._layout.takeAt(0) is not None:
                pass
            for chip in shown:
                self._layout.addWidget(chip)
            # which this layout does not do by itself
            self._layout.invalidate()
            self._layout.update()
            self.updateGeometry()

    def _make(self, kinds: tuple[str, ...]) -> None:
        before = {k: chip.isChecked() for k, chip in self.chips.items()}
        while self._layout.takeAt(0) is not None:
            pass
        for chip in self.chips.values():
            chip.hide()
            chip.deleteLater()
        self.chips = {}
        for kind in kinds:
            chip = QPushButton(kind, self)
            if colour := style_of(kind).colour:
                chip.setIcon(swatch(colour))
            chip.setCheckable(True)
            chip.setChecked(before.get(kind, kind not in FINE))
            chip.setToolTip(f"{style_of(kind).meaning}\nClick to list or leave out; Ctrl+click "
                            "lists these alone.")  # fmt: skip
            chip.setProperty("kind", kind)
            chip.clicked.connect(self._on_click)
            self.chips[kind] = chip

    def _on_click(self) -> None:
        if QApplication.keyboardModifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_kinds(frozenset({self.sender().property("kind")}))
        self.changed.emit(self.kinds)
