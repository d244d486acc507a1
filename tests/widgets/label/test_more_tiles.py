"""More tiles are drawn in a worker, and what is done meanwhile is not lost."""

from __future__ import annotations

import threading

import pytest

from labelled import objects
from napari_verdict.annotation.plan_text import to_json
from napari_verdict.annotation.sampling import draw_more
from napari_verdict.annotation.tiles import State
from napari_verdict.report.labelling_set import take_up_set
from napari_verdict.report.resuming import resume
from napari_verdict.widgets.label import more_tiles
from napari_verdict.widgets.label.keeper import plan_of

pytestmark = pytest.mark.gui
ROUND = ((6, 6), (6, 10), (10, 10), (10, 6))


class Slow:
    """Draws tiles when it is let."""

    def __init__(self):
        self.free, self.times = threading.Event(), 0

    def __call__(self, plan, n):
        self.times += 1
        assert self.free.wait(60)
        return draw_more(plan, n)


@pytest.fixture
def slow(monkeypatch):
    """A drawing that waits, as one of many thousands of tiles does."""
    drawing = Slow()
    monkeypatch.setattr(more_tiles, "draw_more", drawing)
    yield drawing
    drawing.free.set()


def number(person):
    return len(person.state.plan.tiles)


def more(person, n):
    person.wait(lambda: number(person) == n, f"{n} tiles")


def noted(person):
    """The plan as the disk has it, once it has all."""
    keeper = person.dock.work.keeper
    person.wait(lambda: keeper.is_saved, "it to be saved")
    return plan_of(resume(keeper.folder).notes)


def test_more_tiles_go_on_with_the_same_drawing(labeller):
    labeller.start(number=2)
    plan = labeller.state.plan
    labeller.click("More tiles")
    more(labeller, 6)
    assert labeller.state.plan == draw_more(plan, 4)
    assert labeller.dock.page.tiles.count() == 6
    assert labeller.says() == ""


def test_where_no_tile_is_left_it_is_said(labeller):
    labeller.start(number=16)
    for k in range(16):
        labeller.state.plan = labeller.state.plan.finish(k)
    labeller.click("More tiles")
    labeller.wait(lambda: "All tiles there are" in labeller.says(), "the words")
    assert labeller.state.current == 0


def test_it_says_that_it_draws_and_a_second_press_does_not_draw_twice(labeller, slow):
    labeller.start(number=2)
    labeller.click("More tiles")
    assert "Drawing tiles" in labeller.says()
    labeller.click("More tiles")
    labeller.pause(100)
    slow.free.set()
    more(labeller, 6)
    labeller.pause()
    assert number(labeller) == 6
    assert slow.times == 1
    assert labeller.says() == ""


def test_what_became_of_tiles_while_it_draws_is_kept(labeller, slow):
    labeller.start(number=3)
    labeller.click("More tiles")
    labeller.paint(*ROUND, label=1)
    labeller.key("D")
    labeller.dock.desk.skip("debris")
    labeller.click("Tile by hand")
    before = labeller.state.plan.tiles
    slow.free.set()
    more(labeller, 8)
    assert labeller.state.plan.tiles[:4] == before
    assert [t.state for t in before[:2]] == [State.FINISHED, State.SKIPPED]
    assert labeller.state.current == 3
    assert noted(labeller) == labeller.state.plan


def test_the_next_tile_comes_where_none_was_open(labeller, slow):
    labeller.start(number=1)
    labeller.give(objects())
    labeller.key("D")
    assert labeller.state.tile.state is State.FINISHED
    labeller.click("More tiles")
    slow.free.set()
    more(labeller, 5)
    assert labeller.state.current == 1
    assert labeller.state.tile.state is State.OPEN


def test_who_leaves_while_it_draws_gets_no_tiles(labeller, slow):
    labeller.start(number=2)
    labeller.click("More tiles")
    labeller.click("Stop labelling")
    slow.free.set()
    labeller.pause(300)
    assert labeller.state.plan is None
    labeller.wait(lambda: labeller.sees("Go on labelling"), "what was begun")
    labeller.click("Go on labelling")
    labeller.wait(lambda: labeller.state.bench is not None, "the labels")
    assert number(labeller) == 2
    labeller.click("More tiles")
    more(labeller, 6)


def test_a_second_person_is_given_no_tiles_that_the_first_asked_for(labeller, slow):
    labeller.start(number=3)
    for _ in range(3):
        labeller.give(objects())
        labeller.key("D")
    labeller.click("More tiles")
    labeller.dock.second.begin("ben")
    labeller.wait(lambda: labeller.dock.second.is_on, "the second")
    theirs = labeller.state.plan
    slow.free.set()
    labeller.pause(300)
    assert labeller.state.plan == theirs
    labeller.click("Back to the first")
    assert number(labeller) == 3


def test_added_tiles_are_noted_without_the_chances_of_all(labeller):
    labeller.start(number=2, draw="density")
    written = labeller.dock.work.keeper._plans
    notes = []
    record = written.record
    written.record = lambda *args, note, **more: (
        notes.append(note) or record(*args, note=note, **more)
    )
    labeller.click("More tiles")
    more(labeller, 6)
    labeller.click("Tile by hand")
    assert [list(n) for n in notes] == [["added"], ["added"]]
    assert [len(n["added"]) for n in notes] == [4, 1]
    plan = labeller.state.plan
    assert plan.weights
    again = noted(labeller)
    assert again.weights == plan.weights
    assert [t.place for t in again.tiles] == [t.place for t in plan.tiles]


def test_tiles_drawn_while_another_image_comes_are_kept(folder, slow):
    folder.start(number=9)
    first = folder.state.tile.image
    k = next(k for k, t in enumerate(folder.state.plan.tiles) if t.image != first)
    shelf, turns = folder.dock.shelf, []
    step = shelf._go_on

    def slowly():
        if shelf._steps is not None and not turns:
            turns.append(number(folder))
            slow.free.set()
            folder.pause(300)  # the tiles are drawn now
            turns.append(number(folder))
        step()

    shelf._turn.timeout.disconnect()
    shelf._turn.timeout.connect(slowly)
    folder.click("More tiles")
    folder.dock.desk.go(k)
    folder.wait(lambda: folder.state.current == k and folder.is_settled, "the other image")
    more(folder, 13)
    assert turns == [9, 9]  # nobody would have kept them in between
    folder.wait(lambda: not shelf.notes.state.waiting, "it to be saved")
    assert plan_of(take_up_set(shelf.notes.folder).notes) == folder.state.plan


def test_what_a_version_before_wrote_is_read(labeller):
    labeller.start(number=2)
    plan = labeller.state.plan
    done = {"tile": 0, "state": "finished", "reason": ""}
    whole = [{"plan": to_json(plan)}, done, {"plan": to_json(draw_more(plan.finish(0), 4))}]
    assert plan_of(whole) == draw_more(plan.finish(0), 4)
    torn = [{"added": [{"image": "raw"}]}, {"tile": 99, "state": "finished", "reason": ""}]
    assert plan_of([*whole, *torn]) == plan_of(whole)
