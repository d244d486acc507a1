"""Maps that are computed where they are looked at: nothing is stored but what was seen last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.lazy import LazyArray
from napari_verdict.comparison.model import RAW
from napari_verdict.comparison.restoration.pixels import Halo
from napari_verdict.engine.chunks import Remembered
from napari_verdict.metrics.gain import gain_map

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.comparison.restoration.passes import Fitted
    from napari_verdict.comparison.restoration.units import Units
    from napari_verdict.engine.blocks import Block

#: Bytes of planes that the maps of one result remember together: 16 of 2048 x 2048.
REMEMBERED_BYTES = 1 << 28


@dataclass(frozen=True, eq=False)
class MapPlan:
    """How to compute any part of the maps of a result: sources, fits, and where they hold.

    Parameters
    ----------
    axes, shape : str, tuple of int
        Of the ground truth, and so of every map.
    fitted : mapping
        What computes the maps, by frame and first plane of the unit.
    planes : int
        Planes of a unit.
    remembered : Remembered
        What was computed last.
    """

    axes: str
    shape: tuple[int, ...]
    fitted: Mapping[tuple[tuple[int, ...], int], Fitted]
    planes: int
    remembered: Remembered

    def compute(self, name: str, what: str, block: Block) -> NDArray[np.float32]:
        """Return ``ssim`` or ``difference`` of one candidate in one plane, by the run's kernels."""
        fitted = self.fitted[block.frame, block.z0 - block.z0 % self.planes]
        out = np.empty((*block.shape, fitted.pixels.truth.shape[2]), np.float32)
        if what == "ssim":
            fitted.ssim(fitted.scene([name], fitted.around(block)), {name: out})
        else:
            fitted.difference(name, fitted.scene([name], Halo.none(block)), out)
        return out

    def tile(self, name: str, what: str, block: Block) -> NDArray[np.float32]:
        """Return a block of a map, remembered for a while. Not to be written to."""
        if what == "rse":
            magnitude: NDArray[np.float32] = np.abs(self.tile(name, "difference", block))
            return magnitude
        if what == "gain":
            mine = self.tile(name, "difference", block)
            return gain_map(self.tile(RAW, "difference", block), mine)
        key = name, what, block
        return self.remembered.get(key, lambda: self.compute(name, what, block))


@dataclass(frozen=True, eq=False)
class LazyMap(LazyArray):
    """A map as an array that computes what is read of it, with the numbers of a stored one.

    Parameters
    ----------
    plan : MapPlan
        How it is computed.
    candidate, name : str
        Whose map it is, and which.
    """

    plan: MapPlan
    candidate: str
    name: str

    @property
    def axes(self) -> str:  # type: ignore[override]
        """Those of the ground truth."""
        return self.plan.axes

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """That of the ground truth."""
        return self.plan.shape

    @property
    def dtype(self) -> np.dtype[np.float32]:  # type: ignore[override]
        """float32."""
        return np.dtype(np.float32)

    def tile(self, block: Block) -> NDArray[np.float32]:
        """Return one block of one plane, remembered for a while."""
        return self.plan.tile(self.candidate, self.name, block)

    def is_remembered(self, key: Any) -> bool:
        """Whether reading this part would compute nothing."""
        what = "ssim" if self.name == "ssim" else "difference"
        names = (self.candidate, RAW) if self.name == "gain" else (self.candidate,)
        return all(
            (name, what, block) in self.plan.remembered
            for block in self.blocks(key)
            for name in names
        )


def lazy_maps(comparison: Comparison, units: Units) -> dict[str, dict[str, LazyMap]]:
    """Return the maps that the others follow from, by candidate, as `LazyMap`."""
    truth = comparison.ground_truth
    fitted = {key: unit.fitted for key, unit in units.every.items()}
    plan = MapPlan(truth.axes, truth.shape, fitted, units.planes, Remembered(REMEMBERED_BYTES))
    return {
        name: {what: LazyMap(plan, name, what) for what in ("ssim", "difference")}
        for name in comparison.candidates
    }
