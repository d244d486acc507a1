"""Objects are edited by a key or a click or two: one step back each, and the brush armed again."""

from __future__ import annotations

import numpy as np
import pytest

from napari_verdict.report.resuming import resume

pytestmark = pytest.mark.gui
#: Within the two objects of a tile, and between them.
FIRST, SECOND, BETWEEN = (9, 9), (22, 21), (15, 15)


@pytest.fixture
def tile(labeller):
    """The first tile, with both of its objects labelled."""
    from labelled import objects

    labeller.start()
    labeller.give(objects())
    return labeller


def at(person, place):
    """The label at a place of the tile in hand."""
    return int(person.truth.data[tuple(person.corner() + place)])


def hover(person, place):
    person.hover_image(person.truth, *(person.corner() + place))


def back(person):
    """Undo one step, and say whether the brush is armed."""
    assert person.truth.mode == "paint"
    assert person.viewer.layers.selection.active is person.truth
    person.truth.undo()
    person.pause(50)


def test_new_object_is_the_next_free_label(tile):
    highest = int(tile.truth.data.max())
    tile.key("O")
    assert tile.truth.selected_label == highest + 1
    tile.paint(BETWEEN, BETWEEN)
    tile.click("New object")
    assert tile.truth.selected_label == highest + 2


def test_delete_by_key_takes_what_is_under_the_mouse_and_by_button_what_is_clicked(tile):
    first, second = at(tile, FIRST), at(tile, SECOND)
    hover(tile, FIRST)
    tile.key("X")
    assert (at(tile, FIRST), at(tile, SECOND)) == (0, second)
    back(tile)
    assert at(tile, FIRST) == first
    tile.click("Delete")
    assert "Click the object to delete" in tile.says()
    tile.click_image(tile.truth, *(tile.corner() + SECOND))
    assert (at(tile, FIRST), at(tile, SECOND)) == (first, 0)
    back(tile)
    assert at(tile, SECOND) == second


def test_merge_gives_the_selected_label(tile):
    tile.truth.selected_label = at(tile, FIRST)
    second = at(tile, SECOND)
    hover(tile, SECOND)
    tile.key("M")
    assert at(tile, SECOND) == at(tile, FIRST) != second
    back(tile)
    assert at(tile, SECOND) == second


def test_a_line_that_is_dragged_splits_the_object_it_crosses(tile):
    first = at(tile, FIRST)
    tile.key("S")
    corner = tile.corner()
    tile.drag_image(tile.truth, tuple(np.add(corner, (2, 9))), tuple(np.add(corner, (10, 9))),
                    tuple(np.add(corner, (16, 9))))  # fmt: skip
    left, right = at(tile, (9, 6)), at(tile, (9, 12))
    assert left != right
    assert first in (left, right)
    back(tile)
    assert at(tile, (9, 6)) == at(tile, (9, 12)) == first


def test_two_clicks_split_an_object(tile):
    tile.key("S")
    corner = tile.corner()
    tile.click_image(tile.truth, *np.add(corner, (6, 9)))
    assert "other part" in tile.says()
    tile.click_image(tile.truth, *np.add(corner, (12, 9)))
    assert at(tile, (6, 9)) != at(tile, (12, 9))
    assert 0 not in (at(tile, (6, 9)), at(tile, (12, 9)))
    back(tile)
    assert at(tile, (6, 9)) == at(tile, (12, 9))


def test_holes_are_filled_and_outlines_smoothed(tile):
    first = tile.truth.selected_label = at(tile, FIRST)
    tile.truth.brush_size = 1
    tile.paint((9, 9), (9, 9), label=0)
    assert at(tile, FIRST) == 0
    tile.truth.selected_label = first
    tile.key("H")
    assert at(tile, FIRST) == first
    tile.paint((3, 9), (4, 9))  # a spike
    before = tile.truth.data.copy()
    tile.key("J")
    assert at(tile, (3, 9)) == 0
    back(tile)
    np.testing.assert_array_equal(tile.truth.data, before)


def test_the_same_key_again_takes_the_question_back(tile):
    tile.key("S")
    assert tile.truth.mode == "pan_zoom"
    tile.key("S")
    assert tile.truth.mode == "paint"
    assert tile.says() == ""
    before = tile.truth.data.copy()
    tile.click_image(tile.truth, *np.add(tile.corner(), (15, 15)))
    assert (tile.truth.data != before).any()


