"""Regions: where they are, and that what they hold adds up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dask import array
from hypothesis import given
from hypothesis import strategies as st

from cases import compare, crowded
from napari_verdict import compare_images, compare_labels
from napari_verdict.comparison.exclusions import Exclusions
from napari_verdict.comparison.objects.labels import run_labels
from napari_verdict.comparison.regions import (
    MOST_REGIONS,
    Region,
    rectangle,
    regions_from,
    regions_of_labels,
)
from napari_verdict.comparison.restoration.images import run_images
from napari_verdict.comparison.run import complete
from napari_verdict.engine.cancel import Cancelled, CancelToken
from napari_verdict.engine.sources import Source
from restored import images_comparison

SHAPE = (20, 30)
EVERYWHERE = slice(0, 1), slice(0, 20)


def mask(region, source=None):
    return region.read(source or Source(np.zeros(SHAPE), "yx"), (), *EVERYWHERE)[0]


def test_a_rectangle_is_its_rows_and_columns():
    expected = np.zeros(SHAPE, bool)
    expected[3:7, 5:20] = True
    assert np.array_equal(mask(rectangle("r", 3, 5, 7, 20)), expected)


def test_a_polygon_agrees_with_a_reference():
    from skimage.draw import polygon2mask

    corners = np.array([(2.3, 4.1), (17.2, 8.7), (11.6, 26.4), (6.2, 14.9)])
    assert np.array_equal(mask(Region("p", (corners,))), polygon2mask(SHAPE, corners))


@given(st.integers(0, 2**32 - 1))
def test_polygons_that_share_edges_share_no_pixel(seed):
    rng = np.random.default_rng(seed)
    middle = rng.integers(2, 18), rng.integers(2, 28)
    ring = [(-1, -1), (-1, 31), (21, 31), (21, -1)]
    fan = [
        mask(Region("t", (np.array([middle, ring[k], ring[(k + 1) % 4]], float),)))
        for k in range(4)
    ]
    assert np.array_equal(np.sum(fan, axis=0), np.ones(SHAPE, int))


@given(st.integers(0, 2**32 - 1), st.integers(1, 20))
def test_points_and_pixels_agree_whatever_the_blocks(seed, rows):
    rng = np.random.default_rng(seed)
    region = Region("p", (rng.random((5, 2)) * SHAPE, rng.integers(0, 20, (4, 2)).astype(float)))
    source = Source(np.zeros(SHAPE), "yx")
    bands = [
        region.read(source, (), slice(0, 1), slice(y, min(20, y + rows)))[0]
        for y in range(0, 20, rows)
    ]
    whole = np.concatenate(bands)
    assert np.array_equal(whole, mask(region))
    pixels = np.argwhere(np.ones((1, *SHAPE)))
    assert np.array_equal(region.holds(source, (), pixels), whole.ravel())


@pytest.mark.parametrize("axes", ["yx", "zyx", "tyx", "tzyx"])
def test_labels_hold_along_the_axes_they_do_not_have(rng, axes):
    sizes = {"t": 2, "z": 3, "y": 6, "x": 7}
    source = Source(np.zeros(tuple(sizes.values())), "tzyx")
    labels = rng.integers(0, 3, tuple(sizes[a] for a in axes))
    full = labels[tuple(slice(None) if a in axes else np.newaxis for a in "tzyx")]
    full = np.broadcast_to(full == 2, tuple(sizes.values()))
    region = Region("r", labels=labels, value=2, axes=axes)
    for t in range(2):
        assert np.array_equal(region.read(source, (t,), slice(0, 3), slice(0, 6)), full[t])
        pixels = np.argwhere(np.ones((3, 6, 7)))
        assert np.array_equal(region.holds(source, (t,), pixels), full[t].ravel())


def test_regions_are_given_as_masks_labels_or_corners():
    labels = np.zeros(SHAPE, int)
    labels[:5], labels[10:] = 2, 7
    names = [r.name for r in regions_from({"well": labels, "A": labels == 2}, "yx", SHAPE)]
    assert names == ["well 2", "well 7", "A"]
    assert len(regions_from([(0, 0), (0, 5), (5, 5)], "yx", SHAPE)[0].polygons) == 1
    with pytest.raises(ValueError, match="three corners or more"):
        regions_from(np.zeros((3, 3)), "yx", SHAPE)
    with pytest.raises(ValueError, match="look like objects"):
        regions_of_labels("cells", np.arange(2 * MOST_REGIONS).reshape(10, -1), "yx")


def halves():
    labels = np.ones(SHAPE, int)
    labels[:, 15:] = 2
    return labels


def cells():
    gt, pred = np.zeros(SHAPE, int), np.zeros(SHAPE, int)
    gt[2:8, 2:8], gt[10:16, 12:17], gt[2:8, 20:26] = 1, 2, 3
    pred[2:8, 2:8], pred[10:16, 13:18], pred[12:18, 22:28] = 1, 2, 3
    return gt, pred


def test_an_object_across_a_border_belongs_whole_to_where_its_centroid_is():
    gt, pred = cells()
    result = compare_labels(pred, gt, region=halves())

    def of(metric, region):
        return result.score(metric, "prediction", region=region).value

    # the second cell: its centroid is left of the border, that of its partner right of it
    assert [of(m, "region 1") for m in ("n_gt", "n_pred", "tp", "fp", "fn")] == [2, 2, 2, 0, 0]
    assert [of(m, "region 2") for m in ("n_gt", "n_pred", "tp", "fp", "fn")] == [1, 1, 0, 1, 1]
    assert of("sq", "region 1") == pytest.approx((1 + 24 / 36) / 2)
    assert result.score("n_gt", "prediction").value == 3


@pytest.mark.parametrize("task", ["instances", "foreground", "semantic"])
def test_regions_leave_the_scores_of_the_whole_alone(task):
    gt, pred = cells()
    with_regions = compare_labels(pred, gt, task=task, region=halves())
    whole = [s for s in with_regions.rows if s.region is None]
    assert [s.as_row() for s in whole] == [
        s.as_row() for s in compare_labels(pred, gt, task=task).rows
    ]


def test_pixel_scores_are_those_of_the_pixels_in_the_region():
    gt, pred = cells()
    result = compare_labels(pred, gt, task="foreground", region=halves())
    left = compare_labels(pred[:, :15], gt[:, :15], task="foreground")
    for metric in ("iou", "dice", "precision", "recall"):
        score = result.score(metric, "prediction", region="region 1")
        assert score.value == left.score(metric, "prediction").value
        assert score.n == 300


@pytest.mark.parametrize("convention", ["laine2021", "zerocostdl4mic", "raw-units"])
def test_a_region_of_everything_scores_as_the_whole(rng, convention):
    gt = rng.random((2, 24, 30))
    raw, pred = gt + rng.normal(0, 0.3, gt.shape), gt + rng.normal(0, 0.1, gt.shape)
    ignore = rng.random(gt.shape) < 0.1
    result = compare_images(
        pred, gt, raw, axes="tyx", convention=convention, ignore=ignore,
        region=np.ones((24, 30), bool),
    )  # fmt: skip
    parts = [s for s in result.rows if s.region == "region"]
    assert {s.metric for s in parts} >= {
        "ssim",
        "rmse",
        "psnr",
        "pearson",
        "skill",
        "area_worse",
        "signal_worse",
    }
    for s in parts:
        whole = result.score(s.metric, s.candidate)
        assert s.value == pytest.approx(whole.value, rel=1e-6, nan_ok=True)
        assert (s.n, s.reason) == (whole.n, whole.reason)


def test_errors_of_regions_are_sums_over_the_maps(rng):
    gt = rng.random((24, 30))
    where = np.zeros(gt.shape, bool)
    where[4:12, 3:20] = True
    result = compare_images(gt + rng.normal(0, 0.1, gt.shape), gt, region={"A": where})
    maps = result.maps["prediction"]
    nrmse = result.score("nrmse", "prediction", region="A")
    assert nrmse.value == pytest.approx(np.sqrt(np.mean(maps["difference"][where] ** 2)), rel=1e-5)
    assert nrmse.n == where.sum()
    rim = np.zeros_like(where)
    rim[5:-5, 5:-5] = True
    ssim = result.score("ssim", "prediction", region="A").value
    assert ssim == pytest.approx(maps["ssim"][where & rim].mean(), rel=1e-5)
    assert "fitted over the whole image" in nrmse.convention


def test_regions_of_images_that_are_not_in_memory_score_alike(rng):
    gt = rng.random((3, 20, 24))
    arrays = gt + rng.normal(0, 0.1, gt.shape), gt, gt + rng.normal(0, 0.3, gt.shape)
    labels = np.zeros((20, 24), np.uint8)
    labels[2:11, 3:20], labels[15:, :4] = 1, 2
    options = {"axes": "tyx", "region": labels}
    one = compare_images(*arrays, **options)
    other = compare_images(*(array.from_array(a, chunks=(2, 7, 24)) for a in arrays), **options)
    for s, t in zip(one.rows, other.rows, strict=True):
        assert (s.metric, s.region, s.n, s.reason) == (t.metric, t.region, t.n, t.reason)
        assert s.value == pytest.approx(t.value, rel=1e-5, nan_ok=True)


@pytest.mark.parametrize("options", [{}, {"ssim_3d": True}, {"convention": "zerocostdl4mic"}])
def test_regions_of_images_have_the_same_bits_whatever_the_blocks_and_threads(rng, options):
    g = rng.random((4, 30, 40))
    p, raw = (g + rng.normal(0, s, g.shape) for s in (0.1, 0.3))
    p[1, 4, 5] = np.nan
    comparison = replace(
        images_comparison(p, g, raw, axes="zyx", ignore=rng.random(g.shape) < 0.1, **options),
        regions=(rectangle("a", 3, 4, 17, 38), *regions_of_labels("b", g > 0.6, "zyx")),
    )

    def regions(pixels, threads):
        run = run_images(comparison, token=CancelToken(), pixels=pixels, threads=threads)
        return [
            (s.metric, s.candidate, s.region, s.n, np.float64(s.value).tobytes())
            for s in complete(run).rows
            if s.region is not None
        ]

    expected = regions(1 << 19, 1)
    assert regions(97, 3) == regions(400, 2) == expected


def test_regions_of_images_report_progress_and_can_be_stopped(rng):
    g = rng.random((3, 20, 24))
    comparison = replace(
        images_comparison(g + 0.1, g, axes="zyx"), regions=(rectangle("a", 0, 0, 9, 9),)
    )
    token, seen = CancelToken(), []

    def stopped_in_regions():
        for progress in run_images(comparison, token=token, pixels=200, threads=1):
            seen.append(progress)
            if progress.what == "regions":
                token.cancel()

    with pytest.raises(Cancelled):
        stopped_in_regions()
    assert [p.what for p in seen].count("regions") == 1
    assert seen[-1].done < seen[-1].total


def test_a_sparse_ground_truth_leaves_undefined_what_it_cannot_tell():
    gt, pred = cells()
    result = compare_labels(pred, gt, sparse=True)
    for metric in ("precision", "f1", "pq", "accuracy", "fp", "n_extra", "dice"):
        score = result.score(metric, "prediction")
        assert np.isnan(score.value)
        assert "ground truth is sparse" in str(score.reason)
    dense = compare_labels(pred, gt)
    for metric in ("recall", "sq", "tp", "fn", "n_gt", "mean_true_iou"):
        assert result.score(metric, "prediction").value == dense.score(metric, "prediction").value
    assert result.curve["f1"].isna().all()
    assert result.curve["recall"].notna().all()


def test_ignored_objects_are_listed_as_ignored_and_are_not_painted():
    gt, pred = cells()
    result = compare_labels(pred, gt, min_size=36)
    table = result.objects.set_index(["role", "id"])
    assert table.loc[("ground truth", 2), "outcome"] == "ignored"
    assert table.loc[("prediction", 2), "kind"] == "ignored"
    info = result.lookup("prediction", "ground truth", 2)
    assert "ignored: too small" in info.describe()
    assert not result.overlays("prediction")["ground-truth objects"][gt == 2].any()
    assert "below 36 px, after matching" in result.score("f1", "prediction").convention
    assert result.at(0.9).score("n_gt", "prediction").value == 2


def test_what_a_region_lacks_is_said_with_a_way_out():
    gt, pred = cells()
    outside = [(50, 50), (50, 60), (60, 60)]
    found = {f.code: f.message for f in compare_labels(pred, gt, region=outside).findings}
    assert "Move it onto the image" in found["region-empty"]
    ignore = halves() == 1
    result = compare_labels(pred, gt, region={"left": ignore}, ignore=ignore)
    assert "region-ignored" in {f.code for f in result.findings}
    with pytest.raises(ValueError, match="Every pixel is ignored"):
        compare_labels(pred, gt, ignore=np.ones(SHAPE, bool))


def test_many_more_predicted_objects_hint_at_a_sparse_ground_truth():
    pred = np.arange(600).reshape(SHAPE) // 40
    gt = np.where(pred == 3, 1, 0)
    gt[0, 0] = 2
    found = {f.code: f for f in compare_labels(pred, gt).findings}
    assert [r.id for r in found["maybe-sparse"].remedies] == ["as-sparse"]
    accepted = compare_labels(pred, gt, decisions=("as-sparse",))
    assert np.isnan(accepted.score("f1", "prediction").value)


def test_regions_follow_the_image_when_it_is_cropped():
    gt, pred = cells()
    result = compare_labels(
        pred[:18], gt, region=halves(), decisions=("crop-to-common",), task="foreground"
    )
    assert result.score("iou", "prediction", region="region 1").n == 18 * 15


def test_an_axis_that_is_named_by_a_remedy_is_named_for_regions_too():
    gt, pred = (np.stack([a, a]) for a in cells())
    wells = np.stack([halves(), np.zeros(SHAPE, int)])
    result = compare_labels(pred, gt, region=wells, decisions=("axis:t",))
    named = compare_labels(pred, gt, region=wells, axes="tyx")
    assert [s.as_row() for s in result.rows] == [s.as_row() for s in named.rows]
    assert result.score("n_gt", "prediction", region="region 1").value == 2


def test_the_wrong_border_policy_is_refused():
    with pytest.raises(ValueError, match="keep"):
        compare_labels(*cells(), border="drop")


def test_painting_brings_regions_and_ignored_objects_up_to_date(rng):
    gt, pred = crowded(rng, SHAPE, 15)
    ignore = rng.random(SHAPE) < 0.2
    options = {"ignore": ignore, "exclusions": Exclusions("ignore", 9)}
    regions = regions_of_labels("half", halves(), "yx")
    empty = compare(pred, gt, **options)
    result = complete(run_labels(replace(empty.comparison, regions=regions), token=CancelToken()))
    painted = gt.copy()
    painted[5:12, 8:20] = 3
    truth = replace(result.comparison.ground_truth, data=painted)
    live = result.repainted(truth, (0, 1, 5, 12, 8, 20), gt[np.newaxis, 5:12, 8:20])
    again = complete(
        run_labels(replace(result.comparison, ground_truth=truth), token=CancelToken())
    )
    assert [str(s.as_row()) for s in live.rows] == [str(s.as_row()) for s in again.rows]
