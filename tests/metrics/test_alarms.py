"""False alarms: what is stated is what right predictions under simulated cameras give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from builders import texture
from napari_verdict.metrics.alarms import LOWEST, FalseAlarms, Tail, false_alarms
from napari_verdict.metrics.detail import detail_curve
from napari_verdict.metrics.evidence import evidence_map, peaks
from napari_verdict.metrics.noise import NoiseModel
from napari_verdict.metrics.residuals import standardised_residual

LEVELS = [(0, 2, 1.6), (0.2, 8, 0.5), (1, 60, 1.6), (20, 400, 1.6)]
#: False alarms stated for an image, and images of each level.
STATED, IMAGES = 0.5, 320


@pytest.fixture(scope="module")
def raised():
    """False alarms below and above 0 that right predictions raise, by level."""
    rng, counts = np.random.default_rng(20_260), {}
    for level in LEVELS:
        low, high, read = level
        camera = NoiseModel.of_camera(2.2, 100.0, read)
        electrons = low + (high - low) * texture((128, 128)).astype(np.float64) / 1000
        truth = 100 + 2.2 * electrons
        below, above = false_alarms(truth, camera).thresholds(truth.size, STATED)
        sides = np.zeros(2)
        for _ in range(IMAGES):
            raw = np.rint(100 + 2.2 * (rng.poisson(electrons) + rng.normal(0, read, truth.shape)))
            k = evidence_map(standardised_residual(raw, truth, camera))
            heights = peaks(k, below, above)[1]
            sides += (heights < 0).sum(), (heights > 0).sum()
        counts[level] = sides
    return counts


@pytest.mark.parametrize("level", LEVELS)
def test_right_predictions_raise_as_many_false_alarms_as_are_stated(raised, level):
    # what 999 of 1000 such counts lie within, if the number that is stated is right
    low, high = poisson.interval(0.999, IMAGES * STATED / 2)
    assert low <= raised[level].min()
    assert raised[level].max() <= high


def test_of_all_levels_together_they_are_as_stated_within_an_eighth(raised):
    low, high = poisson.interval(0.999, len(LEVELS) * IMAGES * STATED)
    assert low <= sum(s.sum() for s in raised.values()) <= high
    assert high / (len(LEVELS) * IMAGES * STATED) < 1.14


def test_gaussian_noise_has_the_tail_of_its_euler_characteristic():
    flat = false_alarms(np.zeros((8, 8)), NoiseModel(0.0, 4.0, 4.0), [3.0])
    expected = LOWEST * np.exp(-(LOWEST**2) / 2) / (2 * np.pi) ** 1.5 / (2 * 3.0**2)
    for tail in (flat.low, flat.high):
        assert tail.rate == pytest.approx(expected, rel=0.2)
        assert abs(tail.skew) < 0.01


def test_few_photons_make_the_upper_tail_the_heavier():
    alarms = false_alarms(np.full((9, 9), 0.3), NoiseModel(1.0, 0.02, 0.02))
    below, above = alarms.thresholds(2**20)
    assert above > -below + 0.2


def test_images_alike_share_a_simulation_and_repeat_to_the_bit():
    camera = NoiseModel.of_camera(2.2, 100.0, 1.6)
    image = 100 + 30 * texture((64, 64)).astype(np.float64) / 1000
    assert false_alarms(image, camera) is false_alarms(image + 1e-6, camera)
    # dark pixels that are left out do not count
    with_hole = np.where(np.arange(64) < 8, np.nan, image)
    left_out = false_alarms(image, camera, valid=np.isfinite(with_hole))
    assert left_out is false_alarms(with_hole, camera)


def test_a_simulation_ends_where_it_is_told_to_and_is_then_not_remembered():
    calls = []

    def check():
        calls.append(None)
        if len(calls) == 3:
            raise KeyboardInterrupt

    image, camera = np.full((9, 9), 7.0), NoiseModel(0.7, 0.1, 0.1)
    with pytest.raises(KeyboardInterrupt):
        false_alarms(image, camera, check=check)
    assert len(calls) == 3
    known = false_alarms(image, camera)
    assert false_alarms(image, camera, check=check) is known
    assert len(calls) == 3


@settings(deadline=None)
@given(
    st.floats(1e-6, 1e-3),
    st.floats(-0.04, 0.04),
    st.integers(10**4, 10**8),
    st.floats(0.001, 1),
)
def test_thresholds_and_expected_alarms_are_each_others_inverse(rate, skew, pixels, expected):
    alarms = FalseAlarms(Tail(rate, -skew), Tail(rate, skew))
    below, above = alarms.thresholds(pixels, expected)
    assert below <= -LOWEST < LOWEST <= above
    found = alarms.expected(pixels, below, above)
    if above < 8 and -below < 8 and min(-below, above) > LOWEST:
        assert found == pytest.approx(expected, rel=1e-6)
    stricter = alarms.thresholds(pixels, expected / 2)
    assert stricter[0] <= below
    assert stricter[1] >= above


def test_expecting_more_alarms_than_there_are_peaks_stays_at_the_lowest():
    alarms = FalseAlarms(Tail(1e-4, 0.0), Tail(1e-4, 0.0))
    assert alarms.thresholds(100, 50) == (-LOWEST, LOWEST)


@pytest.mark.parametrize("values", [(0, 0.1), (100, 0), (100, -1), (100, float("nan"))])
def test_no_threshold_without_pixels_or_expectation(values):
    with pytest.raises(ValueError, match="above 0"):
        FalseAlarms(Tail(1e-4, 0.0), Tail(1e-4, 0.0)).thresholds(*values)


def test_without_a_valid_pixel_there_is_no_noise():
    with pytest.raises(ValueError, match="no pixel"):
        false_alarms(np.full((4, 4), np.nan), NoiseModel(1.0, 1.0, 1.0))


@pytest.mark.parametrize("case", ["bpae_actin", "hela_mito"])
def test_planted_artefacts_of_a_real_network_are_found_without_ground_truth(read_shared, case):
    def found(prediction):
        noise = detail_curve(raw, prediction, np.ones(raw.shape, bool)).fit("residual")
        thresholds = false_alarms(prediction, noise).thresholds(raw.size)
        return peaks(evidence_map(standardised_residual(raw, prediction, noise)), *thresholds)

    raw = read_shared(f"denoising/{case}/raw.ome.tif").astype(float)
    planted = read_shared(f"denoising/{case}/planted.json")["artefacts"]
    boxes = {a["kind"].split()[0]: a["box"] for a in planted}
    places, heights = found(read_shared(f"denoising/{case}/prediction_artefact.ome.tif"))
    for place, height, kind in zip(places, heights, ["erased", "hallucinated"], strict=False):
        y0, x0, y1, x1 = boxes[kind]
        assert y0 <= place[0] < y1
        assert x0 <= place[1] < x1
        assert (height > 15) if kind == "erased" else (height < -15)
    # every other peak is of something planted, and the same network without it has none
    inside = [
        [y0 <= y < y1 and x0 <= x < x1 for y0, x0, y1, x1 in boxes.values()] for y, x in places
    ]
    assert all(any(row) for row in inside)
    assert len(found(read_shared(f"denoising/{case}/prediction_cnn.ome.tif"))[0]) == 0
