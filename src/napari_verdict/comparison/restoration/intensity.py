"""Whether intensity is still quantitative, as scores of a curve."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from napari_verdict.comparison.restoration.values import (
    CONSTANT,
    NO_PIXELS,
    NO_RANGE,
    Value,
    undefined,
)
from napari_verdict.metrics.linearity import BINS, LEAST_BINS, LEAST_PIXELS, MOST_ERROR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_verdict.comparison.restoration.fits import Fit
    from napari_verdict.metrics.linearity import IntensityCurve

#: The metrics that this module gives.
INTENSITY = ("nli", "slope_ratio")
#: What the convention of these scores adds to that of the others.
CONVENTION = (
    "; intensity=mean of the unfitted candidate, its least-squares line on the ground truth taken "
    f"off, in {BINS} bins of the ground truth between its levels; bins count from {LEAST_PIXELS} "
    f"px and up to a standard error of {MOST_ERROR:g} of the range; ends=thirds of the range"
)

NOT_RISING = "the candidate does not rise with the ground truth"
TOO_FEW = f"fewer than {LEAST_BINS} bins of intensity have pixels enough for their noise"
NO_ENDS = (
    f"fewer than {LEAST_BINS} bins of the darkest or of the brightest third of the range have "
    "pixels enough for their noise"
)
DARK_FLAT = "the candidate does not rise with the ground truth at the dark end"


def intensity_values(curve: IntensityCurve, fits: Sequence[Fit]) -> dict[str, Value]:
    """Return the values of `INTENSITY`, of a curve pooled over the units that have these fits."""
    n = int(curve.n.sum())
    if not n:
        return dict.fromkeys(INTENSITY, undefined(_why(fits), sum(f.moments.n for f in fits)))
    ends = NO_ENDS if any(map(math.isnan, curve.slopes)) else DARK_FLAT
    values = {"nli": (curve.nli, TOO_FEW), "slope_ratio": (curve.slope_ratio, ends)}
    return {
        metric: undefined(why, n) if math.isnan(value) else Value(value, n)
        for metric, (value, why) in values.items()
    }


def _why(fits: Sequence[Fit]) -> str:
    """Say why no unit has a curve, in the words of the one that came farthest."""
    moments = [fit.moments for fit in fits if fit.moments.n]
    if not moments:
        return NO_PIXELS
    if all(not fit.data_range or fit.moments.constant_g for fit in fits):
        return NO_RANGE
    return CONSTANT if all(m.constant_p for m in moments) else NOT_RISING
