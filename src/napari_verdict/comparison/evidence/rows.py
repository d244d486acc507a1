"""The scores of an inquiry: signatures of the residual, counts of places, errors from captures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.comparison.evidence.model import LEVELS
from napari_verdict.comparison.scores import Score

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from napari_verdict.comparison.evidence.conditions import Conditions
    from napari_verdict.comparison.evidence.model import Inquiry
    from napari_verdict.comparison.evidence.places import Place
    from napari_verdict.metrics.residuals import Signatures

_TOO_FEW = "no pixel of this brightness counts"
_NO_BACKGROUND = "raw has no dark, flat background with independent noise"
_CONSTANT = "the prediction is constant"


def convention_of(inquiry: Inquiry, conditions: Conditions) -> str:
    """Say what every score of a prediction depends on."""
    noise, settings = conditions.noise, inquiry.evidence
    parts = [
        f"noise={noise.source}",
        f"slope={noise.slope:.6g}",
        f"intercept={noise.intercept:.6g}",
        f"floor={noise.floor:.6g}",
        f"circular={'yes' if noise.circular else 'no'}",
        f"scales={','.join(f'{s:g}' for s in settings.scales)} px",
        f"alarms={settings.alarms:g} per image",
        "residual=without places",
    ]
    standard = conditions.standard
    if standard.saturation is not None:
        parts.append(f"saturation={standard.saturation:g}")
    if standard.taken_off:
        parts.append(f"taken off={','.join(standard.taken_off)}")
    return "; ".join(parts)


def prediction_rows(
    inquiry: Inquiry, name: str, conditions: Conditions, places: Sequence[Place]
) -> Iterator[Score]:
    """Yield the scores of one prediction.

    Parameters
    ----------
    inquiry : Inquiry
        What was asked.
    name : str
        The prediction.
    conditions : Conditions
        What was measured of it.
    places : sequence of Place
        That were found, strongest first; the `n` of their counts is all pixels of raw.
    """
    image, convention = inquiry.ground_truth.name, convention_of(inquiry, conditions)

    def score(
        metric: str, value: float, unit: str = "1", n: int | None = None, why: str = _TOO_FEW
    ) -> Score:
        reason = why if math.isnan(value) else None
        return Score(
            image=image, candidate=name, metric=metric, value=value, unit=unit,
            convention=convention, reason=reason, n=n,
        )  # fmt: skip

    heights = np.array([p.height for p in places])
    pixels = math.prod(inquiry.ground_truth.shape)
    yield score("shown_without_photons", float((heights < 0).sum()), n=pixels)
    yield score("photons_not_shown", float((heights > 0).sum()), n=pixels)
    gathering = conditions.gathering
    yield score("threshold_low", gathering.low, "standard deviations")
    yield score("threshold_high", gathering.high, "standard deviations")
    yield from _signature_rows(score, "", conditions.whole)
    for level in LEVELS:
        yield from _signature_rows(score, f"_{level}", conditions.levels[level])
    n = conditions.background.n
    yield score("residual_background", conditions.kept, n=n, why=_NO_BACKGROUND)
    first = next(iter(conditions.fits.values()))
    yield score("fitted_gain", first.measured_gain, why=_CONSTANT)
    yield score("fitted_offset", first.measured_offset, "image units", why=_CONSTANT)


def _signature_rows(score: Callable[..., Score], suffix: str, s: Signatures) -> Iterator[Score]:
    yield score(f"residual_variance{suffix}", s.variance, n=s.n)
    yield score(f"residual_mean{suffix}", s.mean, n=s.n)
    yield score(f"residual_correlation{suffix}", s.nearest, n=int(s.pairs[:, 0].sum()))
