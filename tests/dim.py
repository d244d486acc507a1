"""Dim images of a simulated camera, for evidence without ground truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from builders import texture
from napari_verdict.comparison.evidence.model import EvidenceSettings, Inquiry
from napari_verdict.comparison.model import Input
from napari_verdict.comparison.run import complete, run
from napari_verdict.metrics.noise import NoiseModel

if TYPE_CHECKING:
    from napari_verdict.comparison.evidence.result import EvidenceResult

CAMERA = NoiseModel.of_camera(2.2, 100.0, 1.6)


def scene(shape: tuple[int, int] = (256, 256), peak: float = 40.0) -> np.ndarray:
    """Photo-electrons of cells on a dark background: flat below, smooth above."""
    image = ndimage.gaussian_filter(texture(shape).astype(np.float64), 3.0, mode="wrap")
    cells = np.clip((image - np.median(image)) / np.ptp(image), 0, None)
    return 2 + peak * cells / cells.max()


def grey(electrons: np.ndarray) -> np.ndarray:
    """What a perfect denoiser makes of it, in ADU."""
    return 100 + 2.2 * electrons


def capture(rng: np.random.Generator, electrons: np.ndarray) -> np.ndarray:
    """What the camera makes of it, in ADU."""
    read = rng.normal(0, 1.6, electrons.shape)
    return np.rint(100 + 2.2 * (rng.poisson(electrons) + read)).astype(np.float32)


def blob(shape: tuple[int, ...], y: float, x: float, scale: float = 3.0) -> np.ndarray:
    """A Gaussian of amplitude 1."""
    ys, xs = np.indices(shape[-2:])
    return np.exp(-((ys - y) ** 2 + (xs - x) ** 2) / (2 * scale**2))


def inquiry(
    raw: Any, *predictions: Any, axes: str = "yx", known: bool = True, **more: Any
) -> Inquiry:
    """An inquiry of arrays; predictions are called a, b, c ..."""
    settings = {n: more.pop(n) for n in list(more) if n in EvidenceSettings.__dataclass_fields__}
    settings = {"noise": CAMERA if known else None} | settings
    captures = [Input(f"capture {k + 1}", c, axes) for k, c in enumerate(more.pop("captures", ()))]
    return Inquiry.of(
        raw if isinstance(raw, Input) else Input("raw", raw, axes),
        [Input(n, p, axes) for n, p in zip("abcdefg", predictions, strict=False)],
        EvidenceSettings(**settings),
        captures=captures,
        **more,
    )


def ask(*images: Any, threads: int = 1, **options: Any) -> EvidenceResult:
    """Run an inquiry."""
    return complete(run(inquiry(*images, **options), threads=threads))
