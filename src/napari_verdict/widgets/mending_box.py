"""Mending a ground truth that was judged wrong, and the scores before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.judgements import Judgement
from napari_verdict.comparison.words import sized
from napari_verdict.viewer.layers import MENDED
from napari_verdict.viewer.mended import NAME, Mended
from napari_verdict.widgets.kept_copies import KeptCopies
from napari_verdict.widgets.mended_keeper import MendedKeeper
from napari_verdict.widgets.mending_scores import MendingScores
from napari_verdict.widgets.mending_work import MendingWork
from napari_verdict.widgets.session import session_of

if TYPE_CHECKING:
    from napari_verdict.comparison.entries import EntryKey
    from napari_verdict.comparison.objects.labels import LabelResult
    from napari_verdict.comparison.objects.mending import Mend, Offer


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
        self.work = MendingWork()
        self.mended = Mended(viewer, self.work)
        self._what: Offer | None = None
        self.accept = _button("Accept prediction", "Put the predicted object in its place")
        self.delete = _button("Delete", "Take the object out of the ground truth")
        self.edit = _button("Edit by hand", "Paint it with napari's brush")
        self.copy = _button("Copy into memory", "Make a copy in memory, which can be mended")
        self.keeper = MendedKeeper(self.mended, self)
        self.kept = KeptCopies(self.keeper)
        self.scores = MendingScores()
        self._buttons, self._copying = QWidget(), QWidget()
        self._lay_out()
        self._connect(viewer)
        self.share()
        self._follow()

    def share(self) -> None:
        """Let the other docks know of the copy."""
        self._session.mended = self.mended

    def _lay_out(self) -> None:
        for holder, inside in (
            (self._copying, (QLabel("The ground truth is not in memory."), self.copy)),
            (self._buttons, (QLabel("Mend:"), self.accept, self.delete, self.edit)),
        ):
            row = QHBoxLayout(holder)
            row.setContentsMargins(0, 0, 0, 0)
            for widget in inside:
                row.addWidget(widget, int(isinstance(widget, QPushButton)))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.kept, self._copying, self._buttons, self.work, self.scores):
            layout.addWidget(widget)

    def _connect(self, viewer: Any) -> None:
        self.accept.clicked.connect(lambda _=False: self._accept())
        self.delete.clicked.connect(lambda _=False: self._delete())
        self.edit.clicked.connect(lambda _=False: self._by_hand())
        self.copy.clicked.connect(lambda _=False: self.mended.begin())
        self.work.stop_it.clicked.connect(lambda _=False: self.mended.cancel())
        # a new threshold first brings the scores of the result, then those of the copy
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._follow)
        self.mended.changed.connect(self.update_shown)
        self.mended.failed.connect(self.troubled.emit)
        self.keeper.changed.connect(self.update_shown)
        self.keeper.troubled.connect(self.troubled)
        session, layers = self._session.events, viewer.layers.events
        self._events = (
            *((event, self._on_session) for event in (session.result, session.candidate)),
            *((event, self.update_shown) for event in (session.selected, session.judgements)),
            (layers.inserted, self.update_shown),
            (layers.removed, self._on_removed),
        )
        for event, slot in self._events:
            event.connect(slot)

    def stop(self) -> None:
        """Let go of viewer and session; the copy stays."""
        self._later.stop()
        for event, slot in self._events:
            event.disconnect(slot)
        self.keeper.stop()
        self.mended.changed.disconnect(self.update_shown)
        self.mended.stop()
        self._session.mended = None

    # ---- what is shown

    def _on_session(self, _: Any = None) -> None:
        self._later.start()

    def _on_removed(self, event: Any) -> None:
        """Offer the copy again that was deleted."""
        if MENDED in event.value.metadata:
            self.keeper.look()
        self.update_shown()

    def _follow(self) -> None:
        roles = self._session.roles
        truth = None if roles is None else roles.ground_truth
        self.mended.follow(self._session.result if truth is not None else None, truth)

    def update_shown(self, _: Any = None) -> None:
        """Offer what can be done about the entry, and write the scores."""
        mended = self.mended
        self._offer()
        self.work.show_work(mended.doing, mended.may_cancel)
        self.scores.show_scores(mended.original, mended.result, self._session.candidate)
        self.kept.show_kept(not mended.doing)
        shown = (self.kept, self._copying, self._buttons, self.work, self.scores)
        self.setVisible(any(not widget.isHidden() for widget in shown))

    def _offer(self) -> None:
        key, now = self._key, self.mended.now
        wrong = key is not None and (
            self._session.judgements.of(key) is Judgement.GROUND_TRUTH_WRONG
        )
        self._what = None
        self._buttons.setVisible(wrong and now is not None)
        why_not, size = self.mended.why_not(), self.mended.to_copy
        self._copying.setVisible(wrong and now is not None and bool(size) and not why_not)
        if key is None or now is None or not wrong:
            return
        if not why_not and size:
            self.copy.setText(f"Copy into memory ({sized(size)})")
            self.copy.setToolTip(
                f"Make “{NAME}” as a copy in memory; with what is needed to score it, that takes "
                f"{sized(2 * size)}"
            )
            why_not = "The ground truth is not in memory: copy it first"
        self.copy.setEnabled(not self.mended.doing)
        if self.mended.doing:
            why_not = f"{self.mended.doing}: a moment"
        if not why_not:
            from napari_verdict.comparison.objects.mending import offer

            self._what = offer(now, key)
        self._name(self._what, why_not)

    def _name(self, what: Offer | None, why_not: str) -> None:
        """Say on each button what it would do, to which objects, or why it does nothing."""
        accept, target = (what.accept, what.target) if what else ((), 0)
        self.accept.setText(f"Accept pred {_ids(accept)}" if accept else "Accept prediction")
        self.delete.setText(f"Delete GT {target}" if target else "Delete")
        place = f"in the place of GT {_ids(what.replaced)}" if what and what.replaced else (
            "as a new object")  # fmt: skip
        no_accept = why_not or (
            "No predicted object lies there" if not accept
            else "The ground truth has it just so already" if what and what.accepted
            else ""
        )  # fmt: skip
        no_delete = why_not or ("" if target else "No object of the ground truth lies there")
        undone = "; napari undoes it with Ctrl+Z"
        whom = f"GT {target}" if target else "a new object"
        for button, no, tip in (
            (self.accept, no_accept, f"Put it into “{NAME}” {place}{undone}"),
            (self.delete, no_delete, f"Take it out of “{NAME}”{undone}"),
            (self.edit, why_not, f"Paint {whom} on “{NAME}” with napari's brush"),
        ):
            button.setEnabled(not no)
            button.setToolTip(no or tip)

    @property
    def _key(self) -> EntryKey | None:
        key: EntryKey | None = self._session.selected
        return key if key is not None and key.candidate == self._session.candidate else None

    # ---- what is done

    def _accept(self) -> None:
        from napari_verdict.comparison.objects.mending import accepting, extent

        key, what, now = self._key, self._what, self.mended.now
        if key is not None and what is not None and now is not None:
            self.troubled.emit("")
            self.mended.mend(lambda then: accepting(then, key, what), extent(now, key, what))

    def _delete(self) -> None:
        from napari_verdict.comparison.objects.mending import deleting, extent

        key, what, now = self._key, self._what, self.mended.now
        if key is not None and what is not None and now is not None:
            self.troubled.emit("")

            def how(then: LabelResult) -> Mend:
                return deleting(then, key, what.target)

            self.mended.mend(how, extent(now, key, what))

    def _by_hand(self) -> None:
        from napari_verdict.comparison.objects.mending import next_label

        what, now = self._what, self.mended.now
        if what is None or now is None:
            return
        try:
            label = what.target or next_label(now)
        except ComparisonError as error:
            self.troubled.emit(" ".join(f.message for f in error.findings))
            return
        self.troubled.emit("")
        self.mended.edit(label)


def _ids(ids: tuple[int, ...]) -> str:
    return ", ".join(map(str, ids[:3])) + (" …" if len(ids) > 3 else "")


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setAccessibleName(text)
    button.setToolTip(tip)
    return button
