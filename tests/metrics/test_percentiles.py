"""Percentiles are numpy's, to the last bit, however the values arrive."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_verdict.metrics.percentiles import (
    Search,
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


# ---- parts that are read again, and never kept


def searched(values, parts=3, **options):
    """Percentiles by a search; also the rounds it took, what it kept at most, and the search."""
    pieces = [np.ascontiguousarray(p, float) for p in np.array_split(values, parts)]
    search = Search(sum(coarse_counts(p) for p in pieces), Q, **options)
    rounds = kept = 0
    while search.net is not None:
        for piece in reversed(pieces):
            caught = search.net.catch(piece)
            kept += caught.size if rounds else 0
            search.add(caught)
        search.next_round()
        rounds += 1
    return search.result(), rounds, kept, search.exact


@settings(deadline=None, max_examples=60)
@given(
    arrays(
        np.float64,
        st.integers(1, 60),
        elements=st.floats(-1e300, 1e300) | st.sampled_from([0.0, -0.0, 1.0, 1.0 + 1e-15, 1e-310]),
    ),
    st.integers(1, 4),
)
def test_a_search_finds_any_floats(values, parts):
    with np.errstate(over="ignore"):
        found, rounds, _, exact = searched(values, parts)
        assert found == np.percentile(values, Q).tolist()
    assert exact
    assert rounds <= 2


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int32, np.uint8])
def test_of_float32_and_what_it_holds_one_round_is_enough_and_nothing_is_kept(rng, dtype):
    values = rng.normal(100, 30, 20_000).clip(0, 255).astype(dtype)
    found, rounds, kept, exact = searched(values)
    assert found == np.percentile(values.astype(float), Q).tolist()
    assert (rounds, kept, exact) == (1, 0, True)


def test_a_constant_background_costs_nothing(rng):
    values = np.r_[np.full(50_000, 0.1), rng.random(20)]
    found, _, kept, _ = searched(values)
    assert found == np.percentile(values, Q).tolist()
    assert kept < 20


def test_of_float64_only_neighbours_of_the_percentiles_are_kept(rng):
    values = rng.normal(1, 1e-4, 100_000)
    found, rounds, kept, exact = searched(values)
    assert found == np.percentile(values, Q).tolist()
    assert (rounds, exact) == (2, True)
    assert 0 < kept < 2000


def test_where_too_many_would_have_to_be_kept_the_bound_is_kept_instead(rng):
    values = 1 + 1e-7 * rng.random(50_000)
    found, _, kept, exact = searched(values, kept=100)
    assert (kept, exact) == (0, False)
    np.testing.assert_allclose(found, np.percentile(values, Q), rtol=1.2e-7)


def test_a_search_of_nothing_finds_nothing():
    assert all(math.isnan(v) for v in Search(np.zeros(1 << 16, np.int64), Q).result())
