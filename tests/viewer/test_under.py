"""What is listed is found under the mouse: places by their boxes, detections within reach."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_verdict import compare_images, compare_points
from napari_verdict.comparison.listing import entries_of
from napari_verdict.comparison.restoration.places import worst_places
from napari_verdict.viewer.under import entry_under

LOOKING_DOWN, LOOKING_UP = (1, 0, 0), (-1, 0, 0)


@pytest.fixture
def detections():
    """Points (20, 20) and (70, 70) of which one is found, and (40, 70) that is not there."""
    truth = np.array([[20.0, 20.0], [70, 70]])
    result = compare_points(np.array([[21.0, 20.0], [40, 70]]), truth, radius=5)
    viewer = ViewerModel()
    layer = viewer.add_points(truth, scale=(0.5, 0.5))
    entries = entries_of(result, next(iter(result.comparison.candidates)))

    def under(*pixel):
        row = entry_under(viewer, result, layer, entries, np.array(pixel) * 0.5)
        return "" if row < 0 else f"{entries.kinds[entries.kind[row]]} {entries.id[row]}"

    return under


def test_a_detection_is_under_the_mouse_within_the_match_radius(detections):
    assert detections(70, 70) == detections(72, 70) == detections(70, 74.9) == "missed 1"
    assert detections(70, 76) == ""
    assert detections(43, 73) == "extra 1"


def test_of_several_detections_the_nearest_is_meant(detections):
    assert detections(20.4, 20) == detections(20.6, 20) == "matched 0"


@pytest.fixture
def volume(rng):
    """A 3D restoration with something at z 3 and, in the same line of sight, at z 9."""
    truth = rng.random((12, 40, 40)).astype(np.float32)
    cnn = truth + rng.normal(0, 0.01, truth.shape)
    cnn[3, 8:16, 8:16] += 9
    cnn[9, 8:16, 8:16] += 5
    result = compare_images({"cnn": cnn}, truth, axes="zyx", spacing=(2, 1, 1))
    viewer = ViewerModel()
    layer = viewer.add_image(truth, scale=(2, 1, 1))
    entries = worst_places(result, "cnn", scale=8)

    def under(z, y, x):
        row = entry_under(viewer, result, layer, entries, (2 * z, y, x))
        return None if row < 0 else tuple(entries.box[row][:2])

    return viewer, under


def test_in_2d_a_place_is_found_in_its_planes_only(volume):
    viewer, under = volume
    viewer.dims.set_current_step(0, 3)
    first = under(3, 12, 12)
    assert first == (3, 4)
    assert under(9, 12, 12) == (9, 10)
    assert under(3, 500, 12) is None


def test_in_3d_the_place_that_the_line_of_sight_enters_first_is_found(volume):
    viewer, under = volume
    front, back = under(3, 12, 12), under(9, 12, 12)
    viewer.dims.ndisplay = 3
    viewer.scene.camera.set_view_direction(LOOKING_DOWN, (0, -1, 0))
    # napari's cursor lies in the plane of the camera's centre, whatever it points at
    assert under(6, 12, 12) == front
    viewer.scene.camera.set_view_direction(LOOKING_UP, (0, -1, 0))
    assert under(6, 12, 12) == back
    viewer.scene.camera.set_view_direction((0, 1, 0), (1, 0, 0))
    assert under(3, 30, 12) == front
    assert under(3, 30, 300) is None


def test_in_3d_a_detection_is_found_along_the_line_of_sight():
    truth = np.array([[2.0, 20.0, 20.0], [8, 30, 30]])
    result = compare_points(truth[:1], truth, radius=4, axes="zyx")
    viewer = ViewerModel()
    layer = viewer.add_points(truth)
    viewer.dims.ndisplay = 3
    viewer.scene.camera.set_view_direction(LOOKING_DOWN, (0, -1, 0))
    entries = entries_of(result, next(iter(result.comparison.candidates)))
    row = entry_under(viewer, result, layer, entries, (5, 31, 32))
    assert (entries.kinds[entries.kind[row]], entries.id[row]) == ("missed", 1)
    assert entry_under(viewer, result, layer, entries, (5, 25, 32)) == -1


def test_in_2d_a_detection_of_another_plane_or_frame_is_not_found():
    truth = np.array([[0, 2.0, 20.0, 20.0], [1, 8, 20, 20]])
    result = compare_points(truth[:1], truth, radius=9, axes="tzyx")
    viewer = ViewerModel()
    layer = viewer.add_points(truth)
    entries = entries_of(result, next(iter(result.comparison.candidates)))
    found = [
        entry_under(viewer, result, layer, entries, (t, z, 21, 20))
        for t, z in ((1, 8), (1, 2), (0, 8), (0, 2))
    ]
    assert entries.kinds[entries.kind[found[0]]] == "missed"
    assert found[1:3] == [-1, -1]
    assert entries.kinds[entries.kind[found[3]]] == "matched"
