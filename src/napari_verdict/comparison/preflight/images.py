"""The part of preflight that reads the pixels of restorations."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain, combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.findings import Finding, Remedy, Severity
from napari_verdict.comparison.geometry import inputs_of
from napari_verdict.comparison.model import RAW, Comparison
from napari_verdict.comparison.preflight.alignment import (
    SMALLEST,
    aligned_name,
    confirmed,
    correlation,
    probe,
)
from napari_verdict.comparison.preflight.decisions import ALIGN
from napari_verdict.comparison.preflight.label_values import scan_steps
from napari_verdict.comparison.preflight.labels import negative_ids
from napari_verdict.comparison.preflight.same import identical_pairs
from napari_verdict.comparison.result import Progress
from napari_verdict.comparison.words import called, counted, sentence
from napari_verdict.engine.blocks import Block, blocks_of, grain_of
from napari_verdict.engine.executor import run_blocks
from napari_verdict.engine.sources import Source
from napari_verdict.metrics.registration import shift_between, spectrum

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from numpy.typing import NDArray

    from napari_verdict.engine.cancel import CancelToken

#: Shifts above this many pixels are warned of, above twice as many strongly.
SHIFT = 0.25
#: Images whose correlation is below this are inverted, not merely unlike.
INVERTED = -0.1


@dataclass(frozen=True)
class PixelFacts:
    """What the pixels of one image hold, ignored ones left out.

    Parameters
    ----------
    pixels : int
        How many there are.
    not_finite : int
        How many are NaN or infinite.
    low, high : float
        Range of the finite ones; infinities the wrong way round where there is none.
    """

    pixels: int = 0
    not_finite: int = 0
    low: float = math.inf
    high: float = -math.inf

    def __add__(self, other: PixelFacts) -> PixelFacts:
        return PixelFacts(
            self.pixels + other.pixels,
            self.not_finite + other.not_finite,
            min(self.low, other.low),
            max(self.high, other.high),
        )


def check_images(
    comparison: Comparison, token: CancelToken
) -> Generator[Progress, None, list[Finding]]:
    """Check values, identity, contrast and shift of a comparison whose geometry is settled."""
    facts, found = yield from _scan(comparison, token)
    found = [*chain.from_iterable(_values(n, f) for n, f in facts.items()), *found]
    usable = {n for n, f in facts.items() if f.low < f.high}
    if None in usable:
        token.check()
        names = [n for n in comparison.candidates if n in usable]
        found += _registration(comparison, names, token)
    if comparison.objects is not None:
        of_objects = yield from scan_steps(comparison.objects, token)
        if of_objects.negative:
            found.append(negative_ids("The image of objects", of_objects))
    return found


# ---- one pass over all pixels


def _scan(
    comparison: Comparison, token: CancelToken
) -> Generator[Progress, None, tuple[dict[str | None, PixelFacts], list[Finding]]]:
    inputs = inputs_of(comparison)
    sources = {name: item.source for name, item in inputs.items()}
    truth = sources[None]
    ignore = None
    if comparison.ignore is not None:
        ignore = Source(comparison.ignore, comparison.ground_truth.axes)
    equal = set(combinations(inputs, 2))  # pairs not yet seen to differ

    def look(block: Block) -> dict[str | None, PixelFacts]:
        pixels = {n: s.read(block.frame, block.z, block.y) for n, s in sources.items()}
        for a, b in tuple(equal):
            if not _alike(pixels[a], pixels[b]):
                equal.discard((a, b))
        keep = None
        if ignore is not None:
            keep = ~ignore.read(block.frame, block.z, block.y).astype(bool)
        return {n: facts_of(p if keep is None else p[keep]) for n, p in pixels.items()}

    totals = dict.fromkeys(inputs, PixelFacts())
    grain = grain_of(s.grain for s in sources.values())
    blocks = [b for frame in truth.frames for b in blocks_of(frame, truth.shape, grain=grain)]
    for k, part in enumerate(run_blocks(look, blocks, token=token)):
        totals = {n: totals[n] + part[n] for n in totals}
        yield Progress(k + 1, len(blocks), "checks")
    return totals, list(identical_pairs(comparison, equal))


def _alike(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return np.array_equal(a, b, equal_nan=a.dtype.kind == b.dtype.kind == "f")


def facts_of(pixels: NDArray[Any]) -> PixelFacts:
    """Return what one block holds."""
    if not pixels.size:
        return PixelFacts()
    low, high = float(pixels.min()), float(pixels.max())  # NaN and infinity show in these
    if math.isfinite(low) and math.isfinite(high):
        return PixelFacts(pixels.size, 0, low, high)
    finite = pixels[np.isfinite(pixels)]
    bad = pixels.size - finite.size
    if not finite.size:
        return PixelFacts(pixels.size, bad)
    return PixelFacts(pixels.size, bad, float(finite.min()), float(finite.max()))


def _values(name: str | None, fact: PixelFacts) -> Iterator[Finding]:
    who = sentence(called(name))
    if not fact.pixels:
        if name is None:
            text = "Every pixel is ignored, so nothing is left to compare. Ignore less."
            yield Finding("all-ignored", Severity.ERROR, text)
        return
    if fact.not_finite == fact.pixels:
        if name is None:
            text = f"{who} has no finite pixel: all are NaN or infinite. Choose another layer."
            yield Finding("not-finite", Severity.ERROR, text)
        else:
            text = (
                f"{who} has no finite pixel: all are NaN or infinite, and so its scores are "
                "undefined. Run the model again, or leave it out."
            )
            yield Finding("not-finite", Severity.WARNING, text, name)
        return
    if fact.not_finite:
        text = (
            f"{who} has {counted(fact.not_finite, 'pixel')} that are NaN or infinite "
            f"({_share(fact.not_finite / fact.pixels)}). They are left out of every score, and "
            "the maps show nothing there."
        )
        yield Finding("not-finite", Severity.WARNING, text, name)
    if fact.low == fact.high:
        what = "every score" if name is None else "its correlation and its fit"
        text = (
            f"{who} is constant: all pixels are {fact.low:g}. With no contrast {what} "
            "is undefined. Check that the right layer was chosen."
        )
        yield Finding("constant", Severity.WARNING, text, name)


def _share(share: float) -> str:
    return "less than 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"


# ---- the middle plane


def _registration(
    comparison: Comparison, names: list[str], token: CancelToken
) -> Iterator[Finding]:
    reference = probe(comparison.ground_truth)
    judged_shift = min(reference.shape) >= SMALLEST
    of_reference = spectrum(reference) if judged_shift else None
    shifts: dict[str, tuple[float, float]] = {}
    for name in names:
        token.check()
        pixels = probe(comparison.candidates[name])
        r = correlation(pixels, reference)
        if r < INVERTED:
            yield _inverted(name, r)
        elif judged_shift and not math.isnan(r) and name != RAW:
            shift = shift_between(spectrum(pixels), of_reference)
            accepted = f"{ALIGN}{name}" in comparison.settings.decisions
            if accepted or (math.hypot(*shift) > SHIFT and confirmed(pixels, reference, shift)):
                shifts[name] = shift
    if not shifts:
        return
    by_raw = ""
    if RAW in names:
        pixels = probe(comparison.candidates[RAW])
        shift = shift_between(spectrum(pixels), of_reference)
        with_raw = math.hypot(*shift) > SHIFT and confirmed(pixels, reference, shift)
        by_raw = (
            " Raw is shifted as well, so the ground truth lies elsewhere than what the model saw."
            if with_raw
            else " Raw is not shifted, so it is the model that moves the image."
        )
    for name, shift in shifts.items():
        yield _shifted(comparison, name, shift, by_raw)


def _inverted(name: str, r: float) -> Finding:
    text = (
        f"{sentence(called(name))} is dark where the ground truth is bright (correlation {r:.2f}). "
        "A fit with a negative gain hides this, so its scores look better than it is. Check "
        "that the right layer was chosen, or invert it."
    )
    return Finding("inverted", Severity.WARNING, text, name)


def _shifted(comparison: Comparison, name: str, shift: tuple[float, float], by_raw: str) -> Finding:
    who, distance = sentence(called(name)), math.hypot(*shift)
    accepted = f"{ALIGN}{name}" in comparison.settings.decisions
    how = "lowers every score much" if distance > 2 * SHIFT else "lowers scores"
    # where it lies is the other way than it would have to be moved; -0.00 is 0
    y, x = (round(-s, 2) + 0.0 for s in shift)
    text = (
        f"{who} lies {distance:.2f} px off the ground truth ({y:+.2f} px along y, "
        f"{x:+.2f} px along x). A shift {how}, even if the structure is right.{by_raw} "
    )
    if accepted:
        text += f"An aligned copy, {aligned_name(name)}, is scored beside it, as accepted."
        return Finding("shifted", Severity.INFO, text, name)
    text += "Nothing was shifted. Add an aligned copy to see how much of the error this is."
    remedy = Remedy(f"{ALIGN}{name}", f"Add {aligned_name(name)}")
    return Finding("shifted", Severity.WARNING, text, name, (remedy,))
