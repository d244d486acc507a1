"""How measurements of objects agree with a reference."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_verdict.metrics.agreement import agreement_of


def test_it_is_what_numpy_says_of_the_differences(rng):
    x = rng.normal(100, 20, 40)
    y = 0.8 * x + 30 + rng.normal(0, 3, 40)
    found = agreement_of(x, y)
    d = y - x
    assert found.n == 40
    assert found.pearson == pytest.approx(np.corrcoef(x, y)[0, 1], rel=1e-12)
    assert found.bias == pytest.approx(d.mean(), rel=1e-12)
    assert (found.low, found.high) == pytest.approx(
        (d.mean() - 1.96 * d.std(ddof=1), d.mean() + 1.96 * d.std(ddof=1)), rel=1e-12
    )


@given(st.integers(0, 2**32 - 1), st.floats(-1e3, 1e3))
def test_what_is_added_to_all_is_the_bias_alone(seed, added):
    x = np.random.default_rng(seed).random(9)
    found = agreement_of(x, x + added)
    assert (found.bias, found.low, found.high) == pytest.approx((added,) * 3, abs=1e-9)
    assert found.pearson == pytest.approx(1)


def test_objects_without_both_intensities_are_left_out():
    x, y = np.array([1, 2, np.nan, 4, 5.0]), np.array([2, np.inf, 3, 5, 6.0])
    found = agreement_of(x, y)
    assert (found.n, found.bias, found.low, found.high) == (3, 1, 1, 1)


def test_of_too_few_objects_nothing_is_said():
    found = agreement_of(np.array([1, 2.0]), np.array([1, 3.0]))
    assert found.n == 2
    assert all(map(math.isnan, (found.pearson, found.bias, found.low, found.high)))


def test_objects_that_are_all_alike_have_no_correlation():
    found = agreement_of(np.full(5, 0.1), np.arange(5.0))
    assert math.isnan(found.pearson)
    assert found.bias == pytest.approx(1.9)
