"""Further noisy captures: errors against the clean image nobody has, with honest intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage
from scipy.stats import binom

from builders import OnlySlices, by_code
from dim import ask, blob, capture, grey, scene


@pytest.fixture
def truth():
    return scene((256, 256))


@pytest.mark.parametrize("captures", [1, 2])
def test_intervals_cover_the_error_against_the_clean_image(rng, truth, captures):
    covered = dict.fromkeys(("raw", "a", "b"), 0)
    runs, truth = 60, truth[:96, :96]
    for _ in range(runs):
        raw = capture(rng, truth)
        more = [capture(rng, truth) for _ in range(captures)]
        smooth = ndimage.gaussian_filter(raw, 2.0)
        result = ask(raw, grey(truth), smooth, captures=more)
        for name, image in (("raw", raw), ("a", grey(truth)), ("b", smooth)):
            score = result.score("umse", name)
            error = float(np.square(image - grey(truth)).mean())
            covered[name] += score.ci_low <= error <= score.ci_high
    # of intervals of 95 % fewer cover once in a thousand times
    assert min(covered.values()) >= binom.ppf(0.001, runs, 0.95)


def test_upsnr_follows_from_umse_and_its_data_range(rng, truth):
    raw = capture(rng, truth)
    result = ask(raw, ndimage.gaussian_filter(raw, 2.0), captures=[capture(rng, truth)])
    error, decibels = result.score("umse", "a"), result.score("upsnr", "a")
    data_range = float(decibels.convention.split("data_range=")[1])
    smooth = ndimage.gaussian_filter(grey(truth), 2.0)
    assert data_range == pytest.approx(np.ptp(np.percentile(smooth, (0.1, 99.9))), rel=0.05)
    assert decibels.value == pytest.approx(10 * math.log10(data_range**2 / error.value))
    assert decibels.ci_low < decibels.value < decibels.ci_high
    assert "captures=1" in error.convention


def test_a_copy_of_raw_is_told_from_a_denoiser(rng, truth):
    raw = capture(rng, truth)
    blend = 0.5 * grey(truth) + 0.5 * raw
    result = ask(raw, grey(truth), blend, captures=[capture(rng, truth)], known=False)
    right, copied = (result.score("own_noise_kept", n) for n in "ab")
    assert right.ci_low <= 0 <= right.ci_high
    assert copied.ci_low <= 0.5 <= copied.ci_high
    of_a, of_b = result.verdict.split("Raw contradicts b")
    assert "consistent with noise" in of_a
    assert "keeps raw's own noise" in of_b


def test_the_local_error_is_largest_where_it_is_wrong(rng, truth):
    raw = capture(rng, truth)
    wrong = grey(truth + 15 * blob(truth.shape, 60, 180, 5.0))
    more = [capture(rng, truth), capture(rng, truth)]
    result = ask(raw, wrong, captures=more)
    error = result.maps["a"]["error"]
    assert error.dtype == np.float32
    y, x = np.unravel_index(np.nanargmax(error), error.shape)
    assert math.hypot(y - 60, x - 180) < 8
    assert set(result.maps["raw"]) == {"error"}
    lazy = ask(OnlySlices(raw), OnlySlices(wrong), captures=[OnlySlices(c) for c in more])
    np.testing.assert_allclose(lazy.maps["a"]["error"][:], error, rtol=1e-5)
    assert lazy.score("umse", "a").value == result.score("umse", "a").value


def test_stacks_pool_their_planes(rng):
    truth = np.stack([scene((96, 96), p) for p in (20, 40, 60)])
    raw = capture(rng, truth)
    result = ask(raw, grey(truth) + 3, captures=[capture(rng, truth)], axes="zyx")
    score = result.score("umse", "a")
    assert score.n == raw.size
    assert score.ci_low < 9 < score.ci_high


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda c, r: np.roll(c, 3, axis=0), "off raw"),
        (lambda c, r: 100 + 0.7 * (c - 100), "as bright"),
        (lambda c, r: r.copy(), "is raw itself"),
    ],
    ids=["moved", "bleached", "same"],
)
def test_a_capture_that_did_not_hold_still_is_left_out_and_said(rng, truth, change, word):
    bright = 5 * truth
    raw, good = capture(rng, bright), capture(rng, bright)
    bad = change(capture(rng, bright), raw)
    finding = by_code(ask(raw, grey(bright), captures=[good, bad]).findings)["capture-moved"]
    assert word in finding.message
    assert "Capture 2" in finding.message
    alone = ask(raw, grey(bright), captures=[bad])
    for metric in ("umse", "upsnr", "own_noise_kept"):
        score = alone.score(metric, "a")
        assert math.isnan(score.value)
        assert "held still" in score.reason
    assert "error" not in alone.maps["a"]


@pytest.mark.parametrize("axes", ["zyx", "tyx"])
@pytest.mark.parametrize(
    ("change", "word"),
    [(lambda c: np.roll(c, 3, axis=0), "off raw"), (lambda c: 100 + 0.7 * (c - 100), "as bright")],
    ids=["moved", "bleached"],
)
def test_a_capture_that_moved_or_bleached_at_the_end_alone_is_left_out(rng, axes, change, word):
    truth = np.stack([5 * scene((96, 96), p) for p in (20, 40, 60, 50, 30)])
    raw, good, bad = (capture(rng, truth) for _ in range(3))
    bad[-1] = change(bad[-1])
    result = ask(raw, grey(truth), captures=[good, bad], axes=axes)
    findings = [f.message for f in result.findings if f.code == "capture-moved"]
    assert len(findings) == 1
    assert "Capture 2" in findings[0]
    assert word in findings[0]


def test_planes_next_to_dark_are_not_taken_for_bleached(rng):
    # a hundredth of a photon in a pixel: what is there of light in two captures differs by chance
    truth = np.stack([scene((64, 64), 40), *np.full((4, 64, 64), 0.01)])
    for _ in range(10):
        raw, good = capture(rng, truth), capture(rng, truth)
        result = ask(raw, grey(truth), captures=[good], axes="zyx")
        assert not any("as bright" in f.message for f in result.findings)


def test_a_drift_that_noise_could_have_made_leaves_no_capture_out(rng):
    # few photons in few pixels: a shift of more than a quarter pixel is measured of none
    truth = 0.4 * scene((64, 64))
    codes = []
    for _ in range(30):
        raw, good = capture(rng, truth), capture(rng, truth)
        result = ask(raw, grey(truth), captures=[good])
        codes += [f.code for f in result.findings]
        assert not math.isnan(result.score("umse", "a").value)
    assert "capture-moved" not in codes
    assert "drift-unknown" in codes


def test_a_drift_beyond_noise_is_found_in_small_planes_too(rng):
    truth = 8 * scene((64, 64))
    raw, bad = capture(rng, truth), np.roll(capture(rng, truth), 1, axis=1)
    assert "capture-moved" in by_code(ask(raw, grey(truth), captures=[bad]).findings)
