"""Sub-pixel shift of restored images: measured, and taken back in a further candidate."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from napari_verdict.comparison.model import Comparison, Input, Task
from napari_verdict.comparison.preflight.decisions import ALIGN
from napari_verdict.engine.sources import canonical_view
from napari_verdict.metrics.registration import estimate_shift

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Side of the central part of the middle plane that is looked at.
PROBE = 1024
#: A plane with a shorter side says nothing about a shift.
SMALLEST = 32


def probe(item: Input) -> NDArray[Any]:
    """Read the central part, at most `PROBE` pixels a side, of the middle plane."""
    source = item.source
    frame = source.frames[len(source.frames) // 2]
    depth, height, width = source.shape
    rows, columns = min(height, PROBE), min(width, PROBE)
    z, y, x = depth // 2, (height - rows) // 2, (width - columns) // 2
    block = source.read(frame, slice(z, z + 1), slice(y, y + rows))
    return block[0, :, x : x + columns]


def correlation(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Return Pearson's r over pixels finite in both; NaN where one is constant."""
    pair = np.stack((a, b)).astype(np.float64)
    finite = np.isfinite(pair).all(axis=0)
    if not finite.any():
        return math.nan
    pair = np.where(finite, pair - pair.mean(axis=(1, 2), where=finite, keepdims=True), 0)
    variances = np.square(pair).sum(axis=(1, 2))
    if not variances.all():
        return math.nan
    return float((pair[0] * pair[1]).sum() / math.sqrt(variances[0] * variances[1]))


def confirmed(moving: NDArray[Any], reference: NDArray[Any], shift: tuple[float, float]) -> bool:
    """Whether the quarters of the image, each by itself, mostly show that same shift.

    A peak that only noise or one bright structure makes is not seen in all of them.
    Where the quarters are too small the correlation must at least be positive.
    """
    height, width = reference.shape
    if min(height, width) < 2 * SMALLEST:
        return correlation(moving, reference) > 0.5
    quarters = [
        (slice(i * height // 2, (i + 1) * height // 2), slice(j * width // 2, (j + 1) * width // 2))
        for i in (0, 1)
        for j in (0, 1)
    ]
    shifts = [estimate_shift(moving[q], reference[q]) for q in quarters]
    defined = [s for s in shifts if not math.isnan(s[0])]
    near = max(0.25, 0.5 * math.hypot(*shift))
    agreeing = [s for s in defined if math.dist(s, shift) <= near]
    return len(agreeing) > len(defined) / 2


def aligned_name(name: str) -> str:
    """Return what the aligned copy of a candidate is called."""
    return f"{name} (aligned)"


def add_aligned(comparison: Comparison) -> Comparison:
    """Add "<candidate> (aligned)" for every accepted ``align:<candidate>``.

    The shift is measured on the middle plane and taken back in every plane by cubic
    interpolation. What comes from outside the image is NaN, and so in no score. A candidate
    whose shift is undefined gets no copy.
    """
    names = [d.removeprefix(ALIGN) for d in comparison.settings.decisions if d.startswith(ALIGN)]
    by_name = {p.name: p for p in comparison.predictions}
    wanted = [n for n in dict.fromkeys(names) if n in by_name and aligned_name(n) not in by_name]
    if comparison.task is not Task.RESTORATION or not wanted:
        return comparison
    reference = probe(comparison.ground_truth)
    for name in wanted:
        item, copy = by_name[name], aligned_name(name)
        shift = estimate_shift(probe(item), reference)
        if not math.isnan(shift[0]):
            by_name[copy] = replace(item, name=copy, data=_shifted(item, shift))
    return replace(comparison, predictions=tuple(by_name.values()))


def _shifted(item: Input, shift: tuple[float, float]) -> NDArray[np.float32]:
    source = item.source
    result = np.empty(item.shape, np.float32)
    view = canonical_view(result, item.axes)
    for frame in source.frames:
        for z in range(source.shape[0]):
            plane = source.read(frame, slice(z, z + 1), slice(0, source.shape[1]))[0]
            view[frame][z] = _shift_plane(plane.astype(np.float64), shift)
    return result


def _shift_plane(plane: NDArray[np.float64], shift: tuple[float, float]) -> NDArray[np.float64]:
    bad = ~np.isfinite(plane)
    if not bad.any():
        return ndimage.shift(plane, shift, order=3, mode="constant", cval=np.nan)
    if bad.all():
        return np.full_like(plane, np.nan)
    # one NaN would spread over the whole plane through the spline's prefilter
    filled = np.where(bad, plane.mean(where=~bad), plane)
    moved = ndimage.shift(filled, shift, order=3, mode="constant", cval=np.nan)
    moved[ndimage.shift(bad.astype(np.float64), shift, order=1) > 1e-6] = np.nan
    return moved
