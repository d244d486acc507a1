"""The hunt goes on right: whatever is hidden, held, cropped, painted on or asked for in between."""

from __future__ import annotations

import threading

import dask.array as da
import numpy as np
import pytest
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QApplication, QWidget

from napari_verdict.comparison.entries import EntryKey, Filter
from napari_verdict.viewer.highlight import NAME as OUTLINE
from napari_verdict.viewer.layers import MARK
from napari_verdict.viewer.result_layers import find
from napari_verdict.widgets.docks import dock_of, open_inspect
from napari_verdict.widgets.inspect import InspectWidget
from napari_verdict.widgets.words import rows_of

pytestmark = pytest.mark.gui


@pytest.fixture
def inspect(desk, cells):
    desk.add(cells)
    desk.validate()
    return desk.inspect()


def restored(desk, rng, side=96):
    gt = rng.random((side, side)) * 100
    noise = rng.normal(0, 20, gt.shape)
    for name, image in {"raw": gt + noise, "cnn": gt + noise / 4, "gt": gt}.items():
        desk.viewer.add_image(image.astype(np.float32), name=name)
    desk.validate()
    widget = desk.inspect()
    desk.qtbot.waitUntil(lambda: bool(widget.table.entry_model.rowCount()), timeout=20_000)
    return widget


def listed(widget):
    model = widget.table.entry_model
    return [model.entries.key(model.row_of(i)) for i in range(model.rowCount())]


def seen(viewer):
    return {x.name: x.visible for x in viewer.layers if not x.name.startswith("looking")}


def canvas_of(desk):
    return desk.viewer.window._qt_viewer.canvas.native


# ---- the list


def test_a_letter_that_is_no_shortcut_reads_no_row(desk, inspect, monkeypatch):
    read = []
    data = type(inspect.table.entry_model).data
    desk.qtbot.keyClick(inspect.table, "N")
    desk.qtbot.wait(50)
    monkeypatch.setattr(
        type(inspect.table.entry_model), "data", lambda *a: read.append(a) or data(*a)
    )
    inspect.table.setUpdatesEnabled(False)
    desk.qtbot.keyClick(inspect.table, "X")
    assert not read


def test_keys_from_the_canvas_go_through_what_holds_now_while_the_list_is_hidden(desk, inspect):
    dock_of(inspect).hide()
    with desk.qtbot.waitSignal(desk.dock.presenter.rethresholded):
        desk.dock.results.threshold.slider.setValue(95)
    result = desk.dock.presenter.result
    wrong = result.score("fn", "unet").value + result.score("fp", "unet").value
    gone = set()
    for _ in range(int(wrong) + 1):
        desk.qtbot.keyClick(canvas_of(desk), "N")
        gone.add(inspect.session.selected)
    assert len(gone) == wrong


def test_inspect_errors_lists_all_whatever_was_clicked_before_it_was_open(desk, cells):
    desk.add(cells)
    result = desk.validate()
    table = desk.dock.results.table
    row = [r.metric for r in rows_of(result)].index("recall")
    at = table.visualRect(table.model().index(row, 0)).center()
    desk.qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    desk.click(desk.dock.results.errors)
    widget = open_inspect(desk.viewer)
    wrong = result.score("fn", "unet").value + result.score("fp", "unet").value
    assert len(listed(widget)) == wrong


def test_what_one_misses_stays_listed_when_the_other_is_looked_at(desk, cells):
    gt, _ = cells
    desk.add(cells)
    desk.viewer.add_labels(gt.copy(), name="perfect", axis_labels=("t", "y", "x"))
    desk.validate()
    widget = desk.inspect()
    widget.session.candidate = "unet"
    keys = {EntryKey("unet", "ground truth", (0,), 2), EntryKey("unet", "ground truth", (1,), 3)}
    widget.session.wanted = Filter(only=frozenset(keys))
    assert {k.id for k in listed(widget)} == {2, 3}
    widget.session.candidate = "perfect"
    assert {(k.candidate, k.id) for k in listed(widget)} == {("perfect", 2), ("perfect", 3)}


