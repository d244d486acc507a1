"""The table of entries: a row is looked at as soon as it is current."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QModelIndex, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView
from superqt.utils import signals_blocked

from napari_verdict.viewer.kinds import style_of
from napari_verdict.widgets.entry_model import (
    JUDGED,
    KIND,
    OBJECT,
    PARTNER,
    SIZE,
    VALUE,
    WHERE,
    EntryModel,
)
from napari_verdict.widgets.keys import action_of


class EntryTable(QTableView):
    """Shows entries; arrow keys and clicks choose one."""

    #: A person chose the entry of this row of the entries.
    chosen = Signal(int)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.entry_model = EntryModel(self)
        self.setModel(self.entry_model)
        self.setAccessibleName("What is wrong, worst first")
        self.setToolTip("Choose a row to go there; arrow keys work too")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setAlternatingRowColors(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setMinimumSectionSize(24)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSectionsClickable(True)
        header.sortIndicatorChanged.connect(self._on_sort)
        header.setSortIndicatorShown(True)
        header.moveSection(JUDGED, 1)  # beside the kind
        self.fit()
        self.clicked.connect(self._on_click)

    def fit(self) -> None:
        """Give every column what it needs, or less of it where the table is too narrow."""
        widest = {
            KIND: "~ inaccurate",
            OBJECT: "pred 000",
            VALUE: f"{self.entry_model.headerData(VALUE, Qt.Orientation.Horizontal)}  0",
            SIZE: "00,000",
            WHERE: "0000, 0000",
            PARTNER: "pred 000",
            JUDGED: "GT ✎",
        }
        entries = self.entry_model.entries
        if entries is not None and self.isColumnHidden(SIZE):
            # places have kinds of several words, and room for them
            kinds = (f"{style_of(k).sign} {k}" for k in entries.kinds)
            widest[KIND] = max((widest[KIND], *kinds), key=len)
        shown = [column for column in widest if not self.isColumnHidden(column)]
        across = self.fontMetrics().horizontalAdvance
        wanted = {c: across(widest[c]) + (24 if c == KIND else 8) for c in shown}
        room = self.viewport().width() - 1
        share = min(1.0, room / max(1, sum(wanted.values())))
        for column, width in wanted.items():
            self.setColumnWidth(column, int(width * share))

    def resizeEvent(self, event: Any) -> None:
        """Keep all columns in sight."""
        super().resizeEvent(event)
        self.fit()

    @property
    def position(self) -> int:
        """Where the chosen row stands; -1 without one."""
        rows = self.selectionModel().selectedRows()
        return rows[0].row() if rows else -1

    def choose(self, position: int) -> None:
        """Make a row current, as a person would; out of range is without effect."""
        if 0 <= position < self.entry_model.rowCount():
            self.point_at(position)
            self.chosen.emit(self.entry_model.row_of(position))

    def point_at(self, position: int) -> None:
        """Mark a row and bring it into sight, without going there; -1 marks none."""
        with signals_blocked(self.selectionModel()):
            if position < 0:
                self.clearSelection()
                self.setCurrentIndex(QModelIndex())
            else:
                self.selectRow(position)
                self.scrollTo(self.entry_model.index(position, 0))
        self.viewport().update()

    def keyPressEvent(self, event: Any) -> None:
        """Go where the arrow keys lead, and there again on Return; leave shortcuts to the dock."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.choose(self.position)
        elif action_of(event) is not None:
            event.ignore()
        else:
            before = self.position
            super().keyPressEvent(event)
            if self.position != before:
                self.choose(self.position)

    def keyboardSearch(self, search: str) -> None:
        """Look for nothing: Qt would ask for every row what it begins with."""

    def _on_click(self, index: QModelIndex) -> None:
        # a click on the row that is current already says: go there again
        self.chosen.emit(self.entry_model.row_of(index.row()))

    def _on_sort(self, column: int, order: Qt.SortOrder) -> None:
        self.entry_model.sort(column, order)
        if self.position >= 0:
            self.scrollTo(self.entry_model.index(self.position, 0))

    def worst_first(self) -> None:
        """Take the sorting by a column back."""
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
