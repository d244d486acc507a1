"""Labels against labels, from arrays to scores, objects and curves."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import (
    CASES,
    compare,
    crowded,
    exact_half,
    fragment,
    huge_ids,
    many_to_many,
    merge,
    merge_of_three,
    missed_and_extra,
    nothing_at_all,
    split,
    split_in_three,
    touching,
)
from napari_verdict import compare_labels
from napari_verdict.comparison.model import Comparison, Input, Task
from napari_verdict.comparison.objects.labels import run_labels
from napari_verdict.comparison.objects.scores import KIND_COUNTS
from napari_verdict.comparison.result import OBJECT_COLUMNS, Progress
from napari_verdict.comparison.scores import SCORE_COLUMNS
from napari_verdict.engine.cancel import Cancelled, CancelToken

EXPECTED = [
    ("dsb2018", "prediction_unet_cc", "yx"),
    ("dsb2018", "prediction_unet_watershed", "yx"),
    ("ovule3d", "prediction_watershed", "zyx"),
    ("platynereis3d", "prediction_voronoi_otsu", "zyx"),
]
NAMES = {
    **{k: k for k in ("tp", "fp", "fn", "precision", "recall", "accuracy", "f1")},
    "mean_true_iou": "mean_true_score",
    "sq": "mean_matched_score",
    "pq": "panoptic_quality",
}


def case_result(build, **options):
    case = build()
    return compare(case.prediction, case.ground_truth, **options)


def values(result):
    return [(s.candidate, s.metric, s.class_, s.threshold, s.value) for s in result.rows]


def whole(result, **where):
    frame = result.scores
    frame = frame[frame["axis_index"].isna()]
    for column, value in where.items():
        frame = frame[frame[column].isna() if value is None else frame[column] == value]
    return dict(zip(frame["metric"], frame["value"], strict=True))


@pytest.mark.parametrize(("folder", "prediction", "axes"), EXPECTED)
def test_numbers_of_the_shared_images(read_shared, folder, prediction, axes):
    expected = read_shared(f"{folder}/expected.json")["predictions"][f"{prediction}.ome.tif"]
    gt = read_shared(f"{folder}/gt_labels.ome.tif")
    result = compare(read_shared(f"{folder}/{prediction}.ome.tif"), gt, axes)
    for threshold, numbers in expected["by_threshold"].items():
        at = result.at(float(threshold))
        assert at.score("n_gt", "prediction").value == expected["n_true"]
        assert at.score("n_pred", "prediction").value == expected["n_pred"]
        for metric, name in NAMES.items():
            value = at.score(metric, "prediction").value
            if metric == "sq" and numbers["tp"] == 0:
                assert math.isnan(value)
            else:  # the reference sums in float32
                assert value == pytest.approx(numbers[name], rel=2e-7, abs=1e-12)
    best = result.score("mean_best_iou", "prediction").value
    assert best == pytest.approx(expected["mean_of_best_iou_per_gt_object"], rel=1e-12)
    foreground = compare(read_shared(f"{folder}/{prediction}.ome.tif"), gt, axes, task="foreground")
    for metric in ("iou", "dice", "precision", "recall"):
        binary = pytest.approx(expected["binary"][metric], rel=1e-12)
        assert foreground.score(metric, "prediction").value == binary
        assert whole(result, threshold=None)[metric] == binary


def test_published_numbers_of_platynereis(read_shared):
    published = read_shared("platynereis3d/expected.json")["predictions"][
        "prediction_voronoi_otsu.ome.tif"
    ]["published"]
    gt = read_shared("platynereis3d/gt_labels.ome.tif")
    prediction = read_shared("platynereis3d/prediction_voronoi_otsu.ome.tif")
    scores = whole(compare(prediction, gt, "zyx"), threshold=None)
    assert round(scores["mean_best_iou"], 3) == published["jaccard_sparse"]
    assert round(scores["iou"], 3) == published["jaccard_binary"]
    assert round(scores["precision"], 3) == published["precision"]
    assert round(scores["recall"], 3) == published["recall"]
    assert round(scores["dice"], 3) == published["f1"]


@pytest.mark.parametrize("case", CASES)
def test_canonical_cases(case):
    c = CASES[case]()
    result = compare(c.prediction, c.ground_truth)
    found = [result.score(m, "prediction").value for m in ("tp", "fp", "fn")]
    assert found == [c.tp, c.fp, c.fn]


def test_every_score_names_its_convention():
    result = case_result(touching)
    assert list(result.scores.columns) == list(SCORE_COLUMNS)
    f1 = result.score("f1", "prediction")
    assert f1.convention == (
        "match=iou>=0.50; assignment=one-to-one, most matches then highest IoU; "
        "objects=2D; empty=NaN with reason"
    )
    assert (f1.threshold, f1.n, f1.unit, f1.aggregation) == (0.5, 6, "1", "whole")
    volume = compare(np.ones((2, 3, 4), int), np.ones((2, 3, 4), int), "zyx", iou_inclusive=False)
    assert "iou>0.50" in volume.score("f1", "prediction").convention
    assert "objects=3D over z" in volume.score("f1", "prediction").convention
    assert volume.score("dice", "prediction").n == 24


def test_precision_is_that_of_objects_and_that_of_pixels_is_the_row_without_threshold():
    result = case_result(split)
    assert result.score("precision", "prediction").value == 0.5
    assert whole(result, threshold=None)["precision"] == 1


def test_at_exactly_the_threshold():
    assert case_result(exact_half).score("f1", "prediction").value == 1
    assert case_result(exact_half, iou_inclusive=False).score("f1", "prediction").value == 0
    assert case_result(exact_half).at(0.5, inclusive=False).score("f1", "prediction").value == 0


def test_nothing_on_either_side_is_undefined_with_the_reason():
    result = case_result(nothing_at_all)
    f1 = result.score("f1", "prediction")
    assert math.isnan(f1.value)
    assert f1.reason.startswith("both_empty: ")
    assert result.objects.empty
    assert result.curve["f1"].isna().all()


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 60, 200, 10**6]), st.integers(1, 4))
def test_blocks_and_threads_change_no_bit(seed, pixels, threads):
    gt, prediction = crowded(np.random.default_rng(seed), (3, 12, 14), 9)
    one = compare(prediction, gt, "zyx")
    other = compare(prediction, gt, "zyx", pixels=pixels, threads=threads)
    assert str(values(one)) == str(values(other))
    assert one.objects.equals(other.objects)


@settings(deadline=None, max_examples=20)
@given(
    st.integers(0, 2**32 - 1),
    *[st.sampled_from(["u1", "i2", "i4", "u4", "i8", "u8", "f4", "f8"])] * 2,
)
def test_dtype_changes_no_bit(seed, one, other):
    gt, prediction = crowded(np.random.default_rng(seed), (12, 14), 9)
    plain = compare(prediction, gt)
    cast = compare(prediction.astype(one), gt.astype(other))
    assert str(values(plain)) == str(values(cast))
    assert cast.objects["id"].tolist() == plain.objects["id"].tolist()


def test_a_mask_of_bool_is_one_object():
    mask = touching().ground_truth > 1
    result = compare(mask, mask)
    assert result.score("n_gt", "prediction").value == 1
    assert compare(mask, mask, task="foreground").score("iou", "prediction").value == 1


def test_inputs_are_not_changed(rng):
    gt, prediction = crowded(rng)
    before = gt.tobytes(), prediction.tobytes()
    gt.flags.writeable = prediction.flags.writeable = False
    result = compare(prediction, gt)
    result.overlays("prediction")
    assert (gt.tobytes(), prediction.tobytes()) == before


def test_lazy_arrays_give_the_same(rng):
    da = pytest.importorskip("dask.array")
    gt, prediction = crowded(rng, (3, 40, 40), 30)
    lazy = compare(da.from_array(prediction, (1, 7, 40)), da.from_array(gt, (3, 40, 9)), "zyx")
    assert str(values(lazy)) == str(values(compare(prediction, gt, "zyx")))


def test_frames_are_matched_one_by_one_and_pooled(rng):
    first, second = crowded(rng, (20, 20), 8), crowded(rng, (20, 20), 8)
    gt, prediction = (np.stack(pair) for pair in zip(first, second, strict=True))
    result = compare(prediction, gt, "tyx")
    parts = [compare(p, g) for g, p in (first, second)]
    for metric in ("n_gt", "n_pred", "tp", "fp", "fn"):
        each = [part.score(metric, "prediction").value for part in parts]
        frames = [result.score(metric, "prediction", axis_index={"t": t}).value for t in range(2)]
        assert frames == each
        assert result.score(metric, "prediction").value == sum(each)
    assert result.score("f1", "prediction").aggregation == "pooled over frames"
    assert result.objects["frame"].tolist()[0] == {"t": 0}
    assert len(result.objects) == sum(len(part.objects) for part in parts)


def test_axes_may_come_in_any_order(rng):
    gt, prediction = crowded(rng, (2, 3, 9, 11), 12)
    one = compare(prediction, gt, "tzyx")
    other = compare(prediction.transpose(3, 0, 2, 1), gt.transpose(3, 0, 2, 1), "xtyz")
    assert str(values(one)) == str(values(other))


def test_ignored_pixels_do_not_count():
    case = merge()
    ignore = case.prediction != case.ground_truth
    result = compare(case.prediction, case.ground_truth, ignore=ignore)
    assert result.score("f1", "prediction").value == 1
    assert "ignored=" in result.score("f1", "prediction").convention
    assert result.score("iou", "prediction").n == ignore.size - ignore.sum()


def test_several_candidates(rng):
    gt, prediction = crowded(rng)
    result = compare({"good": gt, "poor": prediction}, gt)
    assert result.score("f1", "good").value == 1
    assert result.score("f1", "poor").value < 1
    assert set(result.objects["candidate"]) == {"good", "poor"}


def test_another_threshold_is_as_if_computed_anew(rng):
    gt, prediction = crowded(rng)
    result = compare(prediction, gt)
    for threshold in (0.1, 0.3, 0.7, 1.0):
        anew = compare(prediction, gt, iou_threshold=threshold)
        assert str(values(result.at(threshold))) == str(values(anew))
    assert result.at(0.6000000000000001).score("f1", "prediction").threshold == 0.6
    with pytest.raises(ValueError, match="threshold"):
        result.at(1.2)


def test_the_curve_over_thresholds(rng):
    gt, prediction = crowded(rng)
    curve = compare(prediction, gt).curve
    assert curve["threshold"].tolist() == [k / 100 for k in range(50, 100, 5)]
    for row in curve.to_dict("records"):
        anew = compare(prediction, gt, iou_threshold=row["threshold"])
        for metric in ("f1", "precision", "recall", "accuracy", "pq", "tp", "fp", "fn"):
            assert row[metric] == anew.score(metric, "prediction").value


def test_objects_say_what_became_of_them():
    result = case_result(split)
    table = result.objects
    space = ["centroid_y", "centroid_x", "y0", "y1", "x0", "x1"]
    assert list(table.columns) == [*OBJECT_COLUMNS, *space]
    assert table["outcome"].tolist() == ["matched", "matched", "extra"]
    assert table["kind"].tolist() == ["matched", "matched", "split"]
    assert table["partner"].isna().tolist() == [False, False, True]
    assert table["iou"].tolist() == [8 / 12, 8 / 12, 4 / 12]
    assert table.loc[0, space].tolist() == [8.5, 9.5, 4, 14, 4, 16]
    assert table["size"].tolist() == [120, 80, 40]


def test_ids_of_objects_are_never_rounded():
    table = case_result(huge_ids).objects
    assert sorted(table["id"].tolist()) == sorted(
        [2**40, 2**40 + 1, 2**53, 2**53 + 1, 2**64 - 2, 2**64 - 1]
    )
    assert int(table.loc[table["id"] == 2**64 - 1, "partner"].iloc[0]) == 2**40


def test_one_object_can_be_asked_for():
    result = case_result(split)
    info = result.lookup("prediction", "ground truth", 1)
    assert (
        info.describe()
        == "ground-truth object 1: matched with predicted object 1, IoU 0.67, 120 px"
    )
    info = result.lookup("prediction", "prediction", 2)
    assert (info.outcome, info.partner, info.iou, info.size) == ("extra", None, 4 / 12, 40)
    assert info.describe() == ("predicted object 2: piece of a split object, best IoU 0.33, 40 px")
    assert result.lookup("prediction", "prediction", 3) is None
    assert result.lookup("prediction", "prediction", 1, (4,)) is None
    assert result.lookup("nobody", "prediction", 1) is None


@pytest.mark.parametrize(
    ("build", "role", "object_id", "fate"),
    [
        (split_in_three, "ground truth", 1, "split, best IoU 0.33"),
        (split_in_three, "prediction", 3, "piece of a split object, best IoU 0.33"),
        (merge_of_three, "ground truth", 2, "merged with another, best IoU 0.33"),
        (merge_of_three, "prediction", 1, "merge of several objects, best IoU 0.33"),
        (many_to_many, "prediction", 1, "many-to-many, best IoU 0.40"),
        (fragment, "prediction", 2, "inaccurate, best IoU 0.09"),
        (missed_and_extra, "ground truth", 5, "missed, overlaps no predicted object"),
        (missed_and_extra, "prediction", 5, "extra, overlaps no ground-truth object"),
    ],
)
def test_the_kind_of_error_is_said_in_words(build, role, object_id, fate):
    info = case_result(build).lookup("prediction", role, object_id)
    assert f": {fate}, " in info.describe()


def test_objects_are_counted_by_kind(rng):
    for gt, prediction in (crowded(rng, (60, 60), 40) for _ in range(5)):
        result = compare(np.stack([prediction, gt]), np.stack([gt, prediction]), "tyx")
        counts = whole(result)
        kinds = result.objects["kind"].value_counts()
        for kind in ("missed", "extra", "split", "merge", "many-to-many", "inaccurate"):
            assert counts[f"n_{kind.replace('-', '_')}"] == kinds.get(kind, 0)
        errors = sum(counts[metric] for metric in KIND_COUNTS)
        assert errors + 2 * counts["tp"] == counts["n_gt"] + counts["n_pred"]


def test_classes():
    gt = np.array([[0, 1, 1, 2], [0, 1, 2, 2]])
    prediction = np.array([[0, 1, 2, 2], [3, 1, 2, 0]])
    result = compare(prediction, gt, task="semantic")
    iou = {c: result.score("iou", "prediction", class_=c).value for c in (1, 2, 3)}
    assert iou == {1: 2 / 3, 2: 2 / 4, 3: 0}
    assert result.score("miou", "prediction").value == pytest.approx((2 / 3 + 1 / 2) / 3)
    assert "background=excluded" in result.score("miou", "prediction").convention
    confusion = result.confusion["prediction"]
    assert confusion.loc[1, 2] == 1
    assert confusion.to_numpy().sum() == 8
    assert result.objects.empty
    assert result.curve.empty


def test_classes_are_pooled_over_frames():
    gt = np.array([[[1, 1]], [[2, 2]]])
    result = compare(np.array([[[1, 0]], [[2, 1]]]), gt, "tyx", task="semantic")
    assert result.score("iou", "prediction", class_=1).value == 1 / 3
    assert result.score("iou", "prediction", class_=1, axis_index={"t": 0}).value == 1 / 2
    assert result.confusion["prediction"].loc[1, 1] == 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (0, 5)])
def test_the_smallest_images(shape):
    labels = np.ones(shape, int)
    result = compare(labels, labels)
    f1 = result.score("f1", "prediction")
    assert f1.value == 1 if labels.size else f1.reason.startswith("both_empty")
    assert result.overlays("prediction")["pixels"].shape == shape
    assert result.at(0.9).score("n_gt", "prediction").value == min(1, labels.size)


def test_another_threshold_keeps_what_it_does_not_change(rng):
    gt, prediction = crowded(rng)
    result = replace(compare(prediction, gt), seconds=3.0)
    result = replace(result, request=result.comparison)
    curve = result.curve
    at = result.at(0.8)
    assert (at.seconds, at.request, at.findings) == (3.0, result.request, result.findings)
    assert at.curve is curve
    assert result.at(0.8, inclusive=False).curve is not curve
    assert result.comparison.settings.iou_threshold == 0.5


def test_cancelled_work_stops():
    case = touching()
    names = Input("ground truth", case.ground_truth, "yx"), (Input("a", case.prediction, "yx"),)
    token = CancelToken()
    steps = run_labels(Comparison(Task.INSTANCES, *names), token=token, pixels=30)
    assert next(steps) == Progress(1, 20, "labels")
    token.cancel()
    with pytest.raises(Cancelled):
        list(steps)


def test_objects_are_counted_frame_by_frame(read_shared) -> None:
    case = "cancer_migration_t"
    labels = read_shared(f"{case}/prediction_voronoi_otsu_uint32.ome.tif")
    counts = read_shared(f"{case}/expected.json")["objects_per_frame"]
    result = compare_labels(labels, labels, axes="tyx")
    found = [
        result.score("n_pred", "prediction", axis_index={"t": t}).value for t in range(len(counts))
    ]
    assert found == counts
    assert result.score("n_pred", "prediction").value == sum(counts)
