"""How two measurements of the same objects agree: correlation, bias, limits of agreement."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Of normally distributed differences, nineteen in twenty lie so many deviations about the mean.
_WITHIN = 1.96
#: With fewer objects nothing is said of their spread.
LEAST_OBJECTS = 3


@dataclass(frozen=True)
class Agreement:
    """Agreement of a measurement with a reference, object by object (Bland and Altman 1986).

    doi:10.1016/S0140-6736(86)90837-8. All are NaN below three objects.

    Parameters
    ----------
    n : int
        Objects with both measurements.
    pearson : float
        Correlation, in [-1, 1]; NaN where either is the same in all objects.
    bias : float
        Mean of measurement minus reference, in their unit.
    low, high : float
        Limits of agreement: bias minus and plus 1.96 standard deviations (n - 1) of the
        differences, between which nineteen of twenty lie if they are normally distributed.
    """

    n: int
    pearson: float
    bias: float
    low: float
    high: float


def agreement_of(reference: NDArray[Any], measured: NDArray[Any]) -> Agreement:
    """Return how measurements of n objects agree.

    Parameters
    ----------
    reference, measured : (n,) ndarray of float
        Objects where either is not finite are left out.
    """
    both = np.isfinite(reference) & np.isfinite(measured)
    x, y = (np.asarray(a, np.float64)[both] for a in (reference, measured))
    n = len(x)
    if n < LEAST_OBJECTS:
        return Agreement(n, *[math.nan] * 4)
    differences = y - x
    bias, spread = float(differences.mean()), _WITHIN * float(differences.std(ddof=1))
    about_x, about_y = x - x.mean(), y - y.mean()
    both_vary = np.ptp(x) > 0 and np.ptp(y) > 0
    scale = math.sqrt(float(about_x @ about_x)) * math.sqrt(float(about_y @ about_y))
    pearson = float(about_x @ about_y) / scale if both_vary and scale > 0 else math.nan
    pearson = pearson if math.isnan(pearson) else min(1.0, max(-1.0, pearson))
    return Agreement(n, pearson, bias, bias - spread, bias + spread)
