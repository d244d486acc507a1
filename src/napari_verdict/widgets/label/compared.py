"""The labels being painted as the ground truth of a comparison; nothing is copied."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.model import Comparison, Input, RgbInput, Task, unique_names
from napari_verdict.viewer.layers import infer_task, pixels_of
from napari_verdict.viewer.snapshot import snapshot
from napari_verdict.widgets.label.obstacles import obstacle_of_layers

if TYPE_CHECKING:
    from napari_verdict.comparison.model import Settings
    from napari_verdict.widgets.label.state import Bench


def labelled_input(raw: Any, axes: str) -> Input:
    """Return the image that is labelled; of RGB all channels, which are no axis of the labels."""
    frozen = snapshot(raw, like=raw)
    if not getattr(raw, "rgb", False):
        return replace(frozen, axes=axes)
    n, path = len(axes), frozen.path
    place = frozen.scale[:n], frozen.translate[:n], frozen.units[:n]
    return RgbInput(frozen.name, pixels_of(raw)[..., 0], axes, *place, path, frozen.data)


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
    if why := obstacle_of_layers(bench.raw, None, bench.predictions, None):
        raise ComparisonError([Finding("misfit", Severity.ERROR, f"Nothing is scored: {why}")])
    return Comparison(
        bench.task,
        replace(snapshot(bench.truth, like=bench.raw), axes=bench.axes),
        frozen_predictions(bench.raw, bench.axes, bench.predictions),
        settings=settings,
        ignore=ignore,
    )
