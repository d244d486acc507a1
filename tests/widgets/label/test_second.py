"""Somebody else labels some tiles again, blind; how far the two agree stands beside the score."""

from __future__ import annotations

import numpy as np
import pytest

from labelled import objects
from napari_verdict.report.resuming import resume
from napari_verdict.widgets.label.dock import LabelWidget
from napari_verdict.widgets.label.keeper import plan_of, wait_for_end

pytestmark = pytest.mark.gui


@pytest.fixture
def three(labeller):
    """Three tiles are finished."""
    labeller.start(number=12)
    for _ in range(3):
        labeller.give(objects())
        labeller.key("D")
    return labeller


def ask(person, name):
    """Give the desk to a second person."""
    first = person.truth
    person.click("Second annotator…")
    assert "Who gives the second opinion?" in person.says()
    person.type(name)
    person.click("Begin")
    person.wait(lambda: person.truth is not first, "the second layer")


def label_all(person, n):
    """Label n tiles, without the objects of the first tile of the image."""
    labels = objects()
    labels[np.isin(labels, [1, 2])] = 0
    for _ in range(n):
        person.give(labels)
        person.dock.desk.finish(empty=True)


def agreement(person):
    return person.dock.page.agreement.text()


def start_again(person):
    """Close everything, and open the dock as after a new start."""
    person.dock.stop()
    person.window.hide()
    made = "ground truth", "ignored"
    for layer in [x for x in person.viewer.layers if x.name.startswith(made)]:
        person.viewer.layers.remove(layer)
    person.window.show()
    person.viewer.window.remove_dock_widget(person.dock)
    person.dock = LabelWidget(person.viewer)
    person.viewer.window.add_dock_widget(person.dock, name="Label ground truth", area="right")
    person.wait(lambda: person.sees("Go on labelling"), "what was begun")


def test_a_second_person_labels_finished_tiles_blind_and_agreement_is_shown(three):
    first, plan = three.truth, three.state.plan
    three.hover_image(three.truth, *np.add(three.corner(), (9, 9)))
    three.give(objects())
    three.key("Y")
    mask = three.viewer.layers["ignored (ambiguous)"]
    ask(three, "bob")
    assert not first.visible
    assert not mask.visible
    assert not three.viewer.layers["model"].visible
    assert not three.truth.data.any()
    assert len(three.state.plan.tiles) == 3
    label_all(three, 3)
    three.wait(lambda: "(3 tiles)" in agreement(three), "the agreement")
    assert "anyone and bob agree with F1" in agreement(three)
    three.click("Back to the first")
    assert three.truth is first
    assert first.visible
    assert mask.visible
    assert three.dock.desk.ambiguous is mask
    assert three.state.plan == plan
    three.pause(600)
    assert agreement(three).startswith("anyone and bob agree with F1")
    three.paint((6, 6), (6, 10), label=99)
    assert "anyone" in three.dock.work.keeper.folder
    three.click("Stop labelling")
    assert {"ground truth", "ground truth · bob"} <= {x.name for x in three.viewer.layers}


def test_after_a_new_start_the_agreement_is_shown_from_the_disk(three):
    ask(three, "bob")
    label_all(three, 3)
    three.wait(lambda: "(3 tiles)" in agreement(three), "the agreement")
    said = agreement(three)
    start_again(three)
    labels = three.dock.setup.truth
    assert labels.currentText().startswith("go on: anyone")
    assert labels.itemText(labels.currentIndex() + 1).startswith("go on: bob (second opinion)")
    three.click("Go on labelling")
    three.wait(lambda: agreement(three), "the agreement")
    assert agreement(three) == said


def test_an_image_that_is_renamed_meanwhile_keeps_its_place(three):
    three.viewer.layers["raw"].name = "my cells"
    ask(three, "bob")
    label_all(three, 3)
    three.wait(lambda: "(3 tiles)" in agreement(three), "the agreement")
    assert three.dock.work.keeper.folder.endswith("raw.labels/bob")
    three.click("Back to the first")
    three.viewer.layers["my cells"].name = "raw"
    start_again(three)
    three.click("Go on labelling")
    three.wait(lambda: "(3 tiles)" in agreement(three), "the agreement")


def test_a_second_person_goes_on_where_they_left(three):
    ask(three, "bob")
    label_all(three, 2)
    labels = three.truth.data.copy()
    start_again(three)
    three.click("Go on labelling")
    three.wait(lambda: "(2 tiles)" in agreement(three), "the agreement so far")
    ask(three, "bob")
    np.testing.assert_array_equal(three.truth.data, labels)
    assert three.state.current == 2
    assert three.dock.work.keeper.folder.endswith("bob")
    label_all(three, 1)
    three.wait(lambda: "(3 tiles)" in agreement(three), "the agreement")


def test_others_labels_of_the_same_tiles_are_no_second_opinion(three):
    three.click("Stop labelling")
    three.wait(lambda: three.sees("Go on labelling"), "what was begun")
    three.choose("Labels", "a new layer")
    three.start(number=12)
    label_all(three, 3)
    start_again(three)
    three.click("Go on labelling")
    three.wait(lambda: three.state.estimates, "the score")
    three.pause(500)
    assert agreement(three) == ""


