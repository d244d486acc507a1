"""Errors estimated from further captures, against the true ones, and the noise that was kept."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import fourier_shift, gaussian_filter
from scipy.stats import binom

from builders import texture
from napari_verdict.metrics.captures import (
    drift,
    drift_by_noise,
    local_error,
    mean_with_interval,
    own_noise,
    psnr_of,
    squared_error,
)
from napari_verdict.metrics.noise import NoiseModel

CAMERA = NoiseModel.of_camera(2.2, 100.0, 1.6)
SHAPE = (192, 192)


def scene(low=5.0, high=60.0):
    """Photo-electrons of a textured field."""
    return low + (high - low) * texture(SHAPE).astype(np.float64) / 1000


def capture(rng, electrons):
    seen = rng.poisson(electrons) + rng.normal(0, 1.6, electrons.shape)
    return np.rint(100 + 2.2 * seen)


def in_adu(electrons):
    return 100 + 2.2 * electrons


#: Each way to estimate, by name.
WAYS = {
    "two captures": lambda p, raw, a, b: squared_error(p, [a, b]),
    "one capture and raw": lambda p, raw, a, b: squared_error(p, [a], raw=raw),
    "one capture and the noise": lambda p, raw, a, b: squared_error(p, [a], noise=CAMERA),
}
#: What is judged, made from raw.
PREDICTIONS = {
    "raw itself": lambda raw: raw,
    "smoothed": lambda raw: gaussian_filter(raw, 1.0),
    "over-smoothed": lambda raw: gaussian_filter(raw, 4.0),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("predict", PREDICTIONS.values(), ids=PREDICTIONS)
def test_the_error_is_unbiased_and_its_interval_covers(rng, way, predict):
    electrons, trials = scene()[:96, :96], 240
    covered, ratios = 0, []
    for _ in range(trials):
        raw, a, b = (capture(rng, electrons) for _ in range(3))
        p = predict(raw)
        true = ((p - in_adu(electrons)) ** 2).mean()
        found = mean_with_interval(way(p, raw, a, b))
        ratios.append(found.value / true)
        covered += found.low <= true <= found.high
    assert np.mean(ratios) == pytest.approx(1, abs=4 * np.std(ratios) / math.sqrt(trials) + 1e-3)
    assert np.std(ratios) < 0.3
    # of intervals of 95 % fewer cover once in a thousand times
    assert covered >= binom.ppf(0.001, trials, 0.95)


def test_two_captures_make_a_product_of_residuals(rng):
    p, a, b = rng.normal(size=(3, 9, 9))
    np.testing.assert_allclose(squared_error(p, [a, b]), (a - p) * (b - p), atol=1e-12)


def test_three_captures_are_the_mean_of_their_pairs(rng):
    p, a, b, c = rng.normal(size=(4, 9, 9))
    pairs = [(x - p) * (y - p) for x, y in ((a, b), (a, c), (b, c))]
    np.testing.assert_allclose(squared_error(p, [a, b, c]), np.mean(pairs, axis=0), atol=1e-12)


def test_pixels_that_are_not_finite_are_nan_and_inputs_stay():
    p = np.array([[1.0, np.nan, 3, 4]])
    a, b = np.array([[1, 2, np.inf, 4]]), np.array([[1, 2, 3, -np.inf]])
    before = p.tobytes(), a.tobytes(), b.tobytes()
    assert np.isnan(squared_error(p, [a, b])).tolist() == [[False, True, True, True]]
    assert (p.tobytes(), a.tobytes(), b.tobytes()) == before


def test_what_cannot_be_estimated_is_refused():
    one = np.ones((3, 3))
    with pytest.raises(ValueError, match="no further capture"):
        squared_error(one, [])
    with pytest.raises(ValueError, match="raw or a noise model"):
        squared_error(one, [one])
    with pytest.raises(ValueError, match="shapes differ"):
        squared_error(one, [one, np.ones((3, 4))])


def test_a_mean_is_over_pixels_however_they_fall_into_blocks(rng):
    values = rng.normal(3, 1, (100, 75))
    values[:40, :40] = np.nan
    found = mean_with_interval(values)
    assert found.value == pytest.approx(np.nanmean(values), rel=1e-12)
    wide = mean_with_interval(values, level=0.99)
    assert wide.low < found.low < found.value < found.high < wide.high


def test_intervals_over_white_noise_cover_as_often_as_they_say(rng):
    hits = 0
    for _ in range(400):
        found = mean_with_interval(rng.normal(2, 1, (128, 128)), level=0.9)
        hits += found.low <= 2 <= found.high
    low, high = binom.interval(0.999, 400, 0.9)
    assert low <= hits <= high


def test_few_blocks_have_a_mean_and_no_interval():
    found = mean_with_interval(np.ones((64, 64)))
    assert found.value == 1
    assert math.isnan(found.low)
    assert math.isnan(mean_with_interval(np.full((9, 9), np.nan)).value)


@given(st.floats(1e-6, 1e6), st.floats(1e-3, 1e5))
def test_psnr_is_the_range_over_the_error_in_decibel(error, data_range):
    value = psnr_of(error, data_range).value
    assert data_range**2 / 10 ** (value / 10) == pytest.approx(error, rel=1e-9)


@pytest.mark.parametrize(("error", "data_range"), [(0, 1), (-3, 1), (math.nan, 1), (1, 0)])
def test_psnr_is_undefined_with_a_reason(error, data_range):
    value, reason = psnr_of(error, data_range)
    assert math.isnan(value)
    assert reason


def test_the_local_error_is_large_where_the_prediction_is_wrong(rng):
    electrons = scene()
    a, b = capture(rng, electrons), capture(rng, electrons)
    p = in_adu(electrons)
    p[40:80, 100:140] += 30
    local = local_error(squared_error(p, [a, b]))
    assert local[60, 120] == pytest.approx(900, rel=0.15)
    assert abs(local[150, 40]) < 60


def test_the_local_error_keeps_out_what_is_not_valid():
    error = np.full((40, 40), 5.0)
    error[:, 20:] = np.nan
    local = local_error(error)
    np.testing.assert_allclose(local[:, :20], 5, rtol=1e-6)
    assert np.isnan(local[:, 20:]).all()
    assert np.isnan(local_error(np.full((4, 4), np.nan))).all()


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_share_of_raw_that_was_blended_in_is_what_was_kept(rng, share):
    electrons = scene()
    raw, other = capture(rng, electrons), capture(rng, electrons)
    truth = in_adu(electrons)
    # a constant variance, so that the blend does not change what residuals are divided by
    level = float(((raw - truth) ** 2).mean())
    noise = NoiseModel(0.0, level, level)
    found = own_noise((1 - share) * truth + share * raw, raw, other, noise)
    assert found.kept.low <= share <= found.kept.high
    assert found.kept.high - found.kept.low < 0.1
    assert found.own == pytest.approx((1 - share) ** 2, abs=1e-6)
    assert found.independent == pytest.approx(1 + share**2, abs=0.06)


def test_a_copy_of_raw_kept_all_of_its_noise_in_low_light_too(rng):
    electrons = scene(low=0.5, high=6.0)
    raw, other = capture(rng, electrons), capture(rng, electrons)
    found = own_noise(raw, raw, other, CAMERA)
    assert found.own == 0
    assert found.kept.value == pytest.approx(1, abs=0.04)


def test_the_noise_that_was_kept_is_unknown_without_a_pixel():
    nothing = np.full((8, 8), np.nan)
    found = own_noise(nothing, nothing, nothing, CAMERA)
    assert np.isnan([found.own, found.independent, *found.kept]).all()


def test_the_true_image_fits_both_captures(rng):
    electrons = scene()
    raw, other = capture(rng, electrons), capture(rng, electrons)
    found = own_noise(in_adu(electrons), raw, other, CAMERA)
    assert found.own == pytest.approx(1, abs=0.04)
    assert found.independent == pytest.approx(1, abs=0.04)
    assert found.kept.low <= 0 <= found.kept.high


def test_a_filter_keeps_the_weight_of_its_central_pixel(rng):
    electrons = np.full(SHAPE, 40.0)
    raw, other = capture(rng, electrons), capture(rng, electrons)
    impulse = np.zeros((21, 21))
    impulse[10, 10] = 1
    expected = gaussian_filter(impulse, 1.0)[10, 10]
    found = own_noise(gaussian_filter(raw, 1.0), raw, other, CAMERA).kept
    assert found.low <= expected <= found.high


def test_drift_and_bleaching_are_measured(rng):
    electrons = scene()
    moved = np.fft.ifft2(fourier_shift(np.fft.fft2(electrons), (0.6, -1.2))).real
    found = drift(capture(rng, electrons), capture(rng, 0.8 * moved), offset=100.0)
    # the taper at the border does not move, so a shift comes out a tenth too small
    assert (found.dy, found.dx) == pytest.approx((-0.6, 1.2), rel=0.2)
    assert found.brightness == pytest.approx(0.8, abs=0.02)


def test_drift_is_undefined_without_light():
    found = drift(np.full((16, 16), 100.0), np.full((16, 16), 100.0), offset=100.0)
    assert math.isnan(found.dy)
    assert math.isnan(found.brightness)


@pytest.mark.parametrize("light", [0.1, 1.0])
def test_what_noise_makes_of_no_drift_is_what_captures_that_hold_still_show(rng, light):
    electrons = light * scene()
    found, said = [], []
    for _ in range(40):
        raw, other = capture(rng, electrons), capture(rng, electrons)
        shift = drift(raw, other, 100.0)
        found.append(math.hypot(shift.dy, shift.dx))
        said.append(drift_by_noise(raw, other))
    seen = math.sqrt(np.mean(np.square(found)))
    # rather too large than too small: a window took some of what they have in common
    assert 0.7 * seen < np.median(said) < 3 * seen + 0.02
    assert np.isnan(drift_by_noise(np.ones((16, 16)), np.ones((16, 16))))
