"""Pairs that are certain to be in a best assignment, against trying every assignment."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_verdict.metrics.assignment import best_assignment
from napari_verdict.metrics.certain import ROUNDS, certain_pairs


def sparse(rng, n, m):
    """Some pairs of n rows and m columns with gains; many are equal."""
    rows, columns = np.nonzero(rng.random((n, m)) < rng.uniform(0.2, 0.9))
    gains = rng.integers(1, 5, len(rows)) / 4 + rng.choice([0, 0, 0.1], len(rows))
    return rows, columns, gains


def best_by_brute_force(rows, columns, gains, n, m):
    worth = np.zeros((max(n, m), max(n, m)))
    worth[rows, columns] = gains
    every = permutations(range(len(worth)))
    return max(sum(worth[i, j] for i, j in enumerate(order)) for order in every)


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 5))
def test_with_the_best_of_what_is_left_they_are_a_best_assignment(seed, n, m):
    rows, columns, gains = sparse(np.random.default_rng(seed), n, m)
    certain, left = certain_pairs(rows, columns, gains, n, m)
    rest = left[best_assignment(rows[left], columns[left], gains[left])]
    both = np.r_[certain, rest]
    assert len(set(rows[both])) == len(set(columns[both])) == len(both)
    best = best_by_brute_force(rows, columns, gains, n, m)
    assert gains[both].sum() == pytest.approx(best, abs=1e-12)


def test_a_pair_with_poor_rivals_is_certain_and_one_with_good_ones_is_not():
    rows, columns = np.array([0, 0, 1]), np.array([0, 1, 0])
    certain, left = certain_pairs(rows, columns, np.array([5.0, 2.0, 2.0]), 2, 2)
    assert (certain.tolist(), left.tolist()) == ([0], [])
    certain, left = certain_pairs(rows, columns, np.array([3.0, 2.0, 2.0]), 2, 2)
    assert (certain.tolist(), left.tolist()) == ([], [0, 1, 2])


def test_a_long_chain_is_left_to_the_solver():
    # each pair is certain only after the one before is taken
    k = np.arange(8 * ROUNDS)
    rows, columns, gains = (k + 1) // 2, k // 2, 1 + 1.0 / (k + 1)
    n = int(rows.max()) + 1
    certain, left = certain_pairs(rows, columns, gains, n, n)
    both = np.r_[certain, left[best_assignment(rows[left], columns[left], gains[left])]]
    assert len(certain)
    assert len(left)
    whole = best_assignment(rows, columns, gains)
    assert gains[both].sum() == pytest.approx(gains[whole].sum(), rel=1e-12)


def test_no_pairs():
    none = np.empty(0, np.intp)
    certain, left = certain_pairs(none, none, np.empty(0), 0, 3)
    assert len(certain) == len(left) == 0
