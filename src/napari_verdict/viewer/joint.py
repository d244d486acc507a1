"""What several predictions have in common, as layers: mean, spread, and one less another."""

from __future__ import annotations

import math
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.viewer.result_layers import of_array
from napari_verdict.viewer.scales import map_limits, sample_of

if TYPE_CHECKING:
    from napari_verdict.viewer.result_layers import Drawing

#: Whose mean and spread are shown, as layer names say it.
ALL = "all predictions"
#: Maps of all predictions, and of two of them.
MEAN, SPREAD, BETWEEN = "mean", "spread", "between"


def pair(first: str, second: str) -> str:
    """Return what the difference of two predictions is called."""
    return f"{first} − {second}"


def joint_keys(result: Any) -> set[tuple[str, str]]:
    """Return the keys of the layers that show several predictions together."""
    names = [p.name for p in result.comparison.predictions]
    pairs = {(pair(a, b), BETWEEN) for a, b in permutations(names, 2)}
    return pairs | {(ALL, MEAN), (ALL, SPREAD)} if pairs else pairs


def joint_drawing(result: Any, key: tuple[str, str]) -> Drawing:
    """Return how several predictions are drawn, plane by plane as looked at. For a worker.

    Parameters
    ----------
    result : EvidenceResult
        Of two predictions or more.
    key : (str, str)
        One of `joint_keys`.
    """
    whose, name = key
    if name == BETWEEN:
        a, b = next(p for p in permutations(result.conditions, 2) if pair(*p) == whose)
        data = result.difference(a, b)
    else:
        data = result.consensus[name]
    return of_array(result, whose, name, "image", data, _limits(result, name))


def _limits(result: Any, name: str) -> tuple[float, float]:
    """Return contrast limits, of differences on the scale on which predictions leave their mean."""
    if name == MEAN:
        sample = sample_of(result.consensus[MEAN])
        low, high = np.percentile(sample, (0, 99.9)) if sample.size else (0.0, 1.0)
        return float(low), float(high) if high > low else float(low) + 1
    apart = map_limits(result, "disagreement")[1]
    # two predictions lie on either side of their mean
    return (-2 * apart, 2 * apart) if name == BETWEEN else (0.0, math.sqrt(2) * apart)
