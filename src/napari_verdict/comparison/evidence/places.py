"""Where raw contradicts a prediction, as entries: ranked, boxed and signed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import label

from napari_verdict.comparison.entries import ROLES, Entries
from napari_verdict.metrics.evidence import peaks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: What a place can be; `Entries.kind` indexes it.
KINDS = ("shown without photons", "photons not shown")
#: What ranks places.
VALUE_NAME = "evidence"
#: A box reaches from its peak at least and at most so many pixels.
LEAST, MOST = 8, 32


@dataclass(frozen=True, slots=True)
class Place:
    """A box in one plane, around a peak of the evidence.

    Parameters
    ----------
    frame : tuple of int
        Index along the frame axes of raw.
    z : int
        The plane.
    box : (int, int, int, int)
        y0, y1, x0, x1 in pixels; ends exclusive.
    peak : (int, int)
        y, x.
    height : float
        Evidence at the peak, in standard deviations: below 0 shown without photons.
    """

    frame: tuple[int, ...]
    z: int
    box: tuple[int, int, int, int]
    peak: tuple[int, int]
    height: float


def places_in(
    evidence: NDArray[np.float32],
    low: float,
    high: float,
    rows: slice,
    first: int,
    at: tuple[tuple[int, ...], int],
) -> list[Place]:
    """Return the places whose peaks lie in some rows of a block, strongest first.

    Parameters
    ----------
    evidence : (y, x) ndarray of float32
        A block, with a halo of `MOST` and some more rows wherever the image goes on.
    low, high : float
        Thresholds below and above 0.
    rows : slice
        Rows of the block whose peaks are wanted.
    first : int
        Which row of the plane the block begins with.
    at : (tuple of int, int)
        Frame and plane.
    """
    where, heights = peaks(evidence, low, high)
    inside = (where[:, 0] >= rows.start) & (where[:, 0] < rows.stop)
    places = []
    for (y, x), height in zip(where[inside], heights[inside], strict=True):
        y0, y1, x0, x1 = _box(evidence, int(y), int(x))
        box, peak = (y0 + first, y1 + first, x0, x1), (int(y) + first, int(x))
        places.append(Place(*at, box, peak, float(height)))
    return places


def _box(evidence: NDArray[np.float32], y: int, x: int) -> tuple[int, int, int, int]:
    """Return the box of what lies around a peak above half of its height, within limits."""
    y0, x0 = max(0, y - MOST), max(0, x - MOST)
    window = evidence[y0 : y + MOST + 1, x0 : x + MOST + 1]
    top = evidence[y, x]
    part = label(window * np.sign(top) > abs(top) / 2)[0]
    ys, xs = np.nonzero(part == part[y - y0, x - x0])
    height, width = evidence.shape
    return (
        max(0, min(y - LEAST, y0 + int(ys.min()))),
        min(height, max(y + LEAST, y0 + int(ys.max())) + 1),
        max(0, min(x - LEAST, x0 + int(xs.min()))),
        min(width, max(x + LEAST, x0 + int(xs.max())) + 1),
    )


def apart(places: Sequence[Place], reach: int = 1) -> list[Place]:
    """Keep the strongest of places that lie over each other, also in neighbouring planes.

    Boxes of one sign do not overlap. What is erased beside something that is made up stays, as
    long as its peak lies outside of the other's box.

    Parameters
    ----------
    places : sequence of Place
        Of one prediction.
    reach : int
        How many planes away a place still counts as the same.

    Returns
    -------
    list of Place
        Strongest first; of equals in reading order.
    """
    kept: list[Place] = []
    grid: dict[tuple[tuple[int, ...], int, int], list[Place]] = {}
    side = 2 * MOST + 1
    for place in sorted(places, key=lambda p: -abs(p.height)):
        y, x = place.peak
        near = [
            k
            for dy in (-1, 0, 1)
            for dx in (-1, 0, 1)
            for k in grid.get((place.frame, y // side + dy, x // side + dx), ())
        ]
        if not any(abs(k.z - place.z) <= reach and _same(k, place) for k in near):
            kept.append(place)
            grid.setdefault((place.frame, y // side, x // side), []).append(place)
    return kept


def _same(kept: Place, other: Place) -> bool:
    """Whether boxes of one sign overlap, or the other's peak lies in the box that is kept."""
    a, b = kept.box, other.box
    if (kept.height > 0) == (other.height > 0):
        return a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]
    y, x = other.peak
    return a[0] <= y < a[1] and a[2] <= x < a[3]


def entries_from(candidate: str, places: Sequence[Place], frames: int) -> Entries:
    """Return places as entries.

    Parameters
    ----------
    candidate : str
        Whose.
    places : sequence of Place
        Strongest first.
    frames : int
        How many frame axes there are.

    Returns
    -------
    Entries
        Role ``place``, `KINDS` as kinds; `id` is the rank from 1, the value the evidence in
        standard deviations, below 0 where something is shown without photons.
    """
    n = len(places)
    box = np.array([(p.z, p.z + 1, *p.box) for p in places], np.int64).reshape(n, 6)
    return Entries(
        candidate=candidate,
        kinds=KINDS,
        kind=np.array([p.height > 0 for p in places], np.uint8),
        role=np.full(n, ROLES.index("place"), np.uint8),
        id=np.arange(1, n + 1, dtype=np.int64),
        partner=np.zeros(n, np.int64),
        value=np.array([p.height for p in places], np.float64),
        value_name=VALUE_NAME,
        size=np.prod(box[:, 1::2] - box[:, ::2], axis=1),
        frame=np.array([p.frame for p in places], np.intp).reshape(n, frames),
        box=box,
        centroid=(box[:, 1::2] + box[:, ::2] - 1) / 2,
    )
