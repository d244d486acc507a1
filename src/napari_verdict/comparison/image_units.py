"""A unit: what is normalised and fitted together, and the passes over its blocks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.model import RAW
from napari_verdict.engine.blocks import Block, blocks_of
from napari_verdict.engine.sources import Source
from napari_verdict.metrics.errors import difference_rows
from napari_verdict.metrics.gain import error_histogram, gain_map, tolerance
from napari_verdict.metrics.moments import Moments, combine, row_moments
from napari_verdict.metrics.percentiles import percentiles, percentiles_of_counts
from napari_verdict.metrics.ssim import (
    RADIUS,
    SIGMA,
    Affine,
    gaussian_taps,
    reflected,
    ssim_rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Comparison

_EPS = 1e-20


@dataclass(frozen=True)
class Levels:
    """Grey levels of the ground truth over a unit; NaN without valid pixels."""

    low: float
    high: float
    median: float
    minimum: float
    maximum: float


@dataclass(frozen=True)
class Fit:
    """How a candidate was brought to the ground truth in one unit.

    `data_range` is L; 0 where the ground truth has no range.
    """

    affine: Affine
    data_range: float
    moments: Moments


@dataclass
class UnitScores:
    """What a unit has to say: sums by plane for each candidate.

    Parameters
    ----------
    frame, z0 : tuple of int, int
        Where it is.
    levels : Levels
        Of the ground truth.
    fits : dict
        By candidate.
    sums : dict
        By candidate an (n_planes, 6) array: sum and number of SSIM values, valid pixels, sums of
        squared and of absolute error, pixels that got worse than raw.
    tolerance : float
        The change of error that counts; NaN without raw.
    """

    frame: tuple[int, ...]
    z0: int
    levels: Levels
    fits: dict[str, Fit]
    sums: dict[str, NDArray[np.float64]]
    tolerance: float = float("nan")


@dataclass
class Unit:
    """One frame, or one plane of it, on its way through the passes.

    Parameters
    ----------
    comparison : Comparison
        What is compared.
    frame : tuple of int
        The frame.
    planes : range
        The planes.
    views : mapping
        By candidate and map: arrays (frames..., z, y, x) to write to.
    blocks : list of Block
        How it is cut.
    """

    comparison: Comparison
    frame: tuple[int, ...]
    planes: range
    views: Mapping[str, Mapping[str, Any]]
    blocks: list[Block]
    levels: Levels | None = None
    fits: dict[str, Fit] = field(default_factory=dict)
    masked: dict[str, bool] = field(default_factory=dict)
    sums: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    tolerance: float = float("nan")

    def __post_init__(self) -> None:
        truth = self.comparison.ground_truth
        self.truth = truth.source
        self.sources = {n: c.source for n, c in self.comparison.candidates.items()}
        ignore = self.comparison.ignore
        self.ignore = None if ignore is None else Source(ignore, truth.axes)
        self.z_taps = np.ones(1)
        if self.comparison.settings.ssim_3d and "z" in truth.axes:
            z, y, _ = truth.spacing
            self.z_taps = gaussian_taps(max(0.5, SIGMA * y / z))

    @property
    def steps(self) -> int:
        """Blocks over all passes."""
        return len(self.blocks) * (3 if RAW in self.sources else 2)

    def passes(self) -> Iterator[tuple[str, Callable[[Block], Any], Callable[[list[Any]], None]]]:
        """Yield the passes: name, task of a block, and what takes the tasks' results."""
        yield "intensities", self._measure, self._fit
        yield "maps", self._compare, self._add_up
        if RAW in self.sources:
            yield "gain over raw", self._count_worse, self._add_worse

    def scores(self) -> UnitScores:
        """Return the sums, once all passes are through."""
        assert self.levels is not None
        return UnitScores(
            self.frame, self.planes.start, self.levels, self.fits, self.sums, self.tolerance
        )

    # ---- first pass: grey levels and moments

    def _measure(self, block: Block) -> tuple[Any, dict[str, tuple[bool, NDArray[np.float64]]]]:
        pixels = self.truth.read(block.frame, block.z, block.y)
        ignored = self._ignored(block.frame, block.z, block.y)
        g = _float(pixels)
        moments = {}
        for name in self.sources:
            p = self._read(name, block.frame, block.z, block.y)
            rows = row_moments(g, p)
            masked = ignored is not None or not bool(np.isfinite(rows).all())
            moments[name] = masked, row_moments(g, p, _valid(g, p, ignored)) if masked else rows
        return _levels_of(pixels, ignored), moments

    def _fit(self, parts: list[Any]) -> None:
        self.levels = levels = _levels([p[0] for p in parts], self.comparison)
        for name in self.sources:
            rows = np.concatenate([p[1][name][1] for p in parts])
            self.masked[name] = any(p[1][name][0] for p in parts)
            self.fits[name] = fit_of(self.comparison, levels, combine(rows))

    # ---- second pass: SSIM and difference

    def _compare(self, block: Block) -> tuple[dict[str, NDArray[np.float64]], Any]:
        depth, height, _ = self.truth.shape
        rz = len(self.z_taps) // 2
        # the halo stays inside of the image; reflection looks inwards by as much at most
        z = slice(max(0, block.z0 - rz), min(depth, block.z1 + rz))
        y = slice(max(0, block.y0 - RADIUS), min(height, block.y1 + RADIUS))
        if rz >= depth:
            z = slice(0, depth)
        if height <= RADIUS:
            y = slice(0, height)
        g = _float(self.truth.read(block.frame, z, y))
        ignored = self._ignored(block.frame, z, y)
        sums = {
            name: self._compare_one(block, name, z.start, y.start, g, ignored, z, y)
            for name in self.sources
        }
        return sums, self._background_errors(block, g, z.start, y.start)

    def _compare_one(
        self,
        block: Block,
        name: str,
        z0: int,
        y0: int,
        g: NDArray[np.float64],
        ignored: NDArray[np.bool_] | None,
        z: slice,
        y: slice,
    ) -> NDArray[np.float64]:
        p = self._read(name, block.frame, z, y)
        fit, depth_height = self.fits[name], self.truth.shape
        valid = _valid(g, p, ignored) if self.masked[name] else None
        affine, moments = fit.affine, fit.moments
        sums = np.zeros((block.z1 - block.z0, block.y1 - block.y0, 5))
        if not fit.data_range:
            return self._errors_only(block, name, g, p, valid, sums, z0, y0)
        means = affine.of_ground_truth(moments.mean_g), affine.of_candidate(moments.mean_p)
        rows = reflected(np.arange(block.y0 - RADIUS, block.y1 + RADIUS), depth_height[1]) - y0
        rz = len(self.z_taps) // 2
        inside = slice(block.y0 - y0, block.y1 - y0)
        for k in range(block.z0, block.z1):
            planes = reflected(np.arange(k - rz, k + rz + 1), depth_height[0]) - z0
            at = (*block.frame, k, block.y)
            ssim = np.empty((block.y1 - block.y0, g.shape[2]), np.float32)
            sums[k - block.z0, :, 0], sums[k - block.z0, :, 1] = ssim_rows(
                g,
                p,
                affine,
                means,
                fit.data_range,
                planes=planes,
                rows=rows,
                z_taps=self.z_taps,
                valid=valid,
                out=ssim,
            )
            self.views[name]["ssim"][at] = ssim
            difference = np.empty_like(ssim)
            v = None if valid is None else valid[k - z0, inside]
            sums[k - block.z0, :, 2:] = difference_rows(
                g[k - z0, inside], p[k - z0, inside], affine, v, difference
            )
            self.views[name]["difference"][at] = difference
        self._drop_rim(block, sums)
        return sums

    def _errors_only(
        self,
        block: Block,
        name: str,
        g: NDArray[np.float64],
        p: NDArray[np.float64],
        valid: NDArray[np.bool_] | None,
        sums: NDArray[np.float64],
        z0: int,
        y0: int,
    ) -> NDArray[np.float64]:
        """Without a range nothing can be normalised: no maps, only errors in image units."""
        inside = slice(block.y0 - y0, block.y1 - y0)
        nowhere = np.empty((block.y1 - block.y0, g.shape[2]), np.float32)
        for k in range(block.z0, block.z1):
            v = None if valid is None else valid[k - z0, inside]
            sums[k - block.z0, :, 2:] = difference_rows(
                g[k - z0, inside], p[k - z0, inside], self.fits[name].affine, v, nowhere
            )
        return sums

    def _drop_rim(self, block: Block, sums: NDArray[np.float64]) -> None:
        """Leave the rim of the SSIM map out of its mean."""
        depth, height, _ = self.truth.shape
        rows = np.arange(block.y0, block.y1)
        sums[:, (rows < RADIUS) | (rows >= height - RADIUS), :2] = 0
        rz = len(self.z_taps) // 2
        planes = np.arange(block.z0, block.z1)
        sums[(planes < rz) | (planes >= depth - rz), :, :2] = 0

    def _background_errors(
        self, block: Block, g: NDArray[np.float64], z0: int, y0: int
    ) -> NDArray[np.int64] | None:
        fit = self.fits.get(RAW)
        if fit is None or not fit.data_range or self.levels is None:
            return None
        inside = g[block.z0 - z0 : block.z1 - z0, block.y0 - y0 : block.y1 - y0]
        raw = self.views[RAW]["difference"][(*block.frame, block.z, block.y)]
        return error_histogram(raw[inside <= self.levels.median], fit.data_range)

    def _add_up(self, parts: list[Any]) -> None:
        for name in self.sources:
            by_plane = np.zeros((len(self.planes), 6))
            for k, rows in _by_plane(self.planes, self.blocks, [p[0][name] for p in parts]):
                by_plane[k, :5] = rows.sum(axis=0)
            self.sums[name] = by_plane
        histograms = [p[1] for p in parts if p[1] is not None]
        if histograms:
            self.tolerance = tolerance(sum(histograms), self.fits[RAW].data_range)

    # ---- third pass: where the model made it worse

    def _count_worse(self, block: Block) -> dict[str, NDArray[np.int64]]:
        at = (*block.frame, block.z, block.y)
        raw = self.views[RAW]["difference"][at]
        with np.errstate(invalid="ignore"):
            return {
                name: (gain_map(raw, self.views[name]["difference"][at]) < -self.tolerance)
                .sum(axis=2)
                .astype(np.int64)[..., np.newaxis]
                for name in self.sources
                if name != RAW
            }

    def _add_worse(self, parts: list[Any]) -> None:
        for name in self.sources:
            if name == RAW:
                continue
            for k, rows in _by_plane(self.planes, self.blocks, [p[name] for p in parts]):
                self.sums[name][k, 5] = rows.sum()

    # ---- pixels

    def _read(self, name: str, frame: tuple[int, ...], z: slice, y: slice) -> NDArray[np.float64]:
        source = self.sources[name]
        at = dict(zip(self.truth.frame_axes, frame, strict=True))
        return _float(source.read(tuple(at[a] for a in source.frame_axes), z, y))

    def _ignored(self, frame: tuple[int, ...], z: slice, y: slice) -> NDArray[np.bool_] | None:
        if self.ignore is None:
            return None
        return self.ignore.read(frame, z, y).astype(bool, copy=False)


