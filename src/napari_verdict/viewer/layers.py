"""Which layers are ours, and which of the others could be what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.model import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Key under which a result layer's metadata says what it shows.
MARK = "napari-verdict"
#: Key that says that a layer is a copy of the ground truth to be mended.
MENDED = "napari-verdict mended"

_TRUTH = re.compile(
    r"(?<![a-z])(gt|ground|groundtruth|truth|true|target|reference|mask|masks|manual|annotations?)(?![a-z])"
)
_RAW = re.compile(r"(?<![a-z])(raw|noisy|noise|input|low|original)(?![a-z])")
_CAPTURE = re.compile(r"(?<![a-z])(captures?|repeats?|replicates?)(?![a-z])")
#: Labels with such a name are not compared unless a person picks them.
_LEFT_OUT = re.compile(r"(?<![a-z])(ignored?|excluded?)(?![a-z])")
_PREDICTION = re.compile(
    r"(?<![a-z])(pred\w*|result|output|restored|denoised|deconvolved|unet|cnn|n2v|n2n|care|nlm|"
    r"stardist|cellpose|watershed|otsu|model)(?![a-z])"
)

#: In labels, more than this share of neighbours within objects have the same id.
_PATCHES = 0.85


@dataclass(frozen=True)
class Roles:
    """What each layer is taken for: a guess, or a choice."""

    ground_truth: Any | None = None
    raw: Any | None = None
    predictions: tuple[Any, ...] = ()


def kind_of(layer: Any) -> str:
    """Return ``image``, ``labels``, ``points`` or another napari layer kind."""
    return str(layer._type_string)


def is_result(layer: Any) -> bool:
    """Whether the layer shows a result of ours, rather than something to compare."""
    return MARK in layer.metadata


def comparable(layers: Iterable[Any]) -> list[Any]:
    """Return the layers that a person may choose from."""
    return [
        layer
        for layer in layers
        if kind_of(layer) in ("image", "labels", "points") and not is_result(layer)
    ]


def guess_roles(layers: Iterable[Any]) -> Roles:
    """Guess from kinds and names which layer is ground truth, which raw, which predictions.

    The ground truth stays open where nothing tells it from the predictions: a wrong
    guess would swap precision and recall without a sign.
    """
    all_layers = [x for x in comparable(layers) if kind_of(x) != "labels" or not _is_left_out(x)]
    images = [x for x in all_layers if kind_of(x) == "image"]
    for kind in ("labels", "points"):
        objects = [x for x in all_layers if kind_of(x) == kind]
        if len(objects) > 1 or (objects and len(images) < 2):
            truth = _truth_among(objects)
            raw = _first(images, _RAW) or (images[0] if len(images) == 1 else None)
            return Roles(truth, raw, tuple(x for x in objects if x is not truth))
    truth, raw = _first(images, _TRUTH), _first(images, _RAW)
    rest = [x for x in images if x is not truth and x is not raw]
    if truth is None and raw is None and len(rest) == 2 and _first(rest, _PREDICTION):
        truth = _truth_among(rest)
        rest = [x for x in rest if x is not truth]
    return Roles(truth, raw, tuple(rest))


def guess_captures(layers: Iterable[Any]) -> tuple[Any, ...]:
    """Return the images that are called further captures of the field of raw."""
    images = [x for x in comparable(layers) if kind_of(x) == "image"]
    named = {x: x.name.lower().replace("_", " ") for x in images}
    other = (_TRUTH, _RAW, _PREDICTION)
    return tuple(
        x for x, n in named.items() if _CAPTURE.search(n) and not any(w.search(n) for w in other)
    )


def is_called_prediction(layer: Any) -> bool:
    """Whether nothing in a layer's name says that it is the ground truth, or left out."""
    return not (_is_left_out(layer) or (names_truth(layer) and not names_model(layer)))


def names_model(layer: Any) -> bool:
    """Whether a layer's name says that a model, or a method, made it."""
    return _PREDICTION.search(layer.name.lower().replace("_", " ")) is not None


def names_truth(layer: Any) -> bool:
    """Whether a layer's name says that it is the ground truth."""
    return _TRUTH.search(layer.name.lower().replace("_", " ")) is not None


