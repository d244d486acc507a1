"""Where noise is known from: the best source there is, and which is said."""

from __future__ import annotations

import numpy as np
import pytest

from dim import CAMERA, ask, capture, grey, inquiry, scene
from napari_verdict.comparison.evidence.camera import (
    CAPTURES,
    ESTIMATED,
    STACKS,
    fit_of,
    saturation_of,
)
from napari_verdict.comparison.evidence.model import stack_of
from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.model import Input
from napari_verdict.metrics.noise import NoiseModel


@pytest.fixture
def truth():
    return scene((256, 256), 80)


def stacks(rng):
    levels = (0, 20, 90)
    return [
        stack_of(f"stack {k}", np.stack([capture(rng, np.full((64, 64), e)) for _ in range(12)]))
        for k, e in enumerate(levels)
    ]


def test_sources_stand_in_their_order_and_all_give_the_camera(rng, truth):
    raw, shown = capture(rng, truth), grey(truth)
    more = [capture(rng, truth) for _ in range(2)]
    calibration = stacks(rng)
    sources = {
        "entered": ask(raw, shown, captures=more, calibration=calibration),
        CAPTURES: ask(raw, shown, captures=more, calibration=calibration, known=False),
        STACKS: ask(raw, shown, calibration=calibration, known=False),
        ESTIMATED: ask(raw, shown, known=False),
    }
    at = np.array([105.0, 200.0])
    for source, result in sources.items():
        noise = result.conditions["a"].noise
        assert noise.source == source
        assert noise.circular == (source == ESTIMATED)
        np.testing.assert_allclose(noise.variance(at), CAMERA.variance(at), rtol=0.08)
        assert f"noise={source}" in result.score("residual_variance", "a").convention
        assert ("circular" in result.verdict) == (source == ESTIMATED)
        curve = result.conditions["a"].curve
        assert curve.mean.size > 2


def test_a_prediction_that_keeps_noise_does_not_make_the_camera_look_better(rng, truth):
    raw = capture(rng, truth)
    result = ask(raw, (grey(truth) + raw) / 2, known=False)
    noise = result.conditions["a"].noise
    assert noise.circular
    at = np.array([105.0, 200.0])
    np.testing.assert_allclose(noise.variance(at), CAMERA.variance(at), rtol=0.1)
    # what is left is noise, so nothing of it is a place
    assert result.places["a"] == ()
    assert result.score("residual_background", "a").value == pytest.approx(0.25, abs=0.03)


def test_a_prediction_near_to_raw_is_left_as_it_is(rng, truth):
    raw, shown = capture(rng, truth).astype(float), grey(truth)
    everywhere = np.ones(raw.shape, bool)
    near = fit_of(raw, shown, everywhere, None)
    assert not near.applied
    assert (near.measured_gain, near.measured_offset) == pytest.approx((1, 0), abs=2)
    far = fit_of(raw, (shown - 100) / 65535, everywhere, None)
    assert far.applied
    assert (far.gain, far.offset) == pytest.approx((65535, 100), rel=0.05)
    assert fit_of(raw, shown, everywhere, True).applied
    assert not fit_of(raw, shown / 9, everywhere, False).applied


@pytest.mark.parametrize(
    ("top", "dtype", "expected"),
    [(4095, np.uint16, 4095), (255, np.uint8, 255), (4000, np.uint16, None), (4095, float, None)],
)
def test_saturation_is_where_values_heap_up_at_what_a_camera_can_hold(rng, top, dtype, expected):
    image = np.minimum(rng.normal(top * 0.9, top / 10, (200, 200)), top)
    assert saturation_of(np.rint(image), np.dtype(dtype)) == expected
    assert saturation_of(np.full((9, 9), np.nan), np.dtype(dtype)) is None


def test_saturated_pixels_are_left_out(rng):
    truth = 40 * scene((256, 256), 90)
    raw = np.minimum(capture(rng, truth), 4095).astype(np.uint16)
    result = ask(raw, grey(truth))
    assert (raw == 4095).mean() > 0.04
    assert np.isnan(result.maps["a"]["evidence"][raw == 4095]).all()
    assert result.places["a"] == ()
    assert "saturation=4095" in result.score("residual_mean", "a").convention
    # the half of the noise that was cut does not bias what is left
    assert abs(result.score("residual_mean_bright", "a").value) < 0.03


def test_an_image_too_small_for_its_noise_is_refused_with_a_way_out(rng):
    small = scene((6, 6))
    with pytest.raises(ComparisonError, match="Enter the camera's"):
        ask(capture(rng, small), grey(small), known=False)


def test_a_stack_of_one_capture_is_refused(truth):
    one = Input("flat", np.zeros((1, 8, 8)), "tyx")
    with pytest.raises(ComparisonError, match="two or more"):
        ask(grey(truth), grey(truth), calibration=[one])
    assert inquiry(grey(truth), grey(truth)).calibration == ()


def test_stacks_that_are_all_dark_say_nothing_of_photons_and_are_refused(rng, truth):
    dark = stacks(rng)[:1]
    with pytest.raises(ComparisonError, match="evenly lit"):
        ask(capture(rng, truth), grey(truth), calibration=dark, known=False)


def test_a_background_without_any_noise_is_no_error(rng, truth):
    # counted photons, without an offset: where it is dark all pixels are 0
    electrons = np.where(truth > 10, truth, 0)
    raw = rng.poisson(electrons).astype(np.uint16)
    result = ask(raw, electrons, known=False)
    score = result.score("residual_background", "a")
    assert np.isnan(score.value)
    assert score.reason


@pytest.mark.parametrize(
    ("whole", "camera", "expected"),
    [
        (True, (2.2, 100.0, 1.6), (2.2 * 1.6) ** 2 + 1 / 12),
        (False, (2.2, 100.0, 1.6), (2.2 * 1.6) ** 2),
        (True, (1.0, 0.0, 0.0), 1e-3),
        (True, (2.5, 100.0, 0.0), 1 / 12),
        (False, (2.5, 100.0, 0.0), 1e-3 * 2.5**2),
    ],
    ids=["camera", "never rounded", "counts", "rounded counts", "scaled counts"],
)
def test_rounding_is_noise_of_whole_grey_values_alone(rng, truth, whole, camera, expected):
    gain, offset, read = camera
    raw = offset + gain * (rng.poisson(truth) + rng.normal(0, read, truth.shape))
    noise = NoiseModel.of_camera(gain, offset, read)
    result = ask(np.rint(raw) if whole else raw, offset + gain * truth, noise=noise)
    found = result.conditions["a"].noise
    assert found.floor == pytest.approx(expected)
    assert found.variance(np.array([offset]))[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("background", [0.4, 0.1, 0.02])
def test_what_counts_photons_has_no_noise_but_theirs(rng, truth, background):
    electrons = background + np.where(truth > 2, truth, 0)
    raw = rng.poisson(electrons).astype(np.uint16)
    result = ask(raw, electrons, noise=NoiseModel.of_camera(1.0, 0.0, 0.0))
    assert "noise-disagrees" not in {f.code for f in result.findings}
    assert result.score("residual_variance", "a").value == pytest.approx(1, abs=0.05)
    assert len(result.places["a"]) <= 1
