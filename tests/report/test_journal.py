"""What is painted reaches the disk without anyone waiting, whatever the disk does."""

from __future__ import annotations

import errno
import os
import re
import shutil
import threading
from datetime import UTC, datetime

import numpy as np
import pytest

from napari_verdict.annotation.edits import Change
from napari_verdict.annotation.origins import Action, Step
from napari_verdict.report import journal as module
from napari_verdict.report.journal import Journal
from napari_verdict.report.saving import SavingState, spoken
from napari_verdict.report.strokes import read_snapshot, read_strokes

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
PAINT = Step(Action.PAINT, "ann", NOON)


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path, retry=0.01)
    yield made
    made.close()


def dot(at, value=1):
    return Change(np.array([at], np.int64), np.array([value], np.uint16))


def kept(folder, section="*"):
    strokes = [s for p in folder.glob(f"{section}.*.strokes") for s in read_strokes(p.read_bytes())]
    return [(s.number, s.change.at.tolist()[0]) for s in sorted(strokes, key=lambda s: s.number)]


def wait_until(journal, holds):
    with journal._changed:
        assert journal._changed.wait_for(holds, 10)


def wait_for_trouble(journal):
    wait_until(journal, lambda: journal._trouble)
    return journal.state


def test_strokes_are_numbered_and_every_section_has_its_file(tmp_path, journal):
    assert [journal.record(s, dot(at), PAINT) for s, at in [("a", 5), ("b", 6), ("a", 7)]] == [
        1,
        2,
        3,
    ]
    assert journal.flush(10)
    assert kept(tmp_path) == [(1, 5), (2, 6), (3, 7)]
    assert kept(tmp_path, "b") == [(2, 6)]


def test_painting_does_not_wait_for_the_disk(tmp_path, journal, monkeypatch):
    answers, fsync = threading.Event(), os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: answers.wait(10) and fsync(handle))
    for k in range(100):  # none of these returns before the disk answers, unless none waits for it
        journal.record("a", dot(k), PAINT)
    assert not journal.flush(0.01)
    assert (journal.state.waiting, journal.state.words()) == (100, "Saving …")
    answers.set()
    assert journal.flush(10)
    assert (journal.state.waiting, len(kept(tmp_path))) == (0, 100)


def test_strokes_are_in_their_files_in_order_while_the_disk_has_not_confirmed_any(
    tmp_path, journal, monkeypatch
):
    answers, fsync = threading.Event(), os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: answers.wait(10) and fsync(handle))
    for k in range(1, 21):
        journal.record(f"tile-{k % 6}", dot(k), PAINT)
        wait_until(journal, lambda: not journal._unwritten)
        assert [number for number, _ in kept(tmp_path)] == list(range(1, k + 1))
    state = journal.state
    assert (state.waiting, state.written, state.saved) == (20, 20, None)
    assert "If napari ends nothing is lost" in state.worry(state.since + 6)
    answers.set()
    assert journal.flush(10)
    assert (journal.state.waiting, journal.state.words()) == (0, "Saved 0 s ago")


