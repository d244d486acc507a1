"""A tile is framed, its plane is gone to, and the rest is dimmed."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_verdict.viewer.spotlight import ELSEWHERE, FAR, NEAR, WIDTH, Spotlight

TILE, WINDOW = (2, 3, 40, 60, 20, 50), (2, 3, 32, 68, 12, 58)
PLACED = {"scale": (3.0, 0.5, 0.5), "translate": (1.0, 5.0, 7.0)}


@pytest.fixture
def viewer():
    viewer = ViewerModel()
    viewer.add_image(np.zeros((5, 100, 120)), name="raw", axis_labels=("z", "y", "x"), **PLACED)
    return viewer


def light(viewer):
    spot = Spotlight(viewer)
    spot.show(viewer.layers["raw"], "zyx", (), TILE, WINDOW)
    return spot


def darkness(spot, y, x):
    """How dark a pixel of raw is."""
    raw = spot._raw
    here = np.array([spot._viewer.dims.current_step[0], y, x], float)
    place = spot.layer.world_to_data(np.asarray(raw.data_to_world(here))[-2:])
    dark = 0.0
    for corners, face in zip(spot.layer.data, spot.layer.face_color, strict=True):
        if (corners.min(axis=0) < place).all() and (place < corners.max(axis=0)).all():
            dark = max(dark, float(face[3]))
    return dark


def test_the_tile_is_light_its_margin_dim_and_the_rest_dark(viewer):
    spot = light(viewer)
    for y, x in ((40, 20), (59, 49), (50, 30)):
        assert darkness(spot, y, x) == 0
    for y, x in ((39, 30), (60, 30), (50, 19), (50, 50), (33, 13)):
        assert darkness(spot, y, x) == pytest.approx(NEAR)
    for y, x in ((31, 30), (68, 30), (50, 11), (50, 58), (0, 0), (99, 119)):
        assert darkness(spot, y, x) == pytest.approx(FAR)


def test_camera_and_sliders_go_there(viewer):
    spot = light(viewer)
    assert viewer.dims.current_step[0] == 2
    middle = viewer.layers["raw"].data_to_world((2, 49.5, 34.5))
    np.testing.assert_allclose(viewer.scene.camera.center[-2:], middle[-2:])
    assert spot.is_inside


def test_other_planes_are_dark_all_over(viewer):
    spot = light(viewer)
    viewer.dims.set_current_step(0, 3)
    assert not spot.is_inside
    assert darkness(spot, 50, 30) == pytest.approx(ELSEWHERE)
    viewer.dims.set_current_step(0, 2)
    assert darkness(spot, 50, 30) == 0


def test_frames_are_stepped_to_as_well():
    viewer = ViewerModel()
    raw = viewer.add_image(np.zeros((4, 3, 90, 90)), axis_labels=("t", "z", "y", "x"))
    spot = Spotlight(viewer)
    spot.show(raw, "tzyx", (3,), (1, 2, 0, 30, 0, 30), (1, 2, 0, 40, 0, 40))
    assert viewer.dims.current_step[:2] == (3, 1)
    assert spot.is_inside
    viewer.dims.set_current_step(0, 0)
    assert not spot.is_inside


def test_it_lies_over_layers_that_are_rotated_and_in_other_units():
    viewer = ViewerModel()
    raw = viewer.add_image(np.zeros((90, 90)), rotate=30, scale=(0.2, 0.2), units=("um", "um"))
    spot = Spotlight(viewer)
    spot.show(raw, "yx", (), (0, 1, 10, 30, 20, 60), (0, 1, 2, 38, 12, 68))
    frame = spot.layer.data[-1]
    world = [spot.layer.data_to_world(c) for c in frame]
    expected = [
        raw.data_to_world(c) for c in ((9.5, 19.5), (9.5, 59.5), (29.5, 59.5), (29.5, 19.5))
    ]
    np.testing.assert_allclose(world, expected)
    assert spot.layer.units == raw.units


def test_the_next_tile_takes_the_same_layer_and_painting_goes_on(viewer):
    truth = viewer.add_labels(np.zeros((5, 100, 120), int))
    spot = light(viewer)
    layer = spot.layer
    assert viewer.layers.selection.active is truth
    spot.show(viewer.layers["raw"], "zyx", (), (4, 5, 0, 20, 0, 20), (4, 5, 0, 28, 0, 28))
    assert spot.layer is layer
    assert darkness(spot, 10, 10) == 0
    assert darkness(spot, 50, 30) == pytest.approx(FAR)
    assert viewer.layers.selection.active is truth


def test_a_tile_in_the_middle_after_another_is_lit_and_framed_as_the_first(viewer):
    spot = light(viewer)
    faces, edges = spot.layer.face_color.copy(), spot.layer.edge_color.copy()
    width = spot.layer.edge_width[-1]
    tile, window = (2, 3, 50, 60, 60, 70), (2, 3, 46, 64, 56, 74)  # smaller, so it is seen larger
    spot.show(viewer.layers["raw"], "zyx", (), tile, window)
    np.testing.assert_array_equal(spot.layer.face_color, faces)
    np.testing.assert_array_equal(spot.layer.edge_color, edges)
    assert darkness(spot, 55, 65) == 0
    assert darkness(spot, 48, 65) == pytest.approx(NEAR)
    assert darkness(spot, 40, 30) == pytest.approx(FAR)
    corners = spot.layer.data[-1]
    np.testing.assert_allclose(
        [corners.min(axis=0), corners.max(axis=0)], [[49.5, 59.5], [59.5, 69.5]]
    )
    assert spot.layer.edge_width[-1] < 0.9 * width
    assert spot.layer.edge_width[-1] * viewer.scene.camera.zoom == pytest.approx(
        WIDTH / abs(viewer.layers["raw"].scale[-2:]).min()
    )


def test_it_is_hidden_in_3d_and_gone_when_taken_away(viewer):
    spot = light(viewer)
    viewer.dims.ndisplay = 3
    assert not spot.layer.visible
    viewer.dims.ndisplay = 2
    assert spot.layer.visible
    spot.remove()
    assert spot.layer is None
    viewer.dims.set_current_step(0, 0)
    assert spot.layer is None
