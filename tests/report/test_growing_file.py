"""A file holds all that was added, whatever its disk refuses, forgets or loses."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime

import numpy as np
import pytest

from napari_verdict.annotation.edits import Change
from napari_verdict.annotation.origins import Action, Step
from napari_verdict.report.growing_file import GrowingFile
from napari_verdict.report.strokes import Stroke, read_strokes

PAINT = Step(Action.PAINT, "ann", datetime(2024, 5, 1, 12, tzinfo=UTC))
REFUSED = OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "a.strokes"


@pytest.fixture
def file(path):
    path.parent.mkdir()
    made = GrowingFile(path)
    yield made
    made.close()


def stroke(number):
    return Stroke(number, PAINT, Change(np.array([number]), np.array([1], np.uint16)))


def write(file, *numbers):
    for number in numbers:
        file.add(stroke(number))
    return file.write()


def kept(path):
    return [s.number for s in read_strokes(path.read_bytes())]


def once(call):
    """Return a call that does something before the first time it is made."""

    def make(first, real=call):
        todo = [first]

        def made(*args):
            if todo:
                todo.pop()()
            return real(*args)

        return made

    return make


def test_what_is_written_is_there_before_the_disk_confirms_it(file, path):
    assert write(file, 1, 2)
    assert kept(path) == [1, 2]
    assert (file.is_behind, file.is_unsure) == (False, True)
    assert file.confirm() == [1, 2]
    assert (file.is_behind, file.is_unsure) == (False, False)
    write(file, 5)
    assert file.confirm() == [5]


def test_a_stroke_that_was_taken_in_an_attempt_before_is_taken_once(file, path):
    write(file, 1, 2)
    write(file, 1, 2, 3)
    assert kept(path) == [1, 2, 3]


def test_a_record_that_was_written_by_half_is_written_again_over_its_half(file, path, monkeypatch):
    write(file, 1)
    file.confirm()
    real = os.write

    def half(handle, content):
        real(handle, content[: len(content) // 2])
        raise REFUSED

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError, match="Input/output"):
        write(file, 2)
    monkeypatch.undo()
    assert file.is_behind
    write(file, 3)
    assert path.read_bytes().count(b"nvR1") == 3
    assert kept(path) == [1, 2, 3]


def test_a_disk_that_takes_little_at_a_time_gets_all(file, path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, content: real(handle, content[:7]))
    write(file, 1, 2)
    assert kept(path) == [1, 2]


def test_what_the_disk_refused_to_confirm_is_written_again_since_it_may_forget_it(
    file, path, monkeypatch
):
    write(file, 1)
    file.confirm()
    size = path.stat().st_size
    write(file, 2)

    def forget(handle):
        os.ftruncate(handle, size)
        raise REFUSED

    monkeypatch.setattr(os, "fsync", forget)
    with pytest.raises(OSError, match="Input/output"):
        file.confirm()
    monkeypatch.undo()
    assert (file.is_behind, file.is_unsure) == (True, False)
    write(file)
    assert kept(path) == [1, 2]
    assert file.confirm() == [2]


def test_what_is_refused_while_more_is_written_is_written_again_too(file, path, monkeypatch):
    write(file, 1)

    def refuse():
        with monkeypatch.context() as disk:
            disk.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(REFUSED))
            with pytest.raises(OSError, match="Input/output"):
                file.confirm()

    monkeypatch.setattr(os, "write", once(os.write)(refuse))
    write(file, 2)
    assert file.is_behind
    path.write_bytes(b"")  # the disk has forgotten all of it
    write(file)
    assert kept(path) == [1, 2]
    assert file.confirm() == [1, 2]


def test_an_error_at_closing_is_one_of_writing(file, path, monkeypatch):
    write(file, 1)
    real = os.close

    def refuse(handle):
        real(handle)
        raise REFUSED

    monkeypatch.setattr(os, "close", refuse)
    file.close()
    monkeypatch.undo()
    assert file.is_behind
    write(file)
    assert file.confirm() == [1]


def test_a_file_may_be_closed_while_the_disk_confirms_it(file, monkeypatch):
    write(file, 1)
    monkeypatch.setattr(os, "fsync", once(os.fsync)(file.close))
    assert file.confirm() == [1]
    write(file, 2)
    file.close()
    assert file.confirm() == [2]


def test_only_what_was_written_before_is_confirmed(file, monkeypatch):
    write(file, 1)
    monkeypatch.setattr(os, "fsync", once(os.fsync)(lambda: write(file, 2)))
    assert file.confirm() == [1]
    assert file.is_unsure
    assert file.confirm() == [2]


def test_a_file_that_is_gone_is_written_anew_from_its_beginning_and_that_is_told(file, path):
    write(file, 1)
    file.confirm()
    path.unlink()
    assert not write(file, 2)
    assert kept(path) == [1, 2]
    assert write(file, 3)
    assert file.confirm() == [2, 3]


def test_a_file_that_came_back_as_it_was_earlier_gets_the_rest(file, path):
    write(file, 1)
    early = path.read_bytes()
    write(file, 2)
    file.confirm()
    file.close()
    path.write_bytes(early + b"nvR")
    assert not write(file, 3)
    assert kept(path) == [1, 2, 3]


def test_a_folder_that_is_gone_is_an_error_and_not_made_again(file, path):
    write(file, 1)
    path.parent.rename(path.parent.with_name("away"))
    with pytest.raises(FileNotFoundError):
        write(file, 2)
    assert not path.parent.exists()


@pytest.mark.parametrize("is_open", [True, False])
def test_a_disk_that_confirms_another_file_of_this_name_confirms_nothing(file, path, is_open):
    write(file, 1)
    if not is_open:
        file.close()
    path.unlink()
    path.write_bytes(b"")
    with pytest.raises(FileNotFoundError):
        file.confirm()
    write(file)
    assert kept(path) == [1]
    assert file.confirm() == [1]


def test_a_file_that_is_replaced_while_the_disk_confirms_it_is_not_confirmed(
    file, path, monkeypatch
):
    write(file, 1)
    stat = os.stat

    def replace():
        path.unlink()
        write(file)

    # it is in place when that is looked at, and gone a moment later
    def then_replaced(*args, **options):
        found = stat(*args, **options)
        monkeypatch.setattr(os, "stat", stat)
        replace()
        return found

    monkeypatch.setattr(os, "stat", then_replaced)
    assert file.confirm() == []
    assert kept(path) == [1]
    assert file.confirm() == [1]


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a folder is not confirmed")
def test_the_name_of_a_new_file_is_confirmed_once_and_again_when_it_is_made_anew(
    file, path, monkeypatch
):
    confirmed, fsync = [], os.fsync

    def noted(handle):
        confirmed.append("folder" if os.path.isdir(f"/dev/fd/{handle}") else "file")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    for number in (1, 2):
        write(file, number)
        file.confirm()
    assert confirmed == ["file", "folder", "file"]
    path.unlink()
    write(file, 3)
    file.confirm()
    assert confirmed[3:] == ["file", "folder"]
