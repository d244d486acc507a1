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
from napari_verdict.comparison.restoration.pixels import (
    Halo,
    Scene,
    as_float,
    same_pixels,
    valid_pixels,
)
from napari_verdict.metrics.errors import difference_rows
from napari_verdict.metrics.gain import beside_raw_rows, error_histogram
from napari_verdict.metrics.linearity import tally
from napari_verdict.metrics.moments import row_moments
from napari_verdict.metrics.ssim import RADIUS, Window, reflected, ssim_block

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_verdict.comparison.restoration.fits import Fit
    from napari_verdict.comparison.restoration.pixels import Pixels
    from napari_verdict.engine.blocks import Block
    from napari_verdict.metrics.linearity import Axes
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

    def around(self, block: Block) -> Halo:
        """Return a block with the halo that SSIM needs."""
        return Halo.around(block, self.pixels.truth.shape, len(self.z_taps) // 2)

    def scene(self, names: Sequence[str], halo: Halo) -> Scene:
        """Read ground truth and candidates with their halo."""
        frame, z, y = halo.block.frame, halo.z, halo.y
        truth = self.pixels.truth.read(frame, z, y)
        ignored = self.pixels.read_ignored(frame, z, y)
        candidates = {n: self.pixels.read_as_stored(n, frame, z, y) for n in names}
        valid = {
            n: valid_pixels(truth, c, ignored) if n in self.masked else None
            for n, c in candidates.items()
        }
        return Scene(halo, truth, candidates, valid)

    def ssim(
        self, scene: Scene, outs: Mapping[str, NDArray[np.float32]]
    ) -> dict[str, NDArray[np.float64]]:
        """Write the SSIM maps of a block; return sums and counts of its rows without the rim."""
        found: dict[str, NDArray[np.float64]] = {}
        for names, valid in self._alike(scene):
            sums = self._ssim_together(scene, names, valid, [outs[n] for n in names])
            found |= dict(zip(names, sums, strict=True))
        return found

    def _alike(self, scene: Scene) -> Iterator[tuple[list[str], NDArray[np.bool_] | None]]:
        """Group candidates that share the pixels that count and what the ground truth becomes."""
        left = list(scene.candidates)
        while left:
            first, *others = left
            truth, valid = self.fits[first].ground_truth, scene.valid[first]
            names = [first]
            for name in others:
                alike = self.fits[name].ground_truth == truth
                if alike and same_pixels(scene.valid[name], valid):
                    names.append(name)
            left = [n for n in others if n not in names]
            yield names, valid

    def _ssim_together(
        self,
        scene: Scene,
        names: list[str],
        valid: NDArray[np.bool_] | None,
        outs: list[NDArray[np.float32]],
    ) -> NDArray[np.float64]:
        fits = [self.fits[n] for n in names]
        halo, block, reach = scene.halo, scene.halo.block, len(self.z_taps) // 2
        result = np.zeros((len(names), *block.shape, 2))
        if not fits[0].data_range:  # it is the ground truth's
            for out in outs:
                out.fill(np.nan)
            return result
        depth, height, _ = self.pixels.truth.shape
        rows = reflected(np.arange(block.y0 - RADIUS, block.y1 + RADIUS), height) - halo.y.start
        # windows that reach over z are filtered for all planes together, others one by one
        slabs = [(block.z0, block.z1)] if reach else [(k, k + 1) for k in range(*block.planes)]
        for z0, z1 in slabs:
            planes = reflected(np.arange(z0 - reach, z1 + reach), depth) - halo.z.start
            here = slice(z0 - block.z0, z1 - block.z0)
            result[:, here, :, 0], result[:, here, :, 1] = ssim_block(
                scene.truth,
                [scene.candidates[n] for n in names],
                [f.affine for f in fits],
                [
                    (
                        f.affine.of_ground_truth(f.moments.mean_g),
                        f.affine.of_candidate(f.moments.mean_p),
                    )
                    for f in fits
                ],
                fits[0].data_range,
                Window(planes, rows, self.z_taps, block.y0),
                valid=valid,
                outs=[o[here] for o in outs],
            )
        result[:, ~halo.beyond_rim(self.pixels.truth.shape, reach)] = 0
        return result

    def difference(self, name: str, scene: Scene, out: NDArray[np.float32]) -> NDArray[np.float64]:
        """Write the difference map of a block; return counts and sums of errors of its rows."""
        fit, inside, valid = self.fits[name], scene.halo.inside, scene.valid[name]
        sums = difference_rows(
            inside(scene.truth),
            inside(scene.candidates[name]),
            fit.affine,
            None if valid is None else inside(valid),
            out,
        )
        if not fit.data_range:
            out.fill(np.nan)
        return sums


@dataclass(frozen=True)
class Compare:
    """Second pass: sums of SSIM and errors by row, and intensities; maps are kept in `views`.

    Parameters
    ----------
    fitted : Fitted
        What computes the maps.
    background : float
        Pixels of the ground truth up to this are background; the errors of raw in it are
        counted.
    axes : mapping of str to Axes
        How candidates are laid beside the ground truth for their intensities to be counted; those
        that cannot be are left out.
    views : mapping, optional
        By candidate and map: arrays (frames..., z, y, x) to write to. Without it, and so where
        this is sent elsewhere, the maps are let go of.
    """

    fitted: Fitted
    background: float
    axes: Mapping[str, Axes]
    views: Views | None = None

    def __call__(self, block: Block) -> tuple[dict[str, NDArray[np.float64]], Any, dict[str, Any]]:
        """Return the sums of every row, the errors of raw in the background, and intensities.

        Sums and the tally of intensities are those of each candidate.
        """
        names = list(self.fitted.pixels.candidates)
        scene = self.fitted.scene(names, self.fitted.around(block))
        places = {n: self._places(n, block) for n in names}
        of_ssim = self.fitted.ssim(scene, {n: p["ssim"] for n, p in places.items()})
        sums, tallies, background = {}, {}, None
        inside = scene.halo.inside
        for name in names:
            difference = places[name]["difference"]
            of_errors = self.fitted.difference(name, scene, difference)
            sums[name] = np.concatenate([of_ssim[name], of_errors], axis=2)
            if name == RAW:
                background = self._background_errors(inside(scene.truth), difference)
            if name in self.axes:
                valid = scene.valid[name]
                tallies[name] = tally(
                    inside(scene.truth),
                    inside(scene.candidates[name]),
                    self.axes[name],
                    None if valid is None else inside(valid),
                )
        return sums, background, tallies

    def _places(self, name: str, block: Block) -> Mapping[str, NDArray[np.float32]]:
        """Return where the maps of a block go."""
        if self.views is not None:
            at = (*block.frame, block.z, block.y)
            return {m: v[at] for m, v in self.views[name].items()}
        shape = (*block.shape, self.fitted.pixels.truth.shape[2])
        return {m: np.empty(shape, np.float32) for m in ("ssim", "difference")}

    def _background_errors(
        self, g: NDArray[Any], difference: NDArray[np.float32]
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
    background: float
    views: Views | None = None

    def __call__(self, block: Block) -> dict[str, NDArray[np.float64]]:
        """Return what `beside_raw_rows` says of every prediction."""
        names = [RAW, *self.fitted.pixels.predictions]
        at = (*block.frame, block.z, block.y)
        if self.views is not None:
            differences = {n: self.views[n]["difference"][at] for n in names}
            truth = self.fitted.pixels.read_truth(block)
        else:
            scene = self.fitted.scene(names, Halo.none(block))
            truth = scene.truth
            shape = (*block.shape, self.fitted.pixels.truth.shape[2])
            differences = {n: np.empty(shape, np.float32) for n in names}
            for name, out in differences.items():
                self.fitted.difference(name, scene, out)
        raw = differences.pop(RAW)
        return {
            n: beside_raw_rows(raw, d, self.tolerance, truth, self.background)
            for n, d in differences.items()
        }
