"""Camera and sliders go to a place, whatever units and dimensions, and back."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_verdict.viewer.fly import Flight, View
from napari_verdict.viewer.places import data_position, world_position


def labels(*shape):
    return np.zeros(shape, np.uint8)


@pytest.fixture
def viewer():
    viewer = ViewerModel()
    viewer.canvas.size = (400, 600)
    return viewer


def test_the_middle_of_the_box_is_centred_and_fits_with_context(viewer):
    layer = viewer.add_labels(labels(500, 500))
    Flight(viewer).to(layer, [99.5, 199.5], [139.5, 219.5])
    assert viewer.scene.camera.center[-2:] == pytest.approx((119.5, 209.5))
    # 40 rows take three tenths of the 400 pixels of the canvas
    assert viewer.scene.camera.zoom == pytest.approx(3.0)


def test_a_tiny_object_is_not_blown_up_beyond_its_surroundings(viewer):
    layer = viewer.add_labels(labels(500, 500))
    Flight(viewer).to(layer, [9.5, 9.5], [10.5, 10.5])
    assert viewer.scene.camera.zoom == pytest.approx(10.0)


def test_frames_and_planes_are_stepped_to(viewer):
    layer = viewer.add_labels(labels(500, 8, 30, 30))
    Flight(viewer).to(layer, [321, 1.5, 4.5, 4.5], [321, 5.5, 9.5, 9.5])
    assert viewer.dims.current_step[:2] == (321, 3)


def test_units_that_disagree_lead_to_the_right_plane(viewer):
    viewer.add_image(labels(5, 90, 90), scale=(500, 100, 100), units=("nm",) * 3)
    layer = viewer.add_labels(labels(5, 90, 90), scale=(0.5, 0.1, 0.1), units=("µm",) * 3)
    Flight(viewer).to(layer, [3.5, 19.5, 29.5], [4.5, 39.5, 49.5])
    assert viewer.dims.current_step[0] == 4
    assert viewer.scene.camera.center[-2:] == pytest.approx((2950, 3950))


def test_positions_go_to_the_world_and_come_back_whatever_the_units(viewer):
    viewer.add_image(labels(9, 9), scale=(3, 3), units=("nm", "nm"))
    layer = viewer.add_labels(labels(9, 9), scale=(2, 4), translate=(1, 0), units=("µm", "nm"))
    world = world_position(viewer, layer, [3, 5])
    assert world == pytest.approx([7000, 20])
    assert data_position(viewer, layer, world) == pytest.approx([3, 5])


def test_a_flat_layer_leaves_the_sliders_it_has_not_alone(viewer):
    viewer.add_image(labels(7, 50, 50))
    viewer.dims.set_current_step(0, 5)
    flat = viewer.add_labels(labels(50, 50))
    Flight(viewer).to(flat, [9.5, 9.5], [19.5, 19.5])
    assert viewer.dims.current_step[0] == 5


def test_in_3d_the_box_is_centred_in_depth_too(viewer):
    layer = viewer.add_labels(labels(20, 50, 50), scale=(2, 1, 1))
    viewer.dims.ndisplay = 3
    Flight(viewer).to(layer, [3.5, 9.5, 19.5], [7.5, 19.5, 29.5])
    assert viewer.scene.camera.center == pytest.approx((11, 14.5, 24.5))


def test_swapped_axes_are_centred_in_their_order(viewer):
    layer = viewer.add_labels(labels(40, 50))
    viewer.dims.order = (1, 0)
    Flight(viewer).to(layer, [4.5, 29.5], [9.5, 39.5])
    assert viewer.scene.camera.center[-2:] == pytest.approx((34.5, 7))


def test_back_returns_to_where_a_person_was(viewer):
    layer = viewer.add_labels(labels(9, 200, 200))
    viewer.dims.set_current_step(0, 2)
    viewer.scene.camera.center, viewer.scene.camera.zoom = (0, 50, 60), 1.5
    before = View.of(viewer)
    flight = Flight(viewer)
    for z in (4, 6, 8):  # going on from place to place leaves one point to return to
        flight.to(layer, [z - 0.5, 9.5, 9.5], [z + 0.5, 19.5, 19.5])
    assert flight.can_return
    assert flight.back()
    assert View.of(viewer) == before
    assert not flight.back()


def test_back_goes_through_places_looked_at_in_between(viewer):
    layer = viewer.add_labels(labels(200, 200))
    flight = Flight(viewer)
    flight.to(layer, [9.5, 9.5], [19.5, 19.5])
    viewer.scene.camera.center = (0, 77, 88)
    flight.to(layer, [99.5, 9.5], [109.5, 19.5])
    flight.back()
    assert viewer.scene.camera.center[-2:] == (77, 88)


def test_back_survives_a_change_of_dimensions(viewer):
    deep = viewer.add_labels(labels(9, 50, 50))
    flight = Flight(viewer)
    flight.to(deep, [3.5, 9.5, 9.5], [4.5, 19.5, 19.5])
    viewer.layers.remove(deep)
    viewer.add_labels(labels(50, 50))
    assert flight.back()
