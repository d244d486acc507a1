"""What is labelled, and which tiles of it: asked once, before the first tile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QVBoxLayout,
    QWidget,
)

from napari_verdict.comparison.axes import UNKNOWN, axes_from_labels
from napari_verdict.viewer.layers import comparable, guess_roles, kind_of
from napari_verdict.viewer.truth import shape_of
from napari_verdict.widgets.label.asked import DRAWS, Asked
from napari_verdict.widgets.label.axis_rows import INSIDE, AxisRow, ChannelRow
from napari_verdict.widgets.label.cautions import caution_of
from napari_verdict.widgets.label.draw_rows import DrawRows, fill
from napari_verdict.widgets.label.obstacles import (
    drawn_elsewhere,
    obstacle_of_draw,
    obstacle_of_layers,
)
from napari_verdict.widgets.label.prediction_list import PredictionList
from napari_verdict.widgets.label.set_box import ONE, OVER, SetBox
from napari_verdict.widgets.label.start_row import StartRow
from napari_verdict.widgets.label.truth_row import TruthRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from napari_verdict.widgets.label.opening import Sitting


class SetupBox(QWidget):
    """Chooses layers and tiles; says what stands in the way."""

    #: Start was pressed: `Asked`.
    asked = Signal(object)
    #: Another image was chosen, or its axes were named.
    changed = Signal()
    #: Other predictions are ticked.
    predicted = Signal()
    #: Other labels are to be gone on with, or predictions that they may come from.
    given = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.over, self.raw, self.axis = QComboBox(), QComboBox(), AxisRow()
        self.channels, self.truth = ChannelRow(), TruthRow()
        self.predictions, self.set = PredictionList(), SetBox()
        for key, title in OVER.items():
            self.over.addItem(title, key)
        self._begin = StartRow()
        self.start, self.hint = self._begin.button, self._begin.hint
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        self.tiles = DrawRows(self._form, self)
        self._fill_form()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._form)
        column.addWidget(self._begin)
        self.over.activated.connect(self._on_over)
        self.set.changed.connect(self._on_set)
        self.raw.activated.connect(self._on_raw)
        self.axis.activated.connect(self._on_axis)
        self.channels.activated.connect(self._on_channels)
        self.truth.activated.connect(self._on_truth)
        self.tiles.changed.connect(self._update)
        self.predictions.itemChanged.connect(self._on_predictions)
        self._begin.pressed.connect(self._on_start)
        for row in (self.over, self.raw, self.axis, self.channels, self.truth):
            row.activated.connect(lambda _: self._begin.say())
        self._layers: list[Any] = []
        self._sized: Any = None
        #: Which objects of the labels to go on with are just those of a prediction.
        self._predicted: Mapping[int, str] = {}

    def _fill_form(self) -> None:
        for label, control, tip in (
            ("Label over", self.over, "Tiles are drawn over all that is chosen here"),
            ("", self.set, ""),
            ("Raw", self.raw, "The image that is labelled"),
            ("First axis", self.axis, "What the unnamed axis of the image means: over time each "
             "frame is an image of its own, in depth objects reach over planes"),
            ("Channels", self.channels, self.channels.toolTip()),
            ("Predictions", self.predictions, "What is scored while you label. They are hidden "
             "until you switch correcting on. May be none"),
            ("Labels", self.truth, "A new layer aligned to raw, or labels to go on with"),
            *self.tiles.rows(),
        ):  # fmt: skip
            control.setToolTip(tip)
            if label:
                control.setAccessibleName("Axis" if label == "First axis" else label)
            if isinstance(control, QComboBox):
                control.setMinimumContentsLength(12)
                control.setSizeAdjustPolicy(
                    QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
                )
            if label:
                self._form.addRow(label, control)
            else:
                self._form.addRow(control)

    # ---- what is offered

    def show_layers(self, layers: Iterable[Any]) -> None:
        """Offer these layers; what was chosen stays where it is still there."""
        self._layers = comparable(layers)
        images = [x for x in self._layers if kind_of(x) == "image"]
        labels = [x for x in self._layers if kind_of(x) == "labels"]
        guess = guess_roles(self._layers)
        raw, before = self.raw.currentData(), self.chosen()
        fallback = guess.raw or next(iter(images), None)
        fill(self.raw, None, images, raw if raw in images else fallback)
        self._offer_maps()
        self.truth.show_layers(labels if self.is_one else ())
        self.set.show_layers(self._layers)
        self.predictions.show_layers(x for x in labels if x is not self.truth.layer)
        if self.is_one and self.raw.currentData() is not self._sized:
            self._on_raw()
        elif self.chosen() != before:
            self.predicted.emit()
            self._on_given()
        self._update()

    def say(self, text: str) -> None:
        """Say what has happened, beside what is in the way."""
        self._begin.say(text)

    def wait_for_offer(self) -> None:
        """Begin nothing anew before it is known what was begun before, unless one insists."""
        self._begin.look()

    def offer(self, sittings: tuple[Sitting, ...]) -> None:
        """Offer to go on with labels that were begun before; the newest is chosen."""
        self.truth.offer(sittings)
        self._update()
        self._begin.found(bool(sittings))

    @property
    def is_one(self) -> bool:
        """Whether one image is labelled, and not several."""
        return bool(self.over.currentData() == ONE)

    @property
    def axes(self) -> str:
        """The axes of the labels; ``?`` where one has yet to be named."""
        if self.truth.sitting is not None:
            return self.truth.sitting.axes
        return self.channels.labelled(self._image_axes) if self.is_one else self._image_axes

    @property
    def forms(self) -> tuple[str, ...]:
        """Axes that labels of the one image may have: without those of channels, and with them."""
        return self.channels.forms(self._image_axes)

    @property
    def _image_axes(self) -> str:
        """Those of the one image; of several those of their labels."""
        if self.is_one:
            return self.axis.axes_of(self.raw.currentData())
        return "" if self.set.images is None else self.set.images.axes

    def value(self) -> Asked | None:
        """Return what is asked for; None while something stands in the way."""
        if self._trouble():
            return None
        tiles, draw, one = self.tiles, self.tiles.draw.currentData(), self.is_one
        return Asked(
            self.raw.currentData() if one else None,
            self.axes,
            self.chosen() if one else (),
            self.truth.currentData(),
            draw,
            tiles.confidence.currentData() if draw == "low confidence" else None,
            tiles.size.value(),
            tiles.depth.value() if "z" in self.axes else 1,
            tiles.number.value(),
            tiles.seed.value(),
            tiles.annotator.text().strip(),
            tiles.strata,
            None if one else self.set.of_axes(self.axes),
        )

    def chosen(self) -> tuple[Any, ...]:
        """Return the predictions that are ticked."""
        return self.predictions.chosen()

    def tell_predicted(self, predicted: Mapping[int, str]) -> None:
        """Say which objects of the labels to go on with are just those of a prediction."""
        self._predicted = predicted
        self._update()

    @property
    def is_ready(self) -> bool:
        """Whether nothing stands in the way."""
        return not self._trouble()

    def _trouble(self) -> str:
        """Say what stands in the way; "" where nothing does."""
        raw = self.raw.currentData()
        if not self.is_one and self.set.trouble:
            return self.set.trouble
        if self.is_one and raw is None:
            return "Open the image to label."
        if UNKNOWN in self.axes:
            return "Say what the first axis of the image is."
        if "c" in self._image_axes[1:] and "c" not in self.axes:
            return INSIDE
        if self.axes[-2:] != "yx":
            return "Tiles need an image whose last two axes are y and x. Reorder its axes."
        draw = self.tiles.draw.currentData()
        chosen, confidence = self.chosen(), self.tiles.confidence.currentData()
        if not self.is_one and self.set.images is not None:
            n, maps = len(self.set.images.predictions), self.set.images.has_maps
            return obstacle_of_draw(draw, n, maps, self.set.kind)
        return obstacle_of_layers(
            raw,
            self.axes,
            self.truth.layer,
            chosen,
            confidence if draw == "low confidence" else None,
        ) or obstacle_of_draw(draw, len(chosen), confidence is not None, ONE)

    # ---- what happens

    def _on_over(self) -> None:
        self.truth.offer(())
        self.set.show_kind(self.over.currentData())
        self.show_layers(self._layers)
        if self.is_one:
            self._on_raw()

    def _on_set(self) -> None:
        images = self.set.images
        self.truth.offer(())
        self.axis.offer(() if images is None else images.axes)
        if images is not None and images.pictures:
            sizes = [p.tiled for p in images.pictures]
            there = {a: max(t.size(a) for t in sizes) for a in "tcz"}
            there |= {"condition": len(images.conditions), "image": len(sizes)}
            self.tiles.offer_strata(there)
            self.tiles.begin_anew(images.pictures[0].shape)
        self._update()
        self.changed.emit()

    def _on_raw(self) -> None:
        raw = self.raw.currentData()
        self._sized = raw
        self.truth.offer(())
        if raw is not None:
            self.tiles.begin_anew(shape_of(raw))
            self._offer_maps()
            self.axis.offer(axes_from_labels(tuple(raw.axis_labels)))
        self._update()
        self.changed.emit()

    def _offer_maps(self) -> None:
        raw = self.raw.currentData()
        self.tiles.offer_maps([x for x in self._layers if kind_of(x) == "image" and x is not raw])

    def _on_axis(self) -> None:
        if not self.is_one and self.axis.currentData():
            self.set.name_axis(self.axis.currentData())
            return
        self._update()
        self.changed.emit()

    def _on_truth(self) -> None:
        self.show_layers(self._layers)
        self._on_given()

    def _on_given(self) -> None:
        self._predicted = {}
        self.given.emit()

    def _on_channels(self) -> None:
        if not self.is_one:
            self.set.share(self.channels.shared)
            return
        self._update()
        self.changed.emit()

    def _on_predictions(self, *_: Any) -> None:
        self._on_given()
        self._update()
        self.predicted.emit()

    def _on_start(self) -> None:
        asked = self.value()
        if asked is not None:
            self.asked.emit(asked)
        self._update()

    def _offer_channels(self) -> None:
        """Ask whether channels share their labels, where no labels tell."""
        raw, sitting = self.raw.currentData(), self.truth.sitting
        if sitting is not None:
            self.channels.take("c" not in sitting.axes)
        elif not self.is_one:
            self.channels.take(self.set.decided)
        elif raw is not None:
            there = [x for x in (self.truth.layer, *self.chosen()) if x is not None]
            self.channels.decide(self._image_axes, shape_of(raw), map(shape_of, there))

    def enterEvent(self, event: Any) -> None:
        """Say what is in the way now: layers may have been moved, or named, since."""
        self._update()
        super().enterEvent(event)

    def _update(self, *_: Any) -> None:
        one, raw = self.is_one, self.raw.currentData()
        self._offer_channels()
        if one and raw is not None and UNKNOWN not in self.axes:
            there = dict(zip(self.axes, shape_of(raw, self.axes), strict=True))
            self.tiles.offer_strata(there)
        trouble, draw = self._trouble(), self.tiles.draw.currentData()
        begun, given = self.truth.sitting, self.truth.layer
        cautions = [] if given is None else [caution_of(given, self._predicted)]
        cautions += [drawn_elsewhere(raw, self.axes, self.chosen())] if one and not trouble else []
        for control, wanted in (
            (self.set, not one),
            (self.raw, one),
            (self.predictions, one),
            (self.axis, self.axis.asks),
            (self.truth, one or self.truth.has_begun),
            (self.channels, "c" in self._image_axes or (not one and self.set.has_channels)),
        ):
            self._form.setRowVisible(control, wanted)
        self.tiles.show(begun is not None, self.axes, one)
        self.set.ask_for_maps(draw == "low confidence" and begun is None)
        goes_on = "sitting" if begun is not None else "labels" if given is not None else ""
        self._begin.show_state(trouble, f"{DRAWS[draw][1]}.", cautions, goes_on)
