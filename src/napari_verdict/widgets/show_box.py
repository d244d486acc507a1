"""Whose maps or overlays are shown, which, and what their colours mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtGui import QColor, QPixmap
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_verdict.comparison.model import Task
from napari_verdict.viewer.kinds import style_of
from napari_verdict.viewer.palette import (
    CLASSES,
    FALSE_POSITIVE,
    MAPS,
    NOT_LABELLED,
    OVERLAYS,
    title_of,
)
from napari_verdict.viewer.result_layers import has_map, names_for
from napari_verdict.viewer.scales import threshold_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_verdict.comparison.result import Result

#: What blue and orange say of a place, in the words of who has never heard of evidence.
_READS = ("shown, but raw has no photons", "photons in raw, but not shown")


class ShowBox(QWidget):
    """Check boxes for maps or overlays, of one candidate, with their legend."""

    #: A map or overlay is to be shown or hidden.
    toggled = Signal(str, bool)
    #: Another candidate is to be looked at.
    candidate_chosen = Signal(str)
    #: napari's grid is to be switched on or off.
    side_by_side = Signal(bool)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.candidate = QComboBox()
        self.candidate.setAccessibleName("Candidate that is shown")
        self.candidate.setToolTip("Whose maps or overlays are shown")
        self.candidate.setMinimumContentsLength(10)
        self.candidate.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.candidate.textActivated.connect(self.candidate_chosen)
        self.grid = QCheckBox("Side by side")
        self.grid.setToolTip("Every visible layer in its own panel: napari's grid mode")
        self.grid.setAccessibleName("Side by side")
        self.grid.clicked.connect(self.side_by_side)
        self.boxes: dict[str, QCheckBox] = {}
        self._box_grid, self._legend = QGridLayout(), QGridLayout()
        self._legend_of: Any = None
        self._reading = QLabel()
        self._reading.setWordWrap(True)
        head = QHBoxLayout()
        head.addWidget(QLabel("Show"))
        head.addWidget(self.candidate, 1)
        head.addWidget(self.grid)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for part in (head, self._box_grid, self._legend):
            layout.addLayout(part)
        layout.addWidget(self._reading)

    def show_result(self, result: Result, candidate: str, is_shown: Callable[[str], bool]) -> None:
        """Offer what a result can show, and tick what is to be seen."""
        candidates = list(result.comparison.candidates)
        if candidates != [self.candidate.itemText(i) for i in range(self.candidate.count())]:
            self.candidate.clear()
            self.candidate.addItems(candidates)
        self.candidate.setCurrentText(candidate)
        names = tuple(n for n in names_for(result) if has_map(result, candidate, n))
        if names != tuple(self.boxes):
            self._make_boxes(names)
        legend_of = names, result.comparison.task, result.comparison.settings.exclusions.sparse
        if legend_of != self._legend_of:
            self._legend_of = legend_of
            self._make_legend(result)
        for name, box in self.boxes.items():
            with signals_blocked(box):
                box.setChecked(is_shown(name))

    def _make_boxes(self, names: tuple[str, ...]) -> None:
        _clear(self._box_grid)
        self.boxes = {}
        columns = 2 if names[0] not in MAPS else 4 if max(map(len, names)) < 11 else 3
        for i, name in enumerate(names):
            box = QCheckBox(title_of(name))
            box.setAccessibleName(title_of(name))
            box.setToolTip(MAPS[name].meaning if name in MAPS else OVERLAYS[name])
            box.setProperty("name", name)
            box.toggled.connect(self._on_box)
            self.boxes[name] = box
            self._box_grid.addWidget(box, i // columns, i % columns)

    def _make_legend(self, result: Result) -> None:
        _clear(self._legend)
        task = result.comparison.task
        if task is Task.RESTORATION:
            self._reading.setText("Yellow agrees, dark blue disagrees. All candidates share one "
                                  "scale.")  # fmt: skip
            return
        if task is Task.EVIDENCE:
            self._reading.setText("Clear: noise explains the difference. The rim is where it no "
                                  f"longer does, at {threshold_of(result):.1f} standard "
                                  "deviations.")  # fmt: skip
            kinds = ("shown without photons", "photons not shown")
            colours = ("Blue", "Orange")
            self._add_swatches(
                [
                    (style_of(k).colour, style_of(k).sign, f"{c}: {says}", style_of(k).meaning)
                    for k, c, says in zip(kinds, colours, _READS, strict=True)
                ]
            )
            return
        self._reading.setText("")
        pixels = task in (Task.FOREGROUND, Task.SEMANTIC)
        classes = list(CLASSES if task is Task.SEMANTIC else CLASSES[:3])
        if result.comparison.settings.exclusions.sparse and not pixels:
            classes.insert(classes.index(FALSE_POSITIVE) + 1, NOT_LABELLED)
        self._add_swatches(
            [
                (s.colour, s.letters, s.pixels if pixels else s.objects,
                 f"objects {s.objects}; pixels {s.pixels}")
                for s in classes
            ]
        )  # fmt: skip

    def _add_swatches(self, rows: list[tuple[str, str, str, str]]) -> None:
        """Add lines to the legend: colour, sign, what it says, and its tooltip."""
        for i, (colour, sign, says, tip) in enumerate(rows):
            swatch = QLabel()
            swatch.setPixmap(_swatch(colour))
            words = QLabel(f"{sign}  {says}")
            words.setToolTip(f"{sign}: {tip}")
            self._legend.addWidget(swatch, i, 0)
            self._legend.addWidget(words, i, 1)
        self._legend.setColumnStretch(1, 1)

    def _on_box(self, on: bool) -> None:
        self.toggled.emit(self.sender().property("name"), on)


def _swatch(colour: str) -> QPixmap:
    pixmap = QPixmap(14, 14)
    pixmap.fill(QColor(colour))
    return pixmap


def _clear(layout: QGridLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        item.widget().hide()
        item.widget().deleteLater()
