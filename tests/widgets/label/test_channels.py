"""Stains of one field share one label image; where each channel is an image, it has its own."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
import tifffile
from qtpy.QtWidgets import QComboBox, QLineEdit

from labelled import IMAGES, TILE, objects, objects_of, prediction
from napari_verdict.report.ome import read_input
from napari_verdict.report.resuming import resume
from napari_verdict.widgets.label.dock import LabelWidget
from widgets.label.conftest import sit_down

pytestmark = pytest.mark.gui
ROUND = ((6, 6), (6, 10), (10, 10), (10, 6))
SHARED, OWN = "one label image for all", "each has labels of its own"


def asked(person):
    """What is chosen for channels, and whether it can be changed."""
    row = person.find("Channels", QComboBox)
    return row.currentText(), row.isEnabled()


def begin(person):
    person.click("Start labelling")
    person.wait(lambda: person.state.bench is not None, "the first tile")
    person.pause()


def test_stains_of_one_field_are_labelled_once_and_every_channel_can_be_looked_at(stained):
    assert asked(stained) == (SHARED, False)  # the prediction has no channels either
    stained.start()
    assert stained.truth.data.shape == objects().shape
    assert tuple(stained.truth.scale) == (0.5, 0.5)
    assert {t.frame for t in stained.state.plan.tiles} == {()}
    stained.paint(*ROUND, label=7)
    painted = stained.truth.data.copy()
    assert (painted == 7).any()
    stained.viewer.dims.set_current_step(0, 1)
    stained.pause(50)
    assert stained.dock.desk.spotlight.is_inside  # the tile is that of all channels
    stained.paint(*ROUND, label=7)
    np.testing.assert_array_equal(stained.truth.data, painted)
    stained.truth.undo()  # the second stroke changed nothing, so this takes back the first
    stained.look("channels_both stains share labels")
    for _ in range(4):
        stained.give(objects())
        stained.key("D")
    stained.wait(lambda: "model" in (stained.state.estimates or {}), "the score")
    assert "F1" in stained.find("Score of model").text()


def test_the_starting_point_is_that_of_the_channel_that_is_shown(stained):
    stained.viewer.layers["stains"].data[1] = 90 * (np.roll(objects(), 7, axis=1) > 0)
    stained.start()
    stained.key("W")
    stained.wait(lambda: "Proposed" in stained.says(), "what is proposed")
    first = stained.truth.data[stained.state.window] > 0
    stained.truth.undo()
    stained.viewer.dims.set_current_step(0, 1)
    stained.pause(50)
    stained.key("W")
    stained.wait(lambda: (stained.truth.data > 0).any(), "what is proposed then")
    second = stained.truth.data[stained.state.window] > 0
    assert first.any()
    assert not (first & second).all()


def test_images_of_finished_tiles_are_exported_with_all_channels(stained, tmp_path):
    stained.start()
    stained.give(objects())
    stained.key("D")
    stains = stained.viewer.layers["stains"].data
    stained.dock.exporter.export(tmp_path / "out")
    stained.wait(lambda: "Exported to" in stained.says(), "the export")
    (file,) = (tmp_path / "out" / "images").iterdir()
    _, _, y0, y1, x0, x1 = stained.state.plan.tiles[0].box
    with tifffile.TiffFile(file) as tiff:
        assert tiff.series[0].axes == "CYX"
        np.testing.assert_array_equal(tiff.asarray(), stains[:, y0:y1, x0:x1])
    assert read_input(file).scale == (1, 0.5, 0.5)
    assert read_input(tmp_path / "out" / "ground_truth.ome.tif").axes == "yx"
    image = json.loads((tmp_path / "out" / "provenance.json").read_text())["image"]
    assert (image["axes"], image["channels"]) == ("yx", 2)
    assert image["sha256"] == hashlib.sha256(np.ascontiguousarray(stains).tobytes()).hexdigest()


def test_labels_are_taken_up_again_whichever_axes_they_had(stained):
    stained.viewer.layers.remove("model")
    assert asked(stained) == (SHARED, True)
    stained.choose("Channels", OWN)
    stained.start()
    assert stained.truth.data.shape == (2, *objects().shape)
    assert {t.frame for t in stained.state.plan.tiles} == {(0,), (1,)}
    stained.paint(*ROUND, label=7)
    painted = stained.truth.data.copy()
    stained.click("Stop labelling")
    stained.viewer.window.remove_dock_widget(stained.dock)
    stained.dock = LabelWidget(stained.viewer)
    stained.viewer.window.add_dock_widget(stained.dock, name="Label ground truth", area="right")
    stained.wait(lambda: stained.sees("Go on labelling"), "what was begun")
    assert asked(stained) == (OWN, False)
    stained.click("Go on labelling")
    stained.wait(lambda: stained.state.bench is not None, "the labels")
    np.testing.assert_array_equal(stained.truth.data, painted)


def test_labels_of_every_channel_make_channels_images_of_their_own(stained):
    both = np.stack([objects(), np.roll(objects(), 3, axis=1)])
    stained.viewer.add_labels(both, name="unet", scale=(1, 0.5, 0.5))
    assert "it cannot be scored on these tiles" in stained.dock.setup.hint.text()  # not both
    stained.window.hide()
    stained.viewer.layers.remove("model")
    stained.window.show()
    assert asked(stained) == (OWN, False)
    assert "they have an axis of channels" in stained.find("Channels", QComboBox).toolTip()
    stained.start()
    assert stained.truth.data.shape == both.shape


def test_channels_that_lie_between_others_are_refused_with_a_way_out(stained):
    stained.window.hide()
    stained.viewer.layers.clear()
    deep = np.zeros((3, 2, 64, 64), np.uint8)
    stained.viewer.add_image(deep, name="deep", axis_labels=("z", "c", "y", "x"))
    stained.window.show()
    assert "takes channels first" in stained.dock.setup.hint.text()
    assert not stained.dock.setup.start.isEnabled()
    stained.choose("Channels", OWN)
    assert stained.dock.setup.start.isEnabled()


@pytest.fixture
def folder(make_napari_viewer, qtbot, tmp_path, monkeypatch):
    """Somebody with three OME-TIFFs of two stains, with depth in front of the channels."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "images").mkdir()
    (tmp_path / "model").mkdir()
    for name in IMAGES:
        labels = objects_of(name)
        stains = np.stack([labels > 0, labels > 16]).astype(np.uint8) * np.uint8(90)
        bare = name.replace("/", "-")
        deep = np.stack([stains, stains])
        tifffile.imwrite(tmp_path / "images" / f"{bare}.ome.tif", deep, ome=True,
                         photometric="minisblack",
                         metadata={"axes": "ZCYX", "PhysicalSizeX": 0.5})  # fmt: skip
        tifffile.imwrite(tmp_path / "model" / f"{bare}.tif", np.stack([labels, labels]))
    return sit_down(make_napari_viewer(), tmp_path)


