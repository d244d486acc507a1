"""The Python face: compare arrays, get a result. No napari, no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.conventions import CONVENTIONS, LAINE_2021, Convention
from napari_verdict.comparison.exclusions import Exclusions
from napari_verdict.comparison.inputs import input_from
from napari_verdict.comparison.model import Comparison, Input, Settings, Task, unique_names
from napari_verdict.comparison.regions import regions_from, regions_of_points
from napari_verdict.comparison.run import complete, run

if TYPE_CHECKING:
    from napari_verdict.comparison.result import Result


def compare_images(
    prediction: Any,
    ground_truth: Any,
    raw: Any | None = None,
    *,
    axes: str | None = None,
    spacing: tuple[float, ...] | None = None,
    convention: str | Convention = LAINE_2021,
    ssim_3d: bool = False,
    ignore: Any | None = None,
    region: Any | None = None,
    objects: Any | None = None,
    decisions: tuple[str, ...] = (),
    threads: int | None = None,
) -> Result:
    """Score restored images, and raw, against a ground truth.

    Parameters
    ----------
    prediction : array-like or mapping of str to array-like
        One prediction, or several by name. numpy, dask or zarr; never changed.
    ground_truth : array-like
        The reference, of the same shape.
    raw : array-like, optional
        The image that was restored: the baseline every prediction is judged beside.
    axes : str, optional
        One letter an axis out of ``tczyx``; ``yx`` for 2D. For more axes it must be given.
    spacing : tuple of float, optional
        Physical size of a pixel along each axis; used by `ssim_3d`.
    convention : str or Convention
        ``laine2021`` (default), ``zerocostdl4mic`` or ``raw-units``.
    ssim_3d : bool
        Filter SSIM along z too.
    ignore : array-like of bool, optional
        True where pixels are left out.
    region : array-like, mapping of str to array-like, or Region, optional
        Parts of the image that get rows of their own beside the whole: a mask, labels of which
        each id is a region, or the corners of a polygon as (y, x) in pixels.
    objects : array-like of int, optional
        Labels of objects, shaped as the ground truth: rows say how well the mean intensity of each
        is kept (``object_pearson``, ``object_bias``, ``object_limit_low``, ``object_limit_high``).
        Ids below 0 count, with a finding, unless ``negative-to-background`` is accepted.
    decisions : tuple of str
        Remedies accepted beforehand, e.g. ``("crop-to-common",)``.
    threads : int, optional
        By default one for each processor.

    Returns
    -------
    ImageResult
        With `scores`, `maps`, `verdict` and `to_json()`. Of dask and zarr arrays the maps are
        computed where they are read.

    Raises
    ------
    ComparisonError
        In plain words, when the images cannot be compared as asked.

    Examples
    --------
    >>> result = compare_images({"cnn": cnn, "nlm": nlm}, ground_truth, raw)  # doctest: +SKIP
    >>> result.score("ssim", "cnn").value  # doctest: +SKIP
    0.8737236224380064
    """
    chosen = CONVENTIONS[convention] if isinstance(convention, str) else convention
    settings = Settings(convention=chosen, ssim_3d=ssim_3d, decisions=decisions)
    comparison = _comparison(
        Task.RESTORATION, prediction, ground_truth, raw, axes, spacing, settings, ignore, region
    )
    if objects is not None:
        labels = objects if hasattr(objects, "dtype") else np.asarray(objects)
        comparison = replace(
            comparison, objects=Input("objects", labels, comparison.ground_truth.axes)
        )
    return complete(run(comparison, threads=threads))


def compare_labels(
    prediction: Any,
    ground_truth: Any,
    *,
    task: str | Task = Task.INSTANCES,
    axes: str | None = None,
    spacing: tuple[float, ...] | None = None,
    iou_threshold: float = 0.5,
    iou_inclusive: bool = True,
    ignore: Any | None = None,
    region: Any | None = None,
    border: str = "keep",
    min_size: int = 0,
    sparse: bool = False,
    decisions: tuple[str, ...] = (),
    threads: int | None = None,
) -> Result:
    """Score labels against labels: objects, foreground or classes.

    Parameters
    ----------
    prediction : array-like of int or mapping of str to array-like
        One prediction, or several by name; 0 is background, any other id an object.
    ground_truth : array-like of int
        The reference, of the same shape.
    task : str or Task
        ``instances`` (default), ``foreground`` or ``semantic``.
    axes : str, optional
        One letter an axis out of ``tczyx``. Objects are matched in 3D over z and frame by
        frame over t and c. For more than two axes it must be given.
    spacing : tuple of float, optional
        Physical size of a pixel along each axis.
    iou_threshold : float
        An object is matched at this intersection over union.
    iou_inclusive : bool
        Whether exactly the threshold matches (>=, the default).
    ignore : array-like of bool, optional
        True where pixels are left out.
    region : array-like, mapping of str to array-like, or Region, optional
        Parts of the image that get rows of their own beside the whole: a mask, labels of which
        each id is a region, or the corners of a polygon as (y, x) in pixels.
    border : str
        ``keep`` (default) or ``ignore``: objects that touch the border of the image.
    min_size : int
        Objects of fewer pixels are ignored.
    sparse : bool
        Whether only some of the objects are labelled in the ground truth: scores that need all
        of them are then undefined.
    decisions : tuple of str
        Remedies accepted beforehand.
    threads : int, optional
        By default one for each processor.

    Returns
    -------
    LabelResult
        With `scores`, `objects`, `curve`, `at(threshold)`, `overlays(candidate)`.

    Raises
    ------
    ComparisonError
        In plain words, when the labels cannot be compared as asked.
    """
    settings = Settings(
        iou_threshold=iou_threshold,
        iou_inclusive=iou_inclusive,
        decisions=decisions,
        exclusions=Exclusions(border, min_size, sparse),
    )
    comparison = _comparison(
        Task(task), prediction, ground_truth, None, axes, spacing, settings, ignore, region
    )
    return complete(run(comparison, threads=threads))


def compare_points(
    prediction: Any,
    ground_truth: Any,
    *,
    radius: float,
    axes: str | None = None,
    spacing: tuple[float, ...] | None = None,
    ignore: Any | None = None,
    region: Any | None = None,
    sparse: bool = False,
) -> Result:
    """Score detections against detections, matched one to one within a radius.

    Parameters
    ----------
    prediction : (n, d) array-like or mapping of str to array-like
        Coordinates in pixels.
    ground_truth : (n, d) array-like
        Coordinates in pixels.
    radius : float
        The largest distance of a match, in units of `spacing`.
    axes : str, optional
        One letter a coordinate; ``yx`` or ``zyx`` by default. Frames (t, c) are matched
        one by one.
    spacing : tuple of float, optional
        Physical size of a pixel along each axis.
    ignore : array-like of bool, optional
        True where points are neither right nor wrong; an axis for each coordinate, or for the last
        of them, in pixels of the ground truth. Points are matched first and ignored second.
    region : array-like, mapping of str to array-like, or Region, optional
        Parts of the image that get rows of their own: a mask, or labels, along the last axes, or
        the corners of a polygon as (y, x) in pixels. A pair belongs to where its true point is.
    sparse : bool
        Whether the ground truth has only some of the points: scores that need all of them are
        undefined then.

    Returns
    -------
    DetectionResult
        With `scores` and `objects`.

    Raises
    ------
    ComparisonError
        In plain words, when the points cannot be compared as asked.
    """
    truth = np.asarray(ground_truth, dtype=float)
    axes = axes or ("yx" if truth.shape[-1] == 2 else "zyx")
    settings = Settings(radius=radius, exclusions=Exclusions(sparse=sparse))
    comparison = _comparison(
        Task.DETECTIONS, prediction, truth, None, axes, spacing, settings, ignore
    )
    regions = regions_of_points(region, comparison.ground_truth.axes)
    return complete(run(replace(comparison, regions=regions)))


def _comparison(
    task: Task,
    prediction: Any,
    ground_truth: Any,
    raw: Any | None,
    axes: str | None,
    spacing: tuple[float, ...] | None,
    settings: Settings,
    ignore: Any | None,
    region: Any | None = None,
) -> Comparison:
    named = prediction if isinstance(prediction, Mapping) else {"prediction": prediction}
    ndim = len(axes) if task is Task.DETECTIONS and axes else None

    def as_input(name: str, data: Any) -> Input:
        return input_from(name, data, axes, spacing, ndim)

    names = unique_names([str(n) for n in named])
    truth = as_input("ground truth", ground_truth)
    return Comparison(
        task,
        truth,
        tuple(as_input(n, d) for n, d in zip(names, named.values(), strict=True)),
        as_input("raw", raw) if raw is not None else None,
        settings,
        ignore,
        regions_from(region, truth.axes, truth.shape),
    )
