"""The layer *ground truth (mended)*: made where the ground truth lies, and known again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.viewer.highlight import NAME as OUTLINE
from napari_verdict.viewer.layers import MARK, MENDED, kind_of
from napari_verdict.viewer.placement import placement_of
from napari_verdict.viewer.places import frame_and_crop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Input
    from napari_verdict.comparison.objects.labels import LabelResult

NAME = "ground truth (mended)"


def add_copy(viewer: Any, original: LabelResult, reference: Any, labels: NDArray[Any]) -> Any:
    """Add labels as the mended copy, beneath the outline of what is looked at.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Its camera stays where it is.
    original : LabelResult
        Against the ground truth that they were made from.
    reference : napari layer
        The ground truth.
    labels : ndarray
        The layer holds on to them.
    """
    from napari.layers import Labels

    truth = original.comparison.ground_truth
    shift = frame_and_crop(original, reference)[1] * np.asarray(reference.scale)
    place = placement_of(reference)
    place["translate"] = np.asarray(place["translate"]) + shift
    # what it was made from tells whose copy it is
    known = {MENDED: truth.data}
    layer = Labels(labels, name=NAME, metadata=known, opacity=0.5, **place)
    camera = viewer.scene.camera
    center, zoom = camera.center, camera.zoom
    viewer.add_layer(layer)
    camera.center, camera.zoom = center, zoom
    layers = viewer.layers
    top = next((x for x in layers if x.metadata.get(MARK, {}).get("name") == OUTLINE), None)
    if top is not None:  # it shows what is looked at
        layers.move(layers.index(top), -1)
        layers.selection.active = layer
    return layer


def copies_of(viewer: Any, truth: Input, reference: Any) -> list[tuple[Any, Any]]:
    """Return layers that may be mended copies of a ground truth, by their shape and dtype.

    Returns
    -------
    list of (layer, array-like or None)
        Each with what it was made from; None where it is the ground truth itself by now, which
        goes before the others.
    """
    layers = [x for x in viewer.layers if _may_be_copy(x, truth)]
    layers.sort(key=lambda x: x is not reference)
    return [(x, None if x is reference else x.metadata[MENDED]) for x in layers]


def events_of(layer: Any) -> tuple[Any, ...]:
    """Return the events of which one at least comes when the labels change."""
    # "paint" may come before the pixels are written, one of the others after
    events = layer.events
    return events.paint, events.set_data, events.labels_update, events.data


def _may_be_copy(layer: Any, truth: Input) -> bool:
    if kind_of(layer) != "labels" or MENDED not in layer.metadata:
        return False
    data = layer.data
    fits = isinstance(data, np.ndarray) and data.dtype == np.dtype(truth.data.dtype)
    return fits and data.shape == truth.shape
