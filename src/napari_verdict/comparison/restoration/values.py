"""Values of restored images before they are rows, and why they are undefined."""

from __future__ import annotations

import math
from typing import NamedTuple

NO_PIXELS = "no pixel is valid in both images"
NO_RANGE = "the ground truth has no range to measure against: nearly all its pixels are the same"
CONSTANT = "the candidate is constant"
NOT_GIVEN = "not given by this convention; zc_sqrt_mae stands in its place"
TOO_SMALL = "no valid pixel lies outside the rim of the SSIM window"
NO_COMMON = "no pixel is valid in the ground truth, raw and the prediction"
NO_BASELINE = "raw has no error to compare with"
NO_SIGNAL = "no pixel of the ground truth is brighter than its median"
OVERFLOW = "the pixel values are too large to be squared"


class Value(NamedTuple):
    """A value, the pixels it rests on, and why it is undefined where it is."""

    value: float
    n: int
    reason: str | None = None


def undefined(reason: str, n: float = 0) -> Value:
    """Return an undefined value."""
    return Value(math.nan, int(n), reason)
