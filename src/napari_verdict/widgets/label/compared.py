"""The labels being painted as the ground truth of a comparison; nothing is copied."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.model import Comparison, Input, Task, unique_names, without_channels
from napari_verdict.viewer.layers import infer_task
from napari_verdict.viewer.snapshot import snapshot
from napari_verdict.widgets.label.obstacles import obstacle_of_layers
from napari_verdict.widgets.label.opening import Sitting

if TYPE_CHECKING:
    from napari_verdict.comparison.model import Settings
    from napari_verdict.widgets.label.state import Bench


def labelled_input(raw: Any, axes: str) -> Input:
    """Return what is labelled; channels that share their labels, as those of RGB, are no axis."""
    frozen = snapshot(raw, like=raw)
    if len(frozen.shape) == len(axes):
        return replace(frozen, axes=axes)
    return without_channels(frozen, len(axes) if getattr(raw, "rgb", False) else 0, axes)


def image_of(bench: Bench) -> Input:
    """Return the image on a bench under the name that it had when tiles were drawn."""
    return replace(labelled_input(bench.raw, bench.axes), name=bench.image)


def frozen_predictions(raw: Any, axes: str, predictions: Any) -> tuple[Input, ...]:
    """Return predictions with the axes of what is labelled, each with a name of its own.

    Raises
    ------
    ComparisonError
        If one is rotated or sheared and raw is not.
    """
    names = unique_names([layer.name for layer in predictions])
    return tuple(
        replace(snapshot(layer, like=raw), axes=axes, name=name)
        for layer, name in zip(predictions, names, strict=True)
    )


def frozen_labels(raw: Any, axes: str, labels: Any) -> Input | None:
    """Return the layer that is gone on with; None where none is.

    Raises
    ------
    ComparisonError
        If it is rotated or sheared and raw is not.
    """
    if labels is None or isinstance(labels, Sitting):
        return None
    return replace(snapshot(labels, like=raw), axes=axes)


def task_of(predictions: Any) -> Task:
    """Return what predictions speak for: foreground where they are masks, else instances."""
    task = infer_task(None, predictions)[0]
    return Task.FOREGROUND if predictions and task is Task.FOREGROUND else Task.INSTANCES


def comparison_of_bench(bench: Bench, settings: Settings, ignore: Any | None) -> Comparison | None:
    """Return predictions against the labels as they are painted; None without predictions.

    Parameters
    ----------
    bench : Bench
        The layers.
    settings : Settings
        Threshold of a match, and what counts.
    ignore : ndarray, optional
        Pixels with any id are left out.

    Raises
    ------
    ComparisonError
        If a prediction is no longer of the shape of raw, or lies elsewhere.
    """
    if not bench.predictions:
        return None
    if why := obstacle_of_layers(bench.raw, bench.axes, None, bench.predictions, None):
        raise ComparisonError([Finding("misfit", Severity.ERROR, f"Nothing is scored: {why}")])
    return Comparison(
        bench.task,
        replace(snapshot(bench.truth, like=bench.raw), axes=bench.axes),
        frozen_predictions(bench.raw, bench.axes, bench.predictions),
        settings=settings,
        ignore=ignore,
    )
