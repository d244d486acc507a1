"""Moments and fits against numpy in float64, and where they are undefined."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_verdict.metrics.moments import combine, row_moments


def moments_of(g, p, valid=None):
    return combine(row_moments(g.reshape(1, *g.shape), p.reshape(1, *p.shape), valid))


@pytest.mark.parametrize("offset", [0, 30000, -1e6])
def test_moments_are_numpys(rng, offset):
    g, p = rng.normal(offset, 5, (2, 37, 53))
    m = moments_of(g, p)
    assert m.n == g.size
    assert (m.mean_g, m.mean_p) == pytest.approx((g.mean(), p.mean()), rel=1e-14)
    shifted = g - g.mean(), p - p.mean()
    assert m.var_g == pytest.approx(np.var(shifted[0]), rel=1e-12)
    assert m.var_p == pytest.approx(np.var(shifted[1]), rel=1e-12)
    covariance = (shifted[0] * shifted[1]).mean()
    assert m.cov == pytest.approx(covariance, abs=1e-12 * m.var_g)
    assert m.pearson == pytest.approx(np.corrcoef(g.ravel(), p.ravel())[0, 1], abs=1e-12)


def test_fit_is_the_least_squares_line(rng):
    p = rng.random((30, 40))
    g = 3 * p - 7 + rng.normal(0, 0.1, p.shape)
    slope, intercept = np.polyfit(p.ravel(), g.ravel(), 1)
    assert moments_of(g, p).fit() == pytest.approx((slope, intercept), rel=1e-10)


def test_fit_of_zerocost_mixes_degrees_of_freedom(rng):
    g, p = rng.random((2, 6, 7))
    gain = np.cov(g.ravel(), p.ravel())[0, 1] / np.var(p)
    expected = gain, g.mean() - gain * p.mean()
    assert moments_of(g, p).fit_zerocost() == pytest.approx(expected, rel=1e-10)


def test_identical_images_need_no_fit(rng):
    g = rng.normal(30000, 5, (31, 33))
    m = moments_of(g, g.copy())
    assert m.fit() == (1.0, 0.0)
    assert m.pearson == 1.0


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12))
def test_only_valid_pixels_count(seed, height, width):
    rng = np.random.default_rng(seed)
    g, p = rng.normal(100, 5, (2, height, width))
    valid = rng.random(g.shape) > 0.4
    g[~valid] = rng.choice([np.nan, np.inf, 1e9])
    m = moments_of(g, p, valid[np.newaxis])
    assert m.n == valid.sum()
    if m.n:
        some = moments_of(g[valid][np.newaxis], p[valid][np.newaxis])
        assert (m.mean_g, m.mean_p) == pytest.approx((some.mean_g, some.mean_p), rel=1e-13)
        spread = max(some.var_g, some.var_p)
        assert (m.var_g, m.var_p, m.cov) == pytest.approx(
            (some.var_g, some.var_p, some.cov), abs=1e-10 * spread + 1e-20
        )


def test_rows_that_are_not_finite_show():
    g = np.ones((1, 3, 4))
    g[0, 1, 2], g[0, 2, 0] = np.nan, np.inf
    with np.errstate(invalid="ignore"):
        rows = row_moments(g, np.ones_like(g))
    assert np.isfinite(rows).all(axis=1).tolist() == [True, False, False]


@pytest.mark.parametrize("level", [0.0, 0.1, 30000.3])
def test_constant_images_are_recognised(rng, level):
    flat, other = np.full((20, 30), level), rng.random((20, 30))
    m = moments_of(flat, other)
    assert (m.constant_g, m.constant_p) == (True, False)
    assert math.isnan(m.pearson)
    m = moments_of(other, flat)
    assert (m.constant_g, m.constant_p) == (False, True)
    assert m.fit() == (0.0, m.mean_g)
    assert m.fit_zerocost() == (0.0, m.mean_g)


def test_faint_contrast_on_a_large_offset_is_not_constant(rng):
    assert not moments_of(1e6 + 1e-3 * rng.random((20, 30)), rng.random((20, 30))).constant_g


def test_without_pixels_nothing_is_known(rng):
    g = rng.random((1, 3, 4))
    m = combine(row_moments(g, g, np.zeros(g.shape, bool)))
    assert m.n == 0
    assert all(math.isnan(v) for v in (m.mean_g, m.mean_p, m.var_g, m.pearson))
