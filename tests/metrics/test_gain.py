from __future__ import annotations

import numpy as np
import pytest

from napari_verdict.metrics.gain import LEAST_TOLERANCE, error_histogram, gain_map, tolerance


def test_gain_is_above_0_where_the_prediction_is_nearer():
    raw, prediction = np.float32([-3, 2, 1, 1]), np.float32([1, -2, -4, np.nan])
    np.testing.assert_array_equal(gain_map(raw, prediction), np.float32([2, 0, -3, np.nan]))


@pytest.mark.parametrize("data_range", [1.0, 255.0, 3e-4])
def test_the_tolerance_is_the_median_error_to_within_half_a_bin(rng, data_range):
    errors = np.float32(rng.normal(0, 0.2 * data_range, 5001))
    found = tolerance(error_histogram(errors, data_range), data_range)
    assert found == pytest.approx(np.median(np.abs(errors)), abs=1.01 * data_range / 8192)


def test_histograms_of_parts_add_up(rng):
    errors = np.float32(rng.normal(0, 1, 1000))
    parts = error_histogram(errors[:300], 1.0) + error_histogram(errors[300:], 1.0)
    np.testing.assert_array_equal(parts, error_histogram(errors, 1.0))


def test_the_tolerance_never_falls_below_its_least():
    quiet = np.zeros(100, np.float32)
    assert tolerance(error_histogram(quiet, 2.0), 2.0) == LEAST_TOLERANCE * 2.0
    nothing = np.full(3, np.nan, np.float32)
    assert tolerance(error_histogram(nothing, 2.0), 2.0) == LEAST_TOLERANCE * 2.0
