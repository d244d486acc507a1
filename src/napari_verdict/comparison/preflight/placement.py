"""The part of preflight that asks whether pixels of two inputs show the same place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_verdict.comparison.findings import Finding, Remedy, Severity
from napari_verdict.comparison.geometry import (
    OFFSET_TOLERANCE,
    pixel_offset,
    pixel_size,
    same_scale,
    same_units,
    sizes_of,
)
from napari_verdict.comparison.model import Comparison, Task
from napari_verdict.comparison.preflight import decisions as d
from napari_verdict.comparison.preflight.cropping import crop_window, overlap_offsets
from napari_verdict.comparison.words import called, sentence, times

if TYPE_CHECKING:
    from collections.abc import Iterator


def check_placement(comparison: Comparison) -> Iterator[Finding]:
    """Compare scale, units and position of every candidate with those of the ground truth.

    All inputs have the same axes. Scores compare pixel by pixel, so a difference is a
    warning: either the metadata of one is missing, or they do not show the same place.
    """
    truth = comparison.ground_truth
    for name, item in comparison.candidates.items():
        if not same_scale(item, truth) or not same_units(item, truth):
            yield _scale(comparison, name)
            continue
        offsets = pixel_offset(item, truth)
        if any(abs(o) > OFFSET_TOLERANCE for o in offsets.values()):
            yield _position(comparison, name, offsets)


def _scale(comparison: Comparison, name: str) -> Finding:
    truth, item = comparison.ground_truth, comparison.candidates[name]
    who = sentence(called(name, comparison.task))
    sizes = f"a pixel of {called(name, comparison.task)} is {pixel_size(item)}, of the ground truth"
    if same_scale(item, truth):
        code, start = "units-mismatch", f"Units differ: {sizes} {pixel_size(truth)}."
    else:
        code, start = "scale-mismatch", f"Scale differs: {sizes} {pixel_size(truth)}."
    use = Remedy(d.GROUND_TRUTH_GEOMETRY, f"Use {pixel_size(truth)}")
    if comparison.task is Task.DETECTIONS:
        ours = same_units(item, truth)
        means = (
            "Every point is compared where the size of its own pixels puts it. Convert the points "
            "if that is right, or use the ground truth's size if it is not."
            if ours
            else "These units cannot be converted, so numbers are compared as they are, and "
            "distances mean little if the units really differ. Use the ground truth's size if not."
        )
        convert = (Remedy(d.CONVERT_COORDINATES, "Convert the points"),)
        return Finding(
            code,
            Severity.WARNING,
            f"{start} {means}",
            name,
            (*convert, use) if ours else (use,),
        )
    if sizes_of(item) == sizes_of(truth):
        text = (
            f"{start} Their shapes agree, so the size is probably missing in one of them. "
            "They are compared pixel by pixel, in the ground truth's scale."
        )
        return Finding(code, Severity.WARNING, text, name, (use,))
    text = f"{start} {who} may have been resampled: pixels then do not show the same place."
    return Finding(code, Severity.WARNING, text, name, (use,))


def _position(comparison: Comparison, name: str, offsets: dict[str, float]) -> Finding:
    who = sentence(called(name, comparison.task))
    where = ", ".join(
        f"{o:+.4g} px along {axis}" for axis, o in offsets.items() if abs(o) > OFFSET_TOLERANCE
    )
    start = f"{who} lies elsewhere than the ground truth: {where}."
    use = Remedy(d.GROUND_TRUTH_GEOMETRY, "Compare pixel by pixel")
    if comparison.task is Task.DETECTIONS:
        text = (
            f"{start} Every point is compared where that puts it. Convert the points if that is "
            "right, or compare pixel by pixel if the position is wrong."
        )
        remedies = (Remedy(d.CONVERT_COORDINATES, "Convert the points"), use)
        return Finding("translate-mismatch", Severity.WARNING, text, name, remedies)
    whole = overlap_offsets(comparison).get(name)
    if whole is None:
        text = (
            f"{start} That is not a whole number of pixels. Nothing was shifted: they are "
            "compared pixel by pixel, from the first pixel of each."
        )
        return Finding("translate-mismatch", Severity.WARNING, text, name, (use,))
    window = crop_window(comparison, overlap_offsets(comparison))
    if window is None:
        text = (
            f"{start} By these positions they share no pixel. They are compared from the first "
            "pixel of each; check that they show the same place."
        )
        return Finding("translate-mismatch", Severity.WARNING, text, name, (use,))
    size = times([last - first for first, last in window.values()])
    which = "both" if len(comparison.candidates) == 1 else "all"
    text = (
        f"{start} Nothing was shifted: they are compared from the first pixel of each. Crop "
        f"{which} to the {size} area they share, or compare pixel by pixel if a position is wrong."
    )
    crop = Remedy(d.CROP_TO_OVERLAP, f"Crop {which} to the shared {size}")
    return Finding("translate-mismatch", Severity.WARNING, text, name, (crop, use))
