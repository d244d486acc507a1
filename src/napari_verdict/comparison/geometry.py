"""Where the pixels of two inputs lie with respect to each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from napari_verdict.engine.sources import SPATIAL_AXES

if TYPE_CHECKING:
    from napari_verdict.comparison.model import Comparison, Input

_METRES = {
    **dict.fromkeys(("pm", "picometer", "picometre"), 1e-12),
    **dict.fromkeys(("å", "angstrom"), 1e-10),
    **dict.fromkeys(("nm", "nanometer", "nanometre"), 1e-9),
    **dict.fromkeys(("µm", "μm", "um", "micron", "micrometer", "micrometre"), 1e-6),
    **dict.fromkeys(("mm", "millimeter", "millimetre"), 1e-3),
    **dict.fromkeys(("cm", "centimeter", "centimetre"), 1e-2),
    **dict.fromkeys(("m", "meter", "metre"), 1.0),
}
_SECONDS = {
    **dict.fromkeys(("ms", "millisecond"), 1e-3),
    **dict.fromkeys(("s", "sec", "second"), 1.0),
    **dict.fromkeys(("min", "minute"), 60.0),
    **dict.fromkeys(("h", "hour"), 3600.0),
}
_SHORT = {"micrometer": "µm", "nanometer": "nm", "millimeter": "mm", "pixel": "px", "second": "s"}

#: Sizes of a pixel that differ by less than this share are the same: files round them.
SCALE_TOLERANCE = 1e-3
#: Positions that differ by less than this many pixels are the same.
OFFSET_TOLERANCE = 0.01


def unit_factor(unit: str, other: str) -> float | None:
    """Return how many `other` one `unit` is; None where they cannot be converted."""
    unit, other = unit.strip().lower(), other.strip().lower()
    if unit == other:
        return 1.0
    for table in (_METRES, _SECONDS):
        if unit in table and other in table:
            return table[unit] / table[other]
    return None


def sizes_of(item: Input) -> dict[str, int]:
    """Return the size of an input along each of its axes."""
    return dict(zip(item.axes, item.shape, strict=True))


def pixel_size(item: Input) -> str:
    """Write the size of a pixel in space for people: ``0.65 µm``, ``2 × 0.5 × 0.5 µm``."""
    along = zip(item.axes, item.scale, item.units, strict=True)
    space = [(f"{s:.4g}", _SHORT.get(u, u)) for a, s, u in along if a in SPATIAL_AXES]
    if len(set(space)) == 1:
        return " ".join(space[0])
    if len({unit for _, unit in space}) == 1:
        return f"{' × '.join(number for number, _ in space)} {space[0][1]}"
    return " × ".join(" ".join(pair) for pair in space)


def same_units(item: Input, reference: Input) -> bool:
    """Whether the units along every axis can be converted into each other."""
    theirs = dict(zip(reference.axes, reference.units, strict=True))
    mine = zip(item.axes, item.units, strict=True)
    return all(unit_factor(unit, theirs[axis]) is not None for axis, unit in mine)


def scale_ratio(item: Input, reference: Input) -> dict[str, float]:
    """Return the size of a pixel of `item` in pixels of `reference`, by axis.

    Units that cannot be converted count as equal; a reference scale of 0 gives NaN.
    """
    theirs = {
        a: (s, u) for a, s, u in zip(reference.axes, reference.scale, reference.units, strict=True)
    }
    ratios = {}
    for axis, scale, unit in zip(item.axes, item.scale, item.units, strict=True):
        other, other_unit = theirs[axis]
        factor = unit_factor(unit, other_unit) or 1.0
        ratios[axis] = scale * factor / other if other else math.nan
    return ratios


def same_scale(item: Input, reference: Input) -> bool:
    """Whether pixels are of one size along every axis, in whatever units."""
    ratios = scale_ratio(item, reference).values()
    return all(math.isclose(r, 1.0, rel_tol=SCALE_TOLERANCE) for r in ratios)


def pixel_offset(item: Input, reference: Input) -> dict[str, float]:
    """Return where the first pixel of `item` lies, in pixels of `reference`, by axis.

    Meaningful where both have pixels of one size. An axis whose scale is 0 or whose
    position is not a number counts as 0.
    """
    theirs = {
        a: (s, t, u)
        for a, s, t, u in zip(
            reference.axes, reference.scale, reference.translate, reference.units, strict=True
        )
    }
    offsets = {}
    for axis, position, unit in zip(item.axes, item.translate, item.units, strict=True):
        scale, other, other_unit = theirs[axis]
        factor = unit_factor(unit, other_unit) or 1.0
        offset = (position * factor - other) / scale if scale else 0.0
        offsets[axis] = offset if math.isfinite(offset) else 0.0
    return offsets


def whole_offset(item: Input, reference: Input) -> dict[str, int] | None:
    """Return that position in whole pixels; None where it, or the scale, does not fit the grid."""
    if not (same_units(item, reference) and same_scale(item, reference)):
        return None
    offsets = pixel_offset(item, reference)
    if any(abs(o - round(o)) > OFFSET_TOLERANCE for o in offsets.values()):
        return None
    return {axis: round(o) for axis, o in offsets.items()}


def inputs_of(comparison: Comparison) -> dict[str | None, Input]:
    """Return all that takes part: the ground truth under None, then the candidates by name."""
    inputs: dict[str | None, Input] = {None: comparison.ground_truth}
    inputs.update(comparison.candidates)
    return inputs
