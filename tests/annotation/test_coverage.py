"""An interval of 95 % holds the true score in 95 of 100 repeats, or it is not one."""

from __future__ import annotations

import pytest

from simulated import repeat, world


@pytest.fixture(scope="module")
def field():
    return world()


@pytest.mark.parametrize("n", [4, 6, 12, 24])
def test_the_interval_of_random_tiles_covers_the_true_score(field, n):
    found = repeat(field, n)
    assert 0.90 <= found.covered <= 0.98
    assert found.reported > 0.9
    assert abs(found.bias) < 0.015


@pytest.mark.parametrize("metric", ["precision", "recall", "accuracy", "pq", "iou"])
def test_so_do_those_of_the_other_scores(field, metric):
    assert 0.90 <= repeat(field, 12, metric).covered <= 0.98


@pytest.mark.parametrize("n", [12, 24])
def test_tiles_drawn_by_errors_need_their_weights(field, n):
    weighted, unweighted = (repeat(field, n, how=how) for how in ("weighted", "unweighted"))
    assert 0.90 <= weighted.covered <= 0.98
    assert unweighted.covered < 0.8
    assert unweighted.bias < -0.05 < weighted.bias


def test_intervals_over_objects_are_too_narrow(field):
    assert repeat(field, 12, "recall", how="objects").covered < 0.9