def test_another_ranking_has_no_place_selected(desk, rng):
    widget = restored(desk, rng)
    desk.qtbot.keyClick(widget, "N")
    assert widget.session.selected is not None
    widget.places.by.setCurrentIndex(widget.places.by.findData("error"))
    widget.places.by.activated.emit(widget.places.by.currentIndex())
    desk.qtbot.waitUntil(lambda: widget.entries is not None, timeout=20_000)
    assert widget.session.selected is None
    assert not any(x.visible for x in widget.hunt.highlight.layers)


def test_places_are_no_larger_than_is_said(desk, rng):
    widget = restored(desk, rng, 64)
    widget.places.scale.setValue(200)
    assert widget.places.scale.value() == 16  # a quarter of the image
    desk.qtbot.waitUntil(lambda: widget.entries is not None, timeout=20_000)
    assert (np.diff(widget.entries.box[:, 2:4]) == 16).all()


def test_nothing_is_said_of_places_of_the_result_before(desk, rng):
    widget = restored(desk, rng)
    box = widget.entries.box[0]
    middle = (box[2] + 4, box[4] + 4)
    hover = desk.dock.presenter._hover
    assert hover.describe(middle)
    dock_of(widget).hide()
    desk.viewer.layers["cnn"].data = desk.viewer.layers["cnn"].data[::-1].copy()
    desk.validate()
    assert hover.describe(middle) == ""


# ---- cropped stacks


def cropped(desk):
    gt = np.zeros((5, 40, 40), np.uint16)
    for t in range(5):
        gt[t, 5 + 3 * t : 15 + 3 * t, 5:15] = 1
    gt[:, 25:35, 25:35] = 2
    pred = gt[2:].copy()
    pred[pred == 2] = 0
    axes = {"axis_labels": ("t", "y", "x")}
    desk.viewer.add_labels(gt, name="gt", **axes)
    desk.viewer.add_labels(pred, name="unet", translate=(2, 0, 0), **axes)
    desk.refused()
    (remedy,) = [r.id for f in desk.dock.panel.findings.findings for r in f.remedies][:1]
    with desk.qtbot.waitSignal(desk.dock.presenter.drawn, timeout=60_000):
        desk.dock.panel.findings.accepted.emit(remedy)
    return desk.inspect()


def test_a_label_is_selected_in_the_frame_that_is_seen_though_the_stack_was_cropped(desk):
    widget = cropped(desk)
    desk.viewer.dims.set_current_step(0, 3)
    desk.viewer.layers["gt"].selected_label = 2
    assert widget.session.selected == EntryKey("unet", "ground truth", (1,), 2)


def test_the_list_says_the_frame_that_the_slider_shows(desk):
    widget = cropped(desk)
    desk.qtbot.keyClick(widget, "N")
    step = desk.viewer.dims.current_step[0]
    assert step >= 2
    assert f"t {step} · 30, 30" in widget.here.text()


# ---- the status bar


def test_the_status_bar_is_naparis_again_once_the_mouse_has_left_the_image(desk, inspect):
    viewer = desk.viewer
    viewer.mouse_over_canvas = True
    viewer.dims.set_current_step(0, 0)
    viewer.cursor.position = (0, 45, 45)
    viewer.status = "what napari says"
    assert "missed" in viewer.status
    viewer.mouse_over_canvas = False
    viewer.status = "Saved"
    assert viewer.status == "Saved"


# ---- held, side by side


@pytest.mark.parametrize("order", ["HWhW", "WHWh"])
def test_a_key_that_is_held_while_panels_come_or_go_leaves_no_trace(desk, inspect, order):
    before = seen(desk.viewer)
    for key in order:
        if key == "H":
            desk.qtbot.keyPress(inspect, "H")
        elif key == "h":
            desk.qtbot.keyRelease(inspect, "H")
        else:
            desk.qtbot.keyClick(inspect, "W")
    assert seen(desk.viewer) == before
    assert not desk.viewer.canvas.grid.enabled


