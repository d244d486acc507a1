"""Tiles bias nothing: what they hold adds up to the whole, whole objects and all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from builders import compare
from cases import crowded
from napari_verdict.annotation.counting import (
    Counter,
    TileCounts,
    count_window,
    margin_for,
    proposed_margin,
)
from napari_verdict.annotation.sampling import Grid, draw_tiles
from napari_verdict.annotation.tiles import State, Tile, TiledImage
from napari_verdict.comparison.exclusions import Exclusions
from napari_verdict.comparison.model import Input, Settings, Task
from napari_verdict.metrics.exclusions import ignore_objects
from napari_verdict.metrics.foreground import pixel_counts
from napari_verdict.metrics.instances import instance_counts
from napari_verdict.metrics.matching import match
from napari_verdict.metrics.overlap import tabulate


def instances(truth, prediction, axes="yx", **options):
    return compare(truth, prediction, axes=axes, task=Task.INSTANCES, **options)


def all_tiles(shape, size, margin, axes="yx", depth=1):
    image = TiledImage("truth", axes, shape)
    grid = Grid((image,), size, depth)
    return draw_tiles(grid, len(grid), margin=margin, seed=1)


def boxes(shape, rng):
    """Boxes that cover each other; those found are a pixel off, the others are made up."""
    truth, moved, other = crowded(rng, shape)[0], np.zeros(shape, int), crowded(rng, shape)[0]
    moved[..., 1:] = truth[..., :-1]
    return truth, np.where(moved > 8, moved, other + 100 * (other > 0))


def total(plan, comparison):
    counter = Counter(plan, comparison)
    return sum((counter.count(t)["a"] for t in plan.tiles), TileCounts())


@pytest.mark.parametrize("threshold", [0.5, 0.75])
@pytest.mark.parametrize("size", [7, 16, 25, 80])
def test_all_tiles_together_are_the_whole(rng, size, threshold):
    truth, prediction = boxes((80, 90), rng)
    table = tabulate(truth, prediction)
    plan = all_tiles((80, 90), size, (0, 30, 30))
    found = total(plan, instances(truth, prediction, iou_threshold=threshold))
    whole = instance_counts(match(table, threshold))
    assert replace(found.instances, sum_iou=0, sum_best_iou=0) == replace(
        whole, sum_iou=0, sum_best_iou=0
    )
    assert found.instances.sum_iou == pytest.approx(whole.sum_iou)
    assert found.pixels == pixel_counts(table)
    assert found.cut == 0


def test_so_it_is_in_volumes_and_of_every_plane_by_itself(rng):
    truth, prediction = boxes((12, 30, 34), rng)
    deep = all_tiles((12, 30, 34), 15, (12, 30, 30), "zyx", depth=4)
    found = total(deep, instances(truth, prediction, "zyx"))
    assert found.instances.tp == instance_counts(match(tabulate(truth, prediction), 0.5)).tp
    flat = all_tiles((12, 30, 34), 15, (0, 30, 30), "zyx")
    found = total(flat, instances(truth, prediction, "zyx"))
    planes = [
        instance_counts(match(tabulate(t, p), 0.5)) for t, p in zip(truth, prediction, strict=True)
    ]
    assert found.instances.tp == sum(c.tp for c in planes)
    assert found.instances.n_pred == sum(c.n_pred for c in planes)


def test_labels_cut_at_tile_edges_would_bias_the_score(rng):
    """What the margin is for: without it, objects across edges fit less well and count twice."""
    y, x = np.indices((120, 120))
    truth, prediction = np.zeros((120, 120), int), np.zeros((120, 120), int)
    for k, (cy, cx) in enumerate(np.ndindex(6, 6), start=1):
        at = 10 + 20 * np.array([cy, cx])
        truth[(y - at[0]) ** 2 + (x - at[1]) ** 2 <= 64] = k
        prediction[(y - at[0] - 3) ** 2 + (x - at[1] - 1) ** 2 <= 64] = k
    whole = instance_counts(match(tabulate(truth, prediction), 0.5)).scores()["pq"].value
    comparison = instances(truth, prediction)
    guarded = total(all_tiles((120, 120), 30, (0, 20, 20)), comparison)
    assert guarded.instances.scores()["pq"].value == pytest.approx(whole, rel=1e-12)
    cut = total(all_tiles((120, 120), 30, (0, 0, 0)), comparison)
    assert abs(cut.instances.scores()["pq"].value - whole) > 0.02
    assert cut.cut > 0


def test_only_objects_that_touch_the_tile_have_to_be_labelled(rng):
    truth, prediction = discs_in_rows(rng)
    plan = all_tiles(truth.shape, 40, (0, 24, 24))
    counter = Counter(plan, instances(truth, prediction))
    for tile in plan.tiles:
        y0, y1, x0, x1 = tile.box[2:]
        touching = np.isin(truth, np.unique(truth[y0:y1, x0:x1])) * truth
        partly = Counter(plan, instances(touching, prediction))
        one, other = partly.count(tile)["a"].instances, counter.count(tile)["a"].instances
        assert replace(one, sum_best_iou=0) == replace(other, sum_best_iou=0)


def discs_in_rows(rng):
    truth, prediction = np.zeros((160, 160), int), np.zeros((160, 160), int)
    y, x = np.indices(truth.shape)
    for k, at in enumerate(np.ndindex(8, 8), start=1):
        cy, cx = 10 + 20 * np.array(at) + rng.integers(-2, 3, 2)
        r = rng.integers(5, 8)
        truth[(y - cy) ** 2 + (x - cx) ** 2 <= r**2] = k
        if rng.random() < 0.8:
            dy, dx = rng.integers(-3, 4, 2)
            prediction[(y - cy - dy) ** 2 + (x - cx - dx) ** 2 <= r**2] = k
    return truth, prediction


def test_a_stroke_changes_the_counts_of_the_tiles_it_is_seen_in(rng):
    truth, prediction = discs_in_rows(rng)
    plan = all_tiles(truth.shape, 40, (0, 16, 16))
    counter = Counter(plan, instances(truth, prediction))
    before = [counter.count(t)["a"] for t in plan.tiles]
    box = (0, 1, 40, 56, 60, 75)
    truth[40:56, 60:75] = 0
    after = [counter.count(t)["a"] for t in plan.tiles]
    done = replace(plan, tiles=tuple(replace(t, state=State.FINISHED) for t in plan.tiles))
    met = done.finished_at(plan.tiles[0].image, (), box, margin=True)
    touched = [k in met for k in range(len(plan.tiles))]
    assert before != after
    assert any(touched)
    assert not all(touched)
    changed = [a != b for a, b in zip(before, after, strict=True)]
    assert all(t for t, c in zip(touched, changed, strict=True) if c)
    anew = Counter(plan, instances(truth, prediction))
    assert after == [anew.count(t)["a"] for t in plan.tiles]


def test_finished_tiles_without_an_object_are_found():
    plan = all_tiles((3, 40, 80), 40, (0, 8, 8), "tyx").finish(1).finish(3).finish(4)
    labels = np.zeros((3, 40, 80), int)
    _, (frame,), (_, _, y0, _, x0, _) = plan.tiles[3].place
    labels[frame, y0, x0] = 7
    name = plan.images[0].name
    places = plan.finished_empty(name, "tyx", labels)
    assert places == (plan.tiles[1].place, plan.tiles[4].place)
    assert plan.finished_empty("another", "tyx", labels) == ()


def test_predictions_are_read_once_and_ground_truth_every_time(rng):
    truth, prediction = discs_in_rows(rng)

    class Counted:
        def __init__(self, data):
            self.data, self.shape, self.dtype, self.reads = data, data.shape, data.dtype, 0

        def __getitem__(self, key):
            self.reads += 1
            return self.data[key]

    watched = Counted(prediction)
    comparison = instances(truth, Input("a", watched, "yx"))
    plan = all_tiles(truth.shape, 80, (0, 16, 16))
    counter = Counter(plan, comparison)
    first = counter.count(plan.tiles[0])
    reads = watched.reads
    assert counter.count(plan.tiles[0]) == first
    assert watched.reads == reads


def test_what_predictions_were_is_compared_with_what_they_are(rng):
    truth, prediction = discs_in_rows(rng)
    plan = all_tiles(truth.shape, 80, (0, 16, 16))
    counter = Counter(plan, instances(truth, prediction))
    assert not list(counter.differences())
    for tile in plan.tiles:
        counter.count(tile)
    assert list(counter.differences()) == [False] * len(plan.tiles)
    _, _, y0, y1, x0, x1 = plan.tiles[-1].box
    prediction[(y0 + y1) // 2, (x0 + x1) // 2] += 1
    assert list(counter.differences()) == [False] * (len(plan.tiles) - 1) + [True]


def test_one_prediction_of_several_that_has_changed_is_enough(rng):
    truth, prediction = discs_in_rows(rng)
    inputs = (Input("same", prediction.copy(), "yx"), Input("other", prediction, "yx"))
    plan = all_tiles(truth.shape, 160, (0, 0, 0))
    comparison = replace(instances(truth, prediction), predictions=inputs)
    counter = Counter(plan, comparison)
    assert set(counter.count(plan.tiles[0])) == {"same", "other"}
    prediction[80, 80] += 1
    assert list(counter.differences()) == [True]


def test_ambiguous_objects_are_ignored_and_their_pixels_left_out(rng):
    truth, prediction = discs_in_rows(rng)
    ignore = np.zeros(truth.shape, bool)
    ignore[:50, :70] = True
    found = total(
        all_tiles(truth.shape, 40, (0, 24, 24)), instances(truth, prediction, ignore=ignore)
    )
    matching = ignore_objects(
        match(tabulate(truth, prediction, ignore), 0.5),
        hidden=tabulate(truth, prediction, ~ignore),
    )
    whole = instance_counts(matching)
    assert found.instances.tp == whole.tp
    assert (found.instances.fp, found.instances.fn) == (whole.fp, whole.fn)
    assert found.pixels == pixel_counts(tabulate(truth, prediction, ignore))


def test_the_border_of_the_image_is_one_and_that_of_a_tile_is_none(rng):
    truth, prediction = discs_in_rows(rng)
    how = Exclusions(border="ignore")
    found = total(
        all_tiles(truth.shape, 40, (0, 24, 24)), instances(truth, prediction, exclusions=how)
    )
    whole = instance_counts(
        ignore_objects(match(tabulate(truth, prediction), 0.5), edges=(1, *truth.shape))
    )
    assert replace(found.instances, sum_iou=0, sum_best_iou=0) == replace(
        whole, sum_iou=0, sum_best_iou=0
    )


def test_objects_too_large_for_the_margin_are_counted_as_cut():
    labels = np.zeros((1, 40, 60), int)
    labels[0, 10:30, 5:55] = 1
    found = count_window(
        labels[:, :, 10:50],
        labels[:, :, 10:50],
        (0, 1, 0, 40, 10, 50),
        (0, 1, 0, 40, 20, 40),
        (1, 40, 60),
        Settings(),
    )
    assert found.cut == 2
    assert found.instances.tp == 1


def test_objects_of_one_plane_are_not_cut_by_its_neighbours():
    labels = np.zeros((1, 40, 40), int)
    labels[0, 10:30, 10:30] = 1
    box = (3, 4, 0, 40, 0, 40)
    assert count_window(labels, labels, box, box, (9, 40, 40), Settings()).cut == 0
    thick, box = np.repeat(labels, 2, axis=0), (3, 5, 0, 40, 0, 40)
    assert count_window(thick, thick, box, box, (9, 40, 40), Settings()).cut == 2


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("end", ["first", "last"])
def test_an_object_is_cut_where_the_image_goes_on_beyond_the_window(axis, end):
    """At each end of each axis, and not where the window ends with the image."""
    shape, window = [12, 12, 12], [1, 10] * 3
    here = [slice(3, 6)] * 3
    here[axis] = slice(0, 3) if end == "first" else slice(6, 9)
    labels = np.zeros((9, 9, 9), int)
    labels[tuple(here)] = 1

    def cut():
        return count_window(
            labels, 0 * labels, tuple(window), (1, 10) * 3, tuple(shape), Settings()
        ).cut

    assert cut() == 1
    if end == "first":  # the same window at the border of the image
        window[2 * axis : 2 * axis + 2] = 0, 9
    else:
        shape[axis] = 10
    tile = tuple(window)
    found = count_window(labels, 0 * labels, tile, tile, tuple(shape), Settings())
    assert (found.instances.n_gt, found.cut) == (1, 0)


def test_a_centroid_between_pixels_is_in_the_next():
    """So that it is in one tile exactly: one of two rows 4 and 5 has its centroid in row 5."""
    labels = np.zeros((1, 10, 10), int)
    labels[0, 4:6, 2:5] = 1
    above, below = (0, 1, 0, 5, 0, 10), (0, 1, 5, 10, 0, 10)
    whole = (0, 1, 0, 10, 0, 10)
    held = [
        count_window(labels, labels, whole, tile, (1, 10, 10), Settings()).instances.tp
        for tile in (above, below)
    ]
    assert held == [0, 1]
    labels[0, 4, 5] = 1  # 4.43 by its pixels
    assert count_window(labels, labels, whole, above, (1, 10, 10), Settings()).instances.tp == 1


def test_small_objects_are_left_out_as_the_settings_say():
    labels = np.zeros((1, 20, 20), int)
    labels[0, 2:5, 2:5], labels[0, 10:16, 10:16] = 1, 2
    box = (0, 1, 0, 20, 0, 20)
    how = Settings(exclusions=Exclusions(min_size=10))
    found = count_window(labels, labels, box, box, (1, 20, 20), how).instances
    assert (found.tp, found.fp, found.fn) == (1, 0, 0)
    assert count_window(labels, labels, box, box, (1, 20, 20), Settings()).instances.tp == 2


def test_an_object_is_ignored_by_the_part_of_it_that_is_ambiguous_wherever_a_window_begins():
    """From more than a quarter on."""
    labels = np.zeros((4, 40, 40), int)
    labels[2:4, 20:30, 20:30] = 1
    ignore = np.zeros(labels.shape, bool)
    ignore[2:4, 20:24, 20:30] = True
    window, shape = (2, 4, 10, 40, 15, 40), (4, 40, 40)
    part = (slice(2, 4), slice(10, 40), slice(15, 40))
    nothing = 0 * labels[part]
    found = count_window(
        labels[part], nothing, window, window, shape, Settings(), ignore[part]
    ).instances
    assert (found.fn, found.n_gt) == (0, 0)
    ignore[2:4, 22:24] = False
    found = count_window(
        labels[part], nothing, window, window, shape, Settings(), ignore[part]
    ).instances
    assert found.fn == 1


def test_inputs_are_not_changed(rng):
    truth, prediction = discs_in_rows(rng)
    truth.flags.writeable = prediction.flags.writeable = False
    total(all_tiles(truth.shape, 40, (0, 24, 24)), instances(truth, prediction))


def test_the_margin_fits_nearly_all_objects():
    labels = np.zeros((9, 90, 90), int)
    for k in range(8):
        labels[k : k + 2, 10 * k : 10 * k + 4, : 10 + 4 * k] = k + 1
    objects = tabulate(labels, labels).gt_objects
    assert margin_for(objects) == (0, 29, 29)
    assert margin_for(objects, depth=3) == (2, 29, 29)
    nothing = tabulate(np.zeros((4, 4), int), np.zeros((4, 4), int)).gt_objects
    assert margin_for(nothing) == (0, 8, 8)


def test_a_tile_is_a_place():
    assert Tile("a", (1,), (0, 1, 0, 4, 0, 4)).place == ("a", (1,), (0, 1, 0, 4, 0, 4))


def test_a_margin_is_proposed_from_a_prediction():
    labels = np.zeros((5, 60, 60), np.uint16)
    labels[2, 10:50, 10:20] = 3
    assert proposed_margin(Input("a", labels, "zyx")) == (0, 30, 30)
    assert proposed_margin(Input("a", labels, "zyx"), depth=2) == (1, 30, 30)
    assert proposed_margin(Input("a", labels, "tyx")) == (0, 30, 30)


def test_a_margin_rests_on_what_the_middle_shows():
    """One plane of it, or 64 for tiles of several; of wide objects as of tall ones."""
    labels = np.zeros((101, 80, 80), np.uint16)
    labels[50, 10:60, 10:20] = 1  # the middle plane
    labels[49, 10:70, 10:20] = 2
    assert proposed_margin(Input("a", labels, "zyx")) == (0, 38, 38)
    assert proposed_margin(Input("a", np.swapaxes(labels, 1, 2), "zyx")) == (0, 38, 38)
    assert proposed_margin(Input("a", labels, "tyx")) == (0, 38, 38)
    deep = np.zeros((101, 80, 80), np.uint16)
    deep[:, 10:20, 10:20] = 1
    assert proposed_margin(Input("a", deep, "zyx"), depth=2) == (48, 8, 8)
    assert proposed_margin(Input("a", deep[:5], "zyx"), depth=2) == (4, 8, 8)


def test_all_tiles_of_a_real_image_give_its_published_counts(read_shared):
    truth = read_shared("dsb2018/gt_labels.ome.tif")
    prediction = read_shared("dsb2018/prediction_unet_watershed.ome.tif")
    margin = proposed_margin(Input("a", prediction, "yx"))
    found = total(all_tiles(truth.shape, 128, margin), instances(truth, prediction))
    assert (found.instances.tp, found.instances.fp, found.instances.fn) == (97, 23, 28)
    assert found.pixels == pixel_counts(tabulate(truth, prediction))
    assert found.cut == 0
