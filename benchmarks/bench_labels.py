"""Overlap, matching and scores of label images, side by side with stardist.

Run with ``pytest -o python_functions='bench_*' benchmarks/bench_labels.py``; ``-k "not
stardist"`` leaves the reference out. Times are compared within one run only. stardist allocates
objects x objects, some gigabytes at 10,000 objects, and runs once. With ``LARGE=1`` in the
environment 8192 x 8192 pixels with 20,000 objects are compared too, for which stardist needs
11 GB.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

from napari_verdict.comparison.model import Comparison, Input, Task
from napari_verdict.comparison.objects.labels import run_labels
from napari_verdict.comparison.objects.listing import object_entries
from napari_verdict.engine.cancel import CancelToken


def nuclei(rng: np.random.Generator, side: int, per_side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a ground truth of blobs on a jittered grid, and a prediction with its faults.

    Blobs are ellipses that touch now and then. Of the predicted ones some are displaced or
    too large, one in twelve is missed, and as many are made up.
    """
    step = side // per_side
    truth, prediction = np.zeros((2, side, side), np.uint32)
    centres = np.stack(np.mgrid[:per_side, :per_side], -1).reshape(-1, 2) * step + step / 2
    centres += rng.normal(0, step / 8, centres.shape)
    radii = step * rng.uniform(0.28, 0.5, centres.shape)
    kept = rng.random(len(centres)) > 1 / 12
    order = rng.permutation(len(centres)) + 1
    shift = rng.normal(0, step / 16, centres.shape)
    growth = rng.uniform(0.85, 1.15, (len(centres), 1))
    for i in range(len(centres)):
        _draw(truth, centres[i], radii[i], i + 1)
        centre = centres[i] + (shift[i] if kept[i] else step / 2)
        _draw(prediction, centre, radii[i] * growth[i], order[i])
    return truth, prediction


def _draw(labels: np.ndarray, centre: np.ndarray, radii: np.ndarray, label: int) -> None:
    low = np.maximum(np.floor(centre - radii).astype(int), 0)
    high = np.minimum(np.ceil(centre + radii).astype(int) + 1, labels.shape)
    if (low >= high).any():
        return
    y, x = (np.arange(a, b) for a, b in zip(low, high, strict=True))
    inside = ((y[:, None] - centre[0]) / radii[0]) ** 2 + ((x - centre[1]) / radii[1]) ** 2 < 1
    labels[low[0] : high[0], low[1] : high[1]][inside] = label


SIZES = {"2048, 2500 objects": (2048, 50), "4096, 10000 objects": (4096, 100)}
if os.environ.get("LARGE"):
    SIZES["8192, 20164 objects"] = (8192, 142)


@pytest.fixture(scope="module", params=SIZES)
def pair(request: pytest.FixtureRequest) -> tuple[str, np.ndarray, np.ndarray]:
    return request.param, *nuclei(np.random.default_rng(0), *SIZES[request.param])


def scores_of(truth: np.ndarray, prediction: np.ndarray, threads: int | None = None):
    names = Input("ground truth", truth, "yx"), (Input("prediction", prediction, "yx"),)
    steps = run_labels(Comparison(Task.INSTANCES, *names), token=CancelToken(), threads=threads)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.mark.parametrize("threads", [1, 2])
def bench_overlap_matching_and_all_scores(benchmark, pair, threads):
    name, truth, prediction = pair
    benchmark.group = f"scores, {name}"
    benchmark.pedantic(scores_of, (truth, prediction, threads), rounds=5, warmup_rounds=1)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux says")
def bench_peak_memory(benchmark, pair):
    """What the process grows by beyond the two images; run it alone, memory is used again."""
    name, truth, prediction = pair
    benchmark.group = f"memory, {name}"

    import volumes  # of the tests, on the path of pytest only

    def growth() -> int:
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
        before = volumes.peak()
        scores_of(truth, prediction)
        return volumes.peak() - before

    scores_of(truth[:64, :64], prediction[:64, :64])
    benchmark.extra_info["bytes"] = benchmark.pedantic(growth, rounds=1)


def bench_stardist(benchmark, pair):
    matching = pytest.importorskip("stardist.matching").matching
    name, truth, prediction = pair
    benchmark.group = f"scores, {name}"
    matching(truth[:64, :64], prediction[:64, :64])  # compiles
    theirs = benchmark.pedantic(matching, (truth, prediction), rounds=1)
    ours = scores_of(truth, prediction)
    assert [ours.score(m, "prediction").value for m in ("tp", "fp", "fn")] == [
        *(theirs.tp, theirs.fp, theirs.fn)
    ]


