"""Finished tiles become scores with intervals, and say what they rest on."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from napari_verdict.annotation.counting import TileCounts
from napari_verdict.annotation.sample import Sample, of_condition, used_tiles
from napari_verdict.annotation.sampling import Grid, draw_more, draw_tiles
from napari_verdict.annotation.scoring import estimate
from napari_verdict.annotation.tiles import TiledImage
from napari_verdict.comparison.model import Settings, Task
from napari_verdict.comparison.scores import SCORE_COLUMNS
from napari_verdict.metrics.estimates import lure_estimate, lure_weights, ratio_estimate
from napari_verdict.metrics.foreground import PixelCounts
from napari_verdict.metrics.instances import InstanceCounts

IMAGE = TiledImage("image", "yx", (256, 256))


def plan(n=6, size=32, images=(IMAGE,), finished=True, **options):
    one = draw_tiles(Grid(images, size), n, margin=(0, 8, 8), seed=4, **options)
    for k in range(n if finished else 0):
        one = one.finish(k)
    return one


def held(n_gt, n_pred, tp, pixels=(30, 5, 4)):
    return {"a": TileCounts(InstanceCounts(n_gt, n_pred, tp, 0.8 * tp), PixelCounts(*pixels))}


HELD = [held(10, 11, 9), held(4, 4, 2), held(7, 6, 6), held(0, 1, 0), held(12, 9, 8), held(5, 5, 5)]


def of(one, counts=HELD, **options):
    return estimate(one, dict(enumerate(counts)), Settings(), **options)["a"]


def row(found, metric, threshold=0.5):
    return next(r for r in found.rows if (r.metric, r.threshold) == (metric, threshold))


def test_values_are_those_of_the_pooled_counts():
    found = of(plan())
    pooled = sum((h["a"] for h in HELD), TileCounts())
    for metric in ("f1", "precision", "recall", "accuracy", "sq", "pq"):
        expected = pooled.instances.scores()[metric].value
        assert row(found, metric).value == pytest.approx(expected, rel=1e-12)
    for metric, value in pooled.pixels.scores().items():
        assert row(found, metric, None).value == pytest.approx(value.value, rel=1e-12)
    assert {m: row(found, m).value for m in ("tp", "fp", "fn")} == {"tp": 30, "fp": 6, "fn": 8}
    assert row(found, "n_gt", None).value == 38


def test_every_row_is_a_score_like_any_other():
    for score in of(plan()).rows:
        assert tuple(score.as_row()) == SCORE_COLUMNS
        assert score.image == "image"
        assert score.n == 6
        assert "sampling=6 of 64 tiles, evenly at random over area" in score.convention


def test_intervals_are_those_of_the_ratio_over_tiles():
    s, k = zip(
        *((2 * t.tp, t.n_gt + t.n_pred) for t in (h["a"].instances for h in HELD)), strict=True
    )
    expected = ratio_estimate(s, k, "", population=64).interval()
    score = row(of(plan()), "f1")
    assert (score.ci_low, score.ci_high) == expected[:2]
    assert "ci=95 % t over tiles, logit" in score.convention


def test_two_tiles_have_a_score_and_no_interval_and_say_why():
    found = of(plan(2), HELD[:2])
    assert found.first.value == pytest.approx(22 / 29)
    assert found.first.ci_low is found.first.ci_high is found.more is None
    assert "no interval yet" in found.sentence
    assert "ci=none, only 2 with anything to count, too few" in found.first.convention


def test_nothing_found_anywhere_is_undefined_with_the_reason():
    found = of(plan(3), [held(0, 0, 0, (0, 0, 0))] * 3)
    assert math.isnan(found.first.value)
    assert found.first.reason
    assert "undefined" in found.sentence


def test_unequal_chances_are_weighted_for():
    one = plan(priorities=np.arange(64), priority="density")
    share = np.array([t.share for t in one.tiles])
    s, k = zip(*((t.tp, t.n_pred) for t in (h["a"].instances for h in HELD)), strict=True)
    expected = lure_estimate(s, k, "", share, 64)
    score = row(of(one), "precision")
    assert score.value == expected.value.value
    assert score.ci_low == expected.interval().low
    assert score.value != pytest.approx(30 / 36)
    assert "drawn by density with 50 % equal chances, weighted by LURE" in score.convention


def test_tiles_chosen_by_hand_are_in_no_estimate():
    one = plan(finished=False).by_hand("image", (), (0, 1, 0, 50, 0, 50))
    with_hand = one.finish(0).finish(1).finish(2).finish(6)
    assert used_tiles(with_hand) == (0, 1, 2)
    three = of(one.finish(0).finish(1).finish(2), HELD[:3])
    four = estimate(with_hand, {0: HELD[0], 1: HELD[1], 2: HELD[2], 6: HELD[4]}, Settings())["a"]
    assert [r.as_row() for r in four.rows] == [r.as_row() for r in three.rows]


def test_tiles_chosen_by_hand_alone_are_scored_as_what_they_are():
    one = plan(finished=False)
    for k in range(4):
        one = one.by_hand("image", (), (0, 1, 0, 50, k, 50 + k)).finish(6 + k)
    found = estimate(one, {6 + k: HELD[k] for k in range(4)}, Settings())["a"]
    assert found.first.ci_low is None
    assert found.more is None
    assert "not an unbiased estimate" in found.first.convention
    assert "chosen by hand" in found.sentence


def test_tiles_that_were_jumped_over_are_open_and_not_skipped():
    one = plan(finished=False).finish(0).finish(2)
    sample = Sample(one, used_tiles(one))
    assert "skipped" not in sample.convention
    assert "left open=1" in sample.convention


def test_skipped_tiles_are_said_and_leave_the_population():
    one = plan(finished=False).skip(1, "out of focus")
    for k in (0, 2, 3):
        one = one.finish(k)
    sample = Sample(one, used_tiles(one))
    assert "skipped=1" in sample.convention
    assert sample.ratio([1, 2, 3], [2, 4, 4], "").left == pytest.approx(1 - 3 / 63)


def test_tiles_left_open_are_still_part_of_what_the_score_is_of():
    """Nobody knows what is in them, so the interval is not the value itself."""
    for chances in ({}, {"priorities": np.arange(4) + 1.0}):
        one = plan(4, 128, finished=False, **chances).finish(0).finish(2).finish(3)
        left_open = Sample(one, used_tiles(one)).ratio([1, 2, 3], [2, 4, 4], "")
        assert left_open.left == pytest.approx(1 / 4)
        skipped = Sample(one.skip(1, "blurred"), used_tiles(one)).ratio([1, 2, 3], [2, 4, 4], "")
        assert skipped.left == 0


@pytest.mark.parametrize("k", [1, 3])
def test_skipped_tiles_take_their_chances_with_them(k):
    """The others are drawn as if there had never been such a tile, before or after them."""
    one = plan(4, finished=False, priorities=np.arange(64) + 1.0).skip(k, "blurred")
    for other in {0, 1, 2, 3} - {k}:
        one = one.finish(other)
    used = used_tiles(one)
    share = np.array([one.tiles[i].share for i in used]) / (1 - one.tiles[k].share)
    found = Sample(one, used).ratio([1, 2, 3], [2, 4, 4], "")
    expected = lure_estimate([1, 2, 3], [2, 4, 4], "", share, 63)
    assert found.value.value == pytest.approx(expected.value.value, rel=1e-12)
    assert found.error == pytest.approx(expected.error, rel=1e-12)
    assert "skipped=1" in Sample(one, used).convention
    assert "left open" not in Sample(one, used).convention


def test_tiles_that_are_open_yet_are_in_no_convention():
    one = plan(finished=False).finish(0).finish(1)
    assert "left open" not in Sample(one, used_tiles(one)).convention
    assert "left open" not in Sample(one, ()).convention
    both = one.skip(2, "blurred").finish(5)
    said = Sample(both, used_tiles(both)).convention
    assert "skipped=1; left open=2; unit=tile; margin=0x8x8 px" in said


def test_tiles_by_hand_say_nothing_of_those_that_were_drawn():
    one = plan(finished=False, priorities=np.arange(64) + 1.0).skip(0, "blurred")
    for k in range(3):
        one = one.by_hand("image", (), (0, 1, 0, 50, k, 50 + k)).finish(6 + k)
    for unit in ("tile", "image"):
        sample = Sample(one, used_tiles(one), unit)
        assert sample.by_hand
        found = sample.ratio([1, 2, 3], [2, 4, 4], "")
        assert found.value.value == pytest.approx(6 / 10)  # not weighted
        assert found.left == 1
        assert "skipped" not in sample.convention
    tiles = estimate(one, {6 + k: HELD[k] for k in range(3)}, Settings())["a"]
    assert {r.aggregation for r in tiles.rows} == {"tiles chosen by hand", "sum over tiles"}
    assert tiles.why == "chosen by hand"


def test_images_as_units_are_weighted_for_unequal_chances():
    images = tuple(TiledImage(f"i{k}", "yx", (64, 64)) for k in range(4))
    one = plan(8, images=images, priorities=np.arange(16) + 1.0, finished=False)
    one = one.skip(2, "blurred")
    used = [0, 1, 3, 4, 5, 6, 7]
    for k in used:
        one = one.finish(k)
    found = Sample(one, used_tiles(one), "image").ratio(range(1, 8), [9] * 7, "")
    share = np.array([one.tiles[k].share for k in used])
    gone = one.tiles[2].share
    v = lure_weights(share, 16, skipped=(1, gone))
    by = [one.tiles[k].image for k in used]
    expected = ratio_estimate(range(1, 8), [9] * 7, "", weights=v, groups=by)
    assert found.value.value == expected.value.value != pytest.approx(28 / 63)
    assert found.error == expected.error
    assert found.n == len(set(by))


def test_an_image_can_be_the_unit():
    images = tuple(TiledImage(f"i{k}", "yx", (64, 64)) for k in range(4))
    one = plan(8, images=images)
    counts = HELD + HELD[:2]
    found = of(one, counts, unit="image")
    by = [t.image for t in one.tiles]
    s, k = zip(*((t.tp, t.n_gt) for t in (h["a"].instances for h in counts)), strict=True)
    assert row(found, "recall").ci_low == ratio_estimate(s, k, "", groups=by).interval().low
    assert "unit=image" in found.first.convention
    assert found.first.image == "4 images"
    assert found.more == found.ratios["f1"].more_units(0.05)
    assert f"about {found.more} more images for" in found.sentence
    with pytest.raises(ValueError, match="'tile' or 'image'"):
        of(one, counts, unit="object")


def test_foreground_alone_has_no_scores_of_objects():
    found = of(plan(), task=Task.FOREGROUND)
    assert {r.metric for r in found.rows} == {"iou", "dice", "precision", "recall"}
    assert found.first.metric == "iou"
    assert found.sentence.startswith("IoU 0.77")


def test_the_interval_narrows_as_tiles_are_finished_and_the_sentence_says_it():
    found = [of(plan(n), HELD[:n]) for n in (3, 5, 6)]
    widths = [f.first.ci_high - f.first.ci_low for f in found]
    assert widths == sorted(widths, reverse=True)
    assert found[-1].more
    assert f"about {found[-1].more} more tiles for ± 0.05" in found[-1].sentence
    everything = plan(4, 128)
    done = of(everything, HELD[:4])
    assert done.first.ci_low == done.first.ci_high == done.first.value
    assert done.sentence.endswith("± 0.05 is reached")


def test_candidates_are_estimated_each_by_itself():
    counts = {k: h | {"b": TileCounts(InstanceCounts(8, 8, 1))} for k, h in enumerate(HELD)}
    found = estimate(plan(), counts, Settings())
    assert set(found) == {"a", "b"}
    assert found["b"].first.value == pytest.approx(1 / 8)
    assert {r.candidate for r in found["b"].rows} == {"b"}


def test_nothing_finished_has_no_scores():
    assert estimate(plan(finished=False), {}, Settings()) == {}


TWO = (
    TiledImage("a", "yx", (256, 256), "control"),
    TiledImage("b", "yx", (128, 256), "treated"),
)


def of_part(one, numbers, condition, metric="f1"):
    """The interval of one condition, from its own tiles alone."""
    s, k = zip(
        *((2 * t.tp, t.n_gt + t.n_pred) for t in (HELD[i]["a"].instances for i in numbers)),
        strict=True,
    )
    population = {"control": 64, "treated": 32}[condition]
    if not one.weights:
        return ratio_estimate(s, k, "", population=population)
    names = {i.name for i in TWO if i.condition == condition}
    grid = Grid(TWO, one.size, one.depth, one.by)
    total = sum(w for n, w in enumerate(one.weights) if grid.tile(n).image in names)
    share = np.array([one.tiles[i].share for i in numbers]) / total
    return lure_estimate(s, k, "", share, population)


@pytest.mark.parametrize("weighted", [False, True])
def test_each_condition_is_estimated_from_its_own_tiles_and_population(weighted):
    grid = Grid(TWO, 32)
    chances = {"priorities": 1 + np.arange(len(grid)) % 7} if weighted else {}
    one = plan(images=TWO, **chances)
    found = of(one)
    assert list(found.conditions) == ["control", "treated"]
    for image in TWO:
        numbers = [k for k, t in enumerate(one.tiles) if t.image == image.name]
        expected = of_part(one, numbers, image.condition)
        score = found.conditions[image.condition].first
        assert score.value == pytest.approx(expected.value.value, rel=1e-12)
        assert score.n == len(numbers)
        assert score.image == f"{image.condition}: {image.name}"
        if score.ci_low is not None:
            assert (score.ci_low, score.ci_high) == pytest.approx(expected.interval()[:2])
    assert len(found.all_rows) == 3 * len(found.rows)


def test_the_part_of_a_condition_is_a_plan_of_its_own():
    one = plan(images=TWO, priorities=1 + np.arange(96.0))
    part, numbers = of_condition(one, "treated")
    assert [i.name for i in part.images] == ["b"]
    assert part.population == len(part.weights) == 32
    assert math.fsum(part.weights) == pytest.approx(1)
    assert [t.place for t in part.tiles] == [one.tiles[k].place for k in numbers]
    grid = Grid(TWO, one.size, one.depth, one.by)
    there = {grid.tile(n).place: w for n, w in enumerate(one.weights)}
    total = sum(w for (name, *_), w in there.items() if name == "b")
    for tile in part.tiles:
        assert tile.share == pytest.approx(there[tile.place] / total, rel=1e-12)
        assert any(w == pytest.approx(tile.share, rel=1e-12) for w in part.weights)
    even, _ = of_condition(plan(images=TWO), "treated")
    assert even.weights == ()
    assert [t.share for t in even.tiles] == pytest.approx([1 / 32] * len(even.tiles))


def test_tiles_that_are_not_counted_yet_are_in_no_score():
    one = plan(images=TWO)
    some = {k: h for k, h in enumerate(HELD) if k not in (1, 4)}
    found = estimate(one, some, Settings())["a"]
    fewer = estimate(one.reopen(1).reopen(4), some, Settings())["a"]
    assert found.first.n == 4
    assert [r.value for r in found.rows] == [r.value for r in fewer.rows]
    assert sum(e.first.n for e in found.conditions.values()) == 4


def test_rows_say_what_was_matched_and_how():
    said = of(plan()).first.convention
    assert said.startswith("match=iou>=0.5; ")
    assert "objects=2D" in said
    exclusive = estimate(plan(), dict(enumerate(HELD)), Settings(iou_inclusive=False))["a"]
    assert "match=iou>0.5" in exclusive.first.convention
    stack = TiledImage("image", "zyx", (4, 256, 256))
    deep = draw_tiles(Grid((stack,), 32, 2), 3, margin=(2, 8, 8), seed=4)
    found = estimate(deep.finish(0), {0: HELD[0]}, Settings())["a"]
    assert "objects=3D" in found.first.convention
    kinds = {r.aggregation for r in found.rows if r.metric in ("n_gt", "tp")}
    assert kinds == {"sum over tiles"}
    assert found.first.aggregation == "estimated from tiles"


def test_each_interval_says_how_it_was_made():
    perfect = [held(5, 5, 5)] * 3
    assert "ci=95 % exact binomial over tiles;" in of(plan(3), perfect).first.convention
    failed = [held(5, 5, 0)] * 3
    assert "ci=95 % exact binomial over tiles;" in of(plan(3), failed).first.convention
    done = of(plan(4, 128), HELD[:4]).first
    assert "ci=the value itself, every tile is finished;" in done.convention
    assert "ci=90 % t over tiles, logit;" in of(plan(), level=0.9).first.convention


def test_the_sentence_says_from_how_many_tiles_and_how_sure():
    found = of(plan())
    low, high = found.first.ci_low, found.first.ci_high
    assert found.sentence.startswith(f"F1 0.81 (95 % {low:.2f} to {high:.2f}) from 6 tiles; about")
    assert of(plan(1), HELD[:1]).sentence.startswith("F1 0.86 from 1 tile, no interval yet: only 1")
    assert found.why is None


def test_where_no_tile_is_left_nothing_is_promised():
    one = plan(4, 128, finished=False).finish(0).finish(1).finish(2).skip(3, "blurred")
    assert of(one, HELD[:3]).sentence.endswith("± 0.05 is reached")
    by_open = plan(4, 128, finished=False).finish(0).finish(2).finish(3)
    counts = {k: HELD[k] for k in (0, 2, 3)}
    assert "about 1 more tile for" in estimate(by_open, counts, Settings())["a"].sentence


def test_objects_cut_by_the_end_of_a_margin_are_counted_over_all_tiles():
    counts = [{"a": replace(h["a"], cut=k)} for k, h in enumerate(HELD)]
    assert of(plan(), counts).cut == 15


def test_images_of_one_condition_have_no_scores_by_condition():
    assert not of(plan()).conditions


def test_more_tiles_are_never_more_than_there_are_without_those_skipped():
    one = draw_more(plan(6, 64), 10)  # all 16
    for k in range(6, 12):
        one = one.skip(k, "out of focus")
    spread = [held(10, 10, t) for t in (0, 10, 1, 9, 2, 8)]
    assert of(one, spread).more == 16 - 6 - 6
