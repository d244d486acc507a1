from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_verdict.metrics.percentiles import percentiles, percentiles_of_counts

Q = (0.0, 0.1, 50.0, 99.9, 100.0)


@settings(deadline=None, max_examples=60)
@given(
    hnp.arrays(
        np.float64,
        st.integers(1, 300),
        elements=st.floats(-1e6, 1e6, allow_subnormal=False),
    )
)
def test_values_agree_with_numpy_to_the_last_bit(values):
    assert percentiles(values.copy(), Q) == np.percentile(values, Q).tolist()


@settings(deadline=None, max_examples=60)
@given(hnp.arrays(np.uint8, st.integers(1, 300)))
def test_histograms_agree_with_numpy_to_the_last_bit(values):
    counts = np.bincount(values, minlength=256)
    assert percentiles_of_counts(counts, 0, Q) == np.percentile(values, Q).tolist()


def test_histograms_may_start_anywhere():
    values = np.array([-3, -3, 0, 4])
    counts = np.bincount(values + 3)
    assert percentiles_of_counts(counts, -3, Q) == np.percentile(values, Q).tolist()


@pytest.mark.parametrize(
    "nothing", [percentiles(np.empty(0), Q), percentiles_of_counts(np.zeros(4, np.int64), 0, Q)]
)
def test_without_values_every_percentile_is_undefined(nothing):
    assert np.isnan(nothing).all()
