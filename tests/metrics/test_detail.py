"""The camera from the finest detail of one image, whatever a prediction made of it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_verdict.metrics.detail import detail_curve
from napari_verdict.metrics.noise import NoiseModel

GAIN, OFFSET, READ = 2.2, 100.0, 1.6
CAMERA = NoiseModel.of_camera(GAIN, OFFSET, READ)


def field(shape=(256, 256), low=1.0, high=60.0):
    """Photo-electrons of a ramp: as many pixels at each level."""
    return np.broadcast_to(np.linspace(low, high, shape[1]), shape)


def capture(rng, electrons):
    """What the camera makes of it, in whole ADU."""
    return np.rint(GAIN * (rng.poisson(electrons) + rng.normal(0, READ, electrons.shape)) + OFFSET)


def test_the_finest_detail_of_raw_gives_the_camera(rng):
    electrons = field(low=1, high=60)
    raw, truth = capture(rng, electrons), OFFSET + GAIN * electrons
    curve = detail_curve(raw, truth, np.ones(raw.shape, bool))
    model = curve.fit("residual", circular=True)
    assert model.circular
    np.testing.assert_allclose(model.variance(curve.mean), CAMERA.variance(curve.mean), rtol=0.05)


def test_pixels_left_out_or_not_finite_are_in_no_bin(rng):
    truth = OFFSET + GAIN * field()
    raw, valid = capture(rng, field()), np.ones(truth.shape, bool)
    raw[:10], valid[10:30] = np.nan, False
    rest = detail_curve(raw[30:], truth[30:], valid[30:])
    found = detail_curve(raw, truth, valid)
    # nor what lies beside them, or at the border of the image
    assert found.n.sum() == 224 * 254
    np.testing.assert_array_equal(found.variance, rest.variance)


def test_places_that_are_wrong_do_not_move_it(rng):
    electrons = field(low=5, high=60)
    raw, wrong = capture(rng, electrons), OFFSET + GAIN * electrons
    wrong[100:110, 100:110] += 300
    curve = detail_curve(raw, wrong, np.ones(raw.shape, bool))
    mean = OFFSET + GAIN * np.array([10.0, 30.0])
    np.testing.assert_allclose(
        curve.fit("residual").variance(mean), CAMERA.variance(mean), rtol=0.06
    )


@pytest.mark.parametrize("gain", [1.0, 1 / 255])
def test_where_most_pixels_hold_no_photon_the_variance_is_still_that_of_photons(rng, gain):
    # the median absolute deviation of such pixels is next to 0
    electrons = field(low=0.05, high=0.6)
    raw, truth = gain * rng.poisson(electrons), gain * electrons
    raw[100:110, 100:110] += 50 * gain  # and places that are wrong still do not count
    curve = detail_curve(raw, truth, np.ones(raw.shape, bool))
    np.testing.assert_allclose(curve.variance, gain * curve.mean, rtol=0.25)
    model = curve.fit("residual")
    assert model.slope == pytest.approx(gain, rel=0.08)


@pytest.mark.parametrize(
    "predict",
    [
        lambda raw, truth: gaussian_filter(truth, 4.0),
        lambda raw, truth: raw,
        lambda raw, truth: (raw + truth) / 2,
        lambda raw, truth: truth + 12,
    ],
    ids=["over-smoothed", "raw itself", "half of raw", "biased"],
)
def test_what_a_prediction_lost_kept_or_added_does_not_change_the_camera(rng, predict):
    electrons = gaussian_filter(50.0 * rng.integers(0, 2, (256, 256)), 3.0, mode="wrap")
    electrons = 5 + 60 * (electrons - electrons.min()) / np.ptp(electrons)
    raw, truth = capture(rng, electrons), OFFSET + GAIN * electrons
    curve = detail_curve(raw, predict(raw, truth), np.ones(raw.shape, bool))
    mean = OFFSET + GAIN * np.array([20.0, 30.0, 45.0])
    found = curve.fit("raw").variance(mean)
    np.testing.assert_allclose(found, CAMERA.variance(mean), rtol=0.08)


def test_structure_as_fine_as_a_pixel_counts_as_noise_as_documented(rng):
    fine = 20.0 + 15 * (np.indices((128, 128)).sum(axis=0) % 2)
    raw, truth = capture(rng, fine), OFFSET + GAIN * fine
    model = detail_curve(raw, truth, np.ones(raw.shape, bool)).fit("raw")
    mean = np.array([160.0])
    assert model.variance(mean)[0] > 2 * CAMERA.variance(mean)[0]
