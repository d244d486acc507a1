"""The part of preflight that reads the coordinates of detections."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.comparison.findings import Finding, Severity
from napari_verdict.comparison.geometry import inputs_of
from napari_verdict.comparison.preflight.same import identical_pairs
from napari_verdict.comparison.words import called, counted, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.engine.cancel import CancelToken


def check_points(comparison: Comparison, token: CancelToken | None) -> Iterator[Finding]:
    """Check that coordinates are finite, that there are any, and that no two lists are the same."""
    if token is not None:
        token.check()
    points = {n: np.asarray(i.data, dtype=float) for n, i in inputs_of(comparison).items()}
    for name, coordinates in points.items():
        who = sentence(called(name, comparison.task))
        bad = int(np.count_nonzero(~np.isfinite(coordinates).all(axis=-1)))
        if bad and coordinates.size:
            text = (
                f"{who} has {counted(bad, 'point')} without a place: a coordinate is "
                "NaN or infinite. Delete what has no place."
            )
            yield Finding("not-finite", Severity.ERROR, text, name)
    if not points[None].size:
        empty = [called(n, comparison.task) for n, p in points.items() if n and not p.size]
        text = "The ground truth has no points, so recall is undefined."
        if empty:
            text = f"The ground truth and {' and '.join(empty)} have no points: nothing is defined."
        yield Finding("empty", Severity.WARNING, text)
    else:
        for name, coordinates in points.items():
            if name is not None and not coordinates.size:
                who = sentence(called(name, comparison.task))
                text = f"{who} has no points: all are missed, and precision is undefined."
                yield Finding("empty", Severity.WARNING, text, name)
    pairs = [
        pair
        for pair in combinations(points, 2)
        if points[pair[0]].size and np.array_equal(points[pair[0]], points[pair[1]])
    ]
    yield from identical_pairs(comparison, pairs)
