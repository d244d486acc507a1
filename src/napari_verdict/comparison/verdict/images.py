"""The verdict on restorations: structure and intensity, each against raw."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from napari_verdict.comparison.model import RAW
from napari_verdict.comparison.verdict.intensity import bent
from napari_verdict.comparison.verdict.sentence import Part, defined, listed, score_of, why
from napari_verdict.comparison.words import subject

if TYPE_CHECKING:
    from napari_verdict.comparison.result import Result
    from napari_verdict.comparison.scores import Score

#: What stands in the place of NRMSE under the ZeroCostDL4Mic convention.
ROOT_MAE = "zc_sqrt_mae"
#: Differences below these are none: SSIM absolute, intensity error as a share of raw's.
SAME_SSIM = 5e-4
SAME_ERROR = 1e-3
#: Shares of the area and of the signal below this are not worth a word.
LITTLE_AREA = 0.005
#: So many predictions are each judged in a sentence; of more, the best.
JUDGED_SINGLY = 2


class Against(Enum):
    """How a prediction stands against raw."""

    BETTER = "nearer to the ground truth than raw"
    SAME = "as near to the ground truth as raw"
    WORSE = "farther from the ground truth than raw"
    UNKNOWN = "undefined"

    @property
    def shortly(self) -> str:
        """The same where ground truth and raw have been named."""
        return {Against.BETTER: "nearer", Against.WORSE: "farther"}.get(self, "only as near")


@dataclass(frozen=True)
class Standing:
    """One prediction: its two scores, and how they stand against raw's."""

    name: str
    ssim: Score | None
    error: Score | None
    inverted: float | None = None  # the negative gain
    structure: Against = Against.UNKNOWN
    intensity: Against = Against.UNKNOWN

    @property
    def undefined(self) -> bool:
        """Whether nothing can be said."""
        return not (defined(self.ssim) or defined(self.error))

    @property
    def half_known(self) -> bool:
        """Whether one of structure and intensity cannot be held against raw."""
        return Against.UNKNOWN in (self.structure, self.intensity)

    @property
    def identical(self) -> bool:
        """Whether it is the ground truth itself."""
        return (_value(self.ssim), _value(self.error)) == (1.0, 0.0)

    @property
    def fails(self) -> bool:
        """Whether it is in neither respect better than raw, as far as can be said."""
        known = {self.structure, self.intensity} - {Against.UNKNOWN}
        return bool(known) and Against.BETTER not in known


def judge(result: Result) -> list[list[Part]]:
    """Return the sentences of the verdict on a restoration."""
    standings = [_standing(result, p.name) for p in result.comparison.predictions]
    sentences = [_inverted(result, s) for s in standings if s.inverted is not None]
    sentences += [_undefined(s) for s in standings if s.inverted is None and s.undefined]
    judged = [s for s in standings if s.inverted is None and not s.undefined]
    if not judged:
        return sentences
    sentences = bent(result, [s.name for s in judged if not s.identical]) + sentences
    baseline = _baseline(result)
    best = _best(judged)
    opening = [_opening(best, len(judged))] if len(judged) > 1 else []
    if baseline is not None:
        described = judged if len(judged) == 1 else []
        return opening + [_described(result, s) for s in described] + [baseline] + sentences
    singly = [s for s in judged if len(judged) <= JUDGED_SINGLY or s in best or s.half_known]
    failing = [s for s in judged if s.fails and not s.identical]
    # the opening has just named it
    again = best[0] if opening and best[0] is best[-1] else None
    singly.sort(key=lambda s: s is not again)
    middle = [
        _against(result, s, "It" if s is again else subject(s.name))
        for s in singly
        if s not in failing
    ]
    others = [s for s in judged if s not in singly and s not in failing]
    closing = [_failing([s.name for s in failing])] if failing else []
    return opening + middle + _others(others) + closing + sentences


def _standing(result: Result, name: str) -> Standing:
    metric = _metric(result)
    ssim, error = score_of(result, "ssim", name), score_of(result, metric, name)
    gain = score_of(result, "gain", name)
    inverted = gain.value if gain is not None and gain.value < 0 else None
    raw_ssim, raw_error = score_of(result, "ssim", RAW), score_of(result, metric, RAW)
    structure = intensity = Against.UNKNOWN
    if defined(ssim) and defined(raw_ssim):
        structure = _compare(_value(ssim) - _value(raw_ssim), SAME_SSIM)
    if defined(error) and defined(raw_error):
        before = _value(raw_error)
        intensity = _compare(before - _value(error), SAME_ERROR * before)
    return Standing(name, ssim, error, inverted, structure, intensity)


def _metric(result: Result) -> str:
    return ROOT_MAE if result.comparison.settings.convention.fit == "zerocost" else "nrmse"


def _value(score: Score | None) -> float:
    return float("nan") if score is None else score.value


def _compare(gained: float, least: float) -> Against:
    if abs(gained) <= least:
        return Against.SAME
    return Against.BETTER if gained > 0 else Against.WORSE


# ---- against raw


