"""A process that paints is killed at any moment, and at most its last two seconds are lost."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_verdict.comparison.model import Input
from napari_verdict.report.labelling import begin
from napari_verdict.report.resuming import resume

PAINTER = Path(__file__).with_name("painter.py")
LOST_SECONDS = 2.0

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")


@pytest.fixture(scope="module")
def painter():
    spec = importlib.util.spec_from_file_location("painter", PAINTER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def begun(tmp_path, painter, n):
    folders = [tmp_path / f"{k:02d}" for k in range(n)]
    for folder in folders:
        begin(folder, Input("image", np.zeros(painter.SHAPE, np.uint8), "yx"), "ann")
    return folders


def killed(painter, seed, folders, **environment):
    """Let painters live until they are killed; return how many seconds each of them lost."""
    done = subprocess.run(
        [sys.executable, str(PAINTER), str(seed), *map(str, folders)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    lost, ends = [], json.loads(done.stdout)
    for folder in folders:
        labelling, at = resume(folder), ends[folder.name]
        np.testing.assert_array_equal(labelling.labels, painter.painted(labelling.strokes))
        assert labelling.trouble == ""
        made = when_made(folder)
        lost.append(at - made.get(labelling.strokes + 1, at))
    return lost


def when_made(folder):
    log = folder.with_suffix(".log")
    lines = log.read_text().splitlines() if log.exists() else []
    return {int(k): float(when) for k, when in map(str.split, lines)}


def test_killed_at_fifty_random_moments_it_loses_at_most_the_last_two_seconds(tmp_path, painter):
    folders = begun(tmp_path, painter, 25)
    # each is killed, taken up again, and killed again
    lost = [s for life in (1, 2) for s in killed(painter, life, folders)]
    assert len(lost) == 50
    assert max(lost) <= LOST_SECONDS
    assert sum(resume(folder).strokes for folder in folders) > 500  # they did paint


def test_killed_while_the_disk_takes_seconds_to_confirm_it_loses_no_more(tmp_path, painter):
    folders = begun(tmp_path, painter, 8)
    lost = killed(painter, 1, folders, SECONDS_TO_CONFIRM="5")  # longer than any of them lives
    assert max(lost) <= LOST_SECONDS
    lives = [max(made.values()) - min(made.values()) for made in map(when_made, folders) if made]
    assert max(lives) > LOST_SECONDS  # there was more to lose
