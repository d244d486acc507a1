from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from napari_verdict.metrics.errors import difference_rows, psnr, rms, skill
from napari_verdict.metrics.ssim import Affine


def test_differences_are_candidate_minus_ground_truth_after_the_fit(rng):
    g, p = rng.normal(50, 9, (2, 7, 23))
    out = np.empty(g.shape, np.float32)
    sums = difference_rows(g, p, Affine(40, 1 / 20, 1.1, -3), None, out)
    expected = (1.1 * p - 3 - 40) / 20 - (g - 40) / 20
    np.testing.assert_allclose(out, expected, atol=1e-6)
    np.testing.assert_allclose(sums[:, 1], (expected**2).sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(sums[:, 2], np.abs(expected).sum(axis=1), rtol=1e-12)
    assert (sums[:, 0] == 23).all()


def test_equal_pixels_differ_by_exactly_nothing(rng):
    g = rng.normal(1e5, 1, (5, 300))
    out = np.empty(g.shape, np.float32)
    sums = difference_rows(g, g.copy(), Affine(99_997.3, 1 / 7.77), None, out)
    assert not out.any()
    assert not sums[:, 1:].any()


def test_pixels_left_out_are_nan_and_in_no_sum(rng):
    g, p = rng.random((2, 6, 11))
    valid = rng.random(g.shape) < 0.6
    valid[2], valid[3] = False, True
    p[~valid] = np.inf
    out = np.empty(g.shape, np.float32)
    sums = difference_rows(g, p, Affine(), valid, out)
    np.testing.assert_array_equal(np.isnan(out), ~valid)
    expected = np.where(valid, p - g, 0)
    np.testing.assert_array_equal(sums[:, 0], valid.sum(axis=1))
    np.testing.assert_allclose(sums[:, 1], (expected**2).sum(axis=1), rtol=1e-12)


def test_psnr_is_that_of_scikit_image(rng):
    g, p = rng.random((2, 20, 30))
    expected = peak_signal_noise_ratio(g, p, data_range=2.5)
    assert psnr(float(((g - p) ** 2).mean()), 2.5) == pytest.approx(expected, rel=1e-12)


def test_without_error_psnr_is_infinite_and_skill_perfect():
    assert psnr(0.0, 1.0) == math.inf
    assert skill(0.0, 0.3) == 1.0


def test_skill_is_0_for_what_changes_nothing_and_below_for_what_harms():
    assert skill(0.3, 0.3) == 0
    assert skill(0.6, 0.3) == -1


def test_undefined_is_nan():
    assert math.isnan(rms(0.0, 0))
    assert math.isnan(skill(0.1, 0.0))
