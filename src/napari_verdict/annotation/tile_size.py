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
#: How many planes are looked at.
SLAB = 64
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
        Labels of its shape; up to 64 planes in the middle are read of each, until one has objects.

    Returns
    -------
    Proposed
        With about ten objects in a tile; of several planes where objects go through three
        planes or more at the median.
    """
    height, width = (image.shape[image.axes.index(a)] for a in "yx")
    for prediction in predictions:
        n, depth = _objects_in(prediction)
        if not n:
            continue
        # as deep as objects are, a tile meets those of one plane and about as many more
        size, held = _holding(n if depth == 1 else 2 * n, height, width)
        text = f"A tile holds about {counted(held, 'predicted object')}"
        through = f"; they go through about {depth} planes" if depth > 1 else ""
        return Proposed(size, depth, text + through)
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


def _holding(n: int, height: int, width: int) -> tuple[int, int]:
    """Return the size of tiles that hold about `OBJECTS` of n objects, and how many they hold."""
    sizes = range(_rounded(0, height, width), _rounded(math.inf, height, width) + 1, STEP)
    # as `Grid` cuts images: into tiles of nearly equal size
    held = [n / (max(1, round(height / s)) * max(1, round(width / s))) for s in sizes]
    best = min(range(len(held)), key=lambda k: abs(math.log(held[k] / OBJECTS)))
    return sizes[best], max(1, round(held[best]))


def _rounded(side: float, height: int, width: int) -> int:
    most = min(MOST, height, width)
    return max(min(LEAST, most), min(most, STEP * round(min(side, most) / STEP)))


def _objects_in(prediction: Input) -> tuple[int, int]:
    """Return how many objects a plane holds, at the median of those with any, and their depth.

    The depth is how many planes objects go through, at the median; 1 for fewer than three.
    """
    planes = [np.unique(p[p != 0]) for p in _middle(prediction)]
    planes = [p for p in planes if p.size]
    if not planes:
        return 0, 1
    _, through = np.unique(np.concatenate(planes), return_counts=True)
    depth = int(np.median(through))
    return round(np.median([p.size for p in planes])), depth if depth >= DEEP else 1


def _middle(prediction: Input) -> NDArray[Any]:
    """Return the middle planes of the middle frame, (z, y, x)."""
    index: list[int | slice] = []
    for axis, n in zip(prediction.axes, prediction.shape, strict=True):
        if axis == "z":
            first = max(0, (n - SLAB) // 2)
            index.append(slice(first, min(n, first + SLAB)))
        else:
            index.append(slice(None) if axis in "yx" else n // 2)
    part = np.asarray(prediction.data[tuple(index)])
    return part if "z" in prediction.axes else part[np.newaxis]
