"""SSIM against scikit-image, against filters of scipy, and with pixels left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import correlate1d
from skimage.metrics import structural_similarity

from napari_verdict.metrics.ssim import (
    RADIUS,
    SIGMA,
    Affine,
    Window,
    gaussian_taps,
    reflected,
    ssim_block,
)

IDENTITY = Affine()
SIZES = [(1, 1), (1, 40), (40, 1), (2, 3), (3, 200), (7, 7), (11, 11), (12, 11), (60, 47)]


@dataclass
class Ssim:
    map: Any
    sums: Any
    counts: Any


def ssim(g, p, *, affine=IDENTITY, data_range=1.0, valid=None, sigma_z=None, plane=0, means=None):
    """The kernel on a whole image, or on one plane of a volume."""
    g, p = np.asarray(g), np.asarray(p)
    if g.ndim == 2:
        g, p = g[np.newaxis], p[np.newaxis]
        valid = None if valid is None else valid[np.newaxis]
    taps = np.ones(1) if sigma_z is None else gaussian_taps(sigma_z)
    reach = len(taps) // 2
    depth, height, width = g.shape
    if means is None:
        keep = np.ones(g.shape, bool) if valid is None else valid
        means = affine.of_ground_truth(g[keep].mean()), affine.of_candidate(p[keep].mean())
    out = np.empty((1, height, width), np.float32)
    planes = reflected(np.arange(plane - reach, plane + reach + 1), depth)
    rows = reflected(np.arange(-RADIUS, height + RADIUS), height)
    window = Window(planes, rows, taps)
    sums, counts = ssim_block(
        g, [p], [affine], [means], data_range, window, valid=valid, outs=[out]
    )
    return Ssim(out[0], sums[0, 0], counts[0, 0])


def composed(g, p, data_range=1.0, valid=None, sigmas=(SIGMA, SIGMA)):
    """SSIM by its definition, from scipy's filters and weights of 0 for what is left out."""
    weights = np.ones(g.shape) if valid is None else valid.astype(float)
    g, p = np.where(weights > 0, g, 0.0), np.where(weights > 0, p, 0.0)

    def filtered(image):
        for axis, sigma in enumerate(sigmas):
            image = correlate1d(image, gaussian_taps(sigma), axis=axis, mode="reflect")
        return image

    shift_g, shift_p = g[weights > 0].mean(), p[weights > 0].mean()
    total = filtered(weights)

    def mean(image):
        with np.errstate(invalid="ignore", divide="ignore"):
            return filtered(image * weights) / total

    x, y = g - shift_g, p - shift_p
    ux, uy = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - ux**2, mean(y * y) - uy**2, mean(x * y) - ux * uy
    ux, uy = ux + shift_g, uy + shift_p
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    found = (2 * ux * uy + c1) * (2 * cov + c2) / ((ux**2 + uy**2 + c1) * (vx + vy + c2))
    return np.where(weights > 0, found, np.nan)


def skimage_ssim(g, p, data_range):
    return structural_similarity(
        g.astype(float),
        p.astype(float),
        data_range=data_range,
        gaussian_weights=True,
        sigma=SIGMA,
        use_sample_covariance=False,
        full=True,
    )


def mean_beyond_rim(found):
    return found.sums[RADIUS:-RADIUS].sum() / found.counts[RADIUS:-RADIUS].sum()


@pytest.mark.parametrize("offset", [0, 30000])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_map_and_mean_are_scikit_images(rng, dtype, offset):
    if dtype == np.uint8:
        offset = offset // 300
    g, p = (offset + rng.normal(20, 5, (2, 83, 61))).astype(dtype)
    found, (mean, expected) = ssim(g, p, data_range=40.0), skimage_ssim(g, p, 40.0)
    np.testing.assert_allclose(found.map, expected, atol=1e-5)
    assert mean_beyond_rim(found) == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_small_images_have_a_map_though_the_window_hangs_over(rng, size):
    g, p = rng.random((2, *size))
    found = ssim(g, p)
    np.testing.assert_allclose(found.map, composed(g, p), atol=1e-6)
    assert found.counts.tolist() == [max(0, size[1] - 2 * RADIUS)] * size[0]


@pytest.mark.parametrize("plane", range(11))
def test_isotropic_volumes_are_scikit_images(plane):
    rng = np.random.default_rng(plane)
    g, p = rng.random((2, 11, 13, 15))
    _, expected = skimage_ssim(g, p, 1.0)
    found = ssim(g, p, sigma_z=SIGMA, plane=plane)
    np.testing.assert_allclose(found.map, expected[plane], atol=1e-5)


