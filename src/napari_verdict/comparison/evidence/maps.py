"""The maps of one prediction: evidence, limit, residual; computed by bands of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.comparison.evidence.places import MOST, Place, places_in
from napari_verdict.comparison.lazy import LazyArray
from napari_verdict.metrics.evidence import SEPARATION

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.evidence.conditions import Conditions
    from napari_verdict.comparison.evidence.reading import Pixels
    from napari_verdict.comparison.model import Input
    from napari_verdict.engine.blocks import Block

#: Names of the maps, top one first.
MAPS = ("evidence", "limit", "residual")


@dataclass(frozen=True, eq=False)
class Mapped:
    """What computes the maps of one prediction.

    Parameters
    ----------
    pixels : Pixels
        Raw and predictions.
    name : str
        Which prediction.
    conditions : Conditions
        What was measured of it.
    """

    pixels: Pixels
    name: str
    conditions: Conditions

    def maps(self, block: Block, names: Collection[str]) -> dict[str, NDArray[np.float32]]:
        """Compute maps of one band (y, x) of one plane."""
        return self._compute(block.frame, block.z0, block.y, names)

    def look(
        self, block: Block, names: Collection[str]
    ) -> tuple[dict[str, NDArray[np.float32]], list[Place]]:
        """Compute maps of one band, and the places whose peaks lie in it."""
        height = self.pixels.raw.shape[1]
        more = MOST + SEPARATION + 1
        y = slice(max(0, block.y0 - more), min(height, block.y1 + more))
        maps = self._compute(block.frame, block.z0, y, {*names, "evidence"})
        inside = slice(block.y0 - y.start, block.y1 - y.start)
        found = places_in(
            maps["evidence"],
            self.conditions.gathering.low,
            self.conditions.gathering.high,
            inside,
            y.start,
            (block.frame, block.z0),
        )
        return {n: maps[n][inside] for n in names}, found

    def _compute(
        self, frame: tuple[int, ...], z: int, y: slice, names: Collection[str]
    ) -> dict[str, NDArray[np.float32]]:
        standard, gathering = self.conditions.of_frame(frame), self.conditions.gathering
        halo = standard.reach + (gathering.reach if {"evidence", "limit"} & set(names) else 0)
        height = self.pixels.raw.shape[1]
        wide = slice(max(0, y.start - halo), min(height, y.stop + halo))
        rows = slice(y.start - wide.start, y.stop - wide.start)
        raw = self.pixels.read(self.pixels.raw, frame, z, wide).astype(np.float64)
        prediction = self.pixels.read(self.pixels.sources[self.name], frame, z, wide)
        ignored = self.pixels.ignored(frame, z, wide)
        expected = standard.expected(prediction)
        residual = standard.residual(raw, expected, ignored)
        maps = {}
        if "evidence" in names:
            maps["evidence"] = gathering.evidence(residual, rows)
        if "limit" in names:
            valid = np.isfinite(residual)
            maps["limit"] = gathering.limit(expected, valid, standard.noise, rows)
        if "residual" in names:
            maps["residual"] = residual[rows]
        return maps


class LazyEvidence(LazyArray):
    """A map that is computed where it is read."""

    def __init__(self, raw: Input, mapped: Mapped, name: str) -> None:
        self.axes, self.shape, self.dtype = raw.axes, raw.shape, np.dtype(np.float32)
        self._mapped, self._name = mapped, name

    def tile(self, block: Block) -> NDArray[np.float32]:
        """Compute one block."""
        return self._mapped.maps(block, {self._name})[self._name][np.newaxis]


def lazy_maps(raw: Input, mapped: Mapped) -> Mapping[str, LazyEvidence]:
    """Return the maps of one prediction, none of it computed."""
    return {name: LazyEvidence(raw, mapped, name) for name in MAPS}
