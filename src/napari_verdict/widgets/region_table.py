"""A row for the whole image and for every region; the one that is chosen has its scores below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtWidgets import QHeaderView, QLabel, QTableView, QVBoxLayout, QWidget

from napari_verdict.widgets.keys import action_of
from napari_verdict.widgets.words import rows_of, scores_by_region, text_of

if TYPE_CHECKING:
    from napari_verdict.comparison.result import Result
    from napari_verdict.comparison.scores import Score
    from napari_verdict.widgets.words import Row

_ROLE = Qt.ItemDataRole
#: So many rows are seen; beyond them the table scrolls.
_MOST = 6


class RegionTable(QWidget):
    """Shows one score of every region and candidate; a click chooses the region."""

    #: Another region was chosen: its name, or None for the whole.
    turned = Signal(object)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._result: Result | None = None
        self._metric, self._filling = "", False
        self._title = QLabel()
        self.table = _Table(self)
        self.table.selectionModel().currentRowChanged.connect(self._on_row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._title)
        layout.addWidget(self.table)

    @property
    def region(self) -> str | None:
        """The region that is chosen; None for the whole."""
        return self.table.scores.region_at(self.table.currentIndex().row())

    def set_result(self, result: Result) -> None:
        """Show the regions of a result, if it has any; the one that is chosen stays so."""
        names, before = [r.name for r in result.comparison.regions], self.region
        self.setVisible(bool(names))
        if not names:
            self._result = None
            self.table.scores.clear()
            return
        rows = rows_of(result)
        row = next((r for r in rows if r.metric == self._metric and not r.pixels), rows[0])
        self._result = result
        self._title.setText(f"{row.title} of each region; below, all scores of the chosen one")
        self._filling = True
        try:
            self.table.scores.show(result, row, [None, *names])
            self.table.choose(names.index(before) + 1 if before in names else 0)
        finally:
            self._filling = False

    def show_metric(self, metric: str) -> None:
        """Show another score, by its name in the table of scores."""
        if self._result is not None and metric:
            self._metric = metric
            self.set_result(self._result)

    def _on_row(self, *_: Any) -> None:
        if not self._filling:
            self.turned.emit(self.region)


class _Model(QAbstractTableModel):
    """One score: regions down, candidates across."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._names: list[str | None] = []
        self._candidates: list[str] = []
        self._row: Row | None = None
        self._scores: dict[tuple[str, str | None], Score] = {}

    def show(self, result: Result, row: Row, names: list[str | None]) -> None:
        self.beginResetModel()
        self._row, self._names = row, names
        self._candidates = list(result.comparison.candidates)
        self._scores = scores_by_region(result, row)
        self.endResetModel()

    def clear(self) -> None:
        self.beginResetModel()
        self._names, self._scores = [], {}
        self.endResetModel()

    def region_at(self, row: int) -> str | None:
        return self._names[row] if 0 <= row < len(self._names) else None

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Count the whole and the regions."""
        return 0 if parent is not None and parent.isValid() else len(self._names)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Count the candidates."""
        return 0 if parent is not None and parent.isValid() else len(self._candidates)

    def data(self, index: QModelIndex, role: int = _ROLE.DisplayRole) -> Any:
        """Return the score, or its alignment."""
        if self._row is None:
            return None
        score = self._scores.get((self._candidates[index.column()], self._names[index.row()]))
        if role == _ROLE.DisplayRole:
            return text_of(score, self._row)
        if role == _ROLE.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role in (_ROLE.ToolTipRole, _ROLE.AccessibleDescriptionRole) and score is not None:
            return score.reason or self._row.meaning
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole
    ) -> Any:
        """Return the names of candidates and regions."""
        if role not in (_ROLE.DisplayRole, _ROLE.ToolTipRole):
            return None
        if orientation == Qt.Orientation.Horizontal:
            return self._candidates[section]
        return self._names[section] or "whole image"


class _Table(QTableView):
    """Chooses whole rows; leaves shortcuts to the dock."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.scores = _Model(self)
        self.setModel(self.scores)
        self.setAccessibleName("Regions")
        self.setToolTip("Choose a row to see all its scores below, and to list what is in it")
        self.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def choose(self, row: int) -> None:
        """Choose a row, and be as high as the rows need."""
        height = self.fontMetrics().height() + 6
        self.verticalHeader().setDefaultSectionSize(height)
        columns, mode = self.scores.columnCount(), QHeaderView.ResizeMode
        self.horizontalHeader().setSectionResizeMode(
            mode.Stretch if columns <= 4 else mode.ResizeToContents
        )
        shown = min(self.scores.rowCount(), _MOST)
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + height * shown + 4)
        self.selectRow(row)
        self.scrollTo(self.scores.index(row, 0))

    def keyboardSearch(self, search: str | None) -> None:
        """Look for nothing: letters are shortcuts."""

    def keyPressEvent(self, event: Any) -> None:
        """Leave shortcuts to the dock."""
        if action_of(event) is not None:
            event.ignore()
        else:
            super().keyPressEvent(event)
