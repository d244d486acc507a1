"""Which image of several is on the desk; choosing another brings that one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox

if TYPE_CHECKING:
    from collections.abc import Sequence


class ImageRow(QComboBox):
    """Names of images; hidden where there is but one."""

    #: A person chose another image: its name.
    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Image")
        self.setToolTip(
            "Brings any of the images to the desk, to look at it or to add a tile by hand there"
        )
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumContentsLength(12)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._here = ""
        self.activated.connect(self._on_activated)
        self.offer(())

    def offer(self, names: Sequence[str]) -> None:
        """Offer these images."""
        self.clear()
        self.addItems(list(names))
        self.setVisible(len(names) > 1)

    def show_image(self, name: str) -> None:
        """Show which one is on the desk."""
        self._here = name
        self.setCurrentIndex(self.findText(name))

    def wheelEvent(self, event: Any) -> None:
        """Scroll the dock, not through images, unless they were clicked."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _on_activated(self) -> None:
        if self.currentText() != self._here:
            self.chosen.emit(self.currentText())
