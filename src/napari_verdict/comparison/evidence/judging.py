"""The verdict without ground truth: what raw contradicts, what the rest is like, what next."""

from __future__ import annotations

import math
from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

from napari_verdict.comparison.evidence.disputes import KEPT as MOST_DISPUTES
from napari_verdict.comparison.evidence.model import LEVELS
from napari_verdict.comparison.verdict.sentence import Part, listed
from napari_verdict.comparison.words import counted, sentence

if TYPE_CHECKING:
    from napari_verdict.comparison.evidence.conditions import Conditions
    from napari_verdict.comparison.evidence.result import EvidenceResult

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

#: What thirds of the pixels by brightness are called.
LEVEL_NAMES = {"dark": "dim", "middle": "medium", "bright": "bright"}
#: Without a window places are looked at by other means.
LOOK: tuple[Part, ...] = (("Look at raw in each of these places.", None),)


class State(StrEnum):
    """What the residual of a prediction looks like."""

    UNDER_DENOISED = "under-denoised"
    COPY = "partly a copy of the input"
    OVER_SMOOTHED = "over-smoothed"
    TOO_DARK = "too dark"
    TOO_BRIGHT = "too bright"


#: In which thirds a prediction is in a state; in none where that is not known.
Traits = dict[State, tuple[str, ...]]
#: What a prediction does then, in plain words.
_DOES = {
    State.UNDER_DENOISED: "leaves noise",
    State.COPY: "keeps raw's own noise",
    State.OVER_SMOOTHED: "smooths too much",
    State.TOO_DARK: "is too dark",
    State.TOO_BRIGHT: "is too bright",
}


def traits_of(conditions: Conditions, own_noise: float = math.nan) -> Traits:
    """Return what the residual of a prediction looks like, and at which brightness.

    Parameters
    ----------
    conditions : Conditions
        Its signatures.
    own_noise : float
        Share of raw's noise that it kept, as another capture shows; NaN without.

    Returns
    -------
    dict of State to tuple of str
        Thirds of `LEVELS`. Empty where the residual is consistent with noise.
    """
    levels = {n: s for n in LEVELS if (s := conditions.levels[n]).n}
    correlations = {n: s.nearest for n, s in levels.items() if s.pairs[:, 0].sum()}
    # estimated noise makes the variance 1 by itself; the background of raw does not
    variances = {} if conditions.noise.circular else {n: s.variance for n, s in levels.items()}
    low = {n for n, v in variances.items() if v < TOO_LITTLE}
    if conditions.kept < TOO_LITTLE:
        low.add("dark")  # background is
    grainy = {n for n, c in correlations.items() if c < (RATHER_GRAINY if low else GRAINY)}
    copied = not grainy and (bool(low) or own_noise > KEPT)
    off = {n for n, s in levels.items() if abs(s.mean) > max(BIAS, 5 / math.sqrt(s.n))}
    found = {
        State.UNDER_DENOISED: grainy,
        State.COPY: low if copied else set(),
        State.OVER_SMOOTHED: {n for n, c in correlations.items() if c > STRUCTURE},
        State.TOO_DARK: {n for n in off if levels[n].mean > 0},
        State.TOO_BRIGHT: {n for n in off if levels[n].mean < 0},
    }
    return {
        state: tuple(n for n in LEVELS if n in where)
        for state, where in found.items()
        if where or (state is State.COPY and copied)
    }


def traits_in(result: EvidenceResult, name: str) -> Traits:
    """Return what a prediction of a result is like, with what further captures show."""
    try:
        own_noise = result.score("own_noise_kept", name).value
    except KeyError:
        own_noise = math.nan
    return traits_of(result.conditions[name], own_noise)


def judge(result: EvidenceResult) -> list[list[Part]]:
    """Return the sentences of the verdict without ground truth."""
    sentences = [s for n in result.conditions for s in sentences_of(result, n)]
    if len(result.conditions) > 1:
        sentences.append(disputed(result, next(iter(result.conditions))))
    circular = [n for n, c in result.conditions.items() if c.noise.circular]
    if circular:
        text = (
            "The camera's noise was estimated from raw and prediction, which is circular: enter "
            "it, or take one more noisy image of the same field."
        )
        sentences.append([(text, None)])
    return sentences


def sentences_of(
    result: EvidenceResult, name: str, look: tuple[Part, ...] = LOOK
) -> list[list[Part]]:
    """Return the sentences about one prediction: what is wrong where, the rest, what next.

    Parameters
    ----------
    result : EvidenceResult
        Of one inquiry.
    name : str
        The prediction.
    look : tuple of Part
        How the places are looked at.
    """
    places = result.places.get(name, ())
    traits = traits_in(result, name)
    shown, hidden = sum(p.height < 0 for p in places), sum(p.height > 0 for p in places)
    rest: list[Part] = [(described(traits, bool(places)), None)]
    sentences = [contradicted(name, shown, hidden), rest]
    nothing: Part = (
        "That is no proof that it is right: the limit shows what could not have been seen.",
        ("limit", name),
    )
    if places:
        sentences.append([*look])
    elif not traits:
        sentences.append([nothing])
    advice = advised(traits)
    return [*sentences, [(advice, None)]] if advice else sentences


