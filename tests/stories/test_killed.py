"""napari is killed while somebody labels; nothing but the last moment is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from labelled import write_folder
from napari_verdict.report.labelling_set import take_up_set
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

FOLDER = """
import sys, time
import napari
from qtpy.QtWidgets import QApplication
from napari_verdict.widgets.label.dock import LabelWidget

def let_it_work(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.002)

viewer = napari.Viewer()
dock = LabelWidget(viewer)
viewer.window.add_dock_widget(dock)
setup = dock.setup
setup.over.setCurrentIndex(1)
setup.over.activated.emit(1)
setup.set.folder.field.setText(sys.argv[1])
while setup.set.images is None:
    let_it_work(0.05)
setup.tiles.size.setValue(32)
setup.start.click()
while dock.work is None:
    let_it_work(0.05)
label = 0
while True:
    for _ in range(6):
        label += 1
        tile, layer = dock.state.tile, dock.state.bench.truth
        layer.paint((tile.box[2] + 3 * (label % 9), tile.box[4] + 9), label)
        print(label, tile.image, time.time(), flush=True)
        let_it_work(0.02)
    k = (dock.state.current + 1) % len(dock.state.plan.tiles)
    dock.desk.go(k)
    while dock.state.current != k or dock.work is None:
        let_it_work(0.01)
"""


def test_over_a_folder_every_image_keeps_its_labels(tmp_path):
    write_folder(tmp_path)
    environment = os.environ | {"HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", FOLDER, str(tmp_path / "images")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as napari:
        painted, newest = {}, {}
        for line in napari.stdout:
            label, image, at = line.split()
            # a label may be painted over by a later one of the same tile
            newest[image] = int(label)
            painted[int(label)] = image, float(at)
            if int(label) == 33:
                break
        napari.kill()
    ended = time.time()
    assert len({image for image, _ in painted.values()}) > 1
    for image, label in newest.items():
        kept = resume(tmp_path / "images" / f"{image}.labels" / "anyone")
        assert not kept.trouble
        assert label in kept.origins.objects or ended - painted[label][1] < 2
    (folder,) = (tmp_path / "images" / "images.labels").iterdir()
    notes = take_up_set(folder).notes
    assert any("plan" in note for note in notes)
    assert {n["image"] for n in notes if "image" in n} == set(newest)


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
