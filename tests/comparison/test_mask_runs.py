"""A mask comes out of its runs again."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_verdict.comparison.mask_runs import mask_of, runs_of

VALUES = st.lists(st.lists(st.integers(0, 2), max_size=12), max_size=5)


def test_runs_begin_outside():
    assert runs_of([np.array([[0, 0, 1], [1, 0, 1]])]) == (2, 2, 1, 1)
    assert runs_of([np.array([1, 1, 0])]) == (0, 2, 1)


@given(VALUES)
def test_a_mask_comes_out_again_in_whatever_pieces_it_is_read(pieces):
    arrays = [np.array(p, np.uint8) for p in pieces]
    whole = np.concatenate([np.empty(0, np.uint8), *arrays])
    assert runs_of(arrays) == runs_of([whole])
    assert np.array_equal(mask_of(runs_of(arrays), whole.shape), whole != 0)
    assert np.array_equal(mask_of(runs_of(arrays, 2), whole.shape), whole == 2)
