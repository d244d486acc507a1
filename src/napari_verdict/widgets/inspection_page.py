"""Raw and prediction without ground truth: no score, but things to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QComboBox, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.restoration.inspection import (
    ASK,
    CHECK_LIST,
    STATEMENT,
    TAKE_EVERY_FIELD_TWICE,
    WAYS_OUT,
)
from napari_verdict.comparison.result import Progress
from napari_verdict.viewer.flip import Flip
from napari_verdict.viewer.result_layers import draw, raw_difference
from napari_verdict.viewer.snapshot import snapshot
from napari_verdict.widgets.job import Job, Refused
from napari_verdict.widgets.keys import KEYS
from napari_verdict.widgets.planes import PlaneWorker

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.viewer.layers import Roles


class InspectionPage(QWidget):
    """Flip, signed difference, a check list and the way out.

    Parameters
    ----------
    viewer : napari viewer
        Where layers are flipped and the difference is added.
    report : callable
        Called with a `Refused` or `Failed` where the difference cannot be made.
    """

    def __init__(self, viewer: Any, report: Callable[[Any], None], parent: Any = None) -> None:
        super().__init__(parent)
        self._viewer, self._report = viewer, report
        self._roles: Any = None
        self._asked: Any = None
        self._flip = Flip(viewer)
        self._job = Job(self)
        self._job.done.connect(self._on_done)
        self._planes = PlaneWorker(viewer, self)
        self._planes.failed.connect(report)
        self.prediction = QComboBox()
        self.prediction.setAccessibleName("Prediction that is inspected")
        self.prediction.setToolTip("Which prediction is flipped with raw")
        self.prediction.activated.connect(self._choose)
        self.flip = QPushButton(f"Flip raw / prediction  (hold {KEYS['hold raw']})")
        self.flip.setToolTip("Show raw instead of the prediction, and back, at the same place")
        self.flip.setAccessibleName("Flip raw and prediction")
        self.flip.clicked.connect(self._flip.toggle)
        self.difference = QPushButton("Show signed difference")
        self.difference.setToolTip("The prediction, fitted to raw by gain and offset, minus raw")
        self.difference.setAccessibleName("Show signed difference")
        self.difference.clicked.connect(self._subtract)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(_words(STATEMENT, bold=True))
        layout.addWidget(_words(ASK))
        for widget in (self.prediction, self.flip, self.difference):
            layout.addWidget(widget)
        layout.addWidget(_words("Planning an experiment?", bold=True))
        layout.addWidget(_words(TAKE_EVERY_FIELD_TWICE))
        layout.addWidget(_words("What to look at", bold=True))
        for item in CHECK_LIST:
            layout.addWidget(_words(f"•  {item}"))
        layout.addWidget(_words("The way to a validation", bold=True))
        for item in WAYS_OUT:
            layout.addWidget(_words(f"•  {item}"))
        layout.addStretch(1)

    def show_roles(self, roles: Roles) -> None:
        """Inspect these layers: raw and predictions."""
        if self._roles == roles:
            return
        self._roles = roles
        self.prediction.clear()
        for layer in roles.predictions:
            self.prediction.addItem(layer.name, layer)
        self.prediction.setVisible(len(roles.predictions) > 1)
        self._choose()

    def hideEvent(self, event: Any) -> None:
        """Show what a flip has hidden, once there is something else to look at."""
        super().hideEvent(event)
        self._flip.end()

    def stop(self) -> None:
        """Stop what is computed, and show what a flip has hidden."""
        self._flip.end()
        self._job.cancel()
        self._planes.stop()

    def _choose(self, *_: Any) -> None:
        self._flip.set_layers(self._roles.raw, self.prediction.currentData())

    def _subtract(self) -> None:
        raw, prediction = self._roles.raw, self.prediction.currentData()
        try:
            one, other = snapshot(prediction, like=raw), snapshot(raw, like=raw)
        except ComparisonError as error:
            self._report(Refused(tuple(error.findings)))
            return
        self._asked = raw

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            from napari_verdict.comparison.restoration.inspection import fitted_difference

            yield Progress(0, 1, "difference")
            return raw_difference(fitted_difference(one, other, token).difference, one.name, other)

        self._job.start(steps, "Subtracting raw")

    def _on_done(self, outcome: Any) -> None:
        if hasattr(outcome, "candidate"):
            draw(self._viewer, self._asked, outcome)
            self._planes.serve(outcome.data)
        else:
            self._report(outcome)


def _words(text: str, bold: bool = False) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    if bold:
        font = label.font()
        font.setBold(True)
        label.setFont(font)
    return label
