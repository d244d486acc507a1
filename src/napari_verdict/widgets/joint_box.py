"""What several predictions have in common: check boxes for mean, spread and one less another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QWidget
from superqt.utils import signals_blocked

from napari_verdict.comparison.result import Progress
from napari_verdict.viewer.joint import ALL, BETWEEN, MEAN, SPREAD, joint_drawing, joint_keys, pair
from napari_verdict.viewer.palette import MAPS
from napari_verdict.viewer.result_layers import draw, find, key_of, result_layers
from napari_verdict.widgets.job import Job
from napari_verdict.widgets.planes import PlaneWorker
from napari_verdict.widgets.session import session_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.engine.cancel import CancelToken


class JointBox(QWidget):
    """Shows maps of several predictions; hidden for other results.

    Parameters
    ----------
    viewer : napari viewer
        Where they are shown.
    """

    #: A map could not be made: `Refused` or `Failed`.
    failed = Signal(object)

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer, self._result, self._candidate = viewer, None, ""
        self._wanted: set[tuple[str, str]] = set()
        self._job, self._planes = Job(self), PlaneWorker(viewer, self)
        self._job.done.connect(self._on_prepared)
        self._planes.failed.connect(self.failed)
        self.mean, self.spread = _box("mean", MEAN), _box("spread", SPREAD)
        self.minus = _box("minus", BETWEEN)
        self.other = QComboBox()
        self.other.setAccessibleName("Prediction that is subtracted")
        self.other.setToolTip("Which prediction is subtracted from the one that is looked at")
        self.other.setMinimumContentsLength(8)
        self.other.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for k, widget in enumerate((QLabel("Of all"), self.mean, self.spread)):
            layout.addWidget(widget, 0, k)
        layout.addWidget(self.minus, 1, 0)
        layout.addWidget(self.other, 1, 1, 1, 3)
        layout.setColumnStretch(3, 1)
        self.mean.toggled.connect(lambda on: self._show((ALL, MEAN), on))
        self.spread.toggled.connect(lambda on: self._show((ALL, SPREAD), on))
        self.minus.toggled.connect(lambda on: self._show(self._pair, on))
        self.other.activated.connect(self._on_other)
        self.hide()

    @property
    def _pair(self) -> tuple[str, str]:
        return pair(self._candidate, self.other.currentText()), BETWEEN

    def show_result(self, result: Any, candidate: str) -> None:
        """Offer what a result has of several predictions, and tick what is to be seen."""
        names = list(getattr(result, "conditions", ()))  # of evidence alone
        keys = joint_keys(result) if names else set()
        others = [n for n in names if n != candidate]
        self.setVisible(bool(keys) and candidate in names)
        if others != [self.other.itemText(i) for i in range(self.other.count())]:
            before = self.other.currentText()
            self.other.clear()
            self.other.addItems(others)
            self.other.setCurrentIndex(max(0, self.other.findText(before)))
        self._candidate = candidate
        if result is not self._result:
            self._result = result
            self._job.cancel()
            # those there are, with the new result
            self._wanted = {k for x in result_layers(self._viewer) if (k := key_of(x)) in keys}
            self._prepare()
        self._tick()

    def stop(self) -> None:
        """Stop what is computed."""
        self._job.cancel()
        self._planes.stop()

    def _tick(self, event: Any = None) -> None:
        for box, key in ((self.mean, (ALL, MEAN)), (self.spread, (ALL, SPREAD)),
                         (self.minus, self._pair)):  # fmt: skip
            layer = find(self._viewer, *key)
            with signals_blocked(box):
                box.setChecked(key in self._wanted or (layer is not None and layer.visible))

    def _show(self, key: tuple[str, str], on: bool) -> None:
        layer = find(self._viewer, *key)
        self._wanted = self._wanted - {key}
        if layer is not None:
            layer.visible = on
            if on:
                self._to_top(layer)
        elif on:
            self._wanted |= {key}
            self._prepare()

    def _on_other(self) -> None:
        """Subtract another one, where a difference is shown."""
        if not self.minus.isChecked():
            return
        for layer in result_layers(self._viewer):
            key = key_of(layer)
            if key is not None and key[1] == BETWEEN:
                layer.visible = False
        self._show(self._pair, True)

    def _prepare(self) -> None:
        result, wanted = self._result, sorted(self._wanted)
        if not wanted:
            return

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            drawings = []
            for k, key in enumerate(wanted):
                token.check()
                yield Progress(k, len(wanted), "layers")
                drawings.append(joint_drawing(result, key))
            return drawings

        self._job.start(steps, "Bringing predictions together")

    def _on_prepared(self, outcome: Any) -> None:
        if not isinstance(outcome, list):
            self._wanted = set()
            self._tick()
            self.failed.emit(outcome)
            return
        roles = session_of(self._viewer).roles
        for drawing in outcome:
            key = drawing.candidate, drawing.name
            if key not in self._wanted:
                continue
            known = find(self._viewer, *key)
            layer = draw(self._viewer, roles.ground_truth, drawing)
            self._planes.serve(drawing.data)
            if known is None:
                layer.events.visible.connect(self._tick)
                self._to_top(layer)
        self._wanted = set()
        self._tick()

    def _to_top(self, layer: Any) -> None:
        layers = self._viewer.layers
        if layers.index(layer) != len(layers) - 1:
            layers.move(layers.index(layer), -1)
        layers.selection.active = layer


def _box(text: str, name: str) -> QCheckBox:
    box = QCheckBox(text)
    box.setAccessibleName({MEAN: "mean", SPREAD: "spread"}.get(name, "minus another prediction"))
    box.setToolTip(MAPS[name].meaning)
    return box
