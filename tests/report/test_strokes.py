"""Strokes and snapshots come back from bytes as they were, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_verdict.annotation.edits import Change
from napari_verdict.annotation.origins import Action, Step
from napari_verdict.report import strokes
from napari_verdict.report.strokes import (
    Snapshot,
    Stroke,
    read_snapshot,
    read_strokes,
    snapshot_bytes,
    stroke_bytes,
)

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def stroke(number, at=(3, 4, 9), values=(1, 1, 0), dtype=np.uint16, **options):
    step = Step(options.pop("action", Action.PAINT), options.pop("who", "ann"), NOON, 1.5, "unet")
    change = Change(np.array(at, np.int64), np.array(values, dtype))
    return Stroke(number, step, change, **options)


def parts(s):
    return s.number, s.step, s.change.at.tolist(), s.change.values.tolist(), s.target, dict(s.note)


THREE = [stroke(1), stroke(2, (), (), note={"tile": 3, "state": "finished"}), stroke(3)]
CONTENT = b"".join(map(stroke_bytes, THREE))


def test_strokes_come_back_in_order():
    assert list(map(parts, read_strokes(CONTENT))) == list(map(parts, THREE))


@given(
    at=st.sets(st.integers(0, 2**40), max_size=20).map(sorted),
    dtype=st.sampled_from([np.uint8, np.int32, np.uint64, ">u2"]),
    action=st.sampled_from(Action),
    who=st.text(),
    target=st.sampled_from(["labels", "ignore mask"]),
)
def test_any_stroke_comes_back(at, dtype, action, who, target):
    values = np.arange(len(at)) % 250
    (back,) = read_strokes(
        stroke_bytes(s := stroke(7, at, values, dtype, action=action, who=who, target=target))
    )
    assert parts(back) == parts(s)
    assert back.change.values.dtype == np.dtype(dtype).newbyteorder("=")


def test_ids_that_no_float_holds_come_back():
    (back,) = read_strokes(stroke_bytes(stroke(1, (0,), (2**64 - 1,), np.uint64)))
    assert back.change.values.tolist() == [2**64 - 1]


@pytest.mark.parametrize("length", range(0, len(CONTENT), 7))
def test_what_was_not_written_to_its_end_is_left_out_and_the_rest_is_there(length):
    starts = np.cumsum([len(stroke_bytes(s)) for s in THREE])
    whole = int(np.searchsorted(starts, length, "right"))
    assert list(map(parts, read_strokes(CONTENT[:length]))) == list(map(parts, THREE[:whole]))


@given(st.integers(0, len(CONTENT) - 1), st.integers(1, 255))
def test_a_damaged_byte_costs_one_stroke_and_never_invents_one(at, bits):
    content = bytearray(CONTENT)
    content[at] ^= bits
    back = list(map(parts, read_strokes(bytes(content))))
    assert len(back) == 2
    assert all(stroke in map(parts, THREE) for stroke in back)


def test_what_follows_a_torn_record_is_found():
    content = CONTENT[:20] + CONTENT
    assert [s.number for s in read_strokes(content)] == [1, 2, 3]


def test_a_record_that_is_whole_and_holds_other_pixels_than_it_says_of_itself_is_left_out():
    head = {"number": 1, "n": 2, "dtype": "uint16", "target": "labels", "note": {}, "source": ""}
    head |= {"action": "paint", "annotator": "ann", "at": NOON.isoformat(), "seconds": 1.0}
    assert len(read_strokes(strokes._record(head, bytes(20)))) == 1
    assert read_strokes(strokes._record(head, bytes(30))) == []


@given(st.binary(max_size=200))
def test_bytes_that_are_none_of_ours_are_no_strokes(content):
    assert read_strokes(content) == []
    assert read_snapshot(content) is None


def test_a_snapshot_comes_back_or_is_none():
    pixels = np.arange(12, dtype=np.int32).reshape(1, 3, 4)
    bounds = (slice(5, 6), slice(0, 3), slice(2, 6))
    content = snapshot_bytes(Snapshot(9, bounds, pixels, "ignore mask"))
    back = read_snapshot(content)
    assert (back.number, back.bounds, back.target) == (9, bounds, "ignore mask")
    np.testing.assert_array_equal(back.pixels, pixels)
    assert read_snapshot(content[:-1]) is None
    assert read_snapshot(CONTENT) is None
    assert read_strokes(content) == []
