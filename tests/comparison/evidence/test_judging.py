"""The verdict without ground truth: one plain sentence first, then the rest, then what to do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from dim import ask, blob, capture, grey, scene
from napari_verdict.comparison.evidence.judging import (
    State,
    advised,
    contradicted,
    described,
    reading,
    traits_of,
)


@pytest.fixture
def truth():
    return scene((320, 320), 60)


@pytest.fixture
def detail(truth):
    """Fine structure that a wide filter takes away."""
    x = np.indices(truth.shape)[1]
    return truth + 8 * (truth > 10) * (1 + np.sin(x * 1.4))


NOISE = "consistent with noise"
PREDICTIONS = {
    NOISE: lambda raw, clean: clean,
    State.OVER_SMOOTHED: lambda raw, clean: ndimage.gaussian_filter(clean, 3.0),
    State.UNDER_DENOISED: lambda raw, clean: ndimage.gaussian_filter(raw, 0.7),
    State.COPY: lambda raw, clean: 0.6 * raw + 0.4 * clean,
    State.TOO_DARK: lambda raw, clean: 100 + 0.9 * (clean - 100),
    State.TOO_BRIGHT: lambda raw, clean: clean + 2.5,
}


@pytest.mark.parametrize("state", PREDICTIONS)
@pytest.mark.parametrize("known", [True, False])
def test_each_kind_of_error_is_told_with_what_to_do_next(rng, detail, state, known):
    raw = capture(rng, detail)
    result = ask(raw, PREDICTIONS[state](raw, grey(detail)), known=known)
    traits = traits_of(result.conditions["a"])
    if state == NOISE:
        assert not traits
        assert "what it took off raw is consistent with noise" in result.verdict.lower()
    else:
        assert state in traits
        assert advised(traits) in result.verdict


def test_brightness_that_is_wrong_is_told_by_where(rng, truth):
    raw = capture(rng, truth)
    traits = traits_of(ask(raw, 100 + 0.9 * (grey(truth) - 100)).conditions["a"])
    assert traits[State.TOO_DARK][-1] == "bright"
    assert State.TOO_BRIGHT not in traits
    assert "is too bright everywhere" in ask(raw, grey(truth) + 2.5).verdict


def test_dim_and_bright_are_told_apart_where_they_contradict_each_other(rng, detail):
    raw, clean = capture(rng, detail), grey(detail)
    bright = clean > np.quantile(clean, 2 / 3)
    smooth, grainy = ndimage.gaussian_filter(clean, 3.0), ndimage.gaussian_filter(raw, 0.7)
    traits = traits_of(ask(raw, np.where(bright, smooth, grainy)).conditions["a"])
    assert "bright" in traits[State.OVER_SMOOTHED]
    assert traits[State.UNDER_DENOISED] == ("dark",)


ALL = ("dark", "middle", "bright")


@pytest.mark.parametrize(
    ("shown", "hidden", "says"),
    [
        (0, 0, "Raw contradicts cnn nowhere by more than noise could."),
        (1, 0, "Raw does not support 1 place that cnn shows."),
        (2, 1, "Raw does not support 2 places that cnn shows, and 1 that raw has is missing."),
        (1, 1200, "Raw does not support 1 place that cnn shows, and 1,200 that raw has are "
         "missing."),
        (0, 1, "1 place that raw has is missing from cnn."),
        (0, 3, "3 places that raw has are missing from cnn."),
    ],
)  # fmt: skip
def test_what_raw_contradicts_is_one_sentence_with_counts(shown, hidden, says):
    parts = contradicted("cnn", shown, hidden)
    assert "".join(text for text, _ in parts) == says
    links = {link[0] for _, link in parts if link}
    counts = {"shown_without_photons": shown, "photons_not_shown": hidden}
    assert links == ({n for n, k in counts.items() if k} or {"evidence"})


@pytest.mark.parametrize(
    ("traits", "says", "advice"),
    [
        ({}, "What it took off raw is consistent with noise.", ""),
        (
            {State.OVER_SMOOTHED: ("bright",)},
            "It smooths too much in bright areas.",
            "Do not rely on its fine detail in bright areas. To mend it: smooth less, or train on "
            "sharper images.",
        ),
        (
            {State.UNDER_DENOISED: ("dark", "middle")},
            "It leaves noise in dim and medium areas.",
            "Do not rely on its fine grain in dim and medium areas. To mend it: denoise more.",
        ),
        (
            {State.UNDER_DENOISED: ("dark",), State.OVER_SMOOTHED: ("bright",)},
            "It leaves noise in dim areas, and smooths too much in bright areas.",
            "Do not rely on its fine grain in dim areas or fine detail in bright areas. To mend "
            "it: even out the noise of dim and bright before denoising (Anscombe transform).",
        ),
        (
            {State.OVER_SMOOTHED: ALL},
            "It smooths too much everywhere.",
            "Do not rely on its fine detail. To mend it: smooth less, or train on sharper images.",
        ),
        (
            {State.OVER_SMOOTHED: ("bright",), State.TOO_DARK: ("bright",)},
            "It smooths too much and is too dark in bright areas.",
            "Do not rely on its fine detail in bright areas or brightness of dim against bright "
            "structures. To mend it: smooth less, or train on sharper images; check how it was "
            "normalised.",
        ),
        (
            {State.COPY: ()},
            "It keeps raw's own noise.",
            "Do not rely on its grain that raw has too. To mend it: do not mix raw into it.",
        ),
        (
            {State.TOO_BRIGHT: ALL},
            "It is too bright everywhere.",
            "Do not rely on its brightness. To mend it: correct its offset.",
        ),
        (
            {State.TOO_DARK: ("bright",), State.TOO_BRIGHT: ("dark",)},
            "It is too dark in bright areas, and is too bright in dim areas.",
            "Do not rely on its brightness of dim against bright structures. To mend it: check how "
            "it was normalised.",
        ),
    ],
    ids=lambda x: "-".join(x) or "noise" if isinstance(x, dict) else "",
)
def test_the_rest_is_said_in_plain_words_and_then_what_to_do(traits, says, advice):
    assert described(traits, False) == says
    assert described(traits, True) == f"Elsewhere {says[0].lower()}{says[1:]}"
    assert advised(traits) == advice


def test_each_third_is_read_by_the_terms_of_the_field():
    traits = {State.UNDER_DENOISED: ("dark",), State.OVER_SMOOTHED: ("bright",),
              State.TOO_DARK: ("bright",)}  # fmt: skip
    assert [reading(traits, level) for level in ALL] == [
        "under-denoised",
        "like noise",
        "over-smoothed, too dark",
    ]
    # a further capture shows that noise was kept, but not where
    assert reading({State.COPY: ()}, "middle") == "partly a copy of the input"


def test_places_come_first_and_the_rest_is_told_apart(rng, truth):
    raw = capture(rng, truth)
    verdict = ask(raw, grey(truth + 20 * blob(truth.shape, 60, 70))).verdict
    assert verdict.startswith(
        "Raw does not support 1 place that a shows. Elsewhere what it took off raw is consistent "
        "with noise. Look at raw in each of these places."
    )


def test_no_contradiction_is_not_called_a_proof(rng, truth):
    rng = np.random.default_rng(5)
    assert "no proof that it is right" in ask(capture(rng, truth), grey(truth)).verdict


def test_where_predictions_disagree_it_is_said_whom_raw_supports(rng, truth):
    raw = capture(rng, truth)
    wrong = grey(truth + 20 * blob(truth.shape, 60, 70))
    assert ask(raw, grey(truth), wrong).verdict.endswith(
        "The predictions disagree in 1 place: raw supports a in 1."
    )
