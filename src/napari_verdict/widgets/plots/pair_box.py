"""Two predictions against each other, in counts that can be clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QLabel, QPushButton, QSizePolicy, QWidget
from superqt.utils import signals_blocked

if TYPE_CHECKING:
    from napari_verdict.comparison.objects.agreement import Agreement
    from napari_verdict.comparison.objects.labels import LabelResult

#: What a button says of each group, and in full for tooltip and screen reader.
_WORDS = {
    "only a": ("A finds, B misses", "found by {a}, missed by {b}"),
    "only b": ("B finds, A misses", "found by {b}, missed by {a}"),
    "neither": ("both wrong", "missed by {a} and by {b}"),
    "both": ("both find", "found by {a} and by {b}"),
}


class PairBox(QWidget):
    """Says how many ground-truth objects two predictions find; a click lists them."""

    #: An `Agreement`, and the group that was clicked.
    chosen = Signal(object, str)
    gives = "group"  # what `chosen` names

    def __init__(self, viewer: Any = None) -> None:
        del viewer  # a plot among others, but this one follows nothing
        super().__init__()
        self._result: Any = None
        self.agreement: Agreement | None = None
        self.choosers: list[QComboBox] = []
        self.buttons: dict[str, QPushButton] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        for row, letter in enumerate("AB"):
            chooser = QComboBox()
            chooser.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            chooser.setAccessibleName(f"Prediction {letter}")
            chooser.setToolTip(f"The prediction called {letter}")
            chooser.currentIndexChanged.connect(self._count)
            grid.addWidget(QLabel(letter), row, 0)
            grid.addWidget(chooser, row, 1, 1, 2)
            self.choosers.append(chooser)
        for row, group in enumerate(_WORDS, start=2):
            button = QPushButton()
            button.clicked.connect(lambda _=False, g=group: self._choose(g))
            grid.addWidget(button, row, 0, 1, 3)
            self.buttons[group] = button

    def set_result(self, result: LabelResult) -> None:
        """Count the objects of a result of instances with two predictions or more."""
        names = [p.name for p in result.comparison.predictions]
        self._result = result
        before = [c.currentText() for c in self.choosers]
        if [self.choosers[0].itemText(i) for i in range(self.choosers[0].count())] != names:
            a, b = (name if name in names else None for name in before)
            a = a or next(name for name in names if name != b)
            chosen = a, b or next(name for name in names if name != a)
            for chooser, name in zip(self.choosers, chosen, strict=True):
                with signals_blocked(chooser):
                    chooser.clear()
                    chooser.addItems(names)
                    chooser.setCurrentText(name)
        self._count()

    def _count(self) -> None:
        from napari_verdict.comparison.objects.agreement import agreement

        a, b = (c.currentText() for c in self.choosers)
        self.agreement = agreement(self._result, a, b)
        for group, count in self.agreement.counts.items():
            button, (short, full) = self.buttons[group], _WORDS[group]
            full = full.format(a=a, b=b)
            button.setText(f"{short}: {count:,}")
            button.setAccessibleName(f"{count} objects {full}")
            button.setToolTip(f"Objects {full}: click to list them and fly to the worst")
            button.setEnabled(count > 0)

    def _choose(self, group: str) -> None:
        if self.agreement is not None:
            self.chosen.emit(self.agreement, group)
