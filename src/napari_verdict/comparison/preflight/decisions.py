"""Remedies that a person accepted, applied to a comparison; inputs are never changed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from napari_verdict.comparison import geometry
from napari_verdict.comparison.axes import CHOICES, name_axis
from napari_verdict.comparison.findings import Finding, Severity, blocking
from napari_verdict.comparison.model import Comparison, Input, Task
from napari_verdict.comparison.preflight.cropping import crop_to_common, crop_to_overlap
from napari_verdict.engine.cancel import CancelToken

if TYPE_CHECKING:
    from collections.abc import Callable

AXIS = "axis:"
GROUND_TRUTH_AXES = "use-ground-truth-axes"
CONVERT_COORDINATES = "convert-coordinates"
CROP_TO_OVERLAP = "crop-to-overlap"
CROP_TO_COMMON = "crop-to-common"
GROUND_TRUTH_GEOMETRY = "use-ground-truth-geometry"
AS_MASKS = "as-masks"
AS_INSTANCES = "as-instances"
AS_SPARSE = "as-sparse"
THRESHOLD_HALF = "threshold-half"
NEGATIVE_TO_BACKGROUND = "negative-to-background"
LABEL_COMPONENTS = "label-components"
ALIGN = "align:"

#: What a step gives: the comparison with the remedy applied, and a sentence that says what
#: was done, or None where there was nothing to do.
Applied = tuple[Comparison, str | None]


def apply_decisions(comparison: Comparison, token: CancelToken | None = None) -> Comparison:
    """Return the comparison with the accepted remedies in `Settings.decisions` applied.

    Parameters
    ----------
    comparison : Comparison
        As it was asked for. Neither it nor its arrays are changed.
    token : CancelToken, optional
        Stops the reading of pixels that some remedies need.

    Returns
    -------
    Comparison
        The same object where nothing was accepted; otherwise a new one whose inputs are
        views, arrays computed where they are read, or (for ``label-components`` and
        ``align:``) new arrays. Where the geometry still forbids computing, only remedies
        that read no pixel are applied. Applying it again changes nothing more.
    """
    if not comparison.settings.decisions:
        return comparison
    from napari_verdict.comparison.preflight.alignment import add_aligned
    from napari_verdict.comparison.preflight.geometry import preflight_geometry

    resolved, _ = resolve_geometry(comparison)
    if blocking(preflight_geometry(comparison)):
        return resolved
    resolved, _ = resolve_values(resolved, token)
    return add_aligned(resolved)


def resolve_geometry(comparison: Comparison) -> tuple[Comparison, list[Finding]]:
    """Apply the remedies that need no pixel, and say what was done. Instant."""
    for decision in comparison.settings.decisions:
        if decision.startswith(AXIS):
            letter = decision.removeprefix(AXIS)
            comparison = _each(comparison, lambda item, axis=letter: name_axis(item, axis))  # type: ignore[misc]
    axes = comparison.ground_truth.axes
    if any("?" in r.axes for r in comparison.regions):
        named = (
            replace(r, axes=axes[len(axes) - len(r.axes) :]) if "?" in r.axes else r
            for r in comparison.regions
        )
        comparison = replace(comparison, regions=tuple(named))
    return _run(comparison, _GEOMETRY)


def resolve_values(
    comparison: Comparison, token: CancelToken | None = None
) -> tuple[Comparison, list[Finding]]:
    """Apply the remedies that change pixel values, and say what was done. Reads pixels."""
    from napari_verdict.comparison.preflight import label_values

    steps = {NEGATIVE_TO_BACKGROUND: label_values.negative_to_background}
    if comparison.task.is_labels:
        steps = {
            THRESHOLD_HALF: label_values.threshold_half,
            **steps,
            LABEL_COMPONENTS: label_values.label_components,
        }
    elif comparison.task is not Task.RESTORATION:
        return comparison, []
    token = token or CancelToken()
    return _run(comparison, {d: partial(step, token=token) for d, step in steps.items()})


def _run(
    comparison: Comparison, steps: dict[str, Callable[[Comparison], Applied]]
) -> tuple[Comparison, list[Finding]]:
    said = []
    for decision, step in steps.items():
        if decision in comparison.settings.decisions:
            comparison, done = step(comparison)
            if done:
                said.append(Finding(decision, Severity.INFO, done))
    return comparison, said


def _each(comparison: Comparison, change: Callable[[Input], Input]) -> Comparison:
    raw = comparison.raw
    return replace(
        comparison,
        ground_truth=change(comparison.ground_truth),
        predictions=tuple(change(p) for p in comparison.predictions),
        raw=change(raw) if raw is not None and comparison.task is Task.RESTORATION else raw,
    )


def _each_candidate(comparison: Comparison, change: Callable[[Input], Input]) -> Comparison:
    truth = comparison.ground_truth
    return _each(comparison, lambda item: item if item is truth else change(item))


# ---- axes


def _use_ground_truth_axes(comparison: Comparison) -> Applied:
    truth, renamed = comparison.ground_truth, []

    def change(item: Input) -> Input:
        if set(item.axes) == set(truth.axes) or len(item.axes) != len(truth.axes):
            return item
        renamed.append(item.name)
        return replace(item, axes=truth.axes)

    changed = _each_candidate(comparison, change)
    if not renamed:
        return comparison, None
    return changed, f"The axes of {', '.join(renamed)} are read as {truth.axes}, as accepted."


# ---- scale and position


def _use_ground_truth_geometry(comparison: Comparison) -> Applied:
    truth, changed_names = comparison.ground_truth, []
    by_axis = {
        axis: values
        for axis, *values in zip(truth.axes, truth.scale, truth.translate, truth.units, strict=True)
    }

    def change(item: Input) -> Input:
        if not item.axes or set(item.axes) != set(truth.axes):
            return item
        scale, translate, units = zip(*(by_axis[a] for a in item.axes), strict=True)
        if (scale, translate, units) == (item.scale, item.translate, item.units):
            return item
        changed_names.append(item.name)
        return replace(item, scale=scale, translate=translate, units=units)

    changed = _each_candidate(comparison, change)
    if not changed_names:
        return comparison, None
    names = ", ".join(changed_names)
    return changed, (
        f"Pixel size and position of {names} are taken from the ground truth, as accepted: "
        "pixels are compared one by one."
    )


def _convert_coordinates(comparison: Comparison) -> Applied:
    import numpy as np

    truth, converted = comparison.ground_truth, []

    def change(item: Input) -> Input:
        if comparison.task is not Task.DETECTIONS or set(item.axes) != set(truth.axes):
            return item
        if not geometry.same_units(item, truth) or not len(item.data):
            return item
        if geometry.same_scale(item, truth) and not any(
            geometry.pixel_offset(item, truth).values()
        ):
            return item
        offset = geometry.pixel_offset(item, truth)
        ratio = geometry.scale_ratio(item, truth)
        data = np.asarray(item.data, dtype=float) * [ratio[a] for a in item.axes]
        data += [offset[a] for a in item.axes]
        back = {
            a: v
            for a, *v in zip(truth.axes, truth.scale, truth.translate, truth.units, strict=True)
        }
        scale, translate, units = zip(*(back[a] for a in item.axes), strict=True)
        converted.append(item.name)
        return replace(item, data=data, scale=scale, translate=translate, units=units)

    changed = _each_candidate(comparison, change)
    if not converted:
        return comparison, None
    names = ", ".join(converted)
    return changed, f"The points of {names} are converted to ground-truth pixels, as accepted."


# ---- task


def _as_masks(comparison: Comparison) -> Applied:
    if comparison.task is not Task.INSTANCES:
        return comparison, None
    return (
        replace(comparison, task=Task.FOREGROUND),
        "Compared as masks, as accepted: every id above 0 is foreground, objects are not counted.",
    )


def _as_instances(comparison: Comparison) -> Applied:
    if comparison.task is not Task.SEMANTIC:
        return comparison, None
    return (
        replace(comparison, task=Task.INSTANCES),
        "Compared as objects, as accepted: every id is one object.",
    )


def _as_sparse(comparison: Comparison) -> Applied:
    how = comparison.settings.exclusions
    if how.sparse:
        return comparison, None
    return (
        comparison.with_settings(exclusions=replace(how, sparse=True)),
        "The ground truth is taken as sparse, as accepted: scores that need every object to be "
        "labelled are undefined.",
    )


# geometry of points first, then what depends on shapes, then what forgets positions
_GEOMETRY: dict[str, Callable[[Comparison], Applied]] = {
    GROUND_TRUTH_AXES: _use_ground_truth_axes,
    CONVERT_COORDINATES: _convert_coordinates,
    CROP_TO_OVERLAP: crop_to_overlap,
    CROP_TO_COMMON: crop_to_common,
    GROUND_TRUTH_GEOMETRY: _use_ground_truth_geometry,
    AS_MASKS: _as_masks,
    AS_INSTANCES: _as_instances,
    AS_SPARSE: _as_sparse,
}

#: Every remedy id; ``axis:`` is followed by a letter, ``align:`` by a candidate.
REMEDIES = (
    *(f"{AXIS}{letter}" for letter in CHOICES),
    *_GEOMETRY,
    THRESHOLD_HALF,
    NEGATIVE_TO_BACKGROUND,
    LABEL_COMPONENTS,
    ALIGN,
)
