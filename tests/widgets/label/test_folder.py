"""The images of a folder are labelled as one: tile after tile, image after image."""

from __future__ import annotations

import gc
import json
import shutil
import weakref

import numpy as np
import pandas as pd
import pytest
import tifffile
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QComboBox, QLineEdit

from labelled import IMAGES, TILE, objects, objects_of, prediction
from napari_verdict.annotation.tiles import Draw, State
from napari_verdict.report.ome import read_input
from napari_verdict.report.resuming import resume
from napari_verdict.viewer.truth import KEPT
from napari_verdict.widgets.label.dock import LabelWidget
from widgets.label.conftest import choose_folder

pytestmark = pytest.mark.gui
ROUND = ((6, 6), (6, 10), (10, 10), (10, 6))


def labels_of(person, image):
    """The folder in which labels of an image are kept."""
    return person.home / "images" / f"{image}.labels" / "anyone"


def score(person):
    """The estimate of the model, once it rests on all finished tiles."""
    done = sum(t.state is State.FINISHED for t in person.state.plan.tiles)
    person.wait(
        lambda: person.state.estimates and person.state.estimates["model"].first.n == done,
        "the score",
    )
    return person.state.estimates["model"]


def go_to(person, image):
    """Click the first tile of another image in the list."""
    tiles = person.state.plan.tiles
    k = next(k for k, t in enumerate(tiles) if t.image == image)
    person.dock.page.tiles.scrollToItem(person.dock.page.tiles.item(k))
    person.click_cell("Tiles", k, 0)
    person.wait(lambda: person.state.current == k and person.is_settled, f"a tile of {image}")
    return k


def leave(person):
    """Close the dock and all layers."""
    person.viewer.window.remove_dock_widget(person.dock)
    person.window.hide()
    person.viewer.layers.clear()
    person.window.show()
    person.window.activateWindow()


def come_back(person):
    """Open the dock anew, and go on with what was begun in the folder."""
    person.dock = LabelWidget(person.viewer)
    person.viewer.window.add_dock_widget(person.dock, name="Label ground truth", area="right")
    choose_folder(person)
    person.wait(lambda: person.sees("Go on labelling"), "what was begun")
    person.click("Go on labelling")
    person.wait(lambda: person.state.bench is not None, "the labels")


def test_what_is_in_the_folder_is_said_and_tiles_are_proposed(folder):
    said = folder.says_of_set()
    assert said == "3 images, 2 conditions (control 1, treated 2); predictions of model."
    folder.wait(lambda: folder.sees("Why tiles of this size"), "the size")
    assert "predicted objects" in folder.find("Why tiles of this size").text()
    assert folder.find("Spread over", QComboBox).currentText() == "conditions first (2)"


def test_what_does_not_fit_is_named(folder):
    (folder.home / "images" / "broken.tif").write_bytes(b"no image")
    folder.click(folder.find("Images", QLineEdit))
    folder.press("Backspace")
    folder.type("s")
    folder.wait(lambda: "1 file left out" in folder.says_of_set(), "the broken file")
    assert "✖ broken: 'broken.tif' cannot be read" in folder.says_of_set()
    folder.dock.setup.set.conditions.setEditText("(")
    folder.wait(lambda: "is no pattern" in folder.dock.setup.hint.text(), "the reason")
    assert not folder.dock.setup.start.isEnabled()


def test_tiles_are_drawn_over_all_images_and_each_is_shown_when_its_turn_comes(folder):
    folder.start(number=6)
    seen = set()
    for _ in range(4):
        image = folder.state.tile.image
        seen.add(image)
        raw = folder.state.bench.raw
        assert raw.name == image
        np.testing.assert_array_equal(raw.data > 0, objects_of(image) > 0)
        assert folder.truth.data.shape == raw.data.shape
        assert not folder.viewer.layers["model"].visible
        np.testing.assert_array_equal(
            folder.viewer.layers["model"].data > 0, np.isin(objects_of(image), prediction()) & (
                objects_of(image) > 0)
        )  # fmt: skip
        folder.label_tile()
    assert {i.split("/")[0] for i in seen} == {"control", "treated"}
    assert len(folder.viewer.layers) == 4  # the layers stay while what they show changes


