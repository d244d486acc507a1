"""What a person asks to label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: How tiles may be drawn: what it is called, and what it means.
DRAWS = {
    "random": (
        "at random, spread evenly",
        "Every tile is equally likely, and tiles are spread evenly: the score needs no weights",
    ),
    "density": (
        "more where objects are dense",
        "Tiles with many predicted objects are likelier; the score is weighted for it",
    ),
    "disagreement": (
        "more where predictions disagree",
        "Tiles on which two predictions differ are likelier; the score is weighted for it",
    ),
    "low confidence": (
        "more where confidence is low",
        "Tiles with probabilities near one half are likelier; the score is weighted for it",
    ),
    "hand": (
        "by hand",
        "You choose each tile. That is no unbiased estimate of the image, and every number says so",
    ),
}


@dataclass(frozen=True, eq=False)
class Asked:
    """What a person asks to label.

    Parameters
    ----------
    raw : napari Image layer
        What is labelled.
    axes : str
        One letter an axis of the labels.
    predictions : tuple of napari Labels layers
        What is scored.
    truth : napari Labels layer or Sitting, optional
        Labels to go on with; None makes a new layer.
    draw : str
        One of `DRAWS`.
    confidence : napari Image layer, optional
        What low confidence is read from.
    size, depth, number, seed : int
        Of tiles: side in pixels, planes, how many, and what draws them.
    annotator : str
        Who labels.
    by : tuple of str
        What tiles are spread over first; see `Grid`.
    images : ImageSet, optional
        Several images that are labelled as one, instead of raw.
    """

    raw: Any
    axes: str
    predictions: tuple[Any, ...]
    truth: Any
    draw: str
    confidence: Any
    size: int
    depth: int
    number: int
    seed: int
    annotator: str
    by: tuple[str, ...] = ()
    images: Any = None
