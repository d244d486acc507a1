"""The list of entries as a Qt table model: sorted and filtered in whole columns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QColor, QIcon, QPixmap

from napari_verdict.comparison.entries import Filter
from napari_verdict.comparison.judgements import Judgement, Judgements
from napari_verdict.viewer.kinds import style_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.entries import Entries

_ROLE = Qt.ItemDataRole
KIND, OBJECT, VALUE, SIZE, WHERE, PARTNER, JUDGED = range(7)
_NAMES = ("kind", "object", "", "size", "where", "partner", "said")
_SHORT_ROLE = ("GT", "pred", "place", "dispute")
_MEANING = {
    KIND: "What became of it",
    OBJECT: "Whose object, and its id: GT is the ground truth, pred the prediction",
    PARTNER: "The object it is matched with",
    SIZE: "Size in pixels",
    WHERE: "Frame, then the middle in pixels: z, y, x",
    JUDGED: "What you said it is: E real error, GT ground truth wrong, ? ambiguous, ok fine; "
    "✎ has a note",
}
#: What the value of an entry is, by its name.
_VALUES = {
    "IoU": "With the partner; without one the best with any",
    "distance": "To the partner",
    "evidence": "Difference in standard deviations of the noise: below 0 it is shown and raw has "
    "no photons, above 0 raw has photons and it is not shown",
    "dispute": "How far the two that differ most are apart, in standard deviations of what raw "
    "could tell",
}


class EntryModel(QAbstractTableModel):
    """Shows the entries that a filter keeps; only cells on the screen are ever written.

    Parameters
    ----------
    parent : QObject, optional
        The table.
    """

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.entries: Entries | None = None
        self.filter = Filter()
        self.judgements = Judgements()
        self._axes = ""
        self._start: Mapping[str, int] = {}
        self._sorting: tuple[int, bool] | None = None
        self._rows: NDArray[np.intp] = np.empty(0, np.intp)
        self._icons: dict[str, QIcon] = {}

    # ---- what is shown

    def show(
        self,
        entries: Entries | None,
        wanted: Filter,
        axes: str = "",
        judgements: Judgements | None = None,
        start: Mapping[str, int] | None = None,
    ) -> None:
        """Show entries.

        Parameters
        ----------
        entries : Entries, optional
            All of them; None empties the table.
        wanted : Filter
            Which of them.
        axes : str
            Axes of the ground truth.
        judgements : Judgements, optional
            What a person said of them; the text of the filter is looked for in notes too.
        start : mapping of str to int, optional
            Along which axes, and from where in the layer, what is listed was cropped.
        """
        self.beginResetModel()
        self._start = start or {}
        self.entries, self.filter, self._axes = entries, wanted, axes
        self.judgements = judgements or Judgements()
        self._arrange()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 brings the worst first again."""
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        entries = [int(self._rows[i.row()]) for i in before]
        descending = order == Qt.SortOrder.DescendingOrder
        self._sorting = None if column < 0 else (column, descending)
        self._arrange()
        after = [self.index(self.position_of(e), i.column())
                 for e, i in zip(entries, before, strict=True)]  # fmt: skip
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def row_of(self, position: int) -> int:
        """Return the row of `entries` that stands at a position of the table."""
        return int(self._rows[position])

    def position_of(self, row: int) -> int:
        """Return where a row of `entries` stands in the table; -1 where the filter hides it."""
        hits = np.flatnonzero(self._rows == row)
        return int(hits[0]) if row >= 0 and len(hits) else -1

    def next_of_kind(self, position: int) -> int:
        """Return the next position with the kind of this one, from the top again at the end."""
        if self.entries is None or not 0 <= position < len(self._rows):
            return -1
        kinds = self.entries.kind[self._rows]
        hits = np.flatnonzero(kinds == kinds[position])
        return int(hits[np.searchsorted(hits, position, side="right") % len(hits)])

    def counts(self) -> dict[str, int]:
        """Count the entries by kind that all of the filter but its kinds keeps."""
        if self.entries is None:
            return {}
        kinds, keep = self.entries.kinds, self._of_any & self._of_judgement
        n = np.bincount(self.entries.kind[keep], minlength=len(kinds))
        return dict(zip(kinds, n.tolist(), strict=True))

    def judged_counts(self) -> dict[str, int]:
        """Count the entries by judgement that all of the filter but its judgements keeps."""
        names = ("not judged", *Judgement)
        if self.entries is None:
            return dict.fromkeys(map(str, names), 0)
        n = np.bincount(self._codes[self._of_any & self._of_kind], minlength=len(names))
        return dict(zip(map(str, names), n.tolist(), strict=True))

    def _arrange(self) -> None:
        entries, wanted, said = self.entries, self.filter, self.judgements
        if entries is None:
            self._rows = np.empty(0, np.intp)
            return
        self._codes = said.column(entries)
        self._of_any = said.keeps(entries, replace(wanted, kinds=None, judged=None))
        self._of_kind = Filter(kinds=wanted.kinds).keeps(entries)
        self._of_judgement = said.keeps(entries, Filter(judged=wanted.judged))
        rows = np.flatnonzero(self._of_any & self._of_kind & self._of_judgement)
        if self._sorting is not None:
            column, descending = self._sorting
            columns = _sort_columns(entries, column, self._codes)
            for values in reversed(columns):
                values = values[rows]
                # undefined values stay at the end, equal ones worst first
                order = np.argsort(-values if descending else values, kind="stable")
                rows = rows[order]
        self._rows = rows

    # ---- Qt's questions

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Count the entries that are kept."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Count the columns."""
        return 0 if parent is not None and parent.isValid() else len(_NAMES)

    def data(self, index: QModelIndex, role: int = _ROLE.DisplayRole) -> Any:
        """Return text, icon, alignment or explanation of a cell."""
        if self.entries is None or not index.isValid():
            return None
        row, column = int(self._rows[index.row()]), index.column()
        if role == _ROLE.DisplayRole:
            return self._text(row, column)
        if role == _ROLE.DecorationRole and column == KIND:
            return self._icon(self.entries.kinds[self.entries.kind[row]])
        if role == _ROLE.TextAlignmentRole and column in (VALUE, SIZE):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role in (_ROLE.ToolTipRole, _ROLE.AccessibleDescriptionRole):
            return self.describe(row)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole
    ) -> Any:
        """Return what the columns are called, and mean."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        value = self.entries.value_name if self.entries is not None else "IoU"
        if role == _ROLE.DisplayRole:
            return _NAMES[section] or value
        if role == _ROLE.ToolTipRole:
            if section == VALUE:
                meaning = _VALUES.get(value, "What the entries are ranked by")
            else:
                meaning = _MEANING[section]
            return f"{meaning}. Click to sort; Reset puts the worst first again."
        return None

    def describe(self, row: int) -> str:
        """Say in a line what an entry is."""
        entries = self.entries
        assert entries is not None
        kind = entries.kinds[entries.kind[row]]
        parts = [f"{kind}: {self._object(row)}"]
        if self._partner(row):
            parts.append(f"with {self._partner(row)}")
        if entries.value[row] == entries.value[row]:
            parts.append(f"{entries.value_name} {self._value(row)}")
        if entries.value_name != "distance":
            parts.append(f"{entries.size[row]:,} px")
        parts.append(self._where(row))
        mark = self.judgements.marks.get(entries.key(row))
        parts += [x for x in ((mark.judgement, mark.note) if mark else ()) if x]
        return " · ".join(parts)

    # ---- cells

    def _text(self, row: int, column: int) -> str:
        entries = self.entries
        assert entries is not None
        if column == KIND:
            kind = entries.kinds[entries.kind[row]]
            return f"{style_of(kind).sign} {kind}"
        if column == OBJECT:
            return self._object(row)
        if column == PARTNER:
            return self._partner(row)
        if column == VALUE:
            return self._value(row)
        if column == SIZE:
            return f"{entries.size[row]:,}"
        if column == JUDGED:
            return self._said(row)
        return self._where(row)

    def _object(self, row: int) -> str:
        assert self.entries is not None
        return f"{_SHORT_ROLE[self.entries.role[row]]} {self.entries.id[row]}"

    def _value(self, row: int) -> str:
        assert self.entries is not None
        value = float(self.entries.value[row])
        form = ".3f" if self.entries.value_name == "IoU" else ".3g"
        return "–" if value != value else f"{value:{form}}".replace("-", "−")

    def _said(self, row: int) -> str:
        assert self.entries is not None
        mark = self.judgements.marks.get(self.entries.key(row))
        if mark is None:
            return ""
        signs = [style_of(mark.judgement).sign] if mark.judgement else []
        return " ".join([*signs, *(["✎"] if mark.note else [])])

    def _partner(self, row: int) -> str:
        entries = self.entries
        assert entries is not None
        if entries.kinds[entries.kind[row]] != "matched":
            return ""
        return f"{_SHORT_ROLE[1 - entries.role[row]]} {entries.partner[row]}"

    def _where(self, row: int) -> str:
        entries = self.entries
        assert entries is not None
        frames, start = [a for a in self._axes if a in "tc"], self._start
        words = [
            f"{a} {i + start.get(a, 0)}" for a, i in zip(frames, entries.frame[row], strict=False)
        ]
        centroid = zip("zyx", entries.centroid[row], strict=True)
        z, y, x = (round(float(v)) + start.get(a, 0) for a, v in centroid)
        words += [f"z {z}"] if "z" in self._axes else []
        return " · ".join([*words, f"{y}, {x}"])

    def _icon(self, kind: str) -> QIcon:
        if kind not in self._icons:
            self._icons[kind] = swatch(style_of(kind).colour)
        return self._icons[kind]


def why_ignored(result: Any, entries: Entries | None, row: int) -> str:
    """Return what an object is ignored for, to be added to what it is; "" for all others."""
    if entries is None or row < 0 or entries.kinds[entries.kind[row]] != "ignored":
        return ""
    if result.comparison.task != "instances":
        return ""  # of points there is one reason only, the mask
    key = entries.key(row)
    info = result.lookup(key.candidate, key.role, key.id, key.frame)
    return f" · {info.why}" if info is not None and info.why else ""


def swatch(colour: str) -> QIcon:
    """Return a small square of a colour."""
    pixmap = QPixmap(10, 10)
    pixmap.fill(QColor(colour))
    return QIcon(pixmap)


def _sort_columns(entries: Entries, column: int, codes: NDArray[np.uint8]) -> list[NDArray[Any]]:
    """Return what a column is sorted by, the first first."""
    if column == JUDGED:
        return [np.where(codes == 0, np.nan, codes)]
    if column == KIND:
        names = sorted(entries.kinds)
        return [np.array([names.index(k) for k in entries.kinds])[entries.kind]]
    if column == OBJECT:
        return [entries.role.astype(np.int64), entries.id.astype(np.float64)]
    if column == PARTNER:
        return [entries.partner.astype(np.float64)]
    if column == VALUE:
        return [entries.value]
    if column == SIZE:
        return [entries.size]
    frames = [entries.frame[:, k] for k in range(entries.frame.shape[1])]
    return [*frames, *(entries.centroid[:, k] for k in range(3))]
