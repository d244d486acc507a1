"""What of the list is wanted: kinds, size, words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_verdict.comparison.entries import Filter
from napari_verdict.viewer.kinds import FINE
from napari_verdict.widgets.chips import Chips

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MOST = 2_000_000_000
#: What the chip of entries without judgement says; in a `Filter` they are "".
NOT_JUDGED = "not judged"


class FilterBar(QWidget):
    """Chips, a range of sizes, a search field, and a way back to the whole list."""

    #: The `Filter` that is set now.
    changed = Signal(object)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._asked = Filter()
        self.chips, self.judged = Chips(), Chips()
        self.text = QLineEdit()
        self.text.setPlaceholderText("id, kind or note")
        self.text.setClearButtonEnabled(True)
        self.text.setAccessibleName("Search")
        self.text.setToolTip(
            "A number lists the objects of this id and their partners; words look in kinds, "
            "“ground truth” or “prediction”, and notes"
        )
        self.least, self.most = _size("Smallest size", 0), _size("Largest size", _MOST)
        self.reset = QPushButton("Reset")
        self.reset.setToolTip("List all that is wrong again, worst first")
        self.reset.setAccessibleName("Reset the filter and the order")
        self.asked = QLabel()
        self.asked.setWordWrap(True)
        self.asked.hide()
        self._size = QWidget()
        size = QHBoxLayout(self._size)
        size.setContentsMargins(0, 0, 0, 0)
        for widget in (QLabel("Size"), self.least, QLabel("to"), self.most):
            size.addWidget(widget)
        search = QHBoxLayout()
        search.addWidget(self.text, 1)
        search.addWidget(self.reset)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.chips)
        layout.addWidget(self.judged)
        layout.addLayout(search)
        layout.addWidget(self._size)
        layout.addWidget(self.asked)
        self.judged.hide()
        self.chips.changed.connect(self._on_change)
        self.judged.changed.connect(self._on_change)
        self.text.textChanged.connect(self._on_change)
        self.least.valueChanged.connect(self._on_change)
        self.most.valueChanged.connect(self._on_change)
        self.reset.clicked.connect(self.clear)

    @property
    def filter(self) -> Filter:
        """What is wanted now."""
        least, most = self.least.value(), self.most.value()
        size = (least, most) if (least, most) != (0, _MOST) else None
        kinds = self.chips.kinds if self.chips.chips else None
        said = self.judged.kinds
        judged = None if len(said) == len(self.judged.chips) else _without_name(said)
        text = self.text.text().strip()
        return replace(self._asked, kinds=kinds, size=size, text=text, judged=judged)

    def ask(self, wanted: Filter) -> None:
        """Set what is wanted, in chips and fields where they can show it."""
        self._asked = wanted
        every = frozenset(self.chips.chips)
        with signals_blocked(self):
            self.chips.set_kinds(every if wanted.kinds is None else wanted.kinds)
            said = frozenset(self.judged.chips)
            if wanted.judged is not None:
                said = frozenset(n for n in said if _without_name({n}) <= wanted.judged)
            self.judged.set_kinds(said)
            self.text.setText(wanted.text)
            self.least.setValue(int(wanted.size[0]) if wanted.size else 0)
            self.most.setValue(int(min(wanted.size[1], _MOST)) if wanted.size else _MOST)
        self._tell()
        self.changed.emit(self.filter)

    def clear(self) -> None:
        """List all that is wrong."""
        self.ask(Filter(kinds=frozenset(self.chips.chips) - FINE))

    def show_counts(self, counts: Mapping[str, int], sizes: bool) -> None:
        """Write counts on the chips; `sizes` says whether sizes mean anything."""
        self.chips.show_counts(counts)
        self._size.setVisible(sizes)

    def show_judged(self, counts: Mapping[str, int]) -> None:
        """Write how many are judged how; without effect until one is, or is asked for."""
        self.judged.show_counts(counts)
        narrowed = len(self.judged.kinds) < len(self.judged.chips)
        self.judged.setVisible(narrowed or any(n for k, n in counts.items() if k != NOT_JUDGED))

    def _on_change(self, *_: Any) -> None:
        self.changed.emit(self.filter)

    def _tell(self) -> None:
        """Say in words what no chip or field shows."""
        asked, words = self._asked, []
        if asked.roles is not None:
            words.append(" and ".join(sorted(asked.roles)) + " only")
        if asked.frame is not None:
            words.append("frame " + ", ".join(map(str, asked.frame)))
        if asked.region:
            words.append(f"region {asked.region}")
        elif asked.only is not None:
            words.append(f"{len(asked.only):,} that were picked")
        self.asked.setText(f"Listed: {'; '.join(words)}." if words else "")
        self.asked.setVisible(bool(words))


def _without_name(names: Iterable[str]) -> frozenset[str]:
    return frozenset("" if n == NOT_JUDGED else n for n in names)


class _Size(QSpinBox):
    """A size in pixels; the ends of its range stand for any."""

    def textFromValue(self, value: int) -> str:
        """Write "any" at the ends."""
        return "any" if value in (0, _MOST) else str(value)

    def valueFromText(self, text: str) -> int:
        """Keep "any" what it was."""
        return int(text) if text.isdecimal() else self.value()

    def validate(self, text: str, at: int) -> Any:
        """Take whole numbers, and what is on the way to one."""
        if text == "any" or (text.isdecimal() and int(text) <= _MOST):
            return QValidator.State.Acceptable, text, at
        on_the_way = text == "" or "any".startswith(text)
        return (QValidator.State.Intermediate if on_the_way else QValidator.State.Invalid), text, at


def _size(name: str, any_: int) -> QSpinBox:
    box = _Size()
    box.setRange(0, _MOST)
    box.setAccessibleName(name)
    box.setToolTip(f"{name} that is listed, in pixels")
    box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
    box.setKeyboardTracking(False)
    box.setValue(any_)
    return box
