"""Evidence at a glance: of one prediction, with what noise alone would give beside it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from dim import ask, blob, capture, grey, scene
from napari_verdict.comparison.evidence.glance import (
    PARTS,
    at_a_glance,
    capture_words,
    noise_words,
    readings_of,
    signatures_of,
)
from napari_verdict.comparison.model import RAW


def text_of(parts):
    return "".join(text for text, _ in parts)


@pytest.fixture
def truth():
    return scene((128, 128))


def test_one_prediction_is_spoken_of_and_then_where_all_disagree(rng, truth):
    wrong = grey(truth + 14 * blob(truth.shape, 60, 70))
    result = ask(capture(rng, truth), grey(truth), wrong)
    of_b = text_of(at_a_glance(result, "b"))
    lines = of_b.split("\n")
    assert lines[0] == "Raw does not support 1 place that b shows."
    assert lines[-1] == "The predictions disagree in 1 place: raw supports a in 1."
    look = (("Hold H there.", None),)
    assert text_of(at_a_glance(result, "b", look)).split("\n")[2].startswith("Hold H there.")
    of_a = at_a_glance(result, "a")
    assert text_of(of_a).startswith("Raw contradicts a nowhere by more than noise could.")
    assert ("evidence", "a") in [link for _, link in of_a]
    assert "raw supports" not in text_of(at_a_glance(ask(capture(rng, truth), wrong), "a"))


def test_of_raw_itself_there_is_nothing_to_say(rng, truth):
    result = ask(capture(rng, truth), grey(truth), captures=[capture(rng, truth)])
    assert at_a_glance(result, RAW) == []
    assert signatures_of(result, RAW) == ()
    assert readings_of(result, RAW) == ()
    assert "expected" in noise_words(result, RAW)


def test_signatures_stand_beside_what_noise_gives(rng, truth):
    raw = capture(rng, truth)
    right, smooth = grey(truth), ndimage.gaussian_filter(raw, 6.0)
    result = ask(raw, right, smooth)
    for row in signatures_of(result, "a"):
        assert len(row.values) == len(PARTS)
        np.testing.assert_allclose(row.values, row.expected, atol=0.15)
    variance, correlation, _ = signatures_of(result, "b")
    assert variance.values[0] > variance.expected + 0.1
    assert correlation.values[0] > correlation.expected + 0.06
    assert readings_of(result, "a") == ("", *["like noise"] * 3)
    assert "over-smoothed" in readings_of(result, "b")[-1]


def test_noise_is_said_with_its_source_and_expected_false_alarms(rng, truth):
    raw = capture(rng, truth)
    entered = noise_words(ask(raw, grey(truth), alarms=0.5), "a")
    assert "Entered" in entered
    assert "0.5 places are expected to be listed by chance" in entered
    assert entered.endswith("ADU², at least 12.5.")
    assert "circular" in noise_words(ask(raw, grey(truth), known=False), "a")


def test_who_plans_an_experiment_is_told_what_one_more_image_buys(rng, truth):
    raw = capture(rng, truth)
    assert "Take every field twice" in capture_words(ask(raw, grey(truth)))
    with_one = ask(raw, grey(truth), captures=[capture(rng, truth)])
    assert "from 1 further capture." in capture_words(with_one)
