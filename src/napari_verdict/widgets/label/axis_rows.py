"""What the axes of an image mean: the one that has no name, and channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QComboBox
from superqt.utils import signals_blocked

from napari_verdict.comparison.axes import CHOICES, UNKNOWN, axes_from_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_TIP = (
    "Stains of one field show the same objects, so they share their labels. If each channel is an "
    "image of its own, so are its labels and its tiles"
)
_DECIDED = "The labels that you chose decide it: they have {} axis of channels"


#: What is said where channels that share labels are not the first axis of an image that is open.
INSIDE = (
    "The axis of channels lies between others, and one label image for all of them takes channels "
    "first. Choose labels of its own for each channel, or split the channels and label one."
)


class AxisRow(QComboBox):
    """Asks what the unnamed axis means."""

    #: Whether there is one.
    asks = False

    def offer(self, axes: Sequence[str]) -> None:
        """Ask for the name of an axis of these, if it has none."""
        self.asks = UNKNOWN in axes
        if self.asks or self.count():
            with signals_blocked(self):
                self.clear()
                self.addItem("choose…", None)
                for letter, meaning in CHOICES.items():
                    if letter not in axes:
                        self.addItem(meaning, letter)

    def axes_of(self, raw: Any | None) -> str:
        """Return the axes of an image; ``?`` where one has yet to be named."""
        if raw is None:
            return ""
        axes, named = axes_from_labels(tuple(raw.axis_labels)), self.currentData()
        return axes.replace(UNKNOWN, named, 1) if named and UNKNOWN in axes else axes


class ChannelRow(QComboBox):
    """Asks whether channels share one label image, or each has labels of its own.

    It is asked only where nothing else tells.
    """

    def __init__(self) -> None:
        super().__init__()
        self.addItem("one label image for all", True)
        self.addItem("each has labels of its own", False)
        self.setToolTip(_TIP)

    @property
    def shared(self) -> bool:
        """Whether all channels share one label image."""
        return bool(self.currentData())

    def labelled(self, axes: str) -> str:
        """Return the axes of the labels of an image."""
        return axes.replace("c", "") if self.shared else axes

    def forms(self, axes: str) -> tuple[str, ...]:
        """Return the axes that labels of an image may have, with its channels and without."""
        return (axes.replace("c", ""), axes) if axes.startswith("c") else (axes,)

    def decide(self, axes: str, shape: tuple[int, ...], labels: Iterable[tuple[int, ...]]) -> None:
        """Take what labels that are there tell by their shapes; ask where they tell nothing.

        Parameters
        ----------
        axes : str
            Of the image.
        shape : tuple of int
            Of the image.
        labels : iterable of tuple of int
            Shapes of labels and predictions, what counts most first.
        """
        k = axes.find("c")
        fits = {shape: False, shape[:k] + shape[k + 1 :]: True} if k >= 0 else {}
        self.take(next((fits[tuple(s)] for s in labels if tuple(s) in fits), None))

    def take(self, shared: bool | None) -> None:
        """Let it be decided, or ask for it (None)."""
        if shared is not None:
            self.setCurrentIndex(self.findData(shared))
        self.setEnabled(shared is None)
        self.setToolTip(_TIP if shared is None else _DECIDED.format("no" if shared else "an"))
