"""Evidence without ground truth: how fast it is. How much it finds is in `power.py`.

`pytest -o python_functions='bench_*' --benchmark-columns=median --benchmark-sort=fullname
benchmarks/bench_evidence.py` prints the medians; each is called as its row in
`docs/performance.md`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from napari_verdict import check_evidence
from napari_verdict.metrics.alarms import false_alarms
from napari_verdict.metrics.evidence import detection_limit, evidence_map, peaks, reach
from napari_verdict.metrics.noise import NoiseModel
from napari_verdict.metrics.residuals import standardised_residual

CAMERA = NoiseModel.of_camera(2.2, 100.0, 1.6)
SIZE = 2048


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
    benchmark.name = f"standardised residual, map, threshold and peaks, threads {threads}"
    find(*pair, threads)  # compiled, and the simulation remembered
    assert benchmark.pedantic(find, (*pair, threads), rounds=7) <= 3


def bench_first_simulation(benchmark, pair):
    from napari_verdict.metrics.alarms import _KNOWN

    benchmark.name = "first simulation at new noise levels, then remembered"
    benchmark.pedantic(false_alarms, (pair[1], CAMERA), setup=_KNOWN.clear, rounds=5)


@pytest.mark.parametrize("camera", [CAMERA, None], ids=["known", "estimated"])
def bench_check_evidence(benchmark, pair, camera):
    raw, prediction = pair
    benchmark.name = f"check_evidence, noise {'estimated' if camera is None else 'entered'}"

    def check() -> int:
        return len(check_evidence(prediction, raw, noise=camera).places["prediction"])

    check()  # compiled, and the simulation remembered
    assert benchmark.pedantic(check, rounds=7) <= 3


def bench_detection_limit(benchmark, pair):
    benchmark.name = "detectability limit at one scale"
    deviation = np.sqrt(CAMERA.variance(pair[1])).astype(np.float32)
    benchmark.pedantic(detection_limit, (deviation, 3.0, 5.0), rounds=5, warmup_rounds=1)
