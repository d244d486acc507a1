"""napari is killed while somebody labels; nothing but the last moment is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from napari_verdict.report.resuming import resume

pytestmark = pytest.mark.gui

SCRIPT = """
import time
import napari, numpy as np
from qtpy.QtWidgets import QApplication
from napari_verdict.widgets.label.dock import LabelWidget

def let_it_work(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.002)

viewer = napari.Viewer()
viewer.add_image(np.random.default_rng(0).random((256, 256)), name="raw")
dock = LabelWidget(viewer)
viewer.window.add_dock_widget(dock)
let_it_work(0.5)
dock.setup.start.click()
while dock.state.bench is None:
    let_it_work(0.05)
layer = dock.state.bench.truth
layer.brush_size = 4
places = np.random.default_rng(1).integers(0, 256, (1000, 2))
for label, place in enumerate(places, start=1):
    layer.paint(tuple(place), label)
    print(label, time.time(), flush=True)
    let_it_work(0.02)
"""


def test_at_most_two_seconds_are_lost_and_tiles_are_known(tmp_path):
    environment = os.environ | {"HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True, env=environment
    ) as napari:
        painted = {}
        for line in napari.stdout:
            label, at = line.split()
            painted[int(label)] = float(at)
            if int(label) == 40:
                break
        napari.kill()
    ended = time.time()
    kept = resume(tmp_path / "napari-verdict" / "raw.labels" / "anyone")
    lost = [at for label, at in painted.items() if label not in kept.origins.objects]
    assert not kept.trouble
    assert len(lost) < len(painted)
    assert all(ended - at < 2 for at in lost)
    assert any("plan" in note for note in kept.notes)