def units_of(
    comparison: Comparison,
    views: Mapping[str, Mapping[str, Any]],
    pixels: int,
) -> list[Unit]:
    """Return the units of a comparison: a frame each, or a plane where the convention says so."""
    source = comparison.ground_truth.source
    depth, height, width = source.shape
    step = 1 if comparison.settings.convention.per_plane else max(1, depth)
    units = []
    for frame in source.frames:
        for z in range(0, depth, step):
            planes = range(z, min(z + step, depth))
            blocks = [
                replace(b, z0=b.z0 + z, z1=b.z1 + z)
                for b in blocks_of(frame, (len(planes), height, width), pixels)
            ]
            units.append(Unit(comparison, frame, planes, views, blocks))
    return units


def fit_of(comparison: Comparison, levels: Levels, moments: Moments) -> Fit:
    """Resolve the convention for one candidate in one unit."""
    convention = comparison.settings.convention
    if convention.percentiles is None:
        spread = levels.maximum - levels.minimum
        return Fit(Affine(), spread if spread > 0 else 0.0, moments)
    low, spread = levels.low, levels.high - levels.low
    gain, offset = moments.fit()
    if convention.fit == "zerocost":
        gain, offset = moments.fit_zerocost()
        low = moments.mean_g
    if not spread > 0:
        return Fit(Affine(low, 1.0, gain, offset), 0.0, moments)
    return Fit(Affine(low, 1.0 / (spread + _EPS), gain, offset), 1.0, moments)


