"""How large tiles should be: so that each holds a few objects."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Input

#: How many objects a tile should hold: the middle of 5 to 20, on the scale of factors.
OBJECTS = 10
#: Side of a tile where no object is known and the size of a pixel is, in micrometres.
MICROMETRES = 100.0
#: Sides of a tile that are never left, in pixels, and what they are multiples of.
LEAST, MOST, STEP = 32, 512, 8
#: Objects that go through at least so many planes are labelled in 3D.
DEEP = 3


@dataclass(frozen=True)
class Proposed:
    """A size of tiles, and what it rests on.

    Parameters
    ----------
    size, depth : int
        Side in pixels, and planes.
    sentence : str
        Why, for the person.
    """

    size: int
    depth: int
    sentence: str


def proposed_tiles(image: Input, predictions: Iterable[Input]) -> Proposed:
    """Propose the size of tiles from predicted objects, else from the size of a pixel.

    Parameters
    ----------
    image : Input
        What is labelled; only its shape and scale are looked at.
    predictions : iterable of Input
        Labels of its shape; the middle plane of each is read, and of the first with objects up
        to 64 planes around it.

    Returns
    -------
    Proposed
        With about ten objects in a tile; of several planes where objects go through three
        planes or more at the median.
    """
    height, width = (image.shape[image.axes.index(a)] for a in "yx")
    for prediction in predictions:
        plane = _middle(prediction, 1)[0]
        n = np.unique(plane[plane != 0]).size
        if not n:
            continue
        depth = _depth(prediction)
        side = math.sqrt(OBJECTS * height * width / n)
        if depth == 1:
            size = _rounded(side, height, width)
            held = max(1, round(n * size * size / (height * width)))
            return Proposed(size, 1, f"A tile holds about {counted(held, 'predicted object')}")
        # a slab meets fewer objects anew than it holds planes: those of a plane, and as many
        # again for each extent that it is deep
        size = _rounded(side / math.sqrt(2), height, width)
        held = max(1, round(2 * n * size * size / (height * width)))
        text = f"A tile holds about {counted(held, 'predicted object')} in 3D; objects go through "
        return Proposed(size, depth, f"{text}about {depth} planes")
    scale, unit = (getattr(image, k)[image.axes.index("x")] for k in ("scale", "units"))
    if unit in ("micrometer", "µm", "um") and scale > 0:
        size = _rounded(MICROMETRES / scale, height, width)
        return Proposed(
            size,
            1,
            f"A tile is {size * scale:.3g} µm wide, as no prediction shows objects",
        )
    size = _rounded(min(height, width) / 4, height, width)
    return Proposed(size, 1, "A quarter of the image wide, as no prediction shows objects")


def _rounded(side: float, height: int, width: int) -> int:
    most = min(MOST, height, width)
    return int(max(min(LEAST, most), min(most, STEP * round(side / STEP))))


def _depth(prediction: Input) -> int:
    """Return how many planes objects go through, at the median; 1 for fewer than three."""
    slab = _middle(prediction, 64)
    if len(slab) < DEEP:
        return 1
    planes = [np.unique(p[p != 0]) for p in slab]
    _, counts = np.unique(np.concatenate(planes), return_counts=True)
    median = int(np.median(counts)) if counts.size else 1
    return median if median >= DEEP else 1


def _middle(prediction: Input, planes: int) -> NDArray[Any]:
    """Return the middle planes of the middle frame, (z, y, x)."""
    index: list[int | slice] = []
    for axis, n in zip(prediction.axes, prediction.shape, strict=True):
        if axis == "z":
            first = max(0, (n - planes) // 2)
            index.append(slice(first, min(n, first + planes)))
        else:
            index.append(slice(None) if axis in "yx" else n // 2)
    part = np.asarray(prediction.data[tuple(index)])
    return part if "z" in prediction.axes else part[np.newaxis]
