"""Further noisy captures: whether they hold still, and the errors that follow from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_verdict.comparison.evidence.rows import convention_of
from napari_verdict.comparison.evidence.sample import spread
from napari_verdict.comparison.findings import Finding, Severity
from napari_verdict.comparison.lazy import LazyArray
from napari_verdict.comparison.model import RAW
from napari_verdict.comparison.preflight.alignment import PROBE, SMALLEST, confirmed
from napari_verdict.comparison.result import Progress
from napari_verdict.comparison.scores import Score
from napari_verdict.metrics.captures import (
    Interval,
    drift,
    drift_by_noise,
    local_error,
    mean_with_interval,
    own_noise,
    psnr_of,
    squared_error,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_verdict.comparison.evidence.conditions import Conditions
    from napari_verdict.comparison.evidence.model import Inquiry
    from napari_verdict.comparison.evidence.reading import Pixels
    from napari_verdict.comparison.evidence.sample import Sample
    from napari_verdict.comparison.evidence.standard import Standard
    from napari_verdict.comparison.model import Input
    from napari_verdict.engine.blocks import Block
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.engine.sources import Source

#: A capture that lies off by more pixels, or is brighter or dimmer by this share, is not used.
MOVED, BLEACHED = 0.25, 0.05
#: A change of brightness of fewer standard deviations may be noise, and so may a shift of so many
#: times what noise makes of none.
SURE, BEYOND_NOISE = 5.0, 4.0
#: Planes that are looked at for that, at most.
PLANES = 5
#: Standard deviation of the window of the map of errors, and rows that it reaches.
SIGMA, REACH = 8.0, 33
_NONE = "no capture held still, so there is nothing to estimate the error from"


def still_captures(pixels: Pixels) -> tuple[list[int], list[Finding]]:
    """Return which captures neither moved nor bleached against raw, and what was found.

    A few planes, spread over frames and depth, are looked at: what moves at one moment counts.
    """
    still: list[int] = []
    found: list[Finding] = []
    if not pixels.captures:
        return still, found
    planes = [(f, z) for f in pixels.raw.frames for z in range(pixels.raw.shape[0])]
    chosen = [planes[k] for k in spread(len(planes), PLANES)]
    raws = [_middle(pixels, pixels.raw, at) for at in chosen]
    dark = min(float(np.percentile(gaussian_filter(_filled(raw), 2.0), 1)) for raw in raws)
    for k, source in enumerate(pixels.captures):
        captures = [_middle(pixels, source, at) for at in chosen]
        if all(map(_same, captures, raws)):
            changes = [_Change("is raw itself")]
        else:
            pairs = zip(raws, captures, strict=True)
            changes = list(filter(None, (_changed(r, c, dark) for r, c in pairs)))
        left_out = next((c for c in changes if c.is_sure), None)
        if left_out is None:
            still.append(k)
        if changes:
            found.append(_said(k, left_out or changes[0]))
    return still, found


@dataclass(frozen=True)
class _Change:
    """What is different in a capture, in words, and whether it is more than noise could be."""

    words: str
    is_sure: bool = True


def _said(k: int, change: _Change) -> Finding:
    if change.is_sure:
        text = (
            f"Capture {k + 1} {change.words}, so its differences from raw are not noise alone. It "
            "is left out. Captures should be taken right after each other, of a field that holds "
            "still."
        )
        return Finding("capture-moved", Severity.WARNING, text)
    text = (
        f"Whether capture {k + 1} moved cannot be measured: it {change.words}, but noise alone "
        "makes as much of an image with so little light. It is used. If the field may have moved, "
        "leave it out."
    )
    return Finding("drift-unknown", Severity.WARNING, text)


def _middle(pixels: Pixels, source: Source, at: tuple[tuple[int, ...], int]) -> NDArray[Any]:
    """Read the central part, at most `PROBE` pixels a side, of a plane."""
    _, height, width = pixels.raw.shape
    rows, columns = min(height, PROBE), min(width, PROBE)
    y, x = (height - rows) // 2, (width - columns) // 2
    return pixels.read(source, *at, slice(y, y + rows))[:, x : x + columns]


def _same(capture: NDArray[Any], raw: NDArray[Any]) -> bool:
    return np.array_equal(capture, raw, equal_nan=raw.dtype.kind == "f")


def _changed(raw: NDArray[Any], capture: NDArray[Any], dark: float) -> _Change | None:
    """Say what changed on a plane, if anything did."""
    change = drift(raw, capture, dark)
    shift = (change.dy, change.dx)
    off = math.hypot(*shift) if math.isfinite(change.dy) else 0.0
    moved = None
    if off > MOVED and (min(raw.shape) < SMALLEST or confirmed(capture, raw, shift)):
        is_sure = off > BEYOND_NOISE * drift_by_noise(raw, capture)
        moved = _Change(f"lies {off:.2f} px off raw", is_sure)
        if is_sure:
            return moved
    difference = np.subtract(capture, raw, dtype=np.float64)
    difference = difference[np.isfinite(difference)]
    # of a plane next to dark even a large share is noise
    by_noise = SURE * math.sqrt(difference.size) * float(difference.std())
    if abs(change.brightness - 1) > BLEACHED and abs(float(difference.sum())) > by_noise:
        return _Change(f"is {change.brightness:.2f} times as bright as raw")
    return moved


def _filled(image: NDArray[Any]) -> NDArray[np.float64]:
    pixels = image.astype(np.float64)
    good = np.isfinite(pixels)
    return np.where(good, pixels, pixels[good].mean() if good.any() else 0.0)


def data_range_of(sample: Sample, still: Sequence[int]) -> float:
    """Return the range of the mean of raw and captures, noise averaged out under 2 px, in ADU."""
    stack = [sample.images[RAW], *(sample.captures[k] for k in still)]
    mean = np.where(sample.ignored, np.nan, np.mean(stack, axis=0))
    good = np.isfinite(mean)
    if not good.any():
        return 0.0
    weight = gaussian_filter(good.astype(np.float64), 2.0)
    smooth = gaussian_filter(np.where(good, mean, 0.0), 2.0) / np.maximum(weight, 1e-9)
    low, high = np.percentile(smooth[good], (0.1, 99.9))
    return float(high - low)


@dataclass(frozen=True, eq=False)
class Witness:
    """Further captures, as what says how wrong raw and predictions are.

    Parameters
    ----------
    pixels : Pixels
        All that is read.
    still : tuple of int
        The captures that are used.
    standards : mapping of str to callable
        By candidate: what a frame's `Standard` is.
    """

    pixels: Pixels
    still: tuple[int, ...]
    standards: Mapping[str, Callable[[tuple[int, ...]], Standard]]

    def error(self, name: str, frame: tuple[int, ...], z: int, y: slice) -> NDArray[np.float64]:
        """Return the estimated squared error (y, x) of rows, in ADU²."""
        raw, captures, expected, valid = self.read(name, frame, z, y)
        error = squared_error(expected, captures, raw=raw)
        error[~valid] = np.nan
        return error

    def read(
        self, name: str, frame: tuple[int, ...], z: int, y: slice
    ) -> tuple[NDArray[np.float64], list[NDArray[np.float64]], NDArray[np.float64], Any]:
        """Read rows of raw, captures and a candidate in raw's grey values, and which count."""
        pixels, standard = self.pixels, self.standards[name](frame)
        raw = pixels.read(pixels.raw, frame, z, y).astype(np.float64)
        captures = [
            pixels.read(pixels.captures[k], frame, z, y).astype(np.float64) for k in self.still
        ]
        shown = raw if name == RAW else standard.expected(
            pixels.read(pixels.sources[name], frame, z, y)
        )  # fmt: skip
        valid = standard.valid(raw, shown, pixels.ignored(frame, z, y))
        if standard.saturation is not None:
            for capture in captures:
                valid &= capture < standard.saturation
        return raw, captures, shown, valid