def test_labels_of_an_image_come_back_with_it_and_lie_in_its_own_folder(folder):
    folder.start(number=9)
    first = folder.state.tile.image
    folder.paint(*ROUND, label=7)
    painted = folder.truth.data.copy()
    other = next(i for i in IMAGES if i != first)
    go_to(folder, other)
    assert "Undo goes back as far as here" in folder.says()
    folder.focus_canvas()
    for key in ("Ctrl+Z", "Ctrl+Shift+Z"):  # strokes of the image before are no steps of this one
        folder.press(key)
        assert not folder.truth.data.any()
    folder.paint(*ROUND, label=3)
    go_to(folder, first)
    np.testing.assert_array_equal(folder.truth.data, painted)
    np.testing.assert_array_equal(resume(labels_of(folder, first)).labels, painted)
    assert (resume(labels_of(folder, other)).labels == 3).any()
    assert "1 drawn" in folder.dock.page.origins.text()


def test_the_mask_of_what_is_ambiguous_is_that_of_the_image(folder):
    folder.start(number=9)
    first = folder.state.tile.image
    folder.paint(*ROUND, label=1)
    folder.hover_image(folder.truth, *np.add(folder.corner(), (8, 8)))
    folder.key("Y")
    mask = folder.viewer.layers["ignored (ambiguous)"]
    marked = mask.data.copy()
    assert marked.any()
    go_to(folder, next(i for i in IMAGES if i != first))
    assert mask.data.shape == folder.truth.data.shape
    assert not mask.data.any()
    go_to(folder, first)
    np.testing.assert_array_equal(mask.data, marked)


def test_labels_that_need_a_larger_type_have_it_in_every_image(folder):
    folder.start(number=9)
    first = folder.state.tile.image
    folder.truth.data = folder.truth.data.astype(np.uint32)
    folder.paint(*ROUND, label=70_000)
    painted = folder.truth.data.copy()
    go_to(folder, next(i for i in IMAGES if i != first))
    assert folder.truth.data.dtype == np.uint32
    folder.paint(*ROUND, label=80_000)
    assert (folder.truth.data == 80_000).any()
    go_to(folder, first)
    np.testing.assert_array_equal(folder.truth.data, painted)


def test_an_image_that_is_put_away_does_not_stay_in_memory(folder):
    folder.start(number=9)
    first = folder.state.tile.image
    folder.key("W")
    folder.wait(lambda: folder.truth.data.any(), "the proposal")
    pixels = weakref.ref(folder.state.bench.raw.data)
    go_to(folder, next(i for i in IMAGES if i != first))
    gc.collect()
    assert pixels() is None


def test_finished_tiles_of_all_images_are_scored_together_and_by_condition(folder):
    folder.start(number=12)
    for _ in range(6):
        folder.label_tile()
    found = score(folder)
    assert found.first.ci_low < 24 / 28 < found.first.ci_high  # 24 of 32 are found in each image
    assert set(found.conditions) == {"control", "treated"}
    assert folder.sees("Score of model, control")
    assert "F1" in folder.find("Score of model, treated").text()
    n = {r.metric: r.value for r in found.rows}["n_gt"]
    assert n >= 6
    assert sum({r.metric: r.value for r in e.rows}["n_gt"] for e in found.conditions.values()) == n


def test_the_interval_can_be_for_images_like_these(folder):
    folder.start(number=12)
    for _ in range(6):
        folder.label_tile()
    assert len({t.image for t in folder.state.plan.tiles[:6]}) == 3
    score(folder)
    assert "more tile" in folder.find("Score of model").text()
    folder.choose("Interval for", "images like them")
    folder.wait(lambda: "unit=image" in score(folder).first.convention, "the other interval")


def test_another_threshold_counts_tiles_of_other_images_again(folder):
    from napari_verdict.widgets.state import choices_of

    folder.start(number=6)
    for _ in range(3):
        folder.label_tile()
    before = score(folder)
    choices_of(folder.viewer).iou_threshold = 0.75
    folder.wait(lambda: score(folder).first.threshold == 0.75, "the other threshold")
    assert score(folder).first.value == before.first.value  # what is found is found exactly


