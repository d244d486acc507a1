"""Evidence of one prediction at a glance: what a person reads beside its map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_verdict.comparison.evidence.camera import describe
from napari_verdict.comparison.evidence.judging import (
    LEVEL_NAMES,
    LOOK,
    disputed,
    reading,
    sentences_of,
    traits_in,
)
from napari_verdict.comparison.evidence.model import LEVELS
from napari_verdict.comparison.restoration.inspection import TAKE_EVERY_FIELD_TWICE
from napari_verdict.comparison.words import counted

if TYPE_CHECKING:
    from napari_verdict.comparison.evidence.result import EvidenceResult
    from napari_verdict.comparison.verdict.sentence import Part

#: What has to be said first.
STATEMENT = "Evidence, not validation: raw can contradict a prediction, it cannot prove it right."
_TAKEN = (
    "uPSNR and uMSE tell the error against the clean image nobody has, from {}. Each further one "
    "narrows the intervals; none has to be clean."
)
#: The parts of an image whose signatures are shown: all, and thirds by brightness.
PARTS = ("all pixels", *LEVEL_NAMES.values())
_MEASURED = (("variance", 1.0), ("autocorrelation", 0.0), ("mean", 0.0))


@dataclass(frozen=True)
class Signature:
    """What was measured of the residual in one way, in all `PARTS`.

    Parameters
    ----------
    title : str
        What was measured of raw minus prediction, in standard deviations of the noise.
    expected : float
        What noise alone gives.
    values : tuple of float
        Of all pixels, then of the thirds by brightness; NaN where a third has no pixel.
    """

    title: str
    expected: float
    values: tuple[float, ...]


def at_a_glance(
    result: EvidenceResult, candidate: str, look: tuple[Part, ...] = LOOK
) -> list[Part]:
    """Return what raw says of a candidate, and of all where they disagree, as parts with links.

    Parameters
    ----------
    result : EvidenceResult
        Of one inquiry. What is contradicted, what the rest is like, what to do next, and where all
        disagree have a line each.
    candidate : str
        The one that is looked at; of raw, which is a candidate with further captures, there
        is nothing to say but its error.
    look : tuple of Part
        How places are looked at.
    """
    names = list(result.conditions)
    sentences = sentences_of(result, candidate, look) if candidate in names else []
    if len(names) > 1:
        sentences = [*sentences, disputed(result, candidate if candidate in names else names[0])]
    parts: list[Part] = []
    for i, sentence in enumerate(sentences):
        parts += ([("\n", None)] if i else []) + sentence
    return parts


def signatures_of(result: EvidenceResult, candidate: str) -> tuple[Signature, ...]:
    """Return variance, correlation and mean of the residual, of all and by brightness."""
    if candidate not in result.conditions:
        return ()
    conditions = result.conditions[candidate]
    parts = (conditions.whole, *(conditions.levels[name] for name in LEVELS))
    values = (
        tuple(s.variance for s in parts),
        tuple(s.nearest for s in parts),
        tuple(s.mean for s in parts),
    )
    return tuple(
        Signature(title, expected, of)
        for (title, expected), of in zip(_MEASURED, values, strict=True)
    )


def readings_of(result: EvidenceResult, candidate: str) -> tuple[str, ...]:
    """Return the terms for what each of `PARTS` is like; of all pixels together there is none."""
    if candidate not in result.conditions:
        return ()
    traits = traits_in(result, candidate)
    return ("", *(reading(traits, level) for level in LEVELS))


def noise_words(result: EvidenceResult, candidate: str) -> str:
    """Say how many false alarms to expect, and where the noise is known from."""
    conditions = result.conditions.get(candidate, next(iter(result.conditions.values())))
    alarms = result.comparison.evidence.alarms  # type: ignore[attr-defined]
    threshold = (conditions.gathering.low, conditions.gathering.high)
    low, high = (f"{t:+.1f}".replace("-", "−") for t in threshold)
    return (
        f"Of a prediction that is right, {alarms:g} places are expected to be listed by chance "
        f"(beyond {low} or {high} standard deviations). Noise: {describe(conditions.noise)}."
    )


def capture_words(result: EvidenceResult) -> str:
    """Say what one more noisy image would tell, or what those there are do."""
    captures = result.comparison.captures  # type: ignore[attr-defined]
    if not captures:
        return f"Planning an experiment? {TAKE_EVERY_FIELD_TWICE}"
    return _TAKEN.format(counted(len(captures), "further capture"))