def test_what_cannot_be_done_is_said_in_a_sentence(tile):
    hover(tile, BETWEEN)
    tile.key("X")
    assert "only background" in tile.says()
    tile.key("I")
    assert "single planes" in tile.says()
    hover(tile, FIRST)
    tile.key("C")
    assert "labelling blind" in tile.says()


def test_an_ambiguous_object_goes_to_the_ignore_mask_and_back(tile):
    hover(tile, FIRST)
    tile.key("Y")
    mask = tile.viewer.layers["ignored (ambiguous)"]
    place = tuple(tile.corner() + FIRST)
    assert mask.data[place]
    assert at(tile, FIRST)
    assert tile.viewer.layers.selection.active is tile.truth
    assert mask.visible
    assert not tile.state.correcting
    assert not tile.viewer.layers["model"].visible
    hover(tile, FIRST)
    tile.key("Y")
    assert not mask.data[place]


def test_what_was_accepted_in_part_is_not_accepted_unchanged(labeller):
    labeller.start()
    labeller.click("Correcting: predictions are shown")
    hover(labeller, FIRST)
    labeller.key("C")
    assert "1 accepted" in labeller.dock.page.origins.text()
    labeller.truth.undo()
    labeller.truth.brush_size = 3
    labeller.paint((7, 6), (7, 12), label=9)
    hover(labeller, (12, 9))
    labeller.key("C")
    assert "1 edited" in labeller.dock.page.origins.text()
    assert "unchanged" not in labeller.dock.page.origins.text()


def test_objects_are_proposed_from_the_image(labeller):
    labeller.start()
    labeller.click("Propose objects")
    labeller.wait(lambda: labeller.truth.data.any(), "the proposal")
    assert at(labeller, FIRST) != at(labeller, SECOND)
    assert 0 not in (at(labeller, FIRST), at(labeller, SECOND))
    assert "brighter than" in labeller.says()
    back(labeller)
    assert not labeller.truth.data.any()


def test_proposing_again_takes_the_other_side_of_the_threshold_but_what_was_changed(labeller):
    labeller.start()
    labeller.key("W")
    labeller.wait(lambda: at(labeller, FIRST), "the proposal")
    first = at(labeller, FIRST)
    hover(labeller, SECOND)
    labeller.key("X")
    labeller.truth.brush_size = 5
    labeller.paint((9, 9), (4, 4), label=first)
    before = labeller.truth.data.copy()
    labeller.key("W")
    labeller.wait(lambda: "darker than" in labeller.says(), "the other proposal")
    after = labeller.truth.data
    np.testing.assert_array_equal(after[before == first], first)
    assert at(labeller, SECOND) == 0
    assert len(np.unique(after)) > 2
    back(labeller)
    np.testing.assert_array_equal(labeller.truth.data, before)


def test_objects_are_proposed_from_a_stained_image_in_colour(labeller):
    raw = labeller.viewer.layers["raw"].data.astype(float)
    stained = np.stack([255 - 200 * raw, 0 * raw + 230, 0 * raw + 240], -1).astype(np.uint8)
    placed = {"scale": (0.5, 0.5), "units": ("um", "um")}
    layer = labeller.viewer.add_image(stained, name="stained", rgb=True, **placed)
    labeller.start(raw=layer)
    labeller.key("W")
    labeller.wait(lambda: labeller.truth.data.any(), "the proposal")
    assert "in the red channel" in labeller.says()
    assert "darker than" in labeller.says()
    assert 0 not in (at(labeller, FIRST), at(labeller, SECOND))


def test_correcting_shows_predictions_and_accepts_what_is_under_the_mouse(labeller):
    labeller.start()
    model = labeller.viewer.layers["model"]
    labeller.click("Correcting: predictions are shown")
    assert model.visible
    hover(labeller, FIRST)
    labeller.key("C")
    assert at(labeller, FIRST)
    place = tuple(labeller.corner() + FIRST)
    shape = model.data == model.data[place]
    np.testing.assert_array_equal(labeller.truth.data > 0, shape)
    hover(labeller, FIRST)
    labeller.key("C")
    assert "already here" in labeller.says()
    labeller.click("Accept over it")
    assert at(labeller, FIRST)
    labeller.click("Correcting: predictions are shown")
    assert not model.visible


