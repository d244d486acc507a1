"""What stands in the way of labelling, in a sentence that says the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.words import times
from napari_verdict.viewer.layers import pixels_of
from napari_verdict.viewer.truth import shape_of
from napari_verdict.widgets.label.asked import DRAWS

if TYPE_CHECKING:
    from collections.abc import Sequence


def obstacle_of_layers(raw: Any, truth: Any, predictions: Sequence[Any], confidence: Any) -> str:
    """Say which layer does not fit raw; "" where all do.

    Parameters
    ----------
    raw : napari Image layer
        What is labelled.
    truth : napari Labels layer, optional
        Labels to go on with.
    predictions : sequence of napari Labels layers
        What is scored.
    confidence : napari Image layer, optional
        What low confidence is read from.
    """
    shape = shape_of(raw)
    if truth is not None:
        if not isinstance(truth.data, np.ndarray):
            return f"“{truth.name}” is not in memory, so it cannot be painted on. Load it."
        if truth.data.shape != shape:
            return (
                f"“{truth.name}” is {times(truth.data.shape)} pixels, “{raw.name}” is "
                f"{times(shape)}: these are labels of another image."
            )
    for layer in predictions:
        if tuple(pixels_of(layer).shape) != shape:
            return (
                f"“{layer.name}” is {times(pixels_of(layer).shape)} pixels, “{raw.name}” is "
                f"{times(shape)}: it cannot be scored on these tiles. Untick it."
            )
    if confidence is not None and tuple(pixels_of(confidence).shape) != shape:
        return f"Confidence must be an image of the shape of “{raw.name}”."
    return ""


def obstacle_of_draw(draw: str, predictions: int, several: bool) -> str:
    """Say what tiles cannot be drawn by; "" where they can.

    Parameters
    ----------
    draw : str
        One of `DRAWS`.
    predictions : int
        How many predictions there are.
    several : bool
        Whether several images are labelled.
    """
    if draw == "density" and not predictions:
        return "Density is that of predicted objects. Choose a prediction, or draw at random."
    if draw == "disagreement" and predictions < 2:
        return "Disagreement takes two predictions. Choose another, or draw at random."
    if draw in ("hand", "low confidence") and several:
        return (
            f"Tiles are drawn {DRAWS[draw][0]} in one image only. Draw them at random; tiles by "
            "hand can be added later."
        )
    return ""
