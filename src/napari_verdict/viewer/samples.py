"""The sample data as napari layers, for File > Open Sample."""

from __future__ import annotations

from typing import Any

from napari_verdict import samples

LayerData = tuple[Any, dict[str, Any], str]


def denoising_triplet() -> list[LayerData]:
    """Return raw, its restorations and the ground truth as image layers in micrometres."""
    sample = samples.denoising_triplet()
    images = {**sample["predictions"], "raw": sample["raw"], "ground truth": sample["ground_truth"]}
    return [_layer(data, name, sample["pixel_size"], "image") for name, data in images.items()]


def denoising_without_truth() -> list[LayerData]:
    """Return raw, two predictions and another capture of the field, in micrometres."""
    sample = samples.denoising_without_truth()
    images = {"raw": sample["raw"], "second capture": sample["capture"], **sample["predictions"]}
    return [_layer(data, name, sample["pixel_size"], "image") for name, data in images.items()]


def segmentation_pair() -> list[LayerData]:
    """Return an image of nuclei, two segmentations and the ground truth, in micrometres."""
    sample = samples.segmentation_pair()
    labels = {**sample["predictions"], "ground truth": sample["ground_truth"]}
    size = sample["pixel_size"]
    return [
        _layer(sample["raw"], "raw", size, "image"),
        *(_layer(data, name, size, "labels") for name, data in labels.items()),
    ]


def _layer(data: Any, name: str, pixel_size: float, kind: str) -> LayerData:
    meta: dict[str, Any] = {
        "name": name,
        "scale": (pixel_size, pixel_size),
        "units": ("um", "um"),
        "axis_labels": ("y", "x"),
    }
    return data, meta, kind
