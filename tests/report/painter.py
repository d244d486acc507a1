"""Processes that paint until they are killed: run by `test_killed.py`, not a test itself.

Called with a seed and folders; forks one painter a folder, kills each at a random moment, and
prints when, as JSON. Where SECONDS_TO_CONFIRM is set, the disk takes so long for every fsync.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from napari_verdict.annotation.edits import Change
from napari_verdict.annotation.origins import Action, Step
from napari_verdict.report.resuming import resume

SHAPE = (64, 64)
#: The longest that a painter lives, and its pause between two strokes.
LIFE, PAUSE = 3.0, 0.02


def stroke(k: int) -> Change:
    """The k-th stroke of every painter: a box of a label; every fifth a few single pixels."""
    rng = np.random.default_rng(k)
    if k % 5 == 0:
        at = np.unique(rng.integers(0, SHAPE[0] * SHAPE[1], 9))
    else:
        (y0, x0), (h, w) = rng.integers(0, 48, 2), rng.integers(1, 16, 2)
        at = np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE)[y0 : y0 + h, x0 : x0 + w].ravel()
    return Change(at.astype(np.int64), np.full(len(at), k % 200, np.uint16))


def painted(n: int) -> np.ndarray:
    """The labels after the first n strokes."""
    labels = np.zeros(SHAPE, np.uint16)
    for k in range(1, n + 1):
        stroke(k).write(labels)
    return labels


def paint(folder: Path) -> None:
    """Take the labels up and paint for ever; note the time of every stroke when it is made."""
    labelling = resume(folder)
    make_slow(float(os.environ.get("SECONDS_TO_CONFIRM", "0")))
    labels, journal = labelling.labels, labelling.journal()
    log = os.open(folder.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for k in range(labelling.strokes + 1, 100_000):
        change = stroke(k)
        change.write(labels)
        journal.record(f"tile-{k // 7 % 3}", change, Step(Action.PAINT, "ann", datetime.now(UTC)))
        os.write(log, f"{k} {time.monotonic()}\n".encode())
        if k % 20 == 0:
            journal.snapshot(f"tile-{k // 7 % 3}", (slice(0, 64), slice(0, 40)), labels[:, :40])
        time.sleep(PAUSE)


def make_slow(seconds: float) -> None:
    """Let the disk take so long to confirm."""
    confirm = os.fsync

    def fsync(handle: int) -> None:
        time.sleep(seconds)
        confirm(handle)

    os.fsync = fsync


def main(seed: int, folders: list[Path]) -> None:
    rng = np.random.default_rng(seed)
    living = [SimpleNamespace(folder=f, pid=0, dies=0.0) for f in folders]
    for painter in living:
        painter.pid = os.fork()
        if painter.pid == 0:
            paint(painter.folder)
        painter.dies = time.monotonic() + rng.uniform(0, LIFE)
    killed = {}
    for painter in sorted(living, key=lambda p: p.dies):
        time.sleep(max(0.0, painter.dies - time.monotonic()))
        os.kill(painter.pid, signal.SIGKILL)
        killed[painter.folder.name] = time.monotonic()
        os.waitpid(painter.pid, 0)
    print(json.dumps(killed))


if __name__ == "__main__":
    main(int(sys.argv[1]), [Path(folder) for folder in sys.argv[2:]])
