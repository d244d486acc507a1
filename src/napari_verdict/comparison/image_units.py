"""A unit: what is normalised and fitted together, and the passes over its blocks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_verdict.comparison.image_fit import (
    Fit,
    Levels,
    fit_of,
    level_counts,
    levels_of,
)
from napari_verdict.comparison.model import RAW
from napari_verdict.engine.blocks import Block, blocks_of
from napari_verdict.engine.sources import Source
from napari_verdict.metrics.errors import difference_rows
from napari_verdict.metrics.gain import background_errors, gain_rows, tolerance
from napari_verdict.metrics.moments import combine, row_moments
from napari_verdict.metrics.ssim import (
    RADIUS,
    SIGMA,
    gaussian_taps,
    reflected,
    ssim_rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.image_fit import LevelCounts
    from napari_verdict.comparison.model import Comparison

    #: Grey levels of a block; by candidate whether pixels are left out, and moments by row.
    _Measured = tuple[LevelCounts, dict[str, tuple[bool, NDArray[np.float64]]]]


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
        By candidate an (n_planes, 9) array: sum and number of SSIM values; valid pixels, sums of
        squared and of absolute error; and over the pixels that are valid in raw too: how
        many, those that got worse, sums of squared error of raw and of the candidate.
    tolerance : float
        The change of error that counts; NaN without raw.
    """

    frame: tuple[int, ...]
    z0: int
    levels: Levels
    fits: dict[str, Fit]
    sums: dict[str, NDArray[np.float64]]
    tolerance: float = float("nan")


