"""Evidence maps, their peaks and the detectability limit, against sums written out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import correlate1d

from napari_verdict.metrics.evidence import (
    SCALES,
    detection_limit,
    evidence_map,
    peaks,
    reach,
)

NAN = float("nan")


def window(scale):
    """The Gaussian window, written out: cut at 4 deviations, of sum 1."""
    r = int(4 * scale + 0.5)
    taps = np.exp(-0.5 * (np.arange(-r, r + 1) / scale) ** 2)
    return taps / taps.sum()


def gathered(z, scale):
    """(G * z) / sqrt(G² * v) in float64, zero beyond the borders."""
    valid = np.isfinite(z)
    taps = window(scale)

    def both(image, t):
        down = correlate1d(image, t, axis=0, mode="constant")
        return correlate1d(down, t, axis=1, mode="constant")

    k = both(np.where(valid, z, 0).astype(float), taps)
    weight = np.sqrt(np.maximum(both(valid.astype(float), taps**2), 1e-30))
    return np.where(valid, k / weight, NAN)


@pytest.fixture
def z(rng):
    return rng.standard_normal((120, 140)).astype(np.float32)


def holes(z):
    z = z.copy()
    z[30:60, 40:70] = NAN
    z[100, 5] = np.inf
    return z


@pytest.mark.parametrize("scale", [0.7, 2.0, 6.0])
@pytest.mark.parametrize("change", [lambda z: z, holes])
def test_it_is_the_sum_under_the_window_over_its_deviation(z, scale, change):
    z = change(z)
    np.testing.assert_allclose(evidence_map(z, [scale]), gathered(z, scale), atol=3e-6)


def test_of_all_scales_the_one_that_says_most_counts(z):
    each = np.stack([evidence_map(z, [s]) for s in SCALES])
    loudest = np.abs(each).argmax(axis=0)[None]
    together = np.take_along_axis(each, loudest, axis=0)[0]
    np.testing.assert_array_equal(evidence_map(z), together)


def test_away_from_borders_it_is_two_root_pi_s_times_the_mean(z):
    blurred = gathered(z, 3.0)[60, 70]
    taps = window(3.0)
    mean = taps @ z[60 - 12 : 60 + 13, 70 - 12 : 70 + 13].astype(float) @ taps
    assert blurred == pytest.approx(2 * np.sqrt(np.pi) * 3 * mean, rel=1e-3)


@pytest.mark.parametrize("change", [lambda z: z, holes])
def test_white_noise_has_variance_one_at_borders_and_beside_holes_too(rng, change):
    maps = np.stack(
        [
            evidence_map(change(rng.standard_normal((120, 140)).astype(np.float32)), [4.0])
            for _ in range(400)
        ]
    )
    variance = maps.var(axis=0)
    for place in [(0, 0), (0, 70), (119, 139), (29, 39), (45, 39), (61, 55)]:
        assert variance[place] == pytest.approx(1, abs=0.3)
    assert np.nanmean(variance) == pytest.approx(1, abs=0.03)


def test_blocks_with_their_halo_give_the_same_map_to_the_bit(z):
    whole, r = evidence_map(z), reach()
    for first in range(0, 120, 31):
        last = min(first + 31, 120)
        a, b = max(first - r, 0), min(last + r, 120)
        part = evidence_map(z[a:b], rows=slice(first - a, last - a))
        np.testing.assert_array_equal(part, whole[first:last])


def test_nothing_valid_leaves_nan_and_the_input_stays(z):
    assert np.isnan(evidence_map(np.full((9, 9), NAN, np.float32))).all()
    before = z.tobytes()
    evidence_map(z)
    assert z.tobytes() == before


@pytest.mark.parametrize("scale", [0, -1, NAN, 5000])
def test_a_scale_must_be_one(z, scale):
    with pytest.raises(ValueError, match="above 0"):
        evidence_map(z, [scale])


@pytest.mark.parametrize("place", [(60, 70), (0, 0), (119, 30), (31, 39)])
@pytest.mark.parametrize("change", [lambda z: z, holes])
def test_a_blob_of_the_limit_reaches_the_threshold_and_of_twice_it_twice(rng, place, change):
    # the noise differs from pixel to pixel; the blob stands in no noise at all
    deviation = change(rng.uniform(2, 9, (120, 140)).astype(np.float32))
    limit = detection_limit(deviation, 3.0, 4.5)
    y, x = np.indices(deviation.shape)
    blob = np.exp(-((y - place[0]) ** 2 + (x - place[1]) ** 2) / (2 * 3.0**2))
    for times in (1, 2):
        seen = (times * limit[place] * blob / deviation).astype(np.float32)
        if np.isfinite(deviation[place]):
            assert evidence_map(seen, [3.0])[place] == pytest.approx(4.5 * times, rel=1e-4)


def test_under_even_noise_the_limit_is_threshold_sigma_over_root_pi_s():
    limit = detection_limit(np.full((80, 80), 7.0), 4.0, 5.0)
    assert limit[40, 40] == pytest.approx(5 * 7 / (np.sqrt(np.pi) * 4), rel=1e-3)
    assert limit[0, 0] == pytest.approx(2 * limit[40, 40], rel=0.15)  # a quarter of the window


def test_the_limit_is_nan_where_there_is_no_noise_to_know():
    deviation = np.full((20, 20), 3.0)
    deviation[4, 5], deviation[7, 7] = NAN, 0
    assert np.argwhere(np.isnan(detection_limit(deviation, 2.0, 4.0))).tolist() == [[4, 5], [7, 7]]


def test_peaks_are_the_largest_around_and_come_by_magnitude():
    k = np.zeros((40, 40), np.float32)
    k[10, 10], k[12, 13], k[30, 30], k[20, 5] = 6, 5.5, 4, -9
    k[10, 20] = k[10, 21] = 5  # equals: the first
    k[0, 39] = 7
    k[11, 10] = NAN
    places, heights = peaks(k, -3.5, 3.5)
    assert places.tolist() == [[20, 5], [0, 39], [10, 10], [10, 20], [30, 30]]
    assert heights.tolist() == [-9, 7, 6, 5, 4]
    assert len(peaks(k, -10, 10)[0]) == 0


def test_planted_and_erased_blobs_are_first_with_their_signs(rng):
    z = rng.standard_normal((200, 200)).astype(np.float32)
    y, x = np.indices(z.shape)
    for (cy, cx), a in {(50, 60): -2.0, (140, 30): 1.5}.items():
        z += (a * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * 3.0**2))).astype(np.float32)
    places, heights = peaks(evidence_map(z), -4.5, 4.5)
    np.testing.assert_allclose(places[:2], [[50, 60], [140, 30]], atol=2)
    assert heights[0] < 0 < heights[1]
