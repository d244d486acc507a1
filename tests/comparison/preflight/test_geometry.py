"""What is found without reading a pixel, and the way out of each."""

from __future__ import annotations

import numpy as np
import pytest

from builders import Unreadable, by_code, compare, remedies
from napari_verdict.comparison.conventions import RAW_UNITS
from napari_verdict.comparison.findings import Severity, blocking
from napari_verdict.comparison.model import Comparison, Input, Task
from napari_verdict.comparison.preflight.checks import preflight_geometry
from napari_verdict.comparison.preflight.decisions import apply_decisions

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


def image(*shape: int, dtype: object = np.float32) -> Unreadable:
    return Unreadable(shape, dtype)


def placed(name: str, shape: tuple[int, ...] = (50, 60), **geometry: object) -> Input:
    return Input(name, image(*shape), "yx", **geometry)  # type: ignore[arg-type]


def accepting(comparison: Comparison, *decisions: str) -> Comparison:
    return comparison.with_settings(decisions=decisions)


def test_two_like_images_are_fine() -> None:
    assert preflight_geometry(compare(image(50, 60), image(50, 60), raw=image(50, 60))) == []


# ---- the choice


def test_without_a_prediction_nothing_is_compared() -> None:
    found = by_code(preflight_geometry(compare(image(5, 6))))
    assert found["no-prediction"].severity is ERROR


def test_a_prediction_that_was_called_raw_is_told_of() -> None:
    renamed = Input("raw (prediction)", image(5, 6), "yx")
    found = by_code(preflight_geometry(compare(image(5, 6), renamed)))["renamed"]
    assert (found.severity, found.candidate) == (INFO, "raw (prediction)")


def test_a_decision_nobody_knows_is_told_of() -> None:
    found = preflight_geometry(
        compare(image(5, 6), image(5, 6), decisions=("corp", "align:a", "align:b"))
    )
    assert [(f.code, f.severity) for f in found] == [("unknown-decision", WARNING)] * 2
    assert "'corp'" in found[0].message
    assert "'align:b'" in found[1].message


# ---- axes


def test_an_unknown_axis_has_to_be_named_once_for_all() -> None:
    comparison = compare(image(7, 50, 60), image(7, 50, 60), axes="?yx")
    found = preflight_geometry(comparison)
    assert [(f.code, f.severity, f.candidate) for f in found] == [("unknown-axes", ERROR, None)]
    assert remedies(found[0]) == ["axis:t", "axis:z", "axis:c"]
    assert "first axis of 7" in found[0].message
    for letter in "tzc":
        named = accepting(comparison, f"axis:{letter}")
        assert preflight_geometry(named) == []
        assert apply_decisions(named).predictions[0].axes == f"{letter}yx"


def test_two_unknown_axes_are_named_one_after_the_other() -> None:
    comparison = compare(image(2, 3, 5, 6), image(2, 3, 5, 6), axes="??yx")
    one = accepting(comparison, "axis:t")
    assert remedies(preflight_geometry(one)[0]) == ["axis:z", "axis:c"]
    assert apply_decisions(accepting(comparison, "axis:t", "axis:z")).ground_truth.axes == "tzyx"


def test_an_unknown_axis_beside_a_named_one_is_offered_that_name() -> None:
    unnamed = Input("a", image(7, 5, 6), "?yx")
    comparison = compare(image(7, 5, 6), unnamed, axes="zyx")
    found = preflight_geometry(comparison)
    assert [remedies(f) for f in found] == [["axis:z"]]
    assert preflight_geometry(accepting(comparison, "axis:z")) == []


def test_more_axes_than_there_are_names_cannot_be_handled() -> None:
    many = (2, 2, 2, 2, 5, 6)
    found = preflight_geometry(compare(image(*many), image(*many), axes="????yx"))
    assert {f.code for f in found} == {"too-many-axes"}


@pytest.mark.parametrize("axes", ["qyx", "yyx", "tzc"])
def test_axes_that_are_no_axes_are_refused(axes: str) -> None:
    found = preflight_geometry(compare(image(3, 5, 6), image(3, 5, 6), axes=axes))
    assert {(f.code, f.severity) for f in found} == {("axes-invalid", ERROR)}


@pytest.mark.parametrize(("shape", "axes"), [((9,), "x"), ((), ""), ((5, 6), "zyx")])
def test_what_is_no_image_is_refused(shape: tuple[int, ...], axes: str) -> None:
    for decisions in ((), ("crop-to-common", "crop-to-overlap", "use-ground-truth-geometry")):
        comparison = compare(image(*shape), image(*shape), axes=axes, decisions=decisions)
        assert by_code(preflight_geometry(comparison))["not-an-image"].severity is ERROR


