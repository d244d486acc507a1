"""A disk fails while somebody paints: it is said, nothing is lost, and saving goes on after."""

from __future__ import annotations

import errno
import os
import subprocess

import numpy as np
import pytest

from napari_verdict.report import growing_file
from napari_verdict.report.resuming import resume

pytestmark = pytest.mark.gui
ROUND = ((6, 6), (6, 10), (10, 10), (10, 6))


def folder_of(person):
    return person.home / "napari-verdict" / "raw.labels" / "anyone"


def saved(person):
    return person.dock.page.saved.text()


class Failing:
    """The operating system, some of whose calls fail until it is mended."""

    def __init__(self, code, calls):
        self.code, self.calls = code, calls

    def __getattr__(self, name):
        real = getattr(os, name)
        return self.fails(real, name) if name in self.calls else real

    def fails(self, real, name):
        def call(*args):
            if name == "write" and len(args[1]) > 1:
                real(args[0], args[1][: len(args[1]) // 2])  # a full disk takes some of it
            raise OSError(self.code, os.strerror(self.code))

        return call


@pytest.mark.parametrize(
    ("code", "calls", "said"),
    [
        (errno.ENOSPC, ["write"], ("is full", "Free some space on it")),
        (errno.ENOSPC, ["fsync"], ("is full", "Free some space on it")),
        (errno.EROFS, ["open"], ("cannot be written to", "Allow writing there")),
        (errno.EACCES, ["open"], ("cannot be written to", "Allow writing there")),
        (errno.EIO, ["write", "open", "fsync"], ("cannot be reached", "Connect its drive again")),
    ],
    ids=["full", "full at last", "read-only", "forbidden", "drive gone"],
)
def test_it_is_said_labels_stay_and_saving_goes_on_by_itself(labeller, code, calls, said):
    labeller.start()
    labeller.paint(*ROUND, label=1)
    labeller.wait(lambda: saved(labeller).startswith("Saved"), "it to be saved")
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(growing_file, "os", Failing(code, calls))
        labeller.key("T")  # a tile of its own is a file of its own
        labeller.paint(*ROUND, label=2)
        labeller.wait(lambda: said[0] in saved(labeller), "the warning")
        assert saved(labeller).startswith("⚠ Not saved for ")
        for words in ("kept in memory", "tried again", said[1], str(folder_of(labeller))):
            assert words in saved(labeller)
        labeller.paint((20, 20), (20, 24), label=3)  # one can go on
        painted = labeller.truth.data.copy()
        assert {1, 2, 3} <= set(np.unique(painted))
        labeller.click("Stop labelling")  # it is asked about
        assert "kept in memory" in labeller.says()
        labeller.click("Go on labelling")
        np.testing.assert_array_equal(labeller.truth.data, painted)
    labeller.wait(lambda: saved(labeller).startswith("Saved"), "it to be saved after all")
    kept = resume(folder_of(labeller))
    np.testing.assert_array_equal(kept.labels, painted)
    assert not kept.trouble


@pytest.fixture
def small_disk(tmp_path):
    """A real disk of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no disk may be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.skipif(os.name != "posix", reason="mounts a disk")
def test_a_real_disk_that_is_full_is_said_and_saved_to_once_there_is_room(
    small_disk, labeller, monkeypatch
):
    monkeypatch.setenv("HOME", str(small_disk))
    labeller.home = small_disk
    labeller.start()
    labeller.paint(*ROUND, label=1)
    labeller.wait(lambda: saved(labeller).startswith("Saved"), "it to be saved")
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space left"):
        ballast.write_bytes(bytes(1 << 20))
    labeller.key("T")
    labeller.paint(*ROUND, label=2)
    labeller.wait(lambda: "is full" in saved(labeller), "the warning")
    painted = labeller.truth.data.copy()
    ballast.unlink()
    labeller.wait(lambda: saved(labeller).startswith("Saved"), "it to be saved after all")
    np.testing.assert_array_equal(resume(folder_of(labeller)).labels, painted)
    assert (painted == 2).any()
