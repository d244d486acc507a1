"""Percentiles are numpy's, to the last bit, however the values arrive."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_verdict.metrics.percentiles import (
    coarse_counts,
    percentiles,
    percentiles_of_counts,
)

Q = (0.1, 99.9, 50.0, 0.0, 100.0, 33.3)


def of_parts(values, parts):
    pieces = np.array_split(values, parts)
    return percentiles(pieces, sum(coarse_counts(p.astype(float)) for p in pieces), Q)


@settings(deadline=None, max_examples=60)
@given(
    arrays(
        np.float64,
        st.integers(1, 60),
        elements=st.floats(-1e300, 1e300) | st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e-310]),
    ),
    st.integers(1, 4),
)
def test_any_floats_in_any_parts(values, parts):
    before = values.tobytes()
    with np.errstate(over="ignore"):
        assert of_parts(values, parts) == np.percentile(values, Q).tolist()
    assert values.tobytes() == before


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.int32, np.uint32])
@pytest.mark.parametrize(("centre", "spread"), [(0, 1000), (30000, 5), (-20000, 3)])
def test_images_of_any_dtype_and_offset(rng, dtype, centre, spread):
    image = rng.normal(centre, spread, (70, 80))
    image = abs(image).astype(dtype) if dtype == np.uint32 else image.astype(dtype)
    assert of_parts(image, 3) == np.percentile(image.astype(float), Q).tolist()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_small_integers_by_their_histogram(rng, dtype):
    image = rng.integers(3, 200, 5001).astype(dtype)
    counts = np.bincount(image, minlength=np.iinfo(dtype).max + 1)
    assert percentiles_of_counts(counts, Q) == np.percentile(image.astype(float), Q).tolist()


def test_parts_may_be_empty_or_read_only(rng):
    values = rng.random(100)
    values.flags.writeable = False
    parts = [values, np.empty(0)]
    assert percentiles(parts, coarse_counts(values.copy()), (50,)) == [np.median(values)]


def test_bins_are_in_the_order_of_the_values(rng):
    values = np.sort(np.r_[rng.normal(0, 1e3, 500), rng.normal(0, 1e-30, 50), 0.0])
    bins = [int(np.argmax(coarse_counts(values[i : i + 1]))) for i in range(values.size)]
    assert bins == sorted(bins)


def test_nothing_has_no_percentiles():
    nothing = percentiles([], coarse_counts(np.empty(0)), Q)
    assert all(math.isnan(v) for v in nothing + percentiles_of_counts(np.zeros(256, int), Q))