def test_labelling_is_taken_up_where_it_was_left(folder):
    folder.start(number=6)
    for _ in range(3):
        folder.label_tile()
    folder.paint(*ROUND, label=99)
    painted, plan = folder.truth.data.copy(), folder.state.plan
    before = score(folder).rows
    leave(folder)
    come_back(folder)
    assert folder.state.plan == plan
    np.testing.assert_array_equal(folder.truth.data, painted)
    assert score(folder).rows == before


def test_images_that_were_moved_with_their_labels_are_gone_on_with(folder, tmp_path):
    folder.start(number=6)
    for _ in range(3):
        folder.label_tile()
    plan, before = folder.state.plan, score(folder).rows
    leave(folder)
    folder.home = tmp_path / "another drive"
    folder.home.mkdir()
    for name in ("images", "model"):
        (tmp_path / name).rename(folder.home / name)
    come_back(folder)
    assert folder.state.plan == plan
    assert score(folder).rows == before
    folder.dock.exporter.export(tmp_path / "out")
    folder.wait(lambda: "Exported to" in folder.says(), "the export")
    tiles = pd.read_csv(tmp_path / "out" / "tiles.csv")
    assert tiles["n_objects"].sum() == 6


def test_labels_that_are_gone_are_said_and_the_other_images_are_gone_on_with(folder, tmp_path):
    folder.start(number=9)
    done = set()
    while (first := folder.state.tile.image) not in done:  # its turn comes again
        done.add(first)
        folder.label_tile()
    leave(folder)
    shutil.move(labels_of(folder, first), tmp_path / "away")
    come_back(folder)
    lost = f"The labels of “{first}” are not in {str(labels_of(folder, first))!r}."
    assert lost in folder.says()
    assert "Its tiles are skipped" in folder.says()
    assert folder.state.bench.image != first
    folder.dock.exporter.export(tmp_path / "out")  # a tile of it is finished
    folder.wait(lambda: f"{lost} Put their folder back" in folder.says(), "the reason")


def test_an_image_that_is_not_saved_stays_on_the_desk(folder):
    folder.start(number=9)
    first = folder.state.tile.image
    shutil.rmtree(labels_of(folder, first))
    folder.paint(*ROUND, label=5)
    folder.wait(lambda: "cannot be reached" in folder.dock.page.saved.text(), "the warning")
    other = next(k for k, t in enumerate(folder.state.plan.tiles) if t.image != first)
    folder.dock.desk.go(other)
    folder.wait(lambda: "stays on the desk" in folder.says(), "the reason")
    assert (folder.truth.data == 5).any()
    assert folder.state.tile.image == first
    labels_of(folder, first).mkdir(parents=True)
    folder.wait(lambda: folder.dock.page.saved.text().startswith("Saved"), "it to be saved")
    folder.dock.desk.go(other)
    folder.wait(lambda: folder.state.current == other and folder.is_settled, "the other image")


def test_tiles_of_an_image_that_cannot_be_opened_are_skipped_with_the_reason(folder):
    folder.start(number=9)
    first = folder.state.tile.image
    other = next(i for i in IMAGES if i != first)
    (folder.home / "images" / f"{other}.tif").write_bytes(b"no image any more")
    folder.dock.desk.go(next(k for k, t in enumerate(folder.state.plan.tiles) if t.image == other))
    folder.wait(lambda: "Its tiles are skipped" in folder.says(), "the reason")
    mine = [t for t in folder.state.plan.tiles if t.image == other]
    assert {t.state for t in mine} == {State.SKIPPED}
    assert "cannot be read" in mine[0].reason


def test_labels_of_all_images_are_exported_with_every_checksum(folder, tmp_path):
    folder.start(number=6)
    for _ in range(4):
        folder.label_tile()
    score(folder)
    out = tmp_path / "out"
    folder.dock.exporter.export(out)
    folder.wait(lambda: "Exported to" in folder.says(), "the export")
    tiles = pd.read_csv(out / "tiles.csv")
    assert len(tiles) == 6
    done = tiles[tiles["state"] == "finished"]
    assert len(done) == 4
    for row in done.itertuples():
        box = np.s_[row.y0 : row.y1, row.x0 : row.x1]
        mask = read_input(out / row.mask_file).data
        np.testing.assert_array_equal(mask, objects_of(row.image)[box])
        assert row.image.replace("/", "-") in row.image_file
    record = json.loads((out / "provenance.json").read_text())
    assert [i["image"]["name"] for i in record["images"]] == list(IMAGES)
    assert all(len(i["image"]["sha256"]) == 64 for i in record["images"])
    assert all(i["image"]["path"].endswith(f"{i['image']['name']}.tif") for i in record["images"])
    assert record["blind"]
    labelled = {row.image for row in done.itertuples()}
    assert {i["image"]["name"] for i in record["images"] if i["labels"]} == labelled
    assert set(pd.read_csv(out / "objects.csv")["image"]) == labelled
    scores = pd.read_csv(out / "scores.csv")
    assert any(str(i).startswith("control: ") for i in scores["image"])


