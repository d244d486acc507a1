from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_verdict.metrics.percentiles import order_histogram, percentiles, percentiles_of_counts

Q = (0.0, 0.1, 50.0, 99.9, 100.0)
NUMBERS = {
    np.float32: st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=False),
    np.float64: st.floats(-(2.0**900), 2.0**900, allow_subnormal=False),
}


def of(values, q=Q):
    return percentiles([values], order_histogram(values), q)


@settings(deadline=None, max_examples=100)
@given(st.data(), st.sampled_from(list(NUMBERS)), st.integers(1, 300))
def test_values_agree_with_numpy_to_the_last_bit(data, dtype, n):
    values = data.draw(hnp.arrays(dtype, n, elements=NUMBERS[dtype]))
    with np.errstate(over="ignore"):
        assert of(values) == np.percentile(values.astype(np.float64), Q).tolist()


@pytest.mark.parametrize("n", [1, 2, 1000, 100_001])
@pytest.mark.parametrize("spread", [1e-9, 1.0, 1e9])
def test_crowded_values_agree_with_numpy_to_the_last_bit(rng, n, spread):
    values = 1.0 + spread * rng.normal(size=n)
    assert of(values) == np.percentile(values, Q).tolist()


def test_parts_in_any_order_are_as_good_as_the_whole(rng):
    values = rng.normal(size=1000)
    parts = [values[700:], values[:10], values[10:700]]
    assert percentiles(parts, sum(order_histogram(p) for p in parts), Q) == of(values)


def test_values_are_not_changed(rng):
    values = rng.normal(size=100)
    values.setflags(write=False)
    before = values.copy()
    of(values)
    np.testing.assert_array_equal(values, before)


@settings(deadline=None, max_examples=60)
@given(hnp.arrays(np.uint8, st.integers(1, 300)))
def test_histograms_agree_with_numpy_to_the_last_bit(values):
    counts = np.bincount(values, minlength=256)
    assert percentiles_of_counts(counts, 0, Q) == np.percentile(values, Q).tolist()


def test_histograms_may_start_anywhere():
    values = np.array([-3, -3, 0, 4])
    counts = np.bincount(values + 3)
    assert percentiles_of_counts(counts, -3, Q) == np.percentile(values, Q).tolist()


def test_without_values_every_percentile_is_undefined():
    nothing = np.empty(0)
    assert np.isnan(of(nothing)).all()
    assert np.isnan(percentiles_of_counts(np.zeros(4, np.int64), 0, Q)).all()
