"""What stands in the way of labelling, in a sentence that says the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.geometry import SCALE_TOLERANCE, unit_factor
from napari_verdict.comparison.words import times
from napari_verdict.viewer.layers import pixels_of
from napari_verdict.viewer.snapshot import snapshot
from napari_verdict.viewer.truth import shape_of

if TYPE_CHECKING:
    from collections.abc import Sequence

#: How many pixels a layer may lie away from raw.
FARTHEST = 0.5


#: What is missing for drawing by low confidence, by what is labelled.
_MAPS = {
    "one": "Choose the map of probabilities, or draw at random.",
    "folder": "Choose the folder of the maps of probabilities, or draw at random.",
    "open": "Over open images tiles are not drawn by low confidence: label the images of a folder, "
    "which can have a folder of maps, or draw at random.",
}


def obstacle_of_layers(
    raw: Any, axes: str, truth: Any, predictions: Sequence[Any], confidence: Any
) -> str:
    """Say which layer does not fit raw; "" where all do.

    Parameters
    ----------
    raw : napari Image layer
        What is labelled.
    axes : str
        Those of its labels, which are its last ones.
    truth : napari Labels layer, optional
        Labels to go on with.
    predictions : sequence of napari Labels layers
        What is scored.
    confidence : napari Image layer, optional
        What low confidence is read from.
    """
    shape = shape_of(raw, axes)
    if truth is not None:
        if not isinstance(truth.data, np.ndarray):
            return f"“{truth.name}” is not in memory, so it cannot be painted on. Load it."
        if not truth.data.flags.writeable:
            return (
                f"“{truth.name}” is read-only, like a file that is mapped, so it cannot be painted "
                "on. Duplicate the layer (right-click it), and go on with the copy."
            )
        if truth.data.shape != shape:
            return (
                f"“{truth.name}” is {times(truth.data.shape)} pixels, “{raw.name}” is "
                f"{times(shape)}: these are labels of another image."
            )
        if where := _displacement(raw, truth, painted=True):
            return f"“{truth.name}” {where} to go on with it."
    for layer in predictions:
        if tuple(pixels_of(layer).shape) != shape:
            return (
                f"“{layer.name}” is {times(pixels_of(layer).shape)} pixels, “{raw.name}” is "
                f"{times(shape)}: it cannot be scored on these tiles. Leave it out."
            )
        if where := _displacement(raw, layer):
            return f"“{layer.name}” {where} to score it."
    if confidence is not None and tuple(pixels_of(confidence).shape) != shape:
        return f"Confidence must be an image of the shape of “{raw.name}”."
    if confidence is not None and (where := _displacement(raw, confidence)):
        return f"“{confidence.name}” {where} to draw tiles by it."
    return ""


def drawn_elsewhere(raw: Any, axes: str, predictions: Sequence[Any]) -> str:
    """Say which predictions, taken pixel by pixel, are seen elsewhere than raw; "" where none is.

    Parameters are those of `obstacle_of_layers`, in whose way nothing stands.
    """
    names = [f"“{x.name}”" for x in predictions if _displacement(raw, x, painted=True)]
    if not names:
        return ""
    return (
        f"Without a size of pixels napari draws {' and '.join(names)} elsewhere than “{raw.name}”. "
        "That is scored pixel by pixel all the same; to see it where it belongs while correcting, "
        "copy scale and position of raw to it (right-click a layer)."
    )


def obstacle_of_draw(draw: str, predictions: int, maps: bool, over: str) -> str:
    """Say what tiles cannot be drawn by; "" where they can.

    Parameters
    ----------
    draw : str
        One of `DRAWS`.
    predictions : int
        How many predictions there are.
    maps : bool
        Whether all that is labelled has a map of probabilities.
    over : str
        What is labelled: one of `set_box.OVER`.
    """
    if draw == "density" and not predictions:
        return "Density is that of predicted objects. Choose a prediction, or draw at random."
    if draw == "disagreement" and predictions < 2:
        return "Disagreement takes two predictions. Choose another, or draw at random."
    if draw == "low confidence" and not maps:
        return _MAPS[over]
    return ""


def _displacement(raw: Any, layer: Any, *, painted: bool = False) -> str:
    """Say how a layer of raw's shape lies elsewhere, and the way out; "" where it does not.

    A layer that has no scale and no position of its own is taken pixel by pixel, unless it is
    painted on where raw is seen. One that is turned is refused where layers are frozen.
    """
    try:
        own, of_raw = snapshot(layer, like=raw), snapshot(raw, like=raw)
    except ComparisonError:
        return ""
    last = len(shape_of(raw))  # the channels of RGB come after it
    mine = slice(last - len(own.shape), last)
    scale, size = np.array(own.scale), np.array(of_raw.scale[mine])
    if not painted and (scale == 1).all() and not np.any(own.translate):
        return ""
    factors = [unit_factor(*u) or 1.0 for u in zip(own.units, of_raw.units[mine], strict=True)]
    scale = scale * factors
    way_out = (
        "Crop both to what they share, or, if only this is wrong, copy scale and position of "
        f"“{raw.name}” to it (right-click a layer),"
    )
    if not np.allclose(scale, size, rtol=SCALE_TOLERANCE, atol=0):
        return (
            f"has pixels of another size than “{raw.name}”: {_listed(scale)}, not "
            f"{_listed(size)}. {way_out}"
        )
    offset = (np.array(own.translate) * factors - of_raw.translate[mine]) / size
    if np.abs(offset).max() <= FARTHEST:
        return ""
    return f"lies {_listed(offset)} pixels away from “{raw.name}”. {way_out}"


def _listed(numbers: Any) -> str:
    return f"({', '.join(f'{n:.4g}' for n in numbers)})"