def bench_overlays(benchmark, pair):
    name, truth, prediction = pair
    benchmark.group = f"derived, {name}"
    result = scores_of(truth, prediction)
    benchmark.pedantic(result.overlays, ("prediction",), rounds=3, warmup_rounds=1)


def bench_rewriting_the_changed_boxes(benchmark, pair):
    from napari_verdict.comparison.objects.overlays import rewrite

    name, truth, prediction = pair
    benchmark.group = f"derived, {name}"
    old = scores_of(truth, prediction)
    new, arrays = old.at(0.55), old.overlays("prediction")
    benchmark(lambda: rewrite(old, new, "prediction", arrays))


def bench_a_brush_stroke(benchmark, pair):
    """A disc of radius 20 is painted; scores, outcomes and kinds are brought up to date."""
    name, truth, prediction = pair
    benchmark.group = f"derived, {name}"
    state = scores_of(truth.copy(), prediction)
    rng, disc = np.random.default_rng(1), np.hypot(*np.mgrid[-20:21, -20:21]) <= 20
    painted = state.comparison.ground_truth

    def paint():
        y, x = rng.integers(20, len(truth) - 21, 2)
        part = painted.data[y - 20 : y + 21, x - 20 : x + 21]
        before = part[np.newaxis].copy()
        part[disc] = rng.integers(0, 2) * rng.integers(1, 2**20)
        return (painted, (0, 1, y - 20, y + 21, x - 20, x + 21), before), {}

    def stroke(*stroke):
        nonlocal state
        state = state.repainted(*stroke)
        outcomes(state)

    benchmark.pedantic(stroke, setup=paint, rounds=40, warmup_rounds=3)


def outcomes(result):
    """Ask for all that depends on the threshold but is made when asked for."""
    matching = result.matchings["prediction"][0]
    return result.rows, matching.gt, matching.pred, matching.kinds


def bench_scores_outcomes_and_kinds_at_another_threshold(benchmark, pair):
    name, truth, prediction = pair
    benchmark.group = f"derived, {name}"
    result = scores_of(truth, prediction)
    benchmark(lambda: outcomes(result.at(0.7)))


def bench_the_curve(benchmark, pair):
    """All scores and the curve: to be compared with all scores alone."""
    name, truth, prediction = pair
    benchmark.group = f"scores, {name}"
    benchmark.pedantic(lambda: scores_of(truth, prediction).curve, rounds=5, warmup_rounds=1)


def bench_the_list_of_objects(benchmark, pair):
    name, truth, prediction = pair
    benchmark.group = f"derived, {name}"
    result = scores_of(truth, prediction)
    benchmark(object_entries, result, "prediction")


def tissue(side: int, per_side: int) -> list[np.ndarray]:
    """Return cells that all touch, and the same with their centres moved."""
    rng, step = np.random.default_rng(0), side // per_side
    centres = np.stack(np.mgrid[:per_side, :per_side], -1).reshape(-1, 2) * step + step / 2
    centres += rng.normal(0, step / 5, centres.shape)
    pixels = np.stack(np.mgrid[:side, :side], -1).reshape(-1, 2)
    moved = centres + rng.normal(0, step * 0.15, centres.shape)
    return [(cKDTree(c).query(pixels)[1] + 1).reshape(side, side) for c in (centres, moved)]


@pytest.mark.parametrize("threshold", [0.5, 0.3, 0.1])
def bench_matching_10000_cells_that_touch(benchmark, threshold):
    benchmark.group = "matching, tissue of 10000 cells"
    result = scores_of(*tissue(2048, 100))
    benchmark(result.at, threshold)


def bench_a_million_objects_streamed_from_zarr(benchmark, tmp_path):
    """Two volumes of 800 x 800 x 800, in a process of their own whose peak memory is taken."""
    import volumes

    benchmark.group = "a million objects"
    expected = volumes.write(tmp_path, 100)
    run = [sys.executable, volumes.__file__, str(tmp_path)]
    done = benchmark.pedantic(subprocess.check_output, (run,), rounds=1)
    found = json.loads(done)
    assert {metric: found[metric] for metric in expected} == expected
    benchmark.extra_info |= {k: found[k] for k in ("seconds", "before", "peak")}
    assert found["peak"] < 1e9
