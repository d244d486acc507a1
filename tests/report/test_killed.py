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


def test_killed_at_fifty_random_moments_it_loses_at_most_the_last_two_seconds(tmp_path, painter):
    image = Input("image", np.zeros(painter.SHAPE, np.uint8), "yx")
    folders = [tmp_path / f"{k:02d}" for k in range(25)]
    for folder in folders:
        begin(folder, image, "ann")
    lost = []
    for life in (1, 2):  # each is killed, taken up again, and killed again
        done = subprocess.run(
            [sys.executable, str(PAINTER), str(life), *map(str, folders)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert not done.stderr
        for name, at in json.loads(done.stdout).items():
            labelling = resume(tmp_path / name)
            np.testing.assert_array_equal(labelling.labels, painter.painted(labelling.strokes))
            assert labelling.trouble == ""
            log = tmp_path / f"{name}.log"
            lines = log.read_text().splitlines() if log.exists() else []
            made = {int(k): float(when) for k, when in map(str.split, lines)}
            lost.append(at - made.get(labelling.strokes + 1, at))
    assert len(lost) == 50
    assert max(lost) <= LOST_SECONDS
    assert sum(resume(folder).strokes for folder in folders) > 500  # they did paint
