from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from napari_verdict.metrics.moments import combine, row_moments


@pytest.fixture
def pair(rng):
    g = rng.normal(100, 15, (2, 30, 41))
    return g, 0.5 * g + rng.normal(7, 4, g.shape)


def test_rows_combine_to_the_moments_of_the_whole(pair):
    g, p = pair
    m = combine(row_moments(g, p))
    assert m.n == g.size
    np.testing.assert_allclose(
        [m.mean_g, m.mean_p, m.var_g, m.var_p, m.cov],
        [g.mean(), p.mean(), g.var(), p.var(), np.cov(g.ravel(), p.ravel(), ddof=0)[0, 1]],
        rtol=1e-13,
    )


def test_a_large_offset_costs_no_digits(pair):
    g, p = pair
    near, far = combine(row_moments(g, p)), combine(row_moments(g + 2.0**30, p + 2.0**30))
    assert far.pearson == pytest.approx(near.pearson, rel=1e-7)
    assert far.var_g == pytest.approx(near.var_g, rel=1e-7)


def test_pearson_and_fit_are_those_of_scipy(pair):
    g, p = pair
    m = combine(row_moments(g, p))
    line = stats.linregress(p.ravel(), g.ravel())
    assert m.fit() == pytest.approx((line.slope, line.intercept), rel=1e-12)
    assert m.pearson == pytest.approx(line.rvalue, rel=1e-12)


def test_the_zerocost_gain_is_larger_by_n_over_n_minus_1(pair):
    m = combine(row_moments(*pair))
    n = m.n
    assert m.fit_zerocost()[0] == pytest.approx(m.fit()[0] * n / (n - 1), rel=1e-15)


def test_identical_images_fit_exactly(pair):
    m = combine(row_moments(pair[0], pair[0].copy()))
    assert (m.fit(), m.pearson) == ((1.0, 0.0), 1.0)


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 30000.3, -1e-8])
def test_a_constant_is_found_constant_whatever_rounding_makes_of_its_mean(pair, value):
    g = pair[0]
    m = combine(row_moments(g, np.full_like(g, value)))
    assert m.constant_p
    assert not m.constant_g
    assert m.fit() == pytest.approx((0.0, g.mean()))
    assert math.isnan(m.pearson)


def test_faint_contrast_on_a_large_offset_is_contrast(rng):
    g = 30000 + 1e-6 * rng.random((1, 8, 9))
    m = combine(row_moments(g, g))
    assert not m.constant_g


def test_pixels_left_out_do_not_exist(pair, rng):
    g, p = pair
    valid = rng.random(g.shape) < 0.7
    valid[0, 3] = False
    p[~valid] = np.nan
    m = combine(row_moments(g, p, valid))
    assert m.n == valid.sum()
    assert m.pearson == pytest.approx(np.corrcoef(g[valid], p[valid])[0, 1], rel=1e-12)


def test_what_is_not_finite_shows_without_a_mask(pair):
    g, p = pair
    p[1, 4, 5] = np.inf
    assert not np.isfinite(row_moments(g, p)).all()


def test_no_pixel_has_no_moments(pair):
    g, p = pair
    m = combine(row_moments(g, p, np.zeros(g.shape, bool)))
    assert m.n == 0
    assert math.isnan(m.mean_g)
