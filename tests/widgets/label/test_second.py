"""Somebody else labels some tiles again, blind; how far the two agree stands beside the score."""

from __future__ import annotations

import numpy as np
import pytest

from labelled import objects
from napari_verdict.widgets.label.dock import LabelWidget

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
    for layer in [x for x in person.viewer.layers if x.name.startswith("ground truth")]:
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
    assert "agree with F1" in agreement(three)
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
