"""What the dock says and asks, in its place: nothing pops up and nothing has to be answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class AskBar(QFrame):
    """One question with its answers; where there is none, what was said last."""

    #: What stood here, a question or not, is gone.
    cleared = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setAccessibleName("Message")
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.reason = QComboBox()
        self.reason.setEditable(True)
        self.reason.setCompleter(None)  # what is written is not made into what is offered
        self.reason.setAccessibleName("Answer")
        self.reason.setToolTip("Choose an answer, or write one")
        self._row = QHBoxLayout()
        self._buttons: list[QPushButton] = []
        self._waiting = ""
        column = QVBoxLayout(self)
        column.addWidget(self.text)
        column.addWidget(self.reason)
        column.addLayout(self._row)
        self.reason.setVisible(False)
        self.setVisible(False)

    @property
    def is_asking(self) -> bool:
        """Whether a question stands."""
        return bool(self._buttons)

    def say(self, text: str) -> None:
        """Say something; a question that stands stays, and it is said after it."""
        if self.is_asking:
            self._waiting = text
        else:
            self.text.setText(text)
            self.setVisible(bool(text))

    def ask(
        self,
        question: str,
        answers: dict[str, Callable[[], Any] | None],
        *,
        reason: Sequence[str] | None = None,
    ) -> None:
        """Ask something instead of what was asked before.

        Parameters
        ----------
        question : str
            One sentence.
        answers : dict of str to callable or None
            A button each; the last one has the focus, so it is the one that does no harm.
        reason : sequence of str, optional
            If given, something can be written, and these are offered; `reason` holds it.
        """
        self._take_down()
        self.text.setText(question)
        self.reason.setVisible(reason is not None)
        for label, answer in answers.items():
            button = QPushButton(label)
            button.setToolTip(label)
            button.setAccessibleName(label)
            button.clicked.connect(self._answer_with(answer))
            self._row.addWidget(button)
            self._buttons.append(button)
        self.setVisible(True)
        if reason is not None:
            self.reason.clear()
            self.reason.addItems(reason)
            self.reason.setFocus()
            self.reason.lineEdit().selectAll()
        else:
            self._buttons[-1].setFocus()

    def clear(self) -> None:
        """Take the question back, and say what was to be said meanwhile."""
        waiting, self._waiting = self._waiting, ""
        self._take_down()
        if waiting:
            self.say(waiting)

    def _take_down(self) -> None:
        for button in self._buttons:
            button.hide()
            button.deleteLater()
        self._buttons = []
        self.text.setText("")
        self.reason.setVisible(False)
        self.setVisible(False)
        self.cleared.emit()

    def _answer_with(self, answer: Callable[[], Any] | None) -> Callable[[], None]:
        def answered() -> None:
            self.clear()
            if answer is not None:
                answer()

        return answered