def name_folders(person, *names):
    person.choose("Label over", "folder")
    for name, at in zip(("Images", "Prediction folders"), names, strict=False):
        person.click(person.find(name, QLineEdit))
        person.type(str(person.home / at))
    person.wait(lambda: "3 images" in person.says_of_set(), "the images")
    person.pause(500)


def test_a_folder_of_stains_is_labelled_once_for_all_channels(folder):
    name_folders(folder, "images", "model")
    assert "channels share their labels" in folder.says_of_set()
    assert asked(folder) == (SHARED, False)
    begin(folder)
    bench = folder.state.bench
    assert bench.axes == "zyx"
    assert bench.raw.data.shape[:2] == (2, 2)
    assert tuple(bench.raw.axis_labels) == ("c", "z", "y", "x")
    np.testing.assert_array_equal(bench.raw.data[1, 0] > 0, objects_of_bench(folder) > 16)
    folder.paint(*ROUND, label=3)
    painted = folder.truth.data.copy()
    image = bench.image
    k = next(k for k, t in enumerate(folder.state.plan.tiles) if t.image != image)
    folder.click_cell("Tiles", k, 0)
    folder.wait(lambda: folder.state.current == k and folder.is_settled, "another image")
    assert folder.truth.data.shape == folder.state.bench.raw.data.shape[1:]
    assert not folder.truth.data.any()
    kept = folder.home / "images" / f"{image}.labels" / "anyone"
    np.testing.assert_array_equal(resume(kept).labels, painted)


def objects_of_bench(person):
    return objects_of(person.state.bench.image.replace("-", "/", 1))


def test_without_predictions_it_is_asked_and_either_is_taken_up_again(folder):
    name_folders(folder, "images")
    assert asked(folder) == (SHARED, True)
    folder.choose("Channels", OWN)
    assert "each channel is an image of its own" in folder.says_of_set()
    begin(folder)
    assert folder.state.bench.axes == "zcyx"
    folder.paint(*ROUND, label=3)
    painted = folder.truth.data.copy()
    folder.click("Stop labelling")
    folder.wait(lambda: folder.sees("Go on labelling"), "what was begun")
    folder.click("Go on labelling")
    folder.wait(lambda: folder.state.bench is not None and folder.is_settled, "the labels")
    np.testing.assert_array_equal(folder.truth.data, painted)


def test_tiles_of_stains_are_of_a_size_that_holds_a_few_objects(stained):
    stained.wait(lambda: stained.sees("Why tiles of this size"), "the size")
    assert stained.dock.setup.tiles.size.value() > TILE
    assert len(np.unique(prediction())) > 10
