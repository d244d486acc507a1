"""Scores of the regions of restored images: the fit of the whole image, sums over the region."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.model import RAW
from napari_verdict.engine.blocks import blocks_of
from napari_verdict.engine.sources import Source
from napari_verdict.metrics.errors import difference_rows
from napari_verdict.metrics.gain import beside_raw_rows
from napari_verdict.metrics.moments import combine, row_moments
from napari_verdict.metrics.ssim import RADIUS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.comparison.regions import Region
    from napari_verdict.comparison.restoration.fits import Fit, Levels
    from napari_verdict.engine.cancel import CancelToken


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


def parts_of(
    comparison: Comparison,
    region: Region,
    units: Sequence[Any],
    maps: Mapping[str, Mapping[str, Any]],
    token: CancelToken,
    reach: int,
) -> list[Part]:
    """Add up a region in every unit.

    Parameters
    ----------
    comparison : Comparison
        What was compared.
    region : Region
        Where.
    units : sequence of Unit
        Finished: fits and tolerance are known.
    maps : mapping of str to mapping of str to array
        By candidate; ``ssim`` is read.
    token : CancelToken
        Stops the work.
    reach : int
        How many planes the SSIM window reaches along z.

    Returns
    -------
    list of Part
        One a unit.
    """
    reader = _Reader(comparison, region, maps, reach)
    parts = []
    for unit in units:
        sums = {name: np.zeros((len(unit.planes), 9)) for name in comparison.candidates}
        rows: dict[str, list[NDArray[np.float64]]] = {name: [] for name in comparison.candidates}
        for k, z in enumerate(unit.planes):
            of_plane = [
                reader.band(unit, z, block.y)
                for block in blocks_of(unit.frame, (1, *reader.truth.shape[1:]))
                if not token.check()  # type: ignore[func-returns-value]
            ]
            for name in comparison.candidates:
                sums[name][k] = np.concatenate([b[name][0] for b in of_plane]).sum(axis=0)
                rows[name] += [b[name][1] for b in of_plane]
        fits = {
            name: replace(fit, moments=combine(np.concatenate(rows[name])))
            for name, fit in unit.fits.items()
        }
        parts.append(Part(unit.planes, unit.frame, fits, sums, unit.tolerance, unit.levels))
    return parts


class _Reader:
    """Reads bands of rows of a plane, and adds up what the region has of them."""

    def __init__(
        self,
        comparison: Comparison,
        region: Region,
        maps: Mapping[str, Mapping[str, Any]],
        reach: int,
    ) -> None:
        truth = comparison.ground_truth
        self.region, self.reach, self.truth = region, reach, truth.source
        self.sources = {name: c.source for name, c in comparison.candidates.items()}
        self.ssim = {name: Source(maps[name]["ssim"], truth.axes) for name in self.sources}
        ignore = comparison.ignore
        self.ignore = None if ignore is None else Source(ignore, truth.axes)

    def band(self, unit: Any, z: int, y: slice) -> dict[str, tuple[Any, Any]]:
        """Return sums and moments of the rows of a band, by candidate."""
        here = unit.frame, slice(z, z + 1), y
        inside = self.region.read(self.truth, *here)
        if self.ignore is not None:
            inside = inside & ~self.ignore.read(*here).astype(bool)
        if not inside.any():  # maps of lazy images are computed where they are read
            rows = y.stop - y.start
            return {name: (np.zeros((rows, 9)), np.zeros((rows, 6))) for name in self.sources}
        g = _float(self.truth.read(*here))
        inner = inside & self._beyond_rim(z, y)
        raw = np.full(g.shape, np.nan, np.float32)
        found = {}
        for name, source in self.sources.items():  # raw comes first
            at = dict(zip(self.truth.frame_axes, unit.frame, strict=True))
            p = _float(source.read(tuple(at[a] for a in source.frame_axes), *here[1:]))
            valid = inside & np.isfinite(g) & np.isfinite(p)
            fit, own = unit.fits[name], np.empty(g.shape, np.float32)
            sums = np.zeros((len(g[0]), 9))
            ssim = np.where(inner & valid, self.ssim[name].read(*here), np.nan)[0]
            sums[:, 0] = np.nansum(ssim, axis=1, dtype=np.float64)
            sums[:, 1] = np.isfinite(ssim).sum(axis=1)
            sums[:, 2:5] = difference_rows(g, p, fit.affine, valid, own)[0]
            if not fit.data_range:
                own[:] = np.nan
            if name == RAW:
                raw = own
            elif RAW in self.sources:
                beside = beside_raw_rows(raw, own, unit.tolerance)
                sums[:, 5:] = beside.reshape(len(sums), 4)
            found[name] = sums, row_moments(g, p, valid).reshape(len(sums), -1)
        return found

    def _beyond_rim(self, z: int, y: slice) -> NDArray[np.bool_]:
        depth, height, width = self.truth.shape
        rows, columns = np.arange(height)[y], np.arange(width)
        in_y = (rows >= RADIUS) & (rows < height - RADIUS)
        in_x = (columns >= RADIUS) & (columns < width - RADIUS)
        in_z = self.reach <= z < depth - self.reach
        beyond: NDArray[np.bool_] = in_z & in_y[:, np.newaxis] & in_x
        return beyond


def _float(pixels: NDArray[Any]) -> NDArray[np.float64]:
    return np.require(pixels, np.float64, ["C", "W"])