class LazyError(LazyArray):
    """The local error of a candidate, computed where it is read: ADU², a mean around each pixel."""

    def __init__(self, raw: Input, witness: Witness, name: str) -> None:
        self.axes, self.shape, self.dtype = raw.axes, raw.shape, np.dtype(np.float32)
        self._witness, self._name = witness, name

    def tile(self, block: Block) -> NDArray[np.float32]:
        """Compute one block."""
        height = self._size("y")
        y = slice(max(0, block.y0 - REACH), min(height, block.y1 + REACH))
        error = self._witness.error(self._name, block.frame, block.z0, y)
        return local_error(error, SIGMA)[np.newaxis, block.y0 - y.start : block.y1 - y.start]


def error_rows(
    inquiry: Inquiry,
    witness: Witness,
    conditions: Mapping[str, Conditions],
    data_range: float,
    token: CancelToken,
) -> Generator[Progress, None, list[Score]]:
    """Estimate the errors of raw and every prediction, plane by plane."""
    source = inquiry.ground_truth.source
    planes = [(f, z) for f in source.frames for z in range(source.shape[0])]
    rows: list[Score] = []
    total = len(inquiry.candidates) * len(planes)
    done = 0
    for name in inquiry.candidates:
        errors: list[tuple[int, Interval]] = []
        kept: list[tuple[int, Interval]] = []
        for frame, z in planes if witness.still else ():
            token.check()
            everything = slice(0, source.shape[1])
            raw, captures, shown, valid = witness.read(name, frame, z, everything)
            error = squared_error(shown, captures, raw=raw)
            error[~valid] = np.nan
            n = int(np.isfinite(error).sum())
            errors.append((n, mean_with_interval(error)))
            if name != RAW:
                noise = conditions[name].noise
                shown[~valid] = np.nan
                kept.append((n, own_noise(shown, raw, captures[0], noise).kept))
            done += 1
            yield Progress(done, total, "captures")
        one = next(iter(conditions.values())) if name == RAW else conditions[name]
        how = f"{convention_of(inquiry, one)}; captures={len(witness.still)}"
        rows += _rows_of(inquiry, name, how, _pooled(errors), _pooled(kept), data_range)
    return rows


