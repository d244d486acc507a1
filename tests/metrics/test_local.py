"""Local errors: means over boxes, deviations from what is expected, and places apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import shift

from builders import texture
from napari_verdict.metrics.local import (
    LEAST_EXPECTED,
    TERMS,
    binned,
    box_means,
    deviations,
    expected_squares,
    fold_to_boxes,
    separate_peaks,
)

NAN = float("nan")


def test_squares_are_averaged_over_what_is_finite():
    plane = np.array([[1, 3, NAN], [5, np.inf, NAN], [2, 4, 8]], np.float32)
    means, shares = binned(plane, 2)
    assert means.tolist() == [[3, 0], [3, 8]]
    assert shares.tolist() == [[0.75, 0], [0.5, 0.25]]


def test_binning_leaves_the_plane_as_it_is():
    plane = np.array([[1, NAN]], np.float32)
    binned(plane, 1)
    np.testing.assert_array_equal(plane, [[1, NAN]])


@given(
    arrays(np.float32, (11, 9), elements=st.sampled_from([0, 1, -3, 7, NAN])),
    st.integers(1, 2),
    st.integers(1, 4),
)
def test_a_box_has_the_mean_of_its_valid_pixels(plane, step, side):
    found = box_means(*binned(plane, step), side)
    height, width = step * side, step * side
    for (y, x), value in np.ndenumerate(found):
        box = plane[y * step : y * step + height, x * step : x * step + width]
        valid = np.isfinite(box).sum()
        if valid * 2 < height * width:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(np.nanmean(box, dtype=float), abs=1e-5)


def test_more_error_is_expected_where_the_ground_truth_is_bright(rng):
    truth = np.repeat(np.linspace(0, 1, 96, dtype=np.float32)[np.newaxis], 96, axis=0)
    squares = 0.2 + 4 * truth
    difference = (np.sqrt(squares) * rng.normal(size=truth.shape)).astype(np.float32)
    expected = expected_squares(truth, difference, np.ones_like(truth))
    without_floor = expected - LEAST_EXPECTED * (difference**2).mean()
    assert np.corrcoef(expected[0, 4:-4], squares[0, 4:-4])[0, 1] > 0.99
    assert without_floor[0, 4] < 0.3 * without_floor[0, -4]


def test_more_error_is_expected_where_the_ground_truth_is_uneven(rng):
    truth = np.zeros((96, 96), np.float32)
    truth[:, 48:] = rng.normal(size=(96, 48))
    difference = rng.normal(size=truth.shape).astype(np.float32)
    difference[:, :48] *= 0.1
    expected = expected_squares(truth, difference, np.ones_like(truth))
    assert expected[:, 56:].mean() > 2 * expected[:, :40].mean()


@given(st.floats(0.1, 10), st.floats(0, 100))
def test_equal_errors_are_expected_to_be_equal(size, bright):
    truth = bright * texture((32, 32)) / 1000
    difference = np.full_like(truth, size)
    expected = expected_squares(truth, difference, np.ones_like(truth))
    assert (expected >= LEAST_EXPECTED * size**2 * 0.999).all()
    assert np.ptp(expected) <= 1e-3 * size**2


def test_few_large_errors_do_not_rule_the_fit(rng):
    def fitted(difference):
        floor = LEAST_EXPECTED * (difference**2).mean()
        return float((expected_squares(truth, difference, shares) - floor).mean())

    truth, difference, shares = deviating(rng)
    calm, mean = fitted(difference), (difference**2).mean()
    difference[20:24, 20:24] += 60 * difference.std()
    raised = (difference**2).mean() / mean
    assert raised > 4
    assert fitted(difference) < 0.5 * raised * calm


def test_expected_errors_have_a_floor():
    difference = np.zeros((32, 32), np.float32)
    difference[:, 16:] = 1
    truth = difference * 10
    expected = expected_squares(truth, difference, np.ones_like(truth))
    assert expected.min() == pytest.approx(0.5 * LEAST_EXPECTED)


def deviating(rng, sigma=0.05):
    truth = texture((128, 128)) / 1000
    return truth, (sigma * rng.normal(size=truth.shape)).astype(np.float32), np.ones_like(truth)


def strongest(terms, box):
    """Which term is largest in a box, and its value."""
    inside = terms[(slice(None), *box)].reshape(len(terms), -1)
    k, at = np.unravel_index(np.abs(inside).argmax(), inside.shape)
    return TERMS[k], inside[k, at]


def test_what_is_added_is_a_positive_mean_and_what_is_lost_a_negative_one(rng):
    truth, difference, shares = deviating(rng)
    difference[20:32, 20:32] += 0.3
    difference[80:92, 80:92] -= 0.3
    terms = deviations(truth, difference, shares, 16)
    for box, sign in ((np.s_[20:32, 20:32], 1), (np.s_[80:92, 80:92], -1)):
        means = terms[(slice(None, 3), *box)]
        assert (sign * means).max() > 6
        assert (sign * means).min() > -3


def test_noise_alone_deviates_little(rng):
    truth, difference, shares = deviating(rng)
    assert np.abs(deviations(truth, difference, shares, 16)).max() < 6


def test_noisier_parts_show_in_the_spread(rng):
    truth, difference, shares = deviating(rng)
    difference[40:60, 40:60] *= 4
    assert strongest(deviations(truth, difference, shares, 16), np.s_[44:56, 44:56])[0] == "spread"


def test_a_moved_part_shows_in_the_shift(rng):
    truth, difference, shares = deviating(rng, sigma=0.01)
    moved = shift(truth, (0, 0.7), order=3, mode="wrap")
    difference[40:80, 40:80] += (moved - truth)[40:80, 40:80]
    terms = deviations(truth, difference, shares, 16)
    part = np.zeros(truth.shape, bool)
    part[40:80, 40:80] = True
    field = terms[TERMS.index("shift")]
    assert part[np.unravel_index(field.argmax(), field.shape)]
    assert strongest(terms, np.s_[40:80, 40:80])[0] == "shift"


def test_deviations_do_not_depend_on_units(rng):
    truth, difference, shares = deviating(rng)
    once = deviations(truth, difference, shares, 16)
    again = deviations(truth * 4096, difference * np.float32(2.0**70), shares, 16)
    np.testing.assert_allclose(again, once, rtol=1e-3, atol=1e-3)


def test_invalid_pixels_have_no_weight(rng):
    truth, difference, shares = deviating(rng)
    shares[30:50] = 0
    once = deviations(truth, difference, shares, 16)
    assert not once[:, 30:50].any()
    garbage = np.where(shares > 0, difference, np.float32(-0.1))
    np.testing.assert_allclose(deviations(truth, garbage, shares, 16), once, atol=1e-3)


@pytest.mark.parametrize("valid", [0, 1])
def test_nothing_deviates_without_error_or_pixels(valid):
    plane = np.full((8, 8), valid, np.float32)
    assert not deviations(plane, np.zeros_like(plane), plane, 2).any()


@given(arrays(np.float32, (9, 7), elements=st.integers(0, 50)), st.integers(1, 7))
def test_every_value_is_given_to_the_nearest_box(field, side):
    found = fold_to_boxes(field, side)
    assert found.shape == (9 - side + 1, 7 - side + 1)
    assert found.max() == field.max()
    want = np.full(found.shape, -1.0)
    for (y, x), value in np.ndenumerate(field):
        at = tuple(
            min(max(i - side // 2, 0), n - 1) for i, n in zip((y, x), found.shape, strict=True)
        )
        want[at] = max(want[at], value)
    np.testing.assert_array_equal(found, want)


@given(arrays(np.float32, (13, 11), elements=st.integers(0, 9)), st.integers(1, 5))
def test_peaks_do_not_overlap_and_come_in_order(score, side):
    peaks = separate_peaks(score, side, 20)
    values = [p[2] for p in peaks]
    assert values == sorted(values, reverse=True)
    assert values[0] == score.max()
    for k, (y, x, value) in enumerate(peaks):
        assert value == score[y, x]
        assert all(abs(y - b) >= side or abs(x - a) >= side for b, a, _ in peaks[:k])


def test_the_shadow_of_a_peak_is_no_peak():
    score = np.zeros((1, 20), np.float32)
    score[0, [2, 5, 15]] = 10, 4, 3
    assert [p[1] for p in separate_peaks(score, 3, 3)] == [2, 5, 15]
    assert [p[1] for p in separate_peaks(score, 3, 2, shadow=0.5)] == [2, 15]


def test_where_all_is_undefined_there_is_no_peak():
    assert separate_peaks(np.full((4, 4), np.nan, np.float32), 2, 5) == []
