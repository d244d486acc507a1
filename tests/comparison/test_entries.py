"""A filter keeps the entries that were asked for."""

from __future__ import annotations

import numpy as np
import pytest

from builders import entries_table
from napari_verdict.comparison.entries import EntryKey, Filter


@pytest.fixture
def entries():
    #                 kind, role, id, partner, iou, size, frame
    return entries_table(
        [
            ("missed", 0, 5, 0, 0.1, 900, 0),
            ("extra", 1, 5, 0, 0.0, 100, 1),
            ("split", 0, 12, 0, 0.4, 50, 1),
            ("matched", 0, 7, 12, 0.9, 60, 0),
            ("matched", 1, 12, 7, 0.9, 66, 0),
        ]
    )


def kept(entries, notes=None, **wanted):
    return np.flatnonzero(Filter(**wanted).keeps(entries, notes)).tolist()


def test_no_wish_keeps_all(entries):
    assert kept(entries) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        ({"kinds": frozenset({"missed", "split"})}, [0, 2]),
        ({"kinds": frozenset()}, []),
        ({"roles": frozenset({"prediction"})}, [1, 4]),
        ({"frame": (1,)}, [1, 2]),
        ({"size": (60, 100)}, [1, 3, 4]),
        ({"text": "12"}, [2, 3, 4]),
        ({"text": "5"}, [0, 1]),
        ({"text": "0"}, []),
        ({"text": "SPL"}, [2]),
        ({"text": "pred 12"}, [4]),
        ({"only": frozenset({EntryKey("a", "prediction", (1,), 5)})}, [1]),
        ({"only": frozenset({EntryKey("b", "prediction", (1,), 5)})}, []),
        # an object of the ground truth is the same one whatever the candidate
        ({"only": frozenset({EntryKey("b", "ground truth", (1,), 12)})}, [2]),
        ({"roles": frozenset({"ground truth"}), "size": (0, 60), "text": "matched"}, [3]),
    ],
)
def test_every_wish_narrows(entries, wanted, rows):
    assert kept(entries, **wanted) == rows


def test_words_are_looked_for_in_notes(entries):
    notes = {EntryKey("a", "ground truth", (1,), 12): "Touches the border"}
    assert kept(entries, notes, text="border") == [2]
    assert kept(entries, text="border") == []


def test_many_picked_entries_are_found_by_frame_and_role():
    rows = [("extra", r, i, 0, 0.0, 1, f) for f in (0, 1) for r in (0, 1) for i in range(1, 50)]
    entries = entries_table(rows)
    only = frozenset(entries.key(row) for row in range(0, len(entries), 3))
    assert kept(entries, only=only) == list(range(0, len(entries), 3))
