"""Noise of neighbours: measured where an image is flat, and made independent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_verdict.metrics.correlation import (
    LAGS,
    background_noise,
    flat_pixels,
    row_middles,
    stripes,
    whitened,
    whitening,
)

EVERYWHERE = np.ones((300, 320), bool)


@pytest.fixture
def white(rng):
    return rng.normal(50, 3, EVERYWHERE.shape)


def test_independent_noise_is_found_to_be_independent_and_as_strong_as_it_is(white):
    found = background_noise(white, EVERYWHERE)
    assert found.n == white.size
    assert found.level == pytest.approx(50, abs=0.05)
    assert found.variance == pytest.approx(9, rel=0.02)
    others = np.delete(found.correlation.ravel(), LAGS)
    # the mean of a window of 15 px takes 1/225; the rest is chance
    assert np.abs(others + 1 / 225).max() < 5 / np.sqrt(found.pairs)
    assert whitening(found) == pytest.approx(np.pad([[1.0]], LAGS), abs=0.02)


def test_uneven_light_is_not_taken_for_correlation(white):
    y, x = np.indices(white.shape)
    found = background_noise(white + 20 * np.sin(y / 60) * np.cos(x / 50), EVERYWHERE)
    assert abs(found.largest) < 0.03


@pytest.mark.parametrize(("dy", "dx"), [(0, 0.3), (0.25, 0.4)])
def test_interpolation_gives_the_correlation_of_its_weights(white, dy, dx):
    moved = ndimage.shift(white, (dy, dx), order=1, mode="mirror")
    found = background_noise(moved, EVERYWHERE)
    for measured, t in zip(found.nearest, (dy, dx), strict=True):
        # weights 1 - t and t of two neighbours
        assert measured == pytest.approx(t * (1 - t) / (t**2 + (1 - t) ** 2), abs=0.02)


def test_noise_that_was_filtered_lightly_is_made_independent_without_losing_its_variance(white):
    z = ((white - 50) / 3).astype(np.float32)
    soft = ndimage.convolve(z, np.array([[0.02, 0.1, 0.02], [0.1, 0.9, 0.1], [0.02, 0.1, 0.02]]))
    soft /= soft.std()
    kernel = whitening(background_noise(soft, EVERYWHERE))
    again = whitened(soft, kernel)
    assert again.dtype == np.float32
    assert again.var() == pytest.approx(1, abs=0.03)
    inner = background_noise(again[8:-8, 8:-8], EVERYWHERE[8:-8, 8:-8])
    assert np.abs(np.delete(inner.correlation.ravel(), LAGS)).max() < 0.03


@pytest.mark.parametrize(
    "change",
    [
        lambda i: ndimage.gaussian_filter(i, 1.0),
        lambda i: ndimage.shift(i, (0.5, 0.5), order=1, mode="mirror"),
        lambda i: np.repeat(np.repeat(i[::2, ::2], 2, 0), 2, 1),
    ],
    ids=["smoothed", "moved by half a pixel", "enlarged"],
)
def test_noise_whose_frequencies_are_gone_cannot_be_made_independent(white, change):
    found = background_noise(change(white), EVERYWHERE)
    assert found.largest > 0.3
    assert whitening(found) is None


def test_left_out_pixels_stay_left_out_and_too_few_say_nothing(white):
    z = ((white - 50) / 3).astype(np.float32)
    z[5:9, 7:30] = np.nan
    kept = whitened(z, np.pad([[1.0]], LAGS))
    np.testing.assert_array_equal(np.isnan(kept), np.isnan(z))
    few = background_noise(white, np.arange(white.size).reshape(white.shape) < 20)
    assert few.n == 20
    assert np.isnan([few.variance, few.level]).all()
    assert whitening(few) is None


def test_flat_pixels_are_dark_and_flat():
    y, x = np.indices((120, 120))
    image = np.where(x < 60, 100.0, 200.0 + x) + 5.0 * (y >= 60)
    flat = flat_pixels(image, np.ones(image.shape, bool))
    # of equals all are taken, so it may be more than a quarter
    assert 0.1 < flat.mean() <= 0.5
    assert not flat[:, 55:].any()
    assert not flat[58:62].any()
    assert not flat_pixels(image, np.zeros(image.shape, bool)).any()


@pytest.mark.parametrize("axis", [0, 1])
def test_lines_that_share_noise_are_found_and_taken_off(rng, axis):
    z = rng.standard_normal((400, 380)).astype(np.float32)
    assert stripes(z, axis).excess == pytest.approx(1, abs=0.4)
    shared = rng.normal(0, 0.4, z.shape[1 - axis])
    striped = (z + np.expand_dims(shared, axis)).astype(np.float32)
    found = stripes(striped, axis)
    # of a line of n pixels: 1 + n σ² / (π / 2)
    assert found.excess == pytest.approx(1 + z.shape[axis] * 0.16 / (np.pi / 2), rel=0.3)
    if axis == 0:
        cleaned = striped - found.offsets.astype(np.float32)
    else:
        cleaned = striped - row_middles(striped).astype(np.float32)[:, None]
    assert stripes(cleaned, axis).excess < 2.5
    # the other direction has nothing to say
    assert stripes(striped, 1 - axis).excess < 1.5


def test_too_few_lines_say_nothing(rng):
    z = rng.standard_normal((10, 200)).astype(np.float32)
    assert np.isnan(stripes(z, 1).excess)
    assert np.isnan(stripes(np.full((80, 80), np.nan, np.float32), 0).excess)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 7), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_middles_of_lines_are_medians_of_what_is_valid(height, width, seed):
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((height, width)).astype(np.float32)
    z[rng.random(z.shape) < 0.3] = np.nan
    middles = stripes(z, 1).middles
    for line, middle in zip(z, middles, strict=True):
        good = line[np.isfinite(line)]
        assert middle == pytest.approx(np.median(good) if good.size else 0, abs=1e-6)