def settle(layers: Iterable[Any], chosen: Roles, picked: frozenset[str]) -> Roles:
    """Bring the roles up to date with the layers there are.

    Parameters
    ----------
    layers : iterable of napari layers
        All layers of the viewer.
    chosen : Roles
        The roles so far.
    picked : frozenset of str
        Names of the roles that a person picked by hand: those hold as long as their
        layers are there, all others are guessed.

    Returns
    -------
    Roles
    """
    present = comparable(layers)
    guess = guess_roles(present)

    def held(role: str) -> bool:
        layer = getattr(chosen, role)
        return role in picked and (layer is None or layer in present)

    mine = chosen.predictions if "predictions" in picked else ()
    truth = chosen.ground_truth if held("ground_truth") else guess.ground_truth
    truth = None if truth in mine else truth
    raw = chosen.raw if held("raw") else guess.raw
    raw = None if raw is truth or raw in mine else raw
    predictions = tuple(x for x in chosen.predictions if x in present)
    if "predictions" not in picked or (chosen.predictions and not predictions):
        if truth is not None and truth is not guess.ground_truth:
            predictions = tuple(x for x in present if kind_of(x) == kind_of(truth))
        else:
            predictions = guess.predictions
    return Roles(truth, raw, tuple(x for x in predictions if x is not truth and x is not raw))


def may_predict(layers: Iterable[Any], roles: Roles) -> list[Any]:
    """Return the layers that could be predictions beside this ground truth and raw image."""
    truth = roles.ground_truth
    return [
        x
        for x in comparable(layers)
        if x is not truth
        and x is not roles.raw
        and (truth is None or (kind_of(x) == "points") == (kind_of(truth) == "points"))
    ]


def infer_task(
    ground_truth: Any | None, predictions: Sequence[Any], raw: Any | None = None
) -> tuple[Task, str]:
    """Return the task the chosen layers speak for, and from what it was inferred.

    Parameters
    ----------
    ground_truth : napari layer or None
        The layer chosen as ground truth.
    predictions : sequence of napari layers
        The layers chosen as predictions.
    raw : napari layer or None
        The layer chosen as raw.

    Returns
    -------
    (Task, str)
        The reason is one clause, such as "labels hold several ids".
    """
    chosen = [x for x in (ground_truth, *predictions) if x is not None]
    kinds = {kind_of(x) for x in chosen}
    if "points" in kinds:
        return Task.DETECTIONS, "Points layers"
    if "labels" not in kinds:
        # napari opens most files of labels as images
        if chosen and all(_looks_like_labels(x) for x in chosen):
            if all(_looks_like_mask(x) for x in chosen):
                return Task.FOREGROUND, "images hold one id only"
            return Task.INSTANCES, "images hold ids in patches"
        if ground_truth is None and raw is not None and predictions:
            return Task.EVIDENCE, "no ground truth"
        return Task.RESTORATION, "Image layers"
    if all(_looks_like_mask(x) for x in chosen):
        return Task.FOREGROUND, "labels hold one id only"
    return Task.INSTANCES, "labels hold several ids"


def pixels_of(layer: Any) -> Any:
    """Return the array of a layer, at full resolution where there are several."""
    return layer.data[0] if getattr(layer, "multiscale", False) else layer.data


def _is_left_out(layer: Any) -> bool:
    name = layer.name.lower().replace("_", " ")
    return MENDED in layer.metadata or bool(_LEFT_OUT.search(name))


def _truth_among(layers: list[Any]) -> Any | None:
    named = _first(layers, _TRUTH)
    unnamed = [x for x in layers if not _PREDICTION.search(x.name.lower())]
    if named is None and len(layers) > 1 and len(unnamed) == 1:
        return unnamed[0]
    return named


def _first(layers: list[Any], words: re.Pattern[str]) -> Any | None:
    hits = [x for x in layers if words.search(x.name.lower().replace("_", " "))]
    pure = [x for x in hits if not _PREDICTION.search(x.name.lower().replace("_", " "))]
    return next(iter(pure or hits), None)


def _looks_like_labels(layer: Any) -> bool:
    """Whether a sample of an image is whole numbers in patches; lazy arrays are not read."""
    data = pixels_of(layer)
    if not isinstance(data, np.ndarray) or getattr(layer, "rgb", False) or data.ndim < 2:
        return False
    if data.dtype.kind not in "biu" or not data.size:
        return False
    step = max(1, round((data.size / data.shape[-1] / 64) ** (1 / (data.ndim - 1))))
    rows = data[(slice(None, None, step),) * (data.ndim - 1)]
    left, right = rows[..., :-1], rows[..., 1:]
    inside = (left != 0) & (right != 0)
    return bool(inside.any() and (left == right)[inside].mean() > _PATCHES)


def _looks_like_mask(layer: Any) -> bool:
    """Whether a sample of the pixels holds one label at most; lazy arrays are not read."""
    data = pixels_of(layer)
    if not isinstance(data, np.ndarray) or not data.size:
        return False
    step = max(1, round((data.size / 1e5) ** (1 / data.ndim)))
    sample = data[(slice(None, None, step),) * data.ndim]
    return bool(sample.dtype == bool or len(np.unique(sample[sample != 0])) <= 1)
