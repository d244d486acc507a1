"""Points against points."""

from __future__ import annotations

import math

import numpy as np
import pytest

from builders import compare as case
from cases import compare
from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.listing import entries_of
from napari_verdict.comparison.model import Input, Task
from napari_verdict.comparison.result import OBJECT_COLUMNS
from napari_verdict.comparison.run import complete, run


def points(prediction, ground_truth, axes="yx", radius=2.0, **options):
    return compare(
        np.array(prediction),
        np.array(ground_truth),
        axes,
        task="detections",
        radius=radius,
        **options,
    )


def test_scores_and_objects():
    result = points([[0.0, 1], [9, 9]], [[0.0, 0], [5, 5], [9, 8]])
    found = {s.metric: s.value for s in result.rows}
    assert found == pytest.approx(
        {
            **{"n_gt": 3, "n_pred": 2, "tp": 2, "fp": 0, "fn": 1, "precision": 1},
            **{"recall": 2 / 3, "f1": 0.8, "accuracy": 2 / 3, "match_rmse": 1},
        }
    )
    table = result.objects
    assert list(table.columns) == [*OBJECT_COLUMNS, "distance", "centroid_y", "centroid_x"]
    assert table["outcome"].tolist() == ["matched", "missed", "matched", "matched", "matched"]
    assert table["partner"].fillna(-1).tolist() == [0, -1, 1, 0, 2]
    assert table["distance"].fillna(-1).tolist() == [1, -1, 1, 1, 1]
    assert table["centroid_y"].tolist() == [0, 5, 9, 0, 9]


def test_every_score_names_its_convention():
    f1 = points([[0.0, 1]], [[0.0, 0]]).score("f1", "prediction")
    assert f1.convention == (
        "match=distance<=2 pixel; assignment=one-to-one, most matches then smallest distances; "
        "empty=NaN with reason"
    )
    assert (f1.threshold, f1.n, f1.aggregation) == (2, 2, "whole")


def test_distances_are_physical():
    gt, prediction = [[0.0, 0, 0]], [[1.0, 0, 0]]
    assert points(prediction, gt, "zyx").score("tp", "prediction").value == 1
    far = points(prediction, gt, "zyx", scale=(3.0, 1.0, 1.0))
    assert far.score("tp", "prediction").value == 0
    near = points(prediction, gt, "zyx", radius=3.0, scale=(3.0, 1.0, 1.0))
    assert near.score("match_rmse", "prediction").value == 3


def test_frames_are_matched_one_by_one():
    gt, prediction = [[0.0, 1, 1], [1, 1, 1], [2, 5, 5]], [[0.0, 1, 1], [2, 1, 1]]
    result = points(prediction, gt, "tyx")
    assert result.score("tp", "prediction").value == 1
    assert result.score("tp", "prediction").aggregation == "pooled over frames"
    fn = [result.score("fn", "prediction", axis_index={"t": t}).value for t in range(3)]
    assert fn == [0, 1, 1]
    assert result.objects["frame"].tolist()[:3] == [{"t": 0}, {"t": 1}, {"t": 2}]


@pytest.mark.parametrize("axes", ["yx", "tyx"])
def test_no_points_on_either_side(axes):
    none = np.empty((0, len(axes)))
    result = points(none, none, axes)
    assert result.score("n_gt", "prediction").value == 0
    f1 = result.score("f1", "prediction")
    assert math.isnan(f1.value)
    assert f1.reason.startswith("both_empty: ")
    assert result.objects.empty


def test_the_radius_is_asked_for():
    with pytest.raises(ComparisonError, match="Set the match radius"):
        points([[0.0, 0]], [[0.0, 0]], radius=None)


def test_points_lie_where_their_own_scale_position_and_units_put_them():
    at, found = np.array([[20.0, 20.0], [70, 70]]), np.array([[42.0, 40.0], [80, 140]])
    truth = Input("truth", at, "yx", (1.0, 1.0), (3.0, 0.0), ("µm", "µm"))
    fine = Input("fine", found, "yx", (500.0, 500.0), (3000.0, 0.0), ("nm", "nm"))
    result = complete(run(case(truth, fine, task=Task.DETECTIONS, radius=5.0)))
    table = result.objects
    assert table["outcome"].tolist() == ["matched", "missed", "matched", "extra"]
    assert table["distance"].tolist()[::2] == [1, 1]
    found = table[["centroid_y", "centroid_x"]].to_numpy()
    np.testing.assert_allclose(found, [[20, 20], [70, 70], [21, 20], [40, 70]])
    np.testing.assert_allclose(entries_of(result, "fine").centroid[1], [0, 40, 70])