def _against(result: Result, s: Standing, start: str) -> list[Part]:
    if s.identical:
        text = f"{start} is identical to the ground truth: check that it was not chosen twice."
        return [(text, None)]
    structure: Part = ("structure", ("ssim", s.name))
    intensity: Part = ("intensity", ("rse", s.name))
    if s.structure is Against.UNKNOWN:
        return _half(start, s.intensity, intensity, structure, s.ssim)
    if s.intensity is Against.UNKNOWN:
        return _half(start, s.structure, structure, intensity, s.error)
    if s.structure is s.intensity:
        parts = [(f"{start} is {s.structure.value} in ", None), structure]
        return [*parts, (" and in ", None), intensity, *_area(result, s, "but"), (".", None)]
    return [
        (f"{start} is {s.structure.value} in ", None),
        structure,
        (f", but {s.intensity.shortly} in ", None),
        intensity,
        *_area(result, s, "and"),
        (".", None),
    ]


def _half(
    start: str, against: Against, known: Part, unknown: Part, score: Score | None
) -> list[Part]:
    parts: list[Part] = [(f"{start} is {against.value} in ", None), known]
    return [*parts, ("; its ", None), unknown, (f" is undefined: {why(score)}.", None)]


def _area(result: Result, s: Standing, joined: str) -> list[Part]:
    shares = [
        (score.value, of)
        for of in ("area", "signal")
        if defined(score := score_of(result, f"{of}_worse", s.name)) and score is not None
    ]
    if not any(share >= LITTLE_AREA for share, _ in shares):
        return []
    said = " and ".join(f"{_percent(share)} of the {of}" for share, of in shares)
    return [(f", {joined} ", None), (f"worse than raw in {said}", ("gain", s.name))]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= LITTLE_AREA else "less than 1 %"


def _failing(names: list[str]) -> list[Part]:
    if len(names) == 1:
        return [
            (f"{subject(names[0])} ", None),
            ("does not improve on raw", ("gain", names[0])),
            (": reconsider this model.", None),
        ]
    return [(f"{listed(names)} do not improve on raw: reconsider these models.", None)]


def _others(others: list[Standing]) -> list[list[Part]]:
    both = [s.name for s in others if s.structure is s.intensity is Against.BETTER]
    sentences: list[list[Part]] = []
    if both:
        verb = "improves" if len(both) == 1 else "improve"
        sentences.append([(f"{listed(both)} also {verb} on raw in both.", None)])
    for word, names in (
        ("structure", [s.name for s in others if s.intensity is not Against.BETTER]),
        ("intensity", [s.name for s in others if s.structure is not Against.BETTER]),
    ):
        if names:
            verb = "improves" if len(names) == 1 else "improve"
            sentences.append([(f"{listed(names)} {verb} on raw in {word} only.", None)])
    return sentences


# ---- among predictions


def _best(judged: list[Standing]) -> list[Standing]:
    structure = [s for s in judged if defined(s.ssim)]
    intensity = [s for s in judged if defined(s.error)]
    best = [max(structure, key=lambda s: _value(s.ssim))] if structure else []
    if intensity:
        best.append(min(intensity, key=lambda s: _value(s.error)))
    return best


def _opening(best: list[Standing], many: int) -> list[Part]:
    start: Part = (f"Of {many} predictions, ", None)
    first, last = best[0], best[-1]
    if first is last:
        where: list[Part] = []
        if defined(first.ssim):
            where.append(("structure", ("ssim", first.name)))
        if defined(first.error):
            where += [(" and in ", None)] if where else []
            where.append(("intensity", ("rse", first.name)))
        text = f"{first.name} is nearest to the ground truth in "
        return [start, (text, None), *where, (".", None)]
    return [
        start,
        (f"{first.name} is nearest to the ground truth in ", None),
        ("structure", ("ssim", first.name)),
        (f", {last.name} in ", None),
        ("intensity", ("rse", last.name)),
        (".", None),
    ]


# ---- without a baseline, or without a score


def _baseline(result: Result) -> list[Part] | None:
    if result.comparison.raw is None:
        text = (
            "No raw image was chosen, so nothing says whether the model improves on what it was "
            "given: choose one as the baseline."
        )
        return [(text, None)]
    raw = _standing(result, RAW)
    if raw.undefined:
        text = f"Raw cannot serve as the baseline: {why(raw.ssim, raw.error)}."
        return [(text, None)]
    return None


def _described(result: Result, s: Standing) -> list[Part]:
    if s.identical:
        return _against(result, s, subject(s.name))
    convention = result.comparison.settings.convention.title
    parts: list[Part] = []
    if defined(s.ssim):
        parts += [(f"an SSIM of {_value(s.ssim):.3f} in ", None), ("structure", ("ssim", s.name))]
    if defined(s.error):
        label = "a root mean absolute error" if _metric(result) == ROOT_MAE else "an NRMSE"
        joined = " and " if parts else ""
        parts.append((f"{joined}{label} of {_value(s.error):.3f} in ", None))
        parts.append(("intensity", ("rse", s.name)))
    return [
        (f"{subject(s.name)} reaches ", None),
        *parts,
        (f", under the convention {convention}.", None),
    ]


def _inverted(result: Result, s: Standing) -> list[Part]:
    hidden = "the fit hides this, so its scores do not count"
    if result.comparison.settings.convention.fit == "none":
        hidden = "check that it is the right image"
    text = (
        f"The contrast of {s.name} is inverted against the ground truth (fitted gain "
        f"{s.inverted:.2g}): {hidden}."
    )
    return [(text, None)]


def _undefined(s: Standing) -> list[Part]:
    return [(f"{subject(s.name)} cannot be judged: {why(s.ssim, s.error)}.", None)]