class Pass(NamedTuple):
    """One way over the blocks of a unit: its name, the task of a block, what takes the results."""

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

    def passes(self) -> list[Pass]:
        """Return the passes, to be made in turn over all blocks."""
        passes = [
            Pass("intensities", self._measure, self._fit),
            Pass("maps", self._compare, self._add_up),
        ]
        if RAW in self.sources:
            passes.append(Pass("gain over raw", self._compare_with_raw, self._add_gain))
        return passes

    def scores(self) -> UnitScores:
        """Return the sums, once all passes are through."""
        assert self.levels is not None
        return UnitScores(
            self.frame, self.planes.start, self.levels, self.fits, self.sums, self.tolerance
        )

    # ---- first pass: grey levels and moments

    def _measure(
        self, block: Block
    ) -> tuple[LevelCounts, dict[str, tuple[bool, NDArray[np.float64]]]]:
        pixels = self.truth.read(block.frame, block.z, block.y)
        ignored = self._ignored(block.frame, block.z, block.y)
        g = _float(pixels)
        moments = {}
        for name in self.sources:
            p = self._read(name, block.frame, block.z, block.y)
            rows = row_moments(g, p)
            masked = ignored is not None or not bool(np.isfinite(rows).all())
            moments[name] = masked, row_moments(g, p, _valid(g, p, ignored)) if masked else rows
        return level_counts(pixels, ignored), moments

    def _fit(self, parts: list[Any]) -> None:
        convention = self.comparison.settings.convention
        self.levels = levels = levels_of([p[0] for p in parts], convention)
        for name in self.sources:
            rows = np.concatenate([p[1][name][1] for p in parts])
            self.masked[name] = any(p[1][name][0] for p in parts)
            self.fits[name] = fit_of(convention, levels, combine(rows))

    # ---- second pass: SSIM and difference

    def _compare(self, block: Block) -> tuple[dict[str, NDArray[np.float64]], Any]:
        depth, height, _ = self.truth.shape
        rz = len(self.z_taps) // 2
        # the halo stays inside of the image; reflection looks inwards by as much at most
        z = slice(max(0, block.z0 - rz), min(depth, block.z1 + rz))
        y = slice(max(0, block.y0 - RADIUS), min(height, block.y1 + RADIUS))
        g = _float(self.truth.read(block.frame, z, y))
        ignored = self._ignored(block.frame, z, y)
        sums = {n: self._compare_one(block, n, g, ignored, z, y) for n in self.sources}
        inner = g[block.z0 - z.start : block.z1 - z.start, block.y0 - y.start : block.y1 - y.start]
        return sums, self._background_errors(block, inner)

    def _compare_one(
        self,
        block: Block,
        name: str,
        g: NDArray[np.float64],
        ignored: NDArray[np.bool_] | None,
        z: slice,
        y: slice,
    ) -> NDArray[np.float64]:
        p = self._read(name, block.frame, z, y)
        valid = _valid(g, p, ignored) if self.masked[name] or self._sees_other_units else None
        fit, view = self.fits[name], self.views[name]
        sums = np.zeros((block.z1 - block.z0, block.y1 - block.y0, 5))
        rows = slice(block.y0 - y.start, block.y1 - y.start)
        values = np.empty((sums.shape[1], g.shape[2]), np.float32)
        for k in range(block.z0, block.z1):
            at, own = (*block.frame, k, block.y), k - z.start
            if fit.data_range:
                sums[k - block.z0, :, :2] = self._ssim(block, k, fit, g, p, valid, z, y, values)
                view["ssim"][at] = values
            v = None if valid is None else valid[own, rows]
            sums[k - block.z0, :, 2:] = difference_rows(
                g[own, rows], p[own, rows], fit.affine, v, values
            )
            if fit.data_range:  # else nothing can be normalised: there are errors but no maps
                view["difference"][at] = values
        self._drop_rim(block, sums)
        return sums

    @property
    def _sees_other_units(self) -> bool:
        """Whether the window reaches planes that `masked` knows nothing of."""
        return len(self.z_taps) > 1 and len(self.planes) < self.truth.shape[0]

    def _ssim(
        self,
        block: Block,
        k: int,
        fit: Fit,
        g: NDArray[np.float64],
        p: NDArray[np.float64],
        valid: NDArray[np.bool_] | None,
        z: slice,
        y: slice,
        out: NDArray[np.float32],
    ) -> NDArray[np.float64]:
        depth, height, _ = self.truth.shape
        rz = len(self.z_taps) // 2
        affine, moments = fit.affine, fit.moments
        sums_and_counts = ssim_rows(
            g,
            p,
            affine,
            (affine.of_ground_truth(moments.mean_g), affine.of_candidate(moments.mean_p)),
            fit.data_range,
            planes=reflected(np.arange(k - rz, k + rz + 1), depth) - z.start,
            rows=reflected(np.arange(block.y0 - RADIUS, block.y1 + RADIUS), height) - y.start,
            z_taps=self.z_taps,
            valid=valid,
            out=out,
        )
        return np.stack(sums_and_counts, axis=1)

    def _drop_rim(self, block: Block, sums: NDArray[np.float64]) -> None:
        """Leave the rim of the SSIM map out of its mean."""
        depth, height, _ = self.truth.shape
        rows = np.arange(block.y0, block.y1)
        sums[:, (rows < RADIUS) | (rows >= height - RADIUS), :2] = 0
        rz = len(self.z_taps) // 2
        planes = np.arange(block.z0, block.z1)
        sums[(planes < rz) | (planes >= depth - rz), :, :2] = 0

    def _background_errors(self, block: Block, g: NDArray[np.float64]) -> NDArray[np.int64] | None:
        fit = self.fits.get(RAW)
        if fit is None or not fit.data_range or self.levels is None:
            return None
        raw = self.views[RAW]["difference"][(*block.frame, block.z, block.y)]
        return background_errors(raw, g, self.levels.median, fit.data_range)

    def _add_up(self, parts: list[Any]) -> None:
        for name in self.sources:
            by_plane = np.zeros((len(self.planes), 9))
            for k, rows in _by_plane(self.planes, self.blocks, [p[0][name] for p in parts]):
                by_plane[k, :5] = rows.sum(axis=0)
            self.sums[name] = by_plane
        histograms = [p[1] for p in parts if p[1] is not None]
        if histograms:
            self.tolerance = tolerance(sum(histograms), self.fits[RAW].data_range)

    # ---- third pass: where the model made it worse

    def _compare_with_raw(self, block: Block) -> dict[str, NDArray[np.float64]]:
        sums = {n: np.empty((block.z1 - block.z0, block.y1 - block.y0, 4)) for n in self.sources}
        del sums[RAW]
        for name, rows in sums.items():
            for k in range(block.z0, block.z1):
                at = (*block.frame, k, block.y)
                raw, own = (self.views[n]["difference"][at] for n in (RAW, name))
                rows[k - block.z0] = gain_rows(raw, own, self.tolerance)
        return sums

    def _add_gain(self, parts: list[Any]) -> None:
        for name in parts[0]:
            for k, rows in _by_plane(self.planes, self.blocks, [p[name] for p in parts]):
                self.sums[name][k, 5:] = rows.sum(axis=0)

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
