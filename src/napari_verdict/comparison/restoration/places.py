"""The places of a restored image that deserve a look, worst first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.entries import ROLES, Entries
from napari_verdict.comparison.restoration.pixels import Pixels, as_float
from napari_verdict.metrics.displacement import MARGIN, explained_by_displacement
from napari_verdict.metrics.local import (
    STEPS_PER_BOX,
    binned,
    box_means,
    deviations,
    fold_to_boxes,
    separate_peaks,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_verdict.comparison.restoration.images import ImageResult
    from napari_verdict.engine.cancel import CancelToken

#: What places are ranked by, and what `Entries.value_name` is then.
RANKINGS = {
    "worst": "deviation",
    "structure": "local SSIM",
    "error": "local RSE",
    "worse than raw": "local gain",
    "intensity": "off the line",
}
#: What a place can be; `Entries.kind` indexes it.
KINDS = ("too bright", "too dark", "structure", "moved", "worse than raw")
#: A place is too bright or too dark where its mean difference is this share of its mean RSE.
ONE_SIDED = 0.5
#: Its structure has moved where a displacement explains this share of its squared error.
MOVED = 2 / 3
#: Above this share, as `ONE_SIDED`, something came or went; what moved leaves both signs.
WHOLLY_ONE_SIDED = 0.9
#: Of sides of twice this and more, every second, third … pixel tells what moved.
FINE = 32
#: Side of a box in pixels where none is asked for.
SCALE = 16


@dataclass(frozen=True)
class _Place:
    """A box in one plane."""

    frame: tuple[int, ...]
    z: int
    y: int
    x: int
    badness: float
    kind: int


@dataclass(frozen=True)
class _Grid:
    """Squares of pixels that boxes consist of."""

    step: int
    squares: int

    @staticmethod
    def of(scale: int, height: int, width: int) -> _Grid:
        """Return squares for boxes of about `scale` pixels, at most a quarter of the image."""
        side = max(1, min(scale, min(height, width) // 4))
        step = max(1, side // STEPS_PER_BOX)
        return _Grid(step, max(1, side // step))

    @property
    def side(self) -> int:
        """Side of a box in pixels."""
        return self.step * self.squares


def worst_places(
    result: ImageResult,
    candidate: str,
    *,
    by: str = "worst",
    scale: int | None = None,
    n: int = 50,
    token: CancelToken | None = None,
) -> Entries:
    """List the places where a restoration is worst; no two of them overlap.

    The image is read plane by plane, over z and all frames. Pixels that are ignored or not finite
    are left out; a box of which less than half is left is no place.

    Parameters
    ----------
    result : ImageResult
        Its maps may be arrays or lazy.
    candidate : str
        Name of a prediction, or ``raw``.
    by : str
        One of `RANKINGS`. ``worst``: largest deviation from the error that is usual where the
        ground truth is as bright and as uneven, see `metrics.local.deviations`. ``structure``:
        lowest mean SSIM. ``error``: highest mean RSE. ``worse than raw``: lowest mean gain,
        below 0 only. ``intensity``: mean farthest off the candidate's own line on the ground
        truth, either way: what bends the intensity curve.
    scale : int, optional
        Side of a box in pixels, rounded down to whole steps of a quarter; by default 16, at
        most a quarter of the image's height and width.
    n : int
        How many at most.
    token : CancelToken, optional
        Stops the work; checked before every plane.

    Returns
    -------
    Entries
        Role ``place``, `KINDS` as kinds; `id` is the rank from 1. Values are unitless for
        ``worst`` (usual errors are about 1) and SSIM, shares of the range of the ground truth
        for ``intensity``, as `nli` is, else in the units of the maps.

    Raises
    ------
    KeyError
        If there is no such candidate.
    ValueError
        If there is no such ranking, if it needs raw and there is none, or if `scale` or `n` is
        not positive.
    Cancelled
        If the token was set.
    """
    maps = result.maps[candidate]
    _check(by, maps, scale, n)
    source = result.comparison.ground_truth.source
    depth, height, width = source.shape
    grid = _Grid.of(SCALE if scale is None else scale, height, width)
    found: list[_Place] = []
    for frame in source.frames:
        in_frame: list[_Place] = []
        for z in range(depth):
            if token is not None:
                token.check()
            plane = _PlaneOf(result, candidate, frame, z, grid)
            if by == "worst":
                in_frame += plane.worst(n)
            else:
                in_frame += plane.off_the_line(n) if by == "intensity" else plane.ranked(by, n)
        found += list(_apart(in_frame, grid.side, _reach(result, grid.side), n))
    found.sort(key=lambda p: -p.badness)  # stable, so equal ones stay in reading order
    return _entries(candidate, by, found[:n], grid.side, (height, width), len(source.frame_axes))


@dataclass(frozen=True)
class _PlaneOf:
    """One plane of a result, as it is looked at."""

    result: ImageResult
    candidate: str
    frame: tuple[int, ...]
    z: int
    grid: _Grid

    def ranked(self, by: str, n: int) -> list[_Place]:
        """Return the worst boxes by the mean of one map."""
        name = {"structure": "ssim", "error": "rse", "worse than raw": "gain"}[by]
        means, shares = binned(self._map(name), self.grid.step)
        score = box_means(means, shares, self.grid.squares)
        if by != "error":
            score = -score
        if by != "structure":
            score[score <= 0] = np.nan
        peaks = separate_peaks(score, self.grid.squares, n)
        if by != "error":
            return [self._place(*peak, KINDS.index(by)) for peak in peaks]
        signed = box_means(*binned(self._map("difference"), self.grid.step), self.grid.squares)
        return [self._place(y, x, s, _kind(signed[y, x], s)) for y, x, s in peaks]

    def off_the_line(self, n: int) -> list[_Place]:
        """Return the boxes whose mean intensity is farthest off the line; none without a line."""
        result, z = self.result, self.z
        line = result.lines.get((self.frame, z - z % result.planes_of_a_line), {})
        if self.candidate not in line:
            return []
        axes, pixels = line[self.candidate], Pixels.of(result.comparison)
        at = self.frame, slice(z, z + 1), slice(0, pixels.truth.shape[1])
        truth = as_float(pixels.truth.read(*at))[0]
        shown = pixels.read(self.candidate, *at)[0]
        off = (shown - axes.zero) * axes.gain - (truth - axes.low) * axes.inverse_range
        off[np.isnan(self._map("difference"))] = np.nan
        signed = box_means(*binned(off.astype(np.float32), self.grid.step), self.grid.squares)
        score = np.abs(signed)
        score[score <= 0] = np.nan
        bright, dark = KINDS.index("too bright"), KINDS.index("too dark")
        return [
            self._place(y, x, s, bright if signed[y, x] > 0 else dark)
            for y, x, s in separate_peaks(score, self.grid.squares, n)
        ]

    def worst(self, n: int) -> list[_Place]:
        """Return the boxes with the largest deviations."""
        step, squares = self.grid.step, self.grid.squares
        whole = self._map("difference")
        difference, shares = binned(whole, step)
        source = self.result.comparison.ground_truth.source
        pixels = source.read(self.frame, slice(self.z, self.z + 1), slice(0, source.shape[1]))[0]
        truth, _ = binned(pixels.astype(np.float32), step)
        terms = deviations(truth, difference, shares, squares)
        score = fold_to_boxes(np.abs(terms).max(axis=0), squares)
        score[(score <= 0) | np.isnan(box_means(shares, shares, squares))] = np.nan
        places = []
        for y, x, value in separate_peaks(score, squares, n, shadow=0.5):
            error = whole[y * step :, x * step :][: self.grid.side, : self.grid.side]
            signed, magnitude = float(np.nanmean(error)), float(np.nanmean(np.abs(error)))
            kind = _kind(signed, magnitude)
            around = _around(y * step, x * step, self.grid.side, pixels.shape)
            if (
                abs(signed) <= WHOLLY_ONE_SIDED * magnitude
                and explained_by_displacement(pixels[around], whole[around]) >= MOVED
            ):
                kind = KINDS.index("moved")
            places.append(self._place(y, x, value, kind))
        return places

    def _place(self, y: int, x: int, badness: float, kind: int) -> _Place:
        step = self.grid.step
        return _Place(self.frame, self.z, y * step, x * step, badness, kind)

    def _map(self, name: str) -> NDArray[np.float32]:
        """Read one plane (y, x) of a map; no more of it is computed."""
        truth = self.result.comparison.ground_truth
        at = dict(zip(truth.source.frame_axes, self.frame, strict=True)) | {"z": self.z}
        key: tuple[Any, ...] = tuple(at.get(a, slice(None)) for a in truth.axes)
        plane: NDArray[np.float32] = self.result.maps[self.candidate][name][key]
        return plane.T if truth.axes.index("x") < truth.axes.index("y") else plane


def _kind(signed: float, magnitude: float) -> int:
    """Return whether a place is too bright or dark on the whole, or wrong in its details."""
    if abs(signed) < ONE_SIDED * magnitude:
        return KINDS.index("structure")
    return KINDS.index("too bright" if signed > 0 else "too dark")


def _around(y: int, x: int, side: int, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Return the pixels of a box and `MARGIN` beyond it; those at the rim stand in for more."""
    thin = max(1, side // FINE)
    reach = MARGIN * thin
    return np.ix_(
        *(np.clip(np.arange(a - reach, a + side + reach, thin), 0, n - 1)
          for a, n in zip((y, x), shape, strict=True))
    )  # fmt: skip


def _check(by: str, maps: Any, scale: int | None, n: int) -> None:
    if by not in RANKINGS:
        raise ValueError(f"Places cannot be ranked by {by!r}; there are {', '.join(RANKINGS)}.")
    if by == "worse than raw" and "gain" not in maps:
        raise ValueError(
            "Places that are worse than raw can only be found for a prediction that is compared "
            "beside a raw image. Pick one, or rank by another measure."
        )
    if n < 1 or (scale is not None and scale < 1):
        raise ValueError(f"scale ({scale}) and n ({n}) must be at least 1.")


def _reach(result: ImageResult, side: int) -> int:
    """Return how many planes away a place still counts as the same: half a box."""
    z, y, _ = result.comparison.ground_truth.spacing
    return max(1, round(0.5 * side * y / z))


def _apart(places: list[_Place], side: int, reach: int, n: int) -> Iterator[_Place]:
    """Keep the worst of places that lie over each other in neighbouring planes."""
    kept: list[_Place] = []
    for place in sorted(places, key=lambda p: -p.badness):
        if len(kept) == n:
            return
        if not any(
            abs(place.y - k.y) < side and abs(place.x - k.x) < side and abs(place.z - k.z) <= reach
            for k in kept
        ):
            kept.append(place)
            yield place


def _entries(
    candidate: str, by: str, places: list[_Place], side: int, shape: tuple[int, int], frames: int
) -> Entries:
    n, lower_is_worse = len(places), by in ("structure", "worse than raw")
    box = np.array(
        [(p.z, p.z + 1, p.y, p.y + side, p.x, p.x + side) for p in places], np.int64
    ).reshape(n, 6)
    box[:, 3], box[:, 5] = np.minimum(box[:, 3], shape[0]), np.minimum(box[:, 5], shape[1])
    badness = np.array([p.badness for p in places], np.float64)
    return Entries(
        candidate=candidate,
        kinds=KINDS,
        kind=np.array([p.kind for p in places], np.uint8),
        role=np.full(n, ROLES.index("place"), np.uint8),
        id=np.arange(1, n + 1, dtype=np.int64),
        partner=np.zeros(n, np.int64),
        value=-badness if lower_is_worse else badness,
        value_name=RANKINGS[by],
        size=np.prod(box[:, 1::2] - box[:, ::2], axis=1),
        frame=np.array([p.frame for p in places], np.intp).reshape(n, frames),
        box=box,
        centroid=(box[:, 1::2] + box[:, ::2] - 1) / 2,
    )
