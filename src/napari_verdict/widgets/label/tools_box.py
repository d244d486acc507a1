"""The buttons of what is done to tiles and objects, and the keys that do the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QPushButton, QWidget

from napari_verdict.widgets.keys import hint, keys_of

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Edits of objects: what is written on the button, and what it does.
EDITS = {
    "new object": ("New object", "The brush takes the next label that no object has"),
    "accept": ("Accept", "Take over the predicted object under the mouse (while correcting)"),
    "delete": ("Delete", "Delete the object under the mouse"),
    "merge": ("Merge", "Give the object under the mouse the label of the selected one"),
    "split": ("Split", "Drag a line across an object, or click once in each of two parts"),
    "fill holes": ("Fill holes", "Fill the holes of the selected object"),
    "smooth": ("Smooth", "Smooth the outline of the selected object, of the same size"),
    "interpolate": ("Interpolate", "Fill the planes between those in which it is drawn"),
    "mark ambiguous": (
        "Ambiguous",
        "Nobody can tell: leave the object under the mouse out of scores",
    ),
    "threshold": ("Propose objects", "Threshold and watershed, to be corrected by hand"),
}
#: What becomes of the tile in hand.
STEPS = {
    "previous tile": ("Previous", "Go to the tile before"),
    "next tile": ("Next", "Go to the next tile without finishing this one"),
    "skip tile": ("Skip…", "Leave this tile out, for a reason"),
    "finish tile": ("Finish tile", "All objects of this tile are labelled: go to the next one"),
}


class ToolsBox(QWidget):
    """A grid of buttons; each has a key, which works from canvas and dock alike.

    Parameters
    ----------
    viewer : napari viewer
        Whose shortcuts.
    tools : dict of str to (str, str)
        `EDITS` or `STEPS`.
    columns : int
        Buttons in a row.
    """

    #: A tool was asked for by its name; True where the mouse is over its object.
    asked = Signal(str, bool)
    #: The key of a tool was pressed that is off: why, a sentence.
    refused = Signal(str)

    def __init__(self, viewer: Any, tools: dict[str, tuple[str, str]], columns: int) -> None:
        super().__init__()
        self._keys = keys_of(viewer)
        self._ready, self._off = False, dict[str, str]()
        self._tips = {name: f"{does} {hint(name)}" for name, (_, does) in tools.items()}
        self.buttons: dict[str, QPushButton] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        self._answers = [_Answer(self, name) for name in tools]
        for k, (name, (title, _)) in enumerate(tools.items()):
            button = self.buttons[name] = QPushButton(title)
            button.setAccessibleName(title)
            button.setToolTip(self._tips[name])
            button.clicked.connect(self._answers[k].click)
            grid.addWidget(button, k // columns, k % columns)
            self._keys.add(name, self._answers[k].press)

    def set_ready(self, ready: bool) -> None:
        """Offer all tools that are not off, or none."""
        self._ready = ready
        for name, button in self.buttons.items():
            button.setEnabled(self.is_ready(name))

    def set_off(self, reasons: Mapping[str, str]) -> None:
        """Offer no longer the tools that are named, and say why in their tooltips; all others."""
        self._off = {name: why for name, why in reasons.items() if name in self.buttons}
        for name, button in self.buttons.items():
            button.setToolTip(self._off.get(name, self._tips[name]))
        self.set_ready(self._ready)

    def is_ready(self, name: str) -> bool:
        """Whether a tool is offered."""
        return self._ready and name not in self._off

    def refuse(self, name: str) -> bool:
        """Say why a tool is off whose key was pressed; return whether there is anything to say."""
        if not self._ready or name not in self._off:
            return False
        self.refused.emit(self._off[name])
        return True

    def stop(self) -> None:
        """Answer to no key any more."""
        for answer in self._answers:
            self._keys.remove(answer)


class _Answer:
    """Answers to one key and one button."""

    def __init__(self, box: ToolsBox, name: str) -> None:
        self._box, self._name = box, name

    def press(self, pressed: bool) -> bool:
        if not pressed:
            return False
        if not self._box.is_ready(self._name):
            return self._box.refuse(self._name)
        self._box.asked.emit(self._name, True)
        return True

    def click(self) -> None:
        self._box.asked.emit(self._name, False)
