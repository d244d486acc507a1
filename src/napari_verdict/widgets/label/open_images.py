"""Open layers as images that are labelled as one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.words import times
from napari_verdict.viewer.snapshot import snapshot
from napari_verdict.viewer.truth import shape_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_verdict.comparison.model import Input
    from napari_verdict.report.image_set import Picture


def pictures_of(
    layers: Sequence[Any], labels: Iterable[Any]
) -> tuple[list[Picture], dict[str, str]]:
    """Return open images, each with the Labels layers whose names begin with its own.

    Parameters
    ----------
    layers : sequence of napari Image layers
        What is labelled.
    labels : iterable of napari Labels layers
        Of which *A stardist* is the prediction *stardist* of the image *A*. Only predictions
        that all images have are taken.

    Returns
    -------
    (list of Picture, dict of str to str)
        And what is left out, with the reason.
    """
    from napari_verdict.report.image_search import as_labelled, partner_of
    from napari_verdict.report.image_set import Picture

    names = [layer.name for layer in layers]
    found: dict[str, dict[str, Any]] = {name: {} for name in names}
    for layer in labels:
        partner = partner_of(layer.name, names)
        if partner is not None:
            called = layer.name[len(partner) :].strip(" -_·:") or "prediction"
            found[partner].setdefault(called, layer)
    shared = [p for p in next(iter(found.values()), {}) if all(p in f for f in found.values())]
    pictures, left_out = [], {}
    for layer in layers:
        try:
            image = snapshot(layer, like=layer)
            rgb = bool(getattr(layer, "rgb", False))
            axes, shape = (image.axes[:-1], image.shape[:-1]) if rgb else (image.axes, image.shape)
            picture = Picture(layer.name, axes, shape, image, rgb=rgb)
            if shared:
                picture = as_labelled(picture, shape_of(found[layer.name][shared[0]]))
            predictions: dict[str, Any] = {
                p: _prediction(found[layer.name][p], layer, picture.shape) for p in shared
            }
        except ComparisonError as error:
            left_out[layer.name] = " ".join(f.message for f in error.findings)
        except ValueError as error:
            left_out[layer.name] = str(error)
        else:
            pictures.append(replace(picture, predictions=predictions))
    return pictures, left_out


def _prediction(layer: Any, like: Any, shape: tuple[int, ...]) -> Input:
    frozen = snapshot(layer, like=like)
    if frozen.shape != shape:
        raise ValueError(f"{layer.name} has {times(frozen.shape)} pixels, the image {times(shape)}")
    return replace(frozen, path=None)