def test_a_kill_while_much_is_waiting_leaves_no_stroke_out_before_one_that_is_there(
    tmp_path, journal, monkeypatch
):
    written, write = [], os.write
    monkeypatch.setattr(os, "write", lambda handle, c: written.append(bytes(c)) or write(handle, c))
    with journal._changed:  # all wait before the first is written
        for k in range(1, 13):
            journal.record("abc"[k // 2 % 3], dot(k), PAINT)
    assert journal.flush(10)
    numbers = [s.number for content in written for s in read_strokes(content)]
    assert numbers == list(range(1, 13))


def test_snapshots_come_also_while_strokes_come_faster_than_the_disk_confirms(
    tmp_path, journal, monkeypatch
):
    journal.record("a", dot(1), PAINT)
    journal.flush(10)
    answers, asked, fsync = threading.Semaphore(0), threading.Semaphore(0), os.fsync

    def slow(handle):
        asked.release()
        assert answers.acquire(timeout=10)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", slow)
    journal.record("a", dot(2), PAINT)
    journal.snapshot("a", (slice(0, 1),), np.ones(1, np.uint8))
    k = 3
    while journal._snapshots:
        assert asked.acquire(timeout=10)
        # its own strokes first: else they would seem to be lost where it is found alone
        assert not (tmp_path / "a.snapshot").exists() or 2 not in journal._waiting
        journal.record("a", dot(k), PAINT)  # there is always one that is not confirmed
        k += 1
        answers.release()
        assert k < 20
        wait_until(journal, lambda: not journal._unwritten)
    answers.release(100)
    assert journal.flush(10)
    assert read_snapshot((tmp_path / "a.snapshot").read_bytes()).number == 2


def test_nothing_written_is_written_over_when_labelling_is_taken_up_again(tmp_path, journal):
    journal.record("a", dot(1), PAINT)
    journal.flush(10)
    second = Journal(tmp_path, first=2)
    second.record("a", dot(2), PAINT)
    assert second.close(10)
    journal.record("b", dot(3), PAINT)  # two windows at once lose nothing either
    journal.flush(10)
    assert len(list(tmp_path.glob("a.*.strokes"))) == 2
    assert sorted(at for _, at in kept(tmp_path)) == [1, 2, 3]


def test_the_folder_is_made_with_the_first_stroke_where_that_is_asked_for_and_only_then(tmp_path):
    folder = tmp_path / "own" / "folder"
    made = Journal(folder, retry=0.01, make=True)
    assert not folder.exists()
    made.record("a", dot(1), PAINT)
    assert made.flush(10)
    folder.rename(tmp_path / "gone")
    made.record("a", dot(2), PAINT)
    assert wait_for_trouble(made).waiting == 1
    (tmp_path / "gone").rename(folder)
    assert made.close(10)
    assert kept(folder) == [(1, 1), (2, 2)]


def test_closing_saves_what_waits_and_then_nothing_more_is_taken(tmp_path, journal):
    journal.record("a", dot(1), PAINT)
    assert journal.close(10)
    assert kept(tmp_path) == [(1, 1)]
    with pytest.raises(ValueError, match="closed"):
        journal.record("a", dot(2), PAINT)
    assert journal.close()


def test_closing_waits_for_a_disk_that_is_slow_and_says_when_it_does_not_answer(
    tmp_path, journal, monkeypatch
):
    answers, fsync = threading.Event(), os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: answers.wait(10) and fsync(handle))
    journal.record("a", dot(1), PAINT)
    assert not journal.close(0.05, patience=0.1)
    assert journal.is_writing
    threading.Timer(0.3, answers.set).start()
    assert journal.close(0.05, patience=10)
    assert not journal.is_writing
    assert kept(tmp_path) == [(1, 1)]


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_closing_gives_up_where_saving_goes_on_failing_and_says_so(
    tmp_path, journal, monkeypatch, call
):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)
    journal.record("a", dot(1), PAINT)
    assert not journal.close(0.05)
    assert not journal.is_writing
    assert "is full" in journal.state.worry()


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (
            errno.ENOSPC,
            r"The disk of '.*' is full. What is not saved is kept in memory.* Free some",
        ),
        (errno.EROFS, r"The folder '.*' cannot be written to.*Allow writing there, or export"),
        (errno.EIO, r"The folder '.*' cannot be reached.*Connect its drive again, or export"),
        (errno.EINVAL, r"Saving in '.*' has failed \(Invalid argument\)"),
    ],
)
def test_a_disk_that_fails_is_named_and_tried_again_and_no_stroke_is_lost_or_torn(
    tmp_path, journal, monkeypatch, code, why
):
    journal.record("a", dot(1), PAINT)
    journal.flush(10)
    write, fails = os.write, threading.Event()
    fails.set()

    def half(handle, content):
        if not fails.is_set():
            return write(handle, content)
        write(handle, content[: len(content) // 2])
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "write", half)
    journal.record("a", dot(2), PAINT)
    state = wait_for_trouble(journal)
    assert state.waiting == 1
    assert state.words().startswith("Not saved for ")
    assert re.search(why, state.worry())
    journal.record("a", dot(3), PAINT)
    fails.clear()
    assert journal.flush(10)
    assert (journal.state.worry(), journal.state.trouble) == ("", "")
    assert kept(tmp_path) == [(1, 1), (2, 2), (3, 3)]
    assert len(read_strokes(next(tmp_path.glob("a.*")).read_bytes())) == 3


def test_a_folder_that_vanishes_and_comes_back_has_all(tmp_path):
    folder, away = tmp_path / "drive", tmp_path / "away"
    folder.mkdir()
    journal = Journal(folder, retry=0.01)
    journal.record("a", dot(1), PAINT)
    journal.flush(10)
    folder.rename(away)
    journal.record("a", dot(2), PAINT)
    assert "cannot be reached" in wait_for_trouble(journal).worry()
    assert not folder.exists()  # no folder is made up where a drive was
    away.rename(folder)
    assert journal.close(10)
    assert kept(folder) == [(1, 1), (2, 2)]


def test_a_folder_that_comes_back_empty_gets_all_again(tmp_path):
    folder = tmp_path / "drive"
    folder.mkdir()
    journal = Journal(folder, retry=0.01)
    for k in range(1, 8):  # more than are open at a time
        journal.record(f"tile-{k}", dot(k), PAINT)
    journal.flush(10)
    shutil.rmtree(folder)
    folder.mkdir()
    journal.record("tile-7", dot(8), PAINT)
    assert journal.close(10)
    assert kept(folder) == [(k, k) for k in range(1, 9)]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_named(tmp_path):
    tmp_path.chmod(0o500)
    journal = Journal(tmp_path, retry=0.01)
    journal.record("a", dot(1), PAINT)
    assert "cannot be written to" in wait_for_trouble(journal).worry()
    tmp_path.chmod(0o700)
    assert journal.close(10)


def test_a_snapshot_has_the_pixels_of_its_moment_and_the_one_before_is_kept(tmp_path, journal):
    labels = np.zeros((4, 4), np.uint16)
    bounds = (slice(0, 2), slice(1, 3))
    for k in (1, 2):
        journal.record("a", dot(k), PAINT)
        labels[0, 1] = k
        journal.snapshot("a", bounds, labels[bounds])
        journal.flush(10)
    labels[0, 1] = 9
    now, before = (
        read_snapshot((tmp_path / f"a{end}").read_bytes())
        for end in (".snapshot", ".previous.snapshot")
    )
    assert [(s.number, s.pixels[0, 0], s.bounds) for s in (before, now)] == [
        (1, 1, bounds),
        (2, 2, bounds),
    ]
    assert not list(tmp_path.glob(".*"))


def test_a_snapshot_is_not_changed_by_what_is_painted_before_the_disk_has_it(
    tmp_path, journal, monkeypatch
):
    answers, fsync = threading.Event(), os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: answers.wait(10) and fsync(handle))
    labels = np.full((2, 2), 1, np.uint16)
    journal.record("a", dot(1), PAINT)
    journal.snapshot("a", (slice(0, 2), slice(0, 2)), labels)
    labels[:] = 9
    answers.set()
    assert journal.flush(10)
    kept = read_snapshot((tmp_path / "a.snapshot").read_bytes())
    assert (kept.pixels == 1).all()