def test_axes_of_one_size_but_another_name_can_be_read_as_the_ground_truth_s() -> None:
    comparison = compare(image(7, 5, 6), Input("a", image(7, 5, 6), "tyx"), axes="zyx")
    found = by_code(preflight_geometry(comparison))["axes-mismatch"]
    assert (found.severity, remedies(found)) == (ERROR, ["use-ground-truth-axes"])
    accepted = accepting(comparison, "use-ground-truth-axes")
    assert [f.severity for f in preflight_geometry(accepted)] == [INFO]
    assert apply_decisions(accepted).predictions[0].axes == "zyx"


def test_colour_against_grey_is_refused_with_the_way_out() -> None:
    found = preflight_geometry(compare(image(5, 6), Input("a", image(5, 6, 3), "yxc")))
    assert [(f.code, f.severity, f.remedies) for f in found] == [("axes-mismatch", ERROR, ())]
    assert "colour" in found[0].message
    assert preflight_geometry(compare(image(5, 6, 3), image(5, 6, 3), axes="yxc")) == []


def test_a_stack_against_a_plane_is_refused() -> None:
    found = preflight_geometry(compare(image(7, 5, 6), Input("a", image(5, 6), "yx"), axes="zyx"))
    assert [f.code for f in found] == ["axes-mismatch"]


def test_frames_in_another_order_are_refused_but_space_may_come_in_any() -> None:
    swapped = Input("a", image(3, 2, 5, 6), "ctyx")
    found = preflight_geometry(compare(image(2, 3, 5, 6), swapped, axes="tcyx"))
    assert [f.code for f in found] == ["axes-order"]
    other = Input("a", image(6, 5), "xy")
    assert preflight_geometry(compare(image(5, 6), other)) == []


# ---- shape


def test_shapes_that_differ_are_never_resized() -> None:
    comparison = compare(image(512, 510), image(512, 512))
    found = by_code(preflight_geometry(comparison))["shape-mismatch"]
    assert found.severity is ERROR
    assert found.message == (
        "The prediction a is 512 × 512, the ground truth 512 × 510. Nothing was resized. "
        "Crop both to the common 512 × 510 area, or choose another layer."
    )
    assert remedies(found) == ["crop-to-common"]
    assert found.remedies[0].label == "Crop both to 512 × 510"
    after = preflight_geometry(accepting(comparison, "crop-to-common"))
    assert [(f.code, f.severity) for f in after] == [("crop-to-common", INFO)]
    assert "512 × 510" in after[0].message


def test_several_shapes_have_one_common_size() -> None:
    comparison = compare(image(50, 60), image(48, 64), image(50, 60), raw=image(55, 58))
    found = preflight_geometry(comparison)
    assert [(f.code, f.candidate) for f in found] == [
        ("shape-mismatch", "raw"),
        ("shape-mismatch", "a"),
    ]
    assert found[0].remedies[0].label == "Crop all to 48 × 58"


def test_shapes_that_differ_at_known_positions_can_be_cropped_to_their_overlap() -> None:
    comparison = compare(placed("t"), placed("a", (40, 40), translate=(5.0, 10.0)))
    found = by_code(preflight_geometry(comparison))["shape-mismatch"]
    assert remedies(found) == ["crop-to-overlap", "crop-to-common"]
    accepted = accepting(comparison, "crop-to-overlap")
    assert not blocking(preflight_geometry(accepted))


def test_an_image_without_pixels_is_refused() -> None:
    found = preflight_geometry(compare(image(5, 6), image(0, 6)))
    assert {(f.code, f.candidate) for f in found} == {("empty-image", "a")}


def test_an_ignore_mask_has_the_ground_truth_s_shape() -> None:
    wrong = compare(image(5, 6), image(5, 6), ignore=image(5, 5, dtype=bool))
    assert by_code(preflight_geometry(wrong))["ignore-shape"].severity is ERROR
    right = compare(image(5, 6), image(5, 6), ignore=image(5, 6, dtype=bool))
    assert preflight_geometry(right) == []


# ---- scale, units, position


def test_a_scale_that_differs_is_a_warning_and_accepting_settles_it() -> None:
    truth = placed("t", scale=(0.65, 0.65), units=("micrometer", "micrometer"))
    comparison = compare(truth, placed("a"))
    found = by_code(preflight_geometry(comparison))["scale-mismatch"]
    assert found.severity is WARNING
    assert found.message.startswith(
        "Scale differs: a pixel of the prediction a is 1 px, of the ground truth 0.65 µm."
    )
    assert [(r.id, r.label) for r in found.remedies] == [
        ("use-ground-truth-geometry", "Use 0.65 µm")
    ]
    accepted = accepting(comparison, "use-ground-truth-geometry")
    assert [f.severity for f in preflight_geometry(accepted)] == [INFO]
    assert apply_decisions(accepted).predictions[0].scale == (0.65, 0.65)


def test_a_scale_that_differs_with_the_shape_may_come_from_resampling() -> None:
    comparison = compare(placed("t"), placed("a", (25, 30), scale=(2.0, 2.0)))
    found = by_code(preflight_geometry(comparison))
    assert "resampled" in found["scale-mismatch"].message
    assert "shape-mismatch" in found


