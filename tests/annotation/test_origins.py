"""Every object knows how it came to be as it is, who made it and in what time."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import discs
from napari_verdict.annotation.edits import Change
from napari_verdict.annotation.objects import accept, delete, free_labels, merge
from napari_verdict.annotation.origins import Action, Origin, Origins, Step, from_rows
from napari_verdict.annotation.shaping import interpolate, smooth
from napari_verdict.annotation.splitting import split_by_line
from napari_verdict.annotation.starting_point import Foreground, starting_point

ALL = (slice(0, 40), slice(0, 40))
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


class Desk:
    """Labels that are edited, with their origins and a history, as a window has them."""

    def __init__(self, labels=None):
        self.labels = np.zeros((40, 40), np.uint16) if labels is None else labels
        self.origins, self.history, self.steps = Origins(), [], 0

    def do(self, change, action=Action.PAINT, annotator="ann", seconds=0.0, source=""):
        self.steps += 1
        at = NOON + timedelta(minutes=self.steps)
        before = change.before(self.labels)
        step = Step(action, annotator, at, seconds, source)
        self.origins = self.origins.after(change, before, step)
        change.write(self.labels)
        self.history.append(Change(change.at, before))
        return self

    def undo(self):
        change = self.history.pop()
        self.do(change, Action.UNDO)
        return self.history.pop()

    def paint(self, box, label, **options):
        at = np.arange(self.labels.size).reshape(self.labels.shape)[box].ravel()
        values = np.full(len(at), label, self.labels.dtype)
        return self.do(Change(at.astype(np.int64), values), **options)

    def accept(self, label=1, new=5):
        change = accept(self.labels, ALL, discs(), label, new)
        return self.do(change, Action.ACCEPT, source="unet")

    def of(self):
        return {label: str(o.origin) for label, o in self.origins}


A, B = np.s_[0:5, 0:5], np.s_[10:15, 0:5]


def test_an_object_of_which_a_part_was_accepted_is_edited_and_undo_brings_that_back():
    desk = Desk()
    change = accept(desk.labels, ALL, discs(), 1, 5)
    desk.do(change, Action.ACCEPT_PART, source="unet")
    assert desk.of() == {5: "edited"}
    assert desk.origins.accepted_unchanged() == 0
    again = desk.undo()
    assert desk.of() == {}
    desk.do(again, Action.UNDO)
    assert desk.of() == {5: "edited"}


def test_what_is_painted_is_drawn_whatever_is_done_to_it_later():
    desk = Desk().paint(A, 1).paint(np.s_[0:5, 5:9], 1)
    assert desk.of() == {1: "drawn"}
    desk.do(smooth(desk.labels, ALL, 1, 2.0), Action.SMOOTH)
    assert desk.of() == {1: "drawn"}


def test_an_accepted_object_is_accepted_until_a_pixel_of_it_changes_and_again_after_undo():
    desk = Desk().accept()
    assert desk.of() == {5: "accepted"}
    desk.paint(np.s_[9:10, 9:10], 0)
    assert desk.of() == {5: "edited"}
    desk.undo()
    assert desk.of() == {5: "accepted"}


def test_painting_back_by_hand_what_was_accepted_is_as_good_as_undo():
    desk = Desk().accept().paint(np.s_[9:10, 9:10], 0).paint(np.s_[9:10, 9:10], 5)
    assert desk.of() == {5: "accepted"}


def test_undo_of_accepting_forgets_the_object_and_redo_remembers_it():
    desk = Desk().accept()
    accepted = Change(np.flatnonzero(desk.labels), np.full(81, 5, np.uint16))
    desk.undo()
    assert desk.of() == {}
    desk.do(accepted, Action.UNDO)  # done again
    assert desk.of() == {5: "accepted"}


def test_a_label_that_is_used_again_is_a_new_object_and_undo_brings_the_old_one_back():
    desk = Desk().accept()
    desk.do(delete(desk.labels, ALL, 5), Action.DELETE).paint(A, 5)
    assert desk.of() == {5: "drawn"}
    desk.undo()
    assert desk.of() == {}
    desk.undo()
    assert desk.of() == {5: "accepted"}


def test_pieces_of_an_accepted_object_are_edited_and_those_of_a_drawn_one_drawn():
    line = [(9, 0), (9, 20)]
    desk = Desk().accept()
    desk.do(split_by_line(desk.labels, ALL, 5, line, free_labels(desk.labels)), Action.SPLIT)
    assert desk.of() == {5: "edited", 6: "edited"}
    desk.undo()
    assert desk.of() == {5: "accepted"}
    drawn = Desk().paint(np.s_[0:20, 5:15], 1)
    drawn.do(split_by_line(drawn.labels, ALL, 1, line, free_labels(drawn.labels)), Action.SPLIT)
    assert drawn.of() == {1: "drawn", 2: "drawn"}


def test_merging_accepted_objects_edits_the_one_that_stays():
    desk = Desk().accept(1, 5).accept(2, 6)
    desk.do(merge(desk.labels, ALL, 5, [6]), Action.MERGE)
    assert desk.of() == {5: "edited"}
    desk.undo()
    assert desk.of() == {5: "accepted", 6: "accepted"}


def test_interpolated_planes_make_an_object_interpolated_and_undo_drawn_again():
    desk = Desk(np.zeros((5, 40, 40), np.uint16))
    desk.paint(np.s_[0, 5:20, 5:20], 3).paint(np.s_[4, 5:20, 5:20], 3)
    bounds = (slice(0, 5), *ALL)
    desk.do(interpolate(desk.labels, bounds, 3, 0), Action.INTERPOLATE)
    assert desk.of() == {3: "interpolated"}
    desk.undo()
    assert desk.of() == {3: "drawn"}


def test_a_starting_point_is_threshold_until_it_is_corrected():
    desk = Desk()
    image, free = 100.0 * (discs() > 0), free_labels(desk.labels)
    change = starting_point(desk.labels, ALL, image, Foreground(50.0), free)
    desk.do(change, Action.THRESHOLD)
    assert set(desk.of().values()) == {"threshold"}
    desk.paint(np.s_[9:10, 9:10], 0)
    assert sorted(desk.of().values()) == ["edited", "threshold", "threshold", "threshold"]


def test_what_was_there_is_given_until_it_is_changed():
    desk = Desk().paint(A, 1, action=Action.GIVEN).paint(B, 2, action=Action.GIVEN)
    assert desk.paint(np.s_[0:1, 0:1], 0).of() == {1: "edited", 2: "given"}


def test_time_is_shared_by_the_objects_that_gain_pixels_or_else_lose_them():
    desk = Desk().paint(A, 1, seconds=6).paint(B, 2, seconds=4)
    desk.paint(np.s_[0:1, 0:5], 2, seconds=2)  # 2 takes from 1
    desk.paint(np.s_[1:2, 0:5], 0, seconds=3)  # the eraser takes from 1
    assert {label: o.seconds for label, o in desk.origins} == {1: 9, 2: 6}


def test_everyone_who_changed_an_object_is_named_in_order():
    desk = Desk().paint(A, 1).paint(np.s_[0:1, 0:2], 0, annotator="bo").paint(A, 1)
    ((_, origin),) = desk.origins
    assert origin.annotators == ("ann", "bo")
    assert (origin.first, origin.last) == (NOON + timedelta(minutes=1), NOON + timedelta(minutes=3))


def test_the_share_accepted_unchanged_is_said_and_what_it_means():
    desk = Desk()
    assert math.isnan(desk.origins.accepted_unchanged())
    assert desk.origins.sentence() == "No object is labelled yet."
    desk.accept(1, 5).accept(2, 6).accept(3, 7).paint(np.s_[29:30, 9:10], 0).paint(A, 1)
    assert desk.origins.accepted_unchanged() == pytest.approx(0.5)
    assert desk.origins.sentence() == (
        "4 objects: 1 drawn, 2 accepted, 1 edited. 50 % were accepted unchanged, "
        "which flatters unet."
    )
    assert desk.origins.accepted_unchanged({1, 5}) == 0.5
    assert desk.origins.sentence({1}) == "1 object: 1 drawn."


def test_origins_survive_as_rows_of_plain_values():
    desk = Desk().accept().paint(A, 1, seconds=1.5).paint(np.s_[9:10, 9:10], 0)
    rows = json.loads(json.dumps(desk.origins.as_rows()))
    again = from_rows(rows)
    assert dict(again) == dict(desk.origins)
    with pytest.raises(KeyError):
        from_rows([{k: v for k, v in rows[0].items() if k != "made"}])


@given(
    st.lists(
        st.tuples(*[st.integers(0, 7)] * 4, st.integers(0, 3), st.sampled_from(list(Action))),
        max_size=12,
    )
)
def test_pixels_are_counted_as_they_are_and_undoing_all_leaves_no_object(strokes):
    desk = Desk(np.zeros((8, 8), np.uint8))
    for y0, y1, x0, x1, label, action in strokes:
        desk.paint(
            np.s_[min(y0, y1) : max(y0, y1), min(x0, x1) : max(x0, x1)], label, action=action
        )
    ids, counts = np.unique(desk.labels[desk.labels > 0], return_counts=True)
    assert {k: o.pixels for k, o in desk.origins} == dict(
        zip(ids.tolist(), counts.tolist(), strict=True)
    )
    while desk.history:
        desk.undo()
    assert desk.of() == {}
    assert all(o.digest == 0 for o in desk.origins.objects.values())
    assert set(desk.origins.counts()) == set(Origin)


def test_the_time_of_a_step_is_shared_evenly_by_the_objects_it_made():
    at = np.array([0, 1, 2, 40], np.int64)
    desk = Desk().do(Change(at, np.array([1, 1, 2, 3], np.uint16)), seconds=6)
    assert {label: o.seconds for label, o in desk.origins} == {1: 2, 2: 2, 3: 2}
