"""Nothing painted is lost: saved at once, taken up again, kept in memory where it must be."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil

import numpy as np
import pytest
import tifffile

from labelled import objects
from napari_verdict.annotation.plan_text import to_json
from napari_verdict.annotation.sampling import Grid, draw_tiles
from napari_verdict.annotation.tiles import State, TiledImage
from napari_verdict.widgets.label.dock import LabelWidget
from napari_verdict.widgets.label.keeper import plan_of

pytestmark = pytest.mark.gui
ROUND = ((6, 6), (6, 10), (10, 10), (10, 6))


def folder_of(person):
    return person.home / "napari-verdict" / "raw.labels" / "anyone"


def saved(person):
    return person.dock.page.saved.text()


def another_dock(person):
    """Close the dock and open a new one, as after a new start."""
    person.viewer.window.remove_dock_widget(person.dock)
    person.dock = LabelWidget(person.viewer)
    person.viewer.window.add_dock_widget(person.dock, name="Label ground truth", area="right")
    person.pause()


def test_strokes_are_saved_as_they_are_made_and_the_dock_says_so(labeller):
    labeller.start()
    labeller.paint(*ROUND, label=1)
    labeller.wait(lambda: saved(labeller).startswith("Saved"), "it to be saved")
    assert list(folder_of(labeller).glob("tile-0001*.strokes"))


def test_labels_tiles_mask_and_origins_are_taken_up_where_they_were_left(labeller):
    labeller.start()
    labeller.paint(*ROUND, label=1)
    labeller.hover_image(labeller.truth, *np.add(labeller.corner(), (6, 8)))
    labeller.key("Y")
    labeller.key("D")
    labeller.dock.desk.skip("debris")
    labeller.paint(*ROUND, label=2)
    painted, tiles = labeller.truth.data.copy(), labeller.state.plan.tiles
    mask = labeller.viewer.layers["ignored (ambiguous)"].data.copy()
    labeller.dock.stop()
    labeller.window.hide()
    for name in ("ground truth", "ignored (ambiguous)"):
        labeller.viewer.layers.remove(name)
    labeller.window.show()
    another_dock(labeller)
    labeller.wait(lambda: labeller.sees("Go on labelling"), "what was begun")
    labeller.click("Go on labelling")
    labeller.wait(lambda: labeller.state.bench is not None, "the labels")
    np.testing.assert_array_equal(labeller.truth.data, painted)
    np.testing.assert_array_equal(labeller.viewer.layers["ignored (ambiguous)"].data > 0, mask > 0)
    assert labeller.state.plan.tiles == tiles
    assert [t.state for t in tiles[:2]] == [State.FINISHED, State.SKIPPED]
    assert "2 drawn" in labeller.dock.page.origins.text()
    assert "Taken up again" in labeller.says()


def test_whether_a_tile_is_really_empty_is_taken_up_and_exported(labeller, tmp_path):
    labeller.start()
    labeller.key("D")
    labeller.click("Yes, it is empty")
    labeller.paint(*ROUND, label=1)
    labeller.key("D")
    stop_and_go_on(labeller)
    assert [t.reason for t in labeller.state.plan.tiles[:3]] == ["really empty", "", ""]
    assert labeller.dock.page.tiles.item(0).text() == "1 ● done, really empty"
    labeller.dock.exporter.export(tmp_path / "out")
    labeller.wait(lambda: "Exported to" in labeller.says(), "the export")
    with (tmp_path / "out" / "tiles.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [(r["state"], r["reason"]) for r in rows[:2]] == [
        ("finished", "really empty"),
        ("finished", ""),
    ]


def test_whether_a_tile_is_really_empty_is_not_known_of_one_that_was_finished_before_it_was_kept():
    grid = Grid((TiledImage("a", "yx", (64, 64)),), 32)
    plan = draw_tiles(grid, 2, margin=(0, 8, 8), seed=1)
    kept, finished = {"plan": to_json(plan)}, {"tile": 0, "state": "finished", "reason": ""}
    assert plan_of([kept, finished]) == plan.finish(0)
    asked = finished | {"reason": "really empty"}
    assert plan_of([kept, asked]) == plan.finish(0, empty=True)


def test_beginning_anew_keeps_what_was_begun_before(labeller):
    labeller.start()
    labeller.paint(*ROUND, label=1)
    labeller.click("Stop labelling")
    labeller.wait(lambda: labeller.sees("Go on labelling"), "what was begun")
    labeller.choose("Labels", "a new layer")
    labeller.click("Start labelling")
    labeller.wait(lambda: labeller.state.bench is not None, "the first tile")
    assert not labeller.truth.data.any()
    assert labeller.viewer.layers["ground truth"].data.any()
    assert folder_of(labeller).with_name("anyone-2").is_dir()


def test_a_folder_that_vanishes_is_said_and_nothing_is_lost(labeller):
    labeller.start()
    shutil.rmtree(folder_of(labeller).parent)
    labeller.paint(*ROUND, label=1)
    labeller.wait(lambda: "cannot be reached" in saved(labeller), "the warning")
    assert saved(labeller).startswith("⚠")
    labeller.click("Stop labelling")
    assert "kept in memory" in labeller.says()
    labeller.click("Go on labelling")
    folder_of(labeller).mkdir(parents=True)
    labeller.wait(lambda: saved(labeller).startswith("Saved"), "it to be saved after all")


def test_where_nothing_can_be_written_labelling_goes_on_and_says_so(labeller):
    (labeller.home / "napari-verdict").write_text("a file, where a folder should be")
    labeller.start()
    assert "Nothing is saved" in saved(labeller)
    labeller.paint(*ROUND, label=1)
    assert labeller.truth.data.any()


def test_labels_of_a_layer_are_gone_on_with_and_known_as_given(labeller):
    labels = objects()
    labeller.viewer.add_labels(labels, name="mine", scale=(0.5, 0.5), units=("um", "um"))
    labeller.choose("Labels", "mine")
    labeller.click("Start labelling")
    labeller.wait(lambda: labeller.state.bench is not None, "the first tile")
    assert labeller.truth is labeller.viewer.layers["mine"]
    assert "32 given" in labeller.dock.page.origins.text()


def test_what_is_painted_on_a_layer_before_the_first_tile_is_kept_too(labeller, monkeypatch):
    from napari_verdict.report.resuming import resume
    from napari_verdict.widgets.label import dock as module

    labels = objects()
    layer = labeller.viewer.add_labels(labels, name="mine", scale=(0.5, 0.5), units=("um", "um"))
    begin = module.LabelWidget.begin

    def painted_first(dock, asked, opened):
        layer.paint((64, 64), 99)
        begin(dock, asked, opened)

    monkeypatch.setattr(module.LabelWidget, "begin", painted_first)
    labeller.choose("Labels", "mine")
    labeller.click("Start labelling")
    labeller.wait(lambda: labeller.state.bench is not None, "the first tile")
    folder = labeller.dock.work.keeper.folder
    labeller.click("Stop labelling")
    labeller.wait(lambda: labeller.dock.work is None, "the end")
    labeller.wait(lambda: (resume(folder).labels == 99).any(), "what was painted first")
    np.testing.assert_array_equal(resume(folder).labels, layer.data)


def test_going_on_at_once_waits_until_all_is_saved(labeller):
    labeller.start()
    labeller.paint(*ROUND, label=1)
    painted = labeller.truth.data.copy()
    labeller.click("Stop labelling")
    labeller.wait(lambda: labeller.sees("Go on labelling"), "what was begun")
    labeller.click("Go on labelling")
    labeller.wait(lambda: labeller.state.bench is not None, "the labels")
    np.testing.assert_array_equal(labeller.truth.data, painted)


def test_going_on_waits_for_a_disk_that_is_slow(labeller, monkeypatch):
    import os
    import time

    from napari_verdict.report import growing_file

    class Slow:
        def __getattr__(self, name):
            return getattr(os, name)

        def write(self, handle, content):
            time.sleep(3)
            return os.write(handle, content)

    labeller.start()
    labeller.wait(lambda: saved(labeller).startswith("Saved"), "the plan to be saved")
    monkeypatch.setattr(growing_file, "os", Slow())
    labeller.paint(*ROUND, label=1)
    painted = labeller.truth.data.copy()
    labeller.click("Stop labelling")
    labeller.wait(lambda: labeller.sees("Go on labelling"), "what was begun")
    labeller.click("Go on labelling")
    labeller.wait(lambda: labeller.state.bench is not None, "the labels")
    assert painted.any()
    np.testing.assert_array_equal(labeller.truth.data, painted)


def test_an_rgb_image_is_exported_with_all_channels_and_taken_up_again(
    make_napari_viewer, qtbot, sit, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    viewer = make_napari_viewer()
    rgb = np.random.default_rng(1).integers(0, 255, (128, 128, 4)).astype(np.uint8)
    viewer.add_image(rgb, rgb=True, name="raw")
    viewer.add_labels(objects(), name="model")
    person = sit(viewer, tmp_path)
    person.start()
    person.give(objects())
    tile = person.state.inner
    person.key("D")
    person.dock.exporter.export(tmp_path / "out")
    person.wait(lambda: "Exported to" in person.says(), "the export")
    given = tifffile.imread(tmp_path / "out" / "images" / "tile-0001.ome.tif")
    np.testing.assert_array_equal(given, rgb[tile][..., :3])  # alpha is display, not image
    record = json.loads((tmp_path / "out" / "provenance.json").read_text())["image"]
    assert record["channels"] == 3
    assert record["sha256"] == hashlib.sha256(rgb[..., :3].tobytes()).hexdigest()
    painted = person.truth.data.copy()
    person.click("Stop labelling")
    person.wait(lambda: person.sees("Go on labelling"), "what was begun")
    person.click("Go on labelling")
    person.wait(lambda: person.state.bench is not None, "the labels")
    np.testing.assert_array_equal(person.truth.data, painted)


def test_labels_are_exported_as_ome_zarr_too_where_something_writes_it(labeller, tmp_path):
    zarr = pytest.importorskip("zarr", reason="zarr is not installed")
    labeller.start()
    labeller.give(objects())
    labeller.click("Export as OME-Zarr too")
    labeller.dock.exporter.export(tmp_path / "out")
    labeller.wait(lambda: "Exported to" in labeller.says(), "the export")
    group = zarr.open_group(tmp_path / "out" / "ground_truth.ome.zarr", mode="r")
    np.testing.assert_array_equal(group["0"][...], labeller.truth.data)
    (scales,) = group.attrs["multiscales"]
    assert scales["datasets"][0]["coordinateTransformations"][0]["scale"] == [0.5, 0.5]
    record = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert "ground_truth.ome.zarr" in record["files"]
    labeller.click("Export as OME-Zarr too")
    labeller.state.message = ""
    labeller.dock.exporter.export(tmp_path / "out")
    labeller.wait(lambda: "Exported to" in labeller.says(), "the export without")
    assert not (tmp_path / "out" / "ground_truth.ome.zarr").exists()


def test_where_nothing_writes_ome_zarr_it_is_said_how_it_would(labeller, monkeypatch):
    monkeypatch.setattr("napari_verdict.report.ome_zarr.can_write", lambda: False)
    labeller.start()
    box = labeller.find("Export as OME-Zarr too")
    assert not box.isEnabled()
    assert "napari-verdict[zarr]" in box.toolTip()


def test_labels_are_exported_with_their_tiles_and_origins(labeller, tmp_path):
    labeller.start()
    labeller.give(objects())
    labeller.key("D")
    labeller.wait(lambda: labeller.state.estimates, "the score")
    labeller.dock.exporter.export(tmp_path / "out")
    labeller.wait(lambda: "Exported to" in labeller.says(), "the export")
    record = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert record["tiles"][0]["state"] == "finished"
    assert record["labels"]["origins"]["drawn"] > 1
    assert record["blind"]
    assert "f1" in (tmp_path / "out" / "scores.csv").read_text()
    labeller.click("Correcting: predictions are shown")
    labeller.click("Correcting: predictions are shown")
    labeller.state.message = ""
    labeller.dock.exporter.export(tmp_path / "out")
    labeller.wait(lambda: "Exported to" in labeller.says(), "the export")
    assert not json.loads((tmp_path / "out" / "provenance.json").read_text())["blind"]
    assert (tmp_path / "out" / "masks" / "tile-0001.ome.tif").is_file()


def stop_and_go_on(person):
    person.click("Stop labelling")
    person.wait(lambda: person.sees("Go on labelling"), "what was begun")
    person.click("Go on labelling")
    person.wait(lambda: person.state.bench is not None, "the labels")


def layers_called(person, name):
    return [x for x in person.viewer.layers if x.name.startswith(name)]


def test_going_on_takes_up_the_layers_that_are_still_there(labeller):
    labeller.start()
    labeller.paint(*ROUND, label=1)
    labeller.hover_image(labeller.truth, *np.add(labeller.corner(), (6, 8)))
    labeller.key("Y")
    truth, mask = labeller.truth, labeller.dock.desk.ambiguous
    labels, marks = truth.data.copy(), mask.data.copy()
    stop_and_go_on(labeller)
    assert labeller.truth is truth
    assert labeller.dock.desk.ambiguous is mask
    assert len(layers_called(labeller, "ground truth")) == 1
    assert len(layers_called(labeller, "ignored (ambiguous)")) == 1
    np.testing.assert_array_equal(truth.data, labels)
    np.testing.assert_array_equal(mask.data, marks)
    labeller.paint((20, 20), (20, 24), label=2)
    assert "2 drawn" in labeller.dock.page.origins.text()


def test_a_layer_that_was_painted_on_since_stays_as_it_is_beside_what_was_kept(labeller):
    labeller.start()
    labeller.paint(*ROUND, label=1)
    kept = labeller.truth.data.copy()
    labeller.click("Stop labelling")
    layer = labeller.viewer.layers["ground truth"]
    layer.paint((100, 100), 9)
    labeller.wait(lambda: labeller.sees("Go on labelling"), "what was begun")
    labeller.click("Go on labelling")
    labeller.wait(lambda: labeller.state.bench is not None, "the labels")
    assert labeller.truth is not layer
    assert (layer.data == 9).any()
    np.testing.assert_array_equal(labeller.truth.data, kept)


def test_going_on_is_offered_only_for_the_very_pixels_that_were_labelled(labeller):
    labeller.start()
    labeller.paint(*ROUND, label=1)
    labeller.click("Stop labelling")
    labeller.wait(lambda: labeller.sees("Go on labelling"), "what was begun")
    raw = labeller.viewer.layers["raw"]
    raw.data = ~raw.data
    labeller.dock.lookout.look()
    labeller.wait(lambda: not labeller.sees("Go on labelling"), "other pixels")
    assert labeller.sees("Start labelling")


def test_whether_labels_that_were_there_before_were_made_blind_nobody_knows(labeller, tmp_path):
    labels = objects()
    labeller.viewer.add_labels(labels, name="mine", scale=(0.5, 0.5), units=("um", "um"))
    labeller.choose("Labels", "mine")
    labeller.click("Start labelling")
    labeller.wait(lambda: labeller.state.bench is not None, "the first tile")
    labeller.dock.exporter.export(tmp_path / "out")
    labeller.wait(lambda: "Exported to" in labeller.says(), "the export")
    record = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert record["blind"] is None
    assert record["labels"]["origins"]["given"] == 32
