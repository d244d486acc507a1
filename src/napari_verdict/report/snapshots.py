"""Snapshots of sections as files: the newest of each, and the one before."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

from napari_verdict.report.strokes import read_snapshot, snapshot_bytes
from napari_verdict.report.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_verdict.report.strokes import Snapshot

_NEWEST, _BEFORE = ".snapshot", ".previous.snapshot"


def put_snapshot(folder: Path, section: str, snapshot: Snapshot) -> None:
    """Put a snapshot in the place of the section's newest, which is kept beside it.

    Raises
    ------
    OSError
        If it cannot be written; the newest is what it was.
    """
    stem = section if snapshot.target == "labels" else f"{section}.ignore"
    path = folder / f"{stem}{_NEWEST}"
    if path.exists():
        write_whole(folder / f"{stem}{_BEFORE}", partial(shutil.copyfile, path))
    write_whole(path, partial(_write, content=snapshot_bytes(snapshot)))


def snapshots_in(folder: Path) -> Iterator[Snapshot]:
    """Yield the newest whole snapshot of each section and target.

    Raises
    ------
    OSError
        If one cannot be read.
    """
    stems = {p.name.removesuffix(_NEWEST) for p in folder.glob(f"*{_NEWEST}")}
    for stem in sorted({s.removesuffix(".previous") for s in stems}):
        for name in (stem + _NEWEST, stem + _BEFORE):
            path = folder / name
            snapshot = read_snapshot(path.read_bytes()) if path.exists() else None
            if snapshot is not None:
                yield snapshot
                break


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
