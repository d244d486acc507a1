"""A napari window in which somebody paints until it is killed: run by `test_killed.py`.

Prints a line when it is ready, and one after every stroke: its label, when it was made, and a
checksum of all labels.
"""

from __future__ import annotations

import time
import zlib

import napari
import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_verdict.widgets.label.dock import LabelWidget

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def image() -> np.ndarray:
    """What is painted on."""
    return np.random.default_rng(0).random((256, 256)).astype(np.float32)


def main() -> None:
    viewer = napari.Viewer()
    viewer.add_image(image(), name="raw")
    dock = LabelWidget(viewer)
    viewer.window.add_dock_widget(dock)
    QTest.qWait(500)
    dock.setup.start.click()
    while dock.state.bench is None:
        QTest.qWait(50)
    QTest.qWait(300)
    paint(viewer, dock.state.bench.truth)


def paint(viewer: napari.Viewer, layer: napari.layers.Labels) -> None:
    """Drag the brush from place to place, each stroke with a label of its own."""
    window = viewer.window._qt_window
    canvas = viewer.window._qt_viewer.canvas.native
    middle = canvas.mapTo(window, canvas.rect().center())
    rng, handle = np.random.default_rng(1), window.windowHandle()
    layer.brush_size = 4
    print("ready", flush=True)
    for label in range(1, 60_000):
        layer.selected_label = label
        way = [middle + QPoint(*map(int, p)) for p in rng.integers(-120, 120, (3, 2))]
        QTest.mousePress(handle, LEFT, NONE, way[0])
        for place in way[1:]:
            QTest.mouseMove(handle, place)
            QTest.qWait(10)
        QTest.mouseRelease(handle, LEFT, NONE, way[-1])
        QTest.qWait(10)
        print(label, time.time(), zlib.crc32(layer.data), flush=True)


if __name__ == "__main__":
    main()
