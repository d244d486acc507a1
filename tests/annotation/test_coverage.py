"""An interval of 95 % holds the true score in 95 of 100 repeats, or it is not one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from napari_verdict.annotation.counting import TileCounts
from napari_verdict.annotation.sample import Sample, of_condition, used_tiles
from napari_verdict.annotation.sampling import Grid, draw_tiles
from napari_verdict.annotation.scoring import OBJECT_SCORES
from napari_verdict.annotation.tiles import TiledImage
from napari_verdict.metrics.estimates import combined, ratio_estimate
from napari_verdict.metrics.instances import InstanceCounts
from simulated import MARGIN, SIZE, TILE, repeat, world

F1 = OBJECT_SCORES["f1"]


@pytest.fixture(scope="module")
def field():
    return world()


def terms(counts):
    """Numerator and denominator of F1 of each tile."""
    return [F1.numerator(c) for c in counts], [F1.denominator(c) for c in counts]


def true_f1(counts):
    s, k = terms(list(counts))
    return sum(s) / sum(k)


def drawn(grid, n, counts, priorities=None, skip=lambda held: False, repeats=400):
    """Draw n tiles again and again, skip some by what they hold, and finish the others."""
    for seed in range(repeats):
        plan = draw_tiles(grid, n, margin=MARGIN, seed=seed, priorities=priorities)
        for k, tile in enumerate(plan.tiles):
            plan = plan.skip(k, "dense") if skip(counts[tile.place]) else plan.finish(k)
        yield plan


def f1_of(plan, counts, unit="tile"):
    used = used_tiles(plan)
    return Sample(plan, used, unit).ratio(*terms([counts[plan.tiles[k].place] for k in used]), "")


def covered(ratios, true):
    """The share of intervals that hold the truth, of those that there are."""
    ends = [r.interval()[:2] for r in ratios]
    there = [low <= true <= high for low, high in ends if not math.isnan(low)]
    assert len(there) > 0.6 * len(ends)
    return sum(there) / len(there)


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


@pytest.fixture(scope="module")
def two_conditions(field):
    """Two fields, of a condition each, as one set of images: the grid and what tiles hold."""
    images = tuple(TiledImage(c, "yx", (SIZE, SIZE), c) for c in ("control", "treated"))
    fields = zip(images, (field, world(2)), strict=True)
    counts = {(i.name, *p[1:]): held for i, f in fields for p, held in f.counts.items()}
    return Grid(images, TILE), counts


@pytest.mark.parametrize("weighted", [False, True], ids=["random", "weighted"])
def test_the_interval_of_each_condition_covers_its_score_and_that_of_all_theirs(
    two_conditions, weighted
):
    grid, counts = two_conditions
    wrong = [counts[grid.tile(k).place].instances for k in range(len(grid))]
    priorities = np.array([t.fp + t.fn for t in wrong], float) if weighted else None
    plans = list(drawn(grid, 24, counts, priorities))
    whole = covered((f1_of(p, counts) for p in plans), true_f1(counts.values()))
    assert 0.90 <= whole <= 0.985
    for condition in ("control", "treated"):
        parts = (f1_of(of_condition(p, condition)[0], counts) for p in plans)
        true = true_f1(held for place, held in counts.items() if place[0] == condition)
        assert 0.90 <= covered(parts, true) <= 0.985


@pytest.mark.parametrize("weighted", [False, True], ids=["random", "weighted"])
def test_where_tiles_are_skipped_the_interval_covers_the_score_of_the_others(field, weighted):
    """Dense ones here, in which the model does worse."""
    dense = np.median([held.instances.n_gt for held in field.counts.values()]) + 3

    def skip(held):
        return held.instances.n_gt > dense

    true = true_f1(held for held in field.counts.values() if not skip(held))
    assert true > true_f1(field.counts.values()) + 0.005
    plans = list(drawn(field.grid, 24, field.counts, field.errors if weighted else None, skip))
    ratios = [f1_of(p, field.counts) for p in plans]
    assert 0.90 <= covered(ratios, true) <= 0.985
    assert np.mean([r.value.value for r in ratios]) == pytest.approx(true, abs=0.01)


def opinions_of(field, rng):
    """F1 of two people, and of the model with each, as terms of each tile; all find it as hard."""
    found = {}
    for place, held in field.counts.items():
        n = held.instances.n_gt
        easy = rng.beta(1 + held.instances.tp, 1 + n - held.instances.tp)
        rates = (0.5 + 0.5 * easy, easy, easy)
        found[place] = [(2 * rng.binomial(n, rate), 2 * n) for rate in rates]
    return found


@pytest.mark.parametrize("n", [4, 12])
@pytest.mark.parametrize("weighted", [False, True], ids=["random", "weighted"])
def test_the_interval_of_what_sets_a_model_off_from_two_people_covers_it(field, rng, n, weighted):
    counts = opinions_of(field, rng)
    people, first, second = np.sum(list(counts.values()), axis=0)
    true = (first[0] / first[1] + second[0] / second[1]) / 2 - people[0] / people[1]
    ratios = []
    for plan in drawn(field.grid, n, field.counts, field.errors if weighted else None):
        held = np.array([counts[t.place] for t in plan.tiles], float)
        three = [Sample(plan, used_tiles(plan)).ratio(*held[:, j].T, "") for j in range(3)]
        ratios.append(combined([(-1, three[0]), (0.5, three[1]), (0.5, three[2])]))
    assert 0.90 <= covered(ratios, true) <= 0.985


@pytest.mark.parametrize("n", [3, 6, 24])
@pytest.mark.parametrize("bad", [0.02, 0.1])
def test_where_nearly_all_tiles_are_perfect_intervals_are_rather_too_wide(field, rng, n, bad):
    """Most drawings have not seen a bad tile, and their intervals must leave room for some."""
    shares = []
    for _ in range(4):
        counts = {}
        for place in field.counts:
            objects = int(rng.integers(3, 12))
            right = objects if rng.random() > bad else int(objects * rng.uniform(0.3, 0.9))
            counts[place] = TileCounts(InstanceCounts(objects, objects, right, 0.8 * right))
        ratios = [f1_of(p, counts) for p in drawn(field.grid, n, counts, repeats=100)]
        assert any(r.kind == "binomial" for r in ratios)
        shares.append(covered(ratios, true_f1(counts.values())))
    assert np.mean(shares) >= 0.93


@pytest.mark.parametrize("weighted", [False, True], ids=["random", "weighted"])
def test_so_does_the_interval_at_which_one_stops_because_it_is_narrow_enough(field, weighted):
    """As people do; looked at after every fourth tile."""
    priorities = field.errors if weighted else None
    ratios = []
    for seed in range(150):
        plan = draw_tiles(field.grid, 120, margin=MARGIN, seed=seed, priorities=priorities)
        s, k = terms([field.counts[t.place] for t in plan.tiles])
        for n in range(4, 121, 4):
            ratio = Sample(plan, tuple(range(n))).ratio(s[:n], k[:n], "")
            if ratio.more_units(0.05, 256) == 0:
                break
        ratios.append(ratio)
    assert 0.88 <= covered(ratios, field.truth["f1"]) <= 1
    assert abs(np.mean([r.value.value for r in ratios]) - field.truth["f1"]) < 0.01


def test_images_as_units_cover_what_all_such_images_would_score(rng):
    """Sixteen tiles of each of eight images, of which two or three are drawn."""
    images = tuple(TiledImage(f"i{k}", "yx", (64, 64)) for k in range(8))
    grid = Grid(images, 16)
    ratios = {"image": [], "tile": []}
    for seed in range(400):
        good = dict(zip((i.name for i in images), rng.beta(8, 2, 8), strict=True))
        plan = draw_tiles(grid, 20, margin=MARGIN, seed=seed)
        for k in range(20):
            plan = plan.finish(k)
        right = [rng.binomial(20, good[t.image]) for t in plan.tiles]
        for unit, found in ratios.items():
            found.append(Sample(plan, tuple(range(20)), unit).ratio(right, [20] * 20, ""))
    assert 0.90 <= covered(ratios["image"], 0.8) <= 0.985
    assert covered(ratios["tile"], 0.8) < 0.85
