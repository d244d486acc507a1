"""A layer as it is now, frozen for a worker."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from napari_verdict.comparison.axes import axes_from_labels
from napari_verdict.comparison.derived import crop
from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.geometry import whole_offset
from napari_verdict.comparison.model import Comparison, Input, Settings, Task, unique_names
from napari_verdict.engine.descriptions import describe
from napari_verdict.viewer.layers import Roles, kind_of, pixels_of


def snapshot(layer: Any, like: Any | None = None) -> Input:
    """Freeze a layer: its pixels or points, axes, geometry and origin.

    Call it on the main thread; no pixel is read. What a person may paint on meanwhile is
    copied by `detached`, in the worker, where it does not hold up the window.

    Parameters
    ----------
    layer : napari Image, Labels or Points layer
        Multiscale layers give their full resolution, RGB layers an axis ``c``.
    like : napari layer, optional
        A rotated or sheared layer is accepted if this one is placed in just the same way.

    Returns
    -------
    Input

    Raises
    ------
    ComparisonError
        If the layer is rotated or sheared against the image grid, or empty.
    """
    scale, translate = _grid(layer, like)
    units = tuple(_unit(u) for u in layer.units)
    axes = axes_from_labels(tuple(layer.axis_labels))
    data = pixels_of(layer)
    if kind_of(layer) == "points":
        data = np.array(data)
    if getattr(layer, "rgb", False):
        shape = (*(int(n) for n in data.shape[:-1]), 3)  # alpha is display, not image
        data = crop(data, (0,) * len(shape), shape)
        axes, scale, translate = axes + "c", (*scale, 1.0), (*translate, 0.0)
        units = (*units, "pixel")
    path = getattr(layer.source, "path", None)
    return Input(layer.name, data, axes, scale, translate, units, str(path) if path else None)


def lies_on(layer: Any, truth: Input, like: Any | None = None) -> bool:
    """Whether the pixels of a layer are just those of an input: shape, scale and place.

    Parameters
    ----------
    layer : napari Image or Labels layer
        Axes that it leaves unnamed are those of the input.
    truth : Input
        As it was compared.
    like : napari layer, optional
        As in `snapshot`.
    """
    try:
        given = snapshot(layer, like=like)
    except ComparisonError:
        return False
    if given.shape != truth.shape:
        return False
    offsets = whole_offset(replace(given, axes=truth.axes), truth)
    return offsets is not None and not any(offsets.values())


def comparison_of(roles: Roles, task: Task, settings: Settings) -> Comparison:
    """Freeze the chosen layers into the comparison they ask for.

    Axes that one layer leaves unnamed are taken from another that names them.

    Raises
    ------
    ComparisonError
        If a layer is missing or cannot be frozen; all reasons at once.
    """
    findings: list[Finding] = []

    def frozen(layer: Any) -> Input | None:
        try:
            return snapshot(layer, like=roles.ground_truth)
        except ComparisonError as error:
            findings.extend(error.findings)
            return None

    truth = frozen(roles.ground_truth) if roles.ground_truth is not None else None
    predictions = [frozen(x) for x in roles.predictions]
    raw = frozen(roles.raw) if roles.raw is not None and task is Task.RESTORATION else None
    if roles.ground_truth is None:
        findings.append(_error("no-ground-truth", "Choose the ground truth to compare with."))
    if not predictions:
        findings.append(_error("no-prediction", "Tick at least one prediction to validate."))
    if findings or truth is None:
        raise ComparisonError(findings)
    truth, *rest = share_axes([truth, *(p for p in predictions if p is not None)])
    if raw is not None:
        raw = share_axes([raw, truth])[0]
    names = unique_names([p.name for p in rest])
    rest = [replace(p, name=n) for p, n in zip(rest, names, strict=True)]
    return Comparison(task, truth, tuple(rest), raw, settings)


def detached(comparison: Comparison) -> Comparison:
    """Copy the labels of a comparison, so that painting no longer reaches them.

    For a worker. A stroke that is made while this copies is in the copy or not; `Freshness`
    compares the layer with the copy afterwards, and says so if they differ.
    """
    from napari_verdict.viewer.regions import own_limits

    comparison = own_limits(comparison)
    if not comparison.task.is_labels:
        return comparison

    def own(one: Input) -> Input:
        # what lies in a file may be larger than memory
        in_memory = isinstance(describe(one.data), np.ndarray)
        return replace(one, data=one.data.copy()) if in_memory else one

    return replace(
        comparison,
        ground_truth=own(comparison.ground_truth),
        predictions=tuple(own(p) for p in comparison.predictions),
    )


def share_axes(inputs: list[Input]) -> list[Input]:
    """Fill unnamed axes from the first other input of as many axes that names them."""
    shared = []
    for one in inputs:
        axes = one.axes
        for other in inputs:
            if "?" in axes and len(other.axes) == len(axes):
                axes = "".join(
                    b if a == "?" and b not in axes else a
                    for a, b in zip(axes, other.axes, strict=True)
                )
        shared.append(replace(one, axes=axes) if axes != one.axes else one)
    return shared


def _grid(layer: Any, like: Any | None) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return scale and translate along the axes, or refuse what is more than that."""
    affine = np.asarray(layer.affine.affine_matrix)
    linear, shift = affine[:-1, :-1], affine[:-1, -1]
    stretch = np.diag(linear)
    straight = (
        np.allclose(linear, np.diag(stretch))
        and np.allclose(layer.rotate, np.eye(layer.ndim))
        and np.allclose(_off_diagonal(layer.shear), 0)
    )
    if straight:
        scale = stretch * layer.scale
        translate = stretch * layer.translate + shift
    elif like is not None and _placed_alike(layer, like):
        scale, translate = np.asarray(layer.scale), np.asarray(layer.translate)
    else:
        raise ComparisonError(
            [
                _error(
                    "rotated-layer",
                    f"“{layer.name}” is rotated or sheared in the viewer, so its pixels do not "
                    "lie on those of the ground truth. Reset its transform (transform mode, "
                    "then Alt-click), or save it resampled and open that.",
                    layer.name,
                )
            ]
        )
    return tuple(float(s) for s in scale), tuple(float(t) for t in translate)


def _placed_alike(a: Any, b: Any) -> bool:
    return a.ndim == b.ndim and all(
        np.allclose(np.asarray(x), np.asarray(y))
        for x, y in (
            (a.scale, b.scale),
            (a.translate, b.translate),
            (a.rotate, b.rotate),
            (a.shear, b.shear),
            (a.affine.affine_matrix, b.affine.affine_matrix),
        )
    )


def _off_diagonal(shear: Any) -> Any:
    shear = np.asarray(shear)
    return shear if shear.ndim < 2 else shear - np.diag(np.diag(shear))


def _unit(unit: Any) -> str:
    short = f"{unit:~}".replace("\N{GREEK SMALL LETTER MU}", "\N{MICRO SIGN}")
    return "pixel" if short in ("px", "pixel", "") else short


def _error(code: str, message: str, candidate: str | None = None) -> Finding:
    return Finding(code, Severity.ERROR, message, candidate)
