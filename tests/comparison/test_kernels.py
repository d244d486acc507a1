"""Kernels are made ready under a name of their own, once, and may be cancelled meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from builders import compare, discs, texture
from napari_verdict.comparison import kernels
from napari_verdict.comparison.model import Task
from napari_verdict.comparison.objects.overlays import outline, overlays, rewrite
from napari_verdict.comparison.run import complete, run
from napari_verdict.engine.cancel import Cancelled, CancelToken
from napari_verdict.metrics import painting


@pytest.fixture(autouse=True)
def nothing_ready(monkeypatch):
    monkeypatch.setattr(kernels, "_ready", set())


def steps_of(comparison):
    return [p.what for p in run(comparison)]


def comparisons():
    image, labels = texture(), discs()
    volume = np.stack([image] * 4)
    yield compare(image, texture(seed=2), raw=texture(seed=3))
    yield compare(volume, volume + texture(seed=2), axes="zyx", ssim_3d=True)
    yield compare(image.astype(np.uint16), texture(seed=2), ignore=image > 900)
    yield compare(labels, labels, task=Task.INSTANCES)
    yield compare(labels, labels > 0, task=Task.FOREGROUND)


@pytest.mark.parametrize("comparison", list(comparisons()))
def test_the_first_run_says_preparing_and_the_second_has_no_need_to(comparison):
    first = steps_of(comparison)
    assert "preparing" in first
    assert [what for what in first if what != "preparing"] == steps_of(comparison)


def kernels_of_painting():
    return [k for k in vars(painting).values() if hasattr(k, "signatures")]


def test_what_paints_overlays_is_ready_after_the_run_too():
    labels = discs().astype(np.int16)
    result = complete(run(compare(labels, labels.astype(np.uint8), task=Task.INSTANCES)))
    ready = [list(k.signatures) for k in kernels_of_painting()]
    painted = overlays(result, "a")
    rewrite(result, result.at(0.9), "a", painted)
    outline(result, "a", painted["predicted objects"])
    assert ready == [list(k.signatures) for k in kernels_of_painting()]
    assert all(ready)


def test_preparing_changes_no_number_and_no_input():
    comparison = compare(texture(), texture(seed=2))
    first, second = complete(run(comparison)), complete(run(comparison))
    assert [s.as_row() for s in first.rows] == [s.as_row() for s in second.rows]
    assert first.comparison.ground_truth.data.shape == (96, 96)


def test_it_is_cancelled_between_two_steps_and_is_not_taken_for_done():
    token = CancelToken()
    steps = run(compare(texture(), texture(seed=2)), token=token)
    while next(steps).what != "preparing":
        pass
    next(steps)
    token.cancel()
    with pytest.raises(Cancelled):
        next(steps)
    assert not kernels._ready


TIMED = """
import time, numpy as np
from napari_verdict.comparison.model import *
from napari_verdict.comparison.objects.overlays import outline, overlays, rewrite
from napari_verdict.comparison.run import run
a = np.random.default_rng(0).random((64, 64)).astype("f4")
steps = run(Comparison(Task.RESTORATION, Input("gt", a, "yx"), (Input("p", a[::-1], "yx"),)))
seconds = {}
before = time.perf_counter()
for progress in steps:
    now = time.perf_counter()
    seconds[progress.what] = seconds.get(progress.what, 0) + now - before
    before = now
print(seconds["preparing"] / sum(seconds.values()))
"""


def test_whatever_is_compiled_is_compiled_while_preparing(tmp_path):
    """With an empty cache nearly all of the time goes by between reports of preparing."""
    done = subprocess.run(
        [sys.executable, "-c", TIMED],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 0.5
