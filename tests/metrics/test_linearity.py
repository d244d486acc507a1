"""The curve of a candidate's intensity over that of the ground truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_verdict.metrics.linearity import (
    BINS,
    LEAST_PIXELS,
    LEVELS,
    PER_RANGE,
    Axes,
    axes_of,
    curve_of,
    tally,
)
from napari_verdict.metrics.moments import combine, row_moments

AS_IT_IS = Axes(0.0, 1.0, 0.0, 1.0)
#: Sums are rounded to this, a pixel at a time.
ROUNDING = 2**-15


def ramp(n=1 << 12):
    """Intensities spread evenly over 0 to 1, the same number in every bin."""
    return ((np.arange(n) + 0.5) / n).reshape(1, 32, -1)


def laid(g, p, valid=None, low=0.0, spread=1.0):
    return axes_of(combine(row_moments(g, p, valid)), low, spread)


def curve(g, p, valid=None, **range_):
    return curve_of(tally(g, p, laid(g, p, valid, **range_), valid))


def reference(g, p, axes):
    """The same from plain means of the pixels of each bin."""
    x, y = (g - axes.low) * axes.inverse_range, (p - axes.zero) * axes.gain
    x, y = (np.floor(a.ravel() * 2**15 + 0.5) / 2**15 for a in (x, y))
    bins = np.clip(np.floor(x * BINS), 0, BINS - 1)
    levels = np.clip(np.floor((y + 1) * PER_RANGE), 0, LEVELS - 1)
    counts = np.histogram2d(bins, levels, (np.arange(BINS + 1), np.arange(LEVELS + 1)))[0]
    return counts, [[a[bins == b].sum() for a in (x, y)] for b in range(BINS)]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, np.float64, ">u2"])
def test_a_tally_is_what_a_plain_histogram_says(rng, dtype):
    g = rng.integers(0, 200, (3, 20, 37)).astype(dtype)
    p = (g + rng.integers(0, 50, g.shape)).astype(dtype)
    axes = Axes(20.0, 1 / 150, 17.5, 1 / 120)
    counts, sums = tally(g, p, axes)
    expected_counts, expected_sums = reference(g.astype(float), p.astype(float), axes)
    np.testing.assert_array_equal(counts, expected_counts)
    np.testing.assert_array_equal(sums / 2**15, expected_sums)


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 4))
def test_blocks_add_up_to_the_same_bits_in_any_order(seed, rows, planes):
    rng = np.random.default_rng(seed)
    g = rng.normal(0.5, 0.4, (4, 10, 13))
    p = g + rng.normal(0, 0.3, g.shape)
    valid = rng.random(g.shape) < 0.8
    whole = tally(g, p, AS_IT_IS, valid)
    parts = [
        tally(g[k], p[k], AS_IT_IS, valid[k])
        for z in range(0, 4, planes)
        for y in range(0, 10, rows)
        for k in [(slice(z, z + planes), slice(y, y + rows))]
    ]
    rng.shuffle(parts)
    total = parts[0]
    for part in parts[1:]:
        total = total.plus(part)
    np.testing.assert_equal(total, whole)


@given(st.floats(0.01, 100), st.floats(-1e4, 1e4), st.integers(0, 2**32 - 1), st.floats(1, 1e4))
def test_any_gain_and_offset_is_linear(gain, offset, seed, height):
    g = height * np.random.default_rng(seed).random((1, 40, 40))
    found = curve(g, gain * g + offset, spread=height)
    assert found.nli < 2 * ROUNDING
    assert found.slope_ratio == pytest.approx(1, abs=2e-3)


def test_a_parabola_bends_as_it_does_on_paper():
    g = ramp(1 << 15)
    found = curve(g, g * g)
    # the line of g² is g - 1/6; in the first bin g² has the mean 1/3072, g the mean 1/64
    assert found.nli == pytest.approx(1 / 6 + 1 / 3072 - 1 / 64, abs=1e-4)
    # eleven bins have their mean below 1/3 and above 2/3: a parabola's slope is that of its middle
    assert found.slopes == pytest.approx((11 / 32, 53 / 32), abs=1e-3)
    assert found.slope_ratio == pytest.approx(53 / 11, rel=1e-3)


def test_what_saturates_is_compressed_at_the_bright_end():
    g = ramp()
    found = curve(g, np.minimum(g, 0.7))
    dark, bright = found.slopes
    assert bright < 0.1 * dark
    assert found.slope_ratio < 0.1


def test_noise_of_the_candidate_does_not_flatten_the_curve(rng):
    g = ramp(1 << 19)
    p = g + rng.normal(0, 0.3, g.shape)
    moments = combine(row_moments(g, p))
    assert moments.fit()[0] < 0.6  # the fit of the scores is flattened by noise
    found = curve(g, p)
    assert found.nli < 0.02
    assert found.slopes == pytest.approx((1, 1), abs=0.1)


def test_the_spread_of_a_bin_lies_between_its_5_and_95_percentiles(rng):
    g = ramp(1 << 18)
    p = g + rng.uniform(-0.2, 0.2, g.shape)
    found = curve_of(tally(g, p, AS_IT_IS))
    bins = np.floor(g * BINS)
    low, high = np.transpose([np.quantile(p[bins == b], (0.05, 0.95)) for b in range(BINS)])
    np.testing.assert_allclose(found.low, low, atol=1 / PER_RANGE)
    np.testing.assert_allclose(found.high, high, atol=1 / PER_RANGE)


def test_what_lies_beyond_the_levels_is_in_the_first_and_last_bin():
    g = np.array([-5.0, 0.01, 0.99, 7.0, 1e300]).repeat(LEAST_PIXELS).reshape(1, 5, -1)
    found = curve_of(tally(g, g, AS_IT_IS))
    n = LEAST_PIXELS
    assert found.n.tolist() == [2 * n, *[0] * (BINS - 2), 3 * n]
    assert np.isnan(found.mean[1:-1]).all()


def test_pixels_left_out_have_no_part_whatever_they_are(rng):
    g = rng.random((2, 30, 40))
    p = g + rng.normal(0, 0.05, g.shape)
    valid = rng.random(g.shape) < 0.7
    with_holes = np.where(valid, p, np.nan)
    found = tally(g, with_holes, AS_IT_IS, valid)
    alone = tally(g[valid].reshape(1, 1, -1), p[valid].reshape(1, 1, -1), AS_IT_IS)
    np.testing.assert_equal(found, alone)
    assert found.counts.sum() == valid.sum()


def test_bins_with_too_few_or_too_noisy_pixels_do_not_count(rng):
    g = np.full((1, 1, 300), 0.5)
    g[0, 0, : LEAST_PIXELS - 1] = 0.1
    g[0, 0, -100:] = 0.9
    p = g.copy()
    p[0, 0, -100:] += rng.normal(0, 0.6, 100)
    counted = np.flatnonzero(curve_of(tally(g, p, AS_IT_IS)).counts)
    assert counted.tolist() == [BINS // 2]


def test_without_bins_enough_nothing_is_said():
    for found in (curve_of(None), curve_of(tally(*[np.full((1, 9, 9), 0.5)] * 2, AS_IT_IS))):
        assert math.isnan(found.nli)
        assert math.isnan(found.slope_ratio)
        assert np.isnan(found.slopes).all()


def test_what_does_not_rise_at_the_dark_end_has_no_ratio():
    g = ramp()
    found = curve(g, np.maximum(g, 0.5))
    assert found.slopes[0] == pytest.approx(0, abs=1e-9)
    assert math.isnan(found.slope_ratio)
    assert found.nli > 0.05


@pytest.mark.parametrize("what", ["constant truth", "constant", "inverted", "no range", "nothing"])
def test_what_cannot_be_laid_beside_the_truth_is_not(what):
    g = ramp()
    p = {"constant": np.ones_like(g), "inverted": -g}.get(what, g)
    valid = np.zeros(g.shape, bool) if what == "nothing" else None
    truth = np.ones_like(g) if what == "constant truth" else g
    assert laid(truth, p, valid, spread=0.0 if what == "no range" else 1.0) is None