def test_tiles_the_second_was_not_given_are_given_once_the_first_finishes_them(labeller):
    labeller.start(number=4)
    labeller.give(objects())
    labeller.dock.desk.finish()
    labeller.dock.desk.skip("debris")
    for _ in range(2):
        labeller.give(objects())
        labeller.dock.desk.finish()
    ask(labeller, "bob")
    assert [str(t.state) for t in labeller.state.plan.tiles] == ["open", "skipped", "open", "open"]
    label_all(labeller, 3)
    assert [str(t.state) for t in labeller.state.plan.tiles][:2] == ["finished", "skipped"]
    labeller.click("Back to the first")
    labeller.dock.desk.go(1)
    labeller.dock.desk.finish(empty=True)
    ask(labeller, "bob")
    assert [str(t.state) for t in labeller.state.plan.tiles][:2] == ["finished", "open"]


def test_agreement_follows_what_either_paints_and_undoes(three):
    ask(three, "bob")
    label_all(three, 3)
    three.wait(lambda: "(3 tiles)" in agreement(three), "the agreement")
    before = agreement(three)
    three.dock.desk.go(0)
    three.truth.data_setitem(np.nonzero(three.truth.data), 0)
    three.wait(lambda: agreement(three) != before, "what is left of it")
    three.truth.undo()
    three.wait(lambda: agreement(three) == before, "the agreement as it was")
    three.click("Back to the first")
    three.dock.desk.go(0)
    three.truth.data_setitem(np.nonzero(three.truth.data), 0)
    three.wait(lambda: agreement(three) != before, "what is left of it")


def test_what_is_off_for_the_second_says_why_and_is_on_again_for_the_first(three):
    page = three.dock.page
    controls = {
        "Accept": page.edits.buttons["accept"],
        "Correcting": page.correcting,
        "More tiles": page.more,
        "Tile by hand": page.by_hand,
    }
    before = {name: c.toolTip() for name, c in controls.items()}
    assert all(c.isEnabled() for c in controls.values())
    ask(three, "bob")
    assert not any(c.isEnabled() for c in controls.values())
    assert "no predicted object to accept" in controls["Accept"].toolTip()
    assert "predictions stay hidden" in controls["Correcting"].toolTip()
    assert "go back to the first" in controls["More tiles"].toolTip()
    assert "so none is added by hand" in controls["Tile by hand"].toolTip()
    assert page.edits.buttons["mark ambiguous"].isEnabled()
    three.hover_image(three.truth, *np.add(three.corner(), (9, 9)))
    three.key("C")
    assert three.says() == f"{controls['Accept'].toolTip()}."
    three.click("Back to the first")
    assert {name: c.toolTip() for name, c in controls.items()} == before
    assert all(c.isEnabled() for c in controls.values())


def test_a_second_stays_blind_whatever_is_shown(three):
    first = three.truth
    ask(three, "bob")
    for layer in (three.viewer.layers["model"], first):
        layer.visible = True
        three.pause(50)
        assert not layer.visible
        assert f"“{layer.name}” stays hidden" in three.says()
    assert not three.state.correcting
    assert not three.dock.page.correcting.isChecked()
    assert not three.dock.work.keeper.corrected
    three.click("Back to the first")
    three.viewer.layers["model"].visible = True
    assert three.state.correcting


def move_prediction(person, by):
    """Let the prediction lie elsewhere than raw, or where it was."""
    person.viewer.layers["model"].translate = (by, by)
    person.pause()


def test_a_prediction_that_was_moved_stands_in_no_ones_way(three):
    move_prediction(three, 40)
    ask(three, "bob")
    three.wait(lambda: "Nothing is scored" in three.says(), "the reason")
    for _ in range(2):
        three.give(objects())
        three.key("D")
    move_prediction(three, 0)
    three.give(objects())
    three.key("D")
    three.wait(lambda: "(3 tiles)" in agreement(three), "the agreement")
    three.click("Back to the first")
    move_prediction(three, 40)
    for _ in range(2):
        three.give(objects())
        three.key("D")
    assert three.state.current == 5
    three.click("Stop labelling")
    wait_for_end(three.home / "napari-verdict" / "raw.labels" / "anyone")
    kept = plan_of(resume(three.home / "napari-verdict" / "raw.labels" / "anyone").notes)
    assert [str(t.state) for t in kept.tiles[:6]] == ["finished"] * 5 + ["open"]


def test_the_name_is_taken_as_it_is_written(three):
    ask(three, "any")  # "anyone again" is offered
    assert three.dock.work.keeper.annotator == "any"
    three.click("Back to the first")
    ask(three, "anyone")
    assert three.dock.work.keeper.annotator == "anyone again"


def delete(person, layer):
    person.window.hide()
    person.viewer.layers.remove(layer)
    person.window.show()
    person.window.activateWindow()
    person.pause()


