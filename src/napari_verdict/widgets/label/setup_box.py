"""What is labelled, and which tiles of it: asked once, before the first tile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_verdict.comparison.axes import CHOICES, UNKNOWN, axes_from_labels
from napari_verdict.viewer.layers import (
    comparable,
    guess_roles,
    is_called_prediction,
    kind_of,
    pixels_of,
)
from napari_verdict.viewer.truth import shape_of
from napari_verdict.widgets.label.asked import DRAWS, Asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_verdict.widgets.label.opening import Sitting

_LAYER = Qt.ItemDataRole.UserRole
_CHECKED, _UNCHECKED = Qt.CheckState.Checked, Qt.CheckState.Unchecked

_GOING_ON = (
    "Labels of this image were begun before. Go on where they were left, tiles and all, or choose "
    "a new layer to begin anew; both are kept."
)


class SetupBox(QWidget):
    """Chooses layers and tiles; says what stands in the way."""

    #: Start was pressed: `Asked`.
    asked = Signal(object)
    #: Another image was chosen, or its axes were named.
    changed = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.raw, self.axis, self.truth = QComboBox(), QComboBox(), QComboBox()
        self.predictions = QListWidget()
        self.size, self.depth, self.number = QSpinBox(), QSpinBox(), QSpinBox()
        self.draw, self.confidence = QComboBox(), QComboBox()
        self.seed, self.annotator = QSpinBox(), QLineEdit()
        self.start = QPushButton("Start labelling")
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        self._fill_form()
        for spin, low, high, value, suffix in (
            (self.size, 16, 4096, 128, " px"),
            (self.depth, 1, 512, 1, " planes"),
            (self.number, 1, 999, 8, ""),
            (self.seed, 0, 999_999, 1, ""),
        ):
            spin.setRange(low, high)
            spin.setValue(value)
            spin.setSuffix(suffix)
        self.depth.setSpecialValueText("1 plane")
        for key, (title, tip) in DRAWS.items():
            self.draw.addItem(title, key)
            self.draw.setItemData(self.draw.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.start.setToolTip("Make a ground-truth layer aligned to raw and go to the first tile")
        self.start.setAccessibleName("Start labelling")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._form)
        column.addWidget(self.hint)
        column.addWidget(self.start)
        self.raw.activated.connect(self._on_raw)
        self.axis.activated.connect(self._on_axis)
        self.truth.activated.connect(self._on_truth)
        self.draw.activated.connect(self._update)
        self.confidence.activated.connect(self._update)
        self.predictions.itemChanged.connect(self._update)
        self.start.clicked.connect(self._on_start)
        self._layers: list[Any] = []
        self._sittings: tuple[Sitting, ...] = ()
        self._sized: Any = None

    def _fill_form(self) -> None:
        for label, control, tip in (
            ("Raw", self.raw, "The image that is labelled"),
            ("First axis", self.axis, "What the unnamed axis of the image means: over time each "
             "frame is an image of its own, in depth objects reach over planes"),
            ("Predictions", self.predictions, "What is scored while you label. They are hidden "
             "until you switch correcting on. May be none"),
            ("Labels", self.truth, "A new layer aligned to raw, or labels to go on with"),
            ("Tile size", self.size, "Side of a tile: a few objects wide"),
            ("Tile depth", self.depth, "One plane labels objects of planes; several label in 3D"),
            ("Tiles", self.number, "How many to begin with; more can be drawn later"),
            ("Drawn", self.draw, "How tiles are chosen decides what the score stands for"),
            ("Confidence", self.confidence, "An image of probabilities of foreground: 0 to 1"),
            ("Seed", self.seed, "The same seed draws the same tiles"),
            ("Annotator", self.annotator, "Who labels, for the record; may be left empty"),
        ):  # fmt: skip
            control.setToolTip(tip)
            control.setAccessibleName("Axis" if label == "First axis" else label)
            if isinstance(control, QComboBox):
                control.setMinimumContentsLength(12)
                control.setSizeAdjustPolicy(
                    QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
                )
            self._form.addRow(label, control)

    # ---- what is offered

    def show_layers(self, layers: Iterable[Any]) -> None:
        """Offer these layers; what was chosen stays where it is still there."""
        self._layers = comparable(layers)
        images = [x for x in self._layers if kind_of(x) == "image"]
        labels = [x for x in self._layers if kind_of(x) == "labels"]
        guess = guess_roles(self._layers)
        raw, known = self.raw.currentData(), self._known()
        truth = self.truth.currentData()
        fallback = guess.raw or next(iter(images), None)
        _fill(self.raw, None, images, raw if raw in images else fallback)
        _fill(self.confidence, None, images, self.confidence.currentData())
        _fill(self.truth, "a new layer", labels, truth)
        self._add_sittings(truth)
        with signals_blocked(self.predictions):
            self.predictions.clear()
            for layer in labels:
                if layer is truth:
                    continue
                checked = known.get(id(layer), is_called_prediction(layer))
                item = QListWidgetItem(layer.name)
                item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable
                              | Qt.ItemFlag.ItemIsSelectable)  # fmt: skip
                item.setCheckState(_CHECKED if checked else _UNCHECKED)
                item.setData(_LAYER, layer)
                item.setToolTip(layer.name)
                self.predictions.addItem(item)
        rows = min(max(self.predictions.count(), 1), 4)
        height = max(self.predictions.sizeHintForRow(0), self.fontMetrics().height())
        self.predictions.setFixedHeight(rows * height + 8)
        if self.raw.currentData() is not self._sized:
            self._on_raw()
        self._update()

    def offer(self, sittings: tuple[Sitting, ...]) -> None:
        """Offer to go on with labels that were begun before; the newest is chosen."""
        self._sittings = sittings
        chosen = self.truth.currentData()
        layers = [x for x in self._layers if kind_of(x) == "labels"]
        _fill(self.truth, "a new layer", layers, chosen)
        self._add_sittings(chosen if chosen in layers else next(iter(sittings), None))
        self._update()

    def _add_sittings(self, chosen: Any) -> None:
        for k, sitting in enumerate(self._sittings, start=1):
            self.truth.insertItem(k, sitting.title, sitting)
            self.truth.setItemData(k, str(sitting.folder), Qt.ItemDataRole.ToolTipRole)
            if sitting is chosen:
                self.truth.setCurrentIndex(k)

    @property
    def axes(self) -> str:
        """The axes of the labels; ``?`` where one has yet to be named."""
        raw = self.raw.currentData()
        if raw is None:
            return ""
        axes = axes_from_labels(tuple(raw.axis_labels))
        named = self.axis.currentData()
        return axes.replace(UNKNOWN, named, 1) if named and UNKNOWN in axes else axes

    def value(self) -> Asked | None:
        """Return what is asked for; None while something stands in the way."""
        raw = self.raw.currentData()
        if raw is None or self._trouble():
            return None
        return Asked(
            raw,
            self.axes,
            self._chosen(),
            self.truth.currentData(),
            self.draw.currentData(),
            self.confidence.currentData() if self.draw.currentData() == "low confidence" else None,
            self.size.value(),
            self.depth.value() if "z" in self.axes else 1,
            self.number.value(),
            self.seed.value(),
            self.annotator.text().strip(),
        )

    def _chosen(self) -> tuple[Any, ...]:
        items = [self.predictions.item(i) for i in range(self.predictions.count())]
        return tuple(i.data(_LAYER) for i in items if i.checkState() == _CHECKED)

    def _known(self) -> dict[int, bool]:
        items = [self.predictions.item(i) for i in range(self.predictions.count())]
        return {id(i.data(_LAYER)): i.checkState() == _CHECKED for i in items}

    def _trouble(self) -> str:
        """Say what stands in the way; "" where nothing does."""
        raw = self.raw.currentData()
        if raw is None:
            return "Open the image to label."
        axes = self.axes
        if UNKNOWN in axes:
            return "Say what the first axis of the image is."
        if axes[-2:] != "yx":
            return "Tiles need an image whose last two axes are y and x. Reorder its axes."
        shape, truth = shape_of(raw), self.truth.currentData()
        if truth is not None and truth not in self._sittings:
            if not isinstance(truth.data, np.ndarray):
                return f"“{truth.name}” is not in memory, so it cannot be painted on. Load it."
            if truth.data.shape != shape:
                return (
                    f"“{truth.name}” is {_times(truth.data.shape)} pixels, “{raw.name}” is "
                    f"{_times(shape)}: these are labels of another image."
                )
        draw, chosen = self.draw.currentData(), self._chosen()
        for layer in chosen:
            if tuple(pixels_of(layer).shape) != shape:
                return (
                    f"“{layer.name}” is {_times(pixels_of(layer).shape)} pixels, “{raw.name}” is "
                    f"{_times(shape)}: it cannot be scored on these tiles. Untick it."
                )
        if draw == "density" and not chosen:
            return "Density is that of predicted objects. Tick a prediction, or draw at random."
        if draw == "disagreement" and len(chosen) < 2:
            return "Disagreement takes two predictions. Tick another, or draw at random."
        confidence = self.confidence.currentData()
        if draw == "low confidence" and tuple(pixels_of(confidence).shape) != shape:
            return f"Confidence must be an image of the shape of “{raw.name}”."
        return ""

    # ---- what happens

    def _on_raw(self) -> None:
        raw = self.raw.currentData()
        self._sized, self._sittings = raw, ()
        if raw is not None:
            shape = shape_of(raw)
            side = min(shape[-2:])
            self.size.setValue(int(min(256, max(64, side // 4))))
            axes = axes_from_labels(tuple(raw.axis_labels))
            with signals_blocked(self.axis):
                self.axis.clear()
                self.axis.addItem("choose…", None)
                for letter, meaning in CHOICES.items():
                    if letter not in axes:
                        self.axis.addItem(meaning, letter)
            self._form.setRowVisible(self.axis, UNKNOWN in axes)
        self._update()
        self.changed.emit()

    def _on_axis(self) -> None:
        self._update()
        self.changed.emit()

    def _on_truth(self) -> None:
        self.show_layers(self._layers)

    def _on_start(self) -> None:
        asked = self.value()
        if asked is not None:
            self.asked.emit(asked)
        self._update()

    def _update(self, *_: Any) -> None:
        trouble, draw = self._trouble(), self.draw.currentData()
        begun = self.truth.currentData() if self.truth.currentData() in self._sittings else None
        drawn = begun is None and draw != "hand"
        for control, wanted in (
            (self.draw, begun is None),
            (self.size, begun is None),
            (self.depth, begun is None and "z" in self.axes),
            (self.confidence, begun is None and draw == "low confidence"),
            (self.number, drawn),
            (self.seed, drawn),
            (self.annotator, begun is None),
        ):
            self._form.setRowVisible(control, wanted)
        hint = DRAWS[draw][1] + "." if begun is None else _GOING_ON
        self.hint.setText(f"✖ {trouble}" if trouble else hint)
        self.start.setText("Start labelling" if begun is None else "Go on labelling")
        self.start.setAccessibleName(self.start.text())
        self.start.setEnabled(self.raw.currentData() is not None and not trouble)


def _fill(combo: QComboBox, nothing: str | None, layers: Sequence[Any], chosen: Any) -> None:
    combo.clear()
    if nothing is not None:
        combo.addItem(nothing, None)
    for layer in layers:
        combo.addItem(layer.name, layer)
    index = next((i for i in range(combo.count()) if combo.itemData(i) is chosen), 0)
    combo.setCurrentIndex(index)


def _times(shape: Any) -> str:
    return " × ".join(map(str, shape))