def test_of_several_predictions_the_one_that_is_seen_is_accepted_from(labeller):
    other = labeller.viewer.layers["model"].data.copy()
    other[other > 0] += 100
    layer = labeller.viewer.add_labels(other, name="stardist", scale=(0.5, 0.5), units=("um", "um"))
    labeller.start()
    assert len(labeller.state.bench.predictions) == 2
    labeller.click("Correcting: predictions are shown")
    labeller.viewer.layers["model"].visible = False
    hover(labeller, FIRST)
    labeller.key("C")
    assert at(labeller, FIRST)
    assert "flatters stardist" in labeller.dock.page.origins.text()
    layer.visible = False
    labeller.key("C")
    assert "No prediction is seen" in labeller.says()


def test_showing_a_prediction_by_other_means_ends_blindness(labeller):
    labeller.start()
    labeller.viewer.layers["model"].visible = True
    assert labeller.state.correcting
    assert "no longer labelling blind" in labeller.says()
    assert labeller.viewer.layers["model"].visible


def test_a_prediction_that_was_hidden_before_is_shown_by_its_eye_and_by_correcting(labeller):
    model = labeller.viewer.layers["model"]
    model.visible = False
    labeller.start()
    model.visible = True
    assert model.visible
    assert labeller.state.correcting
    labeller.click("Correcting: predictions are shown")
    assert not model.visible
    labeller.click("Correcting: predictions are shown")
    assert model.visible
    labeller.click("Stop labelling")
    assert not model.visible


def test_what_a_held_key_shows_is_that_alone_and_all_is_as_it_was_at_the_end(labeller):
    from napari_verdict.viewer.flip import Hold

    viewer = labeller.viewer
    viewer.add_labels(viewer.layers["model"].data, name="stardist", scale=(0.5, 0.5))
    before = {x.name: x.visible for x in viewer.layers}
    labeller.start()
    hold = Hold(viewer)
    hold.press([viewer.layers["stardist"]])
    assert [x.name for x in viewer.layers if x.visible] == ["stardist"]
    hold.release()
    assert labeller.state.correcting  # it was seen
    labeller.click("Stop labelling")
    assert {x.name: x.visible for x in viewer.layers if x.name in before} == before


def test_a_layer_that_is_hidden_when_it_comes_is_told_of(labeller):
    labeller.start()
    labeller.viewer.add_labels(np.ones((9, 9), int), name="cellpose")
    assert "“cellpose” is hidden while you label blind" in labeller.says()
    notes = labeller.viewer.add_points(name="notes", ndim=2)
    assert notes.visible
    assert not labeller.state.correcting


def test_ambiguous_over_background_makes_no_mask(tile):
    hover(tile, (1, 1))
    tile.key("Y")
    assert "no object here" in tile.says()
    assert not [x for x in tile.viewer.layers if "ambiguous" in x.name]


def test_the_brush_has_a_label_in_the_next_tile_where_the_eraser_was_left(tile):
    tile.truth.selected_label = 0
    tile.key("D")
    assert tile.truth.selected_label > tile.truth.data.max()


def test_without_raw_labelling_ends_with_a_word_and_goes_on_when_it_is_back(tile):
    raw = tile.viewer.layers["raw"]
    saved = tile.dock.work.keeper.folder
    tile.viewer.window._qt_window.hide()
    tile.viewer.layers.remove(raw)
    tile.viewer.window._qt_window.show()
    assert tile.state.bench is None
    assert "“raw” was deleted" in tile.dock.setup.hint.text()
    tile.wait(lambda: resume(saved).labels.any(), "the labels on the disk")


def test_a_raw_that_goes_while_tiles_are_drawn_is_told_of(labeller):
    labeller.dock.setup.tiles.size.setValue(32)
    labeller.click("Start labelling")
    labeller.viewer.window._qt_window.hide()
    labeller.viewer.layers.remove("raw")
    labeller.viewer.window._qt_window.show()
    labeller.wait(lambda: not labeller.dock.starting.job.is_busy, "the tiles")
    labeller.pause()
    assert labeller.state.bench is None
    assert "“raw” was deleted" in labeller.dock.setup.hint.text()
