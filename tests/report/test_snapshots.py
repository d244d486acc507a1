"""The newest snapshot of each section is found, and the one before where it is damaged."""

from __future__ import annotations

import os

import numpy as np
import pytest

from napari_verdict.report.snapshots import put_snapshot, snapshots_in
from napari_verdict.report.strokes import Snapshot


def put(folder, section, number, target="labels"):
    bounds = (slice(0, 2), slice(1, 3))
    pixels = np.full((2, 2), number, np.uint16)
    put_snapshot(folder, section, Snapshot(number, bounds, pixels, target))


def found(folder):
    return [(s.number, s.target) for s in snapshots_in(folder)]


def test_each_section_and_target_has_its_newest(tmp_path):
    put(tmp_path, "tile-2", 1)
    put(tmp_path, "tile-1", 2)
    put(tmp_path, "tile-1", 3)
    put(tmp_path, "tile-1", 4, "ignore mask")
    assert found(tmp_path) == [(3, "labels"), (4, "ignore mask"), (1, "labels")]
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("content", [b"torn", None])
def test_where_it_is_damaged_or_gone_the_one_before_is_found(tmp_path, content):
    for number in (1, 2, 3):
        put(tmp_path, "a", number)
    newest = tmp_path / "a.snapshot"
    newest.unlink() if content is None else newest.write_bytes(content)
    assert found(tmp_path) == [(2, "labels")]
    (tmp_path / "a.previous.snapshot").write_bytes(b"torn")
    assert found(tmp_path) == []


def test_one_that_cannot_be_written_leaves_the_newest_as_it_was(tmp_path, monkeypatch):
    put(tmp_path, "a", 1)

    def full(handle):
        raise OSError("full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        put(tmp_path, "a", 2)
    assert found(tmp_path) == [(1, "labels")]
