"""Every edit is one step of Ctrl+Z: labels, mask, origins, scores and what is saved go back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from labelled import objects
from napari_verdict.annotation.counting import Counter
from napari_verdict.annotation.scoring import estimate
from napari_verdict.annotation.tiles import State
from napari_verdict.report.resuming import resume

pytestmark = pytest.mark.gui
#: Within the two objects of a tile, and between them.
FIRST, SECOND, BETWEEN = (9, 9), (22, 21), (15, 15)


def at(person, place):
    return int(person.truth.data[tuple(person.corner() + place)])


def over(person, place, key):
    """Press a key with the mouse at a place of the tile."""
    person.hover_image(person.truth, *(person.corner() + place))
    person.key(key)


def select(person, place):
    person.truth.selected_label = at(person, place)


def split(person):
    person.key("S")
    way = [tuple(person.corner() + place) for place in ((2, 9), (10, 9), (16, 9))]
    person.drag_image(person.truth, *way)


def merge(person):
    select(person, (9, 6))
    over(person, (9, 12), "M")


def fill(person):
    select(person, (20, 19))  # beside the hole
    person.key("H")


def smooth(person):
    select(person, SECOND)
    person.key("J")


def propose(person):
    person.key("W")
    person.wait(lambda: "Proposed" in person.says(), "the proposal")


#: What is done to a tile that is labelled, one after another; each changes something.
STEPS: dict[str, Any] = {
    "paint": lambda p: p.paint(BETWEEN, (15, 17), label=90),
    "split": split,
    "merge": merge,
    "ambiguous": lambda p: over(p, FIRST, "Y"),
    "delete": lambda p: over(p, FIRST, "X"),
    "accept": lambda p: over(p, FIRST, "C"),
    "not ambiguous": lambda p: over(p, FIRST, "Y"),
    "a hole": lambda p: p.paint(SECOND, SECOND, label=0),
    "fill holes": fill,
    "a spike": lambda p: p.paint((16, 21), (17, 21), label=at(p, SECOND)),
    "smooth": smooth,
    "delete the other": lambda p: over(p, SECOND, "X"),
    "propose": propose,
}


def origins(found):
    return {k: (o.origin, o.pixels) for k, o in found if o.pixels}


def fresh(person):
    """The scores of the labels as they are now, counted anew."""
    plan, comparison = person.state.plan, person.dock.comparison()
    counter = Counter(plan, comparison)
    done = [k for k, t in enumerate(plan.tiles) if t.state is State.FINISHED]
    counts = {k: counter.count(plan.tiles[k]) for k in done}
    return estimate(plan, counts, comparison.settings)["model"].rows


def taken(person):
    """All that an edit moves, once the score is that of the labels."""
    person.focus_canvas()
    person.pause(50)
    rows = fresh(person)
    person.wait(lambda: person.state.estimates["model"].rows == rows, "the score to follow")
    mask = person.dock.desk.ambiguous
    return {
        "labels": person.truth.data.copy(),
        "mask": np.zeros_like(person.truth.data) if mask is None else mask.data > 0,
        "origins": origins(person.dock.work.keeper.origins),
        "score": rows,
    }


def same(one, other):
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def saved(person, known):
    """Wait until the disk holds what is known."""

    def there():
        kept = resume(person.dock.work.keeper.folder)
        mask = np.zeros(kept.labels.shape) if kept.ignore is None else kept.ignore > 0
        return (
            np.array_equal(kept.labels, known["labels"])
            and np.array_equal(mask, known["mask"])
            and origins(kept.origins) == known["origins"]
        )

    person.wait(there, "the disk")


@pytest.fixture
def scored(labeller):
    """The first of three finished tiles is in hand again, and predictions are shown."""
    labeller.start(number=12)
    for _ in range(3):
        labeller.give(objects())
        labeller.key("D")
    labeller.wait(lambda: labeller.state.estimates, "the score")
    labeller.click("Correcting: predictions are shown")
    labeller.dock.page.tiles.scrollToTop()
    labeller.click_cell("Tiles", 0, 0)
    labeller.truth.brush_size = 1
    return labeller


def back_and_forth(person, steps):
    """Do one step after another, undo them all and redo them all; return what was known of each."""
    known = [taken(person)]
    for name, step in steps.items():
        step(person)
        known.append(taken(person))
        moved = [k for k in ("labels", "mask") if not np.array_equal(known[-1][k], known[-2][k])]
        assert moved == ["mask" if "ambiguous" in name else "labels"], (name, person.says())
    saved(person, known[-1])
    for before in reversed(known[:-1]):
        person.press("Ctrl+Z")
        same(taken(person), before)
    saved(person, known[0])
    for after in known[1:]:
        person.press("Ctrl+Shift+Z")
        same(taken(person), after)
    saved(person, known[-1])
    return known


def test_every_edit_is_one_step_back_and_one_forth(scored):
    known = back_and_forth(scored, STEPS)
    assert len({str(k["score"]) for k in known}) > 5


def separate(person):
    person.key("D")
    person.click("Separate them")


def test_so_is_separating_the_pieces_of_a_label(scored):
    """The next tile is in hand by then."""
    pieces = {
        "one piece": lambda p: p.paint((28, 4), (28, 7), label=90),
        "another": lambda p: p.paint((28, 10), (28, 13), label=90),
        "separate": separate,
    }
    known = back_and_forth(scored, pieces)
    assert scored.state.current != 0
    gained = [len(k["origins"]) for k in known]
    assert np.diff(gained).tolist() == [1, 0, 1]


def in_plane(person, z, step):
    person.viewer.dims.set_current_step(0, person.state.tile.box[0] + z)
    step(person)


def interpolate(person):
    person.truth.selected_label = 90
    person.key("I")


def split_by_seeds(person):
    person.key("S")
    for place in ((7, 7), (11, 11)):
        person.click_image(person.truth, *(person.corner() + place))
        person.pause(30)


#: The same of a tile of six planes.
DEEP_STEPS: dict[str, Any] = {
    "the first plane": lambda p: in_plane(p, 0, lambda p: p.paint((28, 4), (28, 9), label=90)),
    "the last plane": lambda p: in_plane(p, 5, lambda p: p.paint((28, 8), (28, 13), label=90)),
    "interpolate": interpolate,
    "split by seeds": split_by_seeds,
    "ambiguous": lambda p: over(p, (7, 7), "Y"),
    "delete": lambda p: over(p, (22, 21), "X"),
    "accept": lambda p: over(p, (22, 21), "C"),
}


def test_so_are_interpolation_and_the_other_edits_of_a_volume(stack):
    stack.dock.setup.axis.setCurrentIndex(stack.dock.setup.axis.findData("z"))
    stack.dock.setup.axis.activated.emit(stack.dock.setup.axis.currentIndex())
    stack.start(number=12, depth=6)
    for _ in range(3):
        stack.give(np.repeat(objects()[np.newaxis], 12, axis=0))
        stack.key("D")
    stack.wait(lambda: stack.state.estimates, "the score")
    stack.click("Correcting: predictions are shown")
    stack.dock.page.tiles.scrollToTop()
    stack.click_cell("Tiles", 0, 0)
    stack.truth.brush_size = 1
    known = dict(zip(["before", *DEEP_STEPS], back_and_forth(stack, DEEP_STEPS), strict=True))
    z0 = stack.state.tile.box[0]
    filled = known["interpolate"]["labels"] == 90
    assert filled[z0 : z0 + 6].any(axis=(1, 2)).all()
    made = [known[step]["origins"][90][0] for step in ("the last plane", "interpolate")]
    assert made == ["drawn", "interpolated"]
    assert known["split by seeds"]["score"] != known["interpolate"]["score"]


def test_undo_of_a_stroke_of_another_tile_is_followed_and_saved(labeller):
    labeller.start(number=12)
    for _ in range(3):
        labeller.give(objects())
        labeller.key("D")
    labeller.wait(lambda: labeller.state.estimates, "the score")
    before = taken(labeller)
    labeller.press("Ctrl+Z")
    after = taken(labeller)
    assert np.count_nonzero(after["labels"]) < np.count_nonzero(before["labels"])
    assert after["score"] != before["score"]
    assert len(after["origins"]) < len(before["origins"])
    saved(labeller, after)


def test_undo_of_what_was_painted_before_labelling_began_is_followed(labeller):
    placed = {"scale": (0.5, 0.5), "units": ("um", "um")}
    layer = labeller.viewer.add_labels(objects(), name="mine", **placed)
    layer.paint((120, 120), 99)
    layer.paint((8, 8), 98)
    labeller.choose("Labels", "mine")
    labeller.click("Start labelling")
    labeller.wait(lambda: labeller.state.bench is not None, "the first tile")
    labeller.focus_canvas()
    labeller.press("Ctrl+Z", times=2)
    np.testing.assert_array_equal(layer.data, objects())
    known = {"labels": objects(), "mask": np.zeros((128, 128))}
    saved(labeller, known | {"origins": origins(labeller.dock.work.keeper.origins)})


def test_a_mark_is_taken_back_before_the_stroke_it_came_after(labeller):
    labeller.start()
    labeller.paint((6, 6), (6, 10), label=1)
    over(labeller, (6, 8), "Y")
    mask = labeller.viewer.layers["ignored (ambiguous)"]
    assert "left out of scores" in labeller.says()
    labeller.focus_canvas()
    labeller.press("Ctrl+Z")
    labeller.pause(50)
    assert not mask.data.any()
    assert labeller.truth.data.any()
    assert labeller.says() == ""
    labeller.press("Ctrl+Z")
    assert not labeller.truth.data.any()
    labeller.press("Ctrl+Shift+Z", times=2)
    assert mask.data.any()