@pytest.mark.parametrize("depth", [1, 2, 3, 9])
@pytest.mark.parametrize("sigma_z", [0.5, 0.64, 1.1, 3.0])
def test_anisotropic_volumes_are_composed_of_one_filter_an_axis(rng, sigma_z, depth):
    g, p = rng.random((2, depth, 12, 14))
    expected = composed(g, p, sigmas=(sigma_z, SIGMA, SIGMA))
    for plane in range(depth):
        found = ssim(g, p, sigma_z=sigma_z, plane=plane)
        np.testing.assert_allclose(found.map, expected[plane], atol=1e-6)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([(1, 1), (1, 30), (9, 4), (24, 31)]),
    st.sampled_from([0.05, 0.5, 0.98]),
)
def test_pixels_left_out_have_no_part_in_any_window(seed, size, share):
    rng = np.random.default_rng(seed)
    g, p = 500 + rng.random((2, *size))
    valid = rng.random(size) > share
    valid.flat[rng.integers(valid.size)] = True
    p[~valid] = rng.choice([np.nan, np.inf, -1e300, 7.0])
    found = ssim(g, p, valid=valid, means=(g[valid].mean(), p[valid].mean()))
    np.testing.assert_allclose(found.map, composed(g, p, valid=valid), atol=1e-5)
    inner = valid[:, RADIUS : max(RADIUS, size[1] - RADIUS)]
    assert found.counts.tolist() == inner.sum(axis=1).tolist()


def test_pixels_left_out_of_volumes(rng):
    g, p = 500 + rng.random((2, 5, 16, 18))
    valid = rng.random(g.shape) > 0.4
    valid[3] = False
    g[~valid] = np.nan
    expected = composed(g, p, valid=valid, sigmas=(1.0, SIGMA, SIGMA))
    for plane in range(5):
        found = ssim(g, p, valid=valid, sigma_z=1.0, plane=plane)
        np.testing.assert_allclose(found.map, expected[plane], atol=1e-5)


def test_a_hole_wider_than_the_window_poisons_nothing(rng):
    g, p = rng.random((2, 60, 60))
    valid = np.ones(g.shape, bool)
    valid[15:45, 15:45] = False
    whole, holed = ssim(g, p).map, ssim(g, p, valid=valid).map
    assert np.isnan(holed[15:45, 15:45]).all()
    assert np.isfinite(holed[valid]).all()
    np.testing.assert_allclose(holed[:10], whole[:10], atol=1e-6)


def test_leaving_nothing_out_changes_nothing(rng):
    g, p = rng.random((2, 30, 41))
    plain, masked = ssim(g, p), ssim(g, p, valid=np.ones(g.shape, bool))
    np.testing.assert_allclose(plain.map, masked.map, atol=1e-7)
    np.testing.assert_allclose(plain.sums, masked.sums, rtol=1e-12)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(-1e5, 1e5),
    st.floats(1e-3, 1e4),
    st.sampled_from([(1, 1), (14, 13), (25, 60)]),
)
def test_identity_is_exactly_1(seed, offset, spread, size):
    g = offset + spread * np.random.default_rng(seed).random(size)
    affine = Affine(low=g.min(), inverse_range=1 / spread)
    assert (ssim(g, g.copy(), affine=affine).map == 1).all()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 3e4, -1e6]), st.floats(1e-6, 1e3))
def test_ssim_is_symmetric_and_never_out_of_its_range(seed, offset, spread):
    g, p = offset + spread * np.random.default_rng(seed).random((2, 17, 23))
    one, other = ssim(g, p).map, ssim(p, g).map
    np.testing.assert_allclose(one, other, atol=1e-6)
    assert (abs(one) <= 1).all()


def test_affine_comes_before_the_windows(rng):
    g, p = rng.random((2, 30, 31))
    affine = Affine(low=0.2, inverse_range=3.0, gain=-1.5, offset=0.7)
    plain = ssim((g - 0.2) * 3, ((-1.5 * p + 0.7) - 0.2) * 3)
    np.testing.assert_allclose(ssim(g, p, affine=affine).map, plain.map, atol=1e-6)


def test_constant_images_differ_in_luminance_alone():
    found = ssim(np.full((20, 20), 0.5), np.full((20, 20), 0.25))
    expected = (2 * 0.5 * 0.25 + 1e-4) / (0.5**2 + 0.25**2 + 1e-4)
    np.testing.assert_allclose(found.map, expected, rtol=1e-6)