def contradicted(name: str, shown: int, hidden: int) -> list[Part]:
    """Say in how many places raw does not support a prediction, and how many are missing."""
    called = "the prediction" if name == "prediction" else name
    if not shown and not hidden:
        return [
            (f"Raw contradicts {called} nowhere by more than ", None),
            ("noise could", ("evidence", name)),
            (".", None),
        ]
    made_up: list[Part] = [
        ("Raw does not support ", None),
        (f"{counted(shown, 'place')} that {called} shows", ("shown_without_photons", name)),
    ]
    of = "" if shown else f" from {called}"
    number = f"{hidden:,}" if shown else counted(hidden, "place")
    gone: list[Part] = [
        (f"{number} that raw has", ("photons_not_shown", name)),
        (f" {'is' if hidden == 1 else 'are'} missing{of}", None),
    ]
    between: list[Part] = [(", and ", None)] if shown and hidden else []
    return [*(made_up if shown else []), *between, *(gone if hidden else []), (".", None)]


def described(traits: Traits, elsewhere: bool) -> str:
    """Say what a prediction is like where no place was found, dim and bright areas apart."""
    if not traits:
        what = "what it took off raw is consistent with noise."
        return f"Elsewhere {what}" if elsewhere else sentence(what)
    by_place: dict[tuple[str, ...], list[str]] = {}
    for state, where in traits.items():
        by_place.setdefault(where, []).append(_DOES[state])
    said = [f"{listed(does)}{_in(where)}" for where, does in by_place.items()]
    start = "Elsewhere it" if elsewhere else "It"
    return f"{start} {', and '.join([', '.join(said[:-1]), said[-1]] if said[1:] else said)}."


def advised(traits: Traits) -> str:
    """Say what not to rely on, and how to mend it; "" where nothing is wrong."""
    grainy, smooth = traits.get(State.UNDER_DENOISED), traits.get(State.OVER_SMOOTHED)
    doubtful, remedies = [], []
    if grainy is not None:
        doubtful.append(f"fine grain{_in(grainy, everywhere='')}")
        remedies += ["denoise more"] if smooth is None else []
    if smooth is not None:
        doubtful.append(f"fine detail{_in(smooth, everywhere='')}")
        remedies.append(
            "smooth less, or train on sharper images"
            if grainy is None
            else "even out the noise of dim and bright before denoising (Anscombe transform)"
        )
    if State.COPY in traits:
        doubtful.append("grain that raw has too")
        remedies.append("do not mix raw into it")
    biased = [traits[s] for s in (State.TOO_DARK, State.TOO_BRIGHT) if s in traits]
    if len(biased) == 1 and len(biased[0]) == len(LEVELS):
        doubtful.append("brightness")
        remedies.append("correct its offset")
    elif biased:
        doubtful.append("brightness of dim against bright structures")
        remedies.append("check how it was normalised")
    if not doubtful:
        return ""
    return f"Do not rely on its {listed(doubtful, 'or')}. To mend it: {'; '.join(remedies)}."


def reading(traits: Traits, level: str) -> str:
    """Return the terms for what one third is like."""
    found = [str(s) for s, where in traits.items() if level in where or not where]
    return ", ".join(found) or "like noise"


def _in(where: tuple[str, ...], everywhere: str = " everywhere") -> str:
    """Return where in an image, to be written after what happens there."""
    if not where:
        return ""
    if len(where) == len(LEVELS):
        return everywhere
    return f" in {listed([LEVEL_NAMES[w] for w in where])} areas"


def disputed(result: EvidenceResult, name: str) -> list[Part]:
    """Return the sentence about where predictions disagree; it lists them as seen from one."""
    if not result.disputes:
        return [("The predictions differ nowhere by more than raw could tell.", None)]
    counts = Counter(d.supports for d in result.disputes)
    unknown = counts.pop(None, 0)
    supported = [f"{who} in {n:,}" for who, n in counts.most_common()]
    said = [f"supports {listed(supported)}"] if supported else []
    said += [f"cannot tell in {unknown:,}"] if unknown else []
    n = len(result.disputes)
    places = f"the {n} largest places" if n == MOST_DISPUTES else counted(n, "place")
    return [
        ("The predictions disagree in ", None),
        (places, ("disputes", name)),
        (f": raw {', and '.join(said)}.", None),
    ]
