"""SSIM maps, and whole runs of restored images, side by side with scikit-image.

Run with ``pytest -o python_functions='bench_*' benchmarks/bench_ssim.py``; ``-k "not
scikit_image"`` leaves the reference out. Times are compared within one run only.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from napari_verdict.comparison.conventions import LAINE_2021, RAW_UNITS
from napari_verdict.comparison.model import Comparison, Input, Settings, Task
from napari_verdict.comparison.restoration.images import run_images
from napari_verdict.comparison.run import complete
from napari_verdict.engine.blocks import blocks_of
from napari_verdict.engine.cancel import CancelToken
from napari_verdict.engine.executor import run_blocks
from napari_verdict.metrics.ssim import RADIUS, Affine, reflected, ssim_rows

SIZES = {"2D, 2048 x 2048": (2048, 2048), "3D, 32 x 512 x 512": (32, 512, 512)}


@pytest.fixture(scope="module", params=SIZES)
def images(request: pytest.FixtureRequest) -> tuple[str, list[np.ndarray]]:
    """A ground truth, raw and three predictions in float32."""
    rng = np.random.default_rng(0)
    shape = SIZES[request.param]
    truth = gaussian_filter(rng.random(shape, np.float32), 3)
    truth *= 1000 / truth.max()
    noise = (100, 10, 20, 30)
    return request.param, [truth] + [
        truth + rng.normal(0, sigma, shape).astype(np.float32) for sigma in noise
    ]


def ssim_alone(truth: np.ndarray, prediction: np.ndarray, data_range: float, threads: int):
    """Map and mean of a 2D image by blocks on threads, from float32 pixels, nothing fitted."""
    height, width = truth.shape
    out = np.empty(truth.shape, np.float32)
    means = float(truth.mean()), float(prediction.mean())

    def task(block):
        y0, y1 = max(0, block.y0 - RADIUS), min(height, block.y1 + RADIUS)
        g, p = (a[np.newaxis, y0:y1].astype(float) for a in (truth, prediction))
        return ssim_rows(
            g,
            p,
            Affine(),
            means,
            data_range,
            planes=np.zeros(1, np.intp),
            rows=reflected(np.arange(block.y0 - RADIUS, block.y1 + RADIUS), height) - y0,
            z_taps=np.ones(1),
            valid=None,
            out=out[block.y],
        )

    blocks = blocks_of((), (1, height, width))
    parts = list(run_blocks(task, blocks, token=CancelToken(), threads=threads))
    sums, counts = (np.concatenate(part)[RADIUS:-RADIUS] for part in zip(*parts, strict=True))
    return sums.sum() / counts.sum(), out


def scikit_image(truth: np.ndarray, prediction: np.ndarray, data_range: float):
    return structural_similarity(
        truth,
        prediction,
        data_range=data_range,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )


def run_of(images, *, predictions=1, raw=False, threads=2, ssim_3d=False, convention=LAINE_2021):
    truth, its_raw, *others = images
    axes = "zyx"[-truth.ndim :]
    comparison = Comparison(
        Task.RESTORATION,
        Input("ground truth", truth, axes),
        tuple(Input(f"prediction {k}", p, axes) for k, p in enumerate(others[:predictions])),
        Input("raw", its_raw, axes) if raw else None,
        Settings(convention=convention, ssim_3d=ssim_3d),
    )
    return complete(run_images(comparison, token=CancelToken(), threads=threads))


@pytest.mark.parametrize("threads", [1, 2])
def bench_ssim_map_and_mean(benchmark, images, threads):
    name, (truth, _, prediction, *_) = images
    if truth.ndim == 3:
        pytest.skip("planes of a volume are images; see the whole run")
    benchmark.group = f"SSIM map and mean, {name}"
    data_range = float(np.ptp(truth))
    benchmark.pedantic(
        ssim_alone, (truth, prediction, data_range, threads), rounds=10, warmup_rounds=2
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def bench_scikit_image(benchmark, images, dtype):
    name, (truth, _, prediction, *_) = images
    if truth.ndim == 3 and dtype == np.float32:
        pytest.skip("one reference in 3D is enough")
    benchmark.group = f"SSIM map and mean, {name}"
    data_range = float(np.ptp(truth))
    mean, expected = benchmark.pedantic(
        scikit_image, (truth.astype(dtype), prediction.astype(dtype), data_range), rounds=2
    )
    if truth.ndim == 2:
        found, ours = ssim_alone(truth, prediction, data_range, 2)
        tolerance = 1e-6 if dtype == np.float64 else 1e-4
        assert found == pytest.approx(mean, rel=tolerance)
        assert abs(ours - expected).max() < 10 * tolerance


@pytest.mark.parametrize("threads", [1, 2])
def bench_run_with_ssim_in_3d(benchmark, images, threads):
    name, volumes = images
    if volumes[0].ndim == 2:
        pytest.skip("an image has no depth")
    benchmark.group = f"SSIM map and mean, {name}"
    options = {"threads": threads, "ssim_3d": True, "convention": RAW_UNITS}
    benchmark.pedantic(run_of, (volumes,), options, rounds=3, warmup_rounds=1)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("candidates", ["1 prediction", "raw and 3 predictions"])
def bench_whole_run(benchmark, images, candidates, threads):
    name, arrays = images
    benchmark.group = f"all scores and maps, {name}"
    all_of_them = candidates != "1 prediction"
    options = {"predictions": 3 if all_of_them else 1, "raw": all_of_them, "threads": threads}
    benchmark.pedantic(run_of, (arrays,), options, rounds=5, warmup_rounds=1)
