"""Overlays in layers, brought to another threshold where an outcome changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.viewer.result_layers import key_of, result_layers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_verdict.comparison.result import Result
    from napari_verdict.viewer.result_layers import Drawing


def is_painted_when_read(result: Result) -> bool:
    """Whether overlays of a result are lazy, since labels are not in memory."""
    inputs = (result.comparison.ground_truth, *result.comparison.predictions)
    return any(not isinstance(x.data, np.ndarray) for x in inputs)


def rewrite_layers(viewer: Any, old: Result, new: Result, waiting: Iterable[Drawing]) -> None:
    """Rewrite overlays, in layers and in what waits to be drawn, where an outcome changed.

    Parameters
    ----------
    viewer : napari viewer
        Whose layers.
    old, new : Result
        What they show, and will show: the same comparison at two thresholds, in memory.
    waiting : iterable of Drawing
        What is not drawn yet.
    """
    from napari_verdict.comparison.objects.overlays import rewrite

    truth = new.comparison.ground_truth
    for candidate in new.comparison.candidates:
        layers = {
            key[1]: x
            for x in result_layers(viewer)
            if (key := key_of(x)) and key[0] == candidate and x.data.shape == truth.shape
        }
        drawn = {d.name: d.data for d in waiting if d.candidate == candidate}
        rewrite(old, new, candidate, drawn)  # type: ignore[arg-type]
        arrays = {n: x.data for n, x in layers.items() if x.data is not drawn.get(n)}
        for name in {name for name, _ in rewrite(old, new, candidate, arrays)}:  # type: ignore[arg-type]
            # nothing else of the layer can have changed
            layers[name].refresh(thumbnail=False, highlight=False, extent=False)
