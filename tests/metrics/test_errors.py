"""Differences and their sums against numpy; PSNR and skill in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from napari_verdict.metrics.errors import difference_rows, psnr, skill
from napari_verdict.metrics.ssim import Affine

AFFINE = Affine(low=12.0, inverse_range=1 / 800, gain=2.5, offset=-7.0)


def differences(g, p, affine=AFFINE, valid=None):
    out = np.full(g.shape, 99, np.float32)
    planes = None if valid is None else valid[np.newaxis]
    sums = difference_rows(g[np.newaxis], p[np.newaxis], affine, planes, out[np.newaxis])
    return sums[0], out


def test_difference_is_candidate_minus_ground_truth(rng):
    g, p = rng.normal(400, 100, (2, 9, 13))
    sums, out = differences(g, p)
    expected = (2.5 * p - 7 - g) / 800
    np.testing.assert_allclose(out, expected, atol=1e-7)
    assert out.dtype == np.float32
    rows = [np.full(9, 13), (expected**2).sum(axis=1), abs(expected).sum(axis=1)]
    np.testing.assert_allclose(sums, np.stack(rows, axis=1), rtol=1e-12)


def test_pixels_that_are_not_valid_have_no_part_in_it(rng):
    g, p = rng.normal(400, 100, (2, 6, 8))
    valid = rng.random(g.shape) > 0.3
    valid[2] = False
    valid[4] = True
    p[~valid] = np.nan
    sums, out = differences(g, p, valid=valid)
    assert (np.isnan(out) == ~valid).all()
    expected = np.where(valid, (2.5 * p - 7 - g) / 800, 0)
    rows = [valid.sum(axis=1), (expected**2).sum(axis=1), abs(expected).sum(axis=1)]
    np.testing.assert_allclose(sums, np.stack(rows, axis=1), rtol=1e-12)


def test_identical_pixels_differ_by_exactly_0(rng):
    g = rng.normal(30000, 5, (7, 100))
    sums, out = differences(g, g.copy(), Affine(low=29990.123, inverse_range=1 / 17.77))
    assert not out.any()
    assert not sums[:, 1:].any()


def test_psnr_in_closed_form():
    assert psnr(0.01, 1) == pytest.approx(20)
    assert psnr(25.0, 255) == pytest.approx(20 * math.log10(255 / 5))
    assert psnr(0.0, 1) == math.inf
    assert psnr(math.inf, 1) == -math.inf
    assert math.isnan(psnr(math.nan, 1))


def test_skill_is_the_part_of_raws_error_that_is_gone():
    assert skill(1.0, 4.0) == 0.75
    assert skill(4.0, 4.0) == 0
    assert skill(8.0, 4.0) == -1
    assert math.isnan(skill(1.0, 0.0))
    assert math.isnan(skill(1.0, math.nan))
