from __future__ import annotations

import numpy as np
import pytest

from napari_verdict.metrics.gain import (
    LEAST_TOLERANCE,
    background_errors,
    gain_map,
    gain_rows,
    tolerance,
)


def histogram(errors, data_range=1.0):
    return background_errors(errors, np.zeros(errors.shape), 0.0, data_range)


def test_gain_is_above_0_where_the_prediction_is_nearer():
    raw, prediction = np.float32([-3, 2, 1, 1]), np.float32([1, -2, -4, np.nan])
    np.testing.assert_array_equal(gain_map(raw, prediction), np.float32([2, 0, -3, np.nan]))


@pytest.mark.parametrize("data_range", [1.0, 255.0, 3e-4])
def test_the_tolerance_is_the_median_error_to_within_half_a_bin(rng, data_range):
    errors = np.float32(rng.normal(0, 0.2 * data_range, 5001))
    found = tolerance(histogram(errors, data_range), data_range)
    assert found == pytest.approx(np.median(np.abs(errors)), abs=1.01 * data_range / 8192)


def test_histograms_of_parts_add_up(rng):
    errors = np.float32(rng.normal(0, 1, 1000))
    parts = histogram(errors[:300]) + histogram(errors[300:])
    np.testing.assert_array_equal(parts, histogram(errors))


def test_the_tolerance_never_falls_below_its_least():
    quiet = np.zeros(100, np.float32)
    assert tolerance(histogram(quiet, 2.0), 2.0) == LEAST_TOLERANCE * 2.0
    nothing = np.full(3, np.nan, np.float32)
    assert tolerance(histogram(nothing, 2.0), 2.0) == LEAST_TOLERANCE * 2.0


def test_only_background_is_counted():
    errors, g = np.float32([0.5, 0.25, 0.125, np.nan]), np.array([1.0, 2.0, 3.0, 0.0])
    counts = background_errors(errors, g, 2.0, 1.0)
    np.testing.assert_array_equal(np.flatnonzero(counts), [1024, 2048])


def test_errors_beyond_the_last_bin_are_counted_in_it():
    assert histogram(np.float32([1e30, np.inf]))[-1] == 2


def test_sums_beside_raw_are_over_the_pixels_that_both_have():
    raw = np.float32([[1, 2, np.nan, -3], [0, 0, 0, 0]])
    own = np.float32([[2, -1, 5, np.nan], [1, -1, 0.5, 0]])
    np.testing.assert_array_equal(gain_rows(raw, own, 0.75), [[2, 1, 5, 5], [4, 2, 0, 2.25]])