def test_taps_are_a_gaussian_cut_at_3_and_a_half_sigma():
    taps = gaussian_taps(SIGMA)
    assert len(taps) == 2 * RADIUS + 1
    assert taps.sum() == pytest.approx(1, rel=1e-15)
    assert taps[RADIUS + 3] / taps[RADIUS] == pytest.approx(np.exp(-2))
    assert [len(gaussian_taps(s)) for s in (0.5, 1.0, 3.0)] == [5, 9, 23]


def test_indices_are_reflected_as_often_as_it_takes():
    assert reflected(np.arange(-4, 8), 3).tolist() == [2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1]
    assert reflected(np.arange(-2, 3), 1).tolist() == [0] * 5


def block_of(g, candidates, affines=None, valid=None):
    """All candidates in one go, on a whole 2D image."""
    planes = [np.asarray(a)[np.newaxis] for a in (g, *candidates)]
    outs = [np.empty(planes[0].shape, np.float32) for _ in candidates]
    rows = reflected(np.arange(-RADIUS, g.shape[0] + RADIUS), g.shape[0])
    affines = affines or [IDENTITY] * len(candidates)
    means = [
        (float(np.mean(g)), a.of_candidate(float(np.mean(c))))
        for a, c in zip(affines, candidates, strict=True)
    ]
    window = Window(np.zeros(1, np.intp), rows, np.ones(1))
    sums, counts = ssim_block(
        planes[0],
        planes[1:],
        affines,
        means,
        1.0,
        window,
        valid=None if valid is None else valid[np.newaxis],
        outs=outs,
    )
    return [o[0] for o in outs], sums[:, 0], counts[:, 0]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("n", [1, 2, 4, 6])
def test_candidates_together_have_the_bits_they_have_alone(rng, n, masked):
    g, *candidates = rng.random((n + 1, 37, 301))
    valid = rng.random(g.shape) > 0.1 if masked else None
    affines = [Affine(gain=1 + k / 10, offset=k / 7) for k in range(n)]
    maps, sums, counts = block_of(g, candidates, affines, valid)
    for k, (candidate, affine) in enumerate(zip(candidates, affines, strict=True)):
        alone = block_of(g, [candidate], [affine], valid)
        np.testing.assert_array_equal(maps[k], alone[0][0])
        np.testing.assert_array_equal(sums[k], alone[1][0])
        np.testing.assert_array_equal(counts[k], alone[2][0])


@pytest.mark.parametrize(
    "dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", ">f4", "?"]
)
def test_every_dtype_is_read_as_what_it_is(rng, dtype):
    g, p = (rng.random((2, 30, 41)) * 100).astype(dtype)
    p.setflags(write=False)
    maps, *_ = block_of(g, [p[:, ::-1]])
    expected, *_ = block_of(g.astype(float), [p[:, ::-1].astype(float)])
    np.testing.assert_array_equal(maps[0], expected[0])


def test_a_volume_is_that_of_scikit_image_in_3d(rng):
    g, p = rng.random((2, 14, 23, 31))
    expected = skimage_ssim(g, p, 1.0)[1]
    planes, rows = (reflected(np.arange(-RADIUS, k + RADIUS), k) for k in g.shape[:2])
    out = np.empty(g.shape, np.float32)
    means = float(g.mean()), float(p.mean())
    window = Window(planes, rows, gaussian_taps(SIGMA))
    ssim_block(g, [p], [IDENTITY], [means], 1.0, window, valid=None, outs=[out])
    np.testing.assert_allclose(out, expected, atol=1e-6)


def test_maps_may_be_written_into_parts_of_larger_arrays(rng):
    g, p = rng.random((2, 20, 24))
    whole = np.full((20, 24, 2), 9, np.float32)
    rows = reflected(np.arange(-RADIUS, 20 + RADIUS), 20)
    ssim_block(
        g[np.newaxis],
        [p[np.newaxis]],
        [IDENTITY],
        [(float(g.mean()), float(p.mean()))],
        1.0,
        Window(np.zeros(1, np.intp), rows, np.ones(1)),
        valid=None,
        outs=[whole[np.newaxis, ..., 1]],
    )
    np.testing.assert_allclose(whole[..., 1], composed(g, p), atol=1e-6)
    assert (whole[..., 0] == 9).all()
