"""The table of scores: metrics down, raw and predictions across."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QBrush, QColor, QFont, QKeySequence
from qtpy.QtWidgets import QApplication, QHeaderView, QTableView

from napari_verdict.widgets.keys import action_of
from napari_verdict.widgets.words import best_candidate, explain, rows_of, score_in, text_of

if TYPE_CHECKING:
    from napari_verdict.comparison.result import Result

_ROLE = Qt.ItemDataRole
#: Of what is undefined: to be read on light and on dark ground.
_GREY = QColor(128, 128, 128)


class ScoreModel(QAbstractTableModel):
    """The scores of one result, as a Qt table model."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._result: Result | None = None
        self._rows: tuple[Any, ...] = ()
        self._candidates: tuple[str, ...] = ()
        self._best: tuple[str | None, ...] = ()
        #: The region whose scores are shown; None for the whole.
        self.region: str | None = None

    def set_result(self, result: Result | None) -> None:
        """Show another result; the table is laid out anew only if rows or columns differ."""
        rows = rows_of(result) if result else ()
        candidates = tuple(result.comparison.candidates) if result else ()
        same = (rows, candidates) == (self._rows, self._candidates)
        if not same:
            self.beginResetModel()
        self._result, self._rows, self._candidates = result, rows, candidates
        self._best = (
            tuple(best_candidate(result, row, self.region) for row in rows) if result else ()
        )
        if not same:
            self.endResetModel()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(candidates) - 1))

    def place(self, index: QModelIndex) -> tuple[str, str]:
        """Return the candidate of a cell, and the map or overlay that explains it."""
        return self._candidates[index.column()], self._rows[index.row()].shows

    def score_at(self, index: QModelIndex) -> tuple[str, str]:
        """Return the candidate of a cell, and its metric; "" where pixels are counted."""
        row = self._rows[index.row()]
        return self._candidates[index.column()], "" if row.pixels else row.metric

    def column_of(self, candidate: str) -> int:
        """Return the column of a candidate, -1 if it has none."""
        return self._candidates.index(candidate) if candidate in self._candidates else -1

    def as_text(self) -> str:
        """Return the table with tabs, as spreadsheets take it; numbers in full."""
        if self._result is None:
            return ""
        lines = ["\t".join(["metric", *self._candidates])]
        for row in self._rows:
            scores = [score_in(self._result, row, c, self.region) for c in self._candidates]
            cells = ["" if s is None else repr(float(s.value)) for s in scores]
            lines.append("\t".join([row.title, *cells]))
        return "\n".join(lines)

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Count the metrics."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Count the candidates."""
        return 0 if parent is not None and parent.isValid() else len(self._candidates)

    def data(self, index: QModelIndex, role: int = _ROLE.DisplayRole) -> Any:
        """Return text, alignment, font or explanation of a cell."""
        if self._result is None:
            return None
        row, candidate = self._rows[index.row()], self._candidates[index.column()]
        is_best = self._best[index.row()] == candidate
        if role == _ROLE.DisplayRole:
            text = text_of(score_in(self._result, row, candidate, self.region), row)
            return f"▲{text}" if is_best else text
        if role == _ROLE.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == _ROLE.FontRole and is_best:
            font = QFont()
            font.setBold(True)
            return font
        if role == _ROLE.ForegroundRole:
            score = score_in(self._result, row, candidate, self.region)
            undefined = score is None or math.isnan(score.value)
            return QBrush(_GREY) if undefined else None
        if role in (_ROLE.ToolTipRole, _ROLE.AccessibleDescriptionRole):
            best = "\n▲ best of all candidates" if is_best else ""
            return (
                explain(score_in(self._result, row, candidate, self.region), row, self._result)
                + best
            )
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole
    ) -> Any:
        """Return names of candidates and metrics, and what they mean."""
        if orientation == Qt.Orientation.Horizontal:
            name = self._candidates[section]
            return name if role in (_ROLE.DisplayRole, _ROLE.ToolTipRole) else None
        row = self._rows[section]
        if role == _ROLE.DisplayRole:
            return row.title
        return f"{row.title}: {row.meaning}" if role == _ROLE.ToolTipRole else None


class ScoreTable(QTableView):
    """Shows scores; a click leads to what explains them."""

    #: Candidate, and map or overlay.
    asked = Signal(str, str)
    #: Candidate and metric of the score that was clicked.
    score_asked = Signal(str, str)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._model = ScoreModel(self)
        self.setModel(self._model)
        self.setAccessibleName("Scores")
        self.setToolTip("Hover for what a number means; click to see what it comes from")
        self.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.clicked.connect(self._on_click)

    def set_result(self, result: Result | None) -> None:
        """Show the scores of a result."""
        rows_before = self._model.rowCount()
        self._model.set_result(result)
        if self._model.rowCount() != rows_before or self.maximumHeight() > 10_000:
            self._fit()

    def show_region(self, region: str | None, result: Result | None) -> None:
        """Show the scores of a region, or of the whole."""
        self._model.region = region
        self.set_result(result)

    def mark(self, candidate: str) -> None:
        """Show which candidate is looked at."""
        column = self._model.column_of(candidate)
        if column >= 0 and self.currentIndex().column() != column:
            row = max(0, self.currentIndex().row())
            self.setCurrentIndex(self._model.index(row, column))

    def copy(self) -> None:
        """Put the whole table on the clipboard."""
        QApplication.clipboard().setText(self._model.as_text())

    def keyPressEvent(self, event: Any) -> None:
        """Copy on the platform's copy key, show on Return; leave shortcuts to the dock."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
            event.accept()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self._on_click(self.currentIndex())
        elif action_of(event) is not None:
            event.ignore()  # the dock answers; Qt would look for a cell that begins so
        else:
            super().keyPressEvent(event)

    def _fit(self) -> None:
        height = self.fontMetrics().height() + 6
        self.verticalHeader().setDefaultSectionSize(height)
        columns = self._model.columnCount()
        mode = QHeaderView.ResizeMode
        self.horizontalHeader().setSectionResizeMode(
            mode.Stretch if columns <= 4 else mode.ResizeToContents
        )
        bar = self.horizontalScrollBar().sizeHint().height() if columns > 4 else 0
        head = self.horizontalHeader().sizeHint().height()
        self.setFixedHeight(head + height * self._model.rowCount() + bar + 4)

    def _on_click(self, index: QModelIndex) -> None:
        if index.isValid():
            self.asked.emit(*self._model.place(index))
            self.score_asked.emit(*self._model.score_at(index))
