"""Scores estimated from parts: unbiased, with intervals that cover, or none."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from napari_verdict.metrics.estimates import (
    combined,
    lure_estimate,
    lure_weights,
    ratio_estimate,
)

COUNTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=3, max_size=12)


def split(pairs):
    """Numerators that are no more than their denominators."""
    return [min(p) for p in pairs], [max(p) for p in pairs]


def test_the_error_is_that_of_a_ratio_to_first_order():
    s, k = np.array([4.0, 9, 2, 7]), np.array([6.0, 10, 5, 8])
    found = ratio_estimate(s, k, "none")
    theta = s.sum() / k.sum()
    e = (s - theta * k) / k.mean()
    assert found.value.value == theta
    assert found.error == pytest.approx(math.sqrt((e**2).sum() / (4 * 3)), rel=1e-12)
    half = stats.t.ppf(0.975, 3) * found.error / (theta * (1 - theta))
    centre = math.log(theta / (1 - theta))
    expected = [1 / (1 + math.exp(-(centre + sign * half))) for sign in (-1, 1)]
    assert found.interval()[:2] == pytest.approx(expected, rel=1e-12)


def test_the_mean_of_single_values_has_the_interval_of_student():
    values = np.array([3.1, 2.4, 2.9, 3.6, 2.2])
    found = ratio_estimate(values, np.ones(5), "none", bounded=False).interval(0.9)
    assert found[:2] == pytest.approx(
        stats.t.interval(0.9, 4, values.mean(), stats.sem(values)), rel=1e-12
    )


@given(COUNTS)
def test_intervals_hold_the_estimate_and_stay_within_0_and_1(pairs):
    found = ratio_estimate(*split(pairs), "none")
    low, high, reason = found.interval()
    if math.isnan(low):
        assert reason
    else:
        assert 0 <= low <= found.value.value <= high <= 1


@given(COUNTS, st.permutations(range(12)))
def test_the_order_of_equal_units_does_not_matter(pairs, order):
    order = [k for k in order if k < len(pairs)]
    one = ratio_estimate(*split(pairs), "none")
    other = ratio_estimate(*split([pairs[k] for k in order]), "none")
    assert one.value.value == other.value.value or math.isnan(one.value.value)
    np.testing.assert_allclose(one.error, other.error, atol=1e-9)


@given(COUNTS)
def test_influences_add_up_to_nothing(pairs):
    assert ratio_estimate(*split(pairs), "none").influence.sum() == pytest.approx(0, abs=1e-9)


def test_a_unit_drawn_half_as_often_stands_for_twice_as_many():
    chances = np.array([0.4, 0.2, 0.4, 0.1])
    found = ratio_estimate([3, 1, 2, 5], [5, 4, 2, 9], "none", weights=1 / chances)
    assert found.value.value == pytest.approx((3 + 2 * 1 + 2 + 4 * 5) / (5 + 2 * 4 + 2 + 4 * 9))


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_lure_is_unbiased_over_every_order_in_which_units_can_be_drawn(n):
    losses, share = np.array([3.0, 0, 1, 7, 2]), np.array([0.1, 0.3, 0.2, 0.15, 0.25])
    expected = 0.0
    for order in itertools.permutations(range(5), n):
        chance, gone = 1.0, 0.0
        for k in order:
            chance *= share[k] / (1 - gone)
            gone += share[k]
        v = lure_weights(share[list(order)], 5)
        expected += chance * (v * losses[list(order)]).mean()
    assert expected == pytest.approx(losses.mean(), rel=1e-12)


def test_units_that_are_skipped_leave_the_population_of_lure():
    share = np.array([0.1, 0.3, 0.2, 0.15, 0.25])
    kept = share[[0, 2, 3]]
    without = kept / (1 - 0.3)
    np.testing.assert_allclose(lure_weights(kept, 5, skipped=(1, 0.3)), lure_weights(without, 4))


@given(COUNTS)
def test_equal_chances_make_lure_what_equal_weights_are(pairs):
    s, k = split(pairs)
    share = np.full(len(s), 1 / 40)
    np.testing.assert_allclose(lure_weights(share, 40), 1, rtol=1e-9)
    plain = ratio_estimate(s, k, "none", population=40)
    found = lure_estimate(s, k, "none", share, 40)
    np.testing.assert_allclose(found.value.value, plain.value.value, rtol=1e-9)


def test_the_error_of_lure_is_that_of_its_estimates(rng):
    k = rng.integers(2, 30, 60).astype(float)
    s = np.minimum(k, rng.binomial(k.astype(int), rng.beta(6, 2, 60)))
    share = 0.5 / 60 + 0.5 * (k - s + 0.2) / (k - s + 0.2).sum()
    estimates, errors = [], []
    for _ in range(1500):
        order = np.argsort(rng.exponential(size=60) / share)[:20]
        found = lure_estimate(s[order], k[order], "none", share[order], 60)
        estimates.append(found.value.value)
        errors.append(found.error)
    assert np.mean(estimates) == pytest.approx(s.sum() / k.sum(), abs=0.01)
    assert np.median(errors) == pytest.approx(np.std(estimates), rel=0.12)


def test_there_is_no_error_left_where_everything_was_looked_at():
    s, k = [3, 5, 2], [4, 5, 6]
    for found in (
        ratio_estimate(s, k, "none", population=3),
        lure_estimate(s, k, "none", np.array([0.2, 0.5, 0.3]), 3),
    ):
        assert found.interval() == (10 / 15, 10 / 15, None)
        assert found.more_units() == 0


@pytest.mark.parametrize(("s", "k"), [([3], [4]), ([3, 4], [4, 5]), ([3, 0, 4, 0], [4, 0, 5, 0])])
def test_two_units_with_anything_to_count_have_no_interval(s, k):
    found = ratio_estimate(s, k, "none")
    low, high, reason = found.interval()
    assert math.isnan(low)
    assert math.isnan(high)
    assert reason is not None
    assert "too few" in reason
    assert found.more_units() is None


def test_nothing_to_count_is_undefined_with_its_reason():
    found = ratio_estimate([0, 0, 0], [0, 0, 0], "no objects at all")
    assert found.value.reason == found.interval().reason == "no objects at all"
    assert math.isnan(found.value.value)


def test_perfect_units_leave_room_for_others_that_are_not():
    found = ratio_estimate([5] * 6, [5] * 6, "none").interval()
    assert found[:2] == (pytest.approx(stats.beta.ppf(0.025, 6, 1)), 1.0)
    failed = ratio_estimate([0] * 6, [5] * 6, "none").interval()
    assert failed[:2] == (0.0, pytest.approx(stats.beta.ppf(0.975, 1, 6)))


def test_units_that_agree_exactly_say_nothing_of_the_rest():
    low, _, reason = ratio_estimate([3, 3, 3, 3], [4, 4, 4, 4], "none").interval()
    assert math.isnan(low)
    assert reason is not None


def test_units_of_a_group_are_one():
    s, k, images = [3, 4, 1, 5, 2, 6], [4, 6, 2, 7, 4, 6], list("aabbcc")
    found = ratio_estimate(s, k, "none", groups=images)
    pooled = ratio_estimate([7, 6, 8], [10, 9, 10], "none")
    assert found.n == 3
    assert found.error == pytest.approx(pooled.error)


def shown(value, half):
    """Half of what an interval measures that is t times the error on either side, by logit."""
    centre, wide = math.log(value / (1 - value)), half / (value * (1 - value))
    low, high = (1 / (1 + math.exp(-(centre + sign * wide))) for sign in (-1, 1))
    return (high - low) / 2


@given(COUNTS, st.floats(0.02, 0.2))
def test_as_many_more_units_as_are_said_reach_the_width_that_is_shown(pairs, goal):
    found = ratio_estimate(*split(pairs), "none")
    more = found.more_units(goal)
    if more is None or found.error == 0:
        return
    n, m = found.n, found.informative

    def half(extra):
        total = n + extra
        t = stats.t.ppf(0.975, m + extra * m / n - 1)
        return shown(found.value.value, t * found.error * math.sqrt(n / total))

    assert half(more) <= goal * (1 + 1e-9) or more == 100_000
    assert more == 0 or half(more - 1) > goal * (1 - 1e-9)


@given(COUNTS, st.integers(0, 20), st.booleans())
def test_a_width_is_reached_where_that_of_the_interval_is_and_only_there(pairs, rest, weighted):
    s, k = split(pairs)
    size = len(s) + rest
    share = np.full(len(s), 1 / size)
    plain = ratio_estimate(s, k, "none", population=size)
    found = lure_estimate(s, k, "none", share, size) if weighted else plain
    low, high, _ = found.interval()
    reached = high - low <= 0.1  # not where there is none
    assert (found.more_units(0.05, size) == 0) is bool(reached)


def test_near_perfect_units_take_more_than_half_a_width_on_a_straight_scale_would():
    s, k = [50] * 7 + [44], [50] * 8
    found = ratio_estimate(s, k, "none")
    low, high, _ = found.interval()
    assert stats.t.ppf(0.975, 7) * found.error < 0.05 < (high - low) / 2
    assert found.more_units(0.05) == 3


def test_perfect_units_take_more_where_many_hold_nothing():
    """36 perfect units have an interval down to 0.9; three in ten hold anything."""
    assert stats.beta.ppf(0.025, 36, 1) > 0.9 > stats.beta.ppf(0.025, 35, 1)
    assert ratio_estimate([5] * 3, [5] * 3, "none").more_units(0.05) == 33
    found = ratio_estimate([5] * 3 + [0] * 7, [5] * 3 + [0] * 7, "none")
    assert found.more_units(0.05) == 110
    assert found.more_units(0.05, 30) == 20


def test_where_no_unit_is_left_it_is_not_said_how_many_more():
    found = ratio_estimate([1, 9, 2, 8], [10, 10, 10, 10], "none", population=9)
    assert found.more_units(0.05, 4) is None
    assert found.more_units(0.45, 4) == 0


def test_fewer_more_units_are_needed_of_a_small_population():
    s, k, size, goal = [3, 7, 5, 9, 4, 8], [10] * 6, 40, 0.05
    found = ratio_estimate(s, k, "none", population=size)
    n, value, spread = 6, sum(s) / 60, np.var(np.array(s) / 10, ddof=1)

    def half(total):
        error = math.sqrt(spread / total * (1 - total / size))
        return shown(value, stats.t.ppf(0.975, total - 1) * error)

    wanted = next(total for total in range(n, size) if half(total) <= goal)
    assert found.more_units(goal, size) == wanted - n
    assert wanted - n < found.more_units(goal)


def test_no_more_units_are_asked_for_than_there_are():
    found = ratio_estimate([1, 9, 2, 8], [10, 10, 10, 10], "none", population=9)
    assert found.more_units(0.001, 9) == 5


def test_a_difference_has_the_error_of_paired_units(rng):
    a, b = rng.integers(0, 9, (2, 8)).astype(float)
    k = np.full(8, 10.0)
    found = combined([(1, ratio_estimate(a, k, "none")), (-1, ratio_estimate(b, k, "none"))])
    paired = stats.ttest_rel(a / 10, b / 10).confidence_interval()
    assert found.interval()[:2] == pytest.approx((paired.low, paired.high), rel=1e-9)


def test_a_difference_from_what_is_undefined_is_undefined():
    some = ratio_estimate([1, 2, 3], [4, 4, 4], "none")
    none = ratio_estimate([0, 0, 0], [0, 0, 0], "nothing there")
    assert combined([(1, some), (-1, none)]).value.reason == "nothing there"
