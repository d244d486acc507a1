"""Layers to label on, which lie just where raw lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.viewer.layers import pixels_of
from napari_verdict.viewer.placement import placement_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari.layers import Labels

#: What the layers are called; the names say to the other docks what they are.
TRUTH, AMBIGUOUS = "ground truth", "ignored (ambiguous)"
#: Ids up to 65535, which napari draws without hashing and every training script reads.
DTYPE = np.uint16
#: Key under which a layer's metadata says in which folder its labels are kept.
KEPT = "napari-verdict kept in"


def named_for(name: str, second: str) -> str:
    """Return what a layer of a second person is called; the first's bears the name alone."""
    return f"{name} · {second}" if second else name


def add_labels_like(viewer: Any, raw: Any, name: str, data: Any = None) -> Labels:
    """Add a Labels layer that is aligned to raw: its shape, scale, units, axes and transforms.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Where it is added, on top; the camera stays.
    raw : napari Image layer
        What is labelled. Of a multiscale layer the full resolution counts; an RGB layer's channels
        are no axis.
    name : str
        What it is called; napari numbers a name that is taken.
    data : ndarray, optional
        Labels to go on with, of the shape of raw; by default none.

    Returns
    -------
    napari Labels layer
        Of uint16 unless `data` says otherwise; nothing takes memory that is not painted on.

    Raises
    ------
    ValueError
        If `data` has another shape.
    """
    from napari.layers import Labels

    shape = shape_of(raw)
    if data is not None and tuple(data.shape) != shape:
        raise ValueError(
            f"The labels are {_times(data.shape)} pixels, “{raw.name}” is {_times(shape)}: they "
            "belong to another image."
        )
    pixels = np.zeros(shape, DTYPE) if data is None else data
    layer = Labels(pixels, name=name, **placement_of(raw))
    camera = viewer.scene.camera
    center, zoom = camera.center, camera.zoom
    viewer.add_layer(layer)
    if len(viewer.layers) > 1:
        camera.center, camera.zoom = center, zoom
    return layer


def forget_steps(layer: Any) -> None:
    """Let undo go back no further than now: napari does not see to it when data are replaced."""
    layer.editable = False  # which is when napari forgets
    layer.editable = True


def kept_layers(layers: Iterable[Any]) -> dict[str, tuple[Any | None, Any | None]]:
    """Return labels and ignore masks that are open, by the folder in which they are kept."""
    found: dict[str, dict[str, Any]] = {}
    for layer in layers:
        if KEPT in layer.metadata:
            folder, name = layer.metadata[KEPT]
            found.setdefault(folder, {})[name] = layer
    return {folder: (of.get(TRUTH), of.get(AMBIGUOUS)) for folder, of in found.items()}


def pixels_kept(layers: Iterable[Any]) -> dict[str, tuple[Any | None, Any | None]]:
    """Return the pixels of `kept_layers`."""
    return {
        folder: (None if labels is None else labels.data, None if mask is None else mask.data)
        for folder, (labels, mask) in kept_layers(layers).items()
    }


def shape_of(raw: Any) -> tuple[int, ...]:
    """Return the shape of an image without its RGB channels."""
    shape = tuple(int(n) for n in pixels_of(raw).shape)
    return shape[:-1] if getattr(raw, "rgb", False) else shape


def arm(viewer: Any, layer: Any, mode: str) -> None:
    """Make a layer the one that is painted on, with a tool in the hand.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Whose selection is set.
    layer : napari Labels layer
        To paint on; it is shown if it was hidden.
    mode : str
        napari's name of the tool, such as ``paint``.
    """
    if layer not in viewer.layers:
        return
    if not layer.visible:
        layer.visible = True
    if viewer.layers.selection.active is not layer:
        viewer.layers.selection.active = layer
    if str(layer.mode) != mode:
        layer.mode = mode


def _times(shape: Any) -> str:
    return " × ".join(map(str, shape))
