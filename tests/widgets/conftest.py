"""A real viewer with the Validate dock, driven as a person would."""

from __future__ import annotations

import threading
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
        with self.qtbot.waitSignal(self.dock.presenter.drawn, timeout=120_000):
            self.click(self.dock.validate)
        return self.dock.presenter.result

    def refused(self) -> str:
        """Press Validate and wait for the refusal; return what it says."""
        with self.qtbot.waitSignal(self.dock.job.done, timeout=120_000):
            self.click(self.dock.validate)
        return self.said

    def choose_task(self, title: str) -> None:
        combo = self.dock.panel.task
        combo.setCurrentIndex(combo.findText(title) if title else 0)
        combo.activated.emit(combo.currentIndex())

    def add(self, cells: Any, **kwargs: Any) -> None:
        """Open raw, prediction and ground truth, named."""
        gt, pred = cells
        axes = {"axis_labels": ("t", "y", "x")[-gt.ndim :], **kwargs}
        self.viewer.add_image((gt > 0).astype(np.float32), name="raw", **axes)
        self.viewer.add_labels(pred, name="unet", **axes)
        self.viewer.add_labels(gt, name="gt", **axes)

    def inspect(self) -> Any:
        """Open the Inspect dock and wait until it is seen."""
        from napari_verdict.widgets.docks import open_inspect

        widget = open_inspect(self.viewer)
        self.qtbot.waitUntil(widget.isVisible)
        return widget

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


@pytest.fixture
def cells():
    """Over two frames: one matched, one missed, one split in two, one extra."""
    gt = np.zeros((2, 80, 80), np.uint16)
    gt[0, 4:14, 4:14], gt[0, 40:52, 40:52], gt[1, 20:30, 10:30] = 1, 2, 3
    pred = np.zeros_like(gt)
    pred[0, 4:14, 4:13] = 7
    pred[1, 20:30, 10:19], pred[1, 20:30, 21:30], pred[1, 60:66, 60:66] = 8, 9, 11
    return gt, pred


@pytest.fixture
def checksums_wait(monkeypatch):
    """Return an event: until it is set, the pixels of what is judged are not known."""
    from napari_verdict.report import identity

    ready, checksum = threading.Event(), identity.checksum

    def later(*args):
        assert ready.wait(20)
        return checksum(*args)

    monkeypatch.setattr(identity, "checksum", later)
    yield ready
    ready.set()


@pytest.fixture
def inspect(desk, cells):
    desk.add(cells)
    desk.validate()
    return desk.inspect()
