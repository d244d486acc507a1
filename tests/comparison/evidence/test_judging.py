"""The verdict without ground truth names the kind of error, and what to do next."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from dim import ask, blob, capture, grey, scene
from napari_verdict.comparison.evidence.judging import State, states_of


@pytest.fixture
def truth():
    return scene((320, 320), 60)


@pytest.fixture
def detail(truth):
    """Fine structure that a wide filter takes away."""
    x = np.indices(truth.shape)[1]
    return truth + 8 * (truth > 10) * (1 + np.sin(x * 1.4))


PREDICTIONS = {
    State.CONSISTENT: lambda raw, clean: clean,
    State.OVER_SMOOTHED: lambda raw, clean: ndimage.gaussian_filter(clean, 3.0),
    State.UNDER_DENOISED: lambda raw, clean: ndimage.gaussian_filter(raw, 0.7),
    State.COPY: lambda raw, clean: 0.6 * raw + 0.4 * clean,
    State.BIASED: lambda raw, clean: 100 + 0.9 * (clean - 100),
}


@pytest.mark.parametrize("state", PREDICTIONS, ids=lambda s: s.name)
@pytest.mark.parametrize("known", [True, False])
def test_each_kind_of_error_has_its_name(rng, detail, state, known):
    raw = capture(rng, detail)
    result = ask(raw, PREDICTIONS[state](raw, grey(detail)), known=known)
    found = states_of(result.conditions["a"])
    assert state in found
    assert state.next.split(";")[0] in result.verdict or result.places["a"]
    if state is State.CONSISTENT:
        assert found == [state]


def test_brightness_that_is_wrong_is_told_by_where(rng, truth):
    raw = capture(rng, truth)
    verdict = ask(raw, 100 + 0.9 * (grey(truth) - 100)).verdict
    assert "too dark where it is" in verdict
    assert "bright" in verdict
    assert "too bright throughout" in ask(raw, grey(truth) + 2.5).verdict


def test_places_come_first_and_the_rest_is_told_apart(rng, truth):
    raw = capture(rng, truth)
    verdict = ask(raw, grey(truth + 20 * blob(truth.shape, 60, 70))).verdict
    assert "shows 1 place without photons; elsewhere it leaves nothing but noise" in verdict
    assert "Flip those places with raw first" in verdict


def test_no_contradiction_is_not_called_a_proof(rng, truth):
    rng = np.random.default_rng(5)
    assert "no proof that it is right" in ask(capture(rng, truth), grey(truth)).verdict
