"""Judgements on their way to the disk: none is lost, whoever is gone and whatever fails."""

from __future__ import annotations

import time

import numpy as np
import pytest

from builders import compare, discs
from napari_verdict import ComparisonError
from napari_verdict.comparison.entries import EntryKey
from napari_verdict.comparison.judgements import Judgement, Judgements
from napari_verdict.comparison.model import Task
from napari_verdict.report.identity import identities_of
from napari_verdict.report.session import open_session
from napari_verdict.widgets import unsaved
from napari_verdict.widgets.unsaved import Unsaved

ONE, TWO = (EntryKey("a", "prediction", (), k) for k in (1, 2))
SAID = Judgements().judge([ONE], Judgement.FINE)


@pytest.fixture(autouse=True)
def quick_and_apart(monkeypatch):
    monkeypatch.setattr(unsaved, "RETRY", 0.02)
    monkeypatch.setattr(Unsaved, "_all", set())


def of(shift=1):
    return identities_of(compare(discs(), np.roll(discs(), shift, 0), task=Task.INSTANCES))


def begun(folder, identities=None):
    """Return what is to be written into a folder; a file is in its place."""
    one = Unsaved(open_session(folder, identities or of()))
    folder.write_text("a file where the folder should be")
    one.put(SAID)
    return one


def found(folder):
    return open_session(folder, of()).found


def wait_until(what):
    stop = time.monotonic() + 5
    while not what():
        assert time.monotonic() < stop
        time.sleep(0.01)


def test_what_cannot_be_written_waits_until_it_can(tmp_path):
    folder = tmp_path / "judgements"
    one = begun(folder)
    with pytest.raises(ComparisonError, match="tried again"):
        one.write()
    assert one.waiting
    folder.unlink()
    one.write()
    assert not one.waiting
    assert found(folder) == SAID.marks


def test_what_is_left_is_tried_again_by_itself(tmp_path):
    folder = tmp_path / "judgements"
    one = begun(folder)
    one.leave()
    time.sleep(0.1)
    assert one.waiting
    folder.unlink()
    wait_until(lambda: not one.waiting)
    assert found(folder) == SAID.marks


def test_at_the_end_all_that_waits_is_written(tmp_path):
    one, other = (begun(tmp_path / name) for name in "ab")
    (tmp_path / "b").unlink()
    Unsaved.flush_all()
    assert (one.waiting, other.waiting) == (True, False)
    assert found(tmp_path / "b") == SAID.marks


def test_who_comes_next_takes_over_what_was_left_of_the_same_pixels_alone(tmp_path):
    begun(tmp_path / "open")
    left = begun(tmp_path / "left")
    other = begun(tmp_path / "other", of(shift=2))
    left.leave()
    other.leave()
    assert Unsaved.taken(of()) == SAID.marks
    assert not left.waiting
    assert other.waiting
    assert Unsaved.taken(of()) == {}
    (tmp_path / "other").unlink()
    wait_until(lambda: not other.waiting)


def test_what_is_put_while_the_one_before_is_written_waits_its_turn(tmp_path, monkeypatch):
    folder = tmp_path / "judgements"
    one, newer = begun(folder), SAID.judge([TWO], Judgement.AMBIGUOUS)
    folder.unlink()
    file, save = type(one._files[0]), type(one._files[0]).save

    def slowly(self, judgements):
        save(self, judgements)
        one.put(newer)

    monkeypatch.setattr(file, "save", slowly)
    one.write()
    assert one.waiting
    assert found(folder) == SAID.marks
    monkeypatch.setattr(file, "save", save)
    one.write()
    assert not one.waiting
    assert found(folder) == newer.marks