def test_a_second_whose_layer_is_deleted_gives_the_desk_back(three):
    first = three.truth
    ask(three, "bob")
    three.give(objects())
    painted = three.truth.data.copy()
    delete(three, three.truth)
    assert three.truth is first
    assert "was deleted, so the first is back" in three.says()
    assert not three.dock.second.is_on
    ask(three, "bob")
    np.testing.assert_array_equal(three.truth.data, painted)


def test_layers_of_the_first_that_are_deleted_meanwhile_are_not_gone_on_with(three):
    first = three.truth
    ask(three, "bob")
    delete(three, three.viewer.layers["model"])
    three.click("Back to the first")
    assert three.state.bench.predictions == ()
    ask(three, "bob")
    delete(three, first)
    assert three.dock.second.is_on
    three.click("Back to the first")
    assert three.state.bench is None
    three.wait(lambda: three.sees("Go on labelling"), "the labels on the disk")


def mark(person, at=(9, 9)):
    """Mark the object at a place of the tile in hand as ambiguous, with the key."""
    person.hover_image(person.truth, *np.add(person.corner(), at))
    person.key("Y")


def mask_of(person):
    return person.viewer.layers["ignored (ambiguous) · bob"]


def with_one_more(person):
    """The squares, and in the tile in hand one that nobody else sees."""
    labels = objects()
    y, x = person.corner()
    labels[y + 22 : y + 29, x + 4 : x + 11] = 77
    return labels


def sees_one_more(person):
    """Let the second see one object in their first tile that the first does not."""
    ask(person, "bob")
    person.give(with_one_more(person))
    person.key("D")
    for _ in range(2):
        person.give(objects())
        person.key("D")
    person.wait(lambda: "F1 0.92 (3 tiles)" in agreement(person), "the agreement")
    person.dock.desk.go(0)


def test_what_the_second_cannot_tell_is_left_out_of_the_agreement(three):
    sees_one_more(three)
    mark(three, (25, 7))
    assert three.says() == "Object 77 is left out of scores."
    mask = mask_of(three)
    np.testing.assert_array_equal(mask.data > 0, three.truth.data == 77)
    three.wait(lambda: "F1 1.00 (3 tiles)" in agreement(three), "what they agree on")
    three.press("Ctrl+Z")
    three.wait(lambda: "F1 0.92 (3 tiles)" in agreement(three), "what they differ on")
    three.press("Ctrl+Shift+Z")
    three.wait(lambda: "F1 1.00 (3 tiles)" in agreement(three), "what they agree on")
    score = three.dock.page.score.lines["model"][0].text()
    three.click("Back to the first")
    assert not mask.visible
    assert three.dock.desk.ambiguous is None
    assert "F1 1.00 (3 tiles)" in agreement(three)
    assert three.dock.page.score.lines["model"][0].text() == score
    folder = three.home / "napari-verdict" / "raw.labels"
    three.wait(lambda: resume(folder / "bob").ignore is not None, "the mask on the disk")
    assert resume(folder / "anyone").ignore is None


def test_what_either_marked_is_left_out_and_neither_changes_the_others_mask(three):
    three.dock.desk.go(0)
    three.give(with_one_more(three))
    mark(three, (25, 7))
    firsts = three.viewer.layers["ignored (ambiguous)"]
    marked = firsts.data.copy()
    ask(three, "bob")
    for _ in range(3):
        three.give(objects())
        three.key("D")
    three.wait(lambda: "F1 1.00 (3 tiles)" in agreement(three), "what they agree on")
    three.dock.desk.go(1)
    mark(three)
    assert mask_of(three).data.any()
    np.testing.assert_array_equal(firsts.data, marked)
    kept = resume(three.home / "napari-verdict" / "raw.labels" / "anyone").ignore
    np.testing.assert_array_equal(kept, marked)
    three.click("Back to the first")
    assert "deleted" not in three.says()
    assert firsts.visible
    assert three.dock.desk.ambiguous is firsts
    three.dock.desk.go(0)
    mark(three, (25, 7))  # counts again
    three.wait(lambda: "F1 0.91 (3 tiles)" in agreement(three), "what they differ on")


def test_the_seconds_mask_is_taken_up_after_a_new_start(three):
    sees_one_more(three)
    mark(three, (25, 7))
    three.wait(lambda: "F1 1.00 (3 tiles)" in agreement(three), "what they agree on")
    said, marked = agreement(three), mask_of(three).data.copy()
    start_again(three)
    three.click("Go on labelling")
    three.wait(lambda: agreement(three), "the agreement")
    assert agreement(three) == said
    ask(three, "bob")
    np.testing.assert_array_equal(mask_of(three).data, marked)
    assert mask_of(three).visible


def test_layers_of_the_second_are_gone_on_with(three):
    ask(three, "bob")
    three.give(objects())
    mark(three)
    bobs, mask, painted = three.truth, mask_of(three), three.truth.data.copy()
    three.click("Back to the first")
    three.pause(300)
    n = len(three.viewer.layers)
    ask(three, "bob")
    assert three.truth is bobs
    assert three.dock.desk.ambiguous is mask
    assert bobs.visible
    assert mask.visible
    assert len(three.viewer.layers) == n
    np.testing.assert_array_equal(three.truth.data, painted)
