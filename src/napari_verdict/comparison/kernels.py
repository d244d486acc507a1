"""Kernels are made ready on a miniature before the work, so that preparing has a name and an end.

numba compiles a kernel when it is first called with some types, and keeps it on disk. A
miniature of the comparison, with the same types, calls all that the work will call, a step at
a time; between two steps the work can be cancelled.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.derived import changed
from napari_verdict.comparison.model import Comparison, Input, Task
from napari_verdict.comparison.objects.overlays import outline, overlays, rewrite
from napari_verdict.comparison.result import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from napari_verdict.comparison.objects.labels import LabelResult
    from napari_verdict.engine.cancel import CancelToken

#: Pixels of a miniature along each axis; an axis that is shorter stays so.
_SIZES = {"t": 1, "c": 1, "z": 3, "y": 16, "x": 16}
#: Steps in which a miniature is compared, about.
_STEPS = 6
_ready: set[tuple[Any, ...]] = set()


def prepare_kernels(
    comparison: Comparison, work: Callable[[], Any], token: CancelToken
) -> Generator[Progress, None, None]:
    """Compare a miniature, unless that was done before in this process.

    Parameters
    ----------
    comparison : Comparison
        What will be compared.
    work : callable
        Returns what runs it (`run_images`, `run_labels`); numba is imported by it.
    token : CancelToken
        Checked between the steps.

    Yields
    ------
    Progress
        Of the step ``preparing``.

    Raises
    ------
    Cancelled
        If the token was set.
    """
    if comparison.task is Task.DETECTIONS:  # coordinates, which no kernel reads
        return
    kinds = _kinds(comparison)
    if kinds in _ready:
        return
    yield Progress(0, _STEPS, "preparing")
    token.check()
    steps = _steps(comparison, work, token)
    for k, _ in enumerate(steps):
        yield Progress(min(k + 1, _STEPS), _STEPS, "preparing")
        token.check()
    _ready.add(kinds)


def _steps(
    comparison: Comparison, work: Callable[[], Any], token: CancelToken
) -> Generator[Progress, None, None]:
    result = yield from work()(_miniature(comparison), token=token, threads=1)
    if comparison.task is not Task.RESTORATION:
        _paint(result)


def _paint(result: LabelResult) -> None:
    """Paint what a window shows of labels, and again at another threshold."""
    name = result.comparison.predictions[0].name
    painted = overlays(result, name)
    if isinstance(painted["pixels"], np.ndarray):
        rewrite(result, result.at(1.0), name, painted)
    else:
        for overlay in painted.values():
            np.asarray(overlay)
    if isinstance(outlined := painted.get("predicted objects"), np.ndarray):
        outline(result, name, outlined)


def _kinds(comparison: Comparison) -> tuple[Any, ...]:
    inputs = (comparison.ground_truth, *comparison.candidates.values())
    of_inputs = (
        (np.dtype(i.data.dtype).str, i.source.in_memory, i.axes, *_small(i)) for i in inputs
    )
    settings = comparison.settings
    flags = settings.ssim_3d, settings.convention.id, comparison.ignore is not None
    return comparison.task, flags, *sorted(set(of_inputs))


def _small(item: Input) -> tuple[int, ...]:
    return tuple(min(n, _SIZES[a]) for a, n in zip(item.axes, item.shape, strict=True))


def _miniature(comparison: Comparison) -> Comparison:
    def small(item: Input) -> Input:
        dtype = np.dtype(item.data.dtype)
        shape = _small(item)
        pixels: Any = np.resize(np.arange(7) % (2 if dtype.kind == "b" else 7), shape)
        pixels = np.ascontiguousarray(pixels.astype(dtype))
        if comparison.task is Task.RESTORATION and dtype.kind == "f" and item is not truth:
            pixels.flat[0] = np.nan  # masked pixels take ways of their own
        if not item.source.in_memory:
            pixels = changed(pixels, np.array, dtype)
        return replace(item, data=pixels)

    truth = comparison.ground_truth
    ignore = comparison.ignore
    return replace(
        comparison,
        ground_truth=small(truth),
        predictions=tuple(small(p) for p in comparison.predictions),
        raw=None if comparison.raw is None else small(comparison.raw),
        regions=(),
        objects=None,
        ignore=None if ignore is None else np.zeros(_small(truth), bool),
    )