def test_however_many_tiles_there_are_few_files_are_open(tmp_path, journal, monkeypatch):
    opened, closed = [], []
    open_, close = os.open, os.close
    monkeypatch.setattr(os, "open", lambda *a: opened.append(open_(*a)) or opened[-1])
    monkeypatch.setattr(os, "close", lambda handle: closed.append(handle) or close(handle))
    for k in range(60):
        journal.record(f"tile-{k % 30}", dot(k), PAINT)
        journal.flush(10)
        assert len(opened) - len(closed) <= 6
    assert sorted(at for _, at in kept(tmp_path)) == list(range(60))
    assert len(list(tmp_path.glob("tile-*"))) == 30


def test_every_stroke_is_confirmed_by_the_disk(journal, monkeypatch):
    journal.record("a", dot(1), PAINT)  # makes the file, which its folder confirms too
    journal.flush(10)
    confirmed, fsync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: confirmed.append(fsync(handle)))
    journal.record("a", dot(2), PAINT)
    journal.flush(10)
    assert len(confirmed) == 1


def test_a_section_is_due_after_many_strokes_or_some_time_and_not_after_its_snapshot(
    journal, monkeypatch
):
    monkeypatch.setattr(module, "SNAPSHOT_STROKES", 3)
    for section in "aab":
        journal.record(section, dot(1), PAINT)
    assert journal.due() == ()
    journal.record("a", dot(1), PAINT)
    assert journal.due() == ("a",)
    journal.snapshot("a", (slice(0, 1),), np.zeros(1, np.uint8))
    assert journal.due() == ()
    monkeypatch.setattr(module, "SNAPSHOT_SECONDS", 0.0)
    assert journal.due() == ("b",)


def test_a_snapshot_that_fails_does_not_keep_strokes_from_the_disk(tmp_path, journal, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(module, "put_snapshot", full)
    journal.snapshot("a", (slice(0, 1),), np.zeros(1, np.uint8))
    assert "is full" in wait_for_trouble(journal).worry()
    journal.record("a", dot(1), PAINT)
    wait_until(journal, lambda: not journal._waiting)
    assert kept(tmp_path) == [(1, 1)]
    monkeypatch.undo()
    assert journal.flush(10)
    assert (tmp_path / "a.snapshot").exists()


@pytest.mark.parametrize("section", ["", "a/b", "..", "a.b", "x" * 61])
def test_names_that_are_no_file_names_and_notes_that_are_no_values_are_refused(journal, section):
    with pytest.raises(ValueError, match="no name of a section"):
        journal.record(section, dot(1), PAINT)
    with pytest.raises(TypeError):
        journal.record("a", dot(1), PAINT, note={"tile": object()})
    assert journal.state.words() == "Nothing to save yet"


def test_how_long_ago_it_was_saved_is_said_in_few_words():
    def state(**changes):
        values = {"saved": None, "waiting": 0, "since": None, "trouble": "", "folder": "/f"}
        return SavingState(**values | changes)

    assert state().words() == "Nothing to save yet"
    assert state(saved=10.0).words(11.5) == "Saved 1 s ago"
    assert state(saved=10.0).words(200.0) == "Saved 3 min ago"
    assert state(waiting=2, since=10.0).words(11.0) == "Saving …"
    assert state(waiting=2, since=10.0).worry(11.0) == ""
    silent = state(waiting=2, since=10.0)
    assert silent.words(30.0) == "Not saved for 20 s"
    slow = state(waiting=2, since=10.0, written=2)
    assert (slow.words(11.0), slow.words(30.0)) == ("Saving …", "Not confirmed for 20 s")
    assert slow.worry(30.0).startswith("The disk of '/f' has not confirmed for 20 s what is")
    assert silent.worry(30.0).startswith(
        "Not saved for 20 s: the folder '/f' does not answer. What"
    )
    assert [spoken(s) for s in (0.9, 59.9, 60, 7300)] == ["0 s", "59 s", "1 min", "2 h"]
