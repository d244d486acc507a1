"""The list sorts and filters whole columns, and writes only the cells that are asked for."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QModelIndex, Qt

from builders import entries_table
from napari_verdict.comparison.entries import Entries, Filter
from napari_verdict.comparison.judgements import Judgement, Judgements
from napari_verdict.widgets.entry_model import (
    JUDGED,
    KIND,
    OBJECT,
    PARTNER,
    SIZE,
    VALUE,
    EntryModel,
)

pytestmark = pytest.mark.gui

ROWS = [
    ("missed", 0, 5, 0, 0.1, 900, 0),
    ("extra", 1, 5, 0, np.nan, 100, 1),
    ("split", 0, 12, 0, 0.4, 50, 1),
    ("matched", 0, 7, 12, 0.9, 60, 0),
    ("matched", 1, 12, 7, 0.9, 66, 0),
]


@pytest.fixture
def model(qapp):
    model = EntryModel()
    model.show(entries_table(ROWS), Filter(), "tyx")
    return model


def column(model, k):
    return [model.data(model.index(i, k)) for i in range(model.rowCount())]


def test_it_starts_worst_first(model):
    assert column(model, OBJECT) == ["GT 5", "pred 5", "GT 12", "GT 7", "pred 12"]
    assert column(model, KIND)[0] == "FN missed"
    assert column(model, PARTNER) == ["", "", "", "pred 12", "GT 7"]


def test_it_sorts_by_a_column_and_back(model):
    model.sort(SIZE, Qt.SortOrder.DescendingOrder)
    assert column(model, SIZE) == ["900", "100", "66", "60", "50"]
    model.sort(-1)
    assert column(model, SIZE) == ["900", "100", "50", "60", "66"]


@pytest.mark.parametrize("order", [Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder])
def test_undefined_values_stay_at_the_end(model, order):
    model.sort(VALUE, order)
    assert column(model, VALUE)[-1] == "–"


def test_objects_are_sorted_by_side_and_number_not_by_letters(model):
    model.sort(OBJECT)
    assert column(model, OBJECT) == ["GT 5", "GT 7", "GT 12", "pred 5", "pred 12"]


def test_counts_are_those_of_the_rest_of_the_filter(model):
    model.show(model.entries, Filter(kinds=frozenset({"split"}), size=(55, 1000)), "tyx")
    assert column(model, OBJECT) == []
    counts = model.counts()
    assert (counts["missed"], counts["extra"], counts["split"], counts["matched"]) == (1, 1, 0, 2)


def test_the_next_of_a_kind_goes_round(model):
    assert [model.next_of_kind(i) for i in range(5)] == [0, 1, 2, 4, 3]
    assert model.next_of_kind(-1) == -1


def test_a_line_says_what_an_entry_is(model):
    assert model.describe(3) == "matched: GT 7 · with pred 12 · IoU 0.900 · 60 px · t 0 · 0, 3"


def test_a_hidden_row_has_no_position(model):
    model.show(model.entries, Filter(kinds=frozenset({"matched"})), "tyx")
    assert model.position_of(3) == 0
    assert model.position_of(0) == -1
    assert model.position_of(-1) == -1


def test_a_hundred_thousand_rows_are_sorted_without_asking_for_a_cell(qapp, rng, monkeypatch):
    n = 100_000
    ids = np.arange(1, n + 1)
    entries = Entries(
        "a", ("missed", "extra"), rng.integers(0, 2, n).astype(np.uint8),
        rng.integers(0, 2, n).astype(np.uint8), ids, np.zeros(n, np.int64), rng.random(n), "IoU",
        rng.integers(1, 5000, n), np.zeros((n, 0), np.intp), np.zeros((n, 6), np.int64),
        rng.random((n, 3)),
    )  # fmt: skip
    model = EntryModel()
    asked = []
    monkeypatch.setattr(EntryModel, "data", lambda *a: asked.append(a))
    model.show(entries, Filter(kinds=frozenset({"missed"}), size=(100, 4000)), "yx")
    model.sort(SIZE, Qt.SortOrder.DescendingOrder)
    rows = [model.row_of(i) for i in range(model.rowCount())]
    want = np.flatnonzero((entries.kind == 0) & (entries.size >= 100) & (entries.size <= 4000))
    assert sorted(rows) == want.tolist()
    assert (np.diff(entries.size[rows]) <= 0).all()
    assert not asked
    assert model.rowCount(QModelIndex()) == len(want)


def test_what_was_said_stands_in_a_column_and_sorts_before_what_was_not(model):
    extra, split = (model.entries.key(i) for i in (1, 2))
    said = Judgements().judge([extra], Judgement.FINE).judge([split], Judgement.REAL_ERROR)
    model.show(model.entries, Filter(), "tyx", said.annotate([split], "in two"))
    assert column(model, JUDGED) == ["", "ok", "E ✎", "", ""]
    model.sort(JUDGED)
    assert column(model, JUDGED) == ["E ✎", "ok", "", "", ""]
    assert model.describe(2).endswith("real error · in two")


def test_judgements_are_counted_within_the_rest_of_the_filter(model):
    said = Judgements().judge([model.entries.key(1)], Judgement.FINE)
    wanted = Filter(kinds=frozenset({"extra", "split"}), judged=frozenset({"fine"}))
    model.show(model.entries, wanted, "tyx", said)
    assert column(model, OBJECT) == ["pred 5"]
    assert {k: n for k, n in model.judged_counts().items() if n} == {"not judged": 1, "fine": 1}
    assert {k: n for k, n in model.counts().items() if n} == {"extra": 1}
