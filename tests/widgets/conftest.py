"""A real viewer with the Validate dock, driven as a person would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt


@dataclass
class Desk:
    """A viewer, its dock, and hands."""

    viewer: Any
    dock: Any
    qtbot: Any

    def click(self, button: Any) -> None:
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def validate(self) -> Any:
        """Press Validate and wait until all is drawn."""
        with self.qtbot.waitSignal(self.dock.presenter.drawn, timeout=20_000):
            self.click(self.dock.validate)
        return self.dock.presenter.result

    def refused(self) -> str:
        """Press Validate and wait for the refusal; return what it says."""
        with self.qtbot.waitSignal(self.dock.job.done, timeout=20_000):
            self.click(self.dock.validate)
        return self.said

    def choose_task(self, title: str) -> None:
        combo = self.dock.panel.task
        combo.setCurrentIndex(combo.findText(title) if title else 0)
        combo.activated.emit(combo.currentIndex())

    @property
    def said(self) -> str:
        return " ".join(f.message for f in self.dock.panel.findings.findings)

    @property
    def codes(self) -> set[str]:
        return {f.code for f in self.dock.panel.findings.findings}

    @property
    def results(self) -> list[str]:
        from napari_verdict.viewer.result_layers import result_layers

        return [layer.name for layer in result_layers(self.viewer)]

    def cell(self, row: int, column: int) -> str:
        model = self.dock.results.table.model()
        return str(model.data(model.index(row, column)))


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    from napari_verdict.widgets.validate import ValidateWidget

    viewer = make_napari_viewer()
    dock = ValidateWidget(viewer)
    viewer.window.add_dock_widget(dock, name="Validate", area="right")
    viewer.window._qt_window.show()
    return Desk(viewer, dock, qtbot)


@pytest.fixture
def squares():
    """Ground truth with two squares; a prediction that finds one and adds one."""
    gt = np.zeros((40, 40), np.uint16)
    gt[4:14, 4:14], gt[20:32, 20:32] = 1, 2
    pred = np.zeros_like(gt)
    pred[4:14, 4:13], pred[20:26, 4:10] = 7, 9
    return gt, pred


@pytest.fixture
def triplet(rng):
    gt = rng.random((48, 56)) * 100
    noise = rng.normal(0, 20, gt.shape)
    return gt, gt + noise, gt + noise / 4  # ground truth, raw, prediction