def test_labels_of_all_images_are_exported_as_ome_zarr_too_each_with_its_own_place(
    folder, tmp_path
):
    zarr = pytest.importorskip("zarr", reason="zarr is not installed")
    folder.start(number=6)
    for _ in range(4):
        folder.label_tile()
    folder.click("Export as OME-Zarr too")
    out = tmp_path / "out"
    folder.dock.exporter.export(out)
    folder.wait(lambda: "Exported to" in folder.says(), "the export")
    record = json.loads((out / "provenance.json").read_text())
    labelled = [i for i in record["images"] if i["labels"]]
    assert len(labelled) > 1
    for picture in labelled:
        (path,) = [f for f in picture["files"] if f.endswith(".zarr")]
        assert path in record["files"]
        group = zarr.open_group(out / path, mode="r")
        (whole,) = [f for f in picture["files"] if f.startswith("ground_truth/") and "tif" in f]
        np.testing.assert_array_equal(group["0"][...], read_input(out / whole).data)
        (scales,) = group.attrs["multiscales"]
        given = scales["datasets"][0]["coordinateTransformations"][0]["scale"]
        assert given == picture["image"]["scale"]
        assert "".join(axis["name"] for axis in scales["axes"]) == picture["image"]["axes"]
    assert len(list((out / "ground_truth").glob("*.zarr"))) == len(labelled)


def test_several_open_images_are_labelled_too(labeller, tmp_path):
    viewer = labeller.viewer
    viewer.layers.clear()
    for k, name in enumerate("AB"):
        viewer.add_image((objects() > 0) * (k + 1.0), name=name, scale=(0.5, 0.5))
        viewer.add_labels(prediction(), name=f"{name} model", scale=(0.5, 0.5))
    labeller.choose("Label over", "several open images")
    labeller.wait(lambda: "2 images; predictions of model" in labeller.says_of_set(), "the images")
    labeller.start(number=6)
    for _ in range(3):
        labeller.label_tile(objects())
    assert score(labeller).first.n == 3
    assert {t.image for t in labeller.state.plan.tiles} == {"A", "B"}
    kept = labeller.home / "napari-verdict"
    assert (kept / "A.labels" / "anyone" / "labelling.json").is_file()
    labeller.click("Stop labelling")
    assert viewer.layers["A"].data.max() == 1
    assert viewer.layers["B"].data.max() == 2


def test_what_was_painted_while_the_next_image_is_opened_is_kept(folder):
    folder.start(number=9)
    first, steps = folder.state.tile.image, []
    changing = folder.dock.shelf._is_put_away

    def painted_first():
        if not steps:
            folder.truth.paint(tuple(folder.corner() + 9), 42)
            steps.append(1)
        return changing()

    folder.dock.shelf._is_put_away = painted_first
    go_to(folder, next(i for i in IMAGES if i != first))
    assert (resume(labels_of(folder, first)).labels == 42).any()


def tile_by_hand(person, image):
    """Choose an image, and add the tile in the middle of it by the mouse."""
    if person.state.bench.image != image:
        person.choose("Image", image)
        person.wait(lambda: person.state.bench.image == image and person.dock.work, image)
    person.pause()
    n = len(person.state.plan.tiles)
    person.click("Tile by hand")
    assert len(person.state.plan.tiles) == n + 1
    assert person.state.tile.image == image
    assert person.state.tile.draw is Draw.HAND


