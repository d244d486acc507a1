"""Standardised residuals and their signatures, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from builders import texture
from napari_verdict.metrics.noise import NoiseModel
from napari_verdict.metrics.residuals import signatures, standardised_residual

CAMERA = NoiseModel.of_camera(2.2, 100.0, 1.6)
SHAPE = (256, 300)


@pytest.fixture
def truth():
    """A scene in ADU: 5 to 60 photo-electrons."""
    return 100 + 2.2 * (5 + 55 * texture(SHAPE).astype(np.float64) / 1000)


@pytest.fixture
def raw(rng, truth):
    electrons = (truth - 100) / 2.2
    return np.rint(100 + 2.2 * (rng.poisson(electrons) + rng.normal(0, 1.6, SHAPE)))


def test_it_is_the_residual_over_the_deviation_of_the_noise_at_the_prediction():
    noise = NoiseModel(2.0, 1.0, 1.0)
    z = standardised_residual(np.array([[10, 8]], np.uint16), np.array([[4.0, 12.0]]), noise)
    assert z.dtype == np.float32
    np.testing.assert_allclose(z, [[6 / 3, -4 / 5]], rtol=1e-6)


def test_pixels_left_out_are_nan_and_inputs_stay():
    raw = np.array([[1, np.nan, 3, np.inf]])
    prediction = np.array([[1.0, 2.0, np.nan, 4.0]])
    before = raw.tobytes(), prediction.tobytes()
    z = standardised_residual(raw, prediction, CAMERA)
    assert np.isnan(z).tolist() == [[False, True, True, True]]
    left_out = standardised_residual(raw, prediction, CAMERA, np.zeros((1, 4), bool))
    assert np.isnan(left_out).all()
    assert (raw.tobytes(), prediction.tobytes()) == before


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="shapes differ"):
        standardised_residual(np.ones((2, 3)), np.ones((3, 2)), CAMERA)


def test_a_right_prediction_leaves_noise_alone(raw, truth):
    s = signatures(standardised_residual(raw, truth, CAMERA), truth)
    error = 1 / np.sqrt(s.n)
    assert s.n == raw.size
    assert abs(s.mean) < 4 * error
    assert s.variance == pytest.approx(1, abs=6 * error)
    assert (abs(s.autocorrelation) < 4.5 * error).all()
    assert abs(s.gradient_correlation) < 4 * error
    assert (abs(s.level_mean) < 4.5 / np.sqrt(s.level_n)).all()
    np.testing.assert_allclose(s.level_variance, 1, atol=0.1)


def test_a_blend_with_raw_leaves_a_part_that_is_known(raw, truth):
    blend = 0.5 * truth + 0.5 * raw
    constant = NoiseModel(0.0, 9.0, 9.0)
    whole = signatures(standardised_residual(raw, truth, constant), truth)
    half = signatures(standardised_residual(raw, blend, constant), blend)
    assert half.variance == pytest.approx(whole.variance / 4, rel=1e-5)
    np.testing.assert_allclose(half.autocorrelation, whole.autocorrelation, atol=1e-6)


def test_white_noise_filtered_by_three_pixels_correlates_as_a_triangle(rng):
    white = rng.normal(size=(400, 402))
    z = ((white[:, :-2] + white[:, 1:-1] + white[:, 2:]) / np.sqrt(3)).astype(np.float32)
    s = signatures(z, np.zeros(z.shape))
    np.testing.assert_allclose(s.autocorrelation[1], [2 / 3, 1 / 3, 0, 0, 0], atol=0.02)
    np.testing.assert_allclose(s.autocorrelation[0], 0, atol=0.02)
    assert s.pairs.tolist() == [
        [(400 - k) * 400 for k in range(1, 6)],
        [(400 - k) * 400 for k in range(1, 6)],
    ]


def test_over_smoothing_leaves_structure(raw, truth):
    smooth = gaussian_filter(truth, 6.0)
    s = signatures(standardised_residual(raw, smooth, CAMERA), smooth)
    assert s.variance > 1.1
    assert (s.autocorrelation[:, 0] > 0.05).all()


def test_a_wrong_gain_is_a_bias_that_grows_with_intensity(raw, truth):
    wrong = 100 + 0.9 * (truth - 100)
    s = signatures(standardised_residual(raw, wrong, CAMERA), wrong)
    assert (np.diff(s.level_mean) > 0).all()
    expected = (0.1 / 0.9) * (s.level - 100) / np.sqrt(CAMERA.variance(s.level))
    np.testing.assert_allclose(s.level_mean, expected, atol=0.08)


def test_eroded_edges_show_beside_the_gradient(raw):
    z = np.zeros(SHAPE, np.float32)
    prediction = np.zeros(SHAPE)
    prediction[:, 150:] = 10
    z[:, 149:151] = 1
    assert signatures(z, prediction).gradient_correlation == pytest.approx(1)
    assert signatures(-z, prediction).gradient_correlation == pytest.approx(-1)


def test_pixels_left_out_say_nothing(rng):
    z = rng.normal(size=(64, 64)).astype(np.float32)
    prediction = rng.random((64, 64))
    whole = signatures(z[:, :40], prediction[:, :40])
    z[:, 40:] = np.nan
    part = signatures(z, prediction)
    assert part.n == whole.n
    np.testing.assert_array_equal(part.pairs, whole.pairs)
    np.testing.assert_allclose(part.autocorrelation, whole.autocorrelation, rtol=1e-6)
    np.testing.assert_array_equal(part.level_mean, whole.level_mean)


def test_without_a_pixel_everything_is_undefined():
    s = signatures(np.full((4, 4), np.nan, np.float32), np.ones((4, 4)))
    assert s.n == 0
    assert np.isnan([s.mean, s.variance, s.gradient_correlation]).all()
    assert np.isnan(s.autocorrelation).all()
    assert s.level.size == 0


def test_a_residual_of_zero_has_no_correlation():
    s = signatures(np.zeros((8, 8), np.float32), np.ones((8, 8)))
    assert s.variance == 0
    assert np.isnan(s.autocorrelation).all()
    assert np.isnan(s.gradient_correlation)
