"""The status bar says what lies under the cursor, and stays napari's elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_verdict import compare_images, compare_labels
from napari_verdict.comparison.restoration.places import worst_places
from napari_verdict.viewer.hover import Hover
from napari_verdict.viewer.places import data_position, go_to_index, value_at


@pytest.fixture
def scene():
    gt = np.zeros((20, 20), np.uint16)
    gt[2:8, 2:8] = 3
    pred = np.zeros_like(gt)
    pred[2:8, 2:8], pred[12:16, 12:16] = 7, 9
    viewer = ViewerModel()
    layer = viewer.add_labels(gt, scale=(0.5, 0.5), units=("um", "um"))
    hover = Hover(viewer)
    hover.follow(compare_labels({"p": pred}, gt), layer, "p")
    return viewer, hover


def test_objects_on_both_sides_are_described(scene):
    _, hover = scene
    text = hover.describe((2.0, 2.0))
    assert "ground-truth object 3: matched with predicted object 7" in text
    assert "predicted object 7: matched" in text
    assert "extra" in hover.describe((7.0, 7.0))
    assert hover.describe((0.0, 0.0)) == ""
    assert hover.describe((500.0, -3.0)) == ""


def test_our_text_outlives_what_napari_writes_after_it(scene):
    viewer, _ = scene
    viewer.cursor.position = (2.0, 2.0)
    viewer.status = "what napari says"
    assert "object 3" in viewer.status
    viewer.cursor.position = (0.0, 0.0)
    viewer.status = "what napari says"
    assert viewer.status == "what napari says"


def test_it_stops(scene):
    viewer, hover = scene
    viewer.cursor.position = (2.0, 2.0)
    hover.stop()
    viewer.status = "quiet"
    viewer.cursor.position = (2.1, 2.1)
    assert viewer.status == "quiet"


def test_cropped_labels_are_looked_up_where_they_are(scene):
    viewer, hover = scene
    result = hover._result
    truth = result.comparison.ground_truth
    request = replace(result.comparison, ground_truth=replace(truth, translate=(-4.0, 0.0)))
    hover.follow(replace(result, request=request), viewer.layers[0], "p")
    # what was compared begins four pixels below the layer's first row
    assert "object 3" in hover.describe(((4 + 4) * 0.5, 2.0))


def test_frames_have_ids_of_their_own():
    gt = np.zeros((2, 8, 8), np.uint16)
    gt[0, :4, :4] = gt[1, 4:, 4:] = 5
    pred = np.zeros_like(gt)
    pred[0, :4, :4] = 1
    viewer = ViewerModel()
    layer = viewer.add_labels(gt)
    hover = Hover(viewer)
    hover.follow(compare_labels({"p": pred}, gt, axes="tyx"), layer, "p")
    assert "matched" in hover.describe((0, 1, 1))
    assert "missed" in hover.describe((1, 6, 6))


def test_units_of_layer_and_viewer_are_brought_together():
    viewer = ViewerModel()
    viewer.add_image(np.zeros((4, 4)), units=("nm", "nm"))
    layer = viewer.add_image(np.zeros((4, 4)), units=("um", "um"), scale=(0.5, 0.5))
    assert data_position(viewer, layer, (1000.0, 500.0)) == pytest.approx([2, 1])


def test_in_3d_what_one_looks_at_is_described_not_what_lies_behind_it():
    gt = np.zeros((2, 12, 20, 20), np.uint16)
    gt[1, 2:4, 4:9, 4:9], gt[1, 8:10, 4:12, 4:12], gt[0, :, 4:9, 4:9] = 3, 5, 8
    pred = np.zeros_like(gt)
    pred[1, 2:4, 4:9, 4:9] = 7
    place = {"scale": (1, 2, 0.5, 0.5), "axis_labels": ("t", "z", "y", "x")}
    viewer = ViewerModel()
    layer = viewer.add_labels(gt, **place)
    viewer.dims.ndisplay = 3
    viewer.dims.set_current_step(0, 1)
    hover = Hover(viewer)
    hover.follow(compare_labels({"p": pred}, gt, axes="tzyx"), layer, "p")
    viewer.scene.camera.set_view_direction((1, 0, 0), (0, -1, 0))
    middle = 12.0  # of the volume, where the cursor is in 3D
    assert hover.describe((1, middle, 3.0, 3.0)).startswith(
        "ground-truth object 3: matched with predicted object 7"
    )
    assert hover.describe((1, middle, 5.0, 5.0)).startswith("ground-truth object 5: missed")
    assert hover.describe((1, middle, 8.0, 8.0)) == ""
    viewer.scene.camera.set_view_direction((-1, 0, 0), (0, -1, 0))
    assert hover.describe((1, middle, 3.0, 3.0)).startswith("ground-truth object 5: missed")


def test_values_are_read_within_arrays_only():
    data = np.arange(6).reshape(2, 3)
    assert value_at(data, (1.4, 1.6)) == 5
    assert value_at(data, (-0.6, 0)) is None
    assert value_at(data, (0, 3)) is None
    assert value_at([[1]], (0, 0)) is None


def test_the_slider_of_a_named_axis_moves():
    viewer = ViewerModel()
    viewer.add_image(np.zeros((5, 4, 8, 8)))
    go_to_index(viewer, "zyx", "z", 2)
    assert viewer.dims.current_step[:2] == (viewer.dims.current_step[0], 2)


def test_a_place_of_a_restoration_says_its_kind_and_value(rng):
    truth = rng.random((40, 40))
    cnn = truth + rng.normal(0, 0.05, truth.shape)
    cnn[20:28, 10:18] += 3
    result = compare_images({"cnn": cnn}, truth)
    viewer = ViewerModel()
    layer = viewer.add_image(truth, scale=(0.5, 0.5), units=("um", "um"))
    hover = Hover(viewer)
    hover.follow(result, layer, "cnn")
    assert hover.describe((12.0, 7.0)) == ""
    entries = worst_places(result, "cnn", scale=8)
    hover.list(entries)
    text = hover.describe((12.0, 7.0))
    assert text.startswith("too bright: place 1, ")
    assert f"{entries.value_name} {entries.value[0]:.3g}" in text
    assert hover.describe((-5.0, 7.0)) == ""
    hover.follow(result, layer, "another")
    assert hover.describe((12.0, 7.0)) == ""


def test_where_the_mouse_has_left_the_image_others_are_heard(scene):
    viewer, _ = scene
    viewer.mouse_over_canvas = True
    viewer.cursor.position = (2.0, 2.0)
    viewer.status = ""  # as napari does just before it says that the mouse has left
    viewer.mouse_over_canvas = False
    assert viewer.status == ""
    viewer.status = "Saved"
    assert viewer.status == "Saved"
