"""Sub-pixel shift of restored images: measured, and taken back in a further candidate."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from napari_verdict.comparison.model import Comparison, Input, Task
from napari_verdict.comparison.preflight.decisions import ALIGN
from napari_verdict.engine.sources import Source, canonical_view
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
            by_name[copy] = replace(item, name=copy, data=_moved(item, shift))
    return replace(comparison, predictions=tuple(by_name.values()))


def _moved(item: Input, shift: tuple[float, float]) -> Any:
    moved = Shifted(item.source, item.shape, shift)
    # what comes from memory may go there
    return np.asarray(moved) if item.source.in_memory else moved


@dataclass(frozen=True, eq=False)
class Shifted:
    """An image moved within its planes; a plane is computed when a part of it is read.

    Parameters
    ----------
    source : Source
        The image.
    shape : tuple of int
        Of its array.
    shift : (float, float)
        By how many pixels along y and x.
    """

    source: Source
    shape: tuple[int, ...]
    shift: tuple[float, float]

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """float32."""
        return np.dtype(np.float32)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def chunks(self) -> tuple[int, ...]:
        """What is computed at a time: a plane."""
        sizes = zip(self.source.axes, self.shape, strict=True)
        return tuple(n if a in "yx" else 1 for a, n in sizes)

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        """Compute a part."""
        keys = key if isinstance(key, tuple) else (key,)
        at = {a: range(n) for a, n in zip(self.source.axes, self.shape, strict=True)}
        for axis, k in zip(self.source.axes, keys, strict=False):
            at[axis] = at[axis][k] if isinstance(k, slice) else range(k, k + 1)
        part = np.empty([len(r) for r in at.values()], np.float32)
        view = canonical_view(part, self.source.axes)
        rows, columns = slice(0, self.source.shape[1]), np.asarray(at["x"], np.intp)
        for place in np.ndindex(view.shape[:-2]):
            *frame, z = (
                at[a][i] if a in at else 0
                for a, i in zip((*self.source.frame_axes, "z"), place, strict=True)
            )
            plane = self.source.read(tuple(frame), slice(z, z + 1), rows)[0]
            moved = _shift_plane(plane.astype(np.float64), self.shift)
            view[place] = moved[np.asarray(at["y"], np.intp)][:, columns]
        dropped = (slice(None) if isinstance(k, slice) else 0 for k in keys)
        return part[tuple(dropped)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Compute everything."""
        return np.asarray(self[(slice(None),) * self.ndim], dtype=dtype)


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
