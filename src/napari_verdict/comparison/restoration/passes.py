"""What a thread, or another process, does with one block in each pass over a restoration.

Every pass is a frozen dataclass that is called with a block. It holds descriptions of sources
and what the passes before it found, so it can be sent to wherever the pixels are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.model import RAW
from napari_verdict.comparison.restoration.fits import LevelCounts, catch_levels, count_levels
from napari_verdict.comparison.restoration.pixels import Halo, Pair, as_float, valid_pixels
from napari_verdict.metrics.errors import difference_rows
from napari_verdict.metrics.gain import beside_raw_rows, error_histogram
from napari_verdict.metrics.moments import row_moments
from napari_verdict.metrics.ssim import RADIUS, reflected, ssim_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.restoration.fits import Fit
    from napari_verdict.comparison.restoration.pixels import Pixels
    from napari_verdict.engine.blocks import Block
    from napari_verdict.metrics.percentiles import Net

    Views = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Measured:
    """Grey levels of a block; by candidate whether pixels are left out, and moments by row."""

    levels: LevelCounts
    moments: dict[str, tuple[bool, NDArray[np.float64]]]


@dataclass(frozen=True)
class Measure:
    """First pass: grey levels of the ground truth, and moments of every candidate with it."""

    pixels: Pixels

    def __call__(self, block: Block) -> Measured:
        """Count and sum up one block."""
        pixels = self.pixels.read_truth(block)
        ignored = self.pixels.read_ignored(block.frame, block.z, block.y)
        g = as_float(pixels)
        moments = {}
        for name in self.pixels.candidates:
            p = self.pixels.read(name, block.frame, block.z, block.y)
            rows = row_moments(g, p)
            masked = ignored is not None or not bool(np.isfinite(rows).all())
            if masked:
                rows = row_moments(g, p, valid_pixels(g, p, ignored))
            moments[name] = masked, rows
        levels = count_levels(pixels, g, ignored, keep=self.pixels.truth.in_memory)
        return Measured(levels, moments)


@dataclass(frozen=True)
class Refine:
    """A further look at the ground truth, where its percentiles are not yet known exactly."""

    pixels: Pixels
    net: Net

    def __call__(self, block: Block) -> NDArray[np.float64]:
        """Return the values of one block that are asked for."""
        g = as_float(self.pixels.read_truth(block))
        ignored = self.pixels.read_ignored(block.frame, block.z, block.y)
        return catch_levels(self.net, g, ignored)


@dataclass(frozen=True)
class Fitted:
    """Candidates brought to the ground truth: computes what the maps hold, block by block.

    Parameters
    ----------
    pixels : Pixels
        What is compared.
    fits : mapping of str to Fit
        By candidate.
    masked : frozenset of str
        The candidates some of whose pixels are left out.
    z_taps : ndarray
        Weights of the SSIM window along z.
    """

    pixels: Pixels
    fits: Mapping[str, Fit]
    masked: frozenset[str]
    z_taps: NDArray[np.float64]

    def read_truth(self, halo: Halo) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
        """Read ground truth and ignore mask with their halo."""
        g = as_float(self.pixels.truth.read(halo.block.frame, halo.z, halo.y))
        return g, self.pixels.read_ignored(halo.block.frame, halo.z, halo.y)

    def pair(
        self, name: str, halo: Halo, g: NDArray[np.float64], ignored: NDArray[np.bool_] | None
    ) -> Pair:
        """Read a candidate beside the ground truth."""
        p = self.pixels.read(name, halo.block.frame, halo.z, halo.y)
        return Pair(halo, g, p, valid_pixels(g, p, ignored) if name in self.masked else None)

    def around(self, block: Block) -> Halo:
        """Return a block with the halo that SSIM needs."""
        return Halo.around(block, self.pixels.truth.shape, len(self.z_taps) // 2)

    def ssim(self, name: str, pair: Pair) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return the SSIM map of a block, and sums and counts of its rows without the rim."""
        fit, halo = self.fits[name], pair.halo
        block, reach = halo.block, len(self.z_taps) // 2
        depth, height, width = self.pixels.truth.shape
        sums = np.zeros((*block.shape, 2))
        out = np.full((*block.shape, width), np.nan, np.float32)
        if not fit.data_range:
            return out, sums
        affine, moments = fit.affine, fit.moments
        means = affine.of_ground_truth(moments.mean_g), affine.of_candidate(moments.mean_p)
        rows = reflected(np.arange(block.y0 - RADIUS, block.y1 + RADIUS), height) - halo.y.start
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
                z_taps=self.z_taps,
                valid=pair.valid,
                out=out[i],
            )
        sums[~halo.beyond_rim(self.pixels.truth.shape, reach)] = 0
        return out, sums

    def difference(self, name: str, pair: Pair) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return the difference map of a block, and counts and sums of errors of its rows."""
        fit, block = self.fits[name], pair.halo.block
        g, p = pair.halo.inside(pair.ground_truth), pair.halo.inside(pair.candidate)
        valid = None if pair.valid is None else pair.halo.inside(pair.valid)
        out = np.empty(g.shape, np.float32)
        sums = np.empty((*block.shape, 3))
        for i in range(len(g)):
            of_plane = None if valid is None else valid[i]
            sums[i] = difference_rows(g[i], p[i], fit.affine, of_plane, out[i])
        if not fit.data_range:
            out.fill(np.nan)
        return out, sums


@dataclass(frozen=True)
class Compare:
    """Second pass: sums of SSIM and of errors by row; the maps are kept where there is a place.

    Parameters
    ----------
    fitted : Fitted
        What computes the maps.
    background : float
        Pixels of the ground truth up to this are background; the errors of raw in it are
        counted.
    views : mapping, optional
        By candidate and map: arrays (frames..., z, y, x) to write to. Without it, and so where
        this is sent elsewhere, the maps are let go of.
    """

    fitted: Fitted
    background: float
    views: Views | None = None

    def __call__(self, block: Block) -> tuple[dict[str, NDArray[np.float64]], Any]:
        """Return the sums of every row by candidate, and the errors of raw in the background."""
        halo = self.fitted.around(block)
        g, ignored = self.fitted.read_truth(halo)
        sums, background = {}, None
        for name in self.fitted.pixels.candidates:
            pair = self.fitted.pair(name, halo, g, ignored)
            ssim, of_ssim = self.fitted.ssim(name, pair)
            difference, of_errors = self.fitted.difference(name, pair)
            sums[name] = np.concatenate([of_ssim, of_errors], axis=2)
            if self.views is not None:
                at = (*block.frame, block.z, block.y)
                self.views[name]["ssim"][at] = ssim
                self.views[name]["difference"][at] = difference
            if name == RAW:
                background = self._background_errors(halo.inside(g), difference)
        return sums, background

    def _background_errors(
        self, g: NDArray[np.float64], difference: NDArray[np.float32]
    ) -> NDArray[np.int64] | None:
        data_range = self.fitted.fits[RAW].data_range
        if not data_range:
            return None
        return error_histogram(difference[g <= self.background], data_range)


@dataclass(frozen=True)
class JudgeBesideRaw:
    """Third pass: every prediction beside raw, from the maps, or from the pixels without them."""

    fitted: Fitted
    tolerance: float
    views: Views | None = None

    def __call__(self, block: Block) -> dict[str, NDArray[np.float64]]:
        """Return what `beside_raw_rows` says of every prediction."""
        names = [RAW, *self.fitted.pixels.predictions]
        at = (*block.frame, block.z, block.y)
        if self.views is not None:
            differences = {n: self.views[n]["difference"][at] for n in names}
        else:
            halo = Halo.none(block)
            g, ignored = self.fitted.read_truth(halo)
            differences = {
                n: self.fitted.difference(n, self.fitted.pair(n, halo, g, ignored))[0]
                for n in names
            }
        raw = differences.pop(RAW)
        return {n: beside_raw_rows(raw, d, self.tolerance) for n, d in differences.items()}