def test_flipping_without_ground_truth_gives_all_layers_back(desk, rng):
    for name in ("raw", "cnn", "other"):
        desk.viewer.add_image(rng.random((32, 32)).astype(np.float32), name=name)
    page = desk.dock.inspection
    page.show_roles(desk.dock.panel.choices.roles)
    before = seen(desk.viewer)
    desk.click(page.flip)
    desk.click(page.flip)
    assert list(seen(desk.viewer).values()).count(True) == 1
    page.hide()
    assert seen(desk.viewer) == before


# ---- what is drawn


def test_all_maps_that_are_ticked_come_with_the_one_that_is_clicked(desk, rng):
    restored(desk, rng)
    presenter = desk.dock.presenter
    ticked = {n for n in ("ssim", "rse") if presenter.is_shown(n)}
    assert ticked == {"ssim", "rse"}
    with desk.qtbot.waitSignal(presenter.drawn, timeout=20_000):
        presenter.look_at("raw")
        presenter.show("difference")
    assert {n for n in ("ssim", "rse", "difference") if presenter.is_shown(n)} == {
        "ssim", "rse", "difference"
    }  # fmt: skip


# ---- detections and places under the mouse


def detected(desk, **how):
    axes = {"axis_labels": ("y", "x")}
    desk.viewer.add_image(np.zeros((100, 100), np.float32), name="raw", **axes)
    desk.viewer.add_points(np.array([[20.0, 20], [70, 70]]), name="gt", size=10, **axes)
    found = np.array([[21.0, 20], [40, 70]]) / how.get("scale", (1, 1))
    desk.viewer.add_points(found, name="spots", size=10, **axes, **how)
    desk.dock.panel.settings.radius.setValue(5)
    desk.validate()
    return desk.inspect()


def test_a_detection_is_found_under_the_mouse_within_the_radius(desk):
    widget = detected(desk)
    hover = desk.dock.presenter._hover
    for near in ((70, 70), (72, 70), (70, 73), (66, 68)):
        assert "missed: ground truth 1" in hover.describe(near), near
    assert hover.describe((64, 66)) == ""
    assert "matched" in hover.describe((20.4, 20))
    widget.hunt.pick_at(Click((72, 71)))
    assert widget.session.selected == EntryKey("spots", "ground truth", (), 1)


def test_detections_of_another_scale_are_listed_and_flown_to_where_they_lie(desk):
    widget = detected(desk, scale=(0.5, 0.5))
    (row,) = np.flatnonzero(np.array(widget.entries.kinds)[widget.entries.kind] == "extra")
    assert widget.table.entry_model.describe(int(row)).endswith("40, 70")
    widget.table.choose(widget.table.entry_model.position_of(int(row)))
    assert desk.viewer.scene.camera.center[-2:] == pytest.approx((40, 70))
    layer = find(desk.viewer, "spots", "detections")
    assert layer.data[-1] == pytest.approx((40, 70))


class Click:
    """What napari says of a click, seen along z in 3D."""

    def __init__(self, position):
        self.position = position
        self.view_direction = np.array([1.0, 0, 0]) if len(position) == 3 else None