def test_tiles_are_chosen_by_hand_alone_in_any_image_and_said_to_be_no_estimate(folder):
    folder.start(draw="hand")
    assert folder.state.plan.tiles == ()
    assert "press Tile by hand" in folder.says()
    for image in (IMAGES[1], IMAGES[2]):
        tile_by_hand(folder, image)
        folder.give(objects_of(image))
        folder.look("hand_a tile of another image")
        folder.key("D")
    assert [t.image for t in folder.state.plan.tiles] == [IMAGES[1], IMAGES[2]]
    found = score(folder)
    assert "not an unbiased estimate" in folder.find("Score of model").text()
    assert found.first.ci_low is None
    assert "no estimate takes in" in folder.dock.page.plan.text()
    folder.click("Stop labelling")
    folder.wait(lambda: folder.sees("Go on labelling"), "what was begun")
    folder.click("Go on labelling")
    folder.wait(lambda: folder.state.bench is not None and folder.is_settled, "the tiles")
    assert [t.draw for t in folder.state.plan.tiles] == [Draw.HAND] * 2
    assert score(folder).first.n == 2


def test_labelling_by_hand_is_taken_up_before_a_tile_was_chosen(folder):
    folder.start(draw="hand")
    folder.click("Stop labelling")
    folder.wait(lambda: folder.sees("Go on labelling"), "what was begun")
    folder.click("Go on labelling")
    folder.wait(lambda: folder.state.bench is not None, "the images")
    assert folder.state.plan.tiles == ()
    tile_by_hand(folder, IMAGES[2])


def test_any_image_is_brought_to_the_desk_by_keys_with_no_tile_in_hand(folder):
    folder.start(number=3)
    here = folder.state.bench.image
    assert folder.find("Image", QComboBox).currentText() == here
    folder.find("Image", QComboBox).setFocus()
    key = "Up" if here == IMAGES[2] else "Down"
    other = IMAGES[IMAGES.index(here) + (-1 if key == "Up" else 1)]
    folder.press(key)
    folder.wait(lambda: folder.state.bench.image == other and folder.dock.work, other)
    assert folder.state.tile is None
    assert "Undo goes back as far as here. Bring what you want to label into view" in folder.says()
    assert not folder.dock.desk.spotlight.layer.visible
    assert folder.find("Image", QComboBox).hasFocus()  # to go on with the keys
    np.testing.assert_array_equal(folder.state.bench.raw.data > 0, objects_of(other) > 0)
    folder.key("T")  # the next tile, in whichever image it is
    folder.wait(lambda: folder.state.tile is not None and folder.is_settled, "a tile")
    assert folder.find("Image", QComboBox).currentText() == folder.state.tile.image
    assert folder.dock.desk.spotlight.layer.visible


def test_an_image_that_cannot_be_opened_is_not_chosen(folder):
    folder.start(draw="hand")
    here = folder.state.bench.image
    gone = IMAGES[2]
    (folder.home / "images" / f"{gone}.tif").unlink()
    folder.choose("Image", gone)
    folder.wait(lambda: "There is no file" in folder.says(), "the reason")
    assert "skipped" not in folder.says()
    assert folder.find("Image", QComboBox).currentText() == here
    tile_by_hand(folder, here)


