"""Tiles are drawn so that each is as likely as it is said to be, and cover everything."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_verdict.annotation import sampling
from napari_verdict.annotation.sampling import Grid, draw_more, draw_tiles
from napari_verdict.annotation.tiles import Draw, TiledImage

PLANE = TiledImage("plane", "yx", (300, 420))
STACK = TiledImage("stack", "tzyx", (3, 4, 128, 100), "treated")
MARGIN = (0, 8, 8)


def test_the_tiles_of_a_grid_cover_every_image_once():
    grid = Grid((PLANE, STACK), 64, 2)
    seen = {
        PLANE.name: np.zeros((1, 1, 300, 420), int),
        STACK.name: np.zeros((3, 4, 128, 100), int),
    }
    for k in range(len(grid)):
        tile = grid.tile(k)
        z0, z1, y0, y1, x0, x1 = tile.box
        seen[tile.image][(*(tile.frame or (0,)), slice(z0, z1), slice(y0, y1), slice(x0, x1))] += 1
    assert all((count == 1).all() for count in seen.values())


@given(st.integers(1, 700), st.integers(1, 200))
def test_tiles_are_about_as_large_as_was_asked(length, size):
    grid = Grid((TiledImage("a", "yx", (length, 5)),), size)
    sides = {t.box[3] - t.box[2] for t in map(grid.tile, range(len(grid)))}
    assert max(sides) - min(sides) <= 1
    if length >= size:
        assert size * 2 / 3 - 1 <= min(sides) <= max(sides) <= size * 1.5 + 1


@given(st.integers(1, 300), st.integers(0, 5))
def test_an_order_holds_every_place_once(size, seed):
    order = sampling._systematic(size, np.random.default_rng(seed))
    assert sorted(order.tolist()) == list(range(size))


class Started:
    """Random numbers, but for the start."""

    def __init__(self, start, other):
        self.start, self.other = start, other

    def integers(self, *ends):
        if len(ends) == 3:  # which half comes first
            return self.other.integers(*ends)
        return self.start


@pytest.mark.parametrize("size", [1, 2, 5, 12, 16, 37])
def test_every_place_is_equally_likely_to_come_at_any_turn(size):
    """By going through all random starts there are."""
    bits = (size - 1).bit_length()

    orders = [
        sampling._systematic(size, Started(s, np.random.default_rng(8)))
        for s in range(size << bits)
    ]
    for turn in range(size):
        counts = Counter(int(order[turn]) for order in orders)
        assert set(counts.values()) == {1 << bits}
        assert len(counts) == size


@given(st.integers(0, 1000))
def test_the_first_two_four_eight_are_spread_evenly(seed):
    order = sampling._systematic(64, np.random.default_rng(seed))
    for n in (1, 2, 4, 8, 16, 32):
        starts = range(64 // n)
        assert any(len(set((order[:n] - s) % 64 // (64 // n))) == n for s in starts)


@pytest.mark.parametrize("seed", range(5))
def test_tiles_are_shared_out_over_conditions_images_times_and_planes(seed):
    """Each stratum gets its share, give or take the stretches that reach into its neighbours."""
    images = tuple(TiledImage(f"i{k}", "tzyx", (2, 2, 64, 64), "ab"[k // 2]) for k in range(4))
    plan = draw_tiles(Grid(images, 16), 64, margin=MARGIN, seed=seed)
    condition = {i.name: i.condition for i in images}
    assert plan.by == ("condition", "image", "t", "z")
    for stratum, share in (
        (lambda t: condition[t.image], 32),
        (lambda t: t.image, 16),
        (lambda t: (t.image, t.frame), 8),
        (lambda t: (t.image, t.frame, t.box[0]), 4),
    ):
        counts = Counter(map(stratum, plan.tiles))
        assert len(counts) == 64 // share
        assert all(abs(n - share) <= 1 for n in counts.values())


@pytest.mark.parametrize("seed", range(5))
def test_what_tiles_are_spread_over_first_can_be_chosen(seed):
    stack = TiledImage("stack", "tzyx", (8, 8, 32, 32))
    for by, index in (("z", lambda t: t.box[0]), ("t", lambda t: t.frame[0])):
        plan = draw_tiles(Grid((stack,), 16, by=(by,)), 16, margin=MARGIN, seed=seed)
        counts = Counter(index(t) for t in plan.tiles)
        assert plan.by[0] == by
        assert len(counts) == 8
        assert max(counts.values()) <= 3


def test_channels_are_a_stratum_of_their_own():
    stack = TiledImage("stack", "tczyx", (2, 3, 4, 32, 32))
    grid = Grid((stack,), 16, by=("c",))
    assert grid.strata == ("c", "t", "z")
    channels = [grid.tile(k).frame[1] for k in range(len(grid))]
    assert channels == sorted(channels)
    each = 2 * 4 * 4
    assert Counter(channels) == {0: each, 1: each, 2: each}


def test_what_one_image_has_several_of_is_spread_over_where_another_has_one():
    assert Grid((PLANE, STACK), 64).strata == ("condition", "image", "t", "z")


def test_stretches_of_the_list_are_compact_areas():
    """Each quarter of it is a quarter of a square, and so is each quarter of that."""
    grid = Grid((TiledImage("a", "yx", (256, 256)),), 32)
    corners = [grid.tile(k).box[2::2] for k in range(64)]
    for n in (16, 4):
        for first in range(0, 64, n):
            y, x = np.array(corners[first : first + n]).T // 32
            assert np.ptp(y) == np.ptp(x) == math.isqrt(n) - 1
    assert [c[0] for c in corners[:2]] == [0, 0]  # along x first


def test_tiles_are_counted_by_image_in_the_order_of_images():
    images = tuple(TiledImage(f"i{k}", "tyx", (3, 64, 64), "ba"[k % 2]) for k in range(4))
    grid = Grid(images, 16, by=("t",))
    numbers = [grid.tile(k).image for k in range(len(grid))]
    assert [f"i{k}" for k in grid.image_numbers] == numbers
    together = grid.by_image()
    assert sorted(k for k, _ in together) == list(range(len(grid)))
    assert all(grid.tile(k) == tile for k, tile in together)
    assert [t.image for _, t in together] == sorted(numbers)
    for name in set(numbers):
        order = [k for k, t in together if t.image == name]
        assert order == sorted(order)


def test_equal_chances_are_said_as_what_they_are():
    plan = draw_tiles(Grid((PLANE,), 100), 3, margin=MARGIN, seed=0)
    assert [t.share for t in plan.tiles] == pytest.approx([1 / 12] * 3)
    assert {t.draw for t in plan.tiles} == {Draw.RANDOM}
    assert (plan.uniform_part, plan.priority, plan.weights) == (1.0, "", ())


def test_which_half_of_a_stretch_comes_first_is_a_coin_for_each_stretch():
    """Else tiles would be a sample out of very few."""
    seen = Counter()
    for seed in range(400):
        order = sampling._systematic(16, Started(0, np.random.default_rng(seed)))
        half, quarters = int(order[0]) // 8, (order[:2] // 4 % 2).tolist()
        seen[half, *quarters] += 1
    assert len(seen) == 8
    assert min(seen.values()) > 25


def test_the_same_seed_draws_the_same_tiles_and_more_of_them_continue():
    grid = Grid((PLANE,), 64)
    for weights in (None, np.arange(len(grid))):
        one = draw_tiles(grid, 12, margin=MARGIN, seed=5, priorities=weights)
        two = draw_more(draw_tiles(grid, 4, margin=MARGIN, seed=5, priorities=weights), 8)
        other = draw_tiles(grid, 12, margin=MARGIN, seed=6, priorities=weights)
        assert one == two
        assert one.tiles != other.tiles
        assert len({t.place for t in draw_more(one, 10_000).tiles}) == len(grid)


def test_no_tile_is_drawn_that_is_in_the_plan():
    grid = Grid((PLANE,), 64)
    for weights in (None, np.arange(len(grid))):
        plan = draw_tiles(grid, 6, margin=MARGIN, seed=5, priorities=weights)
        some = replace(plan, tiles=(plan.tiles[0], *plan.tiles[3:]))
        more = draw_more(some, 3)
        assert more.tiles == (*some.tiles, *plan.tiles[1:3], draw_more(plan, 1).tiles[-1])


@pytest.mark.parametrize("weighted", [False, True])
def test_a_tile_chosen_by_hand_is_drawn_at_its_turn_all_the_same(weighted):
    """Else the worst, which people like to choose, would be in no score."""
    grid = Grid((PLANE,), 100)
    chances = {"priorities": np.arange(12) + 1} if weighted else {}
    order = draw_tiles(grid, 12, margin=MARGIN, seed=5, **chances).tiles
    plan = draw_tiles(grid, 3, margin=MARGIN, seed=5, **chances)
    plan = plan.by_hand(*order[5].place).finish(3).by_hand(*order[4].place)
    plan = plan.by_hand("plane", (), (0, 1, 0, 9, 0, 9))
    more = draw_more(plan, 20)
    assert [t.place for t in more.drawn] == [t.place for t in order]
    assert [t.share for t in more.drawn] == [t.share for t in order]
    assert [t.state for t in more.drawn] == ["open"] * 5 + ["finished"] + ["open"] * 6
    assert [t.place for t in more.tiles[:6]] == [t.place for t in plan.tiles]
    assert [(t.state, t.reason) for t in more.tiles[3:6]] == [
        ("skipped", "drawn as well"),
        ("skipped", "drawn as well"),
        ("open", ""),
    ]
    assert more.tiles[8].place == order[5].place
    assert draw_more(more, 20) == more


def test_every_chance_is_above_zero_and_as_it_is_said(rng):
    grid = Grid((TiledImage("a", "yx", (64, 64)),), 32)
    priorities = [0, 0, 0, 6]
    first = Counter()
    for seed in range(2000):
        plan = draw_tiles(grid, 1, margin=MARGIN, seed=seed, priorities=priorities)
        first[plan.tiles[0].box] += 1
        assert plan.tiles[0].draw is Draw.IMPORTANCE
        assert plan.tiles[0].share in (0.125, 0.625)
    shares = sorted(n / 2000 for n in first.values())
    assert shares == pytest.approx([0.125, 0.125, 0.125, 0.625], abs=0.04)
    assert sum(plan.weights) == pytest.approx(1)


def test_chances_are_mixed_from_equal_ones_and_priorities_of_any_size():
    grid = Grid((TiledImage("a", "yx", (64, 64)),), 32)
    for scale in (1, 1e-6, 1e6):
        wanted = scale * np.array([0, 1, 2, 5])
        plan = draw_tiles(grid, 4, margin=MARGIN, seed=1, priorities=wanted, uniform_part=0.2)
        assert plan.weights == pytest.approx([0.05, 0.15, 0.25, 0.55], rel=1e-12)
    even = draw_tiles(grid, 4, margin=MARGIN, seed=1, priorities=[0, 1, 2, 5], uniform_part=1)
    assert even.weights == pytest.approx([0.25] * 4)


def test_priorities_that_are_all_nothing_make_equal_chances():
    plan = draw_tiles(Grid((PLANE,), 100), 3, margin=MARGIN, seed=0, priorities=np.zeros(12))
    assert [t.share for t in plan.tiles] == pytest.approx([1 / 12] * 3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"priorities": [1, 2]}, "one number"),
        ({"priorities": [-1] + [1] * 11}, "at least 0"),
        ({"priorities": [np.nan] + [1] * 11}, "at least 0"),
        ({"priorities": [np.inf] + [1] * 11}, "at least 0"),
        ({"priorities": [1] * 12, "uniform_part": 0}, "biases"),
        ({"priorities": [1] * 12, "uniform_part": 1.5}, "at most 1"),
        ({"n": 0}, "one tile or more"),
    ],
)
def test_what_cannot_be_drawn_is_said(change, said):
    with pytest.raises(ValueError, match=said):
        draw_tiles(Grid((PLANE,), 100), **({"n": 3, "margin": MARGIN, "seed": 0} | change))


@pytest.mark.parametrize(
    ("images", "options"),
    [
        ((), {}),
        ((PLANE, PLANE), {}),
        ((PLANE,), {"size": 0}),
        ((PLANE,), {"depth": 0}),
        ((PLANE,), {"by": ("moon",)}),
    ],
)
def test_a_grid_of_nothing_is_refused(images, options):
    with pytest.raises(ValueError, match=r"[Tt]ile"):
        Grid(images, **({"size": 64} | options))
