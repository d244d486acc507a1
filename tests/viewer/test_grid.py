"""Side by side gives each layer a panel, and leaves no trace."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_verdict.viewer.grid import Desk, SideBySide, panels, reorder
from napari_verdict.viewer.layers import MARK, Roles


@pytest.fixture
def viewer():
    viewer = ViewerModel()
    viewer.canvas.size = (400, 600)
    for name in "abcde":
        viewer.add_image(np.zeros((3, 40, 40)), name=name, visible=name in "ad")
    viewer.layers["b"].name_overlay.visible = True
    viewer.layers.selection = {viewer.layers["b"], viewer.layers["c"]}
    viewer.canvas.grid.stride, viewer.canvas.grid.shape = 2, (1, -1)
    viewer.dims.set_current_step(0, 1)
    viewer.scene.camera.center, viewer.scene.camera.zoom = (1, 12, 13), 2.5
    return viewer


def named(viewer, names):
    return [viewer.layers[n] for n in names]


def test_panels_in_the_order_asked_for_and_all_is_restored(viewer):
    before = Desk.of(viewer)
    side = SideBySide(viewer)
    side.show(named(viewer, "ecb"))
    grid = viewer.canvas.grid
    at = {x.name: grid.position(i, viewer.layers) for i, x in enumerate(viewer.layers) if x.visible}
    assert at == {"e": (0, 0), "c": (0, 1), "b": (1, 0)}
    assert all(x.name_overlay.visible == x.visible for x in viewer.layers)
    assert side.is_on
    viewer.scene.camera.center = (0, 1, 2)
    viewer.dims.set_current_step(0, 2)
    side.leave()
    assert Desk.of(viewer) == before


def test_panels_show_as_much_of_the_image_as_the_canvas_did(viewer):
    side = SideBySide(viewer)
    side.show(named(viewer, "abcd"))
    assert viewer.scene.camera.zoom == pytest.approx(2.5 / 2)
    assert viewer.scene.camera.center[-2:] == (12, 13)


def test_napari_s_own_button_ends_it_as_well(viewer):
    before = Desk.of(viewer)
    side = SideBySide(viewer)
    side.show(named(viewer, "ab"))
    viewer.canvas.grid.enabled = False
    assert Desk.of(viewer) == before
    assert not side.is_on


def test_layers_that_came_or_went_meanwhile_do_no_harm(viewer):
    side = SideBySide(viewer)
    side.show(named(viewer, "abc"))
    viewer.layers.remove("a")
    viewer.layers.remove("b")
    viewer.add_image(np.zeros((3, 40, 40)), name="new")
    side.leave()
    assert [x.name for x in viewer.layers] == ["c", "d", "e", "new"]
    assert viewer.layers["d"].visible
    assert viewer.layers["new"].visible
    assert not viewer.canvas.grid.enabled


def test_asking_for_what_is_gone_changes_nothing(viewer):
    layer = viewer.layers["a"]
    viewer.layers.remove(layer)
    before = Desk.of(viewer)
    SideBySide(viewer).show([layer])
    assert Desk.of(viewer) == before


def test_sources_come_before_the_results_that_are_seen(viewer):
    raw, gt, cnn, ssim, rse = named(viewer, "abcde")
    for layer in (ssim, rse):
        layer.metadata = {MARK: {"candidate": "cnn", "name": layer.name}}
    assert panels(viewer, Roles(gt, raw, (cnn,))) == [raw, cnn, gt, ssim]
    viewer.layers.remove(raw)
    assert panels(viewer, Roles(gt, raw, (cnn,))) == [cnn, gt, ssim]


def test_reordering_keeps_other_layers_where_they_are(viewer):
    reorder(viewer.layers, named(viewer, "eca"))
    assert [x.name for x in viewer.layers] == ["e", "b", "c", "d", "a"]


@pytest.mark.parametrize("released", ["before leaving", "after leaving"])
def test_a_key_that_is_held_meanwhile_leaves_no_trace(viewer, released):
    before = Desk.of(viewer)
    side = SideBySide(viewer)
    side.hold.press(named(viewer, "b"))
    side.show(named(viewer, "ab"))
    side.hold.press(named(viewer, "c"))
    if released == "before leaving":
        side.hold.release()
        assert [x.name for x in viewer.layers if x.visible] == ["a", "b"]
    side.leave()
    side.hold.release()
    assert Desk.of(viewer) == before


def test_panels_are_dark_in_the_light_theme_too_unless_a_person_chose_a_colour(viewer):
    viewer.theme = "light"
    grid = SideBySide(viewer)
    grid.show(list(viewer.layers))
    assert viewer.canvas.background_color_override.tolist() == [0, 0, 0, 1]
    grid.leave()
    assert viewer.canvas.background_color_override is None
    viewer.canvas.background_color_override = chosen = [0.5, 0.25, 0.5, 1]
    grid.show(list(viewer.layers))
    assert viewer.canvas.background_color_override.tolist() == chosen
    grid.leave()
    assert viewer.canvas.background_color_override.tolist() == chosen
