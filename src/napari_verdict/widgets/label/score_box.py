"""What finished tiles say: a score, how sure it is, and how many more tiles it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QRectF, QSize, Qt, Signal
from qtpy.QtGui import QPainter, QPalette
from qtpy.QtWidgets import QComboBox, QLabel, QSizePolicy, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_verdict.annotation.scoring import Estimated


#: What intervals may count, from three images on.
UNITS = {
    "tile": ("these images", "All tiles that were not drawn are what is not known: the interval is "
             "for the images that tiles were drawn from"),
    "image": ("images like them", "Other images are what is not known: all tiles of an image are "
              "one unit, and the interval is for images like these"),
}  # fmt: skip
LEAST_IMAGES = 3


class ScoreBox(QWidget):
    """A sentence and a bar for every prediction, and for every condition."""

    #: The interval is to count tiles or images: ``tile`` or ``image``.
    unit_chosen = Signal(str)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.hint.setAccessibleName("Why there is no score")
        self.unit = QComboBox()
        self.unit.setAccessibleName("Interval for")
        for key, (title, tip) in UNITS.items():
            self.unit.addItem(f"Interval for {title}", key)
            self.unit.setItemData(self.unit.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.unit.setToolTip("\n".join(f"{title}: {tip}" for title, tip in UNITS.values()))
        self.unit.activated.connect(self._on_unit)
        self.unit.setVisible(False)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self.hint)
        self._column.addWidget(self.unit)
        self.lines: dict[str, tuple[QLabel, IntervalBar]] = {}

    def show_estimates(
        self, estimates: Mapping[str, Estimated] | None, hint: str = "", images: int = 1
    ) -> None:
        """Show what finished tiles say; `hint` where they say nothing yet.

        Parameters
        ----------
        estimates : mapping of str to Estimated, optional
            By prediction.
        hint : str
            Why there is no score.
        images : int
            How many images tiles were drawn from.
        """
        estimates = estimates or {}
        self.unit.setVisible(bool(estimates) and images >= LEAST_IMAGES)
        lines = {n: e for name, one in estimates.items() for n, e in _with_conditions(name, one)}
        if tuple(lines) != tuple(self.lines):
            self._rebuild(lines)
        for name, one in lines.items():
            label, bar = self.lines[name]
            text = f"{name}: {one.sentence}"
            if one.cut:
                text += (
                    f" {one.cut} objects reach beyond the margin: draw larger tiles to compare "
                    "them whole."
                )
            label.setText(text)
            label.setToolTip(_convention(one))
            bar.show_interval(one.first.value, one.first.ci_low, one.first.ci_high)
            bar.setToolTip(_convention(one))
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint) and not estimates)

    def _on_unit(self) -> None:
        self.unit_chosen.emit(self.unit.currentData())

    def _rebuild(self, estimates: Mapping[str, Estimated]) -> None:
        for label, bar in self.lines.values():
            for widget in (label, bar):
                widget.hide()
                widget.deleteLater()
        self.lines = {}
        for name in estimates:
            label, bar = QLabel(), IntervalBar()
            label.setWordWrap(True)
            label.setAccessibleName(f"Score of {name}")
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
            bar.setAccessibleName(f"Interval of {name}")
            self._column.addWidget(label)
            self._column.addWidget(bar)
            self.lines[name] = (label, bar)


class IntervalBar(QWidget):
    """A line from 0 to 1 with an interval on it, and a stroke where the value is."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.interval: tuple[float, float | None, float | None] = (float("nan"), None, None)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Ask for the height of a line of text."""
        return QSize(100, self.fontMetrics().height())

    def show_interval(self, value: float, low: float | None, high: float | None) -> None:
        """Draw these; without ends only the value, and nothing for NaN."""
        self.interval = (value, low, high)
        self.update()

    def paintEvent(self, event: Any) -> None:
        """Draw in the colours of the theme."""
        value, low, high = self.interval
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = self.palette().color(QPalette.ColorRole.WindowText)
        width, height = self.width() - 2.0, float(self.height())
        middle = height / 2
        painter.setPen(text)
        painter.drawLine(1, int(middle), int(width) + 1, int(middle))
        for end in (0.0, 0.5, 1.0):
            painter.fillRect(QRectF(end * (width - 1) + 1, middle - 3, 1, 6), text)
        if low is not None and high is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.palette().color(QPalette.ColorRole.Highlight))
            left = low * (width - 1) + 1
            painter.drawRoundedRect(
                QRectF(left, middle - 4, max(2.0, (high - low) * (width - 1)), 8), 3, 3
            )
        if value == value:  # not NaN
            painter.fillRect(QRectF(value * (width - 3) + 1, 1, 3, height - 2), text)


def _with_conditions(name: str, one: Estimated) -> list[tuple[str, Estimated]]:
    return [(name, one), *((f"{name}, {c}", e) for c, e in one.conditions.items())]


def _convention(one: Estimated) -> str:
    rows = [f"{row.metric}: {_number(row)}" for row in one.rows]
    return "\n".join([*rows, *one.first.convention.split("; ")])


def _number(row: Any) -> str:
    if row.value != row.value:
        return f"– ({row.reason})"
    if row.ci_low is None or row.ci_high is None:
        return f"{row.value:.3g}"
    return f"{row.value:.3f} ({row.ci_low:.3f} to {row.ci_high:.3f})"
