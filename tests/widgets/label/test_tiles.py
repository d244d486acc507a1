"""From tile to tile: framed, finished, skipped, chosen by hand, and all as before at the end."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QEnterEvent
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
)

from napari_verdict.annotation.tiles import Draw, State

pytestmark = pytest.mark.gui
ROUND = ((6, 6), (6, 10), (10, 10), (10, 6))


def enter(widget):
    """Let the mouse come to a widget."""
    QApplication.sendEvent(widget, QEnterEvent(QPointF(), QPointF(), QPointF()))


def look(viewer):
    """All that a person would see changed."""
    camera = viewer.scene.camera
    return (
        {layer.name: (layer.visible, layer.opacity) for layer in viewer.layers},
        tuple(camera.center),
        camera.zoom,
    )


def states(person):
    return [t.state for t in person.state.plan.tiles]


def test_starting_makes_an_aligned_layer_hides_the_prediction_and_frames_a_tile(labeller):
    labeller.start()
    viewer, truth = labeller.viewer, labeller.truth
    raw = viewer.layers["raw"]
    assert truth.data.shape == raw.data.shape
    assert truth.units == raw.units
    np.testing.assert_array_equal(truth.scale, raw.scale)
    assert not viewer.layers["model"].visible
    assert viewer.layers["tile to label"].visible
    y0, y1, x0, x1 = labeller.state.tile.box[2:]
    centre = raw.world_to_data(viewer.scene.camera.center[-2:])
    assert y0 < centre[0] < y1
    assert x0 < centre[1] < x1
    assert viewer.layers.selection.active is truth
    assert truth.mode == "paint"


def test_a_tile_is_painted_and_finished_by_key_and_the_next_comes(labeller):
    labeller.start()
    first = labeller.state.tile
    labeller.paint(*ROUND, label=1)
    assert labeller.truth.data[labeller.state.inner].any()
    labeller.key("D")
    assert states(labeller)[0] is State.FINISHED
    assert labeller.state.tile is not first
    assert labeller.state.current == 1
    assert labeller.truth.mode == "paint"
    assert "1 ● done" in labeller.dock.page.tiles.item(0).text()


def test_an_empty_tile_is_asked_about_in_the_dock(labeller):
    labeller.start()
    labeller.click("Finish tile")
    assert "Really empty?" in labeller.says()
    assert states(labeller)[0] is State.OPEN
    labeller.click("No, go on")
    assert states(labeller)[0] is State.OPEN
    assert labeller.says() == ""
    labeller.click("Finish tile")
    labeller.click("Yes, it is empty")
    assert states(labeller)[0] is State.FINISHED
    assert "really empty" in labeller.dock.page.tiles.item(0).text()


def test_a_tile_whose_objects_are_deleted_later_is_not_said_to_be_really_empty(labeller):
    """Nobody was asked about it; and what is drawn in an empty one is not hidden."""
    labeller.start()
    row = labeller.dock.page.tiles.item(0)
    labeller.paint(*ROUND, label=1)
    labeller.key("D")
    assert row.text() == "1 ● done"
    labeller.dock.page.tiles.scrollToTop()
    labeller.click_cell("Tiles", 0, 0)
    labeller.hover_image(labeller.truth, *np.add(labeller.corner(), (6, 8)))
    labeller.key("X")
    labeller.wait(lambda: row.text() == "1 ● done, now empty: look again", "the list to follow")
    labeller.press("Ctrl+Z")
    labeller.wait(lambda: row.text() == "1 ● done", "the list to follow")
    labeller.press("Ctrl+Shift+Z")
    labeller.wait(lambda: "look again" in row.text(), "the list to follow")
    labeller.key("D")
    assert "Really empty?" in labeller.says()
    labeller.click("Yes, it is empty")
    assert row.text() == "1 ● done, really empty"
    labeller.click_cell("Tiles", 0, 0)
    labeller.paint(*ROUND, label=1)
    labeller.wait(lambda: row.text() == "1 ● done", "the list to follow")


def test_an_empty_tile_that_is_painted_on_is_empty_no_more(labeller):
    labeller.start()
    labeller.click("Finish tile")
    labeller.click("Yes, it is empty")
    row = labeller.dock.page.tiles.item(0)
    labeller.key("B")
    labeller.paint(*ROUND, label=1)
    labeller.key("T")
    assert "really empty" not in row.text()
    labeller.focus_canvas()
    labeller.press("Ctrl+Z")
    labeller.pause(50)
    labeller.key("T")
    assert "really empty" in row.text()
    labeller.click("Stop labelling")
    labeller.wait(lambda: labeller.sees("Go on labelling"), "what was begun")
    labeller.click("Go on labelling")
    labeller.wait(lambda: labeller.state.bench is not None, "the labels")
    assert "1 ● done, really empty" in labeller.dock.page.tiles.item(0).text()


def test_the_keyboard_alone_answers_and_the_harmless_answer_has_the_focus(labeller):
    labeller.start()
    labeller.key("D")
    labeller.press("Space")
    assert states(labeller)[0] is State.OPEN
    labeller.key("D")
    labeller.press("Shift+Tab")
    labeller.press("Space")
    assert states(labeller)[0] is State.FINISHED


def test_skipping_takes_a_reason(labeller):
    labeller.start()
    labeller.key("K")
    assert "Why is this tile left out?" in labeller.says()
    labeller.type("debris")
    labeller.click("Skip it")
    tile = labeller.state.plan.tiles[0]
    assert (tile.state, tile.reason) == (State.SKIPPED, "debris")
    assert "skipped: debris" in labeller.dock.page.tiles.item(0).text()
    assert labeller.state.current == 1


def test_without_a_reason_nothing_is_skipped(labeller):
    labeller.start()
    labeller.key("K")
    labeller.press("Delete")
    labeller.click("Skip it")
    assert states(labeller)[0] is State.OPEN
    assert "for a reason" in labeller.says()


@pytest.mark.parametrize("answer", ["Yes, it is empty", "Skip it"])
def test_a_question_goes_with_its_tile(labeller, answer):
    labeller.start()
    labeller.key("D" if "empty" in answer else "K")
    assert labeller.sees(answer)
    labeller.key("T")
    assert not labeller.sees(answer)
    assert set(states(labeller)) == {State.OPEN}


def test_a_click_that_was_asked_for_is_not_taken_in_another_tile(labeller):
    labeller.start()
    labeller.paint(*ROUND, label=1)
    labeller.click("Delete")
    labeller.dock.page.tiles.scrollToTop()
    for k in (1, 0):
        labeller.click_cell("Tiles", k, 0)
    labeller.click_image(labeller.truth, *np.add(labeller.corner(), (6, 8)))
    assert (labeller.truth.data == 1).any()
    labeller.click("Delete")
    labeller.click_cell("Tiles", 0, 0)  # the very tile that is in hand
    labeller.click_image(labeller.truth, *np.add(labeller.corner(), (6, 8)))
    assert (labeller.truth.data == 1).any()


def test_a_label_in_two_pieces_is_asked_about_and_each_gets_its_own(labeller):
    labeller.start()
    labeller.truth.brush_size = 4
    labeller.paint((9, 9), (9, 10), label=3)
    labeller.paint((22, 21), (22, 22), label=3)
    labeller.key("D")
    assert "Label 3 lies in separate pieces" in labeller.says()
    labeller.click("Go on")
    assert labeller.state.current == 0
    labeller.key("D")
    labeller.click("Separate them")
    assert labeller.state.plan.tiles[0].state is State.FINISHED
    assert set(np.unique(labeller.truth.data)) == {0, 3, 4}
    assert "2 objects" in labeller.dock.page.origins.text()


def test_one_object_may_lie_in_pieces(labeller):
    labeller.start()
    labeller.truth.brush_size = 4
    labeller.paint((9, 9), (9, 10), label=3)
    labeller.paint((22, 21), (22, 22), label=3)
    labeller.key("D")
    labeller.click("One object")
    assert labeller.state.plan.tiles[0].state is State.FINISHED
    assert set(np.unique(labeller.truth.data)) == {0, 3}


def test_what_is_said_while_a_question_stands_is_said_after_it(labeller):
    labeller.start()
    labeller.key("D")
    assert "Really empty?" in labeller.says()
    labeller.state.message = "Exported to here."
    assert "Really empty?" in labeller.says()
    labeller.key("K")
    assert "Why is this tile left out?" in labeller.says()
    labeller.click("Keep it")
    assert labeller.says() == "Exported to here."


@pytest.mark.parametrize("turned", [{"ndisplay": 3}, {"order": (1, 2, 0)}])
def test_tiles_are_framed_whatever_is_displayed_before_and_it_comes_back(stack, turned):
    axis = stack.dock.setup.axis
    axis.setCurrentIndex(axis.findData("z"))
    axis.activated.emit(axis.currentIndex())
    dims = stack.viewer.dims
    for name, value in turned.items():
        setattr(dims, name, value)
    stack.viewer.layers.selection.active = stack.viewer.layers["stack"]
    stack.start()
    assert (dims.ndisplay, dims.order) == (2, (0, 1, 2))
    assert stack.viewer.layers["tile to label"].visible
    stack.click("Stop labelling")
    for name, value in turned.items():
        assert getattr(dims, name) == value
    assert stack.viewer.layers.selection.active is stack.viewer.layers["stack"]


def test_keys_and_clicks_go_back_and_forth_and_reopen(labeller):
    labeller.start()
    labeller.key("T")
    assert labeller.state.current == 1
    labeller.key("B")
    assert labeller.state.current == 0
    labeller.key("B")
    assert labeller.state.current == len(labeller.state.plan.tiles) - 1
    labeller.dock.page.tiles.scrollToTop()
    labeller.click_cell("Tiles", 0, 0)
    assert labeller.state.current == 0
    labeller.paint(*ROUND, label=1)
    labeller.key("D")
    labeller.click_cell("Tiles", 0, 0)
    labeller.click("Reopen tile")
    assert states(labeller)[0] is State.OPEN


def test_painting_outside_is_said_at_once_and_undo_takes_it_back(labeller):
    labeller.start()
    labeller.viewer.reset_view()
    tile = labeller.state.tile
    far = (120.0, 120.0) if tile.box[2] < 64 else (8.0, 8.0)
    labeller.truth.selected_label = 1
    labeller.drag_image(labeller.truth, far, (far[0], far[1] + 2))
    labeller.pause(50)
    assert "outside of the tile" in labeller.says()
    assert labeller.truth.data.any()
    labeller.truth.undo()
    labeller.pause(50)
    assert labeller.says() == ""


def test_painting_outside_is_said_as_often_as_it_is_done(labeller):
    labeller.start()
    labeller.viewer.reset_view()
    y = 120.0 if labeller.state.tile.box[2] < 64 else 8.0
    labeller.truth.selected_label = 1
    labeller.drag_image(labeller.truth, (y, 60), (y, 62))
    assert "outside of the tile" in labeller.says()
    labeller.key("K")
    labeller.click("Keep it")
    labeller.viewer.reset_view()
    labeller.drag_image(labeller.truth, (y, 68), (y, 70))
    assert "outside of the tile" in labeller.says()


def test_painting_in_the_margin_is_part_of_the_tile(labeller):
    labeller.start()
    labeller.paint((-3, 10), (-3, 14), label=1)
    assert labeller.truth.data.any()
    assert labeller.says() == ""


def test_stopping_brings_everything_back_and_leaves_the_labels(labeller):
    before = look(labeller.viewer)
    labeller.start()
    labeller.paint(*ROUND, label=1)
    labeller.key("T")
    labeller.click("Stop labelling")
    after = look(labeller.viewer)
    assert after[0].pop("ground truth")[0]
    assert not after[0].pop("tile to label")[0]
    assert after == before
    assert labeller.dock.setup.isVisible()
    assert labeller.viewer.layers["ground truth"].data.any()


def test_a_tile_by_hand_is_the_middle_of_the_view_and_marked(labeller):
    labeller.start(draw="hand")
    assert labeller.state.plan.tiles == ()
    labeller.viewer.scene.camera.center = (20.0, 20.0)
    labeller.click("Tile by hand")
    tile = labeller.state.tile
    assert tile.draw is Draw.HAND
    assert tile.box == (0, 1, 24, 56, 24, 56)
    assert "chosen by hand" in labeller.dock.page.tiles.item(0).text()
    assert "no estimate" in labeller.dock.page.plan.text()


def test_the_image_may_be_renamed_while_its_tiles_are_labelled(labeller, tmp_path):
    labeller.start()
    labeller.viewer.layers["raw"].name = "nuclei"
    labeller.click("Tile by hand")
    assert labeller.state.tile.draw is Draw.HAND
    labeller.dock.desk.finish(empty=True)
    labeller.dock.exporter.export(tmp_path / "out")
    labeller.wait(lambda: "Exported to" in labeller.says(), "the export")
    assert len(list((tmp_path / "out" / "masks").iterdir())) == 1


def test_the_map_of_probabilities_is_never_chosen_unasked(labeller):
    draw = labeller.dock.setup.tiles.draw
    draw.setCurrentIndex(draw.findData("low confidence"))
    draw.activated.emit(draw.currentIndex())
    assert "Choose the map of probabilities" in labeller.dock.setup.hint.text()
    confidence = labeller.dock.setup.tiles.confidence
    assert [confidence.itemText(i) for i in range(confidence.count())] == ["choose…"]


def test_what_tiles_were_drawn_by_is_hidden_too(labeller):
    probability = labeller.viewer.add_image(np.full((128, 128), 0.4), name="probability")
    labeller.start(draw="low confidence", confidence=probability)
    assert not probability.visible
    labeller.click("Stop labelling")
    assert probability.visible


def test_when_the_labels_are_deleted_labelling_ends_quietly(labeller):
    labeller.start()
    labeller.window.hide()
    labeller.viewer.layers.remove(labeller.truth)
    assert labeller.state.bench is None
    assert labeller.viewer.layers["model"].visible


def test_when_the_prediction_is_deleted_labelling_goes_on(labeller):
    labeller.start()
    labeller.window.hide()
    labeller.viewer.layers.remove("model")
    assert labeller.state.bench.predictions == ()
    assert "nothing is scored" in labeller.dock.page.score.hint.text()


def test_closing_the_dock_shows_what_was_hidden(labeller):
    labeller.start()
    labeller.viewer.window.remove_dock_widget(labeller.dock)
    assert labeller.viewer.layers["model"].visible
    assert not labeller.viewer.layers["tile to label"].visible


def test_layers_of_another_shape_are_refused_with_a_way_out(labeller):
    setup = labeller.dock.setup
    labeller.viewer.add_labels(np.ones((8, 8), np.uint8), name="stardist")
    assert "“stardist” is 8 × 8 pixels" in setup.hint.text()
    assert not setup.start.isEnabled()
    setup.predictions.item(setup.predictions.count() - 1).setCheckState(Qt.CheckState.Unchecked)
    assert setup.start.isEnabled()
    setup.truth.setCurrentIndex(setup.truth.findText("stardist"))
    setup.truth.activated.emit(setup.truth.currentIndex())
    assert "labels of another image" in setup.hint.text()
    assert not setup.start.isEnabled()


@pytest.mark.parametrize(
    ("placed", "said"),
    [
        ({"translate": (20, 20)}, "lies (40, 40) pixels away from “raw”"),
        ({"scale": (2, 2)}, "has pixels of another size than “raw”: (2, 2), not (0.5, 0.5)"),
    ],
)
def test_a_prediction_that_lies_elsewhere_is_refused_with_a_way_out(labeller, placed, said):
    setup, model = labeller.dock.setup, labeller.viewer.layers["model"]
    for name, value in placed.items():
        setattr(model, name, value)
    enter(setup)
    assert said in setup.hint.text()
    assert "Crop both" in setup.hint.text()
    assert not setup.start.isEnabled()
    model.scale, model.translate = (0.5, 0.5), (0.1, 0)
    enter(setup)
    assert setup.start.isEnabled()


def test_a_prediction_without_a_place_of_its_own_is_taken_pixel_by_pixel(labeller):
    model = labeller.viewer.layers["model"]
    model.scale, model.units = (1, 1), ("pixel", "pixel")
    enter(labeller.dock.setup)
    assert labeller.dock.setup.start.isEnabled()


def test_every_control_has_a_name_and_says_what_it_does(labeller):
    labeller.start()
    labeller.key("K")  # so that a question stands too
    kinds = (QAbstractButton, QComboBox, QAbstractSpinBox, QAbstractItemView)
    controls = [w for kind in kinds for w in labeller.dock.findChildren(kind)]
    # what Qt puts inside of a combo box or a spin box is named by it
    inner = {x for w in controls for kind in kinds for x in w.findChildren(kind)}
    own = [w for w in controls if w not in inner]
    assert len(own) > 30
    for control in own:
        assert control.accessibleName() or control.text(), control
        assert control.toolTip(), control.accessibleName()


def test_panels_side_by_side_are_left_for_the_tile(labeller):
    labeller.viewer.canvas.grid.enabled = True
    labeller.start()
    assert not labeller.viewer.canvas.grid.enabled
    assert not labeller.state.correcting
