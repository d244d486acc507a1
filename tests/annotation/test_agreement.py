"""Two people and a model: who agrees with whom, and whether a difference can be told."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from builders import compare
from napari_verdict.annotation.agreement import (
    NOT_GIVEN,
    opinions,
    plan_for_second,
    tiles_for_second,
)
from napari_verdict.annotation.counting import Counter
from napari_verdict.annotation.sampling import Grid, draw_more, draw_tiles
from napari_verdict.annotation.tiles import State, TiledImage
from napari_verdict.comparison.model import Input, Task

SIDE, PITCH = 240, 20


def cells(rng, found, jitter):
    """The same cells as one person, or a model, sees them: some are missed, all moved a little."""
    labels = np.zeros((SIDE, SIDE), np.int32)
    y, x = np.mgrid[-7:8, -7:8]
    for k, at in enumerate(np.ndindex(SIDE // PITCH, SIDE // PITCH), start=1):
        cy, cx = (
            10 + PITCH * np.array(at) + np.rint(rng.normal(0, jitter, 2)).clip(-2, 2).astype(int)
        )
        if rng.random() < found:
            labels[cy - 7 : cy + 8, cx - 7 : cx + 8][y**2 + x**2 <= 36] = k
    return labels


def three(rng, people=(0.95, 0.4), model=(0.8, 1.2)):
    first, second, found = cells(rng, *people), cells(rng, *people), cells(rng, *model)
    comparison = compare(Input("Ada", first, "yx"), found, task=Task.INSTANCES)
    plan = draw_tiles(
        Grid((TiledImage("Ada", "yx", (SIDE, SIDE)),), 40), 12, margin=(0, 12, 12), seed=2
    )
    for k in range(12):
        plan = plan.finish(k)
    return plan, comparison, Input("Bea", second, "yx")


def test_scores_are_those_of_each_pair(rng):
    plan, comparison, second = three(rng)
    found = opinions(plan, tuple(range(12)), comparison, second)["a"]
    for truth, prediction, estimated in (
        (comparison.ground_truth, second, found.people),
        (comparison.ground_truth, comparison.predictions[0], found.with_first),
        (second, comparison.predictions[0], found.with_second),
    ):
        counter = Counter(plan, compare(truth, prediction, task=Task.INSTANCES))
        counts = [counter.count(t)[prediction.name].instances for t in plan.tiles]
        tp, n = sum(c.tp for c in counts), sum(c.n_gt + c.n_pred for c in counts)
        assert estimated.first.value == pytest.approx(2 * tp / n)
    assert [(r.image, r.candidate) for r in found.rows if r.metric == "f1"] == [
        ("Ada", "Bea"),
        ("Ada", "a"),
        ("Bea", "a"),
    ]


def test_the_difference_has_the_interval_of_paired_tiles(rng):
    plan, comparison, second = three(rng)
    found = opinions(plan, tuple(range(12)), comparison, second)["a"]
    delta, interval = found.difference["f1"]
    values = [e.first.value for e in (found.with_first, found.with_second, found.people)]
    assert delta.value.value == pytest.approx((values[0] + values[1]) / 2 - values[2])
    ratios = [e.ratios["f1"] for e in (found.with_first, found.with_second, found.people)]
    each = (ratios[0].influence + ratios[1].influence) / 2 - ratios[2].influence
    half = stats.t.ppf(0.975, 11) * stats.sem(each) * math.sqrt(1 - 12 / 36)
    assert interval[:2] == pytest.approx((delta.value.value - half, delta.value.value + half))


def test_a_model_that_is_worse_than_people_is_told_from_them(rng):
    plan, comparison, second = three(rng, model=(0.5, 1.5))
    found = opinions(plan, tuple(range(12)), comparison, second)["a"]
    assert found.difference["f1"][1].high < 0
    assert found.sentence.endswith("less than they with each other.")


def test_a_model_that_is_better_than_people_is_told_too(rng):
    plan, comparison, second = three(rng, people=(0.6, 1.0), model=(1.0, 0.0))
    assert opinions(plan, tuple(range(12)), comparison, second)["a"].sentence.endswith(
        "more than they with each other."
    )


def test_one_who_is_like_the_people_is_not(rng):
    plan, comparison, second = three(rng, model=(0.95, 0.4))
    found = opinions(plan, tuple(range(12)), comparison, second)["a"]
    assert found.difference["f1"][1].low <= 0 <= found.difference["f1"][1].high
    assert found.sentence.endswith("no difference can be told.")


def test_two_tiles_have_no_interval_and_say_so(rng):
    plan, comparison, second = three(rng)
    found = opinions(plan, (0, 1), comparison, second)["a"]
    assert math.isnan(found.difference["f1"][1].low)
    assert "No interval of the difference" in found.sentence


def test_where_nobody_sees_anything_agreement_is_undefined(rng):
    plan, comparison, second = three(rng, people=(0, 0), model=(0, 0))
    found = opinions(plan, (0, 1, 2), comparison, second)["a"]
    assert found.sentence.startswith("Agreement is undefined")


def two_who_differ_on_two_cells():
    """All see the same 144 cells, but each draws one that the other does not, and marks it."""
    everything = cells(np.random.default_rng(0), 1.0, 0)
    first, second = everything.copy(), everything.copy()
    first[everything == 30] = 0
    second[everything == 100] = 0
    comparison = compare(
        Input("Ada", first, "yx"), everything, task=Task.INSTANCES, ignore=everything == 100
    )
    plan = draw_tiles(
        Grid((TiledImage("Ada", "yx", (SIDE, SIDE)),), 40), 36, margin=(0, 12, 12), seed=2
    )
    for k in range(36):
        plan = plan.finish(k)
    return plan, comparison, Input("Bea", second, "yx"), (everything == 30).astype(np.uint8)


def f1(estimated):
    return estimated.first.value


def test_what_either_marked_as_ambiguous_is_left_out_of_all_three(rng):
    plan, comparison, second, marked = two_who_differ_on_two_cells()
    both = opinions(plan, tuple(range(36)), comparison, second, ignore=marked)["a"]
    assert [f1(e) for e in (both.people, both.with_first, both.with_second)] == [1, 1, 1]
    counts = {r.metric: r.value for r in both.people.rows}
    assert (counts["n_gt"], counts["n_pred"]) == (142, 142)


def test_what_only_one_of_them_marked_is_left_out_all_the_same():
    plan, comparison, second, marked = two_who_differ_on_two_cells()
    tiles = tuple(range(36))
    first_alone = opinions(plan, tiles, comparison, second)["a"]
    assert f1(first_alone.people) == pytest.approx(2 * 142 / (142 + 143))
    second_alone = opinions(plan, tiles, replace(comparison, ignore=None), second, ignore=marked)[
        "a"
    ]
    assert f1(second_alone.people) == pytest.approx(2 * 142 / (143 + 142))
    nothing = opinions(plan, tiles, replace(comparison, ignore=None), second)["a"]
    assert f1(nothing.people) == pytest.approx(2 * 142 / (143 + 143))


def test_masks_hold_in_their_own_frame():
    plan, comparison, second, marked = two_who_differ_on_two_cells()
    twice = [np.stack([x, x]) for x in (comparison.ground_truth.data, second.data)]
    in_second = np.stack([np.zeros_like(marked), marked])
    stack = compare(
        Input("Ada", twice[0], "tyx"),
        Input("a", np.stack([comparison.predictions[0].data] * 2), "tyx"),
        task=Task.INSTANCES,
        ignore=np.stack([comparison.ignore] * 2),
    )
    plan = draw_tiles(
        Grid((TiledImage("Ada", "tyx", (2, SIDE, SIDE)),), 40), 72, margin=(0, 12, 12), seed=2
    )
    found = opinions(
        plan, tuple(range(72)), stack, Input("Bea", twice[1], "tyx"), ignore=in_second
    )["a"]
    assert f1(found.people) == pytest.approx(2 * 284 / (284 + 285))


def test_a_second_person_of_the_name_of_a_prediction_is_kept_apart(rng):
    plan, comparison, second = three(rng)
    named = Input("a", second.data, "yx")
    found = opinions(plan, tuple(range(12)), comparison, named)["a"]
    same = opinions(plan, tuple(range(12)), comparison, second)["a"]
    for part in ("people", "with_first", "with_second"):
        assert getattr(found, part).first.value == getattr(same, part).first.value
    assert found.people.first.value != found.with_first.first.value


def test_foreground_has_opinions_too(rng):
    plan, comparison, second = three(rng)
    flat = compare(comparison.ground_truth, comparison.predictions[0], task=Task.FOREGROUND)
    found = opinions(plan, tuple(range(12)), flat, second)["a"]
    assert "agree with IoU" in found.sentence


def test_the_second_person_gets_the_first_finished_tiles():
    grid = Grid((TiledImage("a", "yx", (640, 640)),), 64)
    plan = draw_tiles(grid, 60, margin=(0, 8, 8), seed=1).skip(1, "blurred")
    assert tiles_for_second(plan) == ()
    for k in range(60):
        plan = plan.finish(k) if k != 1 else plan
    assert tiles_for_second(plan) == (0, 2, 3, 4, 5, 6)
    few = draw_tiles(grid, 5, margin=(0, 8, 8), seed=1).finish(0).finish(4)
    assert tiles_for_second(few) == (0, 4)


def test_the_second_persons_plan_has_the_chances_of_the_first_and_is_drawn_on_from():
    grid = Grid((TiledImage("a", "yx", (512, 512)),), 64)
    plan = draw_tiles(grid, 8, margin=(0, 8, 8), seed=1).skip(1, "debris")
    plan = plan.finish(0).finish(2).finish(3)
    theirs = plan_for_second(plan)
    assert [t.place for t in theirs.tiles] == [t.place for t in plan.tiles[:4]]
    assert [t.state for t in theirs.tiles] == [State.OPEN, State.SKIPPED, State.OPEN, State.OPEN]
    assert theirs.tiles[1].reason == NOT_GIVEN
    assert {row["inclusion"] for row in theirs.rows()} == {4 / 64}
    more = draw_more(theirs, 4)
    assert [t.place for t in more.tiles] == [t.place for t in plan.tiles]


def test_the_second_person_learns_nothing_of_what_the_first_made_of_a_tile():
    """Neither that it is really empty, nor which are open still, nor which were chosen by hand."""
    grid = Grid((TiledImage("a", "yx", (512, 512)),), 64)
    plan = draw_tiles(grid, 2, margin=(0, 8, 8), seed=1)
    plan = plan.by_hand("a", (), (0, 1, 5, 69, 5, 69)).finish(2)
    plan = draw_more(plan, 4).finish(0, empty=True).finish(3).finish(5)
    theirs = plan_for_second(plan)
    assert [t.place for t in theirs.tiles] == [t.place for t in plan.drawn[:5]]
    assert [(t.state, t.reason) for t in theirs.tiles] == [
        (State.OPEN, ""),
        (State.SKIPPED, NOT_GIVEN),
        (State.OPEN, ""),
        (State.SKIPPED, NOT_GIVEN),
        (State.OPEN, ""),
    ]


def test_the_second_person_is_given_no_tile_chosen_by_hand():
    grid = Grid((TiledImage("a", "yx", (512, 512)),), 64)
    plan = draw_tiles(grid, 1, margin=(0, 8, 8), seed=1)
    plan = plan.by_hand("a", (), (0, 1, 5, 69, 5, 69)).finish(1)
    assert plan_for_second(plan).tiles == ()
    assert len(plan_for_second(plan.finish(0)).tiles) == 1
