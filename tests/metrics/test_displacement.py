"""What a displacement explains of an error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, shift

from builders import texture
from napari_verdict.metrics.displacement import MARGIN, REACH, explained_by_displacement

SIDE = 16 + 2 * MARGIN


def around(plane, at=40):
    return plane[at : at + SIDE, at : at + SIDE]


def spot(rng):
    plane = np.zeros((SIDE, SIDE), np.float32)
    plane[SIDE // 2, SIDE // 2] = 100
    return gaussian_filter(plane, 2)


@pytest.mark.parametrize("by", [(0, 0.3), (0.7, 0), (-1, 2), (REACH, 0), (0, -REACH)])
def test_a_displacement_explains_what_a_displaced_structure_leaves(by):
    g = texture((96, 96))
    d = shift(g, by, order=3, mode="wrap") - g
    assert explained_by_displacement(around(g), around(d)) > 0.9


def test_whole_pixels_are_explained_wholly():
    g = texture((96, 96))
    d = np.roll(g, (2, -1), (0, 1)) - g
    assert explained_by_displacement(around(g), around(d)) == pytest.approx(1, abs=1e-6)


def test_it_is_seen_through_noise(rng):
    g = texture((96, 96))
    d = shift(g, (0, 0.7), order=3, mode="wrap") - g
    d += rng.normal(0, 0.7 * d.std(), d.shape).astype(np.float32)
    assert explained_by_displacement(around(g), around(d)) > 2 / 3


def test_noise_alone_is_not_explained(rng):
    g = texture((96, 96))
    d = rng.normal(size=g.shape).astype(np.float32)
    assert explained_by_displacement(around(g), around(d)) < 0.5


def test_what_was_added_to_nothing_or_erased_has_not_moved(rng):
    g = spot(rng)
    assert explained_by_displacement(g, -g) < 2 / 3
    assert explained_by_displacement(np.zeros_like(g), g) == 0


def test_a_wrong_level_has_not_moved():
    g = texture((96, 96))
    assert explained_by_displacement(around(g), np.full((SIDE, SIDE), 50, np.float32)) < 0.5


def test_without_error_or_pixels_nothing_is_explained():
    g = around(texture((96, 96)))
    assert explained_by_displacement(g, np.zeros_like(g)) == 0
    assert explained_by_displacement(g, np.full_like(g, np.nan)) == 0


@given(st.integers(0, 50), st.floats(-10, 10), st.integers(-30, 30))
def test_it_is_a_share_and_does_not_depend_on_units(seed, offset, exponent):
    rng = np.random.default_rng(seed)
    g, d = rng.normal(size=(2, SIDE, SIDE)).astype(np.float32)
    once = explained_by_displacement(g, d)
    again = explained_by_displacement(
        g * np.float32(3) + np.float32(offset), d * np.float32(2.0**exponent)
    )
    assert 0 <= once <= 1
    assert again == pytest.approx(once, abs=1e-4)


def test_what_is_not_finite_counts_as_without_error(rng):
    g = around(texture((96, 96))).copy()
    d = rng.normal(size=g.shape).astype(np.float32)
    hole, filled = d.copy(), d.copy()
    hole[12:15, 9:20], filled[12:15, 9:20] = np.nan, 0
    here, there = (explained_by_displacement(g, x) for x in (hole, filled))
    assert here == pytest.approx(there, abs=0.1)
    assert np.isnan(hole[13, 10])
