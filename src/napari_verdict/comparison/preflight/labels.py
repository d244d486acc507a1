"""The part of preflight that reads label images."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from napari_verdict.comparison.findings import Finding, Remedy, Severity
from napari_verdict.comparison.geometry import inputs_of
from napari_verdict.comparison.model import Comparison, Input, Task
from napari_verdict.comparison.preflight import decisions as d
from napari_verdict.comparison.preflight.label_values import LabelFacts, scan_steps
from napari_verdict.comparison.preflight.same import identical_pairs
from napari_verdict.comparison.words import called, counted, sentence
from napari_verdict.engine.blocks import blocks_of, grain_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from numpy.typing import NDArray

    from napari_verdict.comparison.result import Progress
    from napari_verdict.engine.cancel import CancelToken

#: More classes than this look like objects.
MANY_CLASSES = 50
#: A frame with more pixels is not looked at for torn objects ...
SAMPLE_PIXELS = 1 << 20
#: ... and is thinned out to so many where pieces of a mask are counted.
MASK_PIXELS = 1 << 24
#: So many times more predicted than true objects hint at a ground truth that lacks some.
SPARSE_TIMES = 3


def check_labels(
    comparison: Comparison, token: CancelToken
) -> Generator[Progress, None, list[Finding]]:
    """Check what label images hold, in a comparison whose geometry is settled."""
    inputs = inputs_of(comparison)
    facts = {}
    for name, item in inputs.items():
        facts[name] = yield from scan_steps(item, token)
    return list(_findings(comparison, inputs, facts, token))


def _findings(
    comparison: Comparison,
    inputs: dict[str | None, Input],
    facts: dict[str | None, LabelFacts],
    token: CancelToken,
) -> Iterator[Finding]:
    for name, fact in facts.items():
        yield from _values(comparison, name, fact)
    if all(f.fractional == f.not_finite == 0 for f in facts.values()):
        yield from _empty(comparison, facts)
        yield from _sparse(comparison, facts)
        for name, fact in facts.items():
            token.check()
            yield from _meaning(comparison, name, inputs[name], fact, token)
    yield from identical_pairs(comparison, _identical(inputs, facts, token))


# ---- values


def _values(comparison: Comparison, name: str | None, fact: LabelFacts) -> Iterator[Finding]:
    who = sentence(called(name, comparison.task))
    if fact.not_finite:
        text = (
            f"{who} has {counted(fact.not_finite, 'pixel')} that are NaN or infinite. They belong "
            "neither to an object nor to the background. Give them an id, or 0, first."
        )
        yield Finding("not-finite", Severity.ERROR, text, name)
    elif fact.fractional:
        yield _fractional(who, name, fact)
    elif fact.ids.dtype.kind == "f":
        text = f"{who} holds whole numbers stored as {fact.ids.dtype}; they are read as ids."
        yield Finding("float-labels", Severity.INFO, text, name)
    if fact.negative and not fact.fractional:
        yield negative_ids(who, fact, name)


def negative_ids(who: str, fact: LabelFacts, name: str | None = None) -> Finding:
    """Say that labels have ids below 0, and the way out."""
    text = (
        f"{who} has {counted(fact.negative, 'pixel')} with ids below 0 (down to "
        f"{fact.ids[0]:g}). They count as objects, though such ids often mark what is to be "
        "left out."
    )
    remedy = Remedy(d.NEGATIVE_TO_BACKGROUND, "Treat them as background")
    return Finding("negative-ids", Severity.WARNING, text, name, (remedy,))


def _fractional(who: str, name: str | None, fact: LabelFacts) -> Finding:
    if fact.are_probabilities:
        text = (
            f"{who} holds numbers between 0 and 1, not ids: they look like probabilities. Labels "
            "are whole numbers. Take the pixels above 0.5 as a mask, or choose a Labels layer."
        )
        remedies: tuple[Remedy, ...] = (Remedy(d.THRESHOLD_HALF, "Take pixels above 0.5"),)
    else:
        text = (
            f"{who} has {counted(fact.fractional, 'pixel')} with fractions: it looks like an "
            "image, not labels. Choose a Labels layer, or segment it first."
        )
        remedies = ()
    return Finding("labels-not-integers", Severity.ERROR, text, name, remedies)


def _empty(comparison: Comparison, facts: dict[str | None, LabelFacts]) -> Iterator[Finding]:
    empty = [n for n, f in facts.items() if not f.ids.size]
    if not empty:
        return
    thing = "objects" if comparison.task is Task.INSTANCES else "foreground"
    for name in empty:
        if name is None:
            text = (
                f"The ground truth has no {thing}: all its pixels are 0. Whatever is predicted is "
                "extra, and recall is undefined."
            )
        elif None in empty:
            text = (
                f"Neither {called(name, comparison.task)} nor the ground truth has {thing}. They "
                "agree that there is nothing, and every score is undefined."
            )
        else:
            text = (
                f"{sentence(called(name, comparison.task))} has no {thing}: all its pixels are 0. "
                "All is missed, and precision is undefined."
            )
        yield Finding("empty", Severity.WARNING, text, name)


def _sparse(comparison: Comparison, facts: dict[str | None, LabelFacts]) -> Iterator[Finding]:
    true = facts[None].ids.size
    if comparison.task is not Task.INSTANCES or comparison.settings.exclusions.sparse or not true:
        return
    for name, fact in facts.items():
        if fact.ids.size > SPARSE_TIMES * true:
            text = (
                f"{sentence(called(name, comparison.task))} has {counted(fact.ids.size, 'object')},"
                f" the ground truth {true:,}. Either it makes many up or cuts them in pieces, or "
                "only some objects are labelled in the ground truth. In that case say so, and "
                "scores that need all of them are left undefined."
            )
            remedy = Remedy(d.AS_SPARSE, "Only some are labelled")
            yield Finding("maybe-sparse", Severity.INFO, text, name, (remedy,))


# ---- masks, objects, classes


def _meaning(
    comparison: Comparison, name: str | None, item: Input, fact: LabelFacts, token: CancelToken
) -> Iterator[Finding]:
    who = sentence(called(name, comparison.task))
    if comparison.task is Task.SEMANTIC and fact.ids.size > MANY_CLASSES:
        text = (
            f"{who} has {fact.ids.size:,} classes: they look like objects. Class scores would "
            "compare objects that only happen to have the same id."
        )
        remedy = Remedy(d.AS_INSTANCES, "Compare as objects")
        yield Finding("many-classes", Severity.WARNING, text, name, (remedy,))
    elif comparison.task is Task.FOREGROUND and fact.ids.size > 1:
        if d.AS_MASKS in comparison.settings.decisions:
            return  # said already
        text = (
            f"{who} has {fact.ids.size:,} ids. Masks are compared, so all ids but 0 count as "
            "foreground and objects are not told apart."
        )
        yield Finding("labels-as-mask", Severity.INFO, text, name)
    elif comparison.task is Task.INSTANCES and fact.ids.size == 1:
        if (parts := parts_of_mask(item, token)) > 1:
            yield _mask(who, name, parts)
    elif comparison.task is Task.INSTANCES and (torn := disconnected(item)):
        text = (
            f"{who} has {counted(torn, 'id')} in several separate pieces, in the frame looked at. "
            "Each id counts as one object."
        )
        yield Finding("disconnected", Severity.INFO, text, name)


def _mask(who: str, name: str | None, parts: int) -> Finding:
    text = (
        f"{who} has a single id in {parts:,} separate pieces: it looks like a mask, not like "
        "objects, and would count as one object. Label its connected components, or compare as "
        "masks, without counting objects."
    )
    remedies = (
        Remedy(d.LABEL_COMPONENTS, "Label connected components"),
        Remedy(d.AS_MASKS, "Compare as masks"),
    )
    return Finding("mask-as-instances", Severity.WARNING, text, name, remedies)


def parts_of_mask(item: Input, token: CancelToken) -> int:
    """Return the connected components of the first frame that has more than one.

    Planes too large for this are thinned out evenly: the number is then too low rather
    than too high.
    """
    source = item.source
    parts = 0
    for frame in source.frames:
        mask = _thinned(item, frame, token) != 0
        if mask.any():
            parts = max(parts, int(ndimage.label(mask, np.ones((3, 3, 3), bool))[1]))
        if parts > 1:
            return parts
    return parts


def _thinned(item: Input, frame: tuple[int, ...], token: CancelToken) -> NDArray[Any]:
    source = item.source
    depth, height, width = source.shape
    step = max(1, math.ceil(math.sqrt(depth * height * width / MASK_PIXELS)))
    thinned = np.empty(
        (depth, len(range(0, height, step)), len(range(0, width, step))), item.data.dtype
    )
    for block in blocks_of(frame, source.shape, grain=source.grain):
        token.check()
        first = -block.y0 % step
        rows = source.read(frame, block.z, block.y)[:, first::step, ::step]
        at = (block.y0 + first) // step
        thinned[block.z, at : at + rows.shape[1]] = rows
    return thinned


def disconnected(item: Input) -> int:
    """Return how many ids of the middle frame are in several pieces; 0 where it is large."""
    from skimage.measure import label

    source = item.source
    if math.prod(source.shape) > SAMPLE_PIXELS:
        return 0
    frame = source.frames[len(source.frames) // 2]
    ids = source.read(frame, slice(0, source.shape[0]), slice(0, source.shape[1]))
    ids = ids.astype(np.int64)  # one to one, for unsigned ids too
    pieces, count = label(ids, background=0, return_num=True, connectivity=3)
    of_piece = np.zeros(count + 1, np.int64)
    of_piece[pieces] = ids
    return int(np.count_nonzero(np.unique(of_piece[1:], return_counts=True)[1] > 1))


def _identical(
    inputs: dict[str | None, Input], facts: dict[str | None, LabelFacts], token: CancelToken
) -> list[tuple[str | None, str | None]]:
    pairs = [
        (a, b)
        for a, b in combinations(inputs, 2)
        if facts[a].ids.size and np.array_equal(facts[a].ids, facts[b].ids)
    ]
    return [pair for pair in pairs if _same_pixels(inputs[pair[0]], inputs[pair[1]], token)]


def _same_pixels(a: Input, b: Input, token: CancelToken) -> bool:
    one, other = a.source, b.source
    grain = grain_of((one.grain, other.grain))
    for frame in one.frames:
        for block in blocks_of(frame, one.shape, grain=grain):
            token.check()
            if not np.array_equal(
                one.read(frame, block.z, block.y), other.read(frame, block.z, block.y)
            ):
                return False
    return True