def _pooled(planes: list[tuple[int, Interval]]) -> tuple[int, Interval]:
    """Return the mean over planes, weighted by pixels; half widths add as of independent planes."""
    good = [(n, i) for n, i in planes if n]
    total = sum(n for n, _ in good)
    if not total:
        return 0, Interval(math.nan, math.nan, math.nan)
    mean = sum(n * i.value for n, i in good) / total
    half = math.sqrt(sum((n * (i.high - i.value)) ** 2 for n, i in good)) / total
    return total, Interval(mean, mean - half, mean + half)


def _rows_of(
    inquiry: Inquiry,
    name: str,
    how: str,
    error: tuple[int, Interval],
    kept: tuple[int, Interval],
    data_range: float,
) -> Iterator[Score]:
    n, (value, low, high) = error
    image = inquiry.ground_truth.name
    reason = None if n else _NONE
    yield Score(
        image=image, candidate=name, metric="umse", value=value, unit="image units²",
        convention=how, reason=reason, n=n, ci_low=_known(low), ci_high=_known(high),
    )  # fmt: skip
    best, worst, ours = (psnr_of(v, data_range) for v in (low, high, value))
    yield Score(
        image=image, candidate=name, metric="upsnr", value=ours.value, unit="dB",
        convention=f"{how}; data_range={data_range:.6g}", reason=reason or ours.reason, n=n,
        ci_low=_known(worst.value), ci_high=_known(best.value),
    )  # fmt: skip
    if name != RAW:
        n, (value, low, high) = kept
        yield Score(
            image=image, candidate=name, metric="own_noise_kept", value=value, unit="1",
            convention=how, reason=None if n else _NONE, n=n,
            ci_low=_known(low), ci_high=_known(high),
        )  # fmt: skip


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
