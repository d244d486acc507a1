"""napari is killed while somebody labels; nothing but the last moment is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from labelled import write_folder
from napari_verdict.report.labelling_set import take_up_set
from napari_verdict.report.resuming import resume
from napari_verdict.widgets.label.dock import LabelWidget
from stories.painting import image

if TYPE_CHECKING:
    from stories.person import Person

pytestmark = pytest.mark.gui
PAINTING = Path(__file__).with_name("painting.py")
#: How many windows are killed, and the longest that they are painted in.
KILLS, LIFE = 5, 3.0
LOST_SECONDS = 2.0

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


@dataclass(frozen=True)
class Killed:
    """A window that was killed: what was painted in it until then, by label."""

    home: Path
    painted: dict[int, tuple[float, int]]
    ended: float

    @property
    def folder(self) -> Path:
        return self.home / "napari-verdict" / "raw.labels" / "anyone"


def kill_windows(folder: Path, n: int, seed: int) -> list[Killed]:
    """Let n windows be painted in at the same time, and kill each at a random moment."""
    rng = np.random.default_rng(seed)
    processes = []
    for k in range(n):
        home = folder / f"{k:02d}"
        home.mkdir()
        processes.append((home, subprocess.Popen(
            [sys.executable, str(PAINTING)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env=os.environ | {"HOME": str(home)},
        )))  # fmt: skip
    return [_killed(home, process, rng.uniform(0, LIFE)) for home, process in processes]


def _killed(home: Path, process: subprocess.Popen[str], life: float) -> Killed:
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(life)
        process.kill()
        ended = time.time()
        lines = [line.split() for line in process.stdout if line.endswith("\n")]
    return Killed(home, {int(k): (float(at), int(crc)) for k, at, crc in lines}, ended)


def lost_seconds(window: Killed) -> float:
    """Return how long before its end the first stroke that is lost was made; 0 without any.

    All others are there, pixel by pixel.
    """
    kept = resume(window.folder)
    assert not kept.trouble
    assert any("plan" in note for note in kept.notes)
    newest = max(kept.origins.objects, default=0)
    assert set(kept.origins.objects) == set(range(1, newest + 1))
    if newest in window.painted:
        assert zlib.crc32(kept.labels) == window.painted[newest][1]
    return max(
        (window.ended - at for k, (at, _) in window.painted.items() if k > newest), default=0
    )


@pytest.fixture(scope="module")
def windows(tmp_path_factory: Any) -> list[Killed]:
    return kill_windows(tmp_path_factory.mktemp("killed"), KILLS, 5)


def test_windows_killed_at_random_moments_lose_at_most_two_seconds(windows: list[Killed]) -> None:
    assert max(map(lost_seconds, windows)) <= LOST_SECONDS
    assert sum(len(w.painted) for w in windows) > 2 * KILLS  # they were painted in


def test_the_next_start_offers_to_go_on_and_nothing_is_missing(
    person: Person, windows: list[Killed], monkeypatch: Any
) -> None:
    window = max(windows, key=lambda w: len(w.painted))
    monkeypatch.setenv("HOME", str(window.home))
    person.viewer.add_image(image(), name="raw")
    dock = LabelWidget(person.viewer)
    person.viewer.window.add_dock_widget(dock)
    person.click("Go on labelling")
    person.wait(lambda: dock.state.bench is not None, "the labels")
    np.testing.assert_array_equal(dock.state.bench.truth.data, resume(window.folder).labels)
    assert dock.state.bench.truth.data.any()
    assert "Taken up again" in dock.page.bar.text.text()
