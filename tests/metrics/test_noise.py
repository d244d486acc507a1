"""Noise models: entered, from captures, and from stacks, against known cameras."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_verdict.metrics.noise import (
    NoiseCurve,
    NoiseModel,
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


def test_a_variance_that_falls_is_taken_as_constant():
    curve = NoiseCurve(np.arange(4.0), np.array([4.0, 3.0, 2.0, 1.0]), np.full(4, 1000))
    model = curve.fit("residual")
    assert (model.slope, model.floor) == (0, 2.5)
    assert model.variance(np.array([-5.0, 50.0])).tolist() == [2.5, 2.5]


def test_bins_with_few_pixels_say_nothing_and_none_is_an_error():
    few = NoiseCurve(np.array([1.0]), np.array([1.0]), np.array([10]))
    with pytest.raises(ValueError, match="no grey value"):
        few.fit("captures")
