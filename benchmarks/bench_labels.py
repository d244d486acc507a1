"""Overlap, matching and scores of label images, side by side with stardist.

Run with ``pytest -o python_functions='bench_*' benchmarks/bench_labels.py``; ``-k "not
stardist"`` leaves the reference out. Times are compared within one run only. stardist allocates
objects x objects, some gigabytes at 10,000 objects, and runs once.
"""

from __future__ import annotations

import numpy as np
import pytest

from napari_verdict.comparison.model import Comparison, Input, Task
from napari_verdict.comparison.objects.labels import run_labels
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


def bench_another_threshold(benchmark, pair):
    name, truth, prediction = pair
    benchmark.group = f"derived, {name}"
    result = scores_of(truth, prediction)
    benchmark(result.at, 0.7)


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