def write_maps(person, top=1.0):
    """Maps that are sure everywhere but on the right half of the last image."""
    for name in IMAGES:
        p = np.full(objects_of(name).shape, 0.99, np.float32)
        if name == IMAGES[-1]:
            p[:, p.shape[1] // 2 :] = 0.5 * top
        path = person.home / "maps" / f"{name}_prob.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(path, p)


def test_tiles_are_drawn_by_maps_of_low_confidence_in_a_folder_of_their_own(folder):
    write_maps(folder)
    assert not folder.sees("Confidence maps")
    folder.choose("Drawn", "more where confidence is low")
    assert "Choose the folder of the maps of probabilities" in folder.dock.setup.hint.text()
    assert not folder.dock.setup.start.isEnabled()
    folder.click(folder.find("Confidence maps", QLineEdit))
    folder.type(str(folder.home / "maps"))
    folder.wait(lambda: "with maps of confidence" in folder.says_of_set(), "the maps")
    folder.look("maps_a folder of maps")
    folder.start(number=12)
    plan = folder.state.plan
    assert plan.priority == "low confidence"
    assert "drawn by low confidence" in folder.dock.page.plan.text()
    assert len(plan.weights) == plan.population
    assert min(plan.weights) >= 0.5 / plan.population  # no tile is without a chance
    doubtful = [t for t in plan.tiles if t.share > 1 / plan.population]
    assert doubtful
    assert {t.image for t in doubtful} == {IMAGES[-1]}
    assert all(t.box[4] >= objects_of(IMAGES[-1]).shape[1] // 2 - 1 for t in doubtful)
    for _ in range(4):
        folder.label_tile()
    assert "weighted by LURE" in score(folder).first.convention
    folder.click("Stop labelling")
    folder.wait(lambda: folder.sees("Go on labelling"), "what was begun")
    folder.click("Go on labelling")
    folder.wait(lambda: folder.state.bench is not None and folder.is_settled, "the tiles")
    assert folder.state.plan.weights == plan.weights


def test_maps_that_hold_no_probabilities_are_said(folder):
    write_maps(folder, top=200)
    folder.choose("Drawn", "more where confidence is low")
    folder.click(folder.find("Confidence maps", QLineEdit))
    folder.type(str(folder.home / "maps"))
    folder.wait(lambda: "with maps of confidence" in folder.says_of_set(), "the maps")
    folder.pause()
    folder.click("Start labelling")
    folder.wait(lambda: "between 0 and 1" in folder.dock.setup.hint.text(), "the reason")
    assert folder.state.bench is None


def test_contrast_that_a_person_set_stays_from_the_first_image_on(folder):
    folder.start(number=9)
    first, raw = folder.state.bench.image, folder.state.bench.raw
    raw.contrast_limits = (0, 33)
    go_to(folder, next(i for i in IMAGES if i != first))
    assert tuple(raw.contrast_limits) == (0, 33)


def test_labelling_that_ends_while_images_change_leaves_layers_of_one_image(folder):
    folder.start(number=9)
    first, truth, raw = folder.state.tile.image, folder.truth, folder.state.bench.raw
    folder.paint(*ROUND, label=7)
    k = next(k for k, t in enumerate(folder.state.plan.tiles) if t.image != first)
    other, shelf = folder.state.plan.tiles[k].image, folder.dock.shelf
    show = shelf._show

    def shown_and_left(layer, taken):
        show(layer, taken)
        if layer is truth and shelf.is_on:
            QTimer.singleShot(0, folder.dock.leave)

    shelf._show = shown_and_left
    folder.dock.desk.go(k)
    folder.wait(lambda: folder.state.bench is None, "the end")
    assert raw.name == other
    assert truth.data.shape == raw.data.shape == folder.viewer.layers["model"].data.shape
    assert not truth.data.any()
    assert truth.metadata[KEPT][0] == str(labels_of(folder, other))
    assert (resume(labels_of(folder, first)).labels == 7).any()
    folder.wait(lambda: folder.sees("Go on labelling"), "what was begun")
    folder.click("Go on labelling")
    folder.wait(lambda: folder.state.bench is not None and folder.is_settled, "the labels")
    assert sum(x.name.startswith("ground truth") for x in folder.viewer.layers) <= 2


def test_images_of_other_axes_are_left_out(folder):
    tifffile.imwrite(
        folder.home / "images" / "stack.tif",
        np.zeros((5, TILE, TILE), np.uint16),
        photometric="minisblack",
    )
    tifffile.imwrite(
        folder.home / "model" / "stack.tif",
        np.zeros((5, TILE, TILE), np.uint16),
        photometric="minisblack",
    )
    folder.dock.setup.set.folder.field.setText(f"{folder.home / 'images'}/")
    folder.wait(lambda: "stack: its axes are" in folder.says_of_set(), "the stack")


def test_a_person_may_think_better_of_the_next_image(folder):
    folder.start(number=9)
    first, tiles = folder.state.tile.image, folder.state.plan.tiles
    other = next(k for k, t in enumerate(tiles) if t.image != first)
    mine = next(k for k, t in enumerate(tiles) if t.image == first and k)
    folder.dock.desk.go(other)
    folder.dock.desk.go(mine)
    folder.pause(1500)
    assert folder.state.current == mine
    assert folder.state.bench.image == first
    np.testing.assert_array_equal(folder.state.bench.raw.data > 0, objects_of(first) > 0)
