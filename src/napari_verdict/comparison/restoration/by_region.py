"""Scores of the regions of restored images: the fit of the whole image, sums over the region."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.model import RAW
from napari_verdict.comparison.restoration.pixels import Halo, as_float
from napari_verdict.comparison.restoration.rows import Rows
from napari_verdict.metrics.errors import difference_rows
from napari_verdict.metrics.gain import beside_raw_rows
from napari_verdict.metrics.moments import combine, row_moments
from napari_verdict.metrics.ssim import RADIUS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.regions import Region
    from napari_verdict.comparison.restoration.fits import Fit, Levels
    from napari_verdict.comparison.restoration.passes import Fitted, Views
    from napari_verdict.comparison.restoration.pixels import Scene
    from napari_verdict.engine.blocks import Block

    #: By region and then by candidate.
    ByRegion = dict[str, dict[str, NDArray[np.float64]]]

#: How many sums a row has, as in a unit; its moments follow.
SUMS = 11


@dataclass
class Part:
    """What a region has of a unit, with the fields of a unit that scores are made from.

    Parameters
    ----------
    planes : range
        Of the unit.
    frame : tuple of int
        Of the unit.
    fits : dict
        By candidate, as fitted on the whole unit; the moments are those of the region.
    sums : dict
        By candidate and plane, as in a unit.
    tolerance : float
        Of the unit.
    levels : Levels
        Of the unit.
    """

    planes: range
    frame: tuple[int, ...]
    fits: dict[str, Fit]
    sums: dict[str, NDArray[np.float64]]
    tolerance: float
    levels: Levels


@dataclass(frozen=True)
class AddRegions:
    """Last pass: what every region has of the rows of a block.

    Parameters
    ----------
    fitted : Fitted
        What computes the maps.
    regions : tuple of Region
        Where.
    tolerance, background : float
        The change of error that counts, NaN without raw; what signal is measured above.
    views : mapping, optional
        By candidate and map: arrays (frames..., z, y, x) of what was computed; without it the
        map of SSIM is computed again.
    """

    fitted: Fitted
    regions: tuple[Region, ...]
    tolerance: float
    background: float
    views: Views | None = None

    def __call__(self, block: Block) -> ByRegion:
        """Return (z, y, 17) sums and moments of the rows, by those regions that are there."""
        pixels = self.fitted.pixels
        ignored = pixels.read_ignored(block.frame, block.z, block.y)
        insides = {}
        for region in self.regions:
            inside = region.read(pixels.truth, block.frame, block.z, block.y)
            if ignored is not None:
                inside = inside & ~ignored
            if inside.any():
                insides[region.name] = inside
        if not insides:  # nothing is read or computed where there is no region
            return {}
        names = list(pixels.candidates)
        halo = self.fitted.around(block) if self.views is None else Halo.none(block)
        scene = self.fitted.scene(names, halo)
        ssim = self._ssim(scene)
        return {name: self._rows(scene, ssim, inside) for name, inside in insides.items()}

    def _ssim(self, scene: Scene) -> Mapping[str, NDArray[np.float32]]:
        block, (_, _, width) = scene.halo.block, self.fitted.pixels.truth.shape
        if self.views is not None:
            at = (*block.frame, block.z, block.y)
            return {name: v["ssim"][at] for name, v in self.views.items()}
        maps = {name: np.empty((*block.shape, width), np.float32) for name in scene.candidates}
        self.fitted.ssim(scene, maps)
        return maps

    def _rows(
        self, scene: Scene, ssim: Mapping[str, NDArray[np.float32]], inside: NDArray[np.bool_]
    ) -> dict[str, NDArray[np.float64]]:
        g = as_float(scene.halo.inside(scene.truth))
        inner = inside & self._beyond_rim(scene.halo)
        raw = np.full(g.shape, np.nan, np.float32)
        found = {}
        for name, candidate in scene.candidates.items():  # raw comes first
            p = as_float(scene.halo.inside(candidate))
            valid = inside & np.isfinite(g) & np.isfinite(p)
            fit, own = self.fitted.fits[name], np.empty(g.shape, np.float32)
            rows = np.zeros((*g.shape[:2], SUMS + 6))
            similar = np.where(inner & valid, ssim[name], np.nan)
            rows[..., 0] = np.nansum(similar, axis=2, dtype=np.float64)
            rows[..., 1] = np.isfinite(similar).sum(axis=2)
            rows[..., 2:5] = difference_rows(g, p, fit.affine, valid, own)
            if not fit.data_range:
                own[:] = np.nan
            if name == RAW:
                raw = own
            elif RAW in scene.candidates:
                rows[..., 5:SUMS] = beside_raw_rows(raw, own, self.tolerance, g, self.background)
            rows[..., SUMS:] = row_moments(g, p, valid).reshape(*g.shape[:2], -1)
            found[name] = rows
        return found

    def _beyond_rim(self, halo: Halo) -> NDArray[np.bool_]:
        shape, columns = (
            self.fitted.pixels.truth.shape,
            np.arange(self.fitted.pixels.truth.shape[2]),
        )
        in_x = (columns >= RADIUS) & (columns < shape[2] - RADIUS)
        rows = halo.beyond_rim(shape, len(self.fitted.z_taps) // 2)
        beyond: NDArray[np.bool_] = rows[..., np.newaxis] & in_x
        return beyond


class RegionRows:
    """Brings the rows of the regions of a unit together.

    Parameters
    ----------
    regions, candidates : iterable of str
        Their names.
    planes : range
        Of the unit.
    """

    def __init__(self, regions: Iterable[str], candidates: Iterable[str], planes: range) -> None:
        names = list(candidates)
        self._rows = {r: {name: Rows(planes) for name in names} for r in regions}

    def add(self, block: Block, found: ByRegion) -> None:
        """Take what a block has; rows without a pixel of a region are not kept."""
        for region, by_candidate in found.items():
            for name, rows in by_candidate.items():
                self._rows[region][name].add(block, rows, rows[..., 2] > 0)

    def parts(self, unit: Any) -> dict[str, Part]:
        """Return what each region has of the unit whose rows they are, and forget the rows."""
        parts = {}
        for region, by_candidate in self._rows.items():
            sums, fits = {}, {}
            for name, collected in by_candidate.items():
                planes = collected.planes(SUMS + 6)
                sums[name] = np.array([rows[:, :SUMS].sum(axis=0) for rows in planes])
                moments = combine(np.concatenate(planes)[:, SUMS:])
                fits[name] = replace(unit.fits[name], moments=moments)
            parts[region] = Part(unit.planes, unit.frame, fits, sums, unit.tolerance, unit.levels)
        return parts
