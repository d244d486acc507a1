"""A number, or the reason why there is none."""

from __future__ import annotations

import math
from typing import NamedTuple

#: Why scores are undefined when there is nothing on either side.
BOTH_EMPTY = "both_empty: neither the ground truth nor the prediction has any"


class Value(NamedTuple):
    """A number; NaN with the reason where it is undefined.

    Parameters
    ----------
    value : float
        NaN where undefined, never 0 instead.
    reason : str, optional
        Why it is undefined.
    """

    value: float
    reason: str | None = None


def ratio(numerator: float, denominator: float, why_undefined: str) -> Value:
    """Divide; over 0 the result is NaN with the reason.

    Examples
    --------
    >>> ratio(3, 4, "no objects").value
    0.75
    >>> ratio(0, 0, "no objects")
    Value(value=nan, reason='no objects')
    """
    if denominator == 0:
        return Value(math.nan, why_undefined)
    return Value(numerator / denominator)
