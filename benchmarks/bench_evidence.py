"""Evidence without ground truth: how fast it is, and how often planted artefacts are found.

`pytest -o python_functions='bench_*' benchmarks/bench_evidence.py` times it;
`python benchmarks/bench_evidence.py FOLDER` plants artefacts in the denoised images of FOLDER
(with `*/raw.ome.tif` and `*/prediction_*.ome.tif`) and prints the table of docs/performance.md.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from napari_verdict import check_evidence
from napari_verdict.comparison.evidence.camera import Camera
from napari_verdict.comparison.evidence.conditions import kept_of
from napari_verdict.comparison.evidence.places import apart, places_in
from napari_verdict.comparison.evidence.standard import Gathering
from napari_verdict.metrics.alarms import FalseAlarms, false_alarms
from napari_verdict.metrics.correlation import flat_pixels
from napari_verdict.metrics.evidence import SCALES, detection_limit, evidence_map, peaks, reach
from napari_verdict.metrics.noise import NoiseModel
from napari_verdict.metrics.residuals import standardised_residual

CAMERA = NoiseModel.of_camera(2.2, 100.0, 1.6)
SIZE = 2048
#: In each cell of the table of what was found: half shown without photons, half erased.
PLANTINGS = 56


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    y, x = np.indices((SIZE, SIZE))
    electrons = 20 + 15 * np.sin(x / 30) * np.cos(y / 40)
    raw = 100 + 2.2 * (rng.poisson(electrons) + rng.normal(0, 1.6, electrons.shape))
    return raw.astype(np.float32), (100 + 2.2 * electrons).astype(np.float32)


def find(raw: np.ndarray, prediction: np.ndarray, threads: int) -> int:
    """Residual, map at four scales, threshold and peaks; bands of rows given to threads."""
    halo, rows = reach(), -(-SIZE // (4 * threads))

    def band(first: int) -> np.ndarray:
        last = min(first + rows, SIZE)
        a, b = max(first - halo, 0), min(last + halo, SIZE)
        z = standardised_residual(raw[a:b], prediction[a:b], CAMERA)
        return evidence_map(z, rows=slice(first - a, last - a))

    with ThreadPoolExecutor(threads) as pool:
        k = np.concatenate(list(pool.map(band, range(0, SIZE, rows))))
    low, high = false_alarms(prediction, CAMERA).thresholds(k.size)
    return len(peaks(k, low, high)[0])


@pytest.mark.parametrize("threads", [2, 1])
def bench_evidence_and_threshold(benchmark, pair, threads):
    find(*pair, threads)  # compiled, and the simulation remembered
    assert benchmark.pedantic(find, (*pair, threads), rounds=7) <= 3


@pytest.mark.parametrize("camera", [CAMERA, None], ids=["known", "estimated"])
def bench_check_evidence(benchmark, pair, camera):
    raw, prediction = pair

    def check() -> int:
        return len(check_evidence(prediction, raw, noise=camera).places["prediction"])

    check()  # compiled, and the simulation remembered
    assert benchmark.pedantic(check, rounds=7) <= 3


def bench_first_simulation(benchmark, pair):
    from napari_verdict.metrics.alarms import _simulated

    benchmark.pedantic(
        false_alarms, (pair[1], CAMERA), setup=lambda: _simulated.cache_clear(), rounds=5
    )


def bench_detection_limit(benchmark, pair):
    deviation = np.sqrt(CAMERA.variance(pair[1])).astype(np.float32)
    benchmark.pedantic(detection_limit, (deviation, 3.0, 5.0), rounds=5, warmup_rounds=1)


def plant(folder: Path, name: str, times: float, known: bool) -> str:
    """Plant blobs of a multiple of the limit, one at a time; count those in the first 5.

    The limit is that of the prediction before anything is planted, with the noise model it is
    tested with, as a person sees it.
    """
    import tifffile

    rng = np.random.default_rng(7)
    raw = tifffile.imread(folder / "raw.ome.tif").astype(float)
    clean = tifffile.imread(folder / f"prediction_{name}.ome.tif").astype(float)
    y, x = np.indices(raw.shape)
    before, alarms_before = _noise(raw, clean, known)
    low, high = alarms_before.thresholds(raw.size)
    everywhere, rows = np.ones(raw.shape, bool), slice(0, len(raw))
    limits = {
        s: Gathering(SCALES, s, low, high).limit(clean, everywhere, before, rows) for s in SCALES
    }
    found = {-1: [0, 0], 1: [0, 0]}
    for k in range(PLANTINGS):
        sign, scale = (-1, 1)[k % 2], SCALES[k // 2 % len(SCALES)]
        at = rng.integers(12, np.array(raw.shape) - 12)
        blob = np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / (2 * scale**2))
        # below 0: shown without photons, so added to the prediction
        prediction = clean - sign * times * limits[scale][tuple(at)] * blob
        noise, alarms = _noise(raw, prediction, known)
        k_map = evidence_map(standardised_residual(raw, prediction, noise))
        thresholds = alarms.thresholds(raw.size)
        places = apart(places_in(k_map, *thresholds, rows, 0, ((), 0)))[:5]
        found[sign][0] += any(
            max(abs(p.peak[0] - at[0]), abs(p.peak[1] - at[1])) <= max(4, 2 * scale)
            and (p.height > 0) == (sign > 0)
            for p in places
        )
        found[sign][1] += 1
    cells = [f"{a} of {b}" for a, b in found.values()]
    model = "known" if known else "estimated"
    return f"| {' | '.join((f'{folder.name}, {name}', model, f'{times:g}', *cells))} |"


def _noise(raw: np.ndarray, prediction: np.ndarray, known: bool) -> tuple[NoiseModel, FalseAlarms]:
    noise = CAMERA
    if not known:
        everywhere = np.ones(raw.shape, bool)
        kept = kept_of(raw, prediction, flat_pixels(prediction, everywhere))
        unknown = Camera(None, None, None)
        noise, _ = unknown.with_prediction(raw, prediction, everywhere, "prediction", kept)
    return noise, false_alarms(prediction, noise)


if __name__ == "__main__":
    print("| prediction | noise model | times the limit | shown | erased |")
    print("|---|---|---|---|---|")
    for folder in sorted(p.parent for p in Path(sys.argv[1]).glob("*/raw.ome.tif")):
        for name, known, times in product(("cnn", "nlm"), (True, False), (1.0, 2.0)):
            print(plant(folder, name, times, known), flush=True)
