"""A biologist has a folder of images of two conditions, a model, and half an hour to label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from qtpy.QtWidgets import QSpinBox

from labelled import IMAGES, objects_of, write_folder
from stories.test_labeller import tile_of

if TYPE_CHECKING:
    from pathlib import Path

    from stories.person import Person

pytestmark = pytest.mark.gui


@pytest.fixture
def bench(person: Person, tmp_path: Path, monkeypatch: Any) -> Person:
    """The folder is there, and the dock is open."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    write_folder(tmp_path)
    person.viewer.window.add_plugin_dock_widget("napari-verdict", "Label ground truth")
    person.pause()
    return person


def image_of(person: Person) -> str:
    """Return the image that is open, as the list of layers calls it."""
    return next(x.name for x in person.viewer.layers if x.name in IMAGES)


def label_tile(person: Person) -> None:
    """Go over every square that touches the tile with the brush, each with a new label."""
    layer, truth = person.viewer.layers["ground truth"], objects_of(image_of(person))
    for square in np.unique(truth[tile_of(person)]):
        places = np.argwhere(truth == square)
        middle = places.mean(axis=0).round().astype(int)
        if not square or layer.data[tuple(middle)]:
            continue  # drawn with the tile beside this one
        person.focus_canvas()
        person.press("Shift+O")
        (y0, x0), (y1, x1) = places.min(axis=0) + 1, places.max(axis=0) - 1
        person.drag_image(layer, (y0, x0), (y0, x1), (y1, x1), (y1, x0), (y0, x0), tuple(middle))
        person.pause(50)


def finish(person: Person, done: int) -> None:
    """Finish the tile, and wait for the score and for the next tile."""
    person.focus_canvas()
    person.press("Shift+D")
    text = f"{done} tile"
    person.wait(lambda: text in person.find("Score of model").text(), "the score")
    person.wait(lambda: f"{done} of 9 tiles finished" in plan_of(person), "the plan")
    person.wait(lambda: "Opening" not in said(person), "the next image")
    person.pause(300)


def plan_of(person: Person) -> str:
    return str(person.find("How the tiles were drawn").text())


def said(person: Person) -> str:
    return str(person.find("Message").text()) if person.sees("Message") else ""


def test_tiles_of_a_folder_are_labelled_scored_left_taken_up_and_exported(bench, tmp_path):
    bench.choose("Label over", "the images of a folder")
    bench.pause(500)
    bench.look("folder chosen")
    bench.name_folder("Images: Choose…", tmp_path / "images")
    bench.name_folder("Prediction folders: Add…", tmp_path / "model")
    found = "3 images, 2 conditions (control 1, treated 2); predictions of model."
    bench.wait(lambda: bench.find("What was found").text() == found, "the images")
    bench.wait(lambda: bench.sees("Why tiles of this size"), "the size of tiles")
    bench.look("folder found")
    bench.find("Tile size", QSpinBox).setValue(32)
    bench.find("Tiles", QSpinBox).setValue(9)
    bench.click("Start labelling")
    bench.wait(lambda: "ground truth" in bench.viewer.layers, "the layer to label on")
    bench.pause(500)
    bench.viewer.layers["ground truth"].brush_size = 3
    seen = []
    for k in range(1, 5):
        seen.append(image_of(bench))
        assert not bench.viewer.layers["model"].visible
        label_tile(bench)
        bench.look(f"folder tile {k}")
        finish(bench, k)
    assert len(set(seen)) > 1
    assert "95 %" in bench.find("Score of model").text()
    assert bench.sees("Score of model, control")
    bench.look("folder scored")

    before = bench.find("Score of model").text()
    bench.click("Stop labelling")
    bench.wait(lambda: bench.sees("Go on labelling"), "what was begun")
    bench.look("folder left")
    bench.click("Go on labelling")
    bench.wait(lambda: bench.sees("Finish tile"), "the labels")
    bench.wait(lambda: bench.find("Score of model").text() == before, "the score")
    assert "4 of 9 tiles finished" in plan_of(bench)
    bench.look("folder taken up")

    (tmp_path / "out").mkdir()
    bench.name_folder("Export…", tmp_path / "out")
    bench.wait(lambda: "Exported to" in said(bench), "the export")
    tiles = pd.read_csv(tmp_path / "out" / "tiles.csv")
    assert set(tiles[tiles["state"] == "finished"]["image"]) == set(seen)
    assert len(list((tmp_path / "out" / "masks").iterdir())) == 4
    bench.look("folder exported")
