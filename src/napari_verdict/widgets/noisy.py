"""Ground truth for restoration: a noisy image from a clean one, and the check of a pair."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QSize, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.result import Progress
from napari_verdict.viewer.inquiries import EXPOSURE
from napari_verdict.viewer.layers import comparable, kind_of
from napari_verdict.viewer.snapshot import snapshot
from napari_verdict.widgets.docks import Dock
from napari_verdict.widgets.job import Job, words_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from napari_verdict.comparison.model import Input
    from napari_verdict.engine.cancel import CancelToken

_WORKING = "Working…"
#: What is asked for: id, label, smallest, largest, what it is at first, and what it means.
_NUMBERS = (
    ("photons", "Photon budget", 0.1, 1e6, 20.0, "Photo-electrons where the image is bright"),
    ("blur", "Blur", 0.0, 50.0, 0.0, "Standard deviation in pixels along y and x, if the model is "
     "to undo blur as well; 0 leaves it out"),
    ("background", "Background", 0.0, 1e5, 1.0, "Photo-electrons everywhere, such as of haze"),
    ("gain", "Gain", 0.001, 1e4, 2.2, "Grey values per photo-electron"),
    ("offset", "Offset", 0.0, 6e4, 100.0, "Grey value without light"),
    ("read_noise", "Read noise", 0.0, 1e3, 1.6, "Standard deviation without light, in electrons"),
)  # fmt: skip


class NoisyWidget(Dock):
    """Makes a noisy test image, and checks a pair that was acquired.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        Whose images are offered, and where new ones are shown.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self._asked: Any = None  # what a noisy image is made from; None while a pair is checked
        self.making, self.pair = _Making(), _Pair()
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setAccessibleName("Message")
        self.job = Job(self)
        content = QWidget()
        column = QVBoxLayout(content)
        for widget in (self.making, self.pair, self.said):
            column.addWidget(widget)
        column.addStretch(1)
        self._scroll(content)
        self.making.make.clicked.connect(self.make)
        self.making.save.clicked.connect(self._ask_file)
        self.pair.check.clicked.connect(self.check)
        self.pair.cropped.connect(self._add_cropped)
        self.job.done.connect(self._on_done)
        self.job.busy.connect(self._on_busy)
        events = napari_viewer.layers.events
        self._events = (events.inserted, events.removed, events.renamed)
        for event in self._events:
            event.connect(self.reset_choices)
        self.reset_choices()

    def sizeHint(self) -> QSize:
        """Ask for the width in which nothing is cut off."""
        return QSize(380, 600)

    def reset_choices(self, event: Any = None) -> None:
        """Offer the images there are; napari calls it."""
        images = [
            x
            for x in comparable(self._viewer.layers)
            if kind_of(x) == "image" and not getattr(x, "rgb", False)
        ]
        for combo in (self.making.clean, self.pair.noisy, self.pair.clean):
            _fill(combo, images)
        if self.making.made not in self._viewer.layers:
            self.making.made = None
        self.making.update_enabled()
        self.pair.check.setEnabled(len(images) > 1)

    def make(self) -> None:
        """Make a noisy image of the chosen clean one, in a worker, and show it as a layer."""
        layer, numbers = self.making.clean.currentData(), self.making.numbers()
        clean = self._frozen(layer)
        if clean is None:
            return

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            from napari_verdict.annotation.noisy import Exposure, levels_of, make_noisy

            yield Progress(0, 1, "looking at the clean image")
            blur = numbers.pop("blur")
            try:
                black, white = levels_of(clean)
                exposure = Exposure(black=black, white=white, blur=(0.0, blur, blur), **numbers)
            except ValueError as error:
                found = Finding("no-exposure", Severity.ERROR, str(error))
                raise ComparisonError([found]) from error
            return exposure, (yield from make_noisy(clean, exposure, token=token))

        self._asked = layer
        self.job.start(steps, "Making a noisy image")

    def check(self) -> None:
        """Check, in a worker, whether two images show the same place."""
        layers = self.pair.noisy.currentData(), self.pair.clean.currentData()
        noisy, clean = (self._frozen(x) for x in layers)
        if noisy is None or clean is None:
            return

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            from napari_verdict.annotation.pairs import check_pair

            yield Progress(0, 1, "registering")
            found = check_pair(noisy, clean)
            parts = found.noisy, found.clean
            return found, [(p, np.asarray(p.data), x) for p, x in zip(parts, layers, strict=True)]

        self._asked = None
        self.job.start(steps, "Checking a pair")

    def save(self, path: Path) -> None:
        """Write the noisy image as OME-TIFF, and beside it how it was made as JSON."""
        layer = self.making.made
        frozen = None if layer is None else self._frozen(layer)
        if frozen is None:
            return
        record = layer.metadata[EXPOSURE]

        def steps(token: CancelToken) -> Generator[Progress, None, Path]:
            from napari_verdict.report.ome import write_ome_tiff
            from napari_verdict.report.writing import write_whole

            yield Progress(0, 1, "saving")
            text = json.dumps(record, indent=1) + "\n"
            write_whole(path, lambda p: write_ome_tiff(p, frozen.data, like=frozen, token=token))
            write_whole(path.with_suffix(".json"), lambda p: p.write_text(text, "utf-8"))
            return path

        self.job.start(steps, "Saving a noisy image")

    def _frozen(self, layer: Any) -> Input | None:
        if layer is None:
            return None
        try:
            return _named(snapshot(layer))
        except ComparisonError as error:
            self.said.setText(" ".join(f.message for f in error.findings))
            return None

    def _on_done(self, outcome: Any) -> None:
        if isinstance(outcome, Path):
            self.said.setText(f"Saved as {outcome}, with how it was made beside it.")
        elif isinstance(outcome, tuple) and self._asked is not None:
            exposure, noisy = outcome
            layer = self._add(noisy, noisy.data, self._asked)
            layer.metadata[EXPOSURE] = {"made_from": self._asked.name} | exposure.record()
            self.making.made = layer
            self.said.setText(
                f"“{layer.name}” is there. Run the model on it, and validate what comes out "
                f"against “{self._asked.name}”. How it was made is kept with it and saved "
                "beside it."
            )
        elif isinstance(outcome, tuple):
            self.pair.show_check(*outcome)
        else:
            self.said.setText(words_of(outcome))
        self.making.update_enabled()

    def _add_cropped(self, parts: Any) -> None:
        for one, pixels, layer in parts:
            self._add(one, pixels, layer, f"{layer.name} (common region)")

    def _add(self, one: Input, pixels: Any, like: Any, name: str = "") -> Any:
        return self._viewer.add_image(
            pixels,
            name=name or one.name,
            scale=one.scale,
            translate=one.translate,
            units=like.units,
            axis_labels=like.axis_labels,
        )

    def _ask_file(self) -> None:
        name = f"{self.making.made.name}.ome.tif"
        path, _ = QFileDialog.getSaveFileName(self, "Save the noisy image", name, "*.ome.tif")
        if path:
            self.save(Path(path))

    def _on_busy(self, busy: bool) -> None:
        self.making.setEnabled(not busy)
        self.pair.setEnabled(not busy)
        if busy:
            self.said.setText(_WORKING)
        elif self.said.text() == _WORKING:
            self.said.setText("")

    def stop(self) -> None:
        """Cancel work and let go of the viewer."""
        super().stop()
        self.job.cancel()
        for event in self._events:
            event.disconnect(self.reset_choices)


