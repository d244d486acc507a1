"""The verdict without ground truth: what kind of error raw shows, and what to do next."""

from __future__ import annotations

import math
from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING

from napari_verdict.comparison.evidence.conditions import LEVELS
from napari_verdict.comparison.evidence.disputes import KEPT as MOST_DISPUTES
from napari_verdict.comparison.evidence.rows import nearest
from napari_verdict.comparison.verdict.sentence import Part, listed
from napari_verdict.comparison.words import counted, subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_verdict.comparison.evidence.conditions import Conditions
    from napari_verdict.comparison.evidence.result import EvidenceResult
    from napari_verdict.metrics.residuals import Signatures

#: Correlation of neighbouring pixels of the residual from which structure was left in it.
STRUCTURE = 0.06
#: Below these noise of neighbours was kept: for sure, and where the variance is too little too.
GRAINY, RATHER_GRAINY = -0.12, -0.06
#: Variance of the residual below which noise was kept. Good denoisers keep some where it is bright.
TOO_LITTLE = 0.8
#: Mean of the residual, in standard deviations of one pixel, that is a bias.
BIAS = 0.12
#: Share of raw's own noise in a prediction that is too much, as an independent capture shows.
KEPT = 0.15


_NAMES = {"dark": "dim", "middle": "of middle brightness", "bright": "bright"}


class State(Enum):
    """What the residual of a prediction looks like, in words, and what to do next."""

    CONSISTENT = (
        "consistent with noise",
        "That is no proof that it is right: the limit shows what could not have been seen.",
    )
    OVER_SMOOTHED = (
        "over-smoothed",
        "Do not measure fine detail in it; smooth less, or train on sharper images.",
    )
    UNDER_DENOISED = (
        "under-denoised",
        "Do not count its fine grain as structure; denoise more.",
    )
    COPY = (
        "partly a copy of the input",
        "What it shares with raw is raw's noise too; do not mix raw into it.",
    )
    BIASED = (
        "biased",
        "Do not compare brightness between dim and bright structures in it.",
    )

    @property
    def words(self) -> str:
        """What a person reads."""
        return str(self.value[0])

    @property
    def next(self) -> str:
        """What to do next."""
        return str(self.value[1])


def states_of(conditions: Conditions, own_noise: float = math.nan) -> list[State]:
    """Return what the residual of a prediction looks like, worst first.

    Parameters
    ----------
    conditions : Conditions
        Its signatures.
    own_noise : float
        Share of raw's noise that it kept, as another capture shows; NaN without.

    Returns
    -------
    list of State
        `State.CONSISTENT` alone where there is nothing to say.
    """
    levels = {n: s for n, s in conditions.levels.items() if s.n}
    correlations = [nearest(s) for s in levels.values() if s.pairs[:, 0].sum()]
    # estimated noise makes the variance 1 by itself; the background of raw does not
    variances = [conditions.kept]
    if not conditions.noise.circular:
        variances += [s.variance for s in levels.values()]
    low = min((v for v in variances if not math.isnan(v)), default=1.0) < TOO_LITTLE
    grainy = min(correlations, default=0.0) < (RATHER_GRAINY if low else GRAINY)
    states = []
    if grainy:
        states.append(State.UNDER_DENOISED)
    elif low or own_noise > KEPT:
        states.append(State.COPY)
    if max(correlations, default=0.0) > STRUCTURE:
        states.append(State.OVER_SMOOTHED)
    if biased(levels):
        states.append(State.BIASED)
    return states or [State.CONSISTENT]


def biased(levels: Mapping[str, Signatures]) -> dict[str, str]:
    """Return at which brightness a prediction is too bright or too dark."""
    found = {}
    for name in LEVELS:
        s = levels.get(name)
        if s is not None and s.n and abs(s.mean) > max(BIAS, 5 / math.sqrt(s.n)):
            found[name] = "too dark" if s.mean > 0 else "too bright"
    return found


def judge(result: EvidenceResult) -> list[list[Part]]:
    """Return the sentences of the verdict without ground truth."""
    sentences = [s for n in result.conditions for s in sentences_of(result, n)]
    if len(result.conditions) > 1:
        sentences.append(disputed(result))
    circular = [n for n, c in result.conditions.items() if c.noise.circular]
    if circular:
        text = (
            "The camera's noise was estimated from raw and prediction, which is circular: enter "
            "it, or take one more noisy image of the same field."
        )
        sentences.append([(text, None)])
    return sentences


def sentences_of(result: EvidenceResult, name: str) -> list[list[Part]]:
    """Return the sentences about one prediction."""
    conditions, places = result.conditions[name], result.places.get(name, ())
    states = states_of(conditions, _own_noise(result, name))
    start, fine = subject(name), states == [State.CONSISTENT]
    described = f"is {listed([_words(s, conditions) for s in states])}"
    wrong = _places(name, sum(p.height < 0 for p in places), sum(p.height > 0 for p in places))
    if not places:
        what = "leaves nothing but noise of raw" if fine else described
        nowhere = ("noise could", ("evidence", name))
        parts: list[Part] = [
            (f"{start} {what}, and raw contradicts it nowhere by more than ", None)
        ]
        parts += [nowhere, (".", None)]
        return [parts, [(" ".join(s.next for s in states), ("limit", name) if fine else None)]]
    rest = "; elsewhere it leaves nothing but noise of raw." if fine else f"; it {described}."
    advice = ["Flip those places with raw first.", *(s.next for s in states if not fine)]
    return [[(f"{start} ", None), *wrong, (rest, None)], [(" ".join(advice), None)]]


def _places(name: str, shown: int, hidden: int) -> list[Part]:
    parts: list[Part] = []
    for number, words in ((shown, "shows {} without photons"), (hidden, "hides {} that raw has")):
        if number:
            parts += [(" and ", None)] if parts else []
            parts.append((words.format(counted(number, "place")), ("evidence", name)))
    return parts


def _words(state: State, conditions: Conditions) -> str:
    if state is not State.BIASED:
        return state.words
    by_how: dict[str, list[str]] = {}
    for where, how in biased(conditions.levels).items():
        by_how.setdefault(how, []).append(_NAMES[where])
    if len(by_how) == 1 and all(len(w) == len(LEVELS) for w in by_how.values()):
        return f"{next(iter(by_how))} throughout"
    return listed([f"{how} where it is {listed(w)}" for how, w in by_how.items()])


def _own_noise(result: EvidenceResult, name: str) -> float:
    try:
        return result.score("own_noise_kept", name).value
    except KeyError:
        return math.nan


def disputed(result: EvidenceResult) -> list[Part]:
    """Return the sentence about where predictions disagree."""
    if not result.disputes:
        return [("The predictions differ nowhere by more than raw could tell.", None)]
    counts = Counter(d.supports for d in result.disputes)
    unknown = counts.pop(None, 0)
    said = [f"{name} in {n:,}" for name, n in counts.most_common()]
    n = len(result.disputes)
    places = f"the {n} largest places" if n == MOST_DISPUTES else counted(n, "place")
    text = f"Of {places} where they disagree, raw supports "
    text += listed(said) if said else "none"
    return [(text + (f"; in {unknown:,} it cannot tell." if unknown else "."), None)]