def test_a_place_is_found_along_the_line_of_sight_in_3d(desk, rng):
    gt = rng.random((12, 48, 48)).astype(np.float32) * 100
    shown = gt + rng.normal(0, 2, gt.shape).astype(np.float32)
    shown[3, 20:36, 20:36] += 200
    axes = {"axis_labels": ("z", "y", "x")}
    desk.viewer.add_image(shown, name="cnn", **axes)
    desk.viewer.add_image(gt, name="gt", **axes)
    desk.validate()
    widget = desk.inspect()
    desk.qtbot.waitUntil(lambda: bool(widget.table.entry_model.rowCount()), timeout=20_000)
    desk.viewer.dims.ndisplay = 3
    desk.viewer.scene.camera.angles = (0, 0, 90)
    widget.hunt.pick_at(Click((9.0, 28.0, 28.0)))
    selected = widget.session.selected
    assert selected is not None
    low, high = widget.entries.box[widget.entries.find(selected)][2:4]
    assert low <= 28 < high


# ---- the state before


def whole_state(viewer):
    """All of the viewer that flip, panels and a jump may touch, but what outlines the entry."""
    layers = [x for x in viewer.layers if not x.name.startswith("looking")]
    selection, dims, grid = viewer.layers.selection, viewer.dims, viewer.canvas.grid
    camera = viewer.scene.camera
    return {
        "order": [x.name for x in layers],
        "shown": [(x.visible, x.opacity, x.name_overlay.visible, x.mode) for x in layers],
        "selected": sorted(x.name for x in selection),
        "active": selection.active and selection.active.name,
        "dims": (dims.point, dims.order, dims.ndisplay, tuple(dims.range)),
        "grid": (grid.enabled, grid.stride, grid.shape, grid.spacing),
        "background": viewer.canvas.background_color_override,
        "camera": (camera.center, camera.zoom, camera.angles, camera.perspective),
    }


@pytest.fixture(params=[2, 3])
def volume(request, desk):
    """A stack of objects with a scale, seen from somewhere in 2D or 3D."""
    gt = np.zeros((6, 60, 60), np.uint16)
    gt[1:4, 5:20, 5:20], gt[2:5, 30:50, 30:50] = 1, 2
    pred = np.where(gt == 2, 2, 0).astype(np.uint16)
    pred[0:2, 50:58, 2:10] = 7
    how = {"axis_labels": ("z", "y", "x"), "scale": (2, 1, 1), "units": ("um",) * 3}
    desk.viewer.add_image((gt > 0).astype(np.float32), name="raw", **how)
    desk.viewer.add_labels(pred, name="unet", **how)
    desk.viewer.add_labels(gt, name="gt", **how)
    desk.validate()
    widget = desk.inspect()
    viewer = desk.viewer
    viewer.dims.ndisplay = request.param
    viewer.dims.set_point(0, 6.0)
    viewer.scene.camera.zoom, viewer.scene.camera.center = 3.3, (5, 22, 31)
    viewer.scene.camera.angles = (10, 20, 30) if request.param == 3 else (0, 0, 90)
    viewer.canvas.grid.stride, viewer.canvas.grid.shape = -1, (2, 5)
    return widget


@pytest.mark.parametrize("selected", [("gt",), ("gt", "raw"), ()])
def test_flip_panels_and_jump_bring_back_all_there_was(desk, volume, selected):
    viewer, layers = desk.viewer, desk.viewer.layers
    layers.selection = {layers[name] for name in selected}
    before = whole_state(viewer)
    for keys in ("NNU", "WW", "WNUW"):
        for key in keys:
            desk.qtbot.keyClick(volume, key)
            desk.qtbot.wait(20)
        assert whole_state(viewer) == before, keys
    for key in "HGJ":
        desk.qtbot.keyPress(volume, key)
        assert whole_state(viewer) != before
        desk.qtbot.keyRelease(volume, key)
        assert whole_state(viewer) == before, key


# ---- labels that are not in memory


@pytest.fixture
def lazy(desk, cells):
    """Labels that note in which thread each of their planes is computed."""
    computed = []

    def noted(block):
        computed.append(threading.current_thread())
        return block

    for name, labels in zip(("gt", "unet"), cells, strict=True):
        data = da.from_array(labels, chunks=(1, 40, 40)).map_blocks(noted, dtype=labels.dtype)
        desk.viewer.add_labels(data, name=name, axis_labels=("t", "y", "x"))
    desk.validate()
    desk.viewer.dims.set_current_step(0, 0)
    return computed


