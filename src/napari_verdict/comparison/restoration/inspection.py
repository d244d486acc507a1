"""Raw and prediction without ground truth: what can be looked at, and what cannot be said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.geometry import sizes_of
from napari_verdict.comparison.lazy import LazyArray
from napari_verdict.comparison.restoration.rows import Rows
from napari_verdict.comparison.words import times
from napari_verdict.engine.blocks import Block, blocks_of, grain_of
from napari_verdict.engine.cancel import CancelToken
from napari_verdict.engine.sources import Source, canonical_view

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Input

#: What has to be said first.
STATEMENT = (
    "Without ground truth this is inspection, not validation: there is no score, and nothing "
    "here shows that the prediction is right."
)

#: What can be asked of raw then.
ASK = (
    "Check against raw tells where raw has no photons for what a prediction shows, and where it "
    "has photons that a prediction does not show. What follows you can do by eye."
)

#: What one more noisy image buys, for who plans an experiment.
TAKE_EVERY_FIELD_TWICE = (
    "Take every field twice, right after each other, and denoise only one of the two. The second "
    "noisy image tells the error against the clean image nobody has (uMSE, uPSNR), with an "
    "interval, and the noise without a circle. Tick it under Noise, Captures."
)

#: What to look at, in this order.
CHECK_LIST = (
    "Flip between raw and prediction at high zoom: does every structure have a trace in raw?",
    "Look at the signed difference: it should look like noise. Edges or objects in it were "
    "added, removed or blurred.",
    "Look where signal is weakest: that is where structures are made up or lost first.",
    "Look for repeated patterns, grids and seams of tiles, above all in the background.",
    "Compare the brightness of bright and dim objects: is the order the same in both?",
    "Look for objects that are sharper, rounder or more alike than the optics allow.",
)

#: How to come to a validation.
WAYS_OUT = (
    "Label a little ground truth: a few tiles drawn at random are enough for a first score.",
    "Make a noisy image from a clean one, run the model on it, and compare with the clean one.",
)


@dataclass(frozen=True, eq=False)
class FittedDifference:
    """What is left of a prediction, fitted to raw, when raw is taken off.

    Parameters
    ----------
    difference : ndarray of float32, or LazyDifference
        gain · prediction + offset − raw, in the units of raw, shape and axes of raw. NaN
        where either is not finite, or in frames that cannot be fitted. Of images that are not
        in memory it is computed where it is read.
    fits : tuple of (float, float)
        Gain and offset of every frame, in the order of the frames; NaN where the
        prediction is constant or nothing is finite.
    """

    difference: NDArray[np.float32] | LazyDifference
    fits: tuple[tuple[float, float], ...]


def fitted_difference(
    prediction: Input, raw: Input, token: CancelToken | None = None
) -> FittedDifference:
    """Fit a prediction to raw by gain and offset, frame by frame, and subtract raw.

    Parameters
    ----------
    prediction, raw : Input
        Of the same size along the same axes. Only read, block by block.
    token : CancelToken, optional
        Checked at every block.

    Raises
    ------
    ComparisonError
        If shapes or axes differ.
    Cancelled
        If the token was set.
    """
    _check(prediction, raw)
    pair, token = (prediction.source, raw.source), token or CancelToken()
    fits = tuple(_fit(pair, frame, token) for frame in raw.source.frames)
    lazy = LazyDifference(raw, pair, dict(zip(raw.source.frames, fits, strict=True)))
    if not all(source.in_memory for source in pair):
        return FittedDifference(lazy, fits)
    out = np.empty(raw.shape, np.float32)
    view: Any = canonical_view(out, raw.axes)
    for block in _blocks(pair, raw.source.frames):
        token.check()
        view[(*block.frame, block.z, block.y)] = lazy.tile(block)
    return FittedDifference(out, fits)


class LazyDifference(LazyArray):
    """The difference as an array that is computed where it is read."""

    def __init__(
        self,
        raw: Input,
        pair: tuple[Source, Source],
        fits: Mapping[tuple[int, ...], tuple[float, float]],
    ) -> None:
        self.axes, self.shape, self.dtype = raw.axes, raw.shape, np.dtype(np.float32)
        self._pair, self._fits = pair, fits

    def tile(self, block: Block) -> NDArray[np.float32]:
        """Compute one block."""
        gain, offset = self._fits[block.frame]
        p, r = _read(self._pair, block)
        with np.errstate(invalid="ignore", over="ignore"):
            difference = (gain * p + offset - r).astype(np.float32)
        difference[~np.isfinite(difference)] = np.nan
        return difference


def _check(prediction: Input, raw: Input) -> None:
    text = ""
    if "?" in raw.axes + prediction.axes:
        text = "Say first what the axes of raw and of the prediction are."
    elif prediction.axes != raw.axes:
        text = f"The prediction has the axes {prediction.axes}, raw {raw.axes}. Choose a match."
    elif sizes_of(prediction) != sizes_of(raw):
        text = (
            f"The prediction is {times(prediction.shape)}, raw {times(raw.shape)}. Nothing was "
            "resized. Choose layers of the same shape."
        )
    if text:
        raise ComparisonError([Finding("shape-mismatch", Severity.ERROR, text, prediction.name)])


def _blocks(pair: tuple[Source, Source], frames: Iterable[tuple[int, ...]]) -> Iterator[Block]:
    grain = grain_of(source.grain for source in pair)
    for frame in frames:
        yield from blocks_of(frame, pair[0].shape, grain=grain)


def _read(
    pair: tuple[Source, Source], block: Block
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    p, r = (np.require(s.read(block.frame, block.z, block.y), np.float64, ["C", "W"]) for s in pair)
    return p, r


def _fit(
    pair: tuple[Source, Source], frame: tuple[int, ...], token: CancelToken
) -> tuple[float, float]:
    from napari_verdict.metrics.moments import combine, row_moments

    rows = Rows(range(pair[0].shape[0]))
    for block in _blocks(pair, [frame]):
        token.check()
        p, r = _read(pair, block)
        of_block = row_moments(r, p, np.isfinite(p) & np.isfinite(r))
        rows.add(block, of_block.reshape(*block.shape, -1))
    moments = combine(rows.in_reading_order())
    if not moments.n or moments.constant_p:
        return float("nan"), float("nan")
    return moments.fit()
