"""Judging entries by mouse and keys; what was said is listed, filtered, kept and found again."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt

from napari_verdict.comparison.entries import EntryKey
from napari_verdict.comparison.judgements import Judgement
from napari_verdict.widgets.entry_model import JUDGED, OBJECT

pytestmark = pytest.mark.gui
SHIFT = Qt.KeyboardModifier.ShiftModifier
MISSED = EntryKey("unet", "ground truth", (0,), 2)


def column(widget, k):
    model = widget.table.entry_model
    return [model.data(model.index(i, k)) for i in range(model.rowCount())]


def said(widget):
    return {k: (m.judgement, m.note) for k, m in widget.session.judgements.marks.items()}


def kept(folder):
    """Return what the session files under a folder hold, once all is written."""
    marks = []
    for path in folder.rglob("session.json"):
        for record in json.loads(path.read_text("utf-8"))["judged"]:
            marks += [(m["id"], m["judgement"], m["note"]) for m in record["marks"]]
    return sorted(marks)


def first(desk, widget):
    """Look at the worst entry."""
    desk.qtbot.keyClick(widget, "N")
    assert widget.session.selected == MISSED


def write(desk, widget, text):
    desk.qtbot.keyClick(widget, "Q")
    desk.qtbot.waitUntil(lambda: widget.window().focusWidget() is widget.judge.bar.note)
    desk.qtbot.keyClicks(widget.judge.bar.note, text)
    desk.qtbot.keyClick(widget.judge.bar.note, Qt.Key.Key_Return)


def test_without_an_entry_there_is_nothing_to_judge(inspect):
    assert not any(b.isEnabled() for b in inspect.judge.bar.buttons.values())
    assert not inspect.judge.bar.note.isEnabled()


def test_a_button_judges_and_the_same_one_takes_it_back(desk, inspect):
    first(desk, inspect)
    button = inspect.judge.bar.buttons[Judgement.REAL_ERROR]
    desk.click(button)
    assert said(inspect) == {MISSED: (Judgement.REAL_ERROR, "")}
    assert button.isChecked()
    assert column(inspect, JUDGED) == ["E", "", "", "", ""]
    assert inspect.judge.bar.tally.text() == "1 of 5 errors judged: 1 real error"
    assert inspect.here.text().endswith("real error")
    desk.click(button)
    assert said(inspect) == {}
    assert inspect.table.isColumnHidden(JUDGED)


@pytest.mark.parametrize(
    ("letter", "judgement", "sign"),
    [("E", "real error", "E"), ("G", "ground truth wrong", "GT"), ("Q", "ambiguous", "?"),
     ("F", "fine", "ok")],
)  # fmt: skip
def test_keys_judge_from_the_dock_and_from_the_canvas(desk, inspect, letter, judgement, sign):
    first(desk, inspect)
    desk.qtbot.keyClick(inspect.table, letter, SHIFT)
    assert said(inspect) == {MISSED: (judgement, "")}
    assert column(inspect, JUDGED)[0] == sign
    canvas = desk.viewer.window._qt_viewer.canvas.native
    desk.qtbot.keyClick(canvas, letter, SHIFT)
    assert said(inspect) == {}


def test_a_note_is_written_by_keys_alone_and_found_by_its_words(desk, inspect):
    first(desk, inspect)
    write(desk, inspect, "Never focused")
    assert said(inspect) == {MISSED: (None, "Never focused")}
    assert inspect.window().focusWidget() is inspect.table
    assert column(inspect, JUDGED)[0] == "✎"
    desk.qtbot.keyClicks(inspect.bar.text, "focused")
    assert column(inspect, OBJECT) == ["GT 2"]


def test_a_note_stays_with_the_entry_it_was_written_on(desk, inspect):
    first(desk, inspect)
    desk.qtbot.keyClicks(inspect.judge.bar.note, "half a no")
    desk.click(inspect.buttons.next)
    assert said(inspect) == {MISSED: (None, "half a no")}
    assert inspect.judge.bar.note.text() == ""


def test_undo_and_redo_go_to_what_they_change(desk, inspect):
    first(desk, inspect)
    desk.qtbot.keyClick(inspect, "E", SHIFT)
    desk.qtbot.keyClick(inspect, "N")
    desk.qtbot.keyClick(inspect, "U", SHIFT)
    assert said(inspect) == {}
    assert inspect.session.selected == MISSED
    desk.click(inspect.judge.bar.redo)
    assert said(inspect) == {MISSED: (Judgement.REAL_ERROR, "")}
    assert not inspect.judge.bar.redo.isEnabled()


def test_chips_count_and_filter_what_was_said(desk, inspect):
    assert not inspect.bar.judged.isVisible()
    first(desk, inspect)
    desk.qtbot.keyClick(inspect, "G", SHIFT)
    chips = inspect.bar.judged.chips
    assert {k: c.text() for k, c in chips.items() if not c.isHidden()} == {
        "not judged": "· not judged 4", "ground truth wrong": "GT ground truth wrong 1",
    }  # fmt: skip
    desk.click(chips["ground truth wrong"])
    assert "GT 2" not in column(inspect, OBJECT)
    assert "the filter leaves it out" in inspect.here.text()
    desk.qtbot.mouseClick(
        chips["ground truth wrong"],
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.ControlModifier,
    )
    assert column(inspect, OBJECT) == ["GT 2"]
    desk.click(inspect.bar.reset)
    assert len(column(inspect, OBJECT)) == 5


def test_every_change_is_kept_and_found_again_for_the_same_pixels(desk, inspect, own_folder):
    first(desk, inspect)
    desk.qtbot.keyClick(inspect, "E", SHIFT)
    desk.qtbot.waitUntil(lambda: kept(own_folder) == [(2, "real error", "")])
    desk.viewer.layers["unet"].name = "another name"
    desk.validate()
    again = EntryKey("another name", "ground truth", (0,), 2)
    desk.qtbot.waitUntil(lambda: said(inspect) == {again: (Judgement.REAL_ERROR, "")})


def test_other_pixels_have_nothing_said_of_them(desk, inspect, own_folder):
    first(desk, inspect)
    desk.qtbot.keyClick(inspect, "E", SHIFT)
    desk.qtbot.waitUntil(lambda: kept(own_folder) != [])
    with desk.qtbot.waitSignal(inspect.judge.judging._reader.done):
        desk.viewer.layers["gt"].data_setitem(tuple(np.array([k]) for k in (0, 70, 70)), 9)
        desk.validate()
    assert said(inspect) == {}
    assert kept(own_folder) == [(2, "real error", "")]


def test_what_is_said_before_the_pixels_are_known_is_kept_too(
    desk, inspect, own_folder, checksums_wait
):
    first(desk, inspect)
    desk.viewer.layers["unet"].name = "another name"
    desk.validate()
    key = EntryKey("another name", "ground truth", (0,), 2)
    inspect.session.selected = key
    desk.qtbot.keyClick(inspect, "E", SHIFT)
    desk.viewer.layers["gt"].data_setitem(tuple(np.array([k]) for k in (0, 70, 70)), 9)
    desk.validate()
    assert said(inspect) == {}
    checksums_wait.set()
    desk.qtbot.waitUntil(lambda: kept(own_folder) == [(2, "real error", "")])
    assert said(inspect) == {}
    desk.viewer.window.remove_dock_widget(inspect)
    desk.qtbot.waitUntil(lambda: kept(own_folder) == [(2, "real error", "")])


def test_what_is_said_before_the_pixels_are_known_is_there_the_next_day(
    desk, checksums_wait, inspect, own_folder
):
    first(desk, inspect)
    desk.qtbot.keyClick(inspect, "E", SHIFT)
    desk.qtbot.waitUntil(lambda: kept(own_folder) == [(2, "real error", "")])
    desk.viewer.window.remove_dock_widget(inspect)
    checksums_wait.set()
    again = desk.inspect()
    desk.qtbot.waitUntil(lambda: said(again) == {MISSED: (Judgement.REAL_ERROR, "")})
    unfinished = own_folder / "napari-verdict" / "judgements" / "unfinished" / "session.json"
    desk.qtbot.waitUntil(lambda: not unfinished.exists())
    assert kept(own_folder) == [(2, "real error", "")]


def test_what_can_be_undone_outlives_validating_again(desk, inspect):
    first(desk, inspect)
    with desk.qtbot.waitSignal(inspect.judge.judging.kept):
        desk.qtbot.keyClick(inspect, "E", SHIFT)
    with desk.qtbot.waitSignal(inspect.judge.judging.opened):
        desk.validate()
    assert said(inspect) == {MISSED: (Judgement.REAL_ERROR, "")}
    desk.click(inspect.judge.bar.undo)
    assert said(inspect) == {}


def test_saved_judgements_are_of_what_is_saved_though_inspect_is_closed(
    desk, inspect, own_folder, tmp_path
):
    def saved(name):
        with desk.qtbot.waitSignal(desk.dock.saving.done, timeout=120_000):
            desk.dock.save(tmp_path / name)
        table = pd.read_csv(tmp_path / name / "objects.csv", keep_default_na=False)
        judged = table[table.judgement != ""] if "judgement" in table else table[:0]
        return judged["id"].tolist()

    first(desk, inspect)
    desk.qtbot.keyClick(inspect, "E", SHIFT)
    desk.viewer.window.remove_dock_widget(inspect)
    desk.qtbot.waitUntil(lambda: kept(own_folder) == [(2, "real error", "")])
    desk.validate()
    assert saved("closed") == [2]
    again = desk.inspect()
    desk.qtbot.waitUntil(lambda: said(again) == {MISSED: (Judgement.REAL_ERROR, "")})
    again.parent().hide()
    desk.viewer.layers["gt"].data_setitem(tuple(np.array([k]) for k in (0, 70, 70)), 9)
    desk.validate()
    assert saved("other pixels") == []


def test_the_saved_folder_gets_them_where_the_own_folder_cannot_be_written(
    desk, inspect, own_folder, tmp_path
):
    first(desk, inspect)
    desk.qtbot.waitUntil(lambda: inspect.judge.judging._identities is not None)
    (own_folder / "napari-verdict").write_text("a file where the folder should be")
    desk.qtbot.keyClick(inspect, "E", SHIFT)
    desk.qtbot.waitUntil(inspect.judge.bar.trouble.isVisible)
    with desk.qtbot.waitSignal(desk.dock.saving.done, timeout=120_000):
        desk.dock.save(tmp_path / "run")
    desk.qtbot.waitUntil(lambda: kept(tmp_path) == [(2, "real error", "")])


def test_closing_the_dock_loses_nothing(desk, inspect, own_folder):
    first(desk, inspect)
    with desk.qtbot.waitSignal(inspect.judge.judging.kept):
        desk.qtbot.keyClick(inspect, "F", SHIFT)
    desk.qtbot.keyClick(inspect, "E", SHIFT)
    desk.qtbot.keyClicks(inspect.judge.bar.note, "at the last moment")
    desk.viewer.window.remove_dock_widget(inspect)
    desk.qtbot.waitUntil(lambda: kept(own_folder) == [(2, "real error", "at the last moment")])


def test_saving_writes_them_into_table_and_folder_and_goes_on_there(desk, inspect, tmp_path):
    first(desk, inspect)
    with desk.qtbot.waitSignal(inspect.judge.judging.kept):
        desk.qtbot.keyClick(inspect, "G", SHIFT)
    with desk.qtbot.waitSignal(inspect.judge.judging.kept, timeout=120_000):
        desk.dock.save(tmp_path / "run")
    table = pd.read_csv(tmp_path / "run" / "objects.csv", keep_default_na=False)
    assert table[table.judgement != ""][["role", "id"]].values.tolist() == [["ground truth", 2]]
    desk.qtbot.waitUntil(lambda: kept(tmp_path) == [(2, "ground truth wrong", "")])
    write(desk, inspect, "cut off")
    desk.qtbot.waitUntil(lambda: kept(tmp_path) == [(2, "ground truth wrong", "cut off")])


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_lost(desk, inspect, own_folder):
    first(desk, inspect)
    desk.qtbot.waitUntil(lambda: inspect.judge.judging._identities is not None)
    (own_folder / "napari-verdict").write_text("a file where the folder should be")
    desk.qtbot.keyClick(inspect, "E", SHIFT)
    desk.qtbot.waitUntil(inspect.judge.bar.trouble.isVisible)
    assert "stay in this window" in inspect.judge.bar.trouble.text()
    (own_folder / "napari-verdict").unlink()
    write(desk, inspect, "again")
    desk.qtbot.waitUntil(lambda: kept(own_folder) == [(2, "real error", "again")])
    desk.qtbot.waitUntil(lambda: not inspect.judge.bar.trouble.isVisible())


def test_what_could_not_be_written_is_tried_again_without_another_word(desk, inspect, own_folder):
    first(desk, inspect)
    desk.qtbot.waitUntil(lambda: inspect.judge.judging._identities is not None)
    (own_folder / "napari-verdict").write_text("a file where the folder should be")
    desk.qtbot.keyClick(inspect, "E", SHIFT)
    desk.qtbot.waitUntil(inspect.judge.bar.trouble.isVisible)
    (own_folder / "napari-verdict").unlink()
    desk.qtbot.waitUntil(lambda: kept(own_folder) == [(2, "real error", "")])
    desk.qtbot.waitUntil(lambda: not inspect.judge.bar.trouble.isVisible())


def test_what_could_not_be_written_when_the_dock_went_is_in_the_next_one(desk, inspect, own_folder):
    first(desk, inspect)
    desk.qtbot.waitUntil(lambda: inspect.judge.judging._identities is not None)
    (own_folder / "napari-verdict").write_text("a file where the folder should be")
    desk.qtbot.keyClick(inspect, "E", SHIFT)
    desk.qtbot.waitUntil(inspect.judge.bar.trouble.isVisible)
    desk.viewer.window.remove_dock_widget(inspect)
    again = desk.inspect()
    desk.qtbot.waitUntil(lambda: said(again) == {MISSED: (Judgement.REAL_ERROR, "")})
    desk.viewer.window.remove_dock_widget(again)
    (own_folder / "napari-verdict").unlink()
    desk.qtbot.waitUntil(lambda: kept(own_folder) == [(2, "real error", "")])


def test_places_of_another_ranking_are_judged_apart(desk, triplet, tmp_path):
    gt, raw, prediction = (x.copy() for x in triplet)
    prediction[20:30, 30:40] += 400
    for name, image in (("raw", raw), ("cnn", prediction), ("gt", gt)):
        desk.viewer.add_image(image, name=name)
    desk.validate()
    widget = desk.inspect()

    def ranked(by):
        widget.places.rank_by(by)
        desk.qtbot.waitUntil(lambda: widget.entries is not None, timeout=120_000)
        desk.qtbot.waitUntil(lambda: widget.judge.judging._identities is not None, timeout=120_000)

    ranked("worst")
    desk.qtbot.keyClick(widget, "N")
    desk.qtbot.keyClick(widget, "E", SHIFT)
    ranked("structure")
    assert said(widget) == {}
    ranked("worst")
    assert [m for m, _ in said(widget).values()] == [Judgement.REAL_ERROR]
    with desk.qtbot.waitSignal(desk.dock.saving.done, timeout=120_000):
        desk.dock.save(tmp_path)
    (row,) = pd.read_csv(tmp_path / "judgements.csv").to_dict("records")
    assert row["ranking"] == widget.places.how
    assert [row[k] for k in ("y0", "y1", "x0", "x1")] == widget.entries.box[0, 2:].tolist()
    desk.click(widget.judge.bar.undo)
    assert said(widget) == {}


def test_judgements_survive_the_threshold(desk, inspect):
    first(desk, inspect)
    desk.qtbot.keyClick(inspect, "E", SHIFT)
    with desk.qtbot.waitSignal(desk.dock.presenter.rethresholded):
        desk.dock.results.threshold.slider.setValue(80)
    assert said(inspect) == {MISSED: (Judgement.REAL_ERROR, "")}
    assert "E" in column(inspect, JUDGED)
