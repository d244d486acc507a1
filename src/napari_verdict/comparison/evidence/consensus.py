"""What several predictions have in common: mean, spread, and each against the mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.comparison.lazy import LazyArray

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.evidence.conditions import Conditions
    from napari_verdict.comparison.evidence.model import Inquiry
    from napari_verdict.comparison.evidence.reading import Pixels
    from napari_verdict.engine.blocks import Block


class LazyConsensus(LazyArray):
    """A map of all predictions, in the grey values of raw; computed where it is read."""

    def __init__(
        self,
        inquiry: Inquiry,
        pixels: Pixels,
        conditions: Mapping[str, Conditions],
        function: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    ) -> None:
        raw = inquiry.ground_truth
        self.axes, self.shape, self.dtype = raw.axes, raw.shape, np.dtype(np.float32)
        self._pixels, self._conditions, self._function = pixels, conditions, function

    def tile(self, block: Block) -> NDArray[np.float32]:
        """Compute one block."""
        pixels = self._pixels
        shown = [
            of.of_frame(block.frame).expected(
                pixels.read(pixels.sources[name], block.frame, block.z0, block.y)
            )
            for name, of in self._conditions.items()
        ]
        return self._function(np.stack(shown)).astype(np.float32)[np.newaxis]


def consensus_of(
    inquiry: Inquiry, pixels: Pixels, conditions: Mapping[str, Conditions]
) -> dict[str, LazyConsensus]:
    """Return mean and spread (standard deviation, with n - 1) of all predictions."""
    return {
        "mean": LazyConsensus(inquiry, pixels, conditions, lambda p: p.mean(axis=0)),
        "spread": LazyConsensus(inquiry, pixels, conditions, lambda p: p.std(axis=0, ddof=1)),
    }


def difference(
    inquiry: Inquiry, pixels: Pixels, conditions: Mapping[str, Conditions], one: str, other: str
) -> LazyConsensus:
    """Return a prediction minus another, both in the grey values of raw."""
    a, b = (list(conditions).index(n) for n in (one, other))
    return LazyConsensus(inquiry, pixels, conditions, lambda p: p[a] - p[b])


def disagreement(
    inquiry: Inquiry, pixels: Pixels, conditions: Mapping[str, Conditions], name: str
) -> LazyConsensus:
    """Return a prediction minus the mean of all."""
    at = list(conditions).index(name)
    return LazyConsensus(inquiry, pixels, conditions, lambda p: p[at] - p.mean(axis=0))
