"""What a person says of the entry that is looked at: four buttons, a note, undo and redo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from napari_verdict.comparison.judgements import Judgement
from napari_verdict.widgets.keys import hint, keys_of
from napari_verdict.widgets.session import session_of

if TYPE_CHECKING:
    from napari_verdict.comparison.entries import Entries, EntryKey
    from napari_verdict.comparison.judgements import Judgements

_TIPS = {
    Judgement.REAL_ERROR: "The prediction is wrong here",
    Judgement.GROUND_TRUTH_WRONG: "The ground truth is wrong here; it can be mended on a copy",
    Judgement.AMBIGUOUS: "It cannot be told from the image",
    Judgement.FINE: "Nothing that matters",
}


class JudgementBar(QWidget):
    """Judges the selected entry of a viewer; pressing a button again takes it back.

    Parameters
    ----------
    viewer : napari viewer
        Its session is judged, and its shortcuts do the same.
    """

    #: Writing a note is over; the keys go back to the list.
    left = Signal()

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._session, self._keys = session_of(viewer), keys_of(viewer)
        self._noted: EntryKey | None = None
        self._entries: Entries | None = None
        self.buttons = {j: self._button(j) for j in Judgement}
        self.note = QLineEdit()
        self.note.setAccessibleName("Note")
        self.note.setPlaceholderText("Note on this entry")
        self.note.setToolTip(f"A note in your own words; Return keeps it {hint('note')}")
        self.undo, self.redo = QPushButton("Undo"), QPushButton("Redo")
        self.undo.setAccessibleName("Undo judgement")
        self.redo.setAccessibleName("Redo judgement")
        self.undo.setToolTip(f"Take the last judgement or note back {hint('undo judgement')}")
        self.redo.setToolTip(f"Judge again what was taken back {hint('redo judgement')}")
        self.tally, self.trouble = QLabel(), QLabel()
        self._lay_out()
        self._connect()
        self.update_shown()

    def _button(self, judgement: Judgement) -> QPushButton:
        button = QPushButton(str(judgement).capitalize())
        button.setCheckable(True)
        button.setAccessibleName(f"Judge: {judgement}")
        button.setToolTip(f"{_TIPS[judgement]} {hint(judgement)}")
        button.clicked.connect(lambda _=False: self.judge(judgement))
        return button

    def _lay_out(self) -> None:
        for label in (self.tally, self.trouble):
            label.setWordWrap(True)
            label.hide()
        judge, write = QHBoxLayout(), QHBoxLayout()
        for k, button in enumerate(self.buttons.values()):
            judge.addWidget(button, (3, 5, 3, 2)[k])
        write.addWidget(self.note, 1)
        write.addWidget(self.undo)
        write.addWidget(self.redo)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(judge)
        layout.addLayout(write)
        layout.addWidget(self.tally)
        layout.addWidget(self.trouble)

    def _connect(self) -> None:
        self._session.events.selected.connect(self._on_selected)
        self._session.events.judgements.connect(self.update_shown)
        self.note.editingFinished.connect(self.keep_note)
        self.note.returnPressed.connect(self.left)
        self.undo.clicked.connect(lambda _=False: self.take_back(True))
        self.redo.clicked.connect(lambda _=False: self.judge_again(True))
        for action, answer in (
            ("real error", self.real_error),
            ("ground truth wrong", self.ground_truth_wrong),
            ("ambiguous", self.ambiguous),
            ("fine", self.fine),
            ("note", self.write_note),
            ("undo judgement", self.take_back),
            ("redo judgement", self.judge_again),
        ):
            self._keys.add(action, answer)

    def showEvent(self, event: Any) -> None:
        """Notice when the window is closed while a note is being written."""
        super().showEvent(event)
        self.window().installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Keep the note that is being written when the window is closed."""
        if event.type() == QEvent.Type.Close:
            self.keep_note()
        return bool(super().eventFilter(watched, event))

    def stop(self) -> None:
        """Keep the note that is being written; answer to nothing any more."""
        self.keep_note()
        self._keys.remove(self)
        self._session.events.selected.disconnect(self._on_selected)
        self._session.events.judgements.disconnect(self.update_shown)

    # ---- what is shown

    def show_entries(self, entries: Entries | None) -> None:
        """Judge these; None where there is nothing to judge."""
        self._entries = entries
        self.setVisible(entries is not None)
        evidence = entries is not None and entries.value_name in ("evidence", "dispute")
        self.buttons[Judgement.GROUND_TRUTH_WRONG].setVisible(not evidence)  # there is none
        self.update_shown()

    def update_shown(self, _: Any = None) -> None:
        """Bring buttons, note and count to what was said."""
        key, said = self._key, self._session.judgements
        mark = None if key is None else said.marks.get(key)
        for judgement, button in self.buttons.items():
            button.setEnabled(key is not None)
            button.setChecked(mark is not None and mark.judgement is judgement)
        self.note.setEnabled(key is not None)
        if not (self.note.hasFocus() and self.note.isModified() and self._noted == key):
            self.note.setText(mark.note if mark else "")
        self._noted = key
        self.undo.setEnabled(bool(said.done))
        self.redo.setEnabled(bool(said.undone))
        told = len(said) > 0 and self._entries is not None
        self.tally.setVisible(told)
        if told:
            self.tally.setText(said.tally(self._entries).sentence)

    def tell(self, trouble: str) -> None:
        """Say what went wrong with keeping them; "" when all is well again."""
        self.trouble.setText(f"⚠ {trouble}" if trouble else "")
        self.trouble.setVisible(bool(trouble))

    @property
    def _key(self) -> EntryKey | None:
        key: EntryKey | None = self._session.selected
        known = self._entries is not None and key is not None and self._entries.find(key) >= 0
        return key if known else None

    def _on_selected(self, _: Any = None) -> None:
        self.keep_note()
        self.update_shown()

    # ---- what is said

    def judge(self, judgement: Judgement) -> bool:
        """Judge the selected entry, or take the same judgement back."""
        key, said = self._key, self._session.judgements
        if key is None:
            return False
        self._say(said.judge([key], None if said.of(key) is judgement else judgement))
        return True

    def keep_note(self) -> None:
        """Keep the note that was written, with the entry it was written on."""
        if self._noted is not None and self.note.isModified():
            self.note.setModified(False)
            self._say(self._session.judgements.annotate([self._noted], self.note.text()))

    def _say(self, judgements: Judgements) -> None:
        self._session.judgements = judgements
        self.update_shown()  # where nothing changed nobody was told

    # ---- answers to keys, as in `HuntBar`

    def real_error(self, pressed: bool) -> bool:
        """Judge it a real error."""
        return pressed and self.judge(Judgement.REAL_ERROR)

    def ground_truth_wrong(self, pressed: bool) -> bool:
        """Judge the ground truth wrong."""
        button = self.buttons[Judgement.GROUND_TRUTH_WRONG]
        return pressed and not button.isHidden() and self.judge(Judgement.GROUND_TRUTH_WRONG)

    def ambiguous(self, pressed: bool) -> bool:
        """Judge it ambiguous."""
        return pressed and self.judge(Judgement.AMBIGUOUS)

    def fine(self, pressed: bool) -> bool:
        """Judge it fine."""
        return pressed and self.judge(Judgement.FINE)

    def write_note(self, pressed: bool) -> bool:
        """Go to the note."""
        if not pressed or not self.note.isEnabled() or not self.isVisible():
            return False
        self.note.setFocus(Qt.FocusReason.ShortcutFocusReason)
        return True

    def take_back(self, pressed: bool) -> bool:
        """Undo the last step and look at what it was said of."""
        said = self._session.judgements
        if not pressed or not said.done:
            return False
        self._say(said.undo())
        self._look_at(said.done[-1].before)
        return True

    def judge_again(self, pressed: bool) -> bool:
        """Redo the last step that was undone."""
        said = self._session.judgements
        if not pressed or not said.undone:
            return False
        self._say(said.redo())
        self._look_at(said.undone[-1].after)
        return True

    def _look_at(self, keys: Any) -> None:
        key = next(iter(keys))
        if key != self._session.selected and key.candidate == self._session.candidate:
            self._session.selected = key