class _Making(QGroupBox):
    """What the noisy image is made from, and with which numbers."""

    def __init__(self) -> None:
        super().__init__("Noisy test image from a clean one")
        self.clean, self.seed = QComboBox(), QSpinBox()
        self.made: Any = None
        form = QFormLayout(self)
        _add_row(form, "Clean image", self.clean, "An image of high quality: the ground truth")
        self.spins: dict[str, QDoubleSpinBox] = {}
        for key, label, low, high, value, tip in _NUMBERS:
            spin = self.spins[key] = QDoubleSpinBox()
            spin.setDecimals(3 if key == "gain" else 2)
            spin.setRange(low, high)
            spin.setValue(value)
            _add_row(form, label, spin, tip)
        self.seed.setRange(0, 999_999)
        _add_row(form, "Seed", self.seed, "The same seed gives the same noise")
        self.make = QPushButton("Make noisy image")
        self.make.setToolTip("Blur, photons, background, gain, offset and read noise, all recorded")
        self.save = QPushButton("Save noisy image…")
        self.save.setToolTip("Write it as OME-TIFF, and how it was made beside it as JSON")
        for button in (self.make, self.save):
            button.setAccessibleName(button.text())
            form.addRow(button)

    def numbers(self) -> dict[str, Any]:
        """Return what was asked for."""
        return {k: s.value() for k, s in self.spins.items()} | {"seed": self.seed.value()}

    def update_enabled(self) -> None:
        """Offer what can be done now."""
        self.make.setEnabled(self.clean.currentData() is not None)
        self.save.setEnabled(self.made is not None)


class _Pair(QGroupBox):
    """Two images of one field, and what is known of them."""

    #: The common region is wanted: (Input, pixels, layer it is of) of noisy and clean.
    cropped = Signal(object)

    def __init__(self) -> None:
        super().__init__("Pair that was acquired")
        self.noisy, self.clean, self.sentence = QComboBox(), QComboBox(), QLabel()
        self._parts: Any = None
        form = QFormLayout(self)
        _add_row(form, "Noisy", self.noisy, "The image that the model restores")
        _add_row(form, "Clean", self.clean, "The image that it is compared with")
        self.check = QPushButton("Check the pair")
        self.check.setToolTip("Measure the shift between the two, and find the region both cover")
        self.use = QPushButton("Add the common region")
        self.use.setToolTip("Both images cropped to what they share, as new layers")
        self.sentence.setWordWrap(True)
        self.sentence.setAccessibleName("What is known of the pair")
        for widget in (self.check, self.sentence, self.use):
            form.addRow(widget)
        for button in (self.check, self.use):
            button.setAccessibleName(button.text())
        self.use.setVisible(False)
        self.use.clicked.connect(lambda: self.cropped.emit(self._parts))

    def show_check(self, found: Any, parts: Any) -> None:
        """Say what was found, and offer the region where there is one."""
        self._parts = parts
        self.sentence.setText(found.sentence)
        self.use.setVisible(found.usable)


def _named(image: Input) -> Input:
    """Name axes that have no name; every plane is exposed by itself, so it matters little how."""
    free = iter([a for a in "ztc" if a not in image.axes])
    axes = "".join(next(free, "?") if a == "?" else a for a in image.axes)
    if "?" not in axes:
        return replace(image, axes=axes)
    message = (
        f"“{image.name}” has {len(axes)} axes, more than channels, time, z, y and x. Choose one "
        "image of it, with Split Stack in the layer list's menu."
    )
    raise ComparisonError([Finding("too-many-axes", Severity.ERROR, message)])


def _add_row(form: QFormLayout, label: str, control: QWidget, tip: str) -> None:
    control.setToolTip(tip)
    control.setAccessibleName(label)
    form.addRow(label, control)


def _fill(combo: QComboBox, layers: Iterable[Any]) -> None:
    layers, chosen = list(layers), combo.currentData()
    combo.clear()
    for layer in layers:
        combo.addItem(layer.name, layer)
    if chosen in layers:
        combo.setCurrentIndex(layers.index(chosen))
