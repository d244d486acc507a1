"""What several predictions have in common, as layers: mean, spread, and one less another."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.viewer.palette import MAPS
from napari_verdict.viewer.result_layers import of_array
from napari_verdict.viewer.scales import sample_of

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
        names = result.conditions
        a, b = next(p for p in permutations(names, 2) if pair(*p) == whose)
        data = result.difference(a, b)
    else:
        data = result.consensus[name]
    return of_array(result, whose, name, "image", data, _limits(data, name))


def _limits(data: Any, name: str) -> tuple[float, float]:
    """Return contrast limits: of the mean from its darkest to almost its brightest pixel."""
    sample = sample_of(data)
    if not sample.size:
        return (-1.0, 1.0) if MAPS[name].symmetric else (0.0, 1.0)
    if name == MEAN:
        low, high = (float(v) for v in np.percentile(sample, (0, 99.9)))
        return low, high if high > low else low + 1
    size = np.abs(sample)
    # predictions may differ in a few places only
    top = float(np.percentile(size, 99)) or float(size.max()) or 1.0
    return -top if MAPS[name].symmetric else 0.0, top
