"""What preflight says of regions and of the ignore mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_verdict.comparison.findings import Finding, Severity
from napari_verdict.comparison.model import Task
from napari_verdict.comparison.words import times
from napari_verdict.engine.blocks import blocks_of
from napari_verdict.engine.cancel import CancelToken
from napari_verdict.engine.sources import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.comparison.regions import Region


def check_shapes(comparison: Comparison) -> Iterator[Finding]:
    """Check what can be checked of regions without reading pixels."""
    truth = comparison.ground_truth
    sizes = dict(zip(truth.axes, truth.shape, strict=True))
    yield from _same_names(comparison)
    for region in comparison.regions:
        if region.labels is None:
            continue
        shape = tuple(int(n) for n in region.labels.shape)
        if not set(region.axes) <= set(sizes) or shape != tuple(sizes[a] for a in region.axes):
            text = (
                f"The region “{region.name}” is given on {times(shape)} pixels, the ground truth "
                f"has {times(truth.shape)}. Draw it on the ground truth, or crop it to its shape."
            )
            yield Finding("region-shape", Severity.ERROR, text)


def check_masks_of_points(comparison: Comparison) -> Iterator[Finding]:
    """Check the axes of regions and of the ignore mask beside points, which have no shape."""
    axes = comparison.ground_truth.axes
    yield from _same_names(comparison)
    for region in comparison.regions:
        if region.labels is None:
            continue
        if not set(region.axes) <= set(axes) or len(region.axes) != len(region.labels.shape):
            text = (
                f"The region “{region.name}” is given on {times(tuple(region.labels.shape))} "
                f"pixels, along {region.axes}; the points lie along {axes}. Give a mask with an "
                "axis for each of these, or for the last of them."
            )
            yield Finding("region-shape", Severity.ERROR, text)
    ignore = comparison.ignore
    if ignore is not None and not 2 <= len(ignore.shape) <= len(axes):
        text = (
            f"The mask of ignored pixels is {times(tuple(ignore.shape))}, and points lie along "
            f"{axes}. Give a mask with an axis for each of these, or for the last of them."
        )
        yield Finding("ignore-shape", Severity.ERROR, text)


def _same_names(comparison: Comparison) -> Iterator[Finding]:
    names = [r.name for r in comparison.regions]
    for name in sorted({n for n in names if names.count(n) > 1}):
        text = (
            f"Several regions are called “{name}”, so their rows cannot be told apart. Rename one."
        )
        yield Finding("region-names", Severity.ERROR, text)


def check_limits(comparison: Comparison, token: CancelToken | None) -> Iterator[Finding]:
    """Check that regions and the ignore mask leave something; reads them, not the images."""
    token = token or CancelToken()
    if comparison.task is Task.DETECTIONS:  # which have no pixels to be counted
        return
    for region in comparison.regions:
        pixels, left = _counted(comparison, region, token)
        if not pixels:
            text = (
                f"The region “{region.name}” has no pixel of the ground truth: it is empty or lies "
                "outside of the image, and its scores are undefined. Move it onto the image."
            )
            yield Finding("region-empty", Severity.WARNING, text)
        elif not left:
            text = (
                f"All of the region “{region.name}” is in the ignore mask, so its scores are "
                "undefined. Ignore less, or choose another region."
            )
            yield Finding("region-ignored", Severity.WARNING, text)
    masked = comparison.task.is_labels and comparison.ignore is not None
    if masked and not _counted(comparison, None, token)[1]:
        text = "Every pixel is ignored, so nothing is left to compare. Ignore less."
        yield Finding("all-ignored", Severity.ERROR, text)


def _counted(
    comparison: Comparison, region: Region | None, token: CancelToken
) -> tuple[bool, bool]:
    """Return whether there is a pixel, and whether there is one that is not ignored."""
    source = comparison.ground_truth.source
    ignore = comparison.ignore
    mask = None if ignore is None else Source(ignore, comparison.ground_truth.axes)
    some = False
    for frame in source.frames:
        for block in blocks_of(frame, source.shape):
            token.check()
            at = frame, block.z, block.y
            here = None if region is None else region.read(source, *at)
            if here is not None and not here.any():
                continue
            some = True
            if mask is None:
                return True, True
            kept = mask.read(*at) == 0
            if (kept if here is None else kept & here).any():
                return True, True
    return some, False