def test_the_mouse_over_lazy_labels_says_kind_iou_and_partner_read_in_a_worker(desk, lazy):
    desk.qtbot.wait(300)
    lazy.clear()
    viewer = desk.viewer
    viewer.cursor.position = (0, 8, 8)
    desk.qtbot.waitUntil(lambda: "predicted object 7" in viewer.status, timeout=20_000)
    assert "ground-truth object 1: matched with predicted object 7, IoU 0.90" in viewer.status
    viewer.cursor.position = (0, 45, 45)
    desk.qtbot.waitUntil(lambda: "object 2: missed" in viewer.status, timeout=20_000)
    assert lazy
    assert threading.main_thread() not in lazy


def test_a_click_on_lazy_labels_selects_the_object(desk, lazy):
    widget = desk.inspect()
    desk.qtbot.wait(300)
    lazy.clear()
    widget.hunt.pick_at(Click((0, 45, 45)))
    wanted = EntryKey("unet", "ground truth", (0,), 2)
    desk.qtbot.waitUntil(lambda: widget.session.selected == wanted, timeout=20_000)
    assert threading.main_thread() not in lazy


def test_a_key_that_is_held_in_the_image_ends_when_the_window_loses_the_focus(desk, inspect):
    before = seen(desk.viewer)
    desk.qtbot.keyPress(canvas_of(desk), "H")
    assert seen(desk.viewer) != before
    for widget in (desk.viewer.window._qt_window, canvas_of(desk), inspect):
        QApplication.sendEvent(widget, QEvent(QEvent.Type.WindowDeactivate))
    assert seen(desk.viewer) == before
    desk.qtbot.keyRelease(canvas_of(desk), "H")
    assert seen(desk.viewer) == before
    desk.qtbot.keyPress(canvas_of(desk), "H")
    assert seen(desk.viewer) != before
    desk.qtbot.keyRelease(canvas_of(desk), "H")
    assert seen(desk.viewer) == before


def test_a_key_that_is_held_in_the_image_ends_where_our_docks_are_windows_of_their_own(
    desk, inspect
):
    for widget in (desk.dock, inspect):
        dock_of(widget).setFloating(True)
    window, other = desk.viewer.window._qt_window, QWidget()
    desk.qtbot.addWidget(other)
    other.show()
    window.activateWindow()
    desk.qtbot.waitUntil(window.isActiveWindow)
    before = seen(desk.viewer)
    desk.qtbot.keyPress(canvas_of(desk), "H")
    assert seen(desk.viewer) != before
    other.activateWindow()
    desk.qtbot.waitUntil(other.isActiveWindow)
    assert seen(desk.viewer) == before


def outlined(viewer):
    return [
        x for x in viewer.layers if x.metadata.get(MARK, {}).get("name") == OUTLINE and x.visible
    ]


@pytest.mark.parametrize("newer", [True, False])
def test_of_two_inspect_docks_the_one_that_goes_leaves_the_other_whole(desk, inspect, newer):
    second = InspectWidget(desk.viewer)
    desk.viewer.window.add_dock_widget(second, name="Inspect, once more", area="right")
    goes, stays = (second, inspect) if newer else (inspect, second)
    desk.qtbot.keyClick(stays, "N")
    assert len(outlined(desk.viewer)) == 1
    desk.viewer.window.remove_dock_widget(goes)
    assert len(outlined(desk.viewer)) == 1
    assert stays.session.mended is stays.judge.mending.mended
    assert stays.session.judged is not None
    desk.qtbot.keyClick(stays, "W")
    assert len(outlined(desk.viewer)) == len(desk.viewer.layers) // 2 > 1
    desk.qtbot.keyClick(stays, "W")
    assert desk.inspect() is stays
