"""What fits, noise and signatures are measured on: bands of rows from all over the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.evidence.reading import Pixels
    from napari_verdict.engine.cancel import CancelToken

#: About as many pixels are looked at.
PIXELS = 1 << 19
#: Rows of a band, and rows of nothing between two, so that no window reaches across.
BAND, GAP = 64, 8
#: Planes that are looked at, at most.
PLANES = 8


@dataclass(frozen=True, eq=False)
class Sample:
    """Bands of rows below each other, with rows of NaN between them.

    Parameters
    ----------
    images : mapping of str to (y, x) ndarray of float64
        `RAW` and predictions by name.
    captures : tuple of (y, x) ndarray of float64
        The same rows of further captures.
    ignored : (y, x) ndarray of bool
        True where pixels are left out, and between the bands.
    frames : (y,) ndarray of intp
        The frame that each row is of, by its place among the frames.
    """

    images: Mapping[str, NDArray[np.float64]]
    captures: tuple[NDArray[np.float64], ...]
    ignored: NDArray[np.bool_]
    frames: NDArray[np.intp]


def sample_of(pixels: Pixels, token: CancelToken, budget: int = PIXELS) -> Sample:
    """Read a sample: whole planes where they fit, else bands of rows spread over each.

    Parameters
    ----------
    pixels : Pixels
        What is read.
    token : CancelToken
        Checked at every band.
    budget : int
        About as many pixels of each image.
    """
    depth, height, width = pixels.raw.shape
    planes = [(f, z) for f in range(len(pixels.raw.frames)) for z in range(depth)]
    chosen = spread(len(planes), PLANES)
    rows = max(1, budget // max(1, width) // max(1, len(chosen)))
    parts: list[tuple[int, int, int, int]] = []  # frame, z, first and last row
    for k in chosen:
        frame, z = planes[k]
        if rows >= height:
            parts.append((frame, z, 0, height))
            continue
        band = min(BAND, rows)
        starts = spread(height // band, max(1, rows // band))
        parts += [(frame, z, s * band, (s + 1) * band) for s in starts]
    total = sum(b - a + GAP for *_, a, b in parts) - GAP
    sources = (*pixels.sources.values(), *pixels.captures)
    images = [np.full((total, width), np.nan) for _ in sources]
    ignored = np.ones((total, width), bool)
    frames = np.zeros(total, np.intp)
    at = 0
    for f, z, a, b in parts:
        token.check()
        where, here = pixels.raw.frames[f], slice(at, at + b - a)
        for image, source in zip(images, sources, strict=True):
            image[here] = pixels.read(source, where, z, slice(a, b))
        left_out = pixels.ignored(where, z, slice(a, b))
        ignored[here] = False if left_out is None else left_out
        frames[here] = f
        at = here.stop + GAP
    n = len(pixels.sources)
    named = dict(zip(pixels.sources, images[:n], strict=True))
    return Sample(named, tuple(images[n:]), ignored, frames)


def spread(n: int, at_most: int) -> list[int]:
    """Return up to `at_most` of n places, evenly spread."""
    k = min(n, at_most)
    return [(2 * i + 1) * n // (2 * k) for i in range(k)]
