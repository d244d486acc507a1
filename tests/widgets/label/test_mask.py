"""The mask of what nobody can tell: deleted, made anew, taken up; nothing of it is lost."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from labelled import objects
from napari_verdict.report.resuming import resume
from napari_verdict.widgets.label import keeper

pytestmark = pytest.mark.gui
FIRST, SECOND = (9, 9), (22, 21)


@pytest.fixture
def slow(monkeypatch):
    """Marks that were deleted are found when it is let, as in a large volume."""
    free, clear = threading.Event(), keeper._clear

    def slowly(*values):
        assert free.wait(60)
        clear(*values)

    monkeypatch.setattr(keeper, "_clear", slowly)
    yield free
    free.set()


@pytest.fixture
def marked(labeller):
    """Somebody who marked an object of the first tile as ambiguous."""
    labeller.start()
    labeller.give(objects())
    mark(labeller, FIRST)
    return labeller


def mark(person, place):
    person.hover_image(person.truth, *np.add(person.corner(), place))
    person.key("Y")


def delete_mask(person):
    person.window.hide()
    person.viewer.layers.remove("ignored (ambiguous)")
    person.window.show()


def is_marked(person, place):
    """Whether the disk says so of a place of the tile in hand."""
    ignore = resume(person.dock.work.keeper.folder).ignore
    return ignore is not None and bool(ignore[tuple(np.add(person.corner(), place))])


def test_a_mark_made_after_the_mask_was_deleted_stays(marked, slow):
    delete_mask(marked)
    assert not marked.dock.work.keeper.is_saved
    mark(marked, SECOND)
    slow.set()
    marked.wait(lambda: marked.dock.work.keeper.is_saved, "it to be saved")
    assert is_marked(marked, SECOND)
    assert not is_marked(marked, FIRST)


def test_labelling_may_end_before_the_deleted_marks_are_found(marked, slow):
    folder = marked.dock.work.keeper.folder
    marked.wait(lambda: is_marked(marked, FIRST), "the mark on the disk")
    delete_mask(marked)
    marked.click("Stop labelling")
    assert resume(folder).ignore.any()
    slow.set()
    keeper.wait_for_end(folder)
    assert not resume(folder).ignore.any()


def test_a_mask_that_was_taken_up_is_followed(marked):
    marked.click("Stop labelling")
    marked.window.hide()
    for name in ("ground truth", "ignored (ambiguous)"):
        marked.viewer.layers.remove(name)
    marked.window.show()
    marked.wait(lambda: marked.sees("Go on labelling"), "what was begun")
    marked.click("Go on labelling")
    marked.wait(lambda: marked.state.bench is not None, "the labels")
    marked.pause()
    mark(marked, SECOND)
    marked.wait(lambda: is_marked(marked, SECOND), "the other mark on the disk")
    mark(marked, FIRST)
    assert "counts again" in marked.says()
    marked.wait(lambda: not is_marked(marked, FIRST), "the first one gone from the disk")
    assert is_marked(marked, SECOND)
