"""Restoration runs, side by side with scikit-image.

Run with ``pytest -o python_functions='bench_*' benchmarks/bench_ssim.py``. Times are compared
within one run only. scikit-image gives the SSIM map and its mean; ours is a whole run, with
normalisation, fit, both maps and every score. Both get the images as they are, in float32.
"""

from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from napari_verdict.comparison.conventions import LAINE_2021, RAW_UNITS
from napari_verdict.comparison.images import ImageResult, run_images
from napari_verdict.comparison.model import Comparison, Input, Settings, Task
from napari_verdict.comparison.run import complete
from napari_verdict.engine.cancel import CancelToken

SIDE = 2048


@pytest.fixture(scope="module")
def images() -> dict[str, np.ndarray]:
    """A ground truth, a noisy raw and three predictions of different quality."""
    rng = np.random.default_rng(0)
    truth = rng.gamma(2, 200, (SIDE, SIDE)).astype(np.float32)

    def noisy(sigma: float) -> np.ndarray:
        return truth + rng.normal(0, sigma, truth.shape).astype(np.float32)

    return {
        "truth": truth,
        "raw": noisy(200),
        **{name: noisy(sigma) for name, sigma in (("cnn", 20), ("nlm", 50), ("n2v", 90))},
    }


def ours(images, names, threads=2, convention=LAINE_2021) -> ImageResult:
    comparison = Comparison(
        Task.RESTORATION,
        Input("truth", images["truth"], "yx"),
        tuple(Input(n, images[n], "yx") for n in names if n != "raw"),
        Input("raw", images["raw"], "yx") if "raw" in names else None,
        Settings(convention=convention),
    )
    return complete(run_images(comparison, token=CancelToken(), threads=threads))


def theirs(images, names) -> list[float]:
    truth = images["truth"]
    return [
        structural_similarity(
            truth,
            images[name],
            data_range=float(np.ptp(truth)),
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            full=True,
        )[0]
        for name in names
    ]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("convention", [LAINE_2021, RAW_UNITS], ids=lambda c: c.id)
def bench_one_prediction(benchmark, images, threads, convention):
    benchmark.group = f"one prediction, {SIDE} x {SIDE} float32"
    benchmark.pedantic(ours, (images, ["cnn"], threads, convention), rounds=10, warmup_rounds=1)


def bench_one_prediction_scikit_image(benchmark, images):
    benchmark.group = f"one prediction, {SIDE} x {SIDE} float32"
    (value,) = benchmark.pedantic(theirs, (images, ["cnn"]), rounds=3, warmup_rounds=1)
    result = ours(images, ["cnn"], convention=RAW_UNITS)
    assert result.score("ssim", "cnn").value == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize("threads", [1, 2])
def bench_raw_and_three_predictions(benchmark, images, threads):
    benchmark.group = f"raw and three predictions, {SIDE} x {SIDE} float32"
    names = ["raw", "cnn", "nlm", "n2v"]
    benchmark.pedantic(ours, (images, names, threads), rounds=5, warmup_rounds=1)


def bench_raw_and_three_predictions_scikit_image(benchmark, images):
    benchmark.group = f"raw and three predictions, {SIDE} x {SIDE} float32"
    names = ["raw", "cnn", "nlm", "n2v"]
    benchmark.pedantic(theirs, (images, names), rounds=2, warmup_rounds=1)
