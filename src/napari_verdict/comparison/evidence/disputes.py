"""Where predictions disagree, and which of them raw supports there."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_verdict.comparison.entries import ROLES, Entries
from napari_verdict.metrics.evidence import SEPARATION, peaks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from napari_verdict.comparison.evidence.conditions import Conditions
    from napari_verdict.comparison.evidence.reading import Pixels
    from napari_verdict.engine.blocks import Block

#: What a disputed place can be for a prediction; where raw supports another, that one is named.
SUPPORTS, CANNOT_TELL, SUPPORTS_IT = "raw supports ", "raw cannot tell", "raw supports it"
#: Standard deviation of the window, in pixels, and rows that it reaches.
SIGMA, REACH = 3.0, 12
#: Predictions disagree where raw could tell them apart in 99.9 % of cases: D/2 ≥ 3.
APART = 6.0
#: So many standard deviations make raw's support.
SURE = 3.0
#: Side of a box is twice this, and the most that are kept of a band of rows.
HALF, KEPT = 10, 200


@dataclass(frozen=True, slots=True)
class Dispute:
    """A place where two predictions differ by more than noise could hide.

    Parameters
    ----------
    frame : tuple of int
        Index along the frame axes of raw.
    z : int
        The plane.
    box : (int, int, int, int)
        y0, y1, x0, x1 in pixels; ends exclusive.
    size : float
        Difference of the two that differ most, in standard deviations of what raw could tell.
    between : (str, str)
        Those two; the first shows more.
    supports : str, optional
        Whom raw supports, of all predictions; None where it cannot tell.
    margin : float
        How surely, in standard deviations, against the one of the two that is farther from raw.
    """

    frame: tuple[int, ...]
    z: int
    box: tuple[int, int, int, int]
    size: float
    between: tuple[str, str]
    supports: str | None
    margin: float


def disputes_in(
    pixels: Pixels, conditions: Mapping[str, Conditions], block: Block
) -> list[Dispute]:
    """Return the disputed places whose middles lie in one band of rows, largest first.

    Each prediction P leaves a residual z, (R - P) / σ less what columns, rows and neighbours of
    raw share. Two predictions differ by d, the difference of theirs. Under a Gaussian window w raw
    tells them apart by D² = Σ w d². Of the log-likelihoods Σ w z² / 2, the difference is normal
    with variance Σ w² d², so that over its root says how surely raw supports the nearer one.
    """
    height = pixels.raw.shape[1]
    more = REACH + SEPARATION + HALF + max(of.standard.reach for of in conditions.values())
    y = slice(max(0, block.y0 - more), min(height, block.y1 + more))
    names = list(conditions)
    shown, z, valid = _residuals(pixels, conditions, block, y)
    shape = valid.shape
    largest = np.zeros(shape, np.float32)
    who = np.zeros(shape, np.uint16)
    pairs = list(combinations(range(len(names)), 2))
    for k, (a, b) in enumerate(pairs):
        d = z[names[a]] - z[names[b]]
        size = np.sqrt(_sum_around(d * d)).astype(np.float32)
        who = np.where(size > largest, np.uint16(k), who)
        largest = np.maximum(largest, size)
    largest[~valid] = np.nan
    found: list[Dispute] = []
    where, sizes = peaks(largest, -math.inf, APART)
    for (row, column), size in zip(where, sizes, strict=True):
        if not block.y0 <= row + y.start < block.y1 or len(found) == KEPT:
            continue
        p, q = (names[i] for i in pairs[int(who[row, column])])
        around = _Around(int(row), int(column), shape)
        supports, margin = _support(z, (p, q), around)
        first, second = (p, q) if shown[p][row, column] >= shown[q][row, column] else (q, p)
        found.append(
            Dispute(
                block.frame, block.z0, around.box(y.start), float(size), (first, second), supports,
                margin,
            )
        )  # fmt: skip
    return found


def _residuals(
    pixels: Pixels, conditions: Mapping[str, Conditions], block: Block, y: slice
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Return what is shown, what that leaves of raw, and where all of it counts.

    Residuals are those of the evidence, over one σ for all: that of the noise at the mean of the
    predictions. A σ of its own would favour the one that calls for more noise. Where noise was
    estimated with each prediction the largest counts, so that raw is rather too unsure.
    """
    raw = pixels.read(pixels.raw, block.frame, block.z0, y).astype(np.float64)
    ignored = pixels.ignored(block.frame, block.z0, y)
    # what neighbours share is raw's, so one filter serves all: the one that takes most off
    kernels = [c.standard.kernel for c in conditions.values() if c.standard.kernel is not None]
    kernel = max(kernels, key=lambda k: float(np.square(k).sum()), default=None)
    shown, left, valid = {}, {}, np.ones(raw.shape, bool)
    for name, of in conditions.items():
        standard = replace(of.of_frame(block.frame), kernel=kernel)
        shown[name] = standard.expected(pixels.read(pixels.sources[name], block.frame, block.z0, y))
        left[name] = standard.residual(raw, shown[name], ignored)
        valid &= np.isfinite(left[name])
    middle = np.where(valid, np.mean(list(shown.values()), axis=0), 0.0)
    largest = np.max([c.noise.variance(middle) for c in conditions.values()], axis=0)
    z = {}
    for name, of in conditions.items():
        own = of.noise.variance(np.where(valid, shown[name], 0.0))
        z[name] = np.where(valid, left[name] * np.sqrt(own / largest), 0.0)
    return shown, z, valid


