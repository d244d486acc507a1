"""The gain map, and the change of error that counts as one."""

from __future__ import annotations

import numpy as np
import pytest

from napari_verdict.metrics.gain import beside_raw_rows, error_histogram, gain_map, tolerance

NAN = float("nan")


def test_gain_is_how_much_nearer_the_prediction_is():
    raw = np.array([[1, -1, 0.5, NAN, 1]], np.float32)
    mine = np.array([[0.25, 1, -0.75, 0, NAN]], np.float32)
    before = raw.tobytes(), mine.tobytes()
    np.testing.assert_array_equal(gain_map(raw, mine), [[0.75, 0, -0.25, NAN, NAN]])
    assert (raw.tobytes(), mine.tobytes()) == before


def test_beside_raw_only_pixels_valid_in_both_count():
    raw = np.array([[[0.5, 0.5, 0.5, NAN], [0, 0, 0, 3]]], np.float32)
    mine = np.array([[[0.25, 0.5, -0.75, 1], [0.5, -0.5, 0, NAN]]], np.float32)
    g = np.array([[[1, 12, 15, 99], [10, 30, 20, NAN]]])
    rows = beside_raw_rows(raw, mine, 0.05, g, 10.0)
    # signal above 10: of those that count, then of those that got worse
    assert rows.tolist() == [[[3, 1, 0.75, 0.875, 7, 5], [3, 2, 0, 0.5, 30, 20]]]
    strided = beside_raw_rows(raw.T.copy().T, mine, 0.05, g.T.astype(np.float32).copy().T, 10.0)
    np.testing.assert_array_equal(strided, rows)


@pytest.mark.parametrize("data_range", [1.0, 4000.0])
def test_tolerance_is_the_median_error_to_a_fraction_of_a_bin(rng, data_range):
    errors = (data_range * rng.normal(0, 0.1, 5001)).astype(np.float32)
    found = tolerance(error_histogram(errors, data_range), data_range)
    assert found == pytest.approx(np.median(abs(errors)), abs=data_range / 8192 * 1.001)


def test_tolerance_is_at_least_a_hundredth_of_the_range():
    assert tolerance(error_histogram(np.full(9, 1e-4, np.float32), 2.0), 2.0) == 0.02
    assert tolerance(error_histogram(np.full(9, NAN, np.float32), 2.0), 2.0) == 0.02


def test_histograms_of_parts_add_up(rng):
    errors = rng.normal(0, 1, 1000).astype(np.float32)
    errors[::7] = NAN
    whole = error_histogram(errors, 1.0)
    parts = error_histogram(errors[:300], 1.0) + error_histogram(errors[300:], 1.0)
    np.testing.assert_array_equal(whole, parts)
    assert whole.sum() == np.isfinite(errors).sum()


def test_errors_beyond_all_bins_are_in_the_last():
    assert error_histogram(np.array([5, 1e30, np.inf], np.float32), 1e-10)[-1] == 2
