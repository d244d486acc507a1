"""A file that is written is whole at any moment, whoever else writes it."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from napari_verdict.report.writing import settle_folder, write_whole


def test_threads_that_write_one_file_do_not_spoil_each_other(tmp_path):
    path, size = tmp_path / "session.json", 20_000
    write_whole(path, lambda p: p.write_text("-" * size))

    def write(letter: str) -> set[str]:
        seen = set()
        for _ in range(40):
            write_whole(path, lambda p: p.write_text(letter * size))
            seen.add(path.read_text())
        return seen

    with ThreadPoolExecutor(3) as pool:
        seen = set().union(*pool.map(write, "abc"))
    assert seen <= {letter * size for letter in "abc"}
    assert [p.name for p in tmp_path.iterdir()] == ["session.json"]


def refusing_folders(code):
    fsync = os.fsync

    def refuse(handle):
        if os.path.isdir(f"/dev/fd/{handle}"):
            raise OSError(code, os.strerror(code))
        fsync(handle)

    return refuse


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a folder is not confirmed")
def test_a_drive_that_confirms_files_and_no_folders_is_written_to(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", refusing_folders(errno.EINVAL))
    write_whole(tmp_path / "a", lambda p: p.write_text("a"))
    assert (tmp_path / "a").read_text() == "a"
    monkeypatch.setattr(os, "fsync", refusing_folders(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        settle_folder(tmp_path)
