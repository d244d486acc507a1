"""A unit: what is normalised and fitted together, and the passes over its blocks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.model import RAW
from napari_verdict.comparison.restoration.fits import (
    Fit,
    Levels,
    count_levels,
    fit_of,
    levels_of,
    sigma_along_z,
)
from napari_verdict.engine.blocks import Block, blocks_of
from napari_verdict.engine.sources import Source
from napari_verdict.metrics.errors import difference_rows
from napari_verdict.metrics.gain import beside_raw_rows, error_histogram, tolerance
from napari_verdict.metrics.moments import combine, row_moments
from napari_verdict.metrics.ssim import RADIUS, gaussian_taps, reflected, ssim_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Comparison

# columns of Unit.sums
SSIM, SSIM_N, N, SQUARES, MAGNITUDES = range(5)
BESIDE_RAW, WORSE, RAW_SQUARES, OWN_SQUARES = range(5, 9)


@dataclass(frozen=True)
class Pass:
    """One pass over the blocks of a unit: what a thread does, and what takes the results."""

    what: str
    task: Callable[[Block], Any]
    collect: Callable[[list[Any]], None]


@dataclass
class Unit:
    """One frame, or one plane of it, on its way through the passes.

    Parameters
    ----------
    comparison : Comparison
        What is compared.
    frame, planes : tuple of int, range
        Where the unit is.
    views : mapping
        By candidate and map: arrays (frames..., z, y, x) to write to.
    blocks : list of Block
        How it is cut.
    levels : Levels
        Of the ground truth; known after the first pass.
    fits : dict
        By candidate; known after the first pass.
    sums : dict
        By candidate an (n_planes, 9) array: sum and number of SSIM values, valid pixels, sums of
        squared and of absolute error; then, on the pixels that are valid in raw too, how many
        there are and how many got worse, and the squared errors of raw and of the candidate.
    tolerance : float
        The change of error that counts; NaN without raw.
    """

    comparison: Comparison
    frame: tuple[int, ...]
    planes: range
    views: Mapping[str, Mapping[str, Any]]
    blocks: list[Block]
    levels: Levels = field(init=False)
    fits: dict[str, Fit] = field(default_factory=dict)
    sums: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    tolerance: float = float("nan")

    def __post_init__(self) -> None:
        truth = self.comparison.ground_truth
        self._truth = truth.source
        self._sources = {n: c.source for n, c in self.comparison.candidates.items()}
        self._predictions = [n for n in self._sources if n != RAW]
        ignore = self.comparison.ignore
        self._ignore = None if ignore is None else Source(ignore, truth.axes)
        self._masked: dict[str, bool] = {}
        sigma_z = sigma_along_z(self.comparison)
        self._z_taps = gaussian_taps(sigma_z) if sigma_z else np.ones(1)

    @property
    def passes(self) -> tuple[Pass, ...]:
        """The passes in their order; each needs what the ones before it collected."""
        passes = (
            Pass("intensities", self._measure, self._fit),
            Pass("maps", self._compare, self._add_up),
            Pass("gain over raw", self._judge_beside_raw, self._add_beside_raw),
        )
        return passes if RAW in self._sources else passes[:2]

    # ---- first pass: grey levels and moments

    def _measure(self, block: Block) -> tuple[Any, dict[str, tuple[bool, NDArray[np.float64]]]]:
        pixels = self._truth.read(block.frame, block.z, block.y)
        ignored = self._read_ignored(block.frame, block.z, block.y)
        g = _float(pixels)
        moments = {}
        for name in self._sources:
            p = self._read(name, block.frame, block.z, block.y)
            rows = row_moments(g, p)
            masked = ignored is not None or not bool(np.isfinite(rows).all())
            moments[name] = masked, row_moments(g, p, _valid(g, p, ignored)) if masked else rows
        return count_levels(pixels, g, ignored), moments

    def _fit(self, parts: list[Any]) -> None:
        convention = self.comparison.settings.convention
        self.levels = levels_of([p[0] for p in parts], convention)
        for name in self._sources:
            rows = np.concatenate([p[1][name][1] for p in parts])
            self._masked[name] = any(p[1][name][0] for p in parts)
            self.fits[name] = fit_of(convention, self.levels, combine(rows))

    # ---- second pass: SSIM and difference

    def _compare(self, block: Block) -> tuple[dict[str, NDArray[np.float64]], Any]:
        halo = _Halo.around(block, self._truth.shape, len(self._z_taps) // 2)
        g = _float(self._truth.read(block.frame, halo.z, halo.y))
        ignored = self._read_ignored(block.frame, halo.z, halo.y)
        sums = {}
        for name in self._sources:
            p = self._read(name, block.frame, halo.z, halo.y)
            valid = _valid(g, p, ignored) if self._masked[name] else None
            pair = _Pair(halo, g, p, valid)
            sums[name] = np.concatenate(
                [self._ssim(name, pair), self._differences(name, pair)], axis=2
            )
        return sums, self._background_errors(halo.inside(g), block)

    def _ssim(self, name: str, pair: _Pair) -> NDArray[np.float64]:
        """Write the SSIM map of a block; return sums and counts of its rows without the rim."""
        fit, halo = self.fits[name], pair.halo
        block, reach = halo.block, len(self._z_taps) // 2
        sums = np.zeros((*block.shape, 2))
        at = (*block.frame, block.z, block.y)
        if not fit.data_range:
            self.views[name]["ssim"][at] = np.nan
            return sums
        depth, height, width = self._truth.shape
        affine, moments = fit.affine, fit.moments
        means = affine.of_ground_truth(moments.mean_g), affine.of_candidate(moments.mean_p)
        rows = reflected(np.arange(block.y0 - RADIUS, block.y1 + RADIUS), height) - halo.y.start
        out = np.empty((*block.shape, width), np.float32)
        for i, k in enumerate(range(block.z0, block.z1)):
            planes = reflected(np.arange(k - reach, k + reach + 1), depth) - halo.z.start
            sums[i, :, 0], sums[i, :, 1] = ssim_rows(
                pair.ground_truth,
                pair.candidate,
                affine,
                means,
                fit.data_range,
                planes=planes,
                rows=rows,
                z_taps=self._z_taps,
                valid=pair.valid,
                out=out[i],
            )
        self.views[name]["ssim"][at] = out
        sums[~halo.beyond_rim(self._truth.shape, reach)] = 0
        return sums

    def _differences(self, name: str, pair: _Pair) -> NDArray[np.float64]:
        """Write the difference map of a block; return counts and sums of errors of its rows."""
        fit, block = self.fits[name], pair.halo.block
        g, p = pair.halo.inside(pair.ground_truth), pair.halo.inside(pair.candidate)
        valid = None if pair.valid is None else pair.halo.inside(pair.valid)
        out = np.empty(g.shape, np.float32)
        sums = np.empty((*block.shape, 3))
        for i in range(len(g)):
            of_plane = None if valid is None else valid[i]
            sums[i] = difference_rows(g[i], p[i], fit.affine, of_plane, out[i])
        at = (*block.frame, block.z, block.y)
        self.views[name]["difference"][at] = out if fit.data_range else np.nan
        return sums

    def _background_errors(self, g: NDArray[np.float64], block: Block) -> NDArray[np.int64] | None:
        fit = self.fits.get(RAW)
        if fit is None or not fit.data_range:
            return None
        raw = self.views[RAW]["difference"][(*block.frame, block.z, block.y)]
        return error_histogram(raw[g <= self.levels.median], fit.data_range)

    def _add_up(self, parts: list[Any]) -> None:
        for name in self._sources:
            self.sums[name] = np.zeros((len(self.planes), 9))
            self.sums[name][:, :BESIDE_RAW] = self._by_plane([p[0][name] for p in parts])
        histograms = [p[1] for p in parts if p[1] is not None]
        if histograms:
            self.tolerance = tolerance(sum(histograms), self.fits[RAW].data_range)

    # ---- third pass: the predictions beside raw

    def _judge_beside_raw(self, block: Block) -> dict[str, NDArray[np.float64]]:
        at = (*block.frame, block.z, block.y)
        raw = self.views[RAW]["difference"][at]
        return {
            name: beside_raw_rows(raw, self.views[name]["difference"][at], self.tolerance)
            for name in self._predictions
        }

    def _add_beside_raw(self, parts: list[Any]) -> None:
        for name in self._predictions:
            self.sums[name][:, BESIDE_RAW:] = self._by_plane([p[name] for p in parts])

    # ---- pixels

    def _by_plane(self, parts: list[NDArray[Any]]) -> NDArray[Any]:
        """Add up the rows of each plane in reading order, whatever the blocks were."""
        rows: list[list[NDArray[Any]]] = [[] for _ in self.planes]
        for block, part in zip(self.blocks, parts, strict=True):
            for k in range(block.z0, block.z1):
                rows[k - self.planes.start].append(part[k - block.z0])
        return np.array([np.concatenate(of_plane).sum(axis=0) for of_plane in rows])

    def _read(self, name: str, frame: tuple[int, ...], z: slice, y: slice) -> NDArray[np.float64]:
        source = self._sources[name]
        at = dict(zip(self._truth.frame_axes, frame, strict=True))
        return _float(source.read(tuple(at[a] for a in source.frame_axes), z, y))

    def _read_ignored(self, frame: tuple[int, ...], z: slice, y: slice) -> NDArray[np.bool_] | None:
        if self._ignore is None:
            return None
        return self._ignore.read(frame, z, y).astype(bool, copy=False)


def units_of(
    comparison: Comparison, views: Mapping[str, Mapping[str, Any]], pixels: int
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


@dataclass(frozen=True)
class _Halo:
    """A block, and the planes and rows of the image that its windows reach."""

    block: Block
    z: slice
    y: slice

    @staticmethod
    def around(block: Block, shape: tuple[int, int, int], reach: int) -> _Halo:
        """Reach `reach` planes and the radius of the window, but not out of the image."""
        depth, height, _ = shape
        # reflection looks inwards by as much as the window hangs out; an image thinner than
        # the window, where it comes back more than once, is within reach as a whole
        z = slice(max(0, block.z0 - reach), min(depth, block.z1 + reach))
        y = slice(max(0, block.y0 - RADIUS), min(height, block.y1 + RADIUS))
        return _Halo(block, z, y)

    def inside(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return the block itself out of an array that was read with its halo."""
        b, z, y = self.block, self.z.start, self.y.start
        return array[b.z0 - z : b.z1 - z, b.y0 - y : b.y1 - y]

    def beyond_rim(self, shape: tuple[int, int, int], reach: int) -> NDArray[np.bool_]:
        """Tell which rows (z, y) of the block have windows that lie inside of the image."""
        depth, height, _ = shape
        z, y = np.arange(self.block.z0, self.block.z1), np.arange(self.block.y0, self.block.y1)
        in_z = (z >= reach) & (z < depth - reach)
        in_y = (y >= RADIUS) & (y < height - RADIUS)
        beyond: NDArray[np.bool_] = in_z[:, np.newaxis] & in_y
        return beyond


@dataclass(frozen=True)
class _Pair:
    """Ground truth and candidate with their halo; `valid` is None where every pixel is."""

    halo: _Halo
    ground_truth: NDArray[np.float64]
    candidate: NDArray[np.float64]
    valid: NDArray[np.bool_] | None


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
