"""What is said of restorations whose intensity is not that of the ground truth any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.comparison.model import RAW
from napari_verdict.comparison.verdict.sentence import defined, listed, score_of
from napari_verdict.comparison.words import subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_verdict.comparison.result import Result
    from napari_verdict.comparison.verdict.sentence import Part

#: Slopes at the two ends that differ by less than this share are the same.
SAME_SLOPE = 0.2
#: Up to this share of the range a curve is as good as straight.
STRAIGHT = 0.05


def bent(result: Result, names: Sequence[str]) -> list[list[Part]]:
    """Return sentences on predictions in which intensity is not linear, none on the others.

    Noise of the ground truth bends every curve alike, that of a right prediction too. So
    nothing is said of a bend that raw shows as well.
    """
    kinds: dict[str, list[str]] = {}
    for name in names:
        if (kind := _kind(result, name)) and _raw_shows_it(result, name) is not True:
            kinds.setdefault(kind, []).append(name)
    return [_sentence(result, kind, of) for kind, of in kinds.items()]


def _raw_shows_it(result: Result, name: str) -> bool | None:
    """Whether the curve of raw is bent like that of a prediction; None where it cannot be told."""
    curves = getattr(result, "intensity", {})  # there are none where scores were read from a file
    if name not in curves:
        return False
    mine, raw = curves[name], curves.get(RAW)
    if raw is None:
        return None
    both = mine.counts & raw.counts
    bend, apart = np.abs(mine.mean - mine.truth)[both], np.abs(mine.mean - raw.mean)[both]
    if bend.max(initial=0) <= STRAIGHT:  # it is elsewhere, or raw is too noisy
        return None
    return bool(apart.max() <= max(STRAIGHT, mine.nli / 2))


def _kind(result: Result, name: str) -> str:
    nli, ratio = (score_of(result, metric, name) for metric in ("nli", "slope_ratio"))
    if nli is None or not nli.value > STRAIGHT:
        return ""
    raw = score_of(result, "nli", RAW)
    if raw is not None and raw.value > STRAIGHT:
        return "bent"  # which way is not the model's alone
    if ratio is not None and ratio.value < 1 - SAME_SLOPE:
        return "compressed"
    if ratio is not None and ratio.value > 1 / (1 - SAME_SLOPE):
        return "stretched"
    return "bent"


def _sentence(result: Result, kind: str, names: list[str]) -> list[Part]:
    where = listed([subject(name) for name in names])
    where = where[:1].lower() + where[1:] if where.startswith("The prediction") else where
    link = ("difference", names[0])
    if kind == "bent":
        said: Part = ("Intensity is not linear", link)
    else:
        said = (f"Intensity is {kind} at the bright end", link)
    unless = ""
    if any(_raw_shows_it(result, name) is None for name in names):
        unless = ", unless noise of the ground truth bends the curve"
    return [said, (f" in {where}{_measured(result, kind, names)}{unless}.", None)]


def _measured(result: Result, kind: str, names: list[str]) -> str:
    if len(names) > 1:
        return ", so compare brightness with care"
    nli, ratio = (score_of(result, metric, names[0]) for metric in ("nli", "slope_ratio"))
    assert nli is not None
    off = f"it is off a line by up to {100 * nli.value:.0f} % of the range"
    if kind == "bent" or not defined(ratio) or ratio is None:
        return f": {off}"
    return f": there it rises {ratio.value:.2g} times as fast as at the dark end, and {off}"
