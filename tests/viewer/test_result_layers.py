"""Results become layers that lie on the ground truth, and are updated in place."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_verdict import compare_images, compare_labels, compare_points
from napari_verdict.viewer.result_layers import (
    OUT_OF_DATE,
    arrange_colour_bars,
    draw,
    find,
    first_names,
    map_limits,
    names_for,
    prepare,
    raw_difference,
    result_layers,
    set_out_of_date,
)


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def restored(rng):
    gt = rng.random((32, 40)) * 100
    noise = rng.normal(0, 10, gt.shape)
    return compare_images({"good": gt + noise / 5, "bad": gt + noise}, gt, raw=gt + 2 * noise)


def two_squares():
    gt = np.zeros((20, 20), np.uint16)
    gt[2:9, 2:9], gt[12:18, 12:18] = 1, 2
    pred = np.zeros_like(gt)
    pred[2:9, 2:9], pred[2:6, 12:16] = 7, 9
    return pred, gt


def drawn(viewer, reference, result, candidate):
    names = names_for(result)
    return {d.name: draw(viewer, reference, d) for d in prepare(result, candidate, names)}


def test_maps_take_geometry_units_and_labels_from_the_ground_truth(viewer, restored):
    reference = viewer.add_image(
        np.zeros((32, 40)),
        scale=(0.5, 0.5),
        translate=(3, 4),
        rotate=20,
        units=("um", "um"),
        axis_labels=("y", "x"),
    )
    for layer in drawn(viewer, reference, restored, "good").values():
        for name in ("scale", "translate", "rotate", "shear"):
            np.testing.assert_allclose(getattr(layer, name), getattr(reference, name))
        np.testing.assert_allclose(layer.affine.affine_matrix, reference.affine.affine_matrix)
        assert layer.units == reference.units
        assert layer.axis_labels == reference.axis_labels
        assert layer.extent.world.tolist() == reference.extent.world.tolist()


def test_names_limits_and_colours_say_what_a_map_is(viewer, restored):
    reference = viewer.add_image(np.zeros((32, 40)))
    layers = drawn(viewer, reference, restored, "good")
    assert layers["ssim"].name == "SSIM · good"
    assert layers["rse"].name == "RSE · good"
    assert layers["gain"].name == "gain · good"
    assert layers["ssim"].contrast_limits == [0, 1]
    low, high = layers["gain"].contrast_limits
    assert low == -high
    # yellow agrees: high SSIM, low RSE
    np.testing.assert_allclose(
        layers["ssim"].colormap.map(1.0), layers["rse"].colormap.map(0.0), atol=1e-6
    )


def test_candidates_share_one_scale(restored):
    tops = [np.percentile(np.abs(restored.maps[c]["rse"]), 99) for c in ("good", "bad")]
    assert map_limits(restored, "rse") == pytest.approx((0, max(tops)))


def test_raw_has_no_gain(restored):
    assert {d.name for d in prepare(restored, "raw", names_for(restored))} == {
        "ssim", "rse", "difference"
    }  # fmt: skip


def test_drawing_again_updates_in_place_even_when_renamed(viewer, restored):
    reference = viewer.add_image(np.zeros((32, 40)))
    first = drawn(viewer, reference, restored, "good")
    first["ssim"].name = "my favourite"
    again = drawn(viewer, reference, restored, "good")
    assert first == again
    assert len(result_layers(viewer)) == 4
    assert find(viewer, "good", "ssim").name == "my favourite"


def test_another_shape_is_drawn_in_place(viewer, restored, rng):
    reference = viewer.add_image(np.zeros((32, 40)))
    first = drawn(viewer, reference, restored, "good")["ssim"]
    gt = rng.random((16, 16))
    other = compare_images({"good": gt + 0.1 * rng.random(gt.shape)}, gt)
    assert drawn(viewer, viewer.add_image(gt), other, "good")["ssim"] is first
    assert first.data.shape == (16, 16)


def test_only_the_map_on_top_has_a_colour_bar_unless_side_by_side(viewer, restored):
    reference = viewer.add_image(np.zeros((32, 40)))
    layers = drawn(viewer, reference, restored, "good")
    arrange_colour_bars(viewer)
    assert [n for n, x in layers.items() if x.colorbar.visible] == ["ssim"]
    layers["ssim"].visible = False
    arrange_colour_bars(viewer)
    assert [n for n, x in layers.items() if x.colorbar.visible] == ["rse"]
    viewer.canvas.grid.enabled = True
    arrange_colour_bars(viewer)
    assert sum(x.colorbar.visible for x in layers.values()) == 3


def test_rgb_maps_have_channels_first(viewer, rng):
    gt = rng.random((16, 20, 3))
    result = compare_images({"p": gt + 0.1 * rng.random(gt.shape)}, gt, axes="yxc")
    reference = viewer.add_image(gt, rgb=True, scale=(2, 2))
    layer = drawn(viewer, reference, result, "p")["ssim"]
    assert layer.data.shape == (3, 16, 20)
    assert layer.scale.tolist() == [1, 2, 2]


def test_overlays_are_small_class_layers(viewer):
    pred, gt = two_squares()
    result = compare_labels({"p": pred}, gt)
    layers = drawn(viewer, viewer.add_labels(gt), result, "p")
    assert list(layers) == ["ground-truth objects", "predicted objects", "pixels"]
    for layer in layers.values():
        assert layer.data.dtype == np.uint8
        assert len(layer.colormap.color_dict) <= 7  # napari adds 0 to our six
        assert None in layer.colormap.color_dict
    truth, predicted = layers["ground-truth objects"], layers["predicted objects"]
    assert (truth.data[4, 4], truth.data[14, 14]) == (1, 3)
    # outlines two pixels wide, made once: napari would trace them at every threshold
    assert (predicted.data[3, 3], predicted.data[3, 13], predicted.data[5, 5]) == (1, 2, 0)
    assert (truth.contour, predicted.contour) == (0, 0)


def test_cropped_results_lie_where_their_pixels_are(viewer):
    pred, gt = two_squares()
    shifted = viewer.add_labels(gt, translate=(10, 10))
    result = compare_labels({"p": pred}, gt)
    # as if four rows and columns had been cropped away
    from dataclasses import replace

    truth = replace(result.comparison.ground_truth, translate=(4.0, 4.0))
    cropped = replace(
        result, comparison=replace(result.comparison, ground_truth=truth), request=result.comparison
    )
    layer = draw(viewer, shifted, prepare(cropped, "p", {"pixels"})[0])
    assert layer.translate.tolist() == [14, 14]


def test_detections_are_points_told_apart_by_symbol(viewer):
    result = compare_points(
        {"p": np.array([[1.0, 1], [9, 9]])}, np.array([[1.0, 2], [20, 20]]), radius=3
    )
    layer = drawn(viewer, viewer.add_points(np.zeros((1, 2))), result, "p")["detections"]
    by_outcome = dict(zip(layer.features["kind"], layer.symbol, strict=True))
    assert set(by_outcome) == {"matched", "missed", "extra"}
    assert len({str(s) for s in by_outcome.values()}) == 3
    assert layer.data.tolist() == [[1, 2], [20, 20], [9, 9]]


def test_no_detection_at_all_is_an_empty_layer(viewer):
    result = compare_points({"p": np.zeros((0, 2))}, np.zeros((0, 2)), radius=3)
    layer = drawn(viewer, viewer.add_points(np.zeros((1, 2))), result, "p")["detections"]
    assert len(layer.data) == 0


@pytest.mark.parametrize(
    ("task", "first"),
    [
        ("instances", {"ground-truth objects", "predicted objects"}),
        ("foreground", {"pixels"}),
        ("semantic", {"pixels"}),
    ],
)
def test_what_is_shown_first(task, first):
    pred, gt = two_squares()
    assert first_names(compare_labels({"p": pred}, gt, task=task)) == first


def test_layers_say_when_they_are_out_of_date(viewer, restored):
    layer = drawn(viewer, viewer.add_image(np.zeros((32, 40))), restored, "good")["ssim"]
    set_out_of_date([layer], True)
    set_out_of_date([layer], True)
    assert layer.name == "SSIM · good" + OUT_OF_DATE
    set_out_of_date([layer], False)
    assert layer.name == "SSIM · good"


def test_a_constant_difference_to_raw_is_drawn():
    from napari_verdict.comparison.model import Input

    raw = Input("raw", np.zeros((4, 4)), "yx")
    assert raw_difference(np.zeros((4, 4), np.float32), "p", raw).limits == (-1, 1)
    assert raw_difference(np.full((4, 4), np.nan, np.float32), "p", raw).limits == (-1, 1)
