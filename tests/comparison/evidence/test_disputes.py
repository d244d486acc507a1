"""Where predictions disagree, raw says whose side it is on, or that it cannot tell."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from dim import ask, blob, capture, grey, scene


@pytest.fixture
def truth():
    return scene((256, 256))


def test_raw_supports_the_one_that_is_right(rng, truth):
    lie, loss = 14 * blob(truth.shape, 60, 70), 14 * blob(truth.shape, 180, 90)
    raw = capture(rng, truth + loss)
    result = ask(raw, grey(truth + loss), grey(truth + loss + lie), grey(truth))
    by_place = {(d.box[0] // 64, d.box[2] // 64): d for d in result.disputes}
    assert len(result.disputes) == 2
    made_up, erased = by_place[0, 0], by_place[2, 1]
    assert made_up.between[0] == "b"
    assert made_up.supports in ("a", "c")
    assert erased.between[1] == "c"
    assert erased.supports in ("a", "b")
    assert min(d.margin for d in result.disputes) > 3
    assert "The predictions disagree in 2 places: raw supports " in result.verdict
    entries = result.dispute_entries("c")
    kinds = [entries.kinds[k] for k in entries.kind]
    # the one that raw supports is named, and is no place of the list of evidence
    supported = ["it" if d.supports == "c" else d.supports for d in result.disputes]
    assert kinds == [f"raw supports {who}" for who in supported]
    assert {entries.key(k).role for k in range(2)} == {"dispute"}
    table = result.dispute_table
    assert table["supports"].tolist() == [d.supports for d in result.disputes]
    assert table["shows_more"].tolist() == [d.between[0] for d in result.disputes]
    assert entries.value.tolist() == sorted(entries.value, reverse=True)


def test_one_that_is_as_wrong_as_the_other_is_not_supported(rng, truth):
    lie = 9 * blob(truth.shape, 60, 70)
    result = ask(capture(rng, truth), grey(truth + lie), grey(truth - lie))
    (dispute,) = result.disputes
    # equally far from raw: chance alone decides, and that is said
    assert dispute.supports is None
    assert dispute.margin < 3
    assert "raw cannot tell in 1" in result.verdict
    assert result.dispute_table["supports"].tolist() == [""]


def smoothed(image, rng):
    # as after a small interpolation: neighbours share a quarter of their noise
    taps = np.array([1, 8, 1]) / np.sqrt(66)
    return 100 + ndimage.convolve(image - 100, np.outer(taps, taps), mode="reflect")


def with_lines(image, rng):
    columns, rows = rng.normal(0, 2.5, image.shape[1]), rng.normal(0, 2.5, image.shape[0])
    return image + columns + rows[:, np.newaxis]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("change", [lambda i, rng: i, smoothed, with_lines])
def test_chance_decides_by_no_more_than_is_said_whatever_pixels_share(rng, change, known):
    margins = []
    truth = scene((256, 256), 15)
    places = [(y, x) for y in range(28, 256, 40) for x in range(28, 256, 40)]
    lie = sum((-1) ** k * blob(truth.shape, *at, 2.5) for k, at in enumerate(places))
    for _ in range(3):
        raw = change(capture(rng, truth), rng)
        # both are as wrong, so what raw says for one is noise: normal, of variance 1
        result = ask(raw, *(grey(truth + 3.5 * sign * lie) for sign in (1, -1)), known=known)
        margins += [d.margin for d in result.disputes]
    assert len(margins) > 30
    # three standard errors
    assert np.square(margins).mean() < 1 + 3 * np.sqrt(2 / len(margins))


def test_the_order_of_predictions_decides_nothing(rng, truth):
    raw = capture(rng, truth)
    # each has another estimate of the noise: one that kept some of it, one that left structure
    images = [0.7 * grey(truth) + 0.3 * raw, grey(ndimage.gaussian_filter(truth, 6.0))]
    there, back = (ask(raw, *images[::step], known=False) for step in (1, -1))
    assert there.disputes
    assert there.conditions["a"].noise != there.conditions["b"].noise
    other = {"a": "b", "b": "a", None: None}
    for one, two in zip(there.disputes, back.disputes, strict=True):
        assert (one.box, one.size) == (two.box, pytest.approx(two.size))
        assert one.between == tuple(other[n] for n in two.between)
        assert (one.supports, one.margin) == (other[two.supports], pytest.approx(two.margin))


def test_predictions_that_agree_have_no_dispute(rng, truth):
    result = ask(capture(rng, truth), grey(truth), grey(truth) + 0.1)
    assert result.disputes == ()
    assert "differ nowhere" in result.verdict
    assert len(result.dispute_entries("a")) == 0


def test_mean_spread_and_disagreement_are_of_all_predictions(rng, truth):
    raw = capture(rng, truth)
    shown = [grey(truth), grey(truth) + 2, grey(truth) - 5]
    result = ask(raw, *shown, fit=False)
    np.testing.assert_allclose(np.asarray(result.consensus["mean"]), np.mean(shown, axis=0), 1e-6)
    np.testing.assert_allclose(
        np.asarray(result.consensus["spread"]), np.std(shown, axis=0, ddof=1), rtol=1e-5
    )
    np.testing.assert_allclose(result.maps["b"]["disagreement"], 3, atol=1e-4)
