"""Layers that show one image after another: what is shown changes, the layers stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.viewer.placement import place

if TYPE_CHECKING:
    from napari_verdict.comparison.model import Input

#: Key under which a layer's metadata says whose pixels it shows: ``""`` for raw, else a prediction.
SHOWS = "napari-verdict shows"


def layer_for(viewer: Any, image: Input, role: str, *, rgb: bool = False) -> Any:
    """Return the layer that shows raw or a prediction, made where there is none.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Where it is added, on top.
    image : Input
        What is shown first.
    role : str
        ``""`` for raw, an Image layer; else the name of a prediction, a Labels layer.
    rgb : bool
        Whether the last axis of the image holds the channels of a colour.

    Returns
    -------
    napari Image or Labels layer
    """
    from napari.layers import Image, Labels

    n = len(image.axes) - rgb
    for layer in viewer.layers:
        known = layer.metadata.get(SHOWS) == role and layer.ndim == n
        if known and bool(getattr(layer, "rgb", False)) == rgb:
            show(layer, image)
            return layer
    options: dict[str, Any] = {"name": image.name, "metadata": {SHOWS: role}}
    options |= placement_for(image, n)
    raw = not role
    layer = Image(image.data, rgb=rgb, **options) if raw else Labels(_whole(image.data), **options)
    if raw:
        _note_limits(layer)
    viewer.add_layer(layer)
    return layer


def show(layer: Any, image: Input) -> None:
    """Let a layer show another image; contrast follows unless a person has set it."""
    is_raw = not layer.metadata[SHOWS]
    if is_raw:
        mine = layer.metadata.get("limits", tuple(layer.contrast_limits))
        layer.data = image.data
        if mine == tuple(layer.contrast_limits):
            layer.reset_contrast_limits()
            _note_limits(layer)
        layer.name = image.name
    else:
        layer.data = _whole(image.data)
    place(layer, placement_for(image, layer.ndim))


def _note_limits(layer: Any) -> None:
    """Remember which limits of contrast were not set by a person."""
    layer.metadata["limits"] = tuple(layer.contrast_limits)


def placement_for(image: Input, ndim: int) -> dict[str, Any]:
    """Return what places a layer of the first axes of an image, as napari's layers take it."""
    return {
        "scale": image.scale[:ndim],
        "translate": image.translate[:ndim],
        "units": image.units[:ndim],
        "axis_labels": tuple(image.axes[:ndim]),
    }


def _whole(data: Any) -> Any:
    """Return labels in a type that napari's Labels take."""
    return data.view(np.uint8) if data.dtype == bool else data
