from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import correlate1d
from skimage.metrics import structural_similarity

from napari_verdict.metrics.ssim import (
    RADIUS,
    SIGMA,
    Affine,
    gaussian_taps,
    reflected,
    ssim_rows,
)


def ssim_of(g, p, data_range=1.0, *, valid=None, z_taps=None, affine=None):
    """The map of a whole (z, y, x) image, and its mean without the rim along y and x."""
    z_taps = np.ones(1) if z_taps is None else z_taps
    reach, depth, height = len(z_taps) // 2, *g.shape[:2]
    affine, seen = affine or Affine(), np.isfinite(p)
    out = np.empty(g.shape, np.float32)
    rows = reflected(np.arange(-RADIUS, height + RADIUS), height)
    sums = [
        ssim_rows(
            np.ascontiguousarray(g, np.float64),
            np.ascontiguousarray(p, np.float64),
            affine,
            (affine.of_ground_truth(g[seen].mean()), affine.of_candidate(p[seen].mean())),
            data_range,
            planes=reflected(np.arange(z - reach, z + reach + 1), depth),
            rows=rows,
            z_taps=z_taps,
            valid=valid,
            out=out[z],
        )
        for z in range(depth)
    ]
    inner = slice(RADIUS, max(RADIUS, height - RADIUS))
    total, n = (np.array([s[k][inner] for s in sums]).sum() for k in (0, 1))
    return out, total / n if n else np.nan


def reference(g, p, data_range):
    value, full = structural_similarity(
        np.asarray(g, float),
        np.asarray(p, float),
        data_range=data_range,
        gaussian_weights=True,
        sigma=SIGMA,
        use_sample_covariance=False,
        full=True,
    )
    return full, value


def naive(g, p, valid, sigma, data_range=1.0):
    """Filtered with renormalised weights, field by field; shares no code with ours."""

    def smooth(a):
        for axis, s in enumerate(sigma):
            if s:
                offsets = np.arange(-int(3.5 * s + 0.5), int(3.5 * s + 0.5) + 1)
                taps = np.exp(-0.5 * (offsets / s) ** 2)
                a = correlate1d(a, taps / taps.sum(), axis=axis, mode="reflect")
        return a

    w = smooth(valid.astype(float))
    g, p = np.where(valid, g, 0.0), np.where(valid, p, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mg, mp = smooth(g) / w, smooth(p) / w
        vg, vp = smooth(g * g) / w - mg**2, smooth(p * p) / w - mp**2
        cov = smooth(g * p) / w - mg * mp
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    s = (2 * mg * mp + c1) * (2 * cov + c2) / ((mg**2 + mp**2 + c1) * (vg + vp + c2))
    return np.where(valid, s, np.nan)


@pytest.mark.parametrize("shape", [(31, 47), (11, 11), (12, 200), (64, 13)])
def test_map_and_mean_are_those_of_scikit_image(rng, shape):
    g = rng.random(shape)
    p = g + 0.2 * rng.normal(size=shape)
    full, mean = reference(g, p, 1.0)
    ours, value = ssim_of(g[None], p[None])
    np.testing.assert_allclose(ours[0], full, atol=1e-7)
    assert value == pytest.approx(mean, rel=1e-12)


def test_a_large_offset_costs_no_digits(rng):
    g = rng.normal(30000, 5, (40, 50))
    p = g + rng.normal(0, 2, g.shape)
    full, mean = reference(g, p, 20.0)
    ours, value = ssim_of(g[None], p[None], 20.0)
    np.testing.assert_allclose(ours[0], full, atol=1e-5)
    assert value == pytest.approx(mean, rel=1e-7)


def test_in_3d_with_cubic_voxels_it_is_that_of_scikit_image(rng):
    g = rng.random((14, 17, 19))
    p = g + 0.2 * rng.normal(size=g.shape)
    full, _ = reference(g, p, 1.0)
    ours, _ = ssim_of(g, p, z_taps=gaussian_taps(SIGMA))
    np.testing.assert_allclose(ours, full, atol=1e-7)


@pytest.mark.parametrize("sigma_z", [0, 0.5, 2.2])
def test_pixels_left_out_leave_every_window(rng, sigma_z):
    g = rng.random((9, 21, 25))
    p = g + 0.2 * rng.normal(size=g.shape)
    valid = rng.random(g.shape) < 0.8
    valid[4, 5:20, 3:22] = False
    expected = naive(g, p, valid, (sigma_z, SIGMA, SIGMA))
    g[~valid], p[~valid] = np.nan, np.inf
    z_taps = gaussian_taps(sigma_z) if sigma_z else None
    ours, value = ssim_of(g, p, valid=valid, z_taps=z_taps)
    np.testing.assert_allclose(ours, expected, atol=1e-7)
    assert value == pytest.approx(np.nanmean(expected[:, 5:-5, 5:-5]), rel=1e-12)


def test_the_fit_is_applied_to_the_candidate_and_the_range_to_both(rng):
    g, p = rng.normal(500, 60, (2, 1, 20, 24))
    ours, value = ssim_of(g, p, affine=Affine(400, 1 / 250, 0.7, 150))
    full, mean = reference((g[0] - 400) / 250, (0.7 * p[0] + 150 - 400) / 250, 1.0)
    np.testing.assert_allclose(ours[0], full, atol=1e-7)
    assert value == pytest.approx(mean, rel=1e-10)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e9])
def test_identical_images_are_exactly_1_everywhere(rng, scale):
    g = scale * rng.normal(3, 1, (1, 33, 29))
    ours, value = ssim_of(g, g.copy(), scale)
    assert (ours == 1).all()
    assert value == 1


def test_no_value_exceeds_1(rng):
    flat = 1e5 + 1e-9 * rng.random((1, 30, 30))
    ours, _ = ssim_of(flat, flat[:, ::-1], 1e-9)
    assert (np.abs(ours) <= 1).all()


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 40), (1, 40, 1), (1, 3, 4), (2, 10, 10)])
def test_images_smaller_than_the_window_have_a_map_and_no_mean(rng, shape):
    g = rng.random(shape)
    p = g + 0.1 * rng.normal(size=shape)
    ours, value = ssim_of(g, p)
    np.testing.assert_allclose(
        ours, naive(g, p, np.ones(shape, bool), (0, SIGMA, SIGMA)), atol=1e-7
    )
    assert np.isnan(value)


def test_taps_are_symmetric_and_sum_to_1():
    taps = gaussian_taps(SIGMA)
    assert len(taps) == 2 * RADIUS + 1
    np.testing.assert_array_equal(taps, taps[::-1])
    assert taps.sum() == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize(("size", "expected"), [(4, "dcbaabcddcba"), (2, "bbaabbaa"), (1, "aaaaa")])
def test_borders_are_reflected_as_often_as_needed(size, expected):
    beyond = (len(expected) - size) // 2
    index = reflected(np.arange(-beyond, size + beyond), size)
    assert "".join("abcd"[i] for i in index) == expected
