"""Judgements: said of entries, counted, written down, undone and redone."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import missed_and_extra, split
from napari_verdict import compare_labels
from napari_verdict.comparison.entries import ROLES, EntryKey, Filter
from napari_verdict.comparison.judgements import Judgement, Judgements, Tally, from_rows
from napari_verdict.comparison.objects.listing import object_entries

REAL, WRONG, AMBIGUOUS, FINE = Judgement
NOON, LATER = datetime(2024, 5, 1, 12, tzinfo=UTC), datetime(2024, 5, 1, 13, tzinfo=UTC)
A, B, C = (EntryKey("cnn", "ground truth", (), i) for i in (1, 2, 3))

keys = st.builds(
    EntryKey,
    st.sampled_from(["a", "b"]),
    st.sampled_from(ROLES),
    st.sampled_from([(), (0,), (1, 2)]),
    st.sampled_from([1, 2, 2**64 - 1]),
)
judged = st.tuples(st.just("judge"), st.sets(keys, max_size=3), st.sampled_from([*Judgement, None]))
noted = st.tuples(st.just("annotate"), st.sets(keys, max_size=3), st.sampled_from(["", "x", "ü"]))
moves = st.tuples(st.sampled_from(["undo", "redo"]))


def apply(judgements: Judgements, move: tuple) -> Judgements:
    return getattr(judgements, move[0])(*move[1:])


def said(judgements: Judgements) -> dict:
    return {k: (m.judgement, m.note) for k, m in judgements.marks.items()}


def test_several_entries_are_judged_in_one_step_and_keep_their_notes():
    noted = Judgements().annotate([A], " edge of the cell ")
    both = noted.judge([A, B], REAL, at=NOON)
    assert said(both) == {A: (REAL, "edge of the cell"), B: (REAL, "")}
    assert both.marks[B].at == NOON
    assert said(both.undo()) == {A: (None, "edge of the cell")}
    assert said(noted) == {A: (None, "edge of the cell")}


def test_what_changes_nothing_is_no_step():
    once = Judgements().judge([A], FINE, at=NOON)
    assert once.judge([A], FINE, at=LATER) is once
    assert once.annotate([A], "  ") is once
    assert once.judge([], REAL) is once
    assert Judgements().judge([A], None).done == ()


def test_taking_judgement_and_note_back_leaves_nothing():
    assert len(Judgements().judge([A], FINE).judge([A], None)) == 0
    both = Judgements().judge([A], FINE).annotate([A], "odd")
    assert said(both.judge([A], None)) == {A: (None, "odd")}
    assert len(both.judge([A], None).annotate([A], "")) == 0


def test_undo_and_redo_at_the_ends_change_nothing():
    once = Judgements().judge([A], REAL)
    assert once.redo() is once
    assert once.undo().undo().marks == {}


def test_a_new_step_after_undo_forgets_what_could_be_redone():
    again = Judgements().judge([A], REAL).undo().judge([B], FINE)
    assert again.redo() is again
    assert said(again) == {B: (FINE, "")}


@given(st.lists(st.one_of(judged, noted), max_size=12))
def test_undoing_everything_and_redoing_it_passes_the_same_states(steps):
    states = [Judgements()]
    for step in steps:
        after = apply(states[-1], step)
        if after is not states[-1]:
            states.append(after)
    now = states[-1]
    for before in reversed(states[:-1]):
        now = now.undo()
        assert now.marks == before.marks
    for after in states[1:]:
        now = now.redo()
        assert now.marks == after.marks


@given(st.lists(st.one_of(judged, noted, moves), max_size=20))
def test_whatever_is_done_undo_then_redo_gives_the_same_back(steps):
    now = Judgements()
    for step in steps:
        now = apply(now, step)
    if now.done:
        assert now.undo().redo().marks == now.marks
    assert all(m.judgement or m.note for m in now.marks.values())


@given(st.lists(st.one_of(judged, noted), max_size=12))
def test_rows_survive_json_and_read_back_as_they_were(steps):
    now = Judgements()
    for step in steps:
        now = apply(now, step)
    rows = json.loads(json.dumps(now.as_rows(), allow_nan=False))
    assert from_rows(rows) == now.marks


def test_rows_stand_in_one_order_whatever_was_judged_first():
    one = Judgements().judge([A], REAL, at=NOON).judge([C, B], FINE, at=NOON)
    other = Judgements().judge([B, C], FINE, at=NOON).judge([A], REAL, at=NOON)
    assert one.as_rows() == other.as_rows()
    assert [row["id"] for row in one.as_rows()] == [1, 2, 3]


def test_a_judgement_that_is_none_is_refused():
    (row,) = Judgements().judge([A], REAL).as_rows()
    with pytest.raises(ValueError, match="nonsense"):
        from_rows([row | {"judgement": "nonsense"}])


def test_what_a_file_says_is_added_where_nothing_was_said_here():
    here = Judgements().judge([A], REAL).judge([B], FINE).judge([B], None)
    there = Judgements().judge([A, B, C], WRONG).annotate([C], "seen before")
    both = here.including(there.marks)
    assert said(both) == {A: (REAL, ""), C: (WRONG, "seen before")}
    assert said(both.undo().undo().undo()) == {C: (WRONG, "seen before")}
    assert here.including({}) is here


def test_rows_of_a_list_carry_its_judgements_and_notes_can_be_searched():
    entries = object_entries(_compared(missed_and_extra()), "cnn")
    missed, extra = (entries.key(row) for row in range(2))
    now = Judgements().judge([extra], WRONG).annotate([missed], "Out of focus")
    assert now.column(entries).tolist() == [0, 1 + list(Judgement).index(WRONG)]
    assert Filter(text="focus").keeps(entries, now.notes).tolist() == [True, False]


def test_judgements_stay_with_their_entries_when_the_threshold_moves():
    result = _compared(split())
    entries = object_entries(result, "cnn")
    now = Judgements().judge([entries.key(0)], AMBIGUOUS)
    stricter = object_entries(result.at(0.9), "cnn")
    row = int(np.flatnonzero(now.column(stricter))[0])
    assert stricter.key(row) == entries.key(0)
    assert not (stricter.kind == entries.kind).all()


def test_judgements_of_another_candidate_or_of_objects_that_are_gone_count_for_nothing():
    entries = object_entries(_compared(missed_and_extra()), "cnn")
    gone = EntryKey("cnn", "prediction", (), 99)
    other = EntryKey("stardist", "ground truth", (), 5)
    now = Judgements().judge([gone, other], REAL)
    assert not now.column(entries).any()
    assert now.tally(entries) == Tally(2, dict.fromkeys(Judgement, 0), 0)


def test_errors_that_are_judged_are_counted_apart_from_matches():
    entries = object_entries(_compared(split()), "cnn")
    by_kind = {entries.kinds[k]: entries.key(row) for row, k in enumerate(entries.kind)}
    errors = [entries.key(r) for r, k in enumerate(entries.kind) if entries.kinds[k] != "matched"]
    now = Judgements().judge(errors[:1], REAL).judge([by_kind["matched"]], FINE)
    tally = now.tally(entries)
    assert (tally.errors, tally.judged[REAL], tally.judged[FINE], tally.others) == (1, 1, 0, 1)
    assert tally.sentence == "1 of 1 errors judged: 1 real error; 1 that are no errors"


def test_without_judgements_the_sentence_names_none():
    assert Judgements().tally(object_entries(_compared(split()), "cnn")).sentence == (
        "0 of 1 errors judged"
    )


def _compared(case):
    return compare_labels({"cnn": case.prediction}, case.ground_truth)


def test_a_filter_asks_for_judgements_and_for_none():
    entries = object_entries(_compared(missed_and_extra()), "cnn")
    first = entries.key(0)
    said = Judgements().judge([first], WRONG).annotate([first], "blurred")
    wanted = Filter(judged=frozenset({str(WRONG)}))
    assert np.flatnonzero(said.keeps(entries, wanted)).tolist() == [0]
    rest = said.keeps(entries, Filter(judged=frozenset({""})))
    assert rest.tolist() == [False] + [True] * (len(entries) - 1)
    assert said.keeps(entries, Filter(text="blurred", judged=frozenset({""}))).sum() == 0
    assert said.keeps(entries, Filter()).all()
