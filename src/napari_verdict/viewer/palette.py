"""The colours of maps and classes, chosen to hold for colour-blind eyes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClassStyle:
    """How one class of an overlay looks and what it is called.

    Parameters
    ----------
    code : int
        Its value in the overlay.
    letters : str
        Short sign for legends, so that colour is never the only one.
    colour : str
        Hexadecimal RGB.
    objects, pixels : str
        What it means for objects and for pixels.
    """

    code: int
    letters: str
    colour: str
    objects: str
    pixels: str


TRUE_POSITIVE = ClassStyle(1, "TP", "#ffe24a", "matched", "in both")
FALSE_POSITIVE = ClassStyle(2, "FP", "#e0402a", "extra: not in the ground truth", "prediction only")
FALSE_NEGATIVE = ClassStyle(3, "FN", "#2f6fe8", "missed by the prediction", "ground truth only")
WRONG_CLASS = ClassStyle(4, "≠", "#b9f0ff", "of another class", "of another class")
NOT_LABELLED = ClassStyle(
    5, "NL", "#9a5e7c", "not labelled, in a sparse ground truth", "not labelled"
)
CLASSES = (TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE, WRONG_CLASS)

#: Dark blue to yellow through grey, of steadily rising lightness.
AGREEMENT = ("#00204d", "#414d6b", "#7c7b78", "#bcaf6f", "#ffea46")
#: Below zero blue, above zero orange, dark where there is no difference.
SIGN = ("#7cc4ff", "#1f6fb5", "#0d0d0d", "#b35a00", "#ffb14a")
#: Below zero blue, above zero orange, with opacity: nothing up to half of the threshold, a little
#: up to the threshold, which lies at half of the limits; there a rim, and beyond it the
#: prediction is seen through the colour.
EVIDENCE = (
    *("#2f9bff70", "#2f8ff080", "#2f8ff0ff", "#2f8ff0ff", "#2f8ff030", "#2f8ff000"),
    *("#ff8c1a00", "#ff8c1a30", "#ff8c1aff", "#ff8c1aff", "#ff8c1a80", "#ffa02a70"),
)
EVIDENCE_STOPS = (0.0, 0.15, 0.2, 0.249, 0.25, 0.375, 0.625, 0.75, 0.751, 0.8, 0.85, 1.0)


@dataclass(frozen=True)
class MapStyle:
    """How a map is drawn.

    Parameters
    ----------
    title : str
        What layer names and check boxes call it.
    colours : tuple of str
        From the lower limit to the upper one.
    symmetric : bool
        Whether the limits lie symmetrically about 0.
    limit : float or None
        The upper limit; None takes the 99th percentile of the magnitude over all predictions.
    meaning : str
        How to read it, in plain words.
    stops : tuple of float
        Where the colours lie between the limits, from 0 to 1; evenly by default.
    """

    title: str
    colours: tuple[str, ...]
    symmetric: bool
    limit: float | None
    meaning: str
    stops: tuple[float, ...] = ()


MAPS: dict[str, MapStyle] = {
    "ssim": MapStyle(
        "SSIM",
        AGREEMENT,
        False,
        1.0,
        "Structural similarity, pixel by pixel: yellow agrees with the ground truth, dark blue "
        "disagrees.",
    ),
    "rse": MapStyle(
        "RSE",
        AGREEMENT[::-1],
        False,
        None,
        "Root of the squared error after the fit: yellow agrees with the ground truth, dark blue "
        "disagrees.",
    ),
    "difference": MapStyle(
        "difference",
        SIGN,
        True,
        None,
        "Prediction minus ground truth after the fit: orange is too bright, blue too dark.",
    ),
    "gain": MapStyle(
        "gain",
        AGREEMENT,
        True,
        None,
        "What the model gained over raw: yellow is nearer to the ground truth than raw, dark "
        "blue farther, grey the same.",
    ),
    "evidence": MapStyle(
        "evidence",
        EVIDENCE,
        True,
        None,
        "What noise cannot explain: blue is shown without photons, orange are photons not shown, "
        "clear is what noise explains.",
        EVIDENCE_STOPS,
    ),
    "error": MapStyle(
        "error",
        AGREEMENT[::-1],
        False,
        None,
        "Squared error against the clean image nobody has, from further captures: yellow is "
        "little, dark blue much.",
    ),
    "limit": MapStyle(
        "limit",
        AGREEMENT[::-1],
        False,
        None,
        "The dimmest blob that would have been noticed, in grey values of raw: yellow dim ones, "
        "dark blue only bright ones.",
    ),
    "residual": MapStyle(
        "residual",
        SIGN,
        True,
        4.0,
        "Raw minus prediction, in standard deviations of the noise: it should look like noise and "
        "like nothing else.",
    ),
    "disagreement": MapStyle(
        "disagreement",
        SIGN,
        True,
        None,
        "The prediction minus the mean of all predictions: orange is brighter, blue darker.",
    ),
    "mean": MapStyle(
        "mean",
        ("#000000", "#ffffff"),
        False,
        None,
        "The mean of all predictions, in grey values of raw.",
    ),
    "spread": MapStyle(
        "spread",
        AGREEMENT[::-1],
        False,
        None,
        "Standard deviation of all predictions, in grey values of raw: yellow where they agree, "
        "dark blue where they differ most.",
    ),
    "between": MapStyle(
        "difference",
        SIGN,
        True,
        None,
        "The prediction minus the other one, in grey values of raw: orange is brighter, blue "
        "darker.",
    ),
    "raw-difference": MapStyle(
        "minus raw",
        SIGN,
        True,
        None,
        "Prediction, fitted to raw, minus raw: orange is brighter, blue darker. It should look "
        "like noise.",
    ),
}

#: Overlays by name: what each shows, in plain words.
OVERLAYS: dict[str, str] = {
    "ground-truth objects": "Objects of the ground truth: matched (true positive) or missed "
    "(false negative).",
    "predicted objects": "Objects of the prediction: matched (true positive) or extra (false "
    "positive). Drawn as outlines in 2D.",
    "pixels": "Pixels in both (true positive), in the prediction only (false positive), in the "
    "ground truth only (false negative).",
    "detections": "Points: matched, missed in the prediction, or extra in it.",
}


def title_of(name: str) -> str:
    """Return what a map or overlay is called in layer names."""
    return MAPS[name].title if name in MAPS else name
