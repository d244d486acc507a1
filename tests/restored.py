"""Restored images for the tests, and how they are compared without preflight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_verdict.comparison.conventions import CONVENTIONS
from napari_verdict.comparison.model import Comparison, Input, Settings, Task
from napari_verdict.comparison.restoration.images import run_images
from napari_verdict.comparison.run import complete
from napari_verdict.engine.cancel import CancelToken

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.comparison.restoration.images import ImageResult


def images_comparison(
    prediction: Any,
    ground_truth: Any,
    raw: Any = None,
    axes: str = "yx",
    *,
    convention: str = "laine2021",
    ssim_3d: bool = False,
    ignore: Any = None,
    scale: tuple[float, ...] = (),
) -> Comparison:
    """Return a comparison of images; a mapping names several predictions."""
    named = prediction if isinstance(prediction, dict) else {"prediction": prediction}
    return Comparison(
        Task.RESTORATION,
        Input("ground truth", ground_truth, axes, scale),
        tuple(Input(name, data, axes, scale) for name, data in named.items()),
        None if raw is None else Input("raw", raw, axes, scale),
        Settings(convention=CONVENTIONS[convention], ssim_3d=ssim_3d),
        ignore,
    )


def compare(*images: Any, threads: int = 1, pixels: int = 1 << 19, **options: Any) -> ImageResult:
    """Compare images without preflight; `options` are those of `images_comparison`."""
    comparison = images_comparison(*images, **options)
    return complete(run_images(comparison, token=CancelToken(), threads=threads, pixels=pixels))


def blobs(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return a smooth image of blobs on a dark ground, in some 0 to 1000 grey levels."""
    spots = (rng.random(shape) > 0.98).astype(float)
    smooth = gaussian_filter(spots, (0,) * (len(shape) - 2) + (2, 2))
    return 1000 * smooth / (smooth.max() or 1) + 10 * rng.random(shape)


def noisy(rng: np.random.Generator, image: NDArray[Any], sigma: float = 40) -> NDArray[np.float64]:
    """Return the image at another gain and offset, with noise."""
    return 0.4 * (image + rng.normal(0, sigma, image.shape)) + 100


def values(result: ImageResult) -> list[tuple[Any, ...]]:
    """Return every score as something that compares by bits, NaN included."""
    return [
        (s.candidate, s.metric, str(s.axis_index), np.float64(s.value).tobytes(), s.reason, s.n)
        for s in result.rows
    ]


def score(result: ImageResult, metric: str, candidate: str = "prediction", **where: Any) -> float:
    """Return one value."""
    return result.score(metric, candidate, **where).value