def _levels_of(
    pixels: NDArray[Any], ignored: NDArray[np.bool_] | None
) -> tuple[NDArray[Any], bool]:
    """Return a histogram of small integers, or the valid values themselves."""
    values = pixels.ravel() if ignored is None else pixels[~ignored]
    if values.dtype in (np.uint8, np.uint16):
        return np.bincount(values, minlength=np.iinfo(values.dtype).max + 1), True
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        return (values.copy() if finite.all() else values[finite]), False
    return values.astype(np.float64), False


def _levels(parts: list[tuple[NDArray[Any], bool]], comparison: Comparison) -> Levels:
    low, high = comparison.settings.convention.percentiles or (0.0, 100.0)
    q = (low, high, 50.0, 0.0, 100.0)
    if parts and parts[0][1]:
        return Levels(*percentiles_of_counts(np.sum([c for c, _ in parts], axis=0), 0, q))
    return Levels(*percentiles(np.concatenate([v for v, _ in parts]), q))


def _by_plane(
    planes: range, blocks: list[Block], parts: list[NDArray[Any]]
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the rows of each plane in reading order, whatever the blocks were."""
    rows: list[list[NDArray[Any]]] = [[] for _ in planes]
    for block, part in zip(blocks, parts, strict=True):
        for k in range(block.z0, block.z1):
            rows[k - planes.start].append(part[k - block.z0])
    for k, of_plane in enumerate(rows):
        yield k, np.concatenate(of_plane)


def _valid(
    g: NDArray[np.float64], p: NDArray[np.float64], ignored: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    valid: NDArray[np.bool_] = np.isfinite(g) & np.isfinite(p)
    if ignored is not None:
        valid &= ~ignored
    return valid


def _float(pixels: NDArray[Any]) -> NDArray[np.float64]:
    # numba counts read-only arrays as a type of their own: those are copied
    return np.require(pixels, np.float64, ["C", "W"])
