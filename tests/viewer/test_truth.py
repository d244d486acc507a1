"""The layer that is labelled on lies just where raw lies."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_verdict.viewer.layers import guess_roles
from napari_verdict.viewer.truth import AMBIGUOUS, TRUTH, add_labels_like, arm

PLACED = {
    "scale": (2.0, 0.5, 0.25),
    "translate": (1.0, 2.0, 3.0),
    "rotate": [[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]],
    "shear": (0.0, 0.0, 0.3),
    "affine": np.diag([1.0, 2.0, 3.0, 1.0]),
    "units": ("um", "nm", "nm"),
    "axis_labels": ("z", "y", "x"),
}


def test_it_has_shape_and_place_of_raw():
    viewer = ViewerModel()
    raw = viewer.add_image(np.zeros((3, 8, 9)), **PLACED)
    truth = add_labels_like(viewer, raw, TRUTH)
    assert truth.data.shape == (3, 8, 9)
    assert truth.units == raw.units
    assert truth.axis_labels == raw.axis_labels
    for corner in ((0, 0, 0), (2, 7, 8), (1, 0, 5)):
        np.testing.assert_allclose(truth.data_to_world(corner), raw.data_to_world(corner))


def test_channels_of_rgb_are_no_axis_and_multiscale_counts_at_full_resolution():
    viewer = ViewerModel()
    rgb = viewer.add_image(np.zeros((8, 9, 3), np.uint8), rgb=True)
    levels = viewer.add_image([np.zeros((8, 10)), np.zeros((4, 5))], multiscale=True)
    assert add_labels_like(viewer, rgb, TRUTH).data.shape == (8, 9)
    assert add_labels_like(viewer, levels, TRUTH).data.shape == (8, 10)


def test_channels_in_front_are_no_axis_where_they_share_their_labels():
    viewer = ViewerModel()
    raw = viewer.add_image(np.zeros((2, 8, 9)), **PLACED | {"shear": (0, 0, 0)})
    truth = add_labels_like(viewer, raw, TRUTH, axes="yx")
    assert truth.data.shape == (8, 9)
    assert truth.units == raw.units[1:]
    assert truth.axis_labels == raw.axis_labels[1:]
    for corner in ((0, 0), (7, 8), (0, 5)):
        np.testing.assert_allclose(truth.data_to_world(corner), raw.data_to_world((0, *corner))[1:])
    mask = add_labels_like(viewer, truth, AMBIGUOUS)
    np.testing.assert_allclose(mask.data_to_world((3, 4)), truth.data_to_world((3, 4)))


def test_the_camera_stays():
    viewer = ViewerModel()
    raw = viewer.add_image(np.zeros((80, 90)))
    viewer.scene.camera.center, viewer.scene.camera.zoom = (0, 20, 30), 7.0
    add_labels_like(viewer, raw, TRUTH)
    assert viewer.scene.camera.zoom == 7.0
    assert tuple(viewer.scene.camera.center)[-2:] == (20, 30)


def test_labels_of_another_image_are_refused():
    viewer = ViewerModel()
    raw = viewer.add_image(np.zeros((8, 9)))
    with pytest.raises(ValueError, match="8 × 8 pixels, “Image” is 8 × 9"):
        add_labels_like(viewer, raw, TRUTH, np.zeros((8, 8), int))


def test_the_other_docks_take_it_for_the_ground_truth_and_the_mask_for_no_prediction():
    raw = Image(np.zeros((8, 9)), name="raw")
    viewer = ViewerModel()
    viewer.add_layer(raw)
    predicted = viewer.add_labels(np.eye(9, dtype=int)[:8], name="stardist")
    truth = add_labels_like(viewer, raw, TRUTH)
    add_labels_like(viewer, raw, AMBIGUOUS)
    roles = guess_roles(viewer.layers)
    assert roles.ground_truth is truth
    assert roles.predictions == (predicted,)


def test_arming_shows_selects_and_takes_the_tool():
    viewer = ViewerModel()
    raw = viewer.add_image(np.zeros((8, 9)))
    truth = add_labels_like(viewer, raw, TRUTH)
    truth.visible, viewer.layers.selection.active = False, raw
    arm(viewer, truth, "polygon")
    assert truth.visible
    assert viewer.layers.selection.active is truth
    assert truth.mode == "polygon"
