"""Points in ignored pixels, and regions of points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_verdict import compare_points
from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.objects.point_listing import point_entries
from napari_verdict.comparison.regions import OnGrid, Region, rectangle

# a pair in the left half, a pair across the border, a missed and an extra point on the right
TRUTH = np.array([(5, 5), (5, 19), (15, 30)], float)
FOUND = np.array([(5, 6), (5, 21), (8, 35)], float)


def halves(shape=(20, 40)):
    labels = np.ones(shape, int)
    labels[..., 20:] = 2
    return labels


def counts(result, region=None, **where):
    return [
        result.score(m, "prediction", region=region, **where).value
        for m in ("n_gt", "n_pred", "tp", "fp", "fn")
    ]


def points(**options):
    return compare_points(FOUND, TRUTH, radius=3, **options)


def test_a_pair_belongs_to_the_region_of_its_true_point():
    result = points(region=halves())
    assert counts(result) == [3, 3, 2, 1, 1]
    assert counts(result, "region 1") == [2, 2, 2, 0, 0]
    assert counts(result, "region 2") == [1, 1, 0, 1, 1]
    assert "a pair by its ground-truth point" in (
        result.score("f1", "prediction", region="region 2").convention
    )


@pytest.mark.parametrize(
    "region", [rectangle("left", 0, 0, 20, 20), {"left": halves() == 1},
               {"left": [(-1, -1), (-1, 19.6), (21, 19.6), (21, -1)]}],
)  # fmt: skip
def test_regions_are_polygons_masks_or_labels(region):
    assert counts(points(region=region), "left") == [2, 2, 2, 0, 0]


def test_points_are_matched_first_and_ignored_second():
    ignore = np.zeros((20, 40), bool)
    ignore[5, 19] = ignore[8, 35] = ignore[5, 6] = True
    result = points(ignore=ignore)
    # the second true point is ignored with its partner; the extra one by its own place; the first
    # predicted point lies in the mask too, but its partner counts
    assert counts(result) == [2, 1, 1, 0, 1]
    table = result.objects.set_index(["role", "id"])["outcome"]
    assert table[("ground truth", 1)] == table[("prediction", 1)] == "ignored"
    assert table[("prediction", 0)] == "matched"
    listed = point_entries(result, "prediction")
    assert [listed.kinds[k] for k in listed.kind][-3:] == ["ignored"] * 3
    assert "ignored=points in the ignore mask" in result.score("f1", "prediction").convention


def test_scores_of_the_whole_are_the_same_with_regions():
    whole = [str(s.as_row()) for s in points().rows]
    assert [str(s.as_row()) for s in points(region=halves()).rows if s.region is None] == whole
    assert [str(s.value) for s in points(ignore=np.zeros((20, 40), bool)).rows] == [
        str(s.value) for s in points().rows
    ]


def test_masks_hold_in_pixels_of_the_ground_truth_whatever_the_spacing():
    one = points(region=halves(), ignore=halves() == 3)
    other = compare_points(FOUND, TRUTH, radius=0.3, spacing=(0.1, 0.1), region=halves())
    assert counts(other, "region 1") == counts(one, "region 1")


def test_frames_and_planes_have_masks_of_their_own_or_share_one():
    truth = np.array([(0, 5, 5), (1, 5, 5), (1, 5, 30)], float)
    ignore = np.zeros((2, 20, 40), bool)
    ignore[1, :, :20] = True
    result = compare_points(truth, truth, radius=3, axes="tyx", ignore=ignore, region=halves())
    assert counts(result) == [2, 2, 2, 0, 0]
    assert counts(result, axis_index={"t": 1}) == [1, 1, 1, 0, 0]
    assert counts(result, "region 1") == [1, 1, 1, 0, 0]
    deep = compare_points(truth, truth, radius=3, axes="zyx", ignore=ignore, region=halves())
    assert counts(deep, "region 1") == [1, 1, 1, 0, 0]


def test_points_beyond_a_mask_are_in_no_region_and_not_ignored():
    away = np.array([(500, 5), (-3, 5), (5, 5)], float)
    everywhere = np.ones((20, 40), bool)
    result = compare_points(away, away, radius=1, region={"image": everywhere})
    assert counts(result, "image") == [1, 1, 1, 0, 0]
    assert counts(compare_points(away, away, radius=1, ignore=everywhere)) == [2, 2, 2, 0, 0]


@given(st.integers(0, 2**32 - 1))
def test_counts_of_regions_that_divide_the_image_add_up(seed):
    rng = np.random.default_rng(seed)
    truth, found = (rng.random((n, 2)) * (19, 39) for n in rng.integers(1, 30, 2))
    labels = rng.integers(1, 4, (20, 40))
    labels[0, :3] = 1, 2, 3
    result = compare_points(
        found, truth, radius=4, region=labels, ignore=rng.random((20, 40)) < 0.2
    )
    parts = [counts(result, f"region {k}") for k in (1, 2, 3)]
    assert np.sum(parts, axis=0).tolist() == counts(result)


def test_what_does_not_fit_is_refused_in_words():
    with pytest.raises(ComparisonError, match="an axis for each of these, or for the last"):
        points(ignore=np.zeros((3, 20, 40), bool))
    with pytest.raises(ValueError, match="is neither"):
        points(region=np.zeros((3, 20, 40), bool))
    with pytest.raises(ComparisonError, match="Rename one"):
        points(region=[rectangle("a", 0, 0, 3, 3), rectangle("a", 5, 5, 9, 9)])


def test_a_record_holds_the_mask_and_the_regions():
    record = points(region=halves(), ignore=halves() == 2).to_record()
    assert {r["name"] for r in record["regions"]} == {"region 1", "region 2"}
    assert record["inputs"][-1]["role"] == "ignore mask"
    assert {s["region"] for s in record["scores"]} == {None, "region 1", "region 2"}


def test_a_point_is_in_a_polygon_where_it_lies_not_where_its_pixel_does():
    near = np.array([(5, 19.4), (5, 19.8)])
    result = compare_points(near, near, radius=0.1, region=rectangle("left", 0, 0, 20, 20.1))
    assert counts(result, "left")[0] == 1  # pixel centres are whole numbers: it ends at 19.6


def test_a_mask_in_the_plane_ignores_points_of_every_plane_and_frame():
    deep = np.array([(0, 5, 5), (7, 5, 5), (3, 5, 30)], float)
    left = halves() == 1
    for axes in ("zyx", "tyx"):
        result = compare_points(deep, deep, radius=1, axes=axes, ignore=left)
        assert counts(result) == [1, 1, 1, 0, 0]
        mask = result.to_record()["inputs"][-1]
        assert (mask["axes"], mask["shape"]) == ("yx", [20, 40])


@given(st.floats(0.05, 8), st.floats(-9, 9), st.integers(0, 2**32 - 1))
def test_masks_with_pixels_of_their_own_hold_where_those_lie(step, start, seed):
    rng = np.random.default_rng(seed)
    labels = rng.random((6, 9)) < 0.5
    truth = rng.random((40, 2)) * (6, 9) * step + start - step
    region = Region("mask", labels=OnGrid(labels, (step, step), (start, start)))
    result = compare_points(truth, truth, radius=1e-9, region=region)
    expected = 0
    for point in truth:
        y, x = (int(np.floor((p - start) / step + 0.5)) for p in point)
        expected += bool(0 <= y < 6 and 0 <= x < 9 and labels[y, x])
    assert result.score("n_gt", "prediction", region="mask").value == expected


def test_sparse_ground_truth_leaves_undefined_what_needs_all_points():
    result = points(sparse=True)
    assert result.score("recall", "prediction").value == pytest.approx(2 / 3)
    for metric in ("precision", "f1", "accuracy", "fp"):
        score = result.score(metric, "prediction")
        assert np.isnan(score.value)
        assert "ground truth is sparse" in score.reason
    assert "ground truth=sparse" in result.score("recall", "prediction").convention
    assert "misses 1 of 3 labelled points" in result.verdict
    assert "cannot be judged" in result.verdict
