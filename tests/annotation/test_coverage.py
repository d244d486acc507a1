"""An interval of 95 % holds the true score in 95 of 100 repeats, or it is not one."""

from __future__ import annotations

import numpy as np
import pytest

from napari_verdict.metrics.estimates import ratio_estimate
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


@pytest.mark.parametrize(("unit", "holds"), [("image", True), ("tile", False)])
def test_for_images_like_these_the_unit_is_the_image(rng, unit, holds):
    """Images differ far more than tiles of one do; the true value is that of all such images."""
    hits = 0
    for _ in range(500):
        good = np.repeat(rng.beta(8, 2, 8), 6)
        s, images = rng.binomial(20, good), np.repeat(np.arange(8), 6)
        groups = images if unit == "image" else None
        low, high, _ = ratio_estimate(s, np.full(48, 20), "", groups=groups).interval()
        hits += low <= 0.8 <= high
    assert (0.90 <= hits / 500 <= 0.98) is holds
