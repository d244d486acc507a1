"""Mending a ground truth that was judged wrong, and the scores before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.judgements import Judgement
from napari_verdict.viewer.mended import NAME, Mended
from napari_verdict.widgets.mended_keeper import MendedKeeper
from napari_verdict.widgets.session import session_of
from napari_verdict.widgets.words import explain, rows_of, score_in, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_verdict.comparison.entries import EntryKey
    from napari_verdict.comparison.objects.mending import Mend, Offer
    from napari_verdict.widgets.words import Row

#: Scores that are shown before and after, as the score table names them.
SHOWN = ("f1", "pq", "fn", "fp")


class MendingBox(QWidget):
    """Accept, delete or edit by hand, on a copy; seen where the ground truth was judged wrong.

    Parameters
    ----------
    viewer : napari viewer
        Its session says what is looked at.
    """

    #: A sentence where something cannot be done; "" when it can.
    troubled = Signal(str)

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._session = session_of(viewer)
        self.mended = Mended(viewer)
        self._what: Any = None
        self.accept = _button("Accept prediction", "Put the predicted object in its place")
        self.delete = _button("Delete", "Take the object out of the ground truth")
        self.edit = _button("Edit by hand", "Paint it with napari's brush")
        self.accept.clicked.connect(lambda _=False: self._mend(self._accepted))
        self.delete.clicked.connect(lambda _=False: self._mend(self._deleted))
        self.edit.clicked.connect(lambda _=False: self._by_hand())
        self.keeper = MendedKeeper(self.mended, self)
        self.restore = _button("Bring back", "Show the mended copy as it was kept")
        self.restore.clicked.connect(lambda _=False: self.keeper.bring_back())
        self._kept, self._found = QLabel(), QWidget()
        self._buttons, self._scores = QWidget(), QWidget()
        self._cells: dict[tuple[int, str], QLabel] = {}
        self._lay_out()
        # a new threshold first brings the scores of the result, then those of the copy
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._follow)
        events = self._session.events
        events.result.connect(self._on_session)
        events.candidate.connect(self._on_session)
        events.selected.connect(self.update_shown)
        events.judgements.connect(self.update_shown)
        self.mended.changed.connect(self.update_shown)
        self.keeper.changed.connect(self.update_shown)
        self.keeper.troubled.connect(self.troubled)
        self._events = (viewer.layers.events.inserted, viewer.layers.events.removed)
        for event in self._events:
            event.connect(self.update_shown)
        self._session.mended = self.mended
        self._follow()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self._buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Mend:"))
        for button in (self.accept, self.delete, self.edit):
            row.addWidget(button, 1)
        found = QHBoxLayout(self._found)
        found.setContentsMargins(0, 0, 0, 0)
        self._kept.setWordWrap(True)
        found.addWidget(self._kept, 1)
        found.addWidget(self.restore)
        grid = QGridLayout(self._scores)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(0)
        for line, name in enumerate(("ground truth", "mended"), start=1):
            grid.addWidget(QLabel(name), line, 0)
            for k, metric in enumerate(SHOWN, start=1):
                cell = self._cells[line, metric] = QLabel()
                cell.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
                grid.addWidget(cell, line, k)
        for k, metric in enumerate(SHOWN, start=1):
            head = self._cells[0, metric] = QLabel()
            grid.addWidget(head, 0, k)
            grid.setColumnStretch(k, 1)
        self._scores.setToolTip(
            f"Scores against the ground truth and against “{NAME}”; they follow every stroke, "
            "undo and redo"
        )
        self._scores.setAccessibleName("Scores before and after mending")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._found)
        layout.addWidget(self._buttons)
        layout.addWidget(self._scores)

    def stop(self) -> None:
        """Let go of viewer and session; the copy stays."""
        self._later.stop()
        events = self._session.events
        events.result.disconnect(self._on_session)
        events.candidate.disconnect(self._on_session)
        events.selected.disconnect(self.update_shown)
        events.judgements.disconnect(self.update_shown)
        for event in self._events:
            event.disconnect(self.update_shown)
        self.keeper.stop()
        self.mended.changed.disconnect(self.update_shown)
        self.mended.stop()
        self._session.mended = None

    # ---- what is shown

    def _on_session(self, _: Any = None) -> None:
        self._later.start()

    def _follow(self) -> None:
        roles = self._session.roles
        truth = None if roles is None else roles.ground_truth
        self.mended.follow(self._session.result if truth is not None else None, truth)
        self.update_shown()

    def update_shown(self, _: Any = None) -> None:
        """Offer what can be done about the entry, and write the scores."""
        self._offer()
        result = self.mended.result
        self._scores.setVisible(result is not None)
        if result is not None:
            for line, one in enumerate((self.mended.original, result), start=1):
                self._write(line, one)
        kept = self.keeper.kept if self.mended.original is not None else ""
        self._kept.setText(f"A mended copy of this ground truth was kept on {kept}.")
        self._found.setVisible(bool(kept))
        self.setVisible(bool(kept) or not self._buttons.isHidden() or result is not None)

    def _offer(self) -> None:
        key, now = self._key, self.mended.now
        wrong = key is not None and (
            self._session.judgements.of(key) is Judgement.GROUND_TRUTH_WRONG
        )
        self._buttons.setVisible(wrong and now is not None)
        self._what = None
        if key is None or now is None or not wrong:
            return
        why_not = self.mended.why_not()
        if not why_not:
            from napari_verdict.comparison.objects.mending import offer

            self._what = offer(now, key)
        self._name(self._what, key)
        for button in (self.accept, self.delete, self.edit):
            button.setProperty("why", why_not)
            if why_not:
                button.setEnabled(False)
                button.setToolTip(why_not)

    def _name(self, what: Offer | None, key: EntryKey) -> None:
        """Say on each button what it would do, to which objects."""
        accept = what.accept if what else ()
        target = what.target if what else 0
        self.accept.setEnabled(bool(accept))
        self.accept.setText(f"Accept pred {_ids(accept)}" if accept else "Accept prediction")
        place = f"in the place of GT {_ids(what.replaced)}" if what and what.replaced else (
            "as a new object")  # fmt: skip
        self.accept.setToolTip(
            f"Put it into “{NAME}” {place}; napari undoes it with Ctrl+Z"
            if accept
            else "No predicted object lies there"
        )
        self.delete.setEnabled(bool(target))
        self.delete.setText(f"Delete GT {target}" if target else "Delete")
        self.delete.setToolTip(
            f"Take it out of “{NAME}”; napari undoes it with Ctrl+Z"
            if target
            else "No object of the ground truth lies there"
        )
        self.edit.setEnabled(what is not None)
        self.edit.setToolTip(
            f"Paint {f'GT {target}' if target else 'a new object'} on “{NAME}” with napari's brush"
        )

    def _write(self, line: int, result: Any) -> None:
        rows: dict[str, Row] = {r.metric: r for r in rows_of(result) if not r.pixels}
        for metric in SHOWN:
            row, cell = rows.get(metric), self._cells[line, metric]
            if row is not None:
                score = score_in(result, row, self._session.candidate)
                self._cells[0, metric].setText(row.title)
                cell.setText(text_of(score, row))
                cell.setToolTip(explain(score, row, result))

    @property
    def _key(self) -> EntryKey | None:
        key: EntryKey | None = self._session.selected
        return key if key is not None and key.candidate == self._session.candidate else None

    # ---- what is done

    def _accepted(self, key: EntryKey, what: Offer) -> Mend:
        from napari_verdict.comparison.objects.mending import accepting

        return accepting(self.mended.now, key, what)  # type: ignore[arg-type]

    def _deleted(self, key: EntryKey, what: Offer) -> Mend:
        from napari_verdict.comparison.objects.mending import deleting

        return deleting(self.mended.now, key, what.target)  # type: ignore[arg-type]

    def _mend(self, how: Callable[[EntryKey, Offer], Mend]) -> None:
        key, what = self._key, self._what
        if key is None or what is None:
            return
        try:
            self.mended.mend(how(key, what))
        except ComparisonError as error:
            self.troubled.emit(" ".join(f.message for f in error.findings))
        else:
            self.troubled.emit("")

    def _by_hand(self) -> None:
        if self._what is None:
            return
        from napari_verdict.comparison.objects.mending import next_label

        try:
            label = self._what.target or next_label(self.mended.now)  # type: ignore[arg-type]
        except ComparisonError as error:
            self.troubled.emit(" ".join(f.message for f in error.findings))
            return
        self.mended.edit(label)

    def undo(self) -> bool:
        """Take the last change of the copy back, as napari's Ctrl+Z; False without a copy."""
        layer = self.mended.layer
        if layer is None or self.mended.result is None:
            return False
        layer.undo()
        return True

    def redo(self) -> bool:
        """Do it again."""
        layer = self.mended.layer
        if layer is None or self.mended.result is None:
            return False
        layer.redo()
        return True


def _ids(ids: tuple[int, ...]) -> str:
    return ", ".join(map(str, ids[:3])) + (" …" if len(ids) > 3 else "")


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setAccessibleName(text)
    button.setToolTip(tip)
    return button
