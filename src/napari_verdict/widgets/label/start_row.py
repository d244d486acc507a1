"""The button that begins, and above it what is in the way and what one should know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from collections.abc import Iterable

_GOING_ON = (
    "Labels of this image were begun before. Go on where they were left, tiles and all, or choose "
    "a new layer to begin anew; both are kept."
)
_LOOKING = (
    "Looking for labels of this image that were begun before … Press again to begin anew without "
    "waiting."
)


class StartRow(QWidget):
    """Begins nothing anew before it is known what was begun before, unless one insists."""

    #: It is to begin now.
    pressed = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.button, self.hint, self.caution = QPushButton("Start labelling"), QLabel(), QLabel()
        self.button.setToolTip("Make a ground-truth layer aligned to raw and go to the first tile")
        self.caution.setAccessibleName("What to know of these labels")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for label in (self.caution, self.hint):
            label.setWordWrap(True)
            column.addWidget(label)
        column.addWidget(self.button)
        self._looking = self._waiting = False
        self._goes_on, self._hint, self._said = "", "", ""
        self.button.clicked.connect(self._on_clicked)

    def look(self) -> None:
        """Wait from now on for what was begun before."""
        self._looking, self._waiting = True, False

    def found(self, anything: bool) -> None:
        """Wait no more; begin if that was asked for meanwhile, and nothing was begun before."""
        waiting = self._waiting and not anything
        self._looking = self._waiting = False
        self._tell()
        if waiting:
            self.pressed.emit()

    def say(self, text: str = "") -> None:
        """Say what has happened, until something is chosen or Start is pressed."""
        self._said = text
        self._tell()

    def show_state(
        self, trouble: str, hint: str, cautions: Iterable[str], goes_on: str = ""
    ) -> None:
        """Say what there is to say.

        Parameters
        ----------
        trouble : str
            What is in the way; empty where nothing is.
        hint : str
            What the choices mean.
        cautions : iterable of str
            What one should know; empty ones are left out.
        goes_on : str
            ``labels`` where a layer is gone on with, ``sitting`` where what was begun is taken up;
            empty where all begins anew.
        """
        said = [f"⚠ {c}" for c in cautions if c]
        self.caution.setText("\n".join(said))
        self.caution.setVisible(bool(said))
        self._goes_on = goes_on
        self._hint = f"✖ {trouble}" if trouble else _GOING_ON if goes_on == "sitting" else hint
        self.button.setText("Go on labelling" if goes_on == "sitting" else "Start labelling")
        self.button.setAccessibleName(self.button.text())
        self.button.setEnabled(not trouble)
        self._tell()

    def _tell(self) -> None:
        lasting = _LOOKING if self._waiting else self._hint
        self.hint.setText(f"{self._said}\n{lasting}" if self._said else lasting)

    def _on_clicked(self) -> None:
        self.say()
        if self._looking and not self._waiting and not self._goes_on:
            self._waiting = True
            self._tell()
        else:
            self.pressed.emit()
