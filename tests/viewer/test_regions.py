"""Layers and the view become regions in pixels of the ground truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.model import Settings, Task
from napari_verdict.comparison.run import complete, run
from napari_verdict.engine.sources import Source
from napari_verdict.viewer.layers import Roles
from napari_verdict.viewer.regions import VIEW, Placed, limited, own_limits
from napari_verdict.viewer.snapshot import comparison_of

BOX = np.array([(3, 5), (3, 19), (8, 19), (8, 5)], float)


def model(shape=(20, 30), **geometry):
    viewer = ViewerModel()
    geometry["axis_labels"] = ("z", "y", "x")[-len(shape) :]
    truth = viewer.add_labels(np.ones(shape, np.uint8), name="gt", **geometry)
    viewer.add_labels(np.ones(shape, np.uint8), name="unet", **geometry)
    return viewer, truth


def freeze(viewer, truth, region=None, ignore=None):
    roles = Roles(truth, None, (viewer.layers["unet"],))
    comparison = comparison_of(roles, Task.INSTANCES, Settings())
    return own_limits(limited(comparison, viewer, truth, region, ignore))


def masks(comparison):
    source = comparison.ground_truth.source
    depth, height, _ = source.shape
    every = slice(0, depth), slice(0, height)
    return {r.name: r.read(source, source.frames[0], *every) for r in comparison.regions}


def test_each_shape_with_an_area_is_a_region():
    viewer, truth = model()
    shapes = viewer.add_shapes([BOX, BOX + 8], shape_type=["rectangle", "ellipse"], name="wells")
    shapes.add_lines([[1, 1], [4, 4]])
    found = masks(freeze(viewer, truth, shapes))
    assert list(found) == ["wells 1", "wells 2"]
    assert np.argwhere(found["wells 1"][0]).tolist() == [
        [y, x] for y in range(3, 8) for x in range(5, 19)
    ]
    y, x = np.indices((20, 30))
    ellipse = ((y - 13.5) / 2.5) ** 2 + ((x - 20) / 7) ** 2 < 1
    assert np.array_equal(found["wells 2"][0], ellipse)


def test_shapes_hold_on_every_plane():
    viewer, truth = model((4, 20, 30))
    shapes = viewer.add_shapes([np.insert(BOX, 0, 2, axis=1)], shape_type="rectangle")
    assert masks(freeze(viewer, truth, shapes))["Shapes"].sum(axis=(1, 2)).tolist() == [70] * 4


@pytest.mark.parametrize("unit", ["µm", "nm"])
def test_scale_translation_and_units_may_differ(unit):
    viewer, truth = model(scale=(0.5, 0.25), translate=(1, 2), units=("µm", "µm"))
    per = {"µm": 1, "nm": 1000}[unit]
    world = (BOX * (0.5, 0.25) + (1, 2)) * per
    shapes = viewer.add_shapes(
        [(world - 3) / 2], shape_type="rectangle", scale=(2, 2), translate=(3, 3), units=(unit,) * 2
    )
    (region,) = freeze(viewer, truth, shapes).regions
    assert np.allclose(region.polygons[0], BOX)


def test_each_id_of_labels_is_a_region_and_is_copied():
    viewer, truth = model()
    drawn = np.zeros((20, 30), np.uint8)
    drawn[:5], drawn[10:] = 2, 9
    wells = viewer.add_labels(drawn, name="wells")
    comparison = freeze(viewer, truth, wells)
    drawn[:] = 0
    assert {n: int(m.sum()) for n, m in masks(comparison).items()} == {
        "wells 2": 150,
        "wells 9": 300,
    }


def test_coarser_labels_are_brought_to_the_ground_truth():
    viewer, truth = model((3, 8, 12), scale=(1, 0.5, 0.5))
    coarse = np.zeros((2, 6), np.uint8)  # of the upper half, and in the plane
    coarse[:, 3:] = 1
    half = viewer.add_labels(coarse, name="half", scale=(1, 1), translate=(0.25, 0.25))
    expected = np.zeros((8, 12), bool)
    expected[:4, 6:] = True
    comparison = freeze(viewer, truth, half, half)
    assert (masks(comparison)["half"] == expected).all()
    assert (Source(comparison.ignore, "zyx").read((), slice(0, 3), slice(0, 8)) == expected).all()


def test_placed_labels_are_read_as_any_array():
    data = np.arange(30).reshape(5, 6)
    placed = Placed(data, (np.array([-1, 0, 0, 2]), np.array([1, 3, -1])))
    whole = placed[...]
    assert whole.tolist() == [[0, 0, 0], [1, 3, 0], [1, 3, 0], [13, 15, 0]]
    assert placed[1].tolist() == whole[1].tolist()
    assert placed[1:3, 0].tolist() == whole[1:3, 0].tolist()
    assert placed[:, 1:2].tolist() == whole[:, 1:2].tolist()


def test_the_view_is_what_the_canvas_shows():
    viewer, truth = model((3, 20, 30), scale=(1, 0.5, 0.5))
    viewer.scene.camera.center, viewer.scene.camera.zoom = (0, 4, 6), 100
    height, width = viewer.canvas.viewbox_size(viewer.layers)
    (region,) = freeze(viewer, truth, VIEW).regions
    low, high = region.polygons[0].min(axis=0), region.polygons[0].max(axis=0)
    assert np.allclose((low + high) / 2, (8, 12))
    assert np.allclose(high - low, np.array([height, width]) / 100 / 0.5)


@pytest.mark.parametrize(
    ("what", "way_out"),
    [("line", "Draw a rectangle"), ("3D", "Switch to 2D"), ("empty", "Paint a region"),
     ("cells", "look like objects"), ("sideways", "Draw it while")],
)  # fmt: skip
def test_what_cannot_be_a_region_is_refused_with_a_way_out(what, way_out):
    viewer, truth = model((4, 20, 30))
    if what == "line":
        region = viewer.add_shapes([BOX[:2]], shape_type="line")
    elif what == "sideways":
        region = viewer.add_shapes([np.insert(BOX, 1, 2, axis=1)], shape_type="rectangle")
    elif what == "3D":
        viewer.dims.ndisplay, region = 3, VIEW
    else:
        ids = np.arange(2400).reshape(4, 20, 30) * (what == "cells")
        region = viewer.add_labels(ids, name="cells")
    with pytest.raises(ComparisonError, match=way_out):
        freeze(viewer, truth, region)


@pytest.mark.parametrize("unit", ["µm", "nm"])
def test_labels_beside_points_keep_their_own_pixels(unit):
    viewer = ViewerModel()
    places = np.array([(0, 2.0, 3.0), (0, 2.0, 9.0), (4, 8.0, 3.0)])
    how = {"axis_labels": ("z", "y", "x"), "units": ("µm",) * 3, "scale": (2, 1, 1)}
    truth = viewer.add_points(places, name="gt", **how)
    viewer.add_points(places, name="unet", **how)
    per = {"µm": 1, "nm": 1000}[unit]
    fine = np.zeros((100, 100), np.uint8)  # 0.1 µm a pixel, from 1 µm
    fine[:, :50] = 1
    mask = viewer.add_labels(
        fine, name="left", scale=(0.1 * per,) * 2, translate=(1 * per,) * 2, units=(unit,) * 2
    )
    comparison = freeze_points(viewer, truth, mask, mask)
    fine[:] = 0  # what is painted later does not reach it
    result = complete(run(comparison))
    assert result.score("n_gt", "unet", region="left").value == 0  # all that it holds is ignored
    assert result.score("n_gt", "unet").value == 1
    result = complete(run(replace(comparison, ignore=None)))
    assert result.score("n_gt", "unet", region="left").value == 2


def test_shapes_and_the_view_limit_points_too():
    viewer = ViewerModel()
    places = np.array([(2.0, 3.0), (2.0, 9.0), (15, 3.0)])
    truth = viewer.add_points(places, name="gt", scale=(0.5, 0.5))
    viewer.add_points(places, name="unet", scale=(0.5, 0.5))
    shapes = viewer.add_shapes([BOX / 2], shape_type="rectangle", name="box")
    viewer.scene.camera.center, viewer.scene.camera.zoom = (0, 1, 4.5), 200
    found = {
        name: complete(run(freeze_points(viewer, truth, region, None)))
        for name, region in (("box", shapes), (VIEW, VIEW))
    }
    assert found["box"].score("n_gt", "unet", region="box").value == 0
    assert found[VIEW].score("n_gt", "unet", region=VIEW).value == 1


def freeze_points(viewer, truth, region, ignore):
    roles = Roles(truth, None, (viewer.layers["unet"],))
    comparison = comparison_of(roles, Task.DETECTIONS, Settings(radius=1.0))
    return own_limits(limited(comparison, viewer, truth, region, ignore))
