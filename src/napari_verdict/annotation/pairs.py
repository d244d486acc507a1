"""An acquired pair of a noisy and a clean image: whether they show the same place."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from napari_verdict.comparison import geometry
from napari_verdict.comparison.axes import UNKNOWN
from napari_verdict.comparison.model import Comparison, Input, Task
from napari_verdict.comparison.preflight.alignment import (
    SMALLEST,
    confirmed,
    correlation,
    probe,
)
from napari_verdict.comparison.preflight.cropping import (
    crop_to_overlap,
    crop_window,
    overlap_offsets,
)
from napari_verdict.comparison.words import times
from napari_verdict.metrics.registration import estimate_shift

#: Shifts from here on, in pixels, are worth a word, and from there on a warning.
SLIGHT, CLEAR = 0.25, 0.5
#: A pair with less in common than this correlation is no pair.
LEAST_CORRELATION = 0.1


@dataclass(frozen=True, eq=False)
class PairCheck:
    """What is known of a pair, and the region that both images show.

    Parameters
    ----------
    noisy, clean : Input
        Both cropped to the region they share, so that their pixels lie over each other to within
        half a pixel; as they were given where they share none.
    shift : (float, float)
        By how much, along y and x in pixels, the noisy image has to be moved to lie on the clean
        one where their positions say that it does; NaN where that cannot be measured.
    left : (float, float)
        What of it is left after cropping.
    region : dict of str to (int, int), optional
        First and end pixel of the region in the clean image, by axis; None where there is none.
    sentence : str
        What was found, what it means, and the way out.
    usable : bool
        Whether the pair can be compared as it is in `noisy` and `clean`.
    """

    noisy: Input
    clean: Input
    shift: tuple[float, float]
    left: tuple[float, float]
    region: dict[str, tuple[int, int]] | None
    sentence: str
    usable: bool


def check_pair(noisy: Input, clean: Input) -> PairCheck:
    """Check that two images show the same place, and propose the region both cover.

    Positions and sizes say where the images meet; there, the shift is measured on the middle
    plane, and believed if its quarters show it as well. Whole pixels of it move the region; the
    rest is said and left alone, since moving by parts of a pixel would smooth one of the two.

    Parameters
    ----------
    noisy, clean : Input
        Images of one field, with axes and positions.

    Returns
    -------
    PairCheck
    """
    why = _apart(noisy, clean)
    if why is not None:
        return PairCheck(noisy, clean, _UNKNOWN, _UNKNOWN, None, why, False)
    pair = Comparison(Task.RESTORATION, clean, (replace(noisy, name="noisy image"),))
    shift = _measured(crop_to_overlap(pair)[0])
    if not math.isnan(shift[0]):
        pair = replace(pair, predictions=(_moved(pair.predictions[0], shift),))
    window = crop_window(pair, overlap_offsets(pair))
    if window is None:
        why = f"They lie {_by(shift)} apart, so there is nothing left that both show."
        return PairCheck(noisy, clean, shift, shift, None, why, False)
    cropped = crop_to_overlap(pair)[0]
    found, truth = cropped.predictions[0], cropped.ground_truth
    related, left = correlation(probe(found), probe(truth)), _measured(cropped)
    usable = related >= LEAST_CORRELATION and not math.hypot(*left) > CLEAR
    said = _said(truth, truth.shape != clean.shape, shift, left, related)
    return PairCheck(replace(found, name=noisy.name), truth, shift, left, window, said, usable)


_UNKNOWN = (math.nan, math.nan)


def _apart(noisy: Input, clean: Input) -> str | None:
    """Return why two images cannot be laid over each other by their axes, sizes and positions."""
    if set(noisy.axes) != set(clean.axes) or UNKNOWN in noisy.axes:
        return (
            f"The noisy image has the axes {noisy.axes} and the clean one {clean.axes}. Name the "
            "same axes in both, then check again."
        )
    pair = Comparison(Task.RESTORATION, clean, (replace(noisy, name="noisy image"),))
    offsets = overlap_offsets(pair)
    if not offsets:
        return (
            f"A pixel measures {geometry.pixel_size(noisy)} in the noisy image and "
            f"{geometry.pixel_size(clean)} in the clean one, or pixels of one lie between those "
            "of the other. Correct scale and position, or resample one of them."
        )
    if crop_window(pair, offsets) is None:
        return "By their positions the two images show different places. Correct these."
    return None


def _measured(pair: Comparison) -> tuple[float, float]:
    """Return the shift that lays the noisy image on the clean one; NaN where it is not sure."""
    moving, reference = probe(pair.predictions[0]), probe(pair.ground_truth)
    if min(reference.shape) < SMALLEST:
        return _UNKNOWN
    shift = estimate_shift(moving, reference)
    sure = not math.isnan(shift[0]) and confirmed(moving, reference, shift)
    return shift if sure else _UNKNOWN


def _moved(item: Input, shift: tuple[float, float]) -> Input:
    """Return an image at the position, to whole pixels, that a shift takes it to."""
    steps = dict(zip("yx", map(round, shift), strict=True))
    where = zip(item.axes, item.translate, item.scale, strict=True)
    return replace(item, translate=tuple(t + steps.get(a, 0) * s for a, t, s in where))


def _said(
    truth: Input,
    is_cropped: bool,
    shift: tuple[float, float],
    left: tuple[float, float],
    related: float,
) -> str:
    region = f"Both show a region of {times(truth.shape)}"
    region += ", which is what is compared." if is_cropped else ", the whole of the clean image."
    if not related >= LEAST_CORRELATION:
        return (
            f"{region} There they have next to nothing in common (correlation {related:.2f}): "
            "check that they are a pair."
        )
    if math.isnan(left[0]):
        return (
            f"{region} Their shift could not be measured: parts of the image say different things. "
            "Look at both, one over the other, before scores are trusted."
        )
    if math.hypot(*left) > CLEAR:
        return (
            f"{region} They are still shifted by {_by(left)}: register them, or scores "
            "measure the shift."
        )
    moved = (
        f" The noisy image lies {_by(shift)} off, which the region makes up for to whole pixels."
    )
    text = region + (moved if any(map(round, shift)) else "")
    if math.hypot(*left) > SLIGHT:
        return f"{text} A shift of {_by(left)} is left, which lowers scores a little."
    return f"{text} They lie on each other to within {SLIGHT:g} px along y and x."


def _by(shift: tuple[float, float]) -> str:
    y, x = (round(s, 2) + 0.0 for s in shift)
    return f"{y:+.2f} px along y and {x:+.2f} px along x"
