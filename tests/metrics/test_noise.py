"""Noise models: entered, from captures, stacks and the detail of raw, against known cameras."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from napari_verdict.metrics.noise import (
    NoiseCurve,
    NoiseModel,
    detail_curve,
    photon_transfer,
    stacks_curve,
)

GAIN, OFFSET, READ = 2.2, 100.0, 1.6
CAMERA = NoiseModel.of_camera(GAIN, OFFSET, READ)


def field(shape=(256, 256), low=1.0, high=60.0):
    """Photo-electrons of a ramp: as many pixels at each level."""
    return np.broadcast_to(np.linspace(low, high, shape[1]), shape)


def capture(rng, electrons, gain=GAIN, offset=OFFSET, read=READ):
    """What the camera makes of it, in whole ADU."""
    seen = rng.poisson(electrons) + rng.normal(0, read, electrons.shape)
    return np.rint(gain * seen + offset)


def test_a_camera_s_variance_is_photons_and_reading_and_rounding():
    mean = OFFSET + GAIN * np.array([0.0, 10.0, 100.0])
    expected = GAIN**2 * (np.array([0.0, 10.0, 100.0]) + READ**2) + 1 / 12
    np.testing.assert_allclose(CAMERA.variance(mean), expected, rtol=1e-12)
    assert CAMERA.variance(np.array([0.0]))[0] == pytest.approx(expected[0])


def test_multiplication_doubles_the_variance_of_photons_only():
    twice = NoiseModel.of_camera(GAIN, OFFSET, READ, excess=2.0)
    mean = np.array([OFFSET, OFFSET + 50])
    extra = twice.variance(mean) - CAMERA.variance(mean)
    np.testing.assert_allclose(extra, [0, 50 * GAIN], atol=1e-9)


@pytest.mark.parametrize("values", [(0, 0, 1), (1, 0, -1), (1, 0, 1, 0.5), (float("nan"), 0, 1)])
def test_a_camera_that_cannot_be_is_refused(values):
    with pytest.raises(ValueError, match="must be above 0"):
        NoiseModel.of_camera(*values)


@pytest.mark.parametrize("values", [(-1, 0, 1), (1, float("nan"), 1), (1, 0, 0), (1, 0, -2)])
def test_a_line_that_cannot_be_is_refused(values):
    with pytest.raises(ValueError, match="must be"):
        NoiseModel(*values)


@given(st.floats(0.01, 100), st.floats(-1e4, 1e4), st.floats(0.01, 1e4), st.floats(-1e5, 1e5))
def test_variance_is_never_below_the_floor_and_never_falls(slope, intercept, floor, mean):
    model = NoiseModel(slope, intercept, floor)
    low, high = model.variance(np.array([mean, mean + 10]))
    assert floor <= low <= high


def test_two_captures_give_gain_and_offset(rng):
    electrons = field(low=1, high=400)
    model = photon_transfer(np.stack([capture(rng, electrons) for _ in range(2)])).fit("captures")
    assert model.slope == pytest.approx(GAIN, rel=0.03)
    mean = OFFSET + GAIN * np.array([20.0, 100.0, 300.0])
    np.testing.assert_allclose(model.variance(mean), CAMERA.variance(mean), rtol=0.06)
    assert not model.circular


def test_saturated_pixels_are_left_out_of_captures(rng):
    electrons = field(low=1, high=400)
    full = OFFSET + GAIN * 250
    clipped = np.minimum([capture(rng, electrons) for _ in range(3)], full)
    kept = photon_transfer(clipped, saturation=full)
    assert kept.n.sum() < electrons.size
    assert kept.fit("captures").slope == pytest.approx(GAIN, rel=0.05)
    assert photon_transfer(clipped).fit("captures").slope < 0.9 * GAIN


def test_dark_and_flat_stacks_give_the_camera_whatever_the_lamp_does(rng):
    vignetting = 1 - 0.3 * np.linspace(-1, 1, 128) ** 2
    stacks = [capture(rng, np.zeros((20, 128, 128)))]
    for level in (200, 50):
        flicker = rng.uniform(0.9, 1.1, (20, 1, 1))
        stacks.append(capture(rng, level * flicker * np.ones((128, 1)) * vignetting))
    curve = stacks_curve(stacks)
    assert list(curve.mean) == sorted(curve.mean)
    model = curve.fit("dark and flat stacks")
    assert model.slope == pytest.approx(GAIN, rel=0.02)
    assert model.floor == pytest.approx((GAIN * READ) ** 2 + 1 / 12, rel=0.02)
    # not finite pixels say nothing
    stacks[0][3, :5] = np.nan
    assert stacks_curve(stacks).n[0] == 19 * (123 * 128 - 1)


def test_stacks_are_read_a_capture_at_a_time_and_give_the_two_way_variance(rng):
    class Stack:
        """What reads one capture and never all."""

        def __init__(self, data):
            self.data, self.shape = data, data.shape

        def __getitem__(self, k):
            assert isinstance(k, int)
            return self.data[k]

    stack = capture(rng, rng.uniform(5, 500, (1, 32, 32)) * rng.uniform(0.9, 1.1, (6, 1, 1)))
    stack[2, 5, 5] = np.nan
    full = np.nanpercentile(stack, 99)
    curve = stacks_curve([Stack(stack)], full)
    good = (stack < full).all(axis=0)
    values = stack[:, good]
    left = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    free = 5 * (good.sum() - 1)
    assert curve.n.tolist() == [free]
    assert curve.mean[0] == pytest.approx(values.mean())
    assert curve.variance[0] == pytest.approx((left**2).sum() / free)


@pytest.mark.parametrize("measure", [photon_transfer, lambda c: stacks_curve([c])])
def test_one_capture_has_no_variance(measure):
    with pytest.raises(ValueError, match="two captures or more"):
        measure(np.ones((1, 8, 8)))


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


def test_a_variance_that_falls_is_taken_as_constant():
    curve = NoiseCurve(np.arange(4.0), np.array([4.0, 3.0, 2.0, 1.0]), np.full(4, 1000))
    model = curve.fit("residual")
    assert (model.slope, model.floor) == (0, 2.5)
    assert model.variance(np.array([-5.0, 50.0])).tolist() == [2.5, 2.5]


def test_bins_with_few_pixels_say_nothing_and_none_is_an_error():
    few = NoiseCurve(np.array([1.0]), np.array([1.0]), np.array([10]))
    with pytest.raises(ValueError, match="no grey value"):
        few.fit("captures")