def _sum_around(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum under a Gaussian window that is 1 in its middle."""
    total: NDArray[np.float64] = gaussian_filter(image, SIGMA, mode="constant", truncate=4.0)
    total *= 2 * math.pi * SIGMA**2
    return np.maximum(total, 0, out=total)


@dataclass(frozen=True)
class _Around:
    """The window around a place, within an image."""

    y: int
    x: int
    shape: tuple[int, ...]

    @property
    def window(self) -> tuple[tuple[slice, slice], NDArray[np.float64]]:
        """Where it is, and its weights."""
        ys, xs = (
            slice(max(0, c - REACH), min(n, c + REACH + 1))
            for c, n in zip((self.y, self.x), self.shape, strict=True)
        )
        dy, dx = np.arange(ys.start, ys.stop) - self.y, np.arange(xs.start, xs.stop) - self.x
        squares = np.add.outer(dy * dy, dx * dx)
        return (ys, xs), np.exp(-squares / (2 * SIGMA**2))

    def box(self, first: int) -> tuple[int, int, int, int]:
        """Return the box that is shown, in rows of the plane."""
        height, width = self.shape
        y0, y1 = max(0, self.y - HALF), min(height, self.y + HALF + 1)
        return y0 + first, y1 + first, max(0, self.x - HALF), min(width, self.x + HALF + 1)


def _support(
    z: Mapping[str, NDArray[np.float64]], pair: tuple[str, str], around: _Around
) -> tuple[str | None, float]:
    """Return whom raw supports, and by how many standard deviations against the farther of two."""
    at, w = around.window
    distance = {n: float((w * r[at] ** 2).sum()) / 2 for n, r in z.items()}
    nearest = min(distance, key=lambda n: distance[n])
    farther = max(pair, key=lambda n: distance[n])
    d = z[farther][at] - z[nearest][at]
    deviation = math.sqrt(float((w * w * d * d).sum()))
    margin = (distance[farther] - distance[nearest]) / deviation if deviation > 0 else 0.0
    return (nearest if margin >= SURE else None), margin


def ranked(disputes: Sequence[Dispute]) -> tuple[Dispute, ...]:
    """Return disputes that do not overlap, largest first."""
    kept: list[Dispute] = []
    for one in sorted(disputes, key=lambda d: -d.size):
        a = one.box
        if not any(
            k.frame == one.frame
            and k.z == one.z
            and a[0] < k.box[1]
            and k.box[0] < a[1]
            and a[2] < k.box[3]
            and k.box[2] < a[3]
            for k in kept
        ):
            kept.append(one)
        if len(kept) == KEPT:
            break
    return tuple(kept)


def dispute_entries(candidate: str, disputes: Sequence[Dispute], frames: int) -> Entries:
    """Return the disputed places as entries of one prediction.

    Kinds say whom raw supports; `value` is the size of the dispute in standard deviations of what
    raw could tell.
    """
    n = len(disputes)
    others = sorted({d.supports for d in disputes if d.supports not in (None, candidate)})
    named: dict[str | None, str] = {n: f"{SUPPORTS}{n}" for n in others}
    named |= {None: CANNOT_TELL, candidate: SUPPORTS_IT}
    box = np.array([(d.z, d.z + 1, *d.box) for d in disputes], np.int64).reshape(n, 6)
    codes = {supported: k for k, supported in enumerate(named)}
    return Entries(
        candidate=candidate,
        kinds=tuple(named.values()),
        kind=np.array([codes[d.supports] for d in disputes], np.uint8),
        role=np.full(n, ROLES.index("dispute"), np.uint8),
        id=np.arange(1, n + 1, dtype=np.int64),
        partner=np.zeros(n, np.int64),
        value=np.array([d.size for d in disputes], np.float64),
        value_name="dispute",
        size=np.prod(box[:, 1::2] - box[:, ::2], axis=1),
        frame=np.array([d.frame for d in disputes], np.intp).reshape(n, frames),
        box=box,
        centroid=(box[:, 1::2] + box[:, ::2] - 1) / 2,
    )


def dispute_table(disputes: Sequence[Dispute], axes: Sequence[str]) -> pd.DataFrame:
    """Return one row a disputed place, largest first; `axes` names those of frames.

    ``shows_more`` and ``shows_less`` are the two that differ most, ``dispute`` by how much in
    standard deviations of what raw could tell. ``supports`` is whom raw supports, empty where it
    cannot tell, and ``margin`` how surely in standard deviations.
    """
    import pandas as pd

    rows = [
        {
            "role": "dispute",
            "id": k + 1,
            "supports": d.supports or "",
            "margin": d.margin,
            "shows_more": d.between[0],
            "shows_less": d.between[1],
            "dispute": d.size,
            "frame": dict(zip(axes, d.frame, strict=True)) or None,
            "z": d.z,
            **dict(zip(("y0", "y1", "x0", "x1"), d.box, strict=True)),
        }
        for k, d in enumerate(disputes)
    ]
    columns = ("role", "id", "supports", "margin", "shows_more", "shows_less", "dispute", "frame")
    return pd.DataFrame(rows, columns=[*columns, "z", "y0", "y1", "x0", "x1"])
