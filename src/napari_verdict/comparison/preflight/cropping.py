"""The area that inputs share: by their size, or by their positions in whole pixels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_verdict.comparison import geometry
from napari_verdict.comparison.axes import UNKNOWN
from napari_verdict.comparison.derived import crop
from napari_verdict.comparison.model import RAW, Comparison, Task
from napari_verdict.comparison.words import called, times

if TYPE_CHECKING:
    from napari_verdict.comparison.model import Input


def crop_window(
    comparison: Comparison, offsets: dict[str | None, dict[str, int]]
) -> dict[str, tuple[int, int]] | None:
    """Return the area all inputs share, as first and end pixel of the ground truth by axis.

    Parameters
    ----------
    comparison : Comparison
        All its inputs have the same axes, in any order.
    offsets : dict
        Where the first pixel of each input lies, by name and axis; 0 where missing.

    Returns
    -------
    dict or None
        None where they share nothing or their axes differ.
    """
    window = {}
    inputs = geometry.inputs_of(comparison)
    axes = set(comparison.ground_truth.axes)
    if any(set(i.axes) != axes or len(i.shape) != len(i.axes) for i in inputs.values()):
        return None
    if UNKNOWN in axes:
        return None
    for axis in comparison.ground_truth.axes:
        firsts = {name: offsets.get(name, {}).get(axis, 0) for name in inputs}
        ends = [firsts[name] + geometry.sizes_of(item)[axis] for name, item in inputs.items()]
        window[axis] = (max(firsts.values()), min(ends))
    return window if all(last > first for first, last in window.values()) else None


def overlap_offsets(comparison: Comparison) -> dict[str | None, dict[str, int]]:
    """Return where candidates lie by whole pixels; those that do not fit the grid are left out."""
    truth = comparison.ground_truth
    offsets: dict[str | None, dict[str, int]] = {}
    for name, item in comparison.candidates.items():
        if set(item.axes) == set(truth.axes) and (where := geometry.whole_offset(item, truth)):
            offsets[name] = where
    return offsets


def crop_to_overlap(comparison: Comparison) -> tuple[Comparison, str | None]:
    """Crop all inputs to what they share by their positions in whole pixels."""
    return _cropped(comparison, overlap_offsets(comparison), "the area that all images share")


def crop_to_common(comparison: Comparison) -> tuple[Comparison, str | None]:
    """Crop all inputs to the smallest size among them, from the first pixel."""
    return _cropped(comparison, {}, "the common size, from the first pixel")


def _cropped(
    comparison: Comparison, offsets: dict[str | None, dict[str, int]], to: str
) -> tuple[Comparison, str | None]:
    if comparison.task is Task.DETECTIONS:
        return comparison, None
    window = crop_window(comparison, offsets)
    inputs = geometry.inputs_of(comparison)
    if window is None or all(
        window[a] == (offsets.get(name, {}).get(a, 0), offsets.get(name, {}).get(a, 0) + n)
        for name, item in inputs.items()
        for a, n in geometry.sizes_of(item).items()
    ):
        return comparison, None
    shape = {axis: last - first for axis, (first, last) in window.items()}
    new = {
        name: _window(item, window, offsets.get(name, {}), shape) for name, item in inputs.items()
    }
    truth = comparison.ground_truth
    ignore = comparison.ignore
    if ignore is not None and tuple(ignore.shape) == truth.shape:
        ignore = crop(
            ignore, tuple(window[a][0] for a in truth.axes), tuple(shape[a] for a in truth.axes)
        )
    objects = comparison.objects
    if objects is not None and objects.shape == truth.shape:
        objects = _window(replace(objects, axes=truth.axes), window, {}, shape)
    names = [n for n, item in inputs.items() if new[n].shape != item.shape]
    what = ", ".join(called(n, comparison.task) for n in names)
    size = times(new[None].shape)
    return (
        replace(
            comparison,
            ground_truth=new[None],
            predictions=tuple(new[p.name] for p in comparison.predictions),
            raw=new.get(RAW, comparison.raw),
            ignore=ignore,
            objects=objects,
            regions=tuple(
                r.moved({a: first for a, (first, _) in window.items()}, shape)
                for r in comparison.regions
            ),
        ),
        f"Cropped to {to}, {size}, as accepted: {what}.",
    )


def _window(
    item: Input,
    window: dict[str, tuple[int, int]],
    offset: dict[str, int],
    shape: dict[str, int],
) -> Input:
    start = tuple(window[a][0] - offset.get(a, 0) for a in item.axes)
    data: Any = crop(item.data, start, tuple(shape[a] for a in item.axes))
    moved = zip(item.translate, start, item.scale, strict=True)
    return replace(item, data=data, translate=tuple(t + s * scale for t, s, scale in moved))