def test_only_the_unit_may_differ() -> None:
    comparison = compare(placed("t", units=("micrometer",) * 2), placed("a"))
    assert [f.code for f in preflight_geometry(comparison)] == ["units-mismatch"]


@pytest.mark.parametrize(
    ("scale", "unit"), [((650.0, 650.0), "nanometer"), ((0.65, 0.65), "µm"), ((0.6502, 0.65), "um")]
)
def test_one_size_in_other_words_is_one_size(scale: tuple[float, ...], unit: str) -> None:
    truth = placed("t", scale=(0.65, 0.65), units=("micrometer",) * 2)
    assert preflight_geometry(compare(truth, placed("a", scale=scale, units=(unit,) * 2))) == []


def test_a_position_off_by_whole_pixels_offers_the_overlap() -> None:
    truth = placed("t", scale=(0.5, 0.5), translate=(10.0, 10.0))
    comparison = compare(truth, placed("a", scale=(0.5, 0.5), translate=(12.0, 9.0)))
    found = by_code(preflight_geometry(comparison))["translate-mismatch"]
    assert found.severity is WARNING
    assert "+4 px along y, -2 px along x" in found.message
    assert remedies(found) == ["crop-to-overlap", "use-ground-truth-geometry"]
    assert "46 × 58" in found.remedies[0].label
    for decision in remedies(found):
        after = preflight_geometry(accepting(comparison, decision))
        assert [(f.code, f.severity) for f in after] == [(decision, INFO)]


def test_a_position_off_by_part_of_a_pixel_cannot_be_cropped() -> None:
    found = preflight_geometry(compare(placed("t"), placed("a", translate=(0.5, 0.0))))
    assert [remedies(f) for f in found] == [["use-ground-truth-geometry"]]


def test_positions_without_overlap_are_told_of() -> None:
    found = preflight_geometry(compare(placed("t"), placed("a", translate=(500.0, 0.0))))
    assert "share no pixel" in found[0].message
    assert remedies(found[0]) == ["use-ground-truth-geometry"]


@pytest.mark.parametrize("scale", [(0.0, 1.0), (float("nan"), 1.0)])
def test_a_scale_that_is_none_does_no_harm(scale: tuple[float, ...]) -> None:
    found = preflight_geometry(compare(placed("t", scale=scale), placed("a")))
    assert [f.code for f in found] == ["scale-mismatch"]


# ---- dtype


@pytest.mark.parametrize("dtype", [complex, object, "datetime64[s]", "U3"])
def test_what_is_not_a_real_number_is_refused(dtype: object) -> None:
    found = preflight_geometry(compare(image(5, 6), image(5, 6, dtype=dtype)))
    assert [(f.code, f.severity, f.candidate) for f in found] == [("dtype", ERROR, "a")]


def test_a_mask_given_as_an_image_is_told_of() -> None:
    found = preflight_geometry(compare(image(5, 6), image(5, 6, dtype=bool)))
    assert [(f.code, f.severity) for f in found] == [("mask-as-image", WARNING)]


def test_dtypes_matter_only_where_nothing_is_fitted() -> None:
    truth, prediction = image(5, 6, dtype=np.uint8), image(5, 6)
    assert preflight_geometry(compare(truth, prediction)) == []
    found = preflight_geometry(compare(truth, prediction, convention=RAW_UNITS))
    assert [(f.code, f.severity) for f in found] == [("dtype-differs", WARNING)]


# ---- points


def test_points_need_a_radius_and_a_column_an_axis() -> None:
    points = image(9, 2)
    assert preflight_geometry(compare(points, points, task=Task.DETECTIONS, radius=3.0)) == []
    found = by_code(preflight_geometry(compare(points, points, task=Task.DETECTIONS)))
    assert found["no-radius"].severity is ERROR
    wrong = compare(points, image(9, 3), task=Task.DETECTIONS, radius=3.0)
    assert by_code(preflight_geometry(wrong))["points-shape"].candidate == "a"


def test_points_elsewhere_can_be_converted() -> None:
    def points(name: str, **geometry: object) -> Input:
        return Input(name, np.array([[2.0, 4.0]]), "yx", **geometry)  # type: ignore[arg-type]

    comparison = compare(
        points("t"),
        points("a", scale=(0.5, 0.5), translate=(1.0, 0.0)),
        points("b", translate=(1.0, 0.0)),
        task=Task.DETECTIONS,
        radius=1.0,
    )
    found = by_code(preflight_geometry(comparison))
    assert remedies(found["scale-mismatch"])[0] == "convert-coordinates"
    assert remedies(found["translate-mismatch"])[0] == "convert-coordinates"
    accepted = accepting(comparison, "convert-coordinates")
    assert [f.severity for f in preflight_geometry(accepted)] == [INFO]
    a, b = apply_decisions(accepted).predictions
    assert a.data.tolist() == [[2.0, 2.0]]
    assert b.data.tolist() == [[3.0, 4.0]]
    assert comparison.predictions[0].data.tolist() == [[2.0, 4.0]]
