"""The Inspect dock: one list of what is wrong, worst first, and the way to each place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
)

from napari_verdict.comparison.entries import Filter
from napari_verdict.comparison.listing import entries_of
from napari_verdict.widgets.docks import Dock, inspect_of, opened
from napari_verdict.widgets.empty_list import why_empty
from napari_verdict.widgets.entry_model import JUDGED, PARTNER, SIZE, why_ignored
from napari_verdict.widgets.entry_table import EntryTable
from napari_verdict.widgets.evidence_notes import how_to_look
from napari_verdict.widgets.filter_bar import FilterBar
from napari_verdict.widgets.hunt import Hunt
from napari_verdict.widgets.hunt_bar import HuntBar
from napari_verdict.widgets.judge_panel import JudgePanel
from napari_verdict.widgets.place_chooser import PlaceChooser
from napari_verdict.widgets.region_filter import RegionFilter
from napari_verdict.widgets.session import session_of

if TYPE_CHECKING:
    from napari_verdict.comparison.entries import Entries, EntryKey


class InspectWidget(Dock):
    """Lists what is wrong in the result of a viewer and leads to it.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        The viewer whose result is inspected.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self._stale, self._telling, self._trouble = True, False, ""
        self._places_of: tuple[Any, str] = (None, "")
        self.session = session_of(napari_viewer)
        self.hunt = Hunt(napari_viewer, self)
        self.candidate = QComboBox()
        self.places = PlaceChooser()
        self.bar, self.within = FilterBar(), RegionFilter(self)
        self.table = EntryTable()
        self.empty, self.count, self.here = QLabel(), QLabel(), QLabel()
        self.buttons = HuntBar(napari_viewer, self.table, self.hunt, self.freshen)
        self.judge = JudgePanel(napari_viewer)
        self._lay_out()
        self._connect()
        opened(napari_viewer, ref(self))
        self.refresh()
        self._on_wanted(self.session.wanted)

    def sizeHint(self) -> QSize:
        """Ask for the width in which nothing is cut off."""
        return QSize(380, 600)

    # ---- building

    def _lay_out(self) -> None:
        self.candidate.setAccessibleName("Candidate that is listed")
        self.candidate.setToolTip("Whose entries are listed, and whose results are shown")
        self.candidate.setMinimumContentsLength(10)
        self.candidate.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.here.setWordWrap(True)
        self.here.setMinimumHeight(2 * self.fontMetrics().height())
        self.here.setAccessibleName("What is looked at")
        self.here.setToolTip("The entry that is outlined: white is the ground truth, "
                             "magenta and dashed the prediction")  # fmt: skip
        self.here.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        head = QHBoxLayout()
        head.addWidget(self.candidate, 1)
        head.addWidget(self.buttons.grid)
        layout = QVBoxLayout(self)
        layout.addLayout(head)
        layout.addWidget(self.places)
        layout.addWidget(self.bar)
        layout.addWidget(self.count)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.empty, 1)
        layout.addWidget(self.here)
        layout.addWidget(self.judge)
        layout.addWidget(self.buttons)
        self.setTabOrder(self.candidate, self.buttons.grid)
        self.setTabOrder(self.buttons.grid, self.places.by)

    def _connect(self) -> None:
        self.session.events.result.connect(self._on_result)
        self.session.events.candidate.connect(self._on_result)
        self.session.events.wanted.connect(self._on_wanted)
        self.session.events.selected.connect(self._on_selected)
        self.session.events.judgements.connect(self._on_filter)
        self.hunt.picked.connect(self._on_picked)
        self.hunt.regained.connect(self._on_regained)
        self.candidate.textActivated.connect(self._on_candidate)
        self.places.changed.connect(self.refresh)
        self.places.found.connect(self._on_found)
        self.bar.changed.connect(self._on_filter)
        self.within.found.connect(self._on_filter)
        self.bar.reset.clicked.connect(self.table.worst_first)
        self.table.chosen.connect(self._go)
        self.judge.left.connect(self.table.setFocus)

    # ---- what is listed

    def refresh(self) -> None:
        """List what the session holds now; a dock that is hidden waits until it is seen."""
        self._stale = False
        result, session = self.session.result, self.session
        session.entries = self.hunt.entries = entries = self._entries_now()
        self.hunt.follow_sources()
        candidates = [] if result is None else list(result.comparison.candidates)
        if candidates != [self.candidate.itemText(i) for i in range(self.candidate.count())]:
            self.candidate.clear()
            self.candidate.addItems(candidates)
        self.candidate.setCurrentText(session.candidate)
        self.candidate.setVisible(result is not None)
        self._show(entries)

    def freshen(self) -> None:
        """List what holds now, if that is something else than what is listed."""
        if self._stale:
            self.refresh()

    def _entries_now(self) -> Entries | None:
        """Return what there is to list; None where nothing is, and while places are looked for."""
        session, result, candidate = self.session, self.session.result, self.session.candidate
        restored = result is not None and result.comparison.task in ("restoration", "evidence")
        self.places.setVisible(restored)
        if result is None or candidate not in result.comparison.candidates:
            return None
        entries = (
            self.places.entries(result, candidate) if restored else entries_of(result, candidate)
        )
        if restored or entries is not None:
            self.judge.open(result, self.places.how)
        if restored and self._places_of != (result, self.places.how):
            self._places_of = result, self.places.how
            if session.selected is not None and session.selected.role in ("place", "dispute"):
                session.selected = None  # in another list its name is that of another place
        return entries

    @property
    def entries(self) -> Entries | None:
        """All entries of the candidate that is looked at."""
        return self.hunt.entries

    def _show(self, entries: Entries | None) -> None:
        if entries is not None:
            zero = dict.fromkeys(entries.kinds, 0)
            if tuple(zero) != tuple(self.bar.chips.chips):
                self.bar.show_counts(zero, True)  # makes the chips that the filter reads
        axes = self.session.result.comparison.ground_truth.axes if entries is not None else ""
        model = self.table.entry_model
        wanted = self.within.narrowed(self.session.result, entries, self.bar.filter)
        model.show(entries, wanted, axes, self.session.judgements, self.hunt.start)
        self.bar.setVisible(entries is not None)
        if entries is not None:
            sizes = entries.value_name == "IoU"
            self.bar.show_counts(model.counts(), sizes)
            self.bar.show_judged(model.judged_counts())
            self.table.setColumnHidden(SIZE, not sizes)
        self.table.setColumnHidden(PARTNER, "matched" not in self.bar.chips.kinds)
        self.table.setColumnHidden(JUDGED, not len(self.session.judgements))
        self.table.fit()
        self.judge.show_entries(entries)
        row = self._row_of_selected()
        self.table.point_at(model.position_of(row))
        self._describe(row)
        self._outline(row)
        self._say(entries)

    def _say(self, entries: Entries | None) -> None:
        """Write how many are listed, or why none is."""
        model = self.table.entry_model
        shown, total = model.rowCount(), 0 if entries is None else len(entries)
        narrowed = self.bar.filter != Filter(kinds=self.bar.chips.kinds)
        self.table.setVisible(bool(shown))
        self.empty.setVisible(not shown)
        text = why_empty(
            self.session.result, entries, model.counts(), narrowed, self.places.ranking
        )
        self.empty.setText(self._trouble or self.within.why or text)
        self.count.setText(f"{shown:,} of {total:,} listed")
        self.count.setVisible(bool(total))
        self.buttons.update_enabled()

    def _row_of_selected(self) -> int:
        """Return the row of the entry that is looked at; -1 where there is none."""
        key = self.session.selected
        return self.entries.find(key) if self.entries is not None and key is not None else -1

    def _describe(self, row: int) -> None:
        text = self.table.entry_model.describe(row) if row >= 0 else ""
        text += why_ignored(self.session.result, self.entries, row)
        hidden = row >= 0 and self.table.entry_model.position_of(row) < 0
        text += " · not in the list: the filter leaves it out" if hidden else ""
        self.here.setText(text + (how_to_look(self.entries, row) if text else ""))

    def _outline(self, row: int) -> None:
        if row >= 0:
            self.hunt.outline(row, self._title(row))
        else:
            self.hunt.highlight.clear()

    def _title(self, row: int) -> str:
        entries = self.entries
        assert entries is not None
        key = entries.key(row)
        return f"looking at · {entries.kinds[entries.kind[row]]}, {key.role} {key.id}"

    # ---- going

    def _go(self, row: int) -> None:
        assert self.entries is not None
        self.hunt.go(row, self._title(row))
        self._select(row)

    def _select(self, row: int) -> None:
        """Tell the other docks what is looked at; it is outlined already."""
        assert self.entries is not None
        self._telling = True
        try:
            self.session.selected = self.entries.key(row)
        finally:
            self._telling = False
        position = self.table.entry_model.position_of(row)
        if position != self.table.position:
            self.table.point_at(position)
        self._describe(row)
        self.buttons.update_enabled()

    # ---- what happens

    def _on_result(self, _: Any = None) -> None:
        if self.isVisible():
            self.refresh()
        else:
            self._stale = True
            self.session.entries = None

    def _on_regained(self) -> None:
        self._outline(self._row_of_selected())

    def _on_candidate(self, candidate: str) -> None:
        self.session.candidate = candidate

    def _on_found(self, outcome: Any) -> None:
        self._trouble = getattr(outcome, "message", "") or " ".join(
            f.message for f in getattr(outcome, "findings", ())
        )
        if self._trouble:
            self._show(None)
        else:
            self.refresh()

    def _on_filter(self, _: Any = None) -> None:
        """List what the filter keeps now; what was judged counts too."""
        if self.entries is not None:
            self._show(self.entries)

    def _on_wanted(self, wanted: Filter | None) -> None:
        if wanted is not None:
            self.freshen()
            if wanted.by:
                self.places.rank_by(wanted.by)
            self.bar.ask(wanted)
            self.table.worst_first()
            self.session.wanted = None  # so that the same can be asked again

    def _on_selected(self, key: EntryKey | None) -> None:
        """Go to the entry that another dock chose."""
        if self._telling:
            return
        self.freshen()
        row = self._row_of_selected()
        if row >= 0:
            self._go(row)
        else:
            self.table.point_at(-1)
            self._describe(-1)
            self._outline(-1)

    def _on_picked(self, keys: list[EntryKey]) -> None:
        """Select what was clicked in the image; what is listed goes before what is not."""
        self.freshen()
        entries, model = self.entries, self.table.entry_model
        if entries is None:
            return
        rows = [row for key in keys if (row := entries.find(key)) >= 0]
        rows.sort(key=lambda row: model.position_of(row) < 0)
        if not rows:
            return
        # clicking again turns to the other object at this place
        now = self.session.selected
        if len(rows) > 1 and now is not None and entries.find(now) == rows[0]:
            rows = rows[1:]
        self.hunt.outline(rows[0], self._title(rows[0]))
        self._select(rows[0])

    # ---- keys and closing

    def showEvent(self, event: Any) -> None:
        """List what came while the dock was hidden."""
        super().showEvent(event)
        self.freshen()

    def keyPressEvent(self, event: Any) -> None:
        """Answer to the shortcuts, as from the canvas."""
        if not self._keys.press(event) and not self.judge.press(event):
            event.ignore()

    def stop(self) -> None:
        """Let go of viewer and session."""
        super().stop()
        events = self.session.events
        events.result.disconnect(self._on_result)
        events.candidate.disconnect(self._on_result)
        events.wanted.disconnect(self._on_wanted)
        events.selected.disconnect(self._on_selected)
        events.judgements.disconnect(self._on_filter)
        self.judge.stop()
        self.places.stop()
        self.within.stop()
        self.buttons.stop()
        self.hunt.stop()
        if (other := inspect_of(self._viewer)) is not None:
            other.go_on()

    def go_on(self) -> None:
        """Take up what all Inspect docks of a viewer share: another one let go of it."""
        self.hunt.share()
        self.judge.mending.share()
        self.refresh()
