"""The part of preflight that reads no pixel: axes, shapes, positions, dtypes. Instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.comparison.axes import CHOICES, UNKNOWN
from napari_verdict.comparison.findings import Finding, Remedy, Severity, blocking
from napari_verdict.comparison.geometry import inputs_of, sizes_of
from napari_verdict.comparison.model import RAW, Comparison, Task
from napari_verdict.comparison.preflight import decisions as d
from napari_verdict.comparison.preflight.cropping import crop_window, overlap_offsets
from napari_verdict.comparison.preflight.limits import check_masks_of_points, check_shapes
from napari_verdict.comparison.preflight.placement import check_placement
from napari_verdict.comparison.words import called, sentence, times
from napari_verdict.engine.sources import FRAME_AXES, SPATIAL_AXES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_verdict.comparison.model import Input

_LETTERS = "t (time), z (depth), c (channels), y and x"


def preflight_geometry(comparison: Comparison) -> list[Finding]:
    """Do the part of `preflight` that reads no pixel; for the main thread.

    Parameters
    ----------
    comparison : Comparison
        As asked for; accepted remedies are taken into account.

    Returns
    -------
    list of Finding
        Empty where all is well.
    """
    resolved, said = d.resolve_geometry(comparison)
    found = [*_choice(comparison), *said]
    for name, item in inputs_of(resolved).items():
        found += _single(resolved, name, item)
    if blocking(found):
        return found
    for name in resolved.candidates:
        found += _axes_of_pair(resolved, name)
    if blocking(found):
        return found
    if resolved.task is not Task.DETECTIONS:
        found += [
            *_shapes(resolved),
            *_ignore(resolved),
            *_objects(resolved),
            *_dtypes(resolved),
            *check_shapes(resolved),
        ]
    else:
        found += check_masks_of_points(resolved)
    return found + list(check_placement(resolved))


# ---- the choice


def _choice(comparison: Comparison) -> Iterator[Finding]:
    if not comparison.predictions:
        text = "No prediction was chosen. Choose at least one to compare with the ground truth."
        yield Finding("no-prediction", Severity.ERROR, text)
    for item in comparison.predictions:
        if item.name.startswith(f"{RAW} (prediction)"):
            text = (
                f"A prediction was named raw; it appears as {item.name}, because raw is the name "
                "of the baseline."
            )
            yield Finding("renamed", Severity.INFO, text, item.name)
    if comparison.task is Task.DETECTIONS and comparison.settings.radius is None:
        text = (
            "No match radius was given, so nothing says how near a point must be to count as "
            "found. Enter the largest distance of a match."
        )
        yield Finding("no-radius", Severity.ERROR, text)
    for decision in comparison.settings.decisions:
        named = [f"{d.ALIGN}{p.name}" for p in comparison.predictions]
        if decision not in (*d.REMEDIES, *named) or decision == d.ALIGN:
            text = (
                f"{decision!r} is no remedy that is known here, so it changes nothing. "
                f"Known are {', '.join(d.REMEDIES)}<candidate>."
            )
            yield Finding("unknown-decision", Severity.WARNING, text)


# ---- one input by itself


def _single(comparison: Comparison, name: str | None, item: Input) -> Iterator[Finding]:
    who = sentence(called(name, comparison.task))
    kind = np.dtype(item.data.dtype).kind
    if kind not in "biuf":
        what = "complex numbers" if kind == "c" else f"values of type {item.data.dtype}"
        text = f"{who} holds {what}, not numbers with an order. Choose or make a real-valued layer."
        yield Finding("dtype", Severity.ERROR, text, name)
    if comparison.task is Task.DETECTIONS:
        if 0 not in item.shape and (len(item.shape) != 2 or item.shape[1] != len(item.axes)):
            text = (
                f"{who} should have one row a point and one column for each axis {item.axes}, "
                f"but its shape is {times(item.shape)}."
            )
            yield Finding("points-shape", Severity.ERROR, text, name)
    elif len(item.shape) != len(item.axes) or len(item.shape) < 2:
        text = (
            f"{who} has {len(item.shape)} axes and {len(item.axes)} of them are named "
            f"({item.axes or 'none'}). An image has at least y and x, and every axis has a name."
        )
        yield Finding("not-an-image", Severity.ERROR, text, name)
        return
    elif 0 in item.shape:
        text = f"{who} is {times(item.shape)}: it has no pixels. Choose another layer."
        yield Finding("empty-image", Severity.ERROR, text, name)
    yield from _axis_names(comparison, name, item)


def _axis_names(comparison: Comparison, name: str | None, item: Input) -> Iterator[Finding]:
    who = sentence(called(name, comparison.task))
    named = [a for a in item.axes if a != UNKNOWN]
    strange = set(named) - set(FRAME_AXES + SPATIAL_AXES)
    if strange or len(set(named)) != len(named) or not {"y", "x"} <= set(named):
        text = (
            f"The axes of {called(name, comparison.task)} are given as {item.axes}. Each has to "
            f"be one of {_LETTERS}, named once, y and x among them."
        )
        yield Finding("axes-invalid", Severity.ERROR, text, name)
        return
    if UNKNOWN not in item.axes:
        return
    free = [a for a in CHOICES if a not in item.axes]
    truth = comparison.ground_truth.axes
    if name is not None and item.axes == truth:
        return  # the same question was asked of the ground truth; one answer serves both
    if name is not None and UNKNOWN not in truth and len(truth) == len(item.axes):
        free = [a for a in free if a in truth] or free
    if item.axes.count(UNKNOWN) > len([a for a in CHOICES if a not in item.axes]):
        text = (
            f"{who} has {len(item.axes)} axes; at most t, c, z, y and x are handled. "
            "Choose a part with fewer axes."
        )
        yield Finding("too-many-axes", Severity.ERROR, text, name)
        return
    at = item.axes.index(UNKNOWN)
    what = "" if comparison.task is Task.DETECTIONS else f" of {item.shape[at]}"
    text = (
        f"{who} has a {_ordinal(at)} axis{what} that nobody has named. Say whether it is time, "
        "depth or channels: depth is compared as one volume, time and channels image by image."
    )
    remedies = tuple(Remedy(f"{d.AXIS}{a}", f"It is {CHOICES[a]} ({a})") for a in free)
    yield Finding("unknown-axes", Severity.ERROR, text, name, remedies)


def _ordinal(index: int) -> str:
    return ("first", "second", "third", "fourth", "fifth", "sixth")[min(index, 5)]


# ---- a candidate beside the ground truth


def _axes_of_pair(comparison: Comparison, name: str) -> Iterator[Finding]:
    truth, item = comparison.ground_truth, comparison.candidates[name]
    who = sentence(called(name, comparison.task))
    if set(truth.axes) != set(item.axes):
        text = f"{who} has the axes {item.axes}, the ground truth {truth.axes}. "
        remedies: tuple[Remedy, ...] = ()
        if item.shape == truth.shape and len(item.axes) == len(truth.axes):
            text += "Their sizes agree, so one of them may be misnamed."
            label = f"Read it as {truth.axes} too"
            remedies = (Remedy(d.GROUND_TRUTH_AXES, label),)
        elif set(truth.axes) ^ set(item.axes) == {"c"}:
            text += (
                "One is in colour and the other is not. Compare colour with colour, or choose "
                "one channel (in napari: Layers > Split RGB or Split stack)."
            )
        else:
            text += "Choose layers with the same axes, or the part of one that the other shows."
        yield Finding("axes-mismatch", Severity.ERROR, text, name, remedies)
    elif _frames(item) != _frames(truth) and comparison.task is not Task.DETECTIONS:
        text = (
            f"{who} has the axes {item.axes}, the ground truth {truth.axes}: frames are in "
            "another order. Swap its first axes, for example with numpy.swapaxes."
        )
        yield Finding("axes-order", Severity.ERROR, text, name)


def _frames(item: Input) -> str:
    return "".join(a for a in item.axes if a in FRAME_AXES)


def _shapes(comparison: Comparison) -> Iterator[Finding]:
    truth = comparison.ground_truth
    want = sizes_of(truth)
    different = [n for n, i in comparison.candidates.items() if sizes_of(i) != want]
    if not different:
        return
    remedies = []
    offsets = overlap_offsets(comparison)
    moved = any(any(o.values()) for o in offsets.values())
    common = crop_window(comparison, {})
    overlap = crop_window(comparison, offsets) if moved else None
    which = "both" if len(comparison.candidates) == 1 else "all"
    way_out = "Choose another layer."
    if overlap:
        size = times([last - first for first, last in overlap.values()])
        remedies.append(Remedy(d.CROP_TO_OVERLAP, f"Crop {which} to the shared {size}"))
    if common:
        size = times([last - first for first, last in common.values()])
        remedies.append(Remedy(d.CROP_TO_COMMON, f"Crop {which} to {size}"))
        way_out = f"Crop {which} to the common {size} area, or choose another layer."
    if overlap:
        way_out = f"Their positions are known: crop {which} to what they share, or choose another."
    for name in different:
        item = comparison.candidates[name]
        text = (
            f"{sentence(called(name, comparison.task))} is {times(item.shape)}, the ground truth "
            f"{times(truth.shape)}. Nothing was resized. {way_out}"
        )
        yield Finding("shape-mismatch", Severity.ERROR, text, name, tuple(remedies))


def _ignore(comparison: Comparison) -> Iterator[Finding]:
    ignore, truth = comparison.ignore, comparison.ground_truth
    if ignore is not None and tuple(ignore.shape) != truth.shape:
        text = (
            f"The mask of ignored pixels is {times(tuple(ignore.shape))}, the ground truth "
            f"{times(truth.shape)}. Draw it on the ground truth, or leave it out."
        )
        yield Finding("ignore-shape", Severity.ERROR, text)


def _objects(comparison: Comparison) -> Iterator[Finding]:
    objects, truth = comparison.objects, comparison.ground_truth
    if objects is None or comparison.task is not Task.RESTORATION:
        return
    if objects.shape != truth.shape:
        text = (
            f"The labels of objects are {times(objects.shape)}, the ground truth "
            f"{times(truth.shape)}. Choose labels of the same shape, or leave them out."
        )
        yield Finding("objects-shape", Severity.ERROR, text)
    elif np.dtype(objects.data.dtype).kind not in "iub":
        text = (
            f"The labels of objects are {np.dtype(objects.data.dtype)}, and ids are whole numbers. "
            "Choose labels, one id an object."
        )
        yield Finding("objects-dtype", Severity.ERROR, text)


def _dtypes(comparison: Comparison) -> Iterator[Finding]:
    if comparison.task is not Task.RESTORATION:
        return
    truth = np.dtype(comparison.ground_truth.data.dtype)
    for name, item in inputs_of(comparison).items():
        who = sentence(called(name))
        dtype = np.dtype(item.data.dtype)
        if dtype.kind == "b":
            text = (
                f"{who} holds only true and false: it is a mask, not an image. Compared as an "
                "image it counts as 0 and 1; to compare masks choose the task foreground."
            )
            yield Finding("mask-as-image", Severity.WARNING, text, name)
        elif comparison.settings.convention.fit == "none" and dtype.kind != truth.kind:
            text = (
                f"{who} is {dtype}, the ground truth {truth}, and under this convention nothing "
                "is fitted: if their value ranges differ, scores say only that. Rescale it "
                "first, or choose a convention that fits gain and offset."
            )
            yield Finding("dtype-differs", Severity.WARNING, text, name)
