"""The intensity curve, and the labels whose objects are drawn in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_verdict.viewer.freshness import Freshness
from napari_verdict.viewer.layers import is_result, pixels_of
from napari_verdict.viewer.snapshot import lies_on
from napari_verdict.widgets.job import Failed, Job, Refused
from napari_verdict.widgets.plots.intensity import GainCurve

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from napari_verdict.comparison.restoration.object_intensity import ObjectIntensities
    from napari_verdict.comparison.result import Progress
    from napari_verdict.engine.cancel import CancelToken

_UNIT = "of its range"
#: Milliseconds that painting has to rest before objects are measured again.
PAUSE = 400


class IntensityBox(QWidget):
    """Shows the curves of a restoration, and the objects of a layer of labels that is chosen."""

    #: `ObjectIntensities`, and the row of the object that was clicked.
    chosen = Signal(object, int)
    gives = "object"  # what `chosen` names

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer, self._candidate = viewer, ""
        self._result: Any = None
        self._like: Any = None  # the ground-truth layer
        #: Of the result and the labels that are chosen; empty until they are known.
        self.objects: Mapping[str, ObjectIntensities] = {}
        self._asked: tuple[Any, Any] = (None, None)
        self.curve = GainCurve(viewer)
        self.curve.chosen.connect(self._on_chosen)
        self.labels = QComboBox()
        self.labels.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.labels.setAccessibleName("Objects")
        self.labels.setToolTip(
            "Labels that lie on the ground truth: the mean intensity of each object is drawn as "
            "a point"
        )
        self.labels.currentIndexChanged.connect(self._measure)
        self.said = QLabel()
        self.said.setWordWrap(True)
        form = QFormLayout()
        form.addRow("Objects", self.labels)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addWidget(self.curve)
        layout.addWidget(self.said)
        self._job = Job(self)
        self._job.done.connect(self._on_done)
        self._freshness = Freshness()
        self._freshness.changed.connect(self._on_painted)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(PAUSE)
        self._later.timeout.connect(self._measure_again)
        viewer.layers.events.inserted.connect(self._offer)
        viewer.layers.events.removed.connect(self._offer)

    def stop(self) -> None:
        """Let go of the viewer, and stop measuring."""
        self._job.cancel()
        self._later.stop()
        self._freshness.stop()
        self._viewer.layers.events.inserted.disconnect(self._offer)
        self._viewer.layers.events.removed.disconnect(self._offer)

    def show_result(self, result: Any, candidate: str, roles: Any = None) -> None:
        """Draw the curves of a restoration; the spread and the objects are those of a candidate."""
        self._result, self._candidate = result, candidate
        self._like = None if roles is None else roles.ground_truth
        self._offer()
        self._measure()

    def _offer(self, _: Any = None) -> None:
        """Offer the layers of labels that have the pixels of what was compared."""
        if self._result is None:
            return
        truth = self._result.comparison.ground_truth
        layers = [
            x
            for x in self._viewer.layers
            if isinstance(x, Labels) and not is_result(x) and lies_on(x, truth, self._like)
        ]
        before = self.labels.currentData()
        with signals_blocked(self.labels):
            self.labels.clear()
            self.labels.addItem("none" if layers else "no labels of these pixels", None)
            for layer in layers:
                self.labels.addItem(layer.name, layer)
            self.labels.setCurrentIndex(layers.index(before) + 1 if before in layers else 0)
        self.labels.setEnabled(bool(layers))
        if self.labels.currentData() is not before:
            self._measure()

    def _measure(self, _: Any = None) -> None:
        """Measure the objects, unless they are known."""
        result, layer = self._result, self.labels.currentData()
        if self._asked == (result, layer):
            self._draw()
            return
        self._asked, self.objects = (result, layer), {}
        self._job.cancel()
        self._later.stop()
        self._freshness.stop()
        self._draw()
        if layer is None:
            return
        labels = pixels_of(layer)

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            from napari_verdict.comparison.restoration.object_intensity import object_intensities

            # what lies in a file may be larger than memory; painting does not reach a copy
            own = labels.copy() if isinstance(labels, np.ndarray) else labels
            return layer, own, (yield from object_intensities(result, own, token=token))

        self.said.setText("Measuring the objects…")
        self._job.start(steps, "Measuring intensities of objects")

    def _measure_again(self) -> None:
        self._asked = (None, None)
        self._measure()

    def _on_painted(self, stale: bool) -> None:
        """Say that the labels are others by now, and measure them when painting rests."""
        if stale:
            self.said.setText(f"⚠ Out of date: {self.labels.currentText()} was changed.")
            self._later.start()

    def _on_done(self, outcome: Any) -> None:
        if isinstance(outcome, tuple):
            layer, labels, self.objects = outcome
            self._draw()
            self._freshness.watch([(layer, labels)])
        elif isinstance(outcome, Refused | Failed):
            self.said.setText("The objects could not be measured. Choose other labels.")

    def _draw(self) -> None:
        if self._result is None:
            return
        found = self.objects.get(self._candidate)
        points = (np.empty(0), np.empty(0))
        if found is not None:
            points = found.shares[:, 0], found.shares[:, 1]
        self.curve.show_curves(self._result.intensity, self._candidate, _UNIT, points)
        self.said.setText("" if found is None else _agreement_of(found))

    def _on_chosen(self, row: int) -> None:
        self.chosen.emit(self.objects[self._candidate], row)


def _agreement_of(found: ObjectIntensities) -> str:
    """Say how the intensities of objects agree."""
    a = found.agreement
    reasons = [score.reason for score in found.scores("") if score.metric == "object_bias"]
    if reasons[0]:
        return f"{found.candidate}: nothing can be said of objects, {reasons[0]}."
    r = f"r = {a.pearson:.3f}" if a.pearson == a.pearson else "all of the same intensity"
    return (
        f"{found.candidate}, {a.n:,} objects: {r}, bias {a.bias:+.3g}, nineteen of "
        f"twenty between {a.low:+.3g} and {a.high:+.3g} (limits of agreement, image units, on its "
        "own line)."
    )
