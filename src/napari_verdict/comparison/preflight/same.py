"""Inputs that are the same pixel by pixel, and what that means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_verdict.comparison.findings import Finding, Severity
from napari_verdict.comparison.model import RAW, Comparison, Task
from napari_verdict.comparison.words import called, sentence

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

Pair = tuple[str | None, str | None]


def identical_pairs(comparison: Comparison, pairs: Collection[Pair]) -> Iterator[Finding]:
    """Say of every pair of identical inputs what it means, in the order of the inputs.

    Parameters
    ----------
    comparison : Comparison
        Says in which order they come, and which of them is raw.
    pairs : collection of (name, name)
        The identical ones; None is the ground truth.
    """
    order: list[str | None] = [None, *comparison.candidates]
    for a, b in sorted(pairs, key=lambda pair: (order.index(pair[0]), order.index(pair[1]))):
        first, second = called(a, comparison.task), called(b, comparison.task)
        with_raw = comparison.task is Task.RESTORATION and RAW in (a, b)
        if with_raw and None in (a, b):
            means = "Every prediction would be judged against a perfect baseline. Choose another."
        elif a is None:
            means = (
                "Its scores are perfect and say nothing about the model. Check that the ground "
                "truth was not chosen twice."
            )
        elif with_raw:
            means = "The model changed nothing, or raw was chosen as its prediction."
        else:
            means = "They have the same scores. Check that one was not chosen twice."
        text = f"{sentence(second)} and {first} are identical, pixel by pixel. {means}"
        if comparison.task is Task.DETECTIONS:
            text = text.replace("pixel by pixel", "point by point")
        yield Finding("identical", Severity.WARNING, text, b)
